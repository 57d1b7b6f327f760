"""Changing shapes, joining, repeating, choosing, copying, moving."""

from mygrad.tensor_manip.array_shape import *
from mygrad.tensor_manip.cases import *
from mygrad.tensor_manip.complex_parts import *
from mygrad.tensor_manip.copying import *
from mygrad.tensor_manip.diagonals import *
from mygrad.tensor_manip.editing import *
from mygrad.tensor_manip.looping import *
from mygrad.tensor_manip.padding import *
from mygrad.tensor_manip.selecting import *
from mygrad.tensor_manip.sets import *
from mygrad.tensor_manip.sorting import *
from mygrad.tensor_manip.tensor_joining import *
from mygrad.tensor_manip.tiling import *
from mygrad.tensor_manip.transpose_like import *
