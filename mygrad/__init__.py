"""Automatic differentiation for any array library, with NumPy's names.

>>> import mygrad as mg
>>> x = mg.tensor([1.0, 2.0, 3.0])
>>> mg.sum(x * x).backward()
>>> x.grad
array([2., 4., 6.])
"""

import sys as _sys
from importlib import import_module as _import_module
from importlib.metadata import PackageNotFoundError as _PackageNotFoundError
from importlib.metadata import version as _version

from numpy import (
    all,
    allclose,
    any,
    argmax,
    argmin,
    argpartition,
    argsort,
    bool_,
    can_cast,
    copyto,
    count_nonzero,
    digitize,
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
    isin,
    isinf,
    isnan,
    isnat,
    less,
    less_equal,
    lexsort,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    longdouble,
    may_share_memory,
    min_scalar_type,
    nan,
    nanargmax,
    nanargmin,
    newaxis,
    nonzero,
    not_equal,
    pi,
    result_type,
    searchsorted,
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
from mygrad.arrays import Adapter, adapter_of, get_adapter, register_backend, selected_adapter
from mygrad.arrays.availability import Availability, available_backends
from mygrad.tensors.base import Tensor, astensor, tensor
from mygrad.tensors.leaving import asarray

# isort: split
from mygrad import fft, linalg, random, typing
from mygrad import implicit as implicit
from mygrad import nnet as nnet
from mygrad import operation_base as _operation_base
from mygrad import optim as optim
from mygrad import transforms as transforms
from mygrad.compat import install as _install_old_paths
from mygrad.compile import compile as compile
from mygrad.computational_graph.chain_rule import explain
from mygrad.interop import install as _install_protocols
from mygrad.interop.drop_in import drop_in
from mygrad.interop.support import supports
from mygrad.io import load, save
from mygrad.linalg.einsum import *
from mygrad.linalg.fitting import *
from mygrad.linalg.products import *
from mygrad.linalg.vectors import *
from mygrad.math import *
from mygrad.math.ufunc import Ufunc as ufunc
from mygrad.nnet.layers import sliding_window_view
from mygrad.operation_base import execute_op
from mygrad.statistics import *
from mygrad.tensor_creation import *
from mygrad.tensor_manip import *
from mygrad.tensor_manip import methods as _methods
from mygrad.tensors import documentation as _documentation
from mygrad.tensors import names_elsewhere as _names_elsewhere
from mygrad.tensors import operators as _operators
from mygrad.tensors.read_only import why_read_only
from mygrad.tensors.switches import *
from mygrad.tensors.switches import select_from_environment as _select_from_environment
from mygrad.transforms import *

# The operations are declared now.
for _room in (_operators, _methods, _operation_base, _documentation):
    _room.install(Tensor)
_install_protocols(Tensor, _sys.modules[__name__])
_names_elsewhere.install(Tensor)
_install_old_paths(_sys.modules[__name__])
_select_from_environment()

try:
    __version__ = _version("mygrad")
except _PackageNotFoundError:  # a checkout that is not installed
    __version__ = "3.0.0.dev0"


def __dir__() -> list[str]:
    """What users call; import paths of older versions work, too, but are not shown."""
    rooms = (errors, fft, implicit, linalg, nnet, optim, random, transforms, typing)
    module = type(_sys)
    return [
        name
        for name, value in globals().items()
        if not name.startswith("_") and (type(value) is not module or value in rooms)
    ] + ["__doc__", "__name__", "__version__", "special"]


def __getattr__(name: str) -> object:
    """Say what a name of another library is called here; import rooms that most do not need."""
    if name == "special":
        return _import_module("mygrad.special")
    raise AttributeError(_names_elsewhere.advice(name, __dir__()))
