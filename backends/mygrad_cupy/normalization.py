"""Batch and layer normalization on CUDA devices.

Both are one computation: an array (N, C, S) is normalized channel by channel, along the columns of
`mygrad_cupy.reduction`. The rows of layer normalization are the channels of an array (1, rows,
elements of a row), with a scale for each element; in batch normalization each channel has one.

Where one block has a whole channel, as it has for rows and for small batches, one kernel reads the
elements, finds mean and variance, and writes the result; up to eight elements a thread stay in
registers, more come from the cache again. Where a channel is long, several blocks find the moments
of a part each, and the blocks of the next kernel combine them, each for itself, before they go on
to normalize: two launches. The way back is the same with two sums in the place of the moments. The
adjoints of the scale and shift of rows are sums over columns, in one launch more, or two.
"""

from __future__ import annotations

from math import prod
from typing import Any

import cupy

from mygrad_cupy.c_types import FLOATS, wide
from mygrad_cupy.moments import MOMENTS, moments_of_parts
from mygrad_cupy.reduction import (
    Columns,
    channels_of,
    columns_of,
    compiled,
)

__all__ = [
    "channel_sums", "channels_adjoint", "normalize_channels", "normalize_rows", "row_sums",
    "rows_adjoint",
]  # fmt: skip

_SOURCE = MOMENTS + r"""
// A number for all elements, for those of each channel, or for each element of a channel.
struct Affine {
    const Element *values;
    long long by_channel, by_element;
    Wide number;

    __device__ Wide at(long long channel, long long element) const {
        return values ? (Wide)values[channel * by_channel + element * by_element] : number;
    }
};
#define AFFINE(name)                                                                              \
    const Element *name##_values, long long name##_by_channel, long long name##_by_element,       \
        double name##_number
#define GIVEN(name)                                                                               \
    Affine name = {name##_values, name##_by_channel, name##_by_element, (Wide)name##_number}

extern "C" __global__ void __launch_bounds__(MOST_THREADS) normalize(
    const Element *x, const Wide *partial, AFFINE(gamma), AFFINE(beta), double eps, Element *out,
    Wide *mean_out, Wide *var_out, double elements, GEOMETRY) {
    __shared__ Moments box[MOST_THREADS];
    Column c = COLUMN;
    GIVEN(gamma);
    GIVEN(beta);
    Moments mine = {0, 0, 0, 0};
    Index places[AT_ONCE], i = 0;
    Wide v[AT_ONCE];
    int taken = 0;
    bool kept = false;
    if (partial) mine = moments_of_parts(partial, c);
    else {
        Wide origin = origin_of(c, x);
        for (Walk walk(c); !walk.done();) {
            i = walk.i;
            taken = walk.take(places);
            fetch(x, places, taken, v);
            mine.include(v, taken, origin);
        }
        kept = c.length <= AT_ONCE * c.step;
    }
    combine(box, mine, c.lanes);
    const Moments &all = box[threadIdx.x % c.lanes];
    Wide mean = all.sum / (Wide)elements, var = all.squares / (Wide)elements;
    Wide scale = 1 / sqrt(var + (Wide)eps);
    if (c.writes_channel()) {
        mean_out[c.channel] = mean;
        var_out[c.channel] = var;
    }
    Walk again(c);
    do {
        if (!kept) {
            i = again.i;
            taken = again.take(places);
            fetch(x, places, taken, v);
        }
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++)
            if (k < taken) {
                Index at = i + k * c.step;
                Wide factor = scale * gamma.at(c.channel, at);
                out[places[k]] = Element((v[k] - mean) * factor + beta.at(c.channel, at));
            }
    } while (taken && !kept);
}

// The sums of g, and of g times the normalized x, of each channel; or over rows, which have a mean
// and a variance each. A gamma for each element goes into g first.
extern "C" __global__ void __launch_bounds__(MOST_THREADS) sum_products(
    const Element *g, const Element *x, const Wide *mean, const Wide *var, double eps,
    AFFINE(gamma), long long over_rows, const Wide *found, Wide *partial, Element *by_gamma,
    Element *by_beta, GEOMETRY) {
    __shared__ Wide sums[MOST_THREADS], products[MOST_THREADS];
    Column c = COLUMN;
    GIVEN(gamma);
    Wide sum = 0, product = 0, middle = 0, scale = 0;
    long long size = partials * c.channels;
    if (!over_rows && !found && c.exists) {
        middle = mean[c.channel];
        scale = 1 / sqrt(var[c.channel] + (Wide)eps);
    }
    if (found) {
        for (long long k = c.first; c.exists && k < partials; k += c.step) {
            sum += found[k * c.channels + c.channel];
            product += found[k * c.channels + c.channel + size];
        }
    } else {
        for (Walk walk(c); !walk.done();) {
            Index places[AT_ONCE], i = walk.i;
            Wide u[AT_ONCE], v[AT_ONCE];
            int taken = walk.take(places);
            fetch(g, places, taken, u);
            fetch(x, places, taken, v);
#pragma unroll
            for (int k = 0; k < AT_ONCE; k++)
                if (k < taken) {
                    if (over_rows) {
                        middle = mean[i + k * c.step];
                        scale = 1 / sqrt(var[i + k * c.step] + (Wide)eps);
                    } else if (gamma.by_element) u[k] *= gamma.at(0, i + k * c.step);
                    v[k] = u[k] * ((v[k] - middle) * scale);
                }
            sum += sum_of(u);
            product += sum_of(v);
        }
    }
    add_up(sums, sum, c.lanes);
    add_up(products, product, c.lanes);
    if (!c.writes()) return;
    if (partial) {
        long long at = c.partial * c.channels + c.channel;
        partial[at] = sums[threadIdx.x];
        partial[at + size] = products[threadIdx.x];
    } else {
        by_beta[c.channel] = Element(sums[threadIdx.x]);
        by_gamma[c.channel] = Element(products[threadIdx.x]);
    }
}

// The adjoint of x: scale (t - mean of t - normalized x (mean of t * normalized x)), t = g gamma. A
// gamma of the channel goes into the factor.
extern "C" __global__ void __launch_bounds__(MOST_THREADS) find_adjoint(
    const Element *g, const Element *x, const Wide *means, const Wide *var, double eps,
    AFFINE(gamma), const Wide *partial, Element *out, Element *by_gamma, Element *by_beta,
    double elements, GEOMETRY) {
    __shared__ Wide sums[MOST_THREADS], products[MOST_THREADS];
    Column c = COLUMN;
    GIVEN(gamma);
    Index places[AT_ONCE], i = 0;
    Wide u[AT_ONCE], v[AT_ONCE], sum = 0, product = 0;
    int taken = 0;
    bool kept = false;
    Wide mean = c.exists ? means[c.channel] : (Wide)0;
    Wide scale = c.exists ? 1 / sqrt(var[c.channel] + (Wide)eps) : (Wide)0;
    Wide factor = gamma.by_element || !c.exists ? (Wide)1 : gamma.at(c.channel, 0);
    if (partial) {
        long long size = partials * c.channels;
        for (long long k = c.first; c.exists && k < partials; k += c.step) {
            sum += partial[k * c.channels + c.channel];
            product += partial[k * c.channels + c.channel + size];
        }
    } else {
        for (Walk walk(c); !walk.done();) {
            i = walk.i;
            taken = walk.take(places);
            fetch(g, places, taken, u);
            fetch(x, places, taken, v);
            Wide terms[AT_ONCE];
#pragma unroll
            for (int k = 0; k < AT_ONCE; k++)
                if (k < taken) {
                    v[k] = (v[k] - mean) * scale;
                    if (gamma.by_element) u[k] *= gamma.at(c.channel, i + k * c.step);
                    terms[k] = u[k] * v[k];
                } else terms[k] = 0;
            sum += sum_of(u);
            product += sum_of(terms);
        }
        kept = c.length <= AT_ONCE * c.step;
    }
    add_up(sums, sum, c.lanes);
    add_up(products, product, c.lanes);
    int lane = threadIdx.x % c.lanes;
    if (by_gamma && c.writes_channel()) {
        by_beta[c.channel] = Element(sums[lane]);
        by_gamma[c.channel] = Element(products[lane]);
    }
    sum = sums[lane] / (Wide)elements;
    product = products[lane] / (Wide)elements;
    factor *= scale;
    Walk again(c);
    do {
        if (!kept) {
            i = again.i;
            taken = again.take(places);
            fetch(g, places, taken, u);
            fetch(x, places, taken, v);
        }
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++)
            if (k < taken) {
                if (!kept) {
                    v[k] = (v[k] - mean) * scale;
                    if (gamma.by_element) u[k] *= gamma.at(c.channel, i + k * c.step);
                }
                out[places[k]] = Element(factor * (u[k] - sum - v[k] * product));
            }
    } while (taken && !kept);
}
"""


