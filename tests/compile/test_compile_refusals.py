"""What cannot be compiled is refused: the message names the line and the way out, and nothing is
changed."""

from __future__ import annotations

import os
import random
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mygrad as mg

jax = pytest.importorskip("jax", reason="JAX is not installed, whose compiler mg.compile uses")

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("MYGRAD_TEST_BACKEND", "numpy") != "numpy",
        reason="looks at NumPy's arrays; test_compiled_on_cupy.py does at CuPy's",
    ),
    pytest.mark.filterwarnings("ignore::mygrad.errors.GradientDetached"),  # float(t) also tells
]


GENERATOR = np.random.default_rng(0)


class Picture:
    """A library's own arrays, which take others through `__array__`."""

    def __init__(self, source: Any) -> None:
        self.pixels = np.array(source.__array__())


def branches(t: Any) -> Any:
    if t.sum() > 0:
        return t
    return -t


def repeats(t: Any) -> Any:
    while t.sum() < 100:
        t = t * 2
    return t


def scipy_function(t: Any) -> Any:
    ndimage = pytest.importorskip("scipy.ndimage", reason="SciPy is not installed")
    return ndimage.gaussian_filter(t, 1.0)


def nests_by_value(t: Any) -> Any:
    return [t] * int(t.sum())


VALUE, NUMBER = r"branches on a value.*mg\.where", r"Python.*argument of Python's"
REFUSED: dict[str, tuple[Callable[..., Any], str, str]] = {
    "a branch": (branches, VALUE, "if t.sum() > 0:"),
    "a loop": (repeats, VALUE, "while t.sum() < 100:"),
    "bool": (lambda t: bool(t.sum()), VALUE, "bool(t.sum())"),
    "and": (lambda t: t.sum() and 3, VALUE, "t.sum() and 3"),
    "assert": (lambda t: (_ for _ in ()).throw(KeyError) if not t[0] else t, VALUE, "not t[0]"),
    "max of Python's": (lambda t: max(t[0], t[1]), VALUE, "max(t[0], t[1])"),
    "float": (lambda t: float(t.sum()), NUMBER, "float(t.sum())"),
    "int": (lambda t: int(t.sum()), NUMBER, "int(t.sum())"),
    "item": (lambda t: t.sum().item(), NUMBER, "t.sum().item()"),
    "tolist": (lambda t: t.tolist(), NUMBER, "t.tolist()"),
    "format": (lambda t: f"{t.sum():.2f}", NUMBER, ":.2f}"),
    "an index of a list": (lambda t: [1, 2][t.astype(int)[0]], "Python integer.*index", "[1, 2]["),
    "range": (lambda t: list(range(t.astype(int)[0])), "Python integer.*index", "range("),
    "np.asarray": (lambda t: np.asarray(t), r"NumPy array.*np\.\*", "np.asarray(t)"),
    "a function of NumPy's": (lambda t: np.linalg.eigvals(np.asarray(t)), "NumPy array", "eigvals"),
    "a function of SciPy's": (scipy_function, "NumPy array", "gaussian_filter"),
    "another library": (Picture, "NumPy array", "source.__array__()"),
    "a mask": (lambda t: t[t > 1], r"depends on values.*mg\.where", "t[t > 1]"),
    "nonzero": (lambda t: np.nonzero(t), "function of NumPy's", "np.nonzero(t)"),
    "unique": (lambda t: mg.unique_values(t), "values|value", "mg.unique_values(t)"),
    "a nesting by values": (nests_by_value, NUMBER, "[t] * int(t.sum())"),
    "NumPy's random numbers": (lambda t: t * np.random.rand(), r"mg\.random", ""),
    "Python's random numbers": (lambda t: t * random.random(), r"mg\.random", ""),
    "a generator": (lambda t: t * GENERATOR.random(), r"mg\.random", ""),
}  # fmt: skip


