"""Arrays of other types than NumPy's own: copied, seen plainly, or refused, wherever they go in."""

from __future__ import annotations

import array
import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mygrad as mg

pytestmark = [
    pytest.mark.numpy_only("is about types of NumPy's"),
    pytest.mark.filterwarnings("ignore:the matrix subclass"),
]

VALUES = [[1.0, 2.0], [3.0, 4.0]]


class Named(np.ndarray):
    """A subclass that computes as its parent does."""


class Meters(np.ndarray):
    """A subclass whose ufuncs keep track of something."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = [a.view(np.ndarray) if isinstance(a, Meters) else a for a in inputs]
        return getattr(ufunc, method)(*plain, **kwargs).view(Meters)


MAKERS: dict[str, Callable[[], Any]] = {
    "array": lambda: np.array(VALUES),
    "frombuffer": lambda: np.frombuffer(bytearray(np.array(VALUES))).reshape(2, 2),
    "recarray": lambda: np.array(VALUES).view(np.recarray),
    "subclass": lambda: np.array(VALUES).view(Named),
    "big-endian": lambda: np.array(VALUES, ">f8"),
    "array.array": lambda: array.array("d", [1.0, 2.0]),
    "memoryview": lambda: memoryview(array.array("d", [1.0, 2.0])),
    "ctypes": lambda: (ctypes.c_double * 2)(1.0, 2.0),
    "matrix": lambda: np.matrix(VALUES),
    "masked": lambda: np.ma.masked_array(VALUES, [[0, 1], [0, 0]]),
    "unmasked": lambda: np.ma.masked_array(VALUES),
    "units": lambda: np.array(VALUES).view(Meters),
}
REFUSED_OPERANDS = {"matrix", "masked", "unmasked", "units"}
WITHOUT_VALUES = {"masked"}


def write_all(a: Any) -> None:
    """Change every element, if that is not prevented."""
    try:
        if isinstance(a, (array.array, memoryview, ctypes.Array)):
            a[0] = a[1] = 100.0
        else:
            a[...] = 100.0
    except ValueError as error:
        assert "read-only" in str(error)


def values_of(a: Any) -> Any:
    return np.array(np.asarray(a), float)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("make", [mg.tensor, mg.Tensor], ids=["tensor", "Tensor"])
def test_a_tensor_has_memory_of_its_own(kind: str, make: Any) -> None:
    given = MAKERS[kind]()
    if kind in WITHOUT_VALUES:
        with pytest.raises(TypeError, match="mask"):
            make(given)
        return
    before = values_of(given)
    t = make(given)
    assert type(t.data) is np.ndarray
    assert t.dtype.isnative
    assert not np.shares_memory(t.data, np.asarray(given))
    t[...] = -1.0
    assert values_of(given).tolist() == before.tolist()
    u = make(given)
    write_all(given)
    assert u.data.tolist() == before.tolist()
    (u * u).backward()
    assert u.grad.dtype == u.dtype
    assert type(u.grad) is np.ndarray


@pytest.mark.parametrize("kind", sorted(set(MAKERS) - WITHOUT_VALUES))
def test_without_a_copy_tensors_share_the_memory(kind: str) -> None:
    given = MAKERS[kind]()
    t = mg.tensor(given, copy=False)
    assert type(t.data) is np.ndarray
    if kind == "big-endian":  # cannot be
        assert t.dtype.isnative
        return
    (result := t * t).sum()
    t[...] = 5.0
    assert (values_of(given) == 5).all()
    result.backward()
    assert t.grad is None
    result = t * t
    if isinstance(given, np.ndarray):  # other buffers cannot be locked
        write_all(given)
    result.backward()
    assert (t.grad == 10).all()


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "t * a": lambda t, a: t * a,
    "a * t": lambda t, a: mg.multiply(a, t),
    "t + a": lambda t, a: t + a,
    "t @ a": lambda t, a: t @ a,
    "mg.matmul(a, t)": lambda t, a: mg.matmul(a, t),
    "np.where": lambda t, a: np.where(np.array([True, False]), t * t, a),
    "mg.maximum": lambda t, a: mg.maximum(t * t, a),
    "einsum": lambda t, a: mg.einsum("...i,...i->...", t, a),
    "t ** a": lambda t, a: t**a,
}


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("operation", BINARY)
def test_operands(kind: str, operation: str) -> None:
    """Gradients are those of the values that the operand had, whatever happens to it later."""
    given = MAKERS[kind]()
    t = mg.tensor(VALUES)
    function = BINARY[operation]
    if kind in REFUSED_OPERANDS:
        with pytest.raises(TypeError, match=r"np\.asarray|a\.filled"):
            function(t, given)
        return
    plain = values_of(given)
    twin = mg.tensor(VALUES)
    wanted = function(twin, plain)
    wanted.backward()
    result = function(t, given)
    write_all(given)
    assert type(result.data) is np.ndarray
    np.testing.assert_array_equal(result.data, wanted.data)
    result.backward()
    np.testing.assert_array_equal(t.grad, twin.grad)


@pytest.mark.parametrize("kind", MAKERS)
def test_values_that_are_written(kind: str) -> None:
    x = mg.tensor(VALUES)
    for update in ("t[...] = a", "t += a", "t *= a"):
        t = x * 1.0
        given, a = MAKERS[kind](), None
        scope = {"t": t, "a": given}
        if kind in REFUSED_OPERANDS:
            with pytest.raises(TypeError, match=r"np\.asarray|a\.filled"):
                exec(update, scope)
            assert t.data.tolist() == VALUES
            continue
        a = values_of(given)
        exec(update, scope)
        write_all(given)
        wanted = np.array(VALUES)
        exec(update, {"t": wanted, "a": a})
        assert scope["t"] is t
        assert t.data.tolist() == wanted.tolist()
        t.backward()
        slope = {"t[...] = a": 0 * wanted, "t += a": 0 * wanted + 1}.get(update, 0 * wanted + a)
        if x.grad is not None:
            assert x.grad.tolist() == slope.tolist()


INDICES: dict[str, Callable[[], Any]] = {
    "array.array": lambda: array.array("q", [1, 0, 1]),
    "memoryview": lambda: memoryview(array.array("q", [1, 0, 1])),
    "big-endian": lambda: np.array([1, 0, 1], ">i8"),
    "subclass": lambda: np.array([1, 0, 1]).view(Named),
    "recarray": lambda: np.array([1, 0, 1]).view(np.recarray),
    "unmasked": lambda: np.ma.masked_array([1, 0, 1]),
    "matrix": lambda: np.matrix([1, 0, 1]),
}


@pytest.mark.parametrize("kind", INDICES)
def test_indices(kind: str) -> None:
    index = INDICES[kind]()
    x = mg.tensor([1.0, 2.0])
    y = x[index]
    assert y.data.tolist() == np.array([1.0, 2.0])[np.asarray(index)].tolist()
    if isinstance(index, (array.array, memoryview)):
        index[0] = index[2] = 0
    else:
        index[...] = 0
    (y * y).backward()
    assert x.grad.tolist() == [2, 8]
    with pytest.raises(TypeError, match="mask"):
        x[np.ma.masked_array([1, 0], [0, 1])]


@pytest.mark.parametrize("kind", ["recarray", "subclass", "frombuffer", "big-endian"])
def test_out(kind: str) -> None:
    out = MAKERS[kind]()
    x = mg.tensor(VALUES)
    t = mg.multiply(x, 2.0, out=out)
    assert np.asarray(out).tolist() == [[2, 4], [6, 8]]
    (t * t).backward()
    assert x.grad.tolist() == [[8, 16], [24, 32]]
    assert t.grad.dtype == float  # in the machine's byte order, as all results are


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("create_graph", [False, True])
def test_seeds(kind: str, create_graph: bool) -> None:
    seed = MAKERS[kind]()
    x = mg.tensor(VALUES)
    y = x * x
    if kind in REFUSED_OPERANDS:
        with pytest.raises(TypeError, match=r"np\.asarray|a\.filled"):
            y.backward(seed, create_graph=create_graph)
        return
    plain = values_of(seed)
    y.backward(seed, create_graph=create_graph)
    write_all(seed)
    grad = x.grad
    assert mg.asarray(grad).tolist() == (2 * np.array(VALUES) * plain).tolist()
    if create_graph:
        grad.backward()
        assert x.grad.tolist() == (0 * np.array(VALUES) + 2 * plain).tolist()


@pytest.mark.parametrize(
    "a",
    [
        np.array([1, "a"], object), np.array(["a"]), np.zeros(2, "M8[s]"), np.zeros(2, "m8[s]"),
        np.zeros(2, "i4,f4"), np.array([b"a"]), [None], {1.0: 2.0}, np.datetime64("2020-01-01"),
    ],
    ids=str,
)  # fmt: skip
def test_what_holds_no_numbers_is_refused(a: Any) -> None:
    x = mg.tensor([1.0, 2.0])
    for use in (mg.tensor, mg.astensor, lambda a: mg.tensor(a, copy=False), lambda a: x * a,
                lambda a: np.add(a, x), lambda a: mg.where([True, False], x, a),
                lambda a: x.__setitem__(..., a), lambda a: (x * x).backward(a)):  # fmt: skip
        with pytest.raises(TypeError):
            use(a)
    with pytest.raises(TypeError):
        mg.add(x, x, out=np.zeros(2, object))
    with pytest.raises(TypeError, match="object"):
        x.astype(object)
    assert x.data.tolist() == [1, 2]


def test_a_tensor_of_a_file_leaves_the_file_alone(tmp_path: Path) -> None:
    np.array([1.0, 2.0]).tofile(tmp_path / "values")
    mapped = np.memmap(tmp_path / "values", float, "r+")
    t = mg.tensor(mapped)
    t[...] = 100.0
    mapped.flush()
    assert np.fromfile(tmp_path / "values").tolist() == [1, 2]
    x = mg.tensor([1.0, 1.0])
    result = x * mapped
    with pytest.raises(ValueError, match="read-only"):
        mapped[0] = 100.0
    result.backward()
    assert x.grad.tolist() == [1, 2]
    mapped[0] = 100.0


def test_byte_order() -> None:
    for t in (
        mg.tensor(np.array([1.0, 2.0], ">f8")), mg.tensor([1.0, 2.0], dtype=">f4"),
        mg.tensor([1.0, 2.0]).astype(">f4"), mg.zeros(2, dtype=">f4"),
        mg.tensor([1.0, 2.0]) * np.array([1.0, 2.0], ">f8"),
    ):  # fmt: skip
        assert t.dtype.isnative
        (t * t).backward()
        assert t.grad.dtype == t.dtype
        t.data = np.array([1.0, 2.0], ">f8")
        assert t.dtype.isnative
