"""Tensors behave as arrays and as Python objects: repr, conversion, copies, pickles, threads."""

from __future__ import annotations

import contextlib
import copy
import operator
import pickle
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw

import mygrad as mg


def values(a: Any) -> Any:
    """A gradient (or another array) as nested lists; None stays None."""
    return None if a is None else host(a).tolist()


def test_repr_is_numpys() -> None:
    assert repr(mg.tensor([1.0, 2.5])) == "Tensor([1. , 2.5])"
    assert repr(mg.tensor(3.0)) == "Tensor(3.)"
    assert repr(mg.tensor([1.0], dtype="float32")) == "Tensor([1.], dtype=float32)"
    two = "Tensor([[0., 1.],\n        [2., 3.]])"
    assert repr(mg.tensor([[0.0, 1.0], [2.0, 3.0]])) == two
    assert repr(mg.tensor([1, 2])) == "Tensor([1, 2])"


def test_len_and_iteration() -> None:
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert len(x) == 2
    rows = list(x)
    assert [values(r) for r in rows] == [[1, 2], [3, 4]]
    assert rows[0].base is x
    mg.sum(rows[0] * rows[1]).backward()
    assert values(x.grad) == [[3, 4], [1, 2]]
    first, second = mg.tensor([5.0, 6.0])
    assert (values(first), values(second)) == (5, 6)
    for wrong in (len, list):
        with pytest.raises(TypeError, match="0-d"):
            wrong(mg.tensor(1.0))


def test_conversion_to_python_numbers() -> None:
    assert float(mg.tensor(1.5, constant=True)) == 1.5
    assert int(mg.tensor(2.5, constant=True)) == 2
    assert bool(mg.tensor(1.0)) is True
    assert mg.tensor([[2.5]]).item() == 2.5
    assert ["a", "b"][mg.tensor(1)] == "b"
    assert mg.tensor([1.0, 2.0]).tolist() == [1, 2]
    with pytest.raises(TypeError):
        _ = ["a", "b"][mg.tensor(1.0)]
    for convert in (float, int, complex):
        for several in (mg.tensor([1.0, 2.0]), mg.zeros(0)):
            with pytest.raises(TypeError, match="one element"):
                convert(several)
    for wrong in (mg.tensor([1]), mg.tensor([1, 2]), mg.zeros(0, int)):
        with pytest.raises(TypeError, match="0-d"):
            _ = ["a", "b"][wrong]


@pytest.mark.parametrize("other", [2.0, [2.0, 2.0, 2.0], "tensor", "array"])
def test_comparisons_return_raw_booleans(other: Any, xp_backend: mg.backends.Adapter) -> None:
    x = mg.tensor([1.0, 2.0, 3.0])
    if isinstance(other, str):
        other = mg.tensor([2.0] * 3) if other == "tensor" else raw([2.0] * 3)
    for got, want in [
        (x < other, [True, False, False]),
        (x <= other, [True, True, False]),
        (x > other, [False, False, True]),
        (x >= other, [False, True, True]),
        (x == other, [False, True, False]),
        (x != other, [True, False, True]),
    ]:
        assert isinstance(got, xp_backend.array_types)
        assert values(got) == want
    assert values(operator.gt(2.0, x)) == [True, False, False]


def test_copies() -> None:
    x = mg.tensor([1.0, 2.0])
    for make in (mg.Tensor.copy, copy.copy, mg.copy):
        twin = make(x * 3)
        assert not twin.constant
        twin.backward()
        assert values(x.grad) == [3, 3]
    y = mg.tensor([1.0, 2.0])
    assert y.copy() is not y
    other = y.copy()
    other[0] = 9.0
    assert values(y) == [1, 2]


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
@pytest.mark.parametrize("constant", [True, False])
def test_deepcopy_and_pickle_keep_the_gradient_and_drop_the_graph(how: str, constant: bool) -> None:
    def twin_of(t: Any) -> Any:
        return copy.deepcopy(t) if how == "deepcopy" else pickle.loads(pickle.dumps(t))

    leaf = mg.tensor([1.0, 2.0], constant=constant)
    result = leaf * 2
    if not constant:
        (result * 3).backward()
    for t in (leaf, result, mg.tensor(np.float32(2)), mg.tensor([1, 2])):
        twin = twin_of(t)
        assert values(twin) == values(t)
        assert twin.dtype == t.dtype
        assert twin.constant is t.constant
        assert values(twin.grad) == values(t.grad)
        assert twin.backend == t.backend
        assert twin.creator is None
    live = leaf * 2
    with mg.on_detach("error"), contextlib.nullcontext() if constant else pytest.raises(
        mg.errors.GradientDetached
    ):
        twin_of(live)
    with mg.on_detach("ignore"):
        twin = twin_of(live)
    assert twin.creator is None
    twin[0] = 100.0
    assert values(live) == [2, 4]
    assert live.constant or live.creator is not None