def _launch(name: str, x: Any, view: Columns, *arguments: Any) -> None:
    kernel = compiled(_SOURCE, name, x)
    kernel((view.blocks,), (view.threads,), (*arguments, *view[:8]))


def _fits(x: Any, eps: Any, *others: Any) -> bool:
    """Whether the kernels compute this: numbers of one floating-point dtype."""
    return (
        x.dtype.char in FLOATS
        and x.size > 0
        and type(eps) in (float, int)
        and all(type(a) in (float, int) or a.dtype == x.dtype for a in others)
    )


def _fit_moments(x: Any, mean: Any, var: Any) -> bool:
    return mean.dtype == var.dtype == wide(x.dtype)


def _affine(values: Any, by_element: bool) -> tuple[Any, int, int, float]:
    """The arguments of a kernel that say what the scale or the shift is."""
    if type(values) in (float, int):
        return 0, 0, 0, float(values)
    if by_element:
        return cupy.ascontiguousarray(values), 0, 1, 0.0
    return values, values.strides[0] // values.itemsize if values.size > 1 else 0, 0, 0.0


def _channels(x: Any) -> tuple[int, int, int]:
    """The shape of a batch as (N, C, S)."""
    return x.shape[0], x.shape[1], prod(x.shape[2:])


def _rows(x: Any, lead: int) -> tuple[int, int, int]:
    """The shape of an array as (1, rows, elements of a row); `lead` axes count the rows."""
    return 1, prod(x.shape[:lead]), prod(x.shape[lead:])


