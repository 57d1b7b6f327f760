"""Every variable that becomes plain data behind the user's back is reported; nothing else is."""

from __future__ import annotations

import asyncio
import copy
import math
import operator
import pickle
import statistics
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from gradcheck import host

import mygrad as mg
from mygrad.errors import GradientDetached, GradientStopped, NothingToDifferentiate

on_numpy = pytest.mark.numpy_only("tensors of other libraries do not turn into NumPy arrays")


def caught(function: Callable[[], Any], kind: type[Warning] = GradientDetached) -> list[Any]:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        function()
    return [w for w in found if issubclass(w.category, kind)]


LOSING: dict[str, Callable[[Any], Any]] = {
    "np.asarray": lambda t: np.asarray(t),
    "np.array": lambda t: np.array(t),
    "np.array of a list": lambda t: np.array([t, t]),
    "np.sum of a list": lambda t: np.sum([t, t]),
    "np.stack of lists": lambda t: np.stack([[t, t], [t, t]]),
    "np.where of a list": lambda t: np.where([True, False], [t, t], 0.0),
    "np.fromiter": lambda t: np.fromiter([t], float),
    "np.float64": lambda t: np.float64(t),
    "raw[:] = t": lambda t: operator.setitem(np.zeros(2), slice(None), t),
    "raw[0] = t": lambda t: operator.setitem(np.zeros(2), 0, t),
    "raw[mask] = t": lambda t: operator.setitem(np.zeros(2), np.array([True, False]), t),
    "np.copyto": lambda t: np.copyto(np.zeros(2), t),
    "np.full": lambda t: np.full(2, t),
    "raw.fill": lambda t: np.zeros(2).fill(t),
    "raw.dot": lambda t: np.ones(2).dot([t, t]),
    "an operand in a list": lambda t: mg.tensor([1.0, 2.0]) * [t, t],
    "np.multiply out=": lambda t: np.multiply(t, 2.0, out=np.zeros(())),
    "np.sum out=": lambda t: np.sum(t, out=np.zeros(())),
    "float": float,
    "int": int,
    "complex": complex,
    "math.sin": math.sin,
    "math.floor": math.floor,
    "math.fsum": lambda t: math.fsum([t, t]),
    "statistics.fmean": lambda t: statistics.fmean([t, t]),
    "mg.tensor": mg.tensor,
    "mg.Tensor": mg.Tensor,
    "mg.tensor of a list": lambda t: mg.tensor([t, [t]][0:1]),
    "mg.arange": lambda t: mg.arange(t),
    "t.data = t": lambda t: setattr(mg.tensor(1.0), "data", t),
    "into a constant": lambda t: operator.setitem(mg.zeros(2, constant=True), 0, t),
    "into integers": lambda t: operator.setitem(mg.zeros(2, int), 0, t),
    "added to a constant": lambda t: operator.iadd(mg.tensor(0.0, constant=True), t),
    "out= a constant": lambda t: mg.multiply(t, t, out=mg.zeros((), float, constant=True)),
}
PORTABLE = {"float", "int", "complex", "math.sin", "math.floor", "mg.tensor", "mg.Tensor",
            "t.data = t", "into a constant", "added to a constant"}  # fmt: skip
ANYWHERE = [
    pytest.param(f, id=name, marks=() if name in PORTABLE else on_numpy)
    for name, f in LOSING.items()
]


@pytest.mark.parametrize("lose", ANYWHERE)
@pytest.mark.parametrize("made", ["leaf", "result", "view"])
def test_every_variable_warns_at_the_users_line(lose: Callable[[Any], Any], made: str) -> None:
    leaf = mg.tensor([2.0, 3.0])
    t = {"leaf": mg.tensor(2.0), "result": leaf[0] * 1.0, "view": leaf.reshape(2, 1)[0, ...][0]}[
        made
    ]
    found = caught(lambda: lose(t))
    assert found
    assert {w.filename for w in found} == {__file__}
    with mg.on_detach("error"), pytest.raises((GradientDetached, ValueError, TypeError)) as error:
        lose(t)
    chain = [error.value]
    while chain[-1] is not None:
        chain.append(chain[-1].__cause__)  # type: ignore[arg-type]
    assert any(isinstance(e, GradientDetached) for e in chain)
    with mg.on_detach("ignore"):
        assert not caught(lambda: lose(t))
    with mg.no_autodiff:
        assert not caught(lambda: lose(t))
    constant = mg.tensor(2.0, constant=True)
    assert not caught(lambda: lose(constant))