@pytest.mark.numpy_only("files hold NumPy arrays")
def test_save_and_load(tmp_path: Path) -> None:
    x = mg.tensor([1.0, 2.0])
    (x * 2).backward()
    path = tmp_path / "tensor.npz"
    mg.save(path, x)
    loaded = mg.load(path)
    assert values(loaded) == [1, 2]
    assert values(loaded.grad) == [2, 2]
    mg.save(path, mg.tensor([3.0]))
    assert mg.load(path).grad is None


def test_tensors_are_unhashable() -> None:
    with pytest.raises(TypeError, match="hash"):
        hash(mg.tensor(1.0))
    with pytest.raises(TypeError, match="hash"):
        {mg.tensor(1.0)}


@pytest.mark.raw_arithmetic
def test_subclassing() -> None:
    class Parameter(mg.Tensor):
        """A tensor with a name."""

        def __init__(self, x: Any, name: str) -> None:
            super().__init__(x)
            self.name = name

    p = Parameter([1.0, 2.0], "weights")
    assert isinstance(p, mg.Tensor)
    y = (p * p).sum()
    y.backward()
    assert values(p.grad) == [2, 4]
    p.data -= 0.5 * p.grad
    assert values(p) == [0, 0]
    assert p.name == "weights"
    p[0] = 3.0
    assert values(p) == [3, 0]
    assert values(copy.deepcopy(p)) == [3, 0]


# --- threads -----------------------------------------------------------------------------------
def test_threads_build_and_differentiate_at_the_same_time() -> None:
    shared = mg.tensor(np.arange(1.0, 5.0))
    failures: list[BaseException] = []
    barrier = threading.Barrier(4)

    def work(scale: float) -> None:
        try:
            barrier.wait()
            for _ in range(50):
                own = mg.tensor(np.full(4, scale))
                y = own * shared
                y[1:] *= own[1:]
                mg.sum(y * own).backward()
                want = host(shared) * np.array([2 * scale, *[3 * scale**2] * 3])
                np.testing.assert_allclose(host(own.grad), want)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(k + 1.0,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures


def test_switches_hold_for_one_thread() -> None:
    seen: list[Any] = []

    def look() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            seen.append((mg.tensor(1.0) * 2).creator is not None)
            seen.append(mg.mem_guard_active())

    with mg.no_autodiff, mg.mem_guard_off, mg.on_detach("error"):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == [True, True]


class Quantity:
    """A type that tells arrays to leave operators to it."""

    __array_ufunc__ = None

    def __radd__(self, other: mg.Tensor) -> str:
        return "radd"

    def __rsub__(self, other: mg.Tensor) -> str:
        return "rsub"


def test_operators_leave_types_that_ask_for_it_the_turn() -> None:
    t = mg.tensor([1.0, 2.0])
    assert t + Quantity() == "radd"
    assert t - Quantity() == "rsub"
    with pytest.raises(TypeError, match=r"\*.*Tensor.*Quantity"):
        t * Quantity()
    with pytest.raises(TypeError, match=r"add.*Quantity"):
        mg.add(t, Quantity())
    with pytest.raises(TypeError, match=r"add.*object"):
        t + object()


def test_operands_of_ufuncs_by_name() -> None:
    t = mg.tensor([1.0, 2.0])
    assert host(mg.multiply(t, x2=3.0)).tolist() == [3, 6]
    assert host(mg.subtract(x2=t, x1=3.0)).tolist() == [2, 1]
    with pytest.raises(TypeError, match=r"multiply.*'x1'"):
        mg.multiply(t, t, x1=3.0)
    with pytest.raises(TypeError, match=r"multiply.*'y'"):
        mg.multiply(t, y=3.0)
    assert (mg.multiply.nin, mg.multiply.nout, mg.multiply.nargs) == (2, 1, 3)
    assert (mg.multiply.identity, mg.subtract.identity) == (1, None)
    assert "dd->d" in mg.multiply.types


# --- compared with what is no number -----------------------------------------------------------
def test_nothing_of_another_kind_equals_a_number() -> None:
    t = mg.tensor([1.0, 2.0])
    for other in (None, "one", object()):
        assert host(t == other).tolist() == [False, False]
        assert host(t != other).tolist() == [True, True]
        assert host(other == t).tolist() == [False, False]
    with pytest.raises(TypeError, match="lt cannot take an operand of type"):
        t < None  # noqa: B015


def test_who_declines_is_asked() -> None:
    t = mg.tensor([1.0, 2.0], backend="numpy")
    assert t == pytest.approx([1.0, 2.0 + 1e-9])
    assert t != pytest.approx([1.0, 3.0])
    assert mg.tensor(1.0, backend="numpy") == pytest.approx(1.0)
