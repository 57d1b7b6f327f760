"""Making tensors."""

from mygrad.tensor_creation.filled import *
from mygrad.tensor_creation.ranges import *
