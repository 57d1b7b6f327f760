"""Writing and adding into places that integer arrays select, which may repeat.

`scatter_add` is one launch: each thread takes one value, finds its place and adds it there
atomically, and neighbouring threads take neighbouring values. Complex numbers are pairs of floats;
float16 adds up in float32, and short integers in 32 bits, in an array of their own that is added at
the end. Where sums have to be the same from run to run (see `determinism`) the places are sorted,
stably, and one thread makes each sum.

`assign` writes the last of the values that go to a place: a first launch notes for each place
which that is, a second one writes it, so that the order of threads does not matter.

Slices, numbers and new axes in an index are looked through by strides, at no cost. Where one mask
is the index, the rank of each of its elements says which value goes there: that makes no sum of its
own, and nobody waits. Masks among other things are left to CuPy.
"""

from __future__ import annotations

from functools import cache
from math import prod
from typing import Any

import cupy
import numpy as np

from mygrad_cupy.c_types import c_type, wide
from mygrad_cupy.determinism import is_deterministic
from mygrad_cupy.selections import WRAPPED, Places, places_of, selected_shape, steps_of

__all__ = ["assign", "last_occurrences", "scatter_add"]

BLOCK, MOST_BLOCKS = 256, 1 << 16

ADDITIONS = r"""
__device__ void add(float *place, float v) { atomicAdd(place, v); }
__device__ void add(double *place, double v) { atomicAdd(place, v); }
__device__ void add(int *place, int v) { atomicAdd(place, v); }
__device__ void add(unsigned int *place, unsigned int v) { atomicAdd(place, v); }
__device__ void add(long long *place, long long v) {
    atomicAdd((unsigned long long *)place, (unsigned long long)v);
}
__device__ void add(unsigned long long *place, unsigned long long v) { atomicAdd(place, v); }
"""

SOURCES = {}
"""The kernels, by name."""

SOURCES["scatter_add"] = r"""
extern "C" __global__ void scatter_add(
    T *target, const V *values, const I *places, long long size, STEPS
) {
    FOR_EACH_VALUE {
        FIND_VALUE
        FIND_PLACE(places[b])
        add(target + at, (T)values[i * each]);
    }
}
"""

SOURCES["scatter_add_in_order"] = r"""
// Here b counts the places in the order of where they point; the first of equal ones adds up.
extern "C" __global__ void scatter_add_in_order(
    T *target, const V *values, const I *places, const long *order, long long size, STEPS
) {
    FOR_EACH_VALUE {
        FIND_VALUE
        const long long here = places[order[b]];
        if (b && places[order[b - 1]] == here) continue;
        FIND_PLACE(here)
        A sum = (A)target[at];
        for (long long k = b; k < count && places[order[k]] == here; k++)
            sum += (A)values[(i + (order[k] - b) * tail) * each];
        target[at] = (T)sum;
    }
}
"""

SOURCES["note_last"] = r"""
extern "C" __global__ void note_last(
    N *last, const I *places, long long size, long long places_in_all
) {
    FOR_EACH_VALUE atomicMax(last + wrapped(places[i], places_in_all), (N)i);
}
"""

SOURCES["write_last"] = r"""
extern "C" __global__ void write_last(
    T *target, const V *values, const I *places, const N *last, long long size, STEPS
) {
    FOR_EACH_VALUE {
        FIND_VALUE
        FIND_PLACE(places[b])
        if (last[place] == (N)b) target[at] = values[i * each];
    }
}
"""

LOOP = r"""
#define FOR_EACH_VALUE                                                                             \
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < size;                 \
         i += (long long)gridDim.x * blockDim.x)
"""