def _normalized(
    x: Any, shape: tuple[int, int, int], gamma: Any, beta: Any, eps: float, by_element: bool
) -> tuple[Any, Any, Any]:
    view, dtype = columns_of(*shape), wide(x.dtype)
    n, channels, s = shape
    x = cupy.ascontiguousarray(x)
    out = cupy.empty(x.shape, x.dtype)
    mean, var = cupy.empty(channels, dtype), cupy.empty(channels, dtype)
    partial = moments_of_parts(x, view)
    affine = (*_affine(gamma, by_element), *_affine(beta, by_element))
    _launch("normalize", x, view, x, partial, *affine, float(eps), out, mean, var, float(n * s))
    return out, mean, var


def _sums(
    g: Any, x: Any, mean: Any, var: Any, eps: float, shape: tuple[int, int, int], over_rows: bool
) -> tuple[Any, Any]:
    """The sums of g times the normalized x, and of g, for each channel."""
    view, channels = columns_of(*shape), shape[1]
    g, x = cupy.ascontiguousarray(g), cupy.ascontiguousarray(x)
    mean, var = cupy.ascontiguousarray(mean), cupy.ascontiguousarray(var)
    by_gamma, by_beta = cupy.empty(channels, x.dtype), cupy.empty(channels, x.dtype)
    given = g, x, mean, var, float(eps), *_affine(1.0, False), int(over_rows)
    if not view.partials:
        _launch("sum_products", x, view, *given, 0, 0, by_gamma, by_beta)
        return by_gamma, by_beta
    partial = cupy.empty(2 * view.partials * channels, mean.dtype)
    _launch("sum_products", x, view, *given, 0, partial, 0, 0)
    end = channels_of(channels, view.partials)
    _launch("sum_products", x, end, *given, partial, 0, by_gamma, by_beta)
    return by_gamma, by_beta


