"""Convolution and its two gradients: one kernel that gathers or folds windows, one product.

Columns hold all windows: a row for each element of a filter and channel, a column for each
result. They are gathered by one kernel, in which a thread has one result of one channel, walks
over the elements of a filter and tests whether they meet padding; neighbours read and write
neighbouring addresses. The adjoint, folding, is one kernel, too: each element of the input sums
the columns that it has met, in the order of the elements of a filter. Nothing is added
atomically, so results do not change from run to run.

Images with many results are multiplied one by one in one call, with columns that keep the
order of the result: nothing has to be transposed, and 1x1 filters with stride 1 read the input
itself. With few results, all images make one larger matrix, and one copy puts it in order. So does
the gradient by the filters, which is one product that adds up over the batch as well.

Columns take at most `_MEMORY` bytes (or what one image needs, if that is more): the batch is taken
in parts, and there are as many times the launches.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import prod
from typing import Any

import cupy
import numpy as np

from mygrad.arrays.sliding import Geometry
from mygrad_cupy.c_types import FLOATS, c_type, wide
from mygrad_cupy.cudnn import convolved
from mygrad_cupy.gemm import multiply
from mygrad_cupy.windows import Kernel, is_plain

__all__ = ["conv_filter_gradient", "conv_input_gradient", "conv_nd"]

_MEMORY = 1 << 28
_MANY = 64  # results of an image, from which on its product fills a GPU's tiles

_WALK = """
  const I count = I(images) * within;
  for (I i = I(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += I(gridDim.x) * blockDim.x) {
    const I image = i / within, element = i % within;
    I rest = element, after = within;
"""

_GATHER = Kernel(
    "gather_windows",
    f"""(
    const S* x, T* columns, long long images, long long channels, long long image_step,
    long long row_step, long long x_image, long long x_channel<<, long long x_step@_>>
    <<, long long size@_, long long out@_, long long filter@_, long long stride@_,
    long long padding@_, long long dilation@_>>) {{
  <<const I size@ = size@_, out@ = out@_, filter@ = filter@_, dilation@ = dilation@_;>>
  const I within = I(1) << * out@>>;  // results of an image
  {_WALK}
    <<after /= out@; const I start@ = rest / after * I(stride@_) - I(padding@_); rest %= after;>>
    for (I c = blockIdx.y; c < I(channels); c += gridDim.y) {{
      const S* from = x + (image * I(x_image) + c * I(x_channel));
      T* to = columns + (image * I(image_step) + element + c * I(row_step) << * filter@>>);
      const bool inside0 = true;
      const I place0 = 0;
      <<for (I o@ = 0; o@ < filter@; ++o@) {{
        const I at@ = start@ + o@ * dilation@;
        const bool inside# = inside@ && at@ >= 0 && at@ < size@;
        const I place# = place@ + at@ * I(x_step@_);>>
        *to = inside$ ? T(number(from[place$])) : T(0.0f);
        to += I(row_step);
      <<}}>>
    }}
  }}
}}
""",
)

_FOLD = Kernel(
    "fold_windows",
    f"""(
    const T* columns, T* x, long long images, long long channels, long long image_step,
    long long row_step
    <<, long long size@_, long long out@_, long long filter@_, long long stride@_,
    long long padding@_, long long dilation@_>>) {{
  <<const I out@ = out@_, filter@ = filter@_, stride@ = stride@_, dilation@ = dilation@_;>>
  const I within = I(1) << * I(size@_)>>;  // elements of an image's channel
  {_WALK}
    <<after /= I(size@_); const I at@ = rest / after + I(padding@_); rest %= after;>>
    for (I c = blockIdx.y; c < I(channels); c += gridDim.y) {{
      const T* from = columns + image * I(image_step);
      A sum = 0;
      const I row0 = c, result0 = 0;
      <<for (I o@ = 0; o@ < filter@; ++o@) {{
        const I moved@ = at@ - o@ * dilation@;
        if (moved@ < 0) break;
        const I p@ = stride@ == 1 ? moved@ : moved@ / stride@;
        if (p@ >= out@ || p@ * stride@ != moved@) continue;
        const I row# = row@ * filter@ + o@, result# = result@ * out@ + p@;>>
        sum += number(from[row$ * I(row_step) + result$]);
      <<}}>>
      x[(image * I(channels) + c) * within + element] = T(sum);
    }}
  }}
}}
""",
)


class _Columns:
    """The windows of a batch as columns of matrices: how they lie, and in how many parts.

    Attributes
    ----------
    rows, results
        Rows of a matrix, and columns for one image.
    part
        How many images are taken at a time.
    stacked
        Whether there is a matrix for each image; else the images stand side by side in one.
    are_input
        Whether the columns of one image are the image itself.
    """

    def __init__(
        self, x: Any, w: Any, stride: Any, padding: Any, dilation: Any, dtype: Any, apart: bool
    ) -> None:
        self.geometry = geometry = Geometry(x, w, stride, padding, dilation)
        self.images, self.channels, self.dtype = x[0], x[1], dtype
        self.rows = self.channels * prod(geometry.filter)
        self.results = prod(geometry.out)
        size = max(1, self.rows * self.results * dtype.itemsize)
        self.part = max(1, min(self.images, _MEMORY // size))
        self.stacked = self.part == 1 or (apart and self.results >= _MANY)
        unit = max((*geometry.filter, *geometry.stride)) == 1
        self.are_input = unit and not any(geometry.padding)
        self.inputs, self.axes = prod(x[2:]), len(geometry.filter)
        along = zip(
            x[2:], geometry.out, geometry.filter, geometry.stride, geometry.padding,
            geometry.dilation, strict=True,
        )  # fmt: skip
        self.sizes = tuple(n for axis in along for n in axis)

    def parts(self) -> Iterator[slice]:
        """The parts of the batch, one after another."""
        for first in range(0, self.images, self.part):
            yield slice(first, min(first + self.part, self.images))

    def shape(self, images: int) -> tuple[int, ...]:
        if self.stacked:
            return images, self.rows, self.results
        return self.rows, images * self.results

    def steps(self, images: int) -> tuple[int, int]:
        """How far images, and how far rows, lie apart."""
        if self.stacked:
            return self.rows * self.results, self.results
        return self.results, images * self.results

    def gathered(self, x: Any) -> Any:
        """The columns of these images."""
        images = x.shape[0]
        if self.are_input and self.stacked and x.dtype == self.dtype and x.flags.c_contiguous:
            return x.reshape(self.shape(images))
        if any(step % x.itemsize for step in x.strides):
            x = cupy.ascontiguousarray(x)
        columns = cupy.empty(self.shape(images), self.dtype)
        types = ("S", c_type(x.dtype)), ("T", c_type(self.dtype))
        strides = (step // x.itemsize for step in x.strides)
        sizes = (images, self.channels, *self.steps(images), *strides, *self.sizes)
        work = images * self.results, self.channels
        _GATHER(types, self.axes, (x, columns), sizes, work)
        return columns

    def fold(self, columns: Any, x: Any) -> None:
        """Write to `x`, which is C-contiguous, the sums of the columns that have met it."""
        images = x.shape[0]
        types = ("T", c_type(self.dtype)), ("A", c_type(wide(self.dtype)))
        sizes = (images, self.channels, *self.steps(images), *self.sizes)
        _FOLD(types, self.axes, (columns, x), sizes, (images * self.inputs, self.channels))


_remembered = lru_cache(maxsize=1024)(_Columns)


def _columns(x: Any, w: Any, *options: Any) -> _Columns:
    """The columns for inputs and filters of these shapes; see `_Columns`."""
    found = _remembered if all(map(is_plain, options[:3])) else _Columns
    return found(tuple(x), tuple(w), *options)


def _side_by_side(g: Any, dtype: Any) -> Any:
    """Images of shape (N, F, results) as one matrix (F, N results)."""
    turned = cupy.ascontiguousarray(g.transpose(1, 0, 2), dtype)
    return turned.reshape(g.shape[1], g.shape[0] * g.shape[2])


def _common_dtype(a: Any, b: Any) -> Any:
    """The dtype of the result; None if it is none of those that there are kernels for."""
    if a.dtype.char not in FLOATS or b.dtype.char not in FLOATS:
        return None
    return a.dtype if a.dtype == b.dtype else np.promote_types(a.dtype, b.dtype)


def _matrix(filter_bank: Any, dtype: Any) -> Any:
    """Filters as rows of a matrix."""
    rows = cupy.ascontiguousarray(filter_bank, dtype)
    return rows.reshape(rows.shape[0], prod(rows.shape[1:]))


def conv_nd(
    x: Any, filter_bank: Any, stride: Any, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    if groups != 1:
        return NotImplemented
    dtype = _common_dtype(x, filter_bank)
    if dtype is None:
        return NotImplemented
    columns = _columns(x.shape, filter_bank.shape, stride, padding, dilation, dtype, True)
    features = filter_bank.shape[0]
    shape = x.shape[0], features, *columns.geometry.out
    if not x.size or not filter_bank.size:
        return cupy.zeros(shape, dtype)
    found = convolved("conv_fprop", x, filter_bank, shape, columns.geometry)
    if found is not None:
        return found
    filters = _matrix(filter_bank, dtype)
    out = cupy.empty((x.shape[0], features, columns.results), dtype)
    for part in columns.parts():
        gathered = columns.gathered(x[part])
        if columns.stacked:
            multiply(filters, gathered, out[part])
            continue
        product = cupy.empty((features, gathered.shape[1]), dtype)
        multiply(filters, gathered, product)
        out[part] = product.reshape(features, -1, columns.results).transpose(1, 0, 2)
    return out.reshape(shape)


def conv_input_gradient(
    g: Any, filter_bank: Any, shape: Any, stride: Any, padding: Any, dilation: Any, groups: int = 1
) -> Any:
    if groups != 1:
        return NotImplemented
    dtype = _common_dtype(g, filter_bank)
    if dtype is None:
        return NotImplemented
    columns = _columns(shape, filter_bank.shape, stride, padding, dilation, dtype, True)
    shape, features = tuple(shape), filter_bank.shape[0]
    if not prod(shape) or not g.size:
        return cupy.zeros(shape, dtype)
    found = convolved("conv_dgrad", g, filter_bank, shape, columns.geometry)
    if found is not None:
        return found
    filters = _matrix(filter_bank, dtype)
    total = cupy.empty(shape, dtype)
    for part in columns.parts():
        images = part.stop - part.start
        met = g[part].reshape(images, features, columns.results)
        met = cupy.ascontiguousarray(met, dtype) if columns.stacked else _side_by_side(met, dtype)
        if columns.stacked and columns.are_input:
            multiply(filters, met, total[part].reshape(columns.shape(images)), turn_a=True)
            continue
        product = cupy.empty(columns.shape(images), dtype)
        columns.fold(multiply(filters, met, product, turn_a=True), total[part])
    return total


def conv_filter_gradient(
    x: Any, g: Any, shape: Any, stride: Any, padding: Any, dilation: Any, groups: int = 1
) -> Any:
    if groups != 1:
        return NotImplemented
    dtype = _common_dtype(x, g)
    if dtype is None:
        return NotImplemented
    # Side by side, the product adds up over the batch.
    columns = _columns(x.shape, shape, stride, padding, dilation, dtype, False)
    shape = tuple(shape)
    if not x.size or not g.size:
        return cupy.zeros(shape, dtype)
    found = convolved("conv_wgrad", x, g, shape, columns.geometry)
    if found is not None:
        return found
    total = None
    for part in columns.parts():
        met = _side_by_side(g[part].reshape(-1, shape[0], columns.results), dtype)
        gathered = columns.gathered(x[part]).reshape(columns.rows, met.shape[1])
        term = cupy.empty((shape[0], columns.rows), dtype)
        multiply(met, gathered, term, turn_b=True)
        if total is not None:
            total += term
        elif columns.part < x.shape[0] and dtype.char == "e":
            total = term.astype(np.float32)  # sums of many parts
        else:
            total = term
    return cupy.asarray(total, dtype).reshape(shape)