@on_numpy
@pytest.mark.parametrize("lose", [float, np.asarray, lambda t: math.sqrt(t)])
def test_results_whose_graph_is_gone(lose: Any) -> None:
    """``losses.append(float(loss))`` after ``loss.backward()`` loses nothing; before it, it may."""
    x = mg.tensor([1.0, 2.0])
    loss = (x * x).sum()
    assert caught(lambda: lose(loss))
    loss.backward()
    assert not caught(lambda: lose(loss))
    assert caught(lambda: lose(loss * 2.0))
    assert caught(lambda: lose(x[0]))


def test_what_is_meant_does_not_warn() -> None:
    x = mg.tensor([1.0, 2.0])
    y = x * 3
    for t in (x, y):
        assert not caught(lambda t=t: (  # type: ignore[misc]
            t.data, mg.asarray(t), t[0].item(), t.tolist(), t.detach(), mg.stop_gradient(t),
            repr(t), str(t), f"{t[0]:.3f}", t > 2, t == t, len(t), bool(t[0]), list(t), t.shape,
            mg.astensor(t), mg.tensor(t, copy=False), mg.tensor(t, constant=True), t.copy(),
            copy.copy(t), t.argmax(), t.any(), mg.Tensor([1.0]) * t, t.astype("float32"),
        ))  # fmt: skip


def test_a_line_warns_once() -> None:
    t = mg.tensor(2.0)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("default")
        for _ in range(5):
            float(t)
        float(t)
    assert len(found) == 2


def library(name: str, text: str, folder: Any) -> Any:
    """A module of an installed library, as far as its name and file say."""
    import sysconfig

    module = ModuleType(name)
    code = compile(text, f"{sysconfig.get_path('purelib')}/{name.replace('.', '/')}.py", "exec")
    exec(code, module.__dict__)
    return module


CONVERT = "import numpy\ndef convert(t, then=None):\n    return (then or numpy.asarray)(t)\n"


@on_numpy
@pytest.mark.parametrize(
    "name", ["matplotlib.cbook", "seaborn.axisgrid", "plotly.express", "pandas.io.formats.format",
             "IPython.lib.pretty", "mpl_toolkits.mplot3d"],
)  # fmt: skip
def test_libraries_that_only_show_do_not_count(name: str, tmp_path: Any) -> None:
    shows, other = library(name, CONVERT, tmp_path), library("numbers_etc", CONVERT, tmp_path)
    t = mg.tensor([1.0, 2.0])
    assert not caught(lambda: shows.convert(t))
    assert not caught(lambda: shows.convert(t, other.convert))
    assert caught(lambda: shows.convert(t, lambda t: np.asarray(t)))  # the user's own, called back
    with mg.on_detach("error"):
        shows.convert(t)


@on_numpy
@pytest.mark.filterwarnings("error")
def test_assertions_do_not_count() -> None:
    t = mg.tensor([1.0, 2.0]) * 2
    np.testing.assert_allclose(t, [2.0, 4.0])
    np.testing.assert_array_equal(t, [2.0, 4.0])
    np.testing.assert_almost_equal(t[0], 2.0)
    assert t == pytest.approx([2.0, 4.0])
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(t, [2.0, 5.0])


@on_numpy
def test_other_libraries_count_and_the_users_line_is_named(tmp_path: Any) -> None:
    other = library("numbers_etc.core", CONVERT, tmp_path)
    (found,) = caught(lambda: other.convert(mg.tensor([1.0, 2.0])))
    assert found.filename == __file__
    assert "in numbers_etc.core" in str(found.message)


@pytest.mark.parametrize("how", [copy.deepcopy, pickle.dumps], ids=["deepcopy", "pickle"])
def test_copies_without_the_graph(how: Callable[[Any], Any]) -> None:
    x = mg.tensor([1.0, 2.0])
    assert not caught(lambda: how(x))
    y = x * 2
    assert not caught(lambda: how(y.detach()))
    (found,) = caught(lambda: how(y))
    assert "graph" in str(found.message)
    assert found.filename == __file__
    y.backward()
    assert not caught(lambda: how(y))


