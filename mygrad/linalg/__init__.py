"""Linear algebra."""

from mygrad.linalg.einsum import *
from mygrad.linalg.norms import *
from mygrad.linalg.products import *