_is_last = cupy.ElementwiseKernel(
    "I place, raw N last, int64 places_in_all",
    "bool out",
    "out = last[wrapped(place, places_in_all)] == N(i);",
    "mygrad_is_last",
    preamble=WRAPPED,
)
_add_ranked = cupy.ElementwiseKernel(
    "bool mask, int64 rank, raw int64 ranks, raw T values, int64 count, int64 size, int64 width, "
    "T nan",
    "T target",
    """
    if (mask) {
        const bool fit = count == 1 || ranks[size - 1] == count;
        const long long row = count == 1 ? 0 : rank - 1;
        target = fit ? T(target + values[row * width + i % width]) : nan;
    }
    """,
    "mygrad_add_ranked",
)
_add_total = cupy.ElementwiseKernel(
    "W total", "T target", "target = T(target + total);", "mygrad_add_total"
)


@cache
def _kernel(name: str, types: tuple[str, ...], axes: tuple[int, int, int] | None) -> Any:
    """A kernel for types (as in ``"float T"``) and numbers of axes: see `_located`."""
    named = "".join(f"typedef {kind};\n" for kind in types)
    located = _located(*axes) if axes else ""
    parts = "#include <cuda_fp16.h>\n", named, WRAPPED, ADDITIONS, LOOP, located, SOURCES[name]
    return cupy.RawKernel("".join(parts), name)


def _located(before: int, along: int, after: int) -> str:
    """Macros for a target with so many axes before, along and after those of the places.

    FIND_VALUE finds the number `b` of the place of value `i`, and FIND_PLACE how far `at` its
    target lies from the first one. `each` is 0 where one value goes everywhere, `count` is the
    number of places, and `places_in_all` that of places there are.
    """
    outer, places = [f"a{k}" for k in range(before)], [f"p{k}" for k in range(along)]
    inner = [f"c{k}" for k in range(after)]
    steps = ["long long each", "long long count", "long long places_in_all"]
    steps += [f"long long {n}, long long {n}_step" for n in (*outer, *places, *inner)]
    turn = "at += (long long)(rest % (Index){n}) * {n}_step; rest /= (Index){n};".format
    place = "at += point % {n} * {n}_step; point /= {n};".format
    find_value = [
        f"const long long tail = {' * '.join(inner) or '1'};",
        "Index rest = (Index)i; long long at = 0;",
        *(turn(n=n) for n in reversed(inner)),
        "const long long b = (long long)(rest % (Index)count); rest /= (Index)count;",
        *(turn(n=n) for n in reversed(outer)),
    ]
    find_place = [
        "const long long place = wrapped(chosen, places_in_all); long long point = place;",
        *(place(n=n) for n in reversed(places)),
    ]
    return (
        f"#define STEPS {', '.join(steps)}\n"
        f"#define FIND_VALUE {' '.join(find_value)}\n"
        f"#define FIND_PLACE(chosen) {' '.join(find_place)}\n"
    )


