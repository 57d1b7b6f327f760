"""mygrad, to type checkers. Written by ci/write_stubs.py from the declarations."""

from collections.abc import Sequence
from mygrad import errors as errors
from mygrad import fft as fft
from mygrad import implicit as implicit
from mygrad import linalg as linalg
from mygrad import nnet as nnet
from mygrad import optim as optim
from mygrad import random as random
from mygrad import special as special
from mygrad import transforms as transforms
from mygrad import typing as typing
from mygrad.arrays.availability import Availability as Availability
from mygrad.arrays.availability import available_backends as available_backends
from mygrad.arrays.protocol import Adapter as Adapter
from mygrad.arrays.registry import adapter_of as adapter_of
from mygrad.arrays.registry import get_adapter as get_adapter
from mygrad.arrays.registry import register_backend as register_backend
from mygrad.arrays.selection import selected_adapter as selected_adapter
from mygrad.compile import compile as compile
from mygrad.computational_graph.chain_rule import explain as explain
from mygrad.interop.drop_in import drop_in as drop_in
from mygrad.interop.support import supports as supports
from mygrad.io.saving import load as load
from mygrad.io.saving import save as save
from mygrad.linalg.einsum import einsum as einsum
from mygrad.linalg.fitting import polyfit as polyfit
from mygrad.linalg.products import dot as dot
from mygrad.linalg.products import inner as inner
from mygrad.linalg.products import multi_matmul as multi_matmul
from mygrad.linalg.products import outer as outer
from mygrad.linalg.products import tensordot as tensordot
from mygrad.linalg.products import vdot as vdot
from mygrad.linalg.vectors import cross as cross
from mygrad.linalg.vectors import diagonal as diagonal
from mygrad.linalg.vectors import kron as kron
from mygrad.linalg.vectors import matvec as matvec
from mygrad.linalg.vectors import multi_dot as multi_dot
from mygrad.linalg.vectors import trace as trace
from mygrad.linalg.vectors import vecdot as vecdot
from mygrad.linalg.vectors import vecmat as vecmat
from mygrad.math.covariance import corrcoef as corrcoef
from mygrad.math.covariance import cov as cov
from mygrad.math.differences import diff as diff
from mygrad.math.differences import ediff1d as ediff1d
from mygrad.math.differences import gradient as gradient
from mygrad.math.differences import trapezoid as trapezoid
from mygrad.math.differences import trapz as trapz
from mygrad.math.differences import unwrap as unwrap
from mygrad.math.float_parts import frexp as frexp
from mygrad.math.float_parts import modf as modf
from mygrad.math.interpolation import interp as interp
from mygrad.math.polynomials import polyadd as polyadd
from mygrad.math.polynomials import polyder as polyder
from mygrad.math.polynomials import polydiv as polydiv
from mygrad.math.polynomials import polyint as polyint
from mygrad.math.polynomials import polymul as polymul
from mygrad.math.polynomials import polysub as polysub
from mygrad.math.polynomials import polyval as polyval
from mygrad.math.polynomials import vander as vander
from mygrad.math.roots import poly as poly
from mygrad.math.roots import roots as roots
from mygrad.math.rounding import clip as clip
from mygrad.math.rounding import divmod as divmod
from mygrad.math.sequential import add_sequence as add_sequence
from mygrad.math.sequential import multiply_sequence as multiply_sequence
from mygrad.math.ufunc import Ufunc as ufunc
from mygrad.math.windows import bartlett as bartlett
from mygrad.math.windows import blackman as blackman
from mygrad.math.windows import hamming as hamming
from mygrad.math.windows import hanning as hanning
from mygrad.math.windows import i0 as i0
from mygrad.math.windows import kaiser as kaiser
from mygrad.nnet.layers.windows import sliding_window_view as sliding_window_view
from mygrad.operation_base.classes import execute_op as execute_op
from mygrad.statistics.averages import average as average
from mygrad.statistics.averages import ptp as ptp
from mygrad.statistics.histograms import bincount as bincount
from mygrad.statistics.histograms import histogram as histogram
from mygrad.statistics.histograms import histogram2d as histogram2d
from mygrad.statistics.histograms import histogram_bin_edges as histogram_bin_edges
from mygrad.statistics.histograms import histogramdd as histogramdd
from mygrad.statistics.medians import median as median
from mygrad.statistics.medians import nanmedian as nanmedian
from mygrad.statistics.quantiles import nanpercentile as nanpercentile
from mygrad.statistics.quantiles import nanquantile as nanquantile
from mygrad.statistics.quantiles import percentile as percentile
from mygrad.statistics.quantiles import quantile as quantile
from mygrad.statistics.without_nan import nan_to_num as nan_to_num
from mygrad.statistics.without_nan import nancumprod as nancumprod
from mygrad.statistics.without_nan import nancumsum as nancumsum
from mygrad.statistics.without_nan import nanmax as nanmax
from mygrad.statistics.without_nan import nanmean as nanmean
from mygrad.statistics.without_nan import nanmin as nanmin
from mygrad.statistics.without_nan import nanprod as nanprod
from mygrad.statistics.without_nan import nanstd as nanstd
from mygrad.statistics.without_nan import nansum as nansum
from mygrad.statistics.without_nan import nanvar as nanvar
from mygrad.tensor_creation.filled import empty as empty
from mygrad.tensor_creation.filled import empty_like as empty_like
from mygrad.tensor_creation.filled import eye as eye
from mygrad.tensor_creation.filled import full as full
from mygrad.tensor_creation.filled import full_like as full_like
from mygrad.tensor_creation.filled import identity as identity
from mygrad.tensor_creation.filled import ones as ones
from mygrad.tensor_creation.filled import ones_like as ones_like
from mygrad.tensor_creation.filled import tri as tri
from mygrad.tensor_creation.filled import zeros as zeros
from mygrad.tensor_creation.filled import zeros_like as zeros_like
from mygrad.tensor_creation.ranges import arange as arange
from mygrad.tensor_creation.ranges import geomspace as geomspace
from mygrad.tensor_creation.ranges import linspace as linspace
from mygrad.tensor_creation.ranges import logspace as logspace
from mygrad.tensor_manip.array_shape import atleast_1d as atleast_1d
from mygrad.tensor_manip.array_shape import atleast_2d as atleast_2d
from mygrad.tensor_manip.array_shape import atleast_3d as atleast_3d
from mygrad.tensor_manip.array_shape import broadcast_arrays as broadcast_arrays
from mygrad.tensor_manip.array_shape import meshgrid as meshgrid
from mygrad.tensor_manip.cases import choose as choose
from mygrad.tensor_manip.cases import piecewise as piecewise
from mygrad.tensor_manip.cases import select as select
from mygrad.tensor_manip.complex_parts import angle as angle
from mygrad.tensor_manip.complex_parts import real_if_close as real_if_close
from mygrad.tensor_manip.diagonals import diag as diag
from mygrad.tensor_manip.diagonals import diagflat as diagflat
from mygrad.tensor_manip.editing import append as append
from mygrad.tensor_manip.editing import block as block
from mygrad.tensor_manip.editing import delete as delete
from mygrad.tensor_manip.editing import insert as insert
from mygrad.tensor_manip.editing import resize as resize
from mygrad.tensor_manip.looping import apply_along_axis as apply_along_axis
from mygrad.tensor_manip.looping import apply_over_axes as apply_over_axes
from mygrad.tensor_manip.selecting import compress as compress
from mygrad.tensor_manip.selecting import extract as extract
from mygrad.tensor_manip.selecting import trim_zeros as trim_zeros
from mygrad.tensor_manip.sets import intersect1d as intersect1d
from mygrad.tensor_manip.sets import setdiff1d as setdiff1d
from mygrad.tensor_manip.sets import setxor1d as setxor1d
from mygrad.tensor_manip.sets import union1d as union1d
from mygrad.tensor_manip.sets import unique as unique
from mygrad.tensor_manip.sets import unique_all as unique_all
from mygrad.tensor_manip.sets import unique_counts as unique_counts
from mygrad.tensor_manip.sets import unique_inverse as unique_inverse
from mygrad.tensor_manip.sets import unique_values as unique_values
from mygrad.tensor_manip.sorting import sort_complex as sort_complex
from mygrad.tensor_manip.tensor_joining import array_split as array_split
from mygrad.tensor_manip.tensor_joining import column_stack as column_stack
from mygrad.tensor_manip.tensor_joining import dsplit as dsplit
from mygrad.tensor_manip.tensor_joining import dstack as dstack
from mygrad.tensor_manip.tensor_joining import hsplit as hsplit
from mygrad.tensor_manip.tensor_joining import hstack as hstack
from mygrad.tensor_manip.tensor_joining import split as split
from mygrad.tensor_manip.tensor_joining import unstack as unstack
from mygrad.tensor_manip.tensor_joining import vsplit as vsplit
from mygrad.tensor_manip.tensor_joining import vstack as vstack
from mygrad.tensor_manip.transpose_like import fliplr as fliplr
from mygrad.tensor_manip.transpose_like import flipud as flipud
from mygrad.tensor_manip.transpose_like import rollaxis as rollaxis
from mygrad.tensor_manip.transpose_like import rot90 as rot90
from mygrad.tensor_manip.transpose_like import transpose as transpose
from mygrad.tensors.base import Tensor as Tensor
from mygrad.tensors.base import astensor as astensor
from mygrad.tensors.base import tensor as tensor
from mygrad.tensors.leaving import asarray as asarray
from mygrad.tensors.read_only import why_read_only as why_read_only
from mygrad.tensors.switches import backend as backend
from mygrad.tensors.switches import mem_guard_active as mem_guard_active
from mygrad.tensors.switches import mem_guard_off as mem_guard_off
from mygrad.tensors.switches import mem_guard_on as mem_guard_on
from mygrad.tensors.switches import no_autodiff as no_autodiff
from mygrad.tensors.switches import on_detach as on_detach
from mygrad.tensors.switches import set_backend as set_backend
from mygrad.tensors.switches import turn_memory_guarding_off as turn_memory_guarding_off
from mygrad.tensors.switches import turn_memory_guarding_on as turn_memory_guarding_on
from mygrad.transforms.accumulation import GradientSum as GradientSum
from mygrad.transforms.batching.array import BatchDependence as BatchDependence
from mygrad.transforms.batching.calls import BatchLooped as BatchLooped
from mygrad.transforms.batching.vmap import vmap as vmap
from mygrad.transforms.checkpoints import checkpoint as checkpoint
from mygrad.transforms.custom import custom_vjp as custom_vjp
from mygrad.transforms.derivatives import elementwise_grad as elementwise_grad
from mygrad.transforms.derivatives import grad as grad
from mygrad.transforms.derivatives import hvp as hvp
from mygrad.transforms.derivatives import jvp as jvp
from mygrad.transforms.derivatives import linearize as linearize
from mygrad.transforms.derivatives import stop_gradient as stop_gradient
from mygrad.transforms.derivatives import value_and_grad as value_and_grad
from mygrad.transforms.derivatives import vjp as vjp
from mygrad.transforms.for_scipy import VectorFunction as VectorFunction
from mygrad.transforms.for_scipy import for_scipy as for_scipy
from mygrad.transforms.jacobians import hessian as hessian
from mygrad.transforms.jacobians import jacobian as jacobian
from mygrad.typing import ArrayLike
from mygrad.typing import AxisLike
from mygrad.typing import BinaryUfunc
from mygrad.typing import DTypeLikeReals
from mygrad.typing import Shape
from mygrad.typing import UnaryUfunc
from numpy import all as all
from numpy import allclose as allclose
from numpy import any as any
from numpy import argmax as argmax
from numpy import argmin as argmin
from numpy import argpartition as argpartition
from numpy import argsort as argsort
from numpy import bool_ as bool_
from numpy import can_cast as can_cast
from numpy import copyto as copyto
from numpy import count_nonzero as count_nonzero
from numpy import digitize as digitize
from numpy import double as double
from numpy import equal as equal
from numpy import float16 as float16
from numpy import float32 as float32
from numpy import float64 as float64
from numpy import greater as greater
from numpy import greater_equal as greater_equal
from numpy import half as half
from numpy import int16 as int16
from numpy import int32 as int32
from numpy import int64 as int64
from numpy import int8 as int8
from numpy import intp as intp
from numpy import isclose as isclose
from numpy import isfinite as isfinite
from numpy import isin as isin
from numpy import isinf as isinf
from numpy import isnan as isnan
from numpy import isnat as isnat
from numpy import less as less
from numpy import less_equal as less_equal
from numpy import lexsort as lexsort
from numpy import logical_and as logical_and
from numpy import logical_not as logical_not
from numpy import logical_or as logical_or
from numpy import logical_xor as logical_xor
from numpy import longdouble as longdouble
from numpy import may_share_memory as may_share_memory
from numpy import min_scalar_type as min_scalar_type
from numpy import nanargmax as nanargmax
from numpy import nanargmin as nanargmin
from numpy import nonzero as nonzero
from numpy import not_equal as not_equal
from numpy import result_type as result_type
from numpy import searchsorted as searchsorted
from numpy import shape as shape
from numpy import shares_memory as shares_memory
from numpy import signbit as signbit
from numpy import single as single
from numpy import uint16 as uint16
from numpy import uint32 as uint32
from numpy import uint64 as uint64
from numpy import uint8 as uint8
from numpy import uintp as uintp
from typing import Any

