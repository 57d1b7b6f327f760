"""Kernels of losses that are given labels.

The cross-entropy reads the scores twice and writes four numbers for each row, in one launch: the
largest score, the sum of the other classes' powers, and the loss are worked out by the team of
threads that has the row (see `rows`). Its adjoint reads the scores once and writes the gradient,
in one launch. Labels of all integer types are read as they are, negative ones count from the end,
and one that is no class makes its row nan: the host never waits to see it.
"""

from __future__ import annotations

from typing import Any

import cupy
import numpy as np

from mygrad_cupy.c_types import c_type, wide
from mygrad_cupy.elementwise import elementwise, fits
from mygrad_cupy.rows import launch_rows, row_kernel

__all__ = [
    "at_labels", "crossentropy_adjoint", "focus", "focus_adjoint",
    "label_crossentropy", "label_hinge", "label_hinge_adjoint", "label_mask", "put_at_labels",
]  # fmt: skip

PLACE = r"""
// The place of a label, less than 0 if it is none of the classes.
__device__ long long place_of(long long label, long long length) {
    if (label < 0) label += length;
    return label < length ? label : -1;
}
"""

CROSSENTROPY = (
    PLACE
    + r"""
extern "C" __global__ void label_crossentropy(
    const T *x, const L *labels, A *losses, A *tops, A *others, A *totals,
    long long rows, long long length, long long inner, int team
) {
    FOR_EACH_ROW {
        THIS_ROW
        const T *scores = x + row * length;
        const long long label = place_of((long long)labels[row], length);
        const bool known = label >= 0;

        A top = (A)scores[0];
        for (long long k = me; k < length; k += team) top = Larger()(top, (A)scores[k]);
        top = gathered(top, team, Larger());

        A other = 0;
        for (long long k = me; k < length; k += team)
            if (k != label) other += exp((A)scores[k] - top);
        other = gathered(other, team, Add());

        if (!live || me) continue;
        const A nan = __int_as_float(0x7fc00000);
        const A shifted = known ? (A)scores[label] - top : nan;
        const A total = other + exp(shifted);
        // The loss of a sure sample is close to 0: the logarithm of 1 + the others.
        losses[row] = shifted == 0 ? log1p(other) : log(total) - shifted;
        tops[row] = known ? top : nan;
        others[row] = known ? other : 0;
        totals[row] = total;
    }
}
"""
)

HINGE = (
    PLACE
    + r"""
extern "C" __global__ void label_hinge(
    const T *x, const L *labels, T *out, double hinge,
    long long rows, long long length, long long inner, int team
) {
    FOR_EACH_ROW {
        THIS_ROW
        const T *scores = x + row * length;
        const long long label = place_of((long long)labels[row], length);
        const A correct = label < 0 ? (A)__int_as_float(0x7fc00000) : (A)scores[label];
        A sum = correct == correct ? 0 : correct;  // nan where there is nothing to compare with
        for (long long k = me; k < length; k += team) {
            const A margin = (A)scores[k] - correct + (A)hinge;
            if (k != label) sum += margin < 0 ? 0 : margin;
        }
        sum = gathered(sum, team, Add());
        if (live && !me) out[row] = (T)sum;
    }
}

extern "C" __global__ void label_hinge_adjoint(
    const T *g, const T *x, const L *labels, T *adjoint, double hinge,
    long long rows, long long length, long long inner, int team
) {
    FOR_EACH_ROW {
        THIS_ROW
        const T *scores = x + row * length;
        const long long label = place_of((long long)labels[row], length);
        const A correct = label < 0 ? (A)__int_as_float(0x7fc00000) : (A)scores[label];
        A beyond = 0;
        for (long long k = me; k < length; k += team)
            beyond += k != label && (A)scores[k] - correct + (A)hinge > 0;
        beyond = gathered(beyond, team, Add());
        if (!live) continue;
        const A each = (A)g[row];
        for (long long k = me; k < length; k += team) {
            const bool counts = (A)scores[k] - correct + (A)hinge > 0;
            adjoint[row * length + k] = (T)(k == label ? 0 - beyond * each : counts ? each : 0);
        }
    }
}
"""
)

ROWS = (
    PLACE
    + r"""
// The row of element i, by a short division where that will do: a long one takes many steps.
__device__ long long row_of(long long i, long long size, long long length) {
    return size < 0x7fffffff ? (long long)((unsigned)i / (unsigned)length) : i / length;
}
"""
)

