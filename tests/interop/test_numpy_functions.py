"""NumPy's functions on tensors: views, writes, functions without derivative here."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import mygrad as mg

pytestmark = pytest.mark.numpy_only("NumPy's functions take host tensors")


# --- functions without a derivative here ---------------------------------------------------
VIEWS: dict[str, Any] = {
    "rollaxis": lambda c: np.rollaxis(c, 1),
    "diagonal": lambda c: np.diagonal(c),
    "linalg.diagonal": lambda c: np.linalg.diagonal(c),
    "sliding_window_view": lambda c: np.lib.stride_tricks.sliding_window_view(c, 2, 0),
    "diag": lambda c: np.diag(c),
    "real_if_close": lambda c: np.real_if_close(c),
    "ascontiguous": lambda c: np.fft.ifftshift(c, axes=()),
    "block": lambda c: np.block([[c, c]]),
    "nan_to_num": lambda c: np.nan_to_num(c),
    "meshgrid": lambda c: np.meshgrid(c[0], c[1], copy=False)[0],
    "delete": lambda c: np.delete(c, 0, axis=0),
    "trim_zeros": lambda c: np.trim_zeros(c[0]),
}


@pytest.mark.filterwarnings("ignore:future versions will not create a writeable array")
@pytest.mark.parametrize("name", VIEWS)
def test_views_of_constants_are_views(name: str) -> None:
    """Finding 12: what shares memory with an operand is written by way of the tape."""
    c = mg.tensor(np.arange(1.0, 10.0).reshape(3, 3), constant=True)
    w = mg.tensor(np.ones((3, 3)))
    loss = (c * w).sum()  # which needs the values of c
    got = VIEWS[name](c)
    assert isinstance(got, mg.Tensor)
    assert got.constant
    shares = np.shares_memory(got.data, c.data)
    assert (got.base is c) == shares
    kept = c.data.copy()
    try:
        got[...] = 100.0
    except ValueError as error:
        assert "read-only" in str(error) or "share memory" in str(error)
    assert np.any(c.data != kept) in ((True, False) if shares else (False,))
    loss.backward()
    np.testing.assert_array_equal(w.grad, kept)


def test_integer_views_of_constants_are_views() -> None:
    index = mg.tensor([[0, 1], [1, 0]])
    x = mg.tensor([1.0, 2.0])
    loss = (mg.take(x, index) * np.array([[1.0, 2.0], [3.0, 4.0]])).sum()
    turned = np.rollaxis(index, 1)
    assert turned.base is index
    turned[...] = 0
    loss.backward()
    assert x.grad.tolist() == [5.0, 5.0]


def test_a_view_of_a_raw_operand_guards_it() -> None:
    a, c = np.arange(4.0).reshape(2, 2), mg.tensor(np.ones((2, 2)), constant=True)
    got = np.broadcast_arrays(a, c)[0]
    x = mg.tensor(np.ones((2, 2)))
    loss = (got * x).sum()
    with pytest.raises(ValueError, match="read-only"):
        a[0, 0] = 100.0
    loss.backward()
    assert x.grad.tolist() == [[0.0, 1.0], [2.0, 3.0]]


def test_out_of_functions_without_derivative() -> None:
    c = mg.tensor([[3.0, 1.0], [2.0, 5.0]], constant=True)
    w, out = mg.tensor([1.0, 1.0]), mg.tensor([7.0, 8.0], constant=True)
    loss = (w * out).sum()
    assert np.nanmax(c, axis=0, out=out) is out
    assert out.tolist() == [3.0, 5.0]
    loss.backward()
    assert w.grad.tolist() == [7.0, 8.0]
    assert np.median(c, 0, out) is out
    assert out.tolist() == [2.5, 3.0]


def test_functions_that_may_write_into_their_argument() -> None:
    c = mg.tensor([3.0, np.nan], constant=True)
    np.median(c, overwrite_input=True)
    assert np.isnan(c.data[1])
    assert np.nan_to_num(c, copy=False) is c
    assert c.tolist() == [3.0, 0.0]


def test_raw_functions_take_out() -> None:
    x = mg.tensor([[1.0, 5.0], [7.0, 2.0]])
    y = mg.tensor([0.0, 0.0])
    z = y * 1.0
    loss = (z * z).sum()
    places = np.zeros(2, np.intp)
    assert np.argmax(x, axis=0, out=places) is places
    assert places.tolist() == [1, 0]
    assert np.any(x > 4, axis=1, out=z) is z
    assert z.tolist() == [1.0, 1.0]
    (loss + z.sum()).backward()
    assert y.grad.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("function", [])
def test_variables_are_refused_by_name(function: Any) -> None:
    x = mg.tensor(np.ones((3, 3)))
    args = (x, x) if function in (np.cross, np.kron) else (x,)
    with pytest.raises(TypeError, match=f"numpy.{function.__name__} has no derivative"):
        function(*args)


# --- functions that write ------------------------------------------------------------------
X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
VALUES = np.array([10.0, 20.0])
WRITES: dict[str, Any] = {
    "copyto": lambda t, v: np.copyto(t[:, :2], v),
    "copyto where": lambda t, v: np.copyto(t, v[0], where=X > 2),
    "copyto casting": lambda t, v: np.copyto(t, 7, casting="unsafe"),
    "putmask one": lambda t, v: np.putmask(t, X > 2, v[0]),
    "putmask cycles": lambda t, v: np.putmask(t, X > 2, v),
    "putmask whole": lambda t, v: np.putmask(t, X > 2, np.outer(v, [1.0, 2.0, 3.0])),
    "putmask view": lambda t, v: np.putmask(t[:, ::-2], X[:, ::-2] > 2, v),
    "place": lambda t, v: np.place(t, X > 2, v),
    "place none": lambda t, v: np.place(t, X > 9, v),
    "put": lambda t, v: np.put(t, [0, 4, -1], v),
    "put clip": lambda t, v: np.put(t, [7, -9], v, mode="clip"),
    "put wrap": lambda t, v: np.put(t, [7, -9], v, mode="wrap"),
    "put turned": lambda t, v: np.put(t.T, [1, 2], v),
    "put_along_axis": lambda t, v: np.put_along_axis(t, np.array([[0], [2]]), v[:, None], 1),
    "put_along_axis none": lambda t, v: np.put_along_axis(t, np.array([0, 5]), v, None),
    "fill_diagonal": lambda t, v: np.fill_diagonal(t, v[0]),
    "fill_diagonal many": lambda t, v: np.fill_diagonal(t, v),
    "fill_diagonal wrap": lambda t, v: np.fill_diagonal(t.reshape(6, 1), v, wrap=True),
    "fill_diagonal wrap two": lambda t, v: np.fill_diagonal(t.T, v[0], wrap=True),
}


@pytest.mark.parametrize("name", WRITES)
def test_writes(name: str) -> None:
    """The values are NumPy's; gradients go to what was written and to what was left."""
    write = WRITES[name]
    want = X.copy()
    write(want, VALUES)
    x, v = mg.tensor(X), mg.tensor(VALUES)
    t = x * 1.0
    before = t * t
    write(t, v)
    np.testing.assert_array_equal(t.data, want)
    weights = np.arange(1.0, 7.0).reshape(2, 3)
    (mg.sum(t * weights) + mg.sum(before)).backward()
    kept, given = np.zeros(X.shape), np.zeros(2)
    for k in range(X.size):  # the write is linear in both
        moved = X.copy()
        moved.flat[k] += 1.0
        write(moved, VALUES)
        kept.flat[k] = np.sum((moved - want) * weights)
    for k in range(2):
        moved, values = X.copy(), VALUES.copy()
        values[k] += 1.0
        write(moved, values)
        given[k] = np.sum((moved - want) * weights)
    np.testing.assert_allclose(x.grad, kept + 2 * X)
    np.testing.assert_allclose(np.zeros(2) if v.grad is None else v.grad, given)


