"""Linear algebra."""

from mygrad.linalg.einsum import *
from mygrad.linalg.norms import *
from mygrad.linalg.products import *

__all__ = [name for name, value in globals().items() if callable(value) and name[0] != "_"]
