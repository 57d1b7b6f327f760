"""Special functions: those of ``scipy.special``, with derivatives.

They have the names, the operands and the values of SciPy's functions, and ``scipy.special.f(t)`` on
a tensor is the function `f` here. SciPy (``mygrad[scipy]``) is needed to call them, not to import
them. What `scipy.special` has and this room has not takes constants alone.
"""

from mygrad.special.bessel import *
from mygrad.special.differential_equations import *
from mygrad.special.distributions import *
from mygrad.special.elementary import *
from mygrad.special.error_functions import *
from mygrad.special.gamma_functions import *
from mygrad.special.hypergeometric import *
from mygrad.special.integrals import *
from mygrad.special.sums import *

__all__ = [name for name, value in globals().items() if callable(value) and name[0] != "_"]