_adjoint = cupy.ElementwiseKernel(
    "T x, raw G g, raw L labels, raw A top, raw A others, raw A total, int64 length, A rows",
    "T out",
    """
    const long long row = row_of(i, _ind.size(), length);
    const bool chosen = i - row * length == place_of((long long)labels[row], length);
    const A power = chosen ? -others[row] : exp((A)x - top[row]);
    out = (T)((A)g[0] / rows / total[row] * power);
    """,
    "mygrad_crossentropy_adjoint",
    preamble=ROWS,
)
_mask = cupy.ElementwiseKernel(
    "raw L labels, int64 length",
    "bool out",
    """
    const long long row = row_of(i, _ind.size(), length);
    out = i - row * length == place_of((long long)labels[row], length);
    """,
    "mygrad_label_mask",
    preamble=ROWS,
)
_at = cupy.ElementwiseKernel(
    "raw T x, L label, int64 length, T nan",
    "T out",
    """
    const long long place = place_of((long long)label, length);
    out = place < 0 ? nan : x[i * length + place];
    """,
    "mygrad_at_labels",
    preamble=ROWS,
)
_put = cupy.ElementwiseKernel(
    "raw T g, raw L labels, int64 length",
    "T out",
    """
    const long long row = row_of(i, _ind.size(), length);
    out = i - row * length == place_of((long long)labels[row], length) ? T(g[row]) : T(0);
    """,
    "mygrad_put_at_labels",
    preamble=ROWS,
)
_focus = elementwise("focus", "T rest, T gamma", "A(rest) > 0 ? pow(A(rest), A(gamma)) : A(0)")
_focus_adjoint = elementwise(
    "focus_adjoint", "T g, T rest, T gamma, T less",
    "A(g) * (A(rest) > 0 ? A(gamma) * pow(A(rest), A(less)) : A(0))",
)  # fmt: skip


def focus(rest: Any, gamma: Any) -> Any:
    """A power, and 0 from 0 down."""
    return _focus(rest, gamma) if fits(rest, gamma) else NotImplemented


def focus_adjoint(g: Any, rest: Any, gamma: Any) -> Any:
    """Its adjoint."""
    return _focus_adjoint(g, rest, gamma, gamma - 1) if fits(g, rest, gamma) else NotImplemented


def label_crossentropy(x: Any, labels: Any) -> Any:
    """The cross-entropy of each row of scores with its label, and what its adjoint needs."""
    if x.dtype.kind not in "fiub" or not x.shape[1]:
        return NotImplemented
    if x.dtype.kind != "f":
        x = x.astype(np.float64)
    rows, length = x.shape
    x, labels = cupy.ascontiguousarray(x), cupy.ascontiguousarray(labels)
    kind = wide(x.dtype)
    found = cupy.empty((4, rows, 1), kind)
    losses, top, others, total = found[0], found[1], found[2], found[3]
    if rows:
        types = {"T": c_type(x.dtype), "L": c_type(labels.dtype), "A": c_type(kind)}
        kernel = row_kernel("label_crossentropy", CROSSENTROPY, **types)
        launch_rows(kernel, rows, length, 1, (x, labels, losses, top, others, total))
    return losses, top, others, total


def crossentropy_adjoint(g: Any, x: Any, labels: Any, top: Any, others: Any, total: Any) -> Any:
    """The adjoint of scores, by that of the mean of the cross-entropies."""
    if x.dtype.kind != "f" or top.dtype != wide(x.dtype) or g.dtype.kind != "f":
        return NotImplemented
    rows, length = x.shape
    return _adjoint(x, g, labels, top, others, total, length, max(rows, 1))


def label_mask(labels: Any, count: int) -> Any:
    """A mask that is True at the label of each row."""
    return _mask(labels, count, cupy.empty((labels.shape[0], count), bool))


def at_labels(x: Any, labels: Any) -> Any:
    """The element at the label of each row."""
    rows, length = x.shape
    if not length or x.dtype.kind not in "fc":
        return NotImplemented
    return _at(x, labels, length, float("nan"), cupy.empty(rows, x.dtype))


def put_at_labels(g: Any, labels: Any, count: int) -> Any:
    """Zeros, with an element of `g` at the label of each row."""
    return _put(g, labels, count, cupy.empty((g.shape[0], count), g.dtype))


def label_hinge(x: Any, hinge: Any, labels: Any) -> Any:
    """For each row, the sum of the scores' margins above those `hinge` below the label's."""
    if x.dtype.kind != "f" or type(hinge) not in (int, float) or not x.shape[1]:
        return NotImplemented
    out = cupy.empty(x.shape[:1], x.dtype)
    _run_hinge("label_hinge", (x, labels), out, hinge)
    return out


def label_hinge_adjoint(g: Any, x: Any, hinge: Any, labels: Any) -> Any:
    """The adjoint of scores, by that of the sums of their margins."""
    if g.dtype != x.dtype or type(hinge) not in (int, float) or not x.shape[1]:
        return NotImplemented
    out = cupy.empty(x.shape, x.dtype)
    _run_hinge("label_hinge_adjoint", (g, x, labels), out, hinge)
    return out


def _run_hinge(name: str, operands: tuple[Any, ...], out: Any, hinge: float) -> None:
    *_, x, labels = operands
    types = {"T": c_type(x.dtype), "L": c_type(labels.dtype), "A": c_type(wide(x.dtype))}
    rows, length = x.shape
    if rows:
        operands = tuple(cupy.ascontiguousarray(a) for a in operands)
        kernel = row_kernel(name, HINGE, **types)
        launch_rows(kernel, rows, length, 1, (*operands, out, float(hinge)))
