"""Linear algebra."""

from mygrad.linalg.einsum import *
from mygrad.linalg.products import *
