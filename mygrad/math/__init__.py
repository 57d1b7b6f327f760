"""Mathematical functions."""

from mygrad.math.arithmetic import *
from mygrad.math.exp_log import *
from mygrad.math.float_parts import *
from mygrad.math.hyperbolic_trig import *
from mygrad.math.rounding import *
from mygrad.math.sequential import *
from mygrad.math.trigonometric import *

# isort: split
# What is made of the operations above, and of those of other rooms, which import them.
from mygrad.math.convolution import *
from mygrad.math.covariance import *
from mygrad.math.differences import *
from mygrad.math.interpolation import *
from mygrad.math.polynomials import *
from mygrad.math.roots import *
from mygrad.math.windows import *
