"""Mathematical functions."""

from mygrad.math.arithmetic import *
from mygrad.math.exp_log import *
from mygrad.math.float_parts import *
from mygrad.math.hyperbolic_trig import *
from mygrad.math.rounding import *
from mygrad.math.sequential import *
from mygrad.math.trigonometric import *