def test_writes_that_fail_change_nothing() -> None:
    x = mg.tensor(X)
    for wrong, error in (
        (lambda: np.copyto(x, np.ones(3, complex)), TypeError),
        (lambda: np.copyto(x, VALUES.astype("float32"), casting="no"), TypeError),
        (lambda: np.put(x, [6], 1.0), IndexError),
        (lambda: np.put(x, [1], 1.0, mode="other"), ValueError),
        (lambda: np.put_along_axis(x, np.array([[0]]), 1.0, 5), ValueError),
        (lambda: np.put_along_axis(x, np.array([-7]), 1.0, None), IndexError),
        (lambda: np.fill_diagonal(x[0], 1.0), ValueError),
        (lambda: np.place(x, X > 2, []), ValueError),
    ):
        with pytest.raises(error):
            wrong()
    np.testing.assert_array_equal(x.data, X)


def test_writing_a_variable_into_a_raw_array_warns() -> None:
    a = X.copy()
    for write in (np.copyto, lambda a, v: np.put(a, [0], v), lambda a, v: np.place(a, X > 2, v)):
        with pytest.warns(mg.errors.GradientDetached):
            write(a, mg.tensor(1.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.copyto(a, mg.tensor(2.0, constant=True))


# --- tensors for like= ----------------------------------------------------------------------
def test_like() -> None:
    t = mg.tensor([1.0, 2.0])
    for made, want in (
        (np.zeros((2, 2), like=t), np.zeros((2, 2))),
        (np.ones(3, dtype="float32", like=t), np.ones(3, "float32")),
        (np.asarray([1, 2], like=t), np.asarray([1, 2])),
        (np.array([1.0, 2.0], ndmin=2, like=t), np.array([[1.0, 2.0]])),
        (np.array(t, dtype="float32", like=t), np.array([1.0, 2.0], "float32")),
        (np.arange(3.0, like=t), np.arange(3.0)),
        (np.full((2,), 7.0, like=t), np.full((2,), 7.0)),
    ):
        assert isinstance(made, mg.Tensor)
        assert made.dtype == want.dtype
        np.testing.assert_array_equal(made.data, want)
    assert np.asarray(t, like=t) is t
    copied = np.array(t, like=t)
    assert copied is not t
    copied.sum().backward()
    assert t.grad.tolist() == [1.0, 1.0]
    for made in (
        np.zeros((2, 3), order="F", like=t),
        np.asarray(np.ones((2, 3)), order="F", like=t),
        np.asfortranarray(np.ones((2, 3)), like=t),
        np.require(np.ones((2, 3)), requirements="F", like=t),
        np.ones_like(mg.ones((2, 3)), order="F"),
    ):
        assert isinstance(made, mg.Tensor)
        assert made.data.flags.f_contiguous
        assert made.shape == (2, 3)
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    turned = np.array(x, order="F", dtype="float32", like=t)
    assert turned.data.flags.f_contiguous
    (turned * x).sum().backward()
    assert x.grad.tolist() == [[2.0, 4.0], [6.0, 8.0]]


def test_the_newest_option_of_array_is_refused() -> None:
    try:
        np.array([1.0], ndmax=1)  # type: ignore[call-overload]
    except TypeError:
        pytest.skip("NumPy has it from 2.4 on")
    with pytest.raises(TypeError, match=r"numpy\.array: ndmax= is not there for tensors"):
        np.array([1.0], like=mg.tensor(1.0), ndmax=1)  # type: ignore[call-overload]
