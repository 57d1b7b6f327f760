"""Axes that are not there, places of any dtype, and other arguments of functions on shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, host, raw

import mygrad as mg

X = np.array([[1.3, -0.7, 2.25], [0.4, 1.9, -1.2]])

BY_AXIS: dict[str, Any] = {
    "take": lambda t, k: mg.take(t, raw(np.array([0])), axis=k),
    "compress": lambda t, k: mg.compress(raw(np.array([True])), t, axis=k),
    "take_along_axis": lambda t, k: mg.take_along_axis(t, raw(np.zeros((2, 3), int)), axis=k),
    "concatenate": lambda t, k: mg.concatenate([t, t], axis=k),
    "stack": lambda t, k: mg.stack([t, t], axis=k),
    "split": lambda t, k: mg.split(t, 1, axis=k),
    "array_split": lambda t, k: mg.array_split(t, 1, axis=k),
    "unstack": lambda t, k: mg.unstack(t, axis=k),
    "repeat": lambda t, k: mg.repeat(t, 2, axis=k),
    "roll": lambda t, k: mg.roll(t, 1, axis=k),
    "flip": lambda t, k: mg.flip(t, axis=k),
    "moveaxis": lambda t, k: mg.moveaxis(t, k, 0),
    "swapaxes": lambda t, k: mg.swapaxes(t, k, 0),
    "rot90": lambda t, k: mg.rot90(t, axes=(0, k)),
    "expand_dims": lambda t, k: mg.expand_dims(t, k),
    "squeeze": lambda t, k: mg.squeeze(t, k),
    "permute_dims": lambda t, k: mg.permute_dims(t, (0, k)),
    "tensordot": lambda t, k: mg.tensordot(t, t, axes=((0,), (k,))),
    "sum": lambda t, k: mg.sum(t, axis=k),
    "mean": lambda t, k: mg.mean(t, axis=k),
    "var": lambda t, k: mg.var(t, axis=k),
    "std": lambda t, k: mg.std(t, axis=k),
    "max": lambda t, k: mg.max(t, axis=k),
    "prod": lambda t, k: mg.prod(t, axis=k),
    "logsumexp": lambda t, k: mg.logsumexp(t, axis=k),
    "cumsum": lambda t, k: mg.cumsum(t, axis=k),
    "cumprod": lambda t, k: mg.cumprod(t, axis=k),
    "cumsum include_initial": lambda t, k: mg.cumsum(t, axis=k, include_initial=True),
    "sum where": lambda t, k: mg.sum(t, axis=k, where=raw(X > 0)),
    "var where": lambda t, k: mg.var(t, axis=k, where=raw(X > 0)),
}


@pytest.mark.parametrize("axis", [2, 4, -3, -5, 7])
@pytest.mark.parametrize("name", BY_AXIS)
def test_axes_that_are_not_there(name: str, axis: int) -> None:
    """Finding 11: none wraps round."""
    if name in ("stack", "expand_dims") and axis in (2, -3):
        assert BY_AXIS[name](mg.tensor(raw(X)), axis).ndim == 3
        return
    with pytest.raises((ValueError, IndexError)):
        BY_AXIS[name](mg.tensor(raw(X)), axis)


@pytest.mark.numpy_only("another library's error may be of one of the kinds")
@pytest.mark.parametrize("name", BY_AXIS)
def test_such_errors_are_of_both_kinds(name: str) -> None:
    """As NumPy's are: programs catch one or the other."""
    for kind in (ValueError, IndexError):
        with pytest.raises(kind):
            BY_AXIS[name](mg.tensor(raw(X)), 5)


