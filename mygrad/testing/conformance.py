"""What mygrad asks of an adapter, hook by hook: each check is a function of a `Bench`.

A check raises AssertionError if an adapter does something else than the protocol says
(`mygrad.arrays.protocol`), and `Skip` if it does not apply.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from mygrad.autodiff.namespace import registry
from mygrad.testing.bench import Bench, Skip, check, require

Array = NDArray[Any]
REQUIRED = ("float32", "int32", "int64", "bool")
OPTIONAL = ("float16", "float64", "complex64", "complex128", "int8", "uint8")


# --- the declaration ------------------------------------------------------------------------------
@check("declaration", "name, array_types, xp")
def declaration(bench: Bench) -> None:
    adapter = bench.adapter
    require(isinstance(adapter.name, str) and adapter.name, "the adapter has no name")
    for field in ("array_types", "scalar_types"):
        types = getattr(adapter, field)
        fits = isinstance(types, tuple) and all(isinstance(t, type) for t in types)
        require(fits, f"{field} is {types!r}, and should be a tuple of types")
    require(adapter.array_types, "array_types is empty")
    require(adapter.xp is not None, "xp is None, and should be the library's namespace")


STANDARD = """
    abs acos acosh add all any arange argmax argmin argsort asarray asin asinh astype atan atan2
    atanh bitwise_and bitwise_invert bitwise_or bitwise_xor broadcast_to can_cast ceil clip
    concat conj cos cosh cumulative_sum divide empty empty_like equal exp expand_dims expm1 eye
    finfo flip floor floor_divide full full_like greater greater_equal hypot imag isdtype
    isfinite isinf isnan less less_equal linspace log log10 log1p log2 logaddexp logical_and
    logical_not logical_or logical_xor matmul max maximum mean min minimum multiply negative
    nonzero not_equal ones ones_like permute_dims positive pow prod real remainder reshape
    result_type roll round searchsorted sign sin sinh sort sqrt square squeeze stack std
    subtract sum take tan tanh tensordot tril triu trunc var vecdot where zeros zeros_like