def _run(
    name: str, types: dict[str, str], pointers: tuple[Any, ...], steps: Any,
    numbers: tuple[int, ...],
) -> None:  # fmt: skip
    """Run a kernel over values, of which the first of the numbers says how many there are."""
    size = numbers[0]
    index = {"Index": "unsigned int" if size < 1 << 32 else "unsigned long long"}
    named = tuple(f"{kind} {symbol}" for symbol, kind in (types | index).items())
    axes = tuple(len(part) for part in steps) if steps else None
    given = [number for part in steps or () for axis in part for number in axis]
    blocks = min(-(-size // BLOCK), MOST_BLOCKS)
    _kernel(name, named, axes)((blocks,), (BLOCK,), (*pointers, *numbers, *given))


def scatter_add(target: Any, index: Any, values: Any) -> None:
    """Add `values` into ``target[index]``, in place; repeated positions add up."""
    dtype = target.dtype
    theirs = np.result_type(getattr(values, "dtype", values), dtype)
    if not np.can_cast(theirs, dtype, "same_kind"):  # CuPy would cast, whatever is lost
        raise TypeError(f"values of dtype {theirs} cannot be added into an array of {dtype}")
    if not isinstance(values, cupy.ndarray):
        values = cupy.full((), values, dtype=dtype)
    if dtype.kind in "fc" and _add_where(target, index, values):
        return
    in_order = is_deterministic() and dtype.kind in "fc"
    places = places_of(index, target.shape)
    if places is None and in_order:
        _by_numbers(target, index, values)
    elif dtype.itemsize < 4 and not in_order:
        # Short integers wrap around at the end as they would on the way.
        total = cupy.zeros(target.shape, dtype=np.float32 if dtype.kind == "f" else np.int32)
        if places is None:
            cupy.add.at(total, index, values.astype(total.dtype))
        else:
            _scatter(total, places, values, False)
        _add_total(total, target)
    elif places is not None:
        _scatter(target, places, values, in_order)
    elif dtype.kind == "c":
        values = values.astype(dtype, copy=False)
        cupy.add.at(target.real, index, values.real)
        cupy.add.at(target.imag, index, values.imag)
    elif dtype == np.int64:  # which CuPy adds up since 14.2 only; as unsigned it wraps alike
        values = values.astype(dtype, copy=False)
        cupy.add.at(target.view(np.uint64), index, values.view(np.uint64))
    else:
        cupy.add.at(target, index, values)


def _add_where(target: Any, index: Any, values: Any) -> bool:
    """Add values into what a mask selects, if the index is one; else return False.

    CuPy would count what is selected, and wait for the device to know. The values tell it: if they
    are not as many, what is selected becomes nan.
    """
    mask = index[0] if isinstance(index, tuple) and len(index) == 1 else index
    if not isinstance(mask, cupy.ndarray) or mask.dtype.kind != "b" or not mask.ndim:
        return False
    rest = target.shape[mask.ndim :]
    values = values.reshape((1,) * (not values.ndim and not rest) + values.shape)
    if mask.shape != target.shape[: mask.ndim] or values.shape[1:] != rest:
        return False
    if values.ndim != len(rest) + 1 or not target.size:
        return False
    ranks = cupy.cumsum(mask.reshape(-1), dtype=np.int64)
    ones = (1,) * len(rest)
    _add_ranked(
        mask.reshape((*mask.shape, *ones)), ranks.reshape((*mask.shape, *ones)), ranks,
        values.astype(target.dtype, copy=False), values.shape[0], ranks.size, prod(rest),
        float("nan"), target,
    )  # fmt: skip
    return True


def _scatter(target: Any, places: Places, values: Any, in_order: bool) -> None:
    """Add values into the places of an array of at least 32 bits, or of float16 in order."""
    view = target[places.items]
    shape = selected_shape(view, places)
    each, parts = int(values.size > 1), 1
    if target.dtype.kind == "c":
        each, parts = 1, 2
        values = values.astype(target.dtype, copy=False)
    values = cupy.broadcast_to(values, shape)
    if not values.size:
        return
    if each:
        values = cupy.ascontiguousarray(values)
    steps = steps_of(view, places, parts)
    single = np.dtype(f"f{target.itemsize // 2}") if parts == 2 else target.dtype
    theirs = single if parts == 2 else values.dtype
    numbers = places.numbers(wrap=in_order)
    types = {"T": c_type(single), "V": c_type(theirs), "I": c_type(numbers.dtype)}
    sizes = (values.size * parts, each, numbers.size, prod(places.sizes))
    if not in_order:
        _run("scatter_add", types, (view, values, numbers), steps, sizes)
        return
    order = cupy.argsort(numbers.reshape(-1))
    types["A"] = c_type(wide(single))
    _run("scatter_add_in_order", types, (view, values, numbers, order), steps, sizes)


def assign(target: Any, index: Any, value: Any) -> None:
    """``target[index] = value``, in place; among repeated positions the last one wins."""
    if not isinstance(value, cupy.ndarray) or value.size < 2:
        target[index] = value
        return
    places = places_of(index, target.shape)
    if places is None:
        _assign_by_numbers(target, index, value)
        return
    view = target[places.items]
    shape = selected_shape(view, places)
    value = _without_leading_ones(value, len(shape)).astype(target.dtype, copy=False)
    value = cupy.ascontiguousarray(cupy.broadcast_to(value, shape))
    if not value.size:
        return
    parts = 2 if target.itemsize == 16 else 1
    numbers = places.numbers()
    last, kind = _last_at(numbers, prod(places.sizes))
    bits = {1: "char", 2: "short", 4: "int", 8: "long long"}[target.itemsize // parts]
    types = {"T": bits, "V": bits, "I": c_type(numbers.dtype), "N": kind}
    sizes = (value.size * parts, 1, numbers.size, prod(places.sizes))
    steps = steps_of(view, places, parts)
    _run("write_last", types, (view, value, numbers, last), steps, sizes)


def _without_leading_ones(value: Any, ndim: int) -> Any:
    """A value that may have more axes than what it is written to, if these are of length 1."""
    extra = max(value.ndim - ndim, 0)
    return value.reshape(value.shape[extra:]) if set(value.shape[:extra]) <= {1} else value


def _last_at(numbers: Any, places_in_all: int) -> tuple[Any, str]:
    """For each place that there is, which of the numbers points there last; and its type."""
    short = numbers.size < 1 << 32
    kind = "unsigned int" if short else "unsigned long long"
    last = cupy.zeros(places_in_all, dtype=np.uint32 if short else np.uint64)
    if numbers.size:
        types = {"N": kind, "I": c_type(numbers.dtype)}
        _run("note_last", types, (last, numbers), None, (numbers.size, places_in_all))
    return last, kind


def last_occurrences(index: Any, shape: tuple[int, ...]) -> Any:
    """Which elements of ``array[index] = values`` stay, where positions repeat."""
    places = places_of(index, shape)
    if places is None:
        numbers = _numbers(index, shape)
        return None if numbers is None else _last(numbers, prod(shape)) == _counted(numbers.shape)
    numbers = places.numbers()
    last, _ = _last_at(numbers, prod(places.sizes))
    kept = _is_last(numbers, last, prod(places.sizes))
    return kept.reshape((*places.shape, *(1,) * places.behind))


# --- indices that have masks and arrays in them --------------------------------------------------
def _counted(shape: tuple[int, ...]) -> Any:
    """An array of this shape that holds the position of each of its elements."""
    return cupy.arange(prod(shape), dtype=np.int64).reshape(shape)


def _numbers(index: Any, shape: tuple[int, ...]) -> Any:
    """The positions that an index selects; None without integer arrays: then none repeats."""
    items = index if isinstance(index, tuple) else (index,)
    if any(isinstance(i, cupy.ndarray) and i.dtype.kind in "iu" for i in items):
        return _counted(shape)[index]
    return None


def _last(numbers: Any, size: int) -> Any:
    """For each of these positions in an array of `size` elements, where it comes last."""
    last = cupy.zeros(size, dtype=np.uint64)  # int64 has a maximum.at since CuPy 14.2 only
    cupy.maximum.at(last, numbers, _counted(numbers.shape).view(np.uint64))
    return last[numbers].view(np.int64)


def _by_numbers(target: Any, index: Any, values: Any) -> None:
    """Add in order into what any index selects, by the positions of all elements."""
    numbers = _counted(target.shape)[index]
    flat = cupy.ascontiguousarray(target).reshape(-1)
    scatter_add(flat, (numbers,), cupy.broadcast_to(values, numbers.shape))
    if flat.data.ptr != target.data.ptr:
        target[...] = flat.reshape(target.shape)


def _assign_by_numbers(target: Any, index: Any, value: Any) -> None:
    """Repeated positions all get the value of the last one."""
    numbers = _numbers(index, target.shape)
    if numbers is not None:
        value = _without_leading_ones(value, numbers.ndim)
        value = cupy.broadcast_to(value, numbers.shape).reshape(-1)
        value = value[_last(numbers, target.size)]
    target[index] = value