__version__: str
add: BinaryUfunc
arccos: UnaryUfunc
arccosh: UnaryUfunc
arccot: UnaryUfunc
arccoth: UnaryUfunc
arccsc: UnaryUfunc
arccsch: UnaryUfunc
arcsec: UnaryUfunc
arcsech: UnaryUfunc
arcsin: UnaryUfunc
arcsinh: UnaryUfunc
arctan: UnaryUfunc
arctan2: BinaryUfunc
arctanh: UnaryUfunc
cbrt: UnaryUfunc
ceil: UnaryUfunc
copysign: BinaryUfunc
cos: UnaryUfunc
cosh: UnaryUfunc
cot: UnaryUfunc
coth: UnaryUfunc
csc: UnaryUfunc
csch: UnaryUfunc
deg2rad: UnaryUfunc
degrees: UnaryUfunc
divide: BinaryUfunc
e: float
euler_gamma: float
exp: UnaryUfunc
exp2: UnaryUfunc
expm1: UnaryUfunc
fix: UnaryUfunc
float_power: BinaryUfunc
floor: UnaryUfunc
floor_divide: BinaryUfunc
fmax: BinaryUfunc
fmin: BinaryUfunc
fmod: BinaryUfunc
heaviside: BinaryUfunc
hypot: BinaryUfunc
inf: float
ldexp: BinaryUfunc
log: UnaryUfunc
log10: UnaryUfunc
log1p: UnaryUfunc
log2: UnaryUfunc
logaddexp: BinaryUfunc
logaddexp2: BinaryUfunc
maximum: BinaryUfunc
minimum: BinaryUfunc
mod: BinaryUfunc
multiply: BinaryUfunc
nan: float
negative: UnaryUfunc
newaxis: None
nextafter: BinaryUfunc
pi: float
positive: UnaryUfunc
power: BinaryUfunc
rad2deg: UnaryUfunc
radians: UnaryUfunc
reciprocal: UnaryUfunc
remainder: BinaryUfunc
rint: UnaryUfunc
sec: UnaryUfunc
sech: UnaryUfunc
sign: UnaryUfunc
sin: UnaryUfunc
sinc: UnaryUfunc
sinh: UnaryUfunc
spacing: UnaryUfunc
sqrt: UnaryUfunc
square: UnaryUfunc
subtract: BinaryUfunc
tan: UnaryUfunc
tanh: UnaryUfunc
true_divide: BinaryUfunc
trunc: UnaryUfunc
def abs(
    x: ArrayLike, out: Any = ..., *, where: ArrayLike = ..., dtype: DTypeLikeReals = ...,
    constant: bool | None = ..., nan_to_num: bool = ...
) -> Tensor: ...
def absolute(
    x: ArrayLike, out: Any = ..., *, where: ArrayLike = ..., dtype: DTypeLikeReals = ...,
    constant: bool | None = ..., nan_to_num: bool = ...
) -> Tensor: ...
def amax(
    x: ArrayLike, axis: AxisLike = ..., keepdims: bool = ..., *, initial: ArrayLike | None = ...,
    where: ArrayLike = ..., out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def amin(
    x: ArrayLike, axis: AxisLike = ..., keepdims: bool = ..., *, initial: ArrayLike | None = ...,
    where: ArrayLike = ..., out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def around(
    a: ArrayLike, decimals: int = ..., *, out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def astype(
    x: ArrayLike, dtype: DTypeLikeReals, casting: str = ..., copy: bool = ..., *,
    constant: bool | None = ...
) -> Tensor: ...
def broadcast_to(
    a: ArrayLike, shape: int | Shape | None, *, constant: bool | None = ...
) -> Tensor: ...
def concatenate(
    tensors: Sequence[ArrayLike] | Tensor, axis: int | None = ..., out: Any = ...,
    dtype: DTypeLikeReals = ..., *, casting: str = ..., constant: bool | None = ...
) -> Tensor: ...
def conj(x: ArrayLike, *, out: Any = ..., constant: bool | None = ...) -> Tensor: ...
def convolve(
    a: ArrayLike, v: ArrayLike, mode: Any = ..., *, out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def copy(
    a: ArrayLike, order: str = ..., *, out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def correlate(
    a: ArrayLike, v: ArrayLike, mode: Any = ..., *, out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def cumprod(
    a: ArrayLike, axis: int | None = ..., *, dtype: DTypeLikeReals = ...,
    include_initial: bool | None = ..., out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def cumsum(
    a: ArrayLike, axis: int | None = ..., *, dtype: DTypeLikeReals = ...,
    include_initial: bool | None = ..., out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def expand_dims(a: ArrayLike, axis: AxisLike = ..., *, constant: bool | None = ...) -> Tensor: ...
def fabs(
    x: ArrayLike, out: Any = ..., *, where: ArrayLike = ..., dtype: DTypeLikeReals = ...,
    constant: bool | None = ..., nan_to_num: bool = ...
) -> Tensor: ...
def flatten(
    a: ArrayLike, order: str = ..., *, out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def flip(m: ArrayLike, axis: AxisLike = ..., *, constant: bool | None = ...) -> Tensor: ...
def imag(val: ArrayLike, *, out: Any = ..., constant: bool | None = ...) -> Tensor: ...
def logsumexp(
    x: ArrayLike, axis: AxisLike = ..., keepdims: bool = ..., *, initial: ArrayLike | None = ...,
    where: ArrayLike = ..., out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def matmul(
    x1: ArrayLike, x2: ArrayLike, out: Any = ..., *, axes: Sequence[Any] | None = ...,
    dtype: DTypeLikeReals = ..., constant: bool | None = ...
) -> Tensor: ...
def matrix_transpose(x: ArrayLike, *, constant: bool | None = ...) -> Tensor: ...
def max(
    x: ArrayLike, axis: AxisLike = ..., keepdims: bool = ..., *, initial: ArrayLike | None = ...,
    where: ArrayLike = ..., out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def mean(
    x: ArrayLike, axis: AxisLike = ..., keepdims: bool = ..., *, dtype: DTypeLikeReals = ...,
    where: ArrayLike = ..., out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def min(
    x: ArrayLike, axis: AxisLike = ..., keepdims: bool = ..., *, initial: ArrayLike | None = ...,
    where: ArrayLike = ..., out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def moveaxis(
    a: ArrayLike, source: AxisLike, destination: AxisLike, *, constant: bool | None = ...
) -> Tensor: ...
def pad(
    array: ArrayLike, pad_width: Any, mode: Any = ..., constant_values: Any = ..., *,
    end_values: Any = ..., stat_length: Any = ..., reflect_type: str | None = ..., out: Any = ...,
    constant: bool | None = ..., **options: Any
) -> Tensor: ...
def partition(
    a: ArrayLike, kth: Any, axis: int | None = ..., kind: str = ..., order: Any = ..., *,
    out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def permute_dims(a: ArrayLike, axes: AxisLike, *, constant: bool | None = ...) -> Tensor: ...
def prod(
    a: ArrayLike, axis: AxisLike = ..., keepdims: bool = ..., *, dtype: DTypeLikeReals = ...,
    initial: ArrayLike | None = ..., where: ArrayLike = ..., out: Any = ...,
    constant: bool | None = ...
) -> Tensor: ...
def ravel(a: ArrayLike, order: str = ..., *, constant: bool | None = ...) -> Tensor: ...
def real(val: ArrayLike, *, constant: bool | None = ...) -> Tensor: ...
def repeat(
    a: ArrayLike, repeats: ArrayLike, axis: int | None = ..., *, out: Any = ...,
    constant: bool | None = ...
) -> Tensor: ...
def reshape(
    a: ArrayLike, newshape: int | Shape | None = ..., order: str = ...,
    shape: int | Shape | None = ..., copy: bool | None = ..., *, constant: bool | None = ...
) -> Tensor: ...
def roll(
    a: ArrayLike, shift: int | Shape, axis: AxisLike = ..., *, out: Any = ...,
    constant: bool | None = ...
) -> Tensor: ...
def round(
    a: ArrayLike, decimals: int = ..., *, out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def sort(
    a: ArrayLike, axis: int | None = ..., kind: str | None = ..., order: Any = ...,
    stable: bool | None = ..., descending: bool | None = ..., *, out: Any = ...,
    constant: bool | None = ...
) -> Tensor: ...
def squeeze(a: ArrayLike, axis: AxisLike = ..., *, constant: bool | None = ...) -> Tensor: ...
def stack(
    tensors: Sequence[ArrayLike] | Tensor, axis: int = ..., out: Any = ..., *,
    dtype: DTypeLikeReals = ..., casting: str = ..., constant: bool | None = ...
) -> Tensor: ...
def std(
    x: ArrayLike, axis: AxisLike = ..., ddof: float = ..., keepdims: bool = ..., *,
    dtype: DTypeLikeReals = ..., where: ArrayLike = ..., mean: ArrayLike | None = ...,
    correction: float | None = ..., out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def sum(
    x: ArrayLike, axis: AxisLike = ..., keepdims: bool = ..., *, dtype: DTypeLikeReals = ...,
    initial: ArrayLike | None = ..., where: ArrayLike = ..., out: Any = ...,
    constant: bool | None = ...
) -> Tensor: ...
def swapaxes(a: ArrayLike, axis1: int, axis2: int, *, constant: bool | None = ...) -> Tensor: ...
def take(
    a: ArrayLike, indices: ArrayLike, axis: int | None = ..., mode: str = ..., *, out: Any = ...,
    constant: bool | None = ...
) -> Tensor: ...
def take_along_axis(
    arr: ArrayLike, indices: ArrayLike, axis: int | None = ..., *, out: Any = ...,
    constant: bool | None = ...
) -> Tensor: ...
def tile(
    A: ArrayLike, reps: int | Shape, *, out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def to(x: ArrayLike, backend: str, device: Any = ..., *, constant: bool | None = ...) -> Tensor: ...
def tril(x: ArrayLike, k: int = ..., *, out: Any = ..., constant: bool | None = ...) -> Tensor: ...
def triu(x: ArrayLike, k: int = ..., *, out: Any = ..., constant: bool | None = ...) -> Tensor: ...
def var(
    x: ArrayLike, axis: AxisLike = ..., ddof: float = ..., keepdims: bool = ..., *,
    dtype: DTypeLikeReals = ..., where: ArrayLike = ..., mean: ArrayLike | None = ...,
    correction: float | None = ..., out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def where(
    condition: ArrayLike, x: ArrayLike = ..., y: ArrayLike = ..., *, out: Any = ...,
    constant: bool | None = ...
) -> Tensor: ...