@on_numpy
def test_the_raw_array_of_an_augmented_assignment_becomes_the_tensor() -> None:
    raw: Any = mg.asarray(mg.tensor([1.0, 2.0]))
    x = mg.tensor([3.0, 4.0])

    def update() -> Any:
        nonlocal raw
        raw *= x

    assert not caught(update)
    raw.backward()
    assert host(x.grad).tolist() == [1, 2]


@pytest.mark.skip_on("jax", "t.detach() is a snapshot there: no memory is shared")
# --- detach ------------------------------------------------------------------------------------
def test_detach_shares_memory_and_not_the_graph() -> None:
    x = mg.tensor([1.0, 2.0])
    y = x * 2
    cut = y.detach()
    assert cut.constant
    assert cut.base is cut.creator is None
    (x * cut).backward()
    assert host(x.grad).tolist() == [2, 4]
    result = y * y
    cut[0] = 10.0  # which the graph, that has read 2, does not see
    assert host(y).tolist() == [10, 4]
    result.backward()
    assert host(x.grad).tolist() == [8, 16]
    assert mg.astensor(y, constant=True).constant
    assert not mg.astensor(cut, constant=False).constant


def test_detach_keeps_no_graph_alive() -> None:
    import weakref

    x = mg.tensor([1.0, 2.0])
    y = x * 2
    inner = weakref.ref(y.creator)
    cut = y.detach()
    del y
    assert inner() is None
    assert host(cut).tolist() == [2, 4]
    rows = (x * 1.0)[...].detach()
    assert host(rows[::-1]).tolist() == [2, 1]


# --- sweeps that end early ------------------------------------------------------------------------
def stops(function: Callable[[], Any]) -> list[Any]:
    return caught(function, GradientStopped)


def test_a_sweep_that_ends_at_a_cleared_graph_warns() -> None:
    w = mg.tensor([1.0, 2.0])
    h = w * w
    h.sum().backward()
    (found,) = stops(lambda: (h * 3).sum().backward())
    assert found.filename == __file__
    assert "multiply" in str(found.message)
    assert "t.detach()" in str(found.message)
    assert not stops(lambda: (h.detach() * w).sum().backward())
    with mg.on_detach("error"), pytest.raises(GradientStopped):
        (h * w).sum().backward()
    assert h.grad is None
    x = mg.tensor([1.0, 2.0])
    y = mg.stack([x[0] * x[1], x[0] ** 2])
    y[0].backward()
    (found,) = stops(lambda: y[1].backward())
    assert "stack" in str(found.message)
    t, u = mg.tensor([1.0, 2.0]), mg.tensor(3.0)
    t[0] = u
    t.sum().backward()
    assert stops(lambda: t.sum().backward())
    h = w * w
    h.sum().backward()
    h[0] = 1.0
    assert stops(lambda: h.sum().backward())
    h[...] = 1.0
    assert not stops(lambda: h.sum().backward())


def loops() -> dict[str, Callable[[Any, Any], None]]:
    """What training loops do with their parameters between two steps."""

    def rebind(w: Any, b: Any) -> None:
        w.data = w.data - 0.1 * w.grad
        b.data -= 0.1 * b.grad

    def without_recording(w: Any, b: Any) -> None:
        with mg.no_autodiff:
            w -= 0.1 * w.grad
            b[...] = b - 0.1 * mg.tensor(b.grad)

    def decay(w: Any, b: Any) -> None:
        w *= 0.9
        b[...] = b * 0.9
        b[0] *= 2.0
        mg.multiply(b, 2.0, out=b)

    return {
        "nothing": lambda w, b: None,
        "in place": lambda w, b: (w.__isub__(0.1 * w.grad), b.__isub__(0.1 * b.grad)),
        "rebind": rebind, "unrecorded": without_recording, "decay": decay,
        "elements": lambda w, b: w.__setitem__(0, 1.0),
        "clear_graph": lambda w, b: (w * b).clear_graph(),
    }  # fmt: skip