""".split()
"""Functions of the standard (2024.12) that operations and their rules are made of."""


@check("declaration", "the functions of the standard")
def functions(bench: Bench) -> None:
    adapter = bench.adapter
    missing = [
        name
        for name in STANDARD
        if getattr(adapter.xp, name, None) is None
        and name not in adapter.kernels
        and not (name in registry and registry[name].takes_xp)
    ]
    require(not missing, f"xp has no {', '.join(missing)}")


@check("declaration", "arrays change in place")
def in_place(bench: Bench) -> None:
    array = same = bench.array([1.0, 2.0])
    array += bench.array([1.0, 1.0])
    if array is same:
        bench.same(same, [2.0, 3.0], "`a` after `a += b`")
    elif bench.adapter.has_views:
        raise AssertionError(
            "`a += b` makes a new array, and has_views is True. mygrad would add adjoints up in "
            "place, and lose them: set has_views = False"
        )
    else:
        raise Skip("they do not, and has_views is False")


@check("declaration", "has_views")
def has_views(bench: Bench) -> None:
    array = bench.array([1.0, 2.0, 3.0])
    part = array[1:]
    try:
        part[...] = 0.0
    except Exception as error:
        require(
            not bench.adapter.has_views, f"has_views is True, and a[1:][...] = 0 fails: {error}"
        )
        return
    if bench.adapter.has_views:
        seen = bench.adapter.to_host(array)
        require(
            seen[2] == 0.0,
            "has_views is True, and a[1:] is a copy: what is written to it is not seen in `a`",
        )


@check("declaration", "elements_are_copies")
def elements(bench: Bench) -> None:
    bench.need_views()
    adapter = bench.adapter
    array = bench.array([1.0, 2.0, 3.0])
    one, seen = array[1], array[1, ...]
    adapter.assign(array, ..., bench.array([4.0, 5.0, 6.0]))
    bench.same(seen, 5.0, "a[1, ...], a view, after `a` was written to,")
    is_copy = np.asarray(adapter.to_host(adapter.copy(one))) == 2.0
    require(
        is_copy == adapter.elements_are_copies,
        f"elements_are_copies is {adapter.elements_are_copies}, and a[1] is a "
        f"{'copy' if is_copy else 'view'}",
    )


# --- to and from the host -------------------------------------------------------------------------
HOST_ARRAYS: dict[str, Array] = {
    "of no dimensions": np.array(2),
    "empty": np.zeros((2, 0)),
    "in C order": np.arange(6).reshape(2, 3),
    "in Fortran's order": np.arange(6).reshape(3, 2).T,
    "reversed": np.arange(6)[::-1],
    "read-only": np.broadcast_to(np.array(1), (2, 2)),
}


@check("host", "from_host and to_host")
def round_trips(bench: Bench) -> None:
    adapter = bench.adapter
    for dtype in (*REQUIRED, *OPTIONAL):
        for kind, values in HOST_ARRAYS.items():
            given = values.astype(dtype, order="K")
            try:
                there = adapter.from_host(given)
            except Exception:
                if dtype in REQUIRED:
                    raise
                break
            require(
                type(there) in adapter.array_types,
                f"from_host returned a {type(there).__name__}, which is none of array_types",
            )
            back = adapter.to_host(there)
            require(type(back) is np.ndarray, f"to_host returned a {type(back).__name__}")
            require(
                back.dtype == given.dtype and back.shape == given.shape,
                f"an array {kind}, {dtype}{list(given.shape)}, came back as "
                f"{back.dtype}{list(back.shape)}",
            )
            require(np.array_equal(back, given), f"an array {kind} came back as {back.tolist()}")


@check("host", "copies in both directions")
def copies(bench: Bench) -> None:
    adapter = bench.adapter
    there = bench.array([1.0, 2.0])
    adapter.to_host(there)[0] = 9.0
    bench.same(there, [1.0, 2.0], "an array after its copy of to_host was written to")
    if np.ndarray not in adapter.array_types:
        given = np.array([1.0, 2.0], "float32")
        there = adapter.from_host(given)
        given[0] = 9.0
        bench.same(there, [1.0, 2.0], "from_host(a), after `a` was written to,")


@check("host", "asarray")
def asarray(bench: Bench) -> None:
    adapter = bench.adapter
    for value in (1.5, 2, True, [1.0, 2.0], [[1], [2]]):
        found = adapter.asarray(value)
        require(
            type(found) in adapter.array_types,
            f"asarray({value!r}) is a {type(found).__name__}, which is none of array_types",
        )
        bench.same(found, value, f"asarray({value!r})")
    array = bench.array([1.0, 2.0])
    require(
        adapter.asarray(array) is array or adapter.is_view(adapter.asarray(array), array),
        "asarray(a) is a copy of the array `a`",
    )
    wanted = bench.array([0], "int32").dtype
    found = adapter.asarray([1, 2], dtype=wanted)
    require(found.dtype == wanted, f"asarray([1, 2], dtype={wanted}) is of dtype {found.dtype}")


@check("host", "copy and plain")
def copy(bench: Bench) -> None:
    adapter = bench.adapter
    array = bench.array([1.0, 2.0])
    copied = adapter.copy(array)
    if adapter.has_views:
        adapter.assign(array, ..., 0.0)
    bench.same(copied, [1.0, 2.0], "copy(a)")
    total = adapter.xp.sum(copied)
    require(
        isinstance(total, (*adapter.array_types, *adapter.scalar_types)),
        f"sums are of the type {type(total).__name__}, which is in neither array_types nor "
        f"scalar_types",
    )
    found = adapter.copy(total)
    require(type(found) in adapter.array_types, "copy of a sum is not in array_types")
    bench.same(found, 3.0, "copy(sum(a))")
    bench.same(adapter.plain(copied), [1.0, 2.0], "plain(a)")


@check("host", "numbers and booleans")
def numbers(bench: Bench) -> None:
    one = bench.array(1.0)
    require(float(one) == 1.0 and int(one) == 1, "float(a) and int(a) do not give an element")
    require(bool(one) and not bool(bench.array(0.0)), "bool(a) does not say whether a is 0")


# --- devices --------------------------------------------------------------------------------------
@check("devices", "device, parse_device, to_device")
def devices(bench: Bench) -> None:
    adapter = bench.adapter
    array = bench.array([1.0, 2.0, 3.0])
    device = adapter.device(array)
    require(
        adapter.parse_device(device) == device,
        f"parse_device({device!r}) is {adapter.parse_device(device)!r}, and should be the same",
    )
    require(adapter.device(array[1:]) == device, "a part of an array says it is elsewhere")
    moved = adapter.to_device(array, device)
    bench.same(moved, [1.0, 2.0, 3.0], "to_device(a, device(a))")
    for there in (moved, adapter.from_host(np.ones(2, "float32"), device)):
        require(adapter.device(there) == device, f"an array for {device!r} is elsewhere")
    found = adapter.asarray(1.0, device=device)
    require(adapter.device(found) == device, "asarray(..., device=) is elsewhere")
    adapter.synchronize()


@check("devices", "moves to another device and back")
def moves(bench: Bench) -> None:
    adapter = bench.adapter
    if bench.other_device is None:
        raise Skip("no other device was named (other_device=)")
    there = adapter.parse_device(bench.other_device)
    array = bench.array([1.0, 2.0, 3.0])
    here = adapter.device(array)
    require(here != there, f"other_device={bench.other_device!r} is where arrays are made anyway")
    moved = adapter.to_device(array, there)
    arrays = {
        f"to_device(a, {there!r})": moved,
        f"from_host(a, {there!r})": adapter.from_host(np.array([1, 2, 3], "float32"), there),
        "a copy of what is there": adapter.copy(moved),
    }
    if adapter.has_views:
        arrays["a slice of what is there"] = adapter.to_device(bench.array([0, 1, 2, 3]), there)[1:]
        made = adapter.allocate((3,), (4,), array.dtype, there)
        adapter.assign(made, ..., moved)
        arrays["what allocate made there"] = made
        require(adapter.owner(moved) is not adapter.owner(array), "to_device returned a view")
    for what, found in arrays.items():
        require(adapter.device(found) == there, f"{what} is on {adapter.device(found)!r}")
        bench.same(found, [1.0, 2.0, 3.0], what)
    back = adapter.to_device(moved, here)
    require(adapter.device(back) == here, "what was moved back is not here")
    bench.same(back, [1.0, 2.0, 3.0], "what was moved back")


# --- memory ---------------------------------------------------------------------------------------
Window = tuple[int, tuple[int, ...], tuple[int, ...]]
WINDOWS: list[Window] = [(0, (6,), (1,)), (1, (2, 2), (3, 1)), (4, (), ()), (2, (3, 2), (0, 1)),
                         (0, (4, 3), (1, 1)), (3, (0, 2), (2, 1))]  # fmt: skip
BACKWARD_WINDOWS: list[Window] = [(5, (3,), (-2,)), (5, (2, 3), (-3, -1))]
"""Offset, shape and strides in elements, of windows on six elements."""

Shape = tuple[tuple[int, ...], tuple[int, ...]]
LAYOUTS: list[Shape] = [((), ()), ((6,), (1,)), ((2, 3), (3, 1)), ((2, 3), (1, 2)), ((3,), (2,))]
BACKWARD_LAYOUTS: list[Shape] = [((3,), (-1,)), ((2, 3), (-3, 1)), ((2, 2), (-1, -4))]
"""Shapes and strides in elements, of arrays to allocate."""

PARTS: dict[str, Callable[[Any], Any]] = {
    "a[1:, :]": lambda a: a[1:, :],
    "a[:, ::2]": lambda a: a[:, ::2],
    "a[1, ...]": lambda a: a[1, ...],
    "a[..., None]": lambda a: a[..., None],
    "a[::-1, :]": lambda a: a[::-1, :],
}


@check("memory", "address, strides, is_view and owner of slices")
def slices(bench: Bench) -> None:
    bench.need_views()
    adapter = bench.adapter
    values = np.arange(12.0, dtype="float32").reshape(3, 4)
    array = bench.array(values)
    require(adapter.is_view(array, array), "is_view(a, a) is False")
    require(
        tuple(adapter.strides(array)) == (16, 4),
        f"strides of a C-ordered float32[3, 4] are {adapter.strides(array)}, and should be (16, 4)",
    )
    for name, part in PARTS.items():
        try:
            seen = part(array)
        except Exception as error:
            if "-" in name:
                continue  # which "negative strides" says
            raise AssertionError(f"{name} fails: {error}") from error
        if not adapter.is_view(seen, array):
            require("-" in name, f"is_view({name}, a) is False")
            continue  # some libraries have no negative strides
        require(adapter.owner(seen) is adapter.owner(array), f"{name} has another owner than `a`")
        offset, strides = adapter.address(seen) - adapter.address(array), adapter.strides(seen)
        again = adapter.window(array, offset, tuple(seen.shape), tuple(strides))
        bench.same(again, part(values), f"{name}, by its address and strides,")


@check("memory", "is_view and owner of new arrays")
def new_arrays(bench: Bench) -> None:
    bench.need_views()
    adapter = bench.adapter
    array = bench.array([1.0, 2.0])
    for name, other in {"a + a": array + array, "copy(a)": adapter.copy(array)}.items():
        require(not adapter.is_view(other, array), f"is_view({name}, a) is True")
        require(adapter.owner(other) is not adapter.owner(array), f"{name} has the owner of `a`")
    require(adapter.owner(array) is adapter.owner(array), "owner(a) is a new object each time")


@check("memory", "window")
def window(bench: Bench, windows: list[Window] = WINDOWS) -> None:
    bench.need_views()
    adapter = bench.adapter
    values = np.arange(6.0, dtype="float32")
    for offset, shape, strides in windows:
        array, expected = bench.array(values), values.copy()
        steps = tuple(4 * s for s in strides)
        what = f"window(a, {4 * offset}, {shape}, {steps})"
        seen = adapter.window(array, 4 * offset, shape, steps)
        base = expected[offset:]
        bench.same(seen, as_strided(base, shape, steps), what)
        if 0 in shape:
            continue
        require(adapter.is_view(seen, array), f"is_view({what}, a) is False")
        require(adapter.owner(seen) is adapter.owner(array), f"{what} has another owner than `a`")
        require(
            tuple(adapter.strides(seen)[k] for k, n in enumerate(shape) if n > 1)
            == tuple(s for s, n in zip(steps, shape, strict=True) if n > 1),
            f"the strides of {what} are {adapter.strides(seen)}",
        )
        if 0 not in strides and (4, 3) != shape:
            seen += 10.0
            as_strided(base, shape, steps)[...] += 10.0
            bench.same(array, expected, f"`a`, after `{what} += 10`,")


@check("memory", "seen, window and put of arrays that never change")
def windows_without_memory(bench: Bench) -> None:
    adapter = bench.adapter
    if adapter.has_views:
        raise Skip("has_views is True")
    values = np.arange(12.0, dtype="float32").reshape(3, 4)
    array = bench.array(values)
    for name, part in PARTS.items():
        seen = adapter.seen(lambda a, _, part=part: part(a), (3, 4), (16, 4), array.dtype)
        require(seen is not None, f"seen is None for {name}, of which NumPy makes a view")
        want, there = part(values), bench.array(part(values) + 50.0)
        bench.same(adapter.window(array, *seen), want, f"window of {name}")
        for adds in (False, True):
            expected = values.copy()
            part(expected)[...] = want + 50.0 + (want if adds else 0.0)
            bench.same(adapter.put(array, there, *seen, adds), expected, f"put into {name}")
    copies = adapter.seen(lambda a, _: a + a, (3, 4), (16, 4), array.dtype)
    require(copies is None, f"seen is {copies} for a + a, which is no view")


@check("memory", "allocate")
def allocate(bench: Bench, layouts: list[Shape] = LAYOUTS) -> None:
    adapter = bench.adapter
    bench.need_views()
    like = bench.array([0.0])
    for shape, strides in layouts:
        steps = tuple(4 * s for s in strides)
        what = f"allocate({shape}, {steps})"
        array = adapter.allocate(shape, steps, like.dtype, adapter.device(like))
        bench.same(array, np.zeros(shape, "float32"), what)
        require(array.dtype == like.dtype, f"{what} is of dtype {array.dtype}")
        require(
            tuple(adapter.strides(array)) == steps, f"{what} has strides {adapter.strides(array)}"
        )
        require(adapter.device(array) == adapter.device(like), f"{what} is on another device")
        values = numbered(shape)
        adapter.assign(array, ..., bench.array(values))
        bench.same(array, values, f"{what}, after it was written to,")
        if shape:  # and a window on it
            seen = adapter.window(array, 0, shape[:-1], steps[:-1])
            bench.same(seen, values[..., 0], f"window({what}, 0, {shape[:-1]}, {steps[:-1]})")
    for shape in ((0,), (2, 0)):
        array = adapter.allocate(shape, (4,) * len(shape), like.dtype, adapter.device(like))
        require(tuple(array.shape) == shape, f"allocate({shape}, ...) has shape {array.shape}")


@check("memory", "windows and allocate with negative strides")
def backward(bench: Bench) -> None:
    bench.need_views()
    bench.need_negative_steps()
    window(bench, BACKWARD_WINDOWS)
    allocate(bench, BACKWARD_LAYOUTS)


@check("memory", "overlaps")
def overlaps(bench: Bench) -> None:
    bench.need_views()
    adapter = bench.adapter
    array = bench.array(np.arange(8.0))
    pairs = {
        "a and a": (array, array),
        "a and a[2:3]": (array, array[2:3]),
        "a[:5] and a[4:]": (array[:5], array[4:]),
        "a[::2] and a[::3]": (array[::2], array[::3]),
    }
    for what, (one, other) in pairs.items():
        for a, b in ((one, other), (other, one)):
            require(adapter.overlaps(a, b), f"overlaps is False for {what}")
    require(not adapter.overlaps(array, adapter.copy(array)), "overlaps is True for a and a copy")


# --- locking --------------------------------------------------------------------------------------
@check("locking", "can_lock, is_writeable, set_writeable")
def locking(bench: Bench) -> None:
    adapter = bench.adapter
    array = bench.array([1.0, 2.0])
    require(adapter.is_writeable(array), "is_writeable is False for a new array")
    if not adapter.can_lock:
        raise Skip("can_lock is False")
    for what, locked in (("an array", array), ("a view", bench.array([1.0, 2.0])[:])):
        adapter.set_writeable(locked, False)
        require(not adapter.is_writeable(locked), f"is_writeable is True for {what} that is locked")
        try:
            locked[...] = 0.0
        except Exception:
            pass
        else:
            raise AssertionError(f"{what} can be written to after set_writeable({what}, False)")
        adapter.set_writeable(locked, True)
        require(adapter.is_writeable(locked), f"{what} stays locked after set_writeable(a, True)")
        locked[...] = 0.0
        bench.same(locked, [0.0, 0.0], f"{what} that was unlocked and written to")


# --- writing --------------------------------------------------------------------------------------
def indices(bench: Bench) -> dict[str, tuple[Any, Any]]:
    """By name: indices into a (3, 4) array, for the library and for NumPy."""
    found: dict[str, tuple[Any, Any]] = {
        "...": (..., ...),
        "1:, ...": ((slice(1, None), ...),) * 2,
        "1, ::2": ((1, slice(None, None, 2)),) * 2,
        "2, 3": ((2, 3),) * 2,
    }
    mask = np.arange(12).reshape(3, 4) % 3 == 0
    repeated, columns = np.array([2, 0, 2]), np.array([3, 1, 3])
    for name, arrays in {
        "mask": (mask,),
        "[2, 0, 2]": (repeated,),
        "[2, 0, 2], [3, 1, 3]": (repeated, columns),
        "[[2], [0]]": (np.array([[2], [0]]),),
    }.items():
        theirs = tuple(bench.array(a, a.dtype) for a in arrays)
        found[name] = (theirs, arrays) if len(arrays) > 1 else (theirs[0], arrays[0])
        try:
            bench.array(np.zeros((3, 4)))[found[name][0]]
        except Exception:  # mygrad never uses an index that the library itself cannot read
            del found[name]
    return found


def numbered(shape: tuple[int, ...]) -> Any:
    """1, 2, 3, ... in this shape."""
    return np.arange(1.0, 1 + np.prod(shape, dtype=int), dtype="float32").reshape(shape)


def returned(bench: Bench, name: str, array: Any, index: Any, values: Any) -> Any:
    """What a write returns: the array, or where arrays never change, the one in its place."""
    before = bench.adapter.to_host(array)
    found = getattr(bench.adapter, name)(array, index, values)
    if bench.adapter.has_views:
        require(found is array, f"{name} returns {found!r}, and should return its target")
    else:
        bench.same(array, before, f"an array that never changes, after {name},")
    return found


@check("writing", "assign")
def assign(bench: Bench) -> None:
    adapter = bench.adapter
    for name, (theirs, ours) in indices(bench).items():
        want = np.zeros((3, 4), "float32")
        values = numbered(want[ours].shape)
        array = bench.array(want)
        array = returned(bench, "assign", array, theirs, bench.array(values))
        want[ours] = values
        bench.same(array, want, f"assign(zeros, ({name}), 1, 2, 3, ...)")
        array = adapter.assign(array, theirs, 7.0)
        want[ours] = 7.0
        bench.same(array, want, f"assign(a, ({name}), 7.0)")


@check("writing", "scatter_add")
def scatter_add(bench: Bench) -> None:
    adapter = bench.adapter
    for name, (theirs, ours) in indices(bench).items():
        want = np.ones((3, 4), "float32")
        values = numbered(want[ours].shape)
        array = bench.array(want)
        array = returned(bench, "scatter_add", array, theirs, bench.array(values))
        np.add.at(want, ours, values)
        bench.same(array, want, f"ones after scatter_add(ones, ({name}), 1, 2, 3, ...)")
    if not adapter.has_views:
        return
    array = bench.array(np.zeros((3, 4)))
    part = array[:, 1:3]
    adapter.scatter_add(part, bench.array([2, 0, 2], "int64"), bench.array(np.ones((3, 2))))
    want = np.zeros((3, 4), "float32")
    np.add.at(want[:, 1:3], np.array([2, 0, 2]), 1.0)
    bench.same(array, want, "an array after scatter_add into a part of it")


@check("writing", "last_occurrences")
def last_occurrences(bench: Bench) -> None:
    adapter = bench.adapter
    for name, (theirs, ours) in indices(bench).items():
        kept = adapter.last_occurrences(theirs, (3, 4))
        arrays = ours if isinstance(ours, tuple) else (ours,)
        repeats = any(isinstance(a, np.ndarray) and a.dtype.kind == "i" for a in arrays)
        if kept is None:
            require(not repeats, f"last_occurrences(({name})) is None, and positions may repeat")
            continue
        order = np.zeros((3, 4), int)
        places = np.arange(12).reshape(3, 4)[ours]
        counted = np.arange(places.size).reshape(places.shape)
        order.reshape(-1)[places.reshape(-1)] = counted.reshape(-1)
        want = order.reshape(-1)[places] == counted
        found = np.broadcast_to(adapter.to_host(kept), want.shape)
        require(
            np.array_equal(found, want),
            f"last_occurrences(({name})) is {found.tolist()}, and should be {want.tolist()}",
        )


@check("writing", "can_cast and masks_ufunc")
def casting(bench: Bench) -> None:
    adapter = bench.adapter
    floats, integers = bench.array([1.5, 2.5]), bench.array([1, 2], "int64")
    require(adapter.can_cast(floats.dtype, floats.dtype), "can_cast(float32, float32) is False")
    require(adapter.can_cast(integers.dtype, floats.dtype), "can_cast(int64, float32) is False")
    if adapter.can_cast(floats.dtype, integers.dtype):
        try:
            integers += floats
        except Exception:  # the library refuses it itself
            pass
        else:
            raise AssertionError("can_cast(float32, int64) is True: in-place sums lose fractions")
    add = getattr(adapter.xp, "add", None)
    if adapter.masks_ufunc(add):
        target, mask = bench.array([0.0, 0.0]), bench.array([True, False], "bool")
        add(floats, floats, out=target, where=mask)  # type: ignore[misc]
        bench.same(target, [3.0, 0.0], "add(a, a, out=zeros, where=[True, False])")
