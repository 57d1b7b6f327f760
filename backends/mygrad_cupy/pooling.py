"""Max-pooling, its adjoint and the adjoint of that: one kernel each.

A thread of `max_pool` and of `max_picked` has one window and walks over its elements. One of
`max_unpool` has one element of the input, walks over the windows that it is in, and takes of their
adjoints those that it has won: it equals the maximum, or is NaN, and no element before it in the
window does. Each result is a sum in a fixed order, so nothing is added atomically and results do
not change from run to run; windows that do not overlap cost one read of what they hold.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cupy

from mygrad.arrays.sliding import pool_windows
from mygrad_cupy.c_types import C_TYPES, FLOATS, c_type, wide
from mygrad_cupy.windows import Kernel, is_plain

__all__ = ["max_picked", "max_pool", "max_unpool"]

_PARAMETERS = """
    long long count<<, long long size@_, long long out@_, long long pool@_, long long stride@_>>
"""

_BY_WINDOW = """
  <<const I size@ = size@_, out@ = out@_, pool@ = pool@_, stride@ = stride@_;>>
  for (I i = I(blockIdx.x) * blockDim.x + threadIdx.x; i < I(count);
       i += I(gridDim.x) * blockDim.x) {
    I after = I(1)<< * out@>>, rest = i % after, place0 = i / after;
    <<after /= out@; const I place# = place@ * size@ + rest / after * stride@; rest %= after;>>
"""
"""A loop over windows, which begin at element ``place$`` of the input."""

_POOL = Kernel(
    "max_pool",
    f"""(const X* x, X* out, {_PARAMETERS}) {{
  {_BY_WINDOW}
    V best = number(x[place$]);
    const I at0 = 0;
    <<for (I o@ = 0; o@ < pool@; ++o@) {{
      const I at# = at@ * size@ + o@;>>
      const V value = number(x[place$ + at$]);
      if (best == best && (value > best || value != value)) best = value;
    <<}}>>
    out[i] = X(best);
  }}
}}
""",
)

_PICK = Kernel(
    "max_picked",
    f"""(
    const G* h, const X* x, const X* maxima, G* out, {_PARAMETERS}) {{
  {_BY_WINDOW}
    const V maximum = number(maxima[i]);
    G picked = G(0.0f);
    bool found = false;
    const I at0 = 0;
    <<for (I o@ = 0; o@ < pool@ && !found; ++o@) {{
      const I at# = at@ * size@ + o@;>>
      const V value = number(x[place$ + at$]);
      found = value == maximum || value != value;
      if (found) picked = h[place$ + at$];
    <<}}>>
    out[i] = picked;
  }}
}}
""",
)

_UNPOOL = Kernel(
    "max_unpool",
    f"""(
    const G* g, const X* x, const X* maxima, G* total, {_PARAMETERS}) {{
  <<const I size@ = size@_, out@ = out@_, pool@ = pool@_, stride@ = stride@_;>>
  for (I i = I(blockIdx.x) * blockDim.x + threadIdx.x; i < I(count);
       i += I(gridDim.x) * blockDim.x) {{
    I after = I(1)<< * size@>>, rest = i % after;
    const I window0 = i / after, corner0 = window0;
    <<after /= size@; const I at@ = rest / after; rest %= after;>>
    const V value = number(x[i]);
    A sum = 0;
    // From the last window to the first: the order of the elements of a window.
    <<for (I p@ = min(at@ / stride@, out@ - 1); p@ >= 0 && at@ - p@ * stride@ < pool@; --p@) {{
      const I o@ = at@ - p@ * stride@;
      const I window# = window@ * out@ + p@, corner# = corner@ * size@ + p@ * stride@;>>
      const V maximum = number(maxima[window$]);
      if (value != maximum && value == value) continue;
      bool first = true;
      const I before0 = 0;
      const bool tied0 = true;  // so far at the element of this thread
      <<for (I b@ = 0; first && b@ <= (tied@ ? o@ : pool@ - 1); ++b@) {{
        const bool tied# = tied@ && b@ == o@;
        const I before# = before@ * size@ + b@;>>
        if (tied$) break;
        const V other = number(x[corner$ + before$]);
        first = other != maximum && other == other;
      <<}}>>
      if (first) sum += number(g[window$]);
    <<}}>>
    total[i] = G(sum);
  }}
}}
""",
)


class _Windows:
    """How windows lie in an array of some shape, and the launches of kernels on them."""

    def __init__(self, shape: tuple[int, ...], pool: Any, stride: Any) -> None:
        sizes, strides, counts = pool_windows(shape, pool, stride)
        lead = len(shape) - len(sizes)
        self.shape, self.pooled = shape, (*shape[:lead], *counts)
        along = zip(shape[lead:], counts, sizes, strides, strict=True)
        self.axes, self.sizes = len(sizes), tuple(n for axis in along for n in axis)

    def fit(self, x: Any, maxima: Any, values: Any) -> bool:
        """Whether there is a kernel for these arrays; otherwise the portable function decides."""
        known = x.dtype.str[1:] in C_TYPES and values.dtype.char in FLOATS
        return known and maxima.dtype == x.dtype and maxima.shape == self.pooled

    def launched(self, kernel: Kernel, x: Any, values: Any, shape: Any, *arrays: Any) -> Any:
        """The result of a kernel, of this shape and the dtype of `values`."""
        out = cupy.empty(shape, values.dtype)
        if out.size:
            own, compared = values.dtype, x.dtype
            types = (
                ("G", c_type(own)), ("A", c_type(wide(own))),
                ("X", c_type(compared)), ("V", c_type(wide(compared))),
            )  # fmt: skip
            operands = [cupy.ascontiguousarray(array) for array in arrays]
            kernel(types, self.axes, (*operands, out), (out.size, *self.sizes), (out.size, 1))
        return out


_remembered = lru_cache(maxsize=1024)(_Windows)


def _windows(shape: tuple[int, ...], pool: Any, stride: Any) -> _Windows:
    found = _remembered if is_plain(pool) and is_plain(stride) else _Windows
    return found(shape, pool, stride)


def max_pool(x: Any, pool: Any, stride: Any) -> Any:
    windows = _windows(x.shape, pool, stride)
    if x.dtype.str[1:] not in C_TYPES:
        return NotImplemented
    return windows.launched(_POOL, x, x, windows.pooled, x)


def max_unpool(g: Any, x: Any, maxima: Any, pool: Any, stride: Any) -> Any:
    windows = _windows(x.shape, pool, stride)
    if not windows.fit(x, maxima, g) or g.shape != windows.pooled:
        return NotImplemented
    return windows.launched(_UNPOOL, x, g, x.shape, g, x, maxima)


def max_picked(h: Any, x: Any, maxima: Any, pool: Any, stride: Any) -> Any:
    windows = _windows(x.shape, pool, stride)
    if not windows.fit(x, maxima, h) or h.shape != x.shape:
        return NotImplemented
    return windows.launched(_PICK, x, h, windows.pooled, h, x, maxima)
