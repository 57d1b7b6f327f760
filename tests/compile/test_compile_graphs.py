"""Graphs that compiled calls leave outside: which gradients arrive where."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

import mygrad as mg

pytest.importorskip("jax", reason="JAX is not installed, whose compiler mg.compile uses")

pytestmark = pytest.mark.skipif(
    os.environ.get("MYGRAD_TEST_BACKEND", "numpy") != "numpy",
    reason="looks at NumPy's arrays; test_compiled_on_cupy.py does at CuPy's",
)


def both(function: Any) -> list[Any]:
    """What a function returns that is called with `mg.compile`, and with a stand-in for it."""
    return [function(lambda f: f), function(mg.compile)]


def equal(eager: Any, mine: Any) -> None:
    assert len(eager) == len(mine)
    for a, b in zip(eager, mine, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(b, a, rtol=1e-12)


def test_results_between_get_gradients() -> None:
    def program(compiled: Any) -> Any:
        w = mg.tensor([1.0, 2.0, 3.0])

        @compiled
        def forward(x: Any) -> Any:
            logits = w * x
            return logits, (logits**2).sum()

        logits, loss = forward(mg.tensor([2.0, 3.0, 4.0]))
        (loss + logits[0]).backward()
        return logits.grad, w.grad

    equal(*both(program))


def test_what_a_result_does_not_depend_on_keeps_its_gradient() -> None:
    def program(compiled: Any) -> Any:
        p, q = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])

        @compiled
        def step() -> Any:
            copied = p.copy()
            (p * q).sum().backward()
            return copied, q * 2

        copied, doubled = step()
        doubled.sum().backward()
        seen = [p.grad, q.grad]
        copied.sum().backward()
        return [*seen, p.grad, q.grad, doubled.grad]

    equal(*both(program))


def test_tensors_that_are_written_and_used() -> None:
    """Gradients of what was written are those of the new values; old ones go where they belong."""

    def program(compiled: Any) -> Any:
        p, q = mg.tensor([1.0, 2.0, 3.0]), mg.tensor([4.0, 5.0, 6.0])

        @compiled
        def step() -> Any:
            before = p * 2
            p[1:] = q[:2] ** 2
            q[...] = 1.0
            return before, p * q

        before, after = step()
        (before.sum() + 3 * after.sum()).backward()
        return p.grad, q.grad, p.data, q.data

    equal(*both(program))


def test_variables_made_inside() -> None:
    def program(compiled: Any) -> Any:
        p = mg.tensor([1.0, 2.0])

        @compiled
        def step() -> Any:
            made = mg.tensor([5.0, 6.0])
            return made, made * p

        made, product = step()
        product.sum().backward()
        return made.grad, p.grad

    equal(*both(program))


def test_graphs_that_a_backward_inside_has_cleared() -> None:
    """It is told of as eagerly: where history ends, and where it is asked for."""

    def stopped(compiled: Any) -> Any:
        p = mg.tensor([1.0, 2.0])

        @compiled
        def step() -> Any:
            y = p * 2
            y.sum().backward()
            return y * p

        with pytest.warns(mg.errors.GradientStopped, match="multiply"):
            step().sum().backward()
        return [p.grad]

    equal(*both(stopped))

    def cleared(compiled: Any) -> Any:
        p, q = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])

        @compiled
        def step() -> Any:
            y = p * 2
            z = y * y
            q[...] = y * 3
            y.sum().backward()
            return z

        z = step()
        for t in (z, q):
            with pytest.raises(mg.errors.InvalidBackprop, match="has cleared"):
                t.sum().backward()
        with pytest.raises(mg.errors.InvalidBackprop, match="has cleared"):
            compiled(lambda: (q * 2).sum().backward())()
        return [z.data, q.data]

    equal(*both(cleared))


@pytest.mark.parametrize("index", [np.s_[::-1], np.s_[:]])
def test_what_is_written_as_a_whole(index: Any) -> None:
    """It has no older history, in whatever order its elements lie."""
    x = mg.tensor(np.arange(3.0)[index], copy=False)
    p = mg.tensor([1.0, 2.0, 3.0])

    @mg.compile
    def step() -> Any:
        mg.sin(p, out=x)
        return (x * x).sum()

    for _ in range(3):  # what x holds from the call before is of a graph that was cleared
        loss = step()
        loss.backward()
        np.testing.assert_allclose(p.grad, np.sin(2 * p.data))


def test_views_of_nothing() -> None:
    nothing, kept = mg.zeros((0, 3)), {"view": mg.ones(2)}

    @mg.compile
    def step() -> Any:
        kept["view"] = nothing.ravel()
        return (nothing * 2).sum() + kept["view"].sum()

    for _ in range(3):
        step().backward()
        assert kept["view"].base is nothing and nothing.grad.shape == (0, 3)


@pytest.mark.parametrize("order", ["C", "F"])
def test_raw_memory_stays_writable(order: str) -> None:
    """A call keeps copies of what its gradient needs."""
    w = mg.tensor(np.asarray([[1.0, 2.0], [3.0, 4.0]], order=order), copy=False)
    y = mg.compile(lambda: (w * w).sum())()
    w.data[...] = 0.0
    y.backward()
    assert w.grad.tolist() == [[2.0, 4.0], [6.0, 8.0]]


@pytest.mark.filterwarnings("ignore:the rows of a jacobian")  # programs take one row at a time
def test_derivatives_of_derivatives() -> None:
    """The function is called again, on the values that it had."""
    scale = np.array([2.0, 3.0])
    p = mg.tensor([1.0, -1.0])
    x = mg.tensor([1.0, 2.0])
    f = mg.compile(lambda a, n: {"cubes": (a**n * p * scale).sum(), "detached": a.detach() * a})
    result = f(x, 3)
    scale[:] = 0.0
    x.data[...] = 0.0
    result["cubes"].backward(create_graph=True)
    gx, gp = x.grad, p.grad
    np.testing.assert_allclose(gx.data, [6.0, -36.0])
    np.testing.assert_allclose(gp.data, [2.0, 24.0])
    x.null_grad()
    p.null_grad()
    (gx.sum() + (gp * gp).sum()).backward()
    np.testing.assert_allclose(p.grad, [6.0, 36.0])
    assert f.cache_info().misses == 1 and scale.tolist() == [0.0, 0.0]
    assert x.data.tolist() == [0.0, 0.0] and type(x.data) is np.ndarray
    cubes = mg.compile(lambda a: (a**3).sum())
    hessian = mg.hessian(cubes)(mg.tensor([1.0, 2.0]))
    np.testing.assert_allclose(hessian.data, np.diag([6.0, 12.0]))
    third = mg.grad(lambda a: mg.grad(lambda b: mg.grad(cubes)(b).sum())(a).sum())
    np.testing.assert_allclose(third(mg.tensor([1.0, 2.0])).data, [6.0, 6.0])


def test_derivatives_of_derivatives_that_are_refused() -> None:
    """Where the function changes something, or meets something else by now."""
    count, x = {"calls": 0}, mg.tensor([1.0, 2.0])

    @mg.compile
    def counted(a: Any) -> Any:
        count["calls"] += 1
        return (a**3).sum()

    counted(x).backward(create_graph=True)
    assert x.grad.data.tolist() == [3.0, 12.0]
    with pytest.raises(mg.errors.InvalidBackprop, match="derivatives of derivatives"):
        x.grad.sum().backward()
    held = {"power": 3}
    cubes = mg.compile(lambda a: (a ** held["power"]).sum())
    y = cubes(x)
    held["power"] = 2
    with pytest.raises(mg.errors.InvalidBackprop, match="meets other tensors"):
        y.backward(create_graph=True)


@pytest.mark.parametrize("order", ["C", "F"])
def test_operations_remove_old_gradients(order: Any) -> None:
    """Also of tensors that do not lie in C order, and whose memory is flat in the trace."""
    w = mg.tensor(np.asarray([[1.0, 2.0], [3.0, 4.0]], order=order), copy=False)
    w.grad = np.ones((2, 2))
    mg.compile(lambda: (w * 2).sum())()
    assert w.grad is None


@pytest.mark.parametrize("raw", [False, True])
def test_histories_go_on_beside_what_is_written(raw: bool) -> None:
    """A constant that is written to an element cuts off its history, and leaves that of others."""

    def gradients(compiles: bool) -> list[Any]:
        held = {"p": mg.tensor([1.0, 2.0, 3.0]), "x": mg.tensor(np.ones(3))}
        first = held["p"]

        def advance() -> Any:
            held["x"][2] = 2.0
            held["x"] += held["p"]
            return held["x"].reshape((3,))

        run = mg.compile(advance) if compiles else advance
        for k in range(3):
            last = run()
            if raw:
                held["x"].data[...] = 0.5
            if k == 1:
                held["p"] = mg.tensor([2.0, 4.0, 6.0])
        (last * [1.0, 10.0, 100.0]).sum().backward()
        return [first.grad, held["p"].grad, held["x"].grad]

    for mine, wanted in zip(gradients(True), gradients(False), strict=True):
        np.testing.assert_allclose(mine, wanted)
