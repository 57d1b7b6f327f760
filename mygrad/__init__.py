"""Automatic differentiation for any array library, with NumPy's names.

>>> import mygrad as mg
>>> x = mg.tensor([1.0, 2.0, 3.0])
>>> mg.sum(x * x).backward()
>>> x.grad
array([2., 4., 6.])
"""

import sys as _sys
from importlib.metadata import PackageNotFoundError as _PackageNotFoundError
from importlib.metadata import version as _version

from numpy import (
    all,
    allclose,
    any,
    argmax,
    argmin,
    argsort,
    bincount,
    bool_,
    can_cast,
    copyto,
    count_nonzero,
    double,
    e,
    equal,
    euler_gamma,
    float16,
    float32,
    float64,
    greater,
    greater_equal,
    half,
    inf,
    int8,
    int16,
    int32,
    int64,
    intp,
    isclose,
    isfinite,
    isinf,
    isnan,
    isnat,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    longdouble,
    may_share_memory,
    min_scalar_type,
    nan,
    newaxis,
    nonzero,
    not_equal,
    pi,
    result_type,
    shape,
    shares_memory,
    signbit,
    single,
    uint8,
    uint16,
    uint32,
    uint64,
    uintp,
)

from mygrad import errors
from mygrad.backends import *
from mygrad.backends import select_from_environment as _select_from_environment
from mygrad.detach import on_detach
from mygrad.tensor_base import Tensor, asarray, astensor, tensor

# isort: split
from mygrad import linalg, random, typing
from mygrad import nnet as nnet
from mygrad import operators as _operators
from mygrad.elementwise import Ufunc as ufunc
from mygrad.interop import numpy_protocol as _numpy_protocol
from mygrad.interop.mygrad2_paths import install as _install_mygrad2_paths
from mygrad.io import load, save
from mygrad.linalg.einsum import *
from mygrad.linalg.products import *
from mygrad.math import *
from mygrad.nnet.layers import sliding_window_view
from mygrad.operation_base import execute_op
from mygrad.tensor_creation import *
from mygrad.tensor_manip import *
from mygrad.tensor_manip import methods as _methods
from mygrad.tracking import *

for _room in (_operators, _methods, _numpy_protocol):  # the operations are declared now
    _room.install(Tensor)
_install_mygrad2_paths(_sys.modules[__name__])
_select_from_environment()

try:
    __version__ = _version("mygrad")
except _PackageNotFoundError:  # a checkout that is not installed
    __version__ = "3.0.0.dev0"
