"""JAX's arrays never change, and while `jax.jit` traces a program they have no values."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mygrad as mg

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy

from mygrad_jax import windows  # noqa: E402

from benchmarks import jit  # noqa: E402

pytestmark = pytest.mark.skipif(
    os.environ.get("MYGRAD_TEST_BACKEND", "numpy") not in ("numpy", "jax"),
    reason="is about JAX, whatever the backend",
)

# --- random programs that write -------------------------------------------------------------------
VIEWS: list[Callable[[Any], Any]] = [
    lambda y: y[0],
    lambda y: y[:, 1],
    lambda y: y.T[2],
    lambda y: y[::-1][0],
    lambda y: y[1, ::-1],
    lambda y: y.reshape(-1)[1::4],
    lambda y: mg.swapaxes(y, 0, 1)[3],
    lambda y: mg.einsum("ii->i", y),
    lambda y: y[2:][1],
    lambda y: y[[0, 3, 3, 1], [2, 2, 1, 0]],
]
PLACES: Any = (..., 0, (slice(None), 2), (slice(None, None, -2), 1), ([0, 3, 3, 1], [2, 2, 2, 0]))


def program(seed: int) -> Callable[[Any], Any]:
    """Writes through views, and reads of them, drawn at random."""
    draw = random.Random(seed)
    steps = [(draw.randrange(6), draw.randrange(9), draw.randrange(10)) for _ in range(6)]

    def run(x: Any) -> Any:
        y, total = x * 1.0, 0.0
        held = VIEWS[steps[0][1]](y)
        for kind, k, j in steps:
            view, value = VIEWS[k](y), VIEWS[j](x if kind % 2 else y)
            if kind == 0:
                view += value
            elif kind == 1:
                view *= value
            elif kind == 2:
                view[...] = value
            elif kind == 3:
                view[1:3] -= value[:2]
            elif kind == 4:
                y[PLACES[k % 5]] = 0.5
            else:
                y[PLACES[4]] += value
            total = total + (view * value).sum()
        return total + (y * y).sum() + (held * x[0]).sum()

    return run


def gradient(run: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def of(x: Any) -> Any:
        t = mg.tensor(x)
        loss = run(t)
        loss.backward()
        return loss.data, t.grad

    return of


X = np.random.default_rng(0).uniform(0.5, 1.5, (4, 4)).astype("float32")


@pytest.mark.parametrize("seed", range(4))
def test_programs_that_write(seed: int) -> None:
    """Eagerly and inside of jit they have the values and gradients of NumPy."""
    run = gradient(program(seed))
    with mg.backend("numpy"):
        wanted = run(X)
    with mg.backend("jax"):
        eagerly = run(X) if seed < 2 else wanted
        compiled = jax.jit(run)(X)
    for want, mine, theirs in zip(wanted, eagerly, compiled, strict=True):
        np.testing.assert_allclose(np.asarray(mine), want, rtol=1e-4)
        np.testing.assert_allclose(np.asarray(theirs), want, rtol=1e-4)


# --- whole steps ----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", jit.PROGRAMS)
def test_steps_inside_of_jit(name: str) -> None:
    """Forward, backward and update are those of `jax.grad` of the same formulas, and of eager."""
    step = jit.programs(small=True)[name]
    arguments = list(step.parameters), list(step.data)
    wanted = jax.jit(jit.theirs(step))(*arguments)
    found = jax.jit(jit.ours(step))(*arguments)
    assert len(wanted) == len(found)
    for want, mine in zip(wanted, found, strict=True):
        np.testing.assert_allclose(mine, want, rtol=1e-3, atol=1e-5)
    if name in ("MLP", "CNN"):
        for want, mine in zip(found, jit.ours(step)(*arguments), strict=True):
            np.testing.assert_allclose(mine, want, rtol=1e-4, atol=1e-6)


# --- what never changes ---------------------------------------------------------------------------
def test_a_write_is_seen_by_all_views() -> None:
    y = mg.tensor(jnp.arange(6.0).reshape(2, 3))
    row, column, before = y[1], y.T[0], y.data
    row[0] = 50.0
    assert column.data.tolist() == [0.0, 50.0]
    y += 1.0
    assert row.data.tolist() == [51.0, 5.0, 6.0]
    assert before.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert row.base is column.base is y


def test_raw_arrays_take_no_results() -> None:
    with pytest.raises(TypeError, match=r"add: arrays of jax never change; out= takes a tensor"):
        mg.add(mg.tensor(jnp.ones(2)), 1.0, out=jnp.zeros(2))


@pytest.mark.parametrize("index", [5, [0, 5], (0, [7])])
def test_places_that_are_not_there(index: Any) -> None:
    """JAX itself would read another place."""
    x = mg.tensor(jnp.ones((3, 3)))
    with pytest.raises(IndexError):
        x[index]
    with pytest.raises(IndexError):
        x[index] = 1.0


def test_results_in_place_have_the_shape_of_the_operand() -> None:
    t = mg.tensor([1.0, 2.0])
    with pytest.raises(ValueError, match=r"of shape \(2,\) cannot take a result of shape \(1, 2\)"):
        t += mg.ones((1, 1))
    assert t.tolist() == [1.0, 2.0]
    t[...] = mg.ones((1, 2))
    assert t.tolist() == [1.0, 1.0]


def test_labels_are_checked_where_they_are_known() -> None:
    scores, labels = jnp.ones((2, 3)), jnp.asarray([0, 7])

    def loss(scores: Any, labels: Any) -> Any:
        return mg.nnet.losses.softmax_crossentropy(mg.tensor(scores), labels).data

    with pytest.raises(IndexError, match="7 is none of the 3"):
        loss(scores, labels)
    assert jnp.isnan(jax.jit(loss)(scores, labels))


def test_masks_inside_of_jit() -> None:
    def clipped(x: Any) -> Any:
        t = mg.tensor(x)
        y = t * 2.0
        y[y > 3.0] = 3.0
        y.sum().backward()
        return y.data, t.grad

    value, grad = jax.jit(clipped)(jnp.asarray([1.0, 2.0]))
    assert (value.tolist(), grad.tolist()) == ([2.0, 3.0], [2.0, 0.0])


def test_the_adapter_of_arrays_and_of_tracers() -> None:
    kinds = []
    jax.jit(lambda x: kinds.append(mg.tensor(x).backend) or x)(jnp.ones(2))
    assert kinds == [mg.tensor(jnp.ones(2)).backend] == ["jax"]
    assert mg.tensor(jnp.ones(2)).device == jax.devices()[0]


def test_how_views_lie_in_memory() -> None:
    """As on NumPy, of which a write through them is seen."""
    x = mg.tensor(jnp.zeros((2, 3), "float32"))
    assert (x.strides, x.T.strides, x[:, ::-1].strides) == ((12, 4), (4, 12), (12, -4))


def test_tensors_are_shown_while_they_are_traced() -> None:
    shown = []
    jax.jit(lambda x: shown.append(f"{mg.tensor(x) * 2.0}") or x)(jnp.ones(3, "float32"))
    assert "Tensor(" in shown[0]
    assert "float32[3]" in shown[0]


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_small_integers_are_places(dtype: str) -> None:
    """On axes that are longer than they can count."""
    x, places = mg.tensor(jnp.arange(300.0)), jnp.asarray([100, 7, 7], dtype=dtype)
    y = x[places]
    y.sum().backward()
    assert (y.data.tolist(), x.grad[7], x.grad.sum()) == ([100.0, 7.0, 7.0], 2.0, 3.0)
    x[places] = 0.5
    assert (x.data[7], x.data[100], x.data[8]) == (0.5, 0.5, 8.0)


def test_a_loop_over_rows_compiles_what_it_does_once() -> None:
    y = mg.zeros((7, 3), backend="jax", dtype="float32")
    x = mg.tensor(jnp.ones(3, "float32"))
    compiled = windows._write_eagerly._cache_size() + windows._look_eagerly._cache_size()
    for k in range(7):
        y[k] = x * 2.0
        y[k] += y[k]
    y.sum().backward()
    assert x.grad.tolist() == [28.0] * 3
    after = windows._write_eagerly._cache_size() + windows._look_eagerly._cache_size()
    assert after - compiled <= 4


def test_an_optimizer_steps() -> None:
    p = mg.tensor(jnp.asarray([1.0, 2.0]))
    part = p[1:]
    optimizer = mg.optim.SGD([p], learning_rate=0.25, momentum=0.5)
    for _ in range(2):
        (p * p).sum().backward()
        optimizer.step()
    np.testing.assert_allclose(p.data, [0.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(part.data, [0.0], atol=1e-6)


def test_seeds() -> None:
    with mg.backend("jax"):
        mg.random.seed(3)
        first = mg.random.rand(4).data
        mg.random.seed(3)
        assert first.tolist() == mg.random.rand(4).data.tolist()


@pytest.mark.parametrize("places", [[1], [1, 1], [0, 2]])
def test_sums_of_truth_values(places: list[int]) -> None:
    adapter, values = mg.get_adapter("jax"), np.array([True] * len(places))
    wanted = np.array([True, False, False])
    np.add.at(wanted, places, values)

    def added(target: Any) -> Any:
        return adapter.scatter_add(target, (jnp.asarray(places),), jnp.asarray(values))

    start = jnp.asarray([True, False, False])
    np.testing.assert_array_equal(added(start), wanted)
    np.testing.assert_array_equal(jax.jit(added)(start), wanted)