PAIRS: list[tuple[Any, Any, Any]] = [
    ((2, 3), (3, 2), 1), ((2, 3), (2, 3), 2), ((2, 3), (4,), 0),
    ((2, 3), (3, 4, 2), ((0, 1), (2, 0))),
    ((2, 3), (3, 2), ((-1,), (0,))), ((2, 3), (3, 2), (1, 0)), ((2, 0), (0, 3), 1),
    ((0, 2), (2, 3), 1), ((), (), 0), ((2, 3), (3, 2), ((0, 1), (0, 1))), ((2, 3), (3, 2), 3),
    ((2, 3), (3, 2), ((0,), (1, 0))), ((2, 3), (2, 3), ((0, 0), (0, 0))), ((2, 3), (3, 2), -1),
    ((2, 3), (3, 2), ((2,), (0,))), ((2, 3), (3, 2), ((1,), (-3,))), ((2, 3), (3, 2), 1.5),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right", "axes"), PAIRS, ids=str)
def test_tensordot(left: Any, right: Any, axes: Any) -> None:
    a, b = (np.arange(1.0, 1.0 + np.prod(s)).reshape(s) / 7 for s in (left, right))
    try:
        want = np.tensordot(a, b, axes)
    except (ValueError, IndexError, TypeError):
        want = None
    if want is None or axes == -1 or axes == ((0, 0), (0, 0)):  # of which NumPy makes something
        with pytest.raises((ValueError, TypeError)):
            mg.tensordot(mg.tensor(raw(a)), raw(b), axes)
        return
    np.testing.assert_allclose(host(mg.tensordot(raw(a), raw(b), axes)), want)
    x, y = mg.tensor(raw(a)), mg.tensor(raw(b))
    mg.tensordot(x, y, axes).sum().backward()
    assert (host(x.grad).shape, host(y.grad).shape) == (left, right)
    if a.size and b.size:
        check_gradients(lambda x, y: mg.tensordot(x, y, axes), [a, b])


def test_dot_writes_out() -> None:
    """Finding 11: also where the second operand has three axes."""
    b = np.arange(12.0).reshape(2, 3, 2)
    x, y = mg.tensor(raw(X)), mg.tensor(raw(np.zeros((2, 2, 2))))
    out = y * 1.0
    assert mg.dot(x, raw(b), out=out) is out
    np.testing.assert_allclose(host(out), np.dot(X, b))
    out.sum().backward()
    np.testing.assert_allclose(host(x.grad), np.tile(b.sum((0, 2)), (2, 1)))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int64", "uint64"])
@pytest.mark.parametrize("mode", ["raise", "wrap", "clip"])
def test_places_of_any_dtype(dtype: str, mode: str) -> None:
    """Finding 9: lengths that the dtype has no room for."""
    a = np.arange(300.0)
    places = np.array([0, 200 if dtype != "int8" else 100, 7]).astype(dtype)
    if dtype == "int8":
        places = np.append(places, np.int8(-100 if mode != "clip" else 3))
    x = mg.tensor(raw(a))
    try:
        y = mg.take(x, raw(places), mode=mode)
    except TypeError:  # some libraries do not take these
        assert dtype == "uint64"
        return
    np.testing.assert_array_equal(host(y), np.take(a, places.astype(np.int64), mode=mode))
    y.sum().backward()
    want = np.zeros(300)
    np.add.at(want, places.astype(np.int64), 1.0)
    np.testing.assert_array_equal(host(x.grad), want)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("mode", ["wrap", "clip"])
def test_places_beyond_the_ends(mode: str, axis: int | None) -> None:
    places = np.array([[-9, 1], [8, -1]])
    want = np.take(X, places, axis=axis, mode=mode)  # type: ignore[call-overload]
    np.testing.assert_array_equal(host(mg.take(raw(X), raw(places), axis, mode=mode)), want)
    check_gradients(lambda x: mg.take(x, raw(places), axis, mode=mode), [X])


@pytest.mark.numpy_only("the standard leaves places beyond the ends to the library")
def test_places_beyond_the_ends_raise() -> None:
    for place in (3, -4, -5, -6, 100):
        with pytest.raises(IndexError):
            mg.take(mg.tensor([1.0, 2.0, 3.0]), [place])
    with pytest.raises(IndexError):
        mg.compress([False, False, False, True], mg.tensor([1.0, 2.0, 3.0]))
    with pytest.raises(IndexError):
        mg.take(mg.tensor(np.zeros((0, 2))), [0], axis=0)
    with pytest.raises(TypeError):
        mg.take(mg.tensor([1.0]), [0.5])


@pytest.mark.parametrize("repeats", [2, (2,), 0, [3]])
@pytest.mark.parametrize("axis", [0, -1])
def test_repeat_of_a_number(repeats: Any, axis: int) -> None:
    """A 0-d tensor with an axis is repeated like one with one element."""
    x = mg.tensor(raw(np.array(1.5)))
    given = repeats if isinstance(repeats, int) else raw(np.array(repeats))
    y = mg.repeat(x, given, axis=axis)
    count = repeats if isinstance(repeats, int) else repeats[0]
    assert host(y).tolist() == [1.5] * count
    y.sum().backward()
    assert host(x.grad).shape == ()
    assert float(x.grad) == count


@pytest.mark.parametrize("values", [7, (1, 2), ((1, 2), (3, 4)), ((5,), (6,)), ((1, 2),), [3]])
def test_numbers_around(values: Any) -> None:
    widths = ((1, 2), (0, 1))
    want = np.pad(X, widths, constant_values=values)
    np.testing.assert_array_equal(host(mg.pad(raw(X), widths, constant_values=values)), want)
    check_gradients(lambda x: mg.pad(x, widths, constant_values=values), [X])


def test_what_pad_does_not_take() -> None:
    x = mg.tensor(raw(X))
    with pytest.raises(ValueError, match="constant_values="):
        mg.pad(x, 1, mode="edge", constant_values=1.0)
    for widths in (-1, ((1, 2, 3),), ((1,),) * 3):
        with pytest.raises(ValueError, match="pad_width="):
            mg.pad(x, widths)
    with pytest.raises(TypeError):
        mg.pad(x, 1.5)


@pytest.mark.parametrize("name", ["concatenate", "stack", "vstack", "hstack"])
def test_casts_of_what_is_joined(name: str) -> None:
    f = getattr(mg, name)
    x, y = mg.tensor(raw(X)), mg.tensor(raw(X.astype("float32")))
    joined = f([x, y], dtype="float32")
    assert joined.dtype == y.dtype
    joined.sum().backward()
    np.testing.assert_array_equal(host(x.grad), np.ones((2, 3)))
    assert f([x, y]).dtype == x.dtype
    for casting, options in (("safe", {"dtype": "float32"}), ("no", {}), ("equiv", {})):
        with pytest.raises(TypeError, match=casting):
            f([x, y], casting=casting, **options)
    assert f([x, x], casting="no").dtype == x.dtype
    assert f([x, y], dtype="int64", casting="unsafe").constant


def test_a_reshape_without_a_copy() -> None:
    x = mg.tensor(raw(X))
    assert mg.reshape(x, (3, 2), copy=True).base is None
    if mg.backends.selected_adapter().has_views:
        assert mg.reshape(x, (3, 2), copy=False).base is x
        with pytest.raises(ValueError, match="copy=False"):
            mg.reshape(x, (3, 2), order="F", copy=False)


def test_turning_needs_two_axes() -> None:
    for axes in ((0, 0), (1, -1), (0, 2)):
        for k in range(4):
            with pytest.raises(ValueError, match="rot90"):
                mg.rot90(mg.tensor(raw(X)), k, axes)


def test_clip_without_bounds() -> None:
    x = mg.tensor(raw(X))
    y = mg.clip(x)
    assert y is not x
    np.testing.assert_array_equal(host(y), X)
    y.sum().backward()
    np.testing.assert_array_equal(host(x.grad), np.ones((2, 3)))
    with pytest.raises(ValueError, match="min= and max="):
        mg.clip(x, 0.0, min=1.0)


def test_the_parts_of_divmod_are_of_the_operands() -> None:
    x, rest = mg.tensor(raw(np.array([7.0, -7.0]))), mg.tensor(raw(np.zeros(2)))
    y = x * 1.0
    mg.divmod(y, 3.0, out=(y, rest))
    assert host(y).tolist() == [2.0, -3.0]
    assert host(rest).tolist() == [1.0, 2.0]