@pytest.mark.parametrize("name", loops())
@pytest.mark.raw_arithmetic
def test_training_loops_do_not_warn(name: str) -> None:
    w, b = mg.tensor([1.0, 2.0]), mg.tensor([0.5, 0.5])
    view, functional, buffer = w[:1], mg.tensor([1.0, 1.0]), mg.zeros(3, float)

    def train() -> None:
        nonlocal functional
        for _ in range(4):
            buffer[0] = w[0] * 2
            buffer[1:] = w * functional
            hidden = mg.tanh(w * 3 + b)
            loss = (hidden * hidden).sum() + view.sum() + (buffer * buffer).sum()
            loss.backward()
            loops()[name](w, b)
            functional = functional - 0.1 * functional.grad

    assert not stops(train)


def test_clear_graph_is_asked_for() -> None:
    x = mg.tensor([1.0, 2.0])
    y = x * 2
    z = y * 3
    z.clear_graph()
    assert not stops(lambda: (y * z).backward())


def test_backward_says_where_it_does_nothing() -> None:
    x = mg.tensor([1.0, 2.0])
    y = x * x
    for t, why in ((mg.tensor([1, 2]), "int"), (x > 1, None), (mg.ones(2, constant=True), "const"),
                   (mg.add(x, 1.0, constant=True), "const")):  # fmt: skip
        if why is not None:
            with pytest.warns(NothingToDifferentiate, match=why):
                t.backward()
            assert t.grad is None
    with mg.no_autodiff, pytest.warns(NothingToDifferentiate, match="no_autodiff"):
        y.backward()
    with mg.no_autodiff:
        z = mg.tensor(2.0) * 3
        with pytest.warns(NothingToDifferentiate):
            z.backward()
    assert y.grad is x.grad is z.grad is None
    assert y.creator is not None
    y.backward()
    assert host(x.grad).tolist() == [2, 4]


# --- no_autodiff on generators ------------------------------------------------------------------
def recorded() -> bool:
    return (mg.tensor(1.0) * 2).creator is not None


def test_generators_under_no_autodiff() -> None:
    seen: list[Any] = []

    @mg.no_autodiff
    def steps(first: int) -> Any:
        """Yields, takes what is sent, catches what is thrown, and returns."""
        try:
            while True:
                try:
                    seen.append((yield first, recorded()))
                    first += 1
                except KeyError:
                    yield "caught", recorded()
                    return "done"
        finally:
            seen.append(("closed", recorded()))

    g = steps(1)
    assert next(g) == (1, False)
    assert recorded()
    assert g.send("sent") == (2, False)
    assert recorded()
    assert g.throw(KeyError("k")) == ("caught", False)
    with pytest.raises(StopIteration) as stop:
        next(g)
    assert stop.value.value == "done"
    assert seen == ["sent", ("closed", False)]
    g = steps(1)
    next(g)
    g.close()
    assert seen[-1] == ("closed", False)
    assert recorded()
    g = steps(1)
    next(g)
    with pytest.raises(OSError, match="out"):
        g.throw(OSError("out"))
    assert recorded()

    def outer() -> Any:
        return (yield from steps(5))

    g = outer()
    assert next(g) == (5, False)
    assert recorded()
    g.close()  # else it would be at some time by the garbage collector: inside of JAX, say
    assert seen[-1] == ("closed", False)
    assert steps.__name__ == "steps"
    assert steps.__doc__


def test_asynchronous_generators_under_no_autodiff() -> None:
    closed: list[bool] = []

    @mg.no_autodiff
    async def steps() -> Any:
        try:
            for k in range(3):
                await asyncio.sleep(0)
                try:
                    sent = yield k, recorded()
                    if sent is not None:
                        yield sent, recorded()
                except KeyError:
                    yield "caught", recorded()
        finally:
            closed.append(recorded())

    @mg.no_autodiff
    async def once() -> bool:
        await asyncio.sleep(0)
        return recorded()

    async def run() -> None:
        assert [item async for item in steps()] == [(k, False) for k in range(3)]
        g = steps()
        assert await g.__anext__() == (0, False)
        assert recorded()
        assert await g.asend("sent") == ("sent", False)
        await g.aclose()
        g = steps()
        await g.__anext__()
        assert await g.athrow(KeyError("k")) == ("caught", False)
        assert recorded()
        await g.aclose()
        assert recorded()
        assert not await once()
        both = await asyncio.gather(once(), asyncio.to_thread(recorded))
        assert both == [False, True]

    asyncio.run(run())
    assert closed == [False] * 3