def _adjoint(
    g: Any, x: Any, gamma: Any, mean: Any, var: Any, eps: float, shape: tuple[int, int, int],
    by_element: bool,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """The adjoint of the input and, where gamma belongs to channels, those of gamma and beta."""
    view, (n, channels, s) = columns_of(*shape), shape
    g, x = cupy.ascontiguousarray(g), cupy.ascontiguousarray(x)
    mean, var = cupy.ascontiguousarray(mean), cupy.ascontiguousarray(var)
    out = cupy.empty(x.shape, x.dtype)
    given = g, x, mean, var, float(eps), *_affine(gamma, by_element)
    partial: Any = 0
    if view.partials:
        partial = cupy.empty(2 * view.partials * channels, mean.dtype)
        _launch("sum_products", x, view, *given, 0, 0, partial, 0, 0)
    by_gamma = by_beta = 0
    if not by_element:
        by_gamma, by_beta = cupy.empty(channels, x.dtype), cupy.empty(channels, x.dtype)
    _launch("find_adjoint", x, view, *given, partial, out, by_gamma, by_beta, float(n * s))
    return out, by_gamma, by_beta


def normalize_channels(x: Any, gamma: Any, beta: Any, eps: float) -> Any:
    if not _fits(x, eps, gamma, beta):
        return NotImplemented
    return _normalized(x, _channels(x), gamma, beta, eps, False)


def channel_sums(g: Any, x: Any, mean: Any, var: Any, eps: float) -> Any:
    if not _fits(x, eps, g) or not _fit_moments(x, mean, var):
        return NotImplemented
    return _sums(g, x, mean, var, eps, _channels(x), False)


def channels_adjoint(g: Any, x: Any, gamma: Any, mean: Any, var: Any, eps: float) -> Any:
    if not _fits(x, eps, g, gamma) or not _fit_moments(x, mean, var):
        return NotImplemented
    return _adjoint(g, x, gamma, mean, var, eps, _channels(x), False)


def normalize_rows(x: Any, gamma: Any, beta: Any, axes: int, eps: float) -> Any:
    if not _fits(x, eps, gamma, beta):
        return NotImplemented
    lead = x.ndim - axes
    out, mean, var = _normalized(x, _rows(x, lead), gamma, beta, eps, True)
    return out, mean.reshape(x.shape[:lead]), var.reshape(x.shape[:lead])


def row_sums(g: Any, x: Any, mean: Any, var: Any, eps: float) -> Any:
    if not _fits(x, eps, g) or not _fit_moments(x, mean, var):
        return NotImplemented
    _, rows, elements = _rows(x, mean.ndim)
    by_gamma, by_beta = _sums(g, x, mean, var, eps, (rows, elements, 1), True)
    shape = x.shape[mean.ndim :]
    return by_gamma.reshape(shape), by_beta.reshape(shape)


def rows_adjoint(g: Any, x: Any, gamma: Any, mean: Any, var: Any, eps: float) -> Any:
    if not _fits(x, eps, g, gamma) or not _fit_moments(x, mean, var):
        return NotImplemented
    return _adjoint(g, x, gamma, mean, var, eps, _rows(x, mean.ndim), True)[0]