def switches(backend: Any = jax) -> tuple[Any, ...]:
    """JAX's state."""
    config = backend.config
    return config.jax_enable_x64, config.jax_default_device, config.jax_platforms


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    function, message, line = REFUSED[name]
    w, plain, items = mg.tensor([1.0, 2.0]), np.array([3.0, 4.0]), [1]
    held = {"count": 1, "last": None}
    w.grad = before = np.array([5.0, 6.0])
    view = w[1:]

    @mg.compile
    def step(t: Any) -> Any:
        w.data *= 2.0
        view[...] = 7.0
        plain[0] = 9.0
        items.append(t)
        held["count"] += 1
        held["last"] = t * 2
        w.null_grad()
        return function(t)

    mg.random.seed(3)
    drawn = mg.random.rand(2).data
    mg.random.seed(3)
    state = switches()
    x = mg.tensor([1.0, 2.0])
    with pytest.raises(mg.compile.CannotCompile, match=f"(?s)step cannot.*{message}") as caught:
        step(x)
    assert line in str(caught.value)
    if line:
        assert "test_compile_refusals.py, line " in str(caught.value)
    assert "fallback=True" in str(caught.value) or "Way out" in str(caught.value)
    assert w.data.tolist() == [1.0, 2.0] and view.data.tolist() == [2.0] and view.base is w
    assert w.grad is before and before.tolist() == [5.0, 6.0]
    assert plain.tolist() == [3.0, 4.0] and items == [1] and held == {"count": 1, "last": None}
    assert x.data.tolist() == [1.0, 2.0] and type(x.data) is np.ndarray and x.grad is None
    assert switches() == state
    if "random numbers" not in name:
        np.testing.assert_array_equal(mg.random.rand(2).data, drawn)
    (w * 2).sum().backward()
    assert w.grad.tolist() == [2.0, 2.0]


def test_graphs_that_lie_outside() -> None:
    said = r"whose graph was recorded outside.*\(test_compile"
    with pytest.raises(mg.compile.CannotCompile, match=said):
        mg.compile(lambda t: (t * 2).sum().backward())(mg.tensor([1.0, 2.0]) * 1.0)


def test_tensors_of_former_calls() -> None:
    """A list that is appended to and read gets tensors of NumPy's, and each call sees them."""
    kept: list[Any] = []

    def remember(t: Any) -> Any:
        if not kept:
            kept.append(t * 2)
        return kept[0] + t

    f = mg.compile(remember)
    x = mg.tensor([1.0, 2.0])
    assert f(x).data.tolist() == [3.0, 6.0]
    assert f(x).data.tolist() == [3.0, 6.0] and type(kept[0].data) is np.ndarray


@pytest.mark.parametrize("make", [
    lambda: deque([1], maxlen=5), lambda: {1}, lambda: iter([1, 2]), lambda: bytearray(b"a"),
    lambda: (k for k in range(3)),
])  # fmt: skip
def test_what_changes_unseen(make: Callable[[], Any]) -> None:
    """Queues, sets and iterators: later calls would leave them as they are."""
    held = make()

    def change(t: Any) -> Any:
        if isinstance(held, set):
            held.add(2)
        elif isinstance(held, (deque, bytearray)):
            held.append(3)
        else:
            next(held)
        return t

    with pytest.raises(mg.compile.CannotCompile, match=r"held, a .* is changed by it"):
        mg.compile(change)(mg.tensor([1.0]))
    if isinstance(held, (set, deque, bytearray)):
        assert held == make()
    with mg.compile.disabled():
        mg.compile(change)(mg.tensor([1.0]))


def test_the_byte_order_of_other_machines() -> None:
    w = mg.tensor([1.0, 2.0])
    f = mg.compile(lambda x: (w * x).sum())
    with pytest.raises(mg.compile.CannotCompile, match="newbyteorder"):
        f(np.array([1.0, 2.0], ">f8"))
    assert f(np.array([1.0, 2.0])).item() == 5.0


def test_fallback() -> None:
    f = mg.compile(branches, fallback=True)
    x = mg.tensor([-1.0, 2.0])
    with pytest.warns(UserWarning, match="runs eagerly from here on"):
        assert f(x) is x
    assert f(-x).data.tolist() == [-1.0, 2.0]
    assert "eagerly" in f.explain()
