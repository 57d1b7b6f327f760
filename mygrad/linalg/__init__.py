"""Linear algebra."""

from mygrad.linalg.determinants import *
from mygrad.linalg.eigenvalues import *
from mygrad.linalg.einsum import *
from mygrad.linalg.factorizations import *
from mygrad.linalg.norms import *
from mygrad.linalg.products import *
from mygrad.linalg.solving import *
from mygrad.linalg.vectors import *

# isort: split
from mygrad.linalg.standard import *  # of the same names, for matrices in the last two axes

__all__ = [
    name
    for name, value in globals().items()
    if callable(value) and name[0] != "_" and not isinstance(value, type)
]
