"""What `vmap` takes and returns, what it nests with, and what it refuses."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from against_numpy import needs_solver
from gradcheck import host, raw

import mygrad as mg
from mygrad.nnet.layers import conv_nd, max_pool
from mygrad.transforms import BatchDependence, BatchLooped

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(0.2, 1.5, (3, 4)), RNG.uniform(0.2, 1.5, (5, 4))


def close(found: Any, wanted: Any, tolerance: float = 1e-10) -> None:
    np.testing.assert_allclose(host(found), np.asarray(wanted), tolerance, tolerance)


def f(t: Any) -> Any:
    y = mg.tanh(t) * t
    y[1:] *= y[:-1]
    y[0] = t[2]
    return mg.sum(y**2) + mg.prod(t)


# --- arguments and results ----------------------------------------------------------------------
def test_raw_arrays_in_and_out() -> None:
    found = mg.vmap(lambda a, b: mg.sum(a * b), in_axes=(0, None))(raw(X), raw(Y[0]))
    assert not isinstance(found, mg.Tensor)
    close(found, X @ Y[0])


def test_tensors_stay_on_the_tape() -> None:
    x, y = mg.tensor(X), mg.tensor(Y)
    found = mg.vmap(lambda a: mg.matmul(y, a))(x)
    assert isinstance(found, mg.Tensor)
    found.backward()
    close(x.grad, np.broadcast_to(Y.sum(0), X.shape))
    close(y.grad, np.broadcast_to(X.sum(0), Y.shape))


def test_outer_tensors_make_tensors_of_raw_arguments() -> None:
    y = mg.tensor(Y[0])
    found = mg.vmap(lambda a: mg.sum(a * y))(raw(X))
    assert not found.constant, "nothing about an outer tensor's gradient may be lost"
    found.backward()
    close(y.grad, X.sum(0))


@pytest.mark.parametrize("axis", [0, 1, -1, -2])
@pytest.mark.parametrize("out", [0, 1, -1])
def test_axes(axis: int, out: int) -> None:
    found = mg.vmap(lambda a: a * 2.0, in_axes=axis, out_axes=out)(raw(X))
    close(found, np.moveaxis(2.0 * np.moveaxis(X, axis, 0), 0, out))


class Pair(NamedTuple):
    left: Any
    right: Any


def test_nested_arguments() -> None:
    def function(a: Any, b: Any, *, c: Any) -> Any:
        return {"sum": a["x"] + b.left, "rest": [c * b.right[0], 3.0]}

    given: Any = ({"x": raw(X)}, Pair(raw(X.T), (raw(Y[0]), None)))
    axes = ({"x": 0}, Pair(1, None))
    found = mg.vmap(function, in_axes=axes, out_axes={"sum": 1, "rest": [0, None]})(
        *given, c=raw(X[:, 0])
    )
    close(found["sum"], 2 * X.T)
    close(found["rest"][0], np.outer(X[:, 0], Y[0]))
    close(found["rest"][1], 3.0)


def test_results_that_are_the_same_for_all() -> None:
    found = mg.vmap(lambda a: (mg.ones(2, dtype=float), 1.5))(raw(X))
    close(found[0], np.ones((3, 2)))
    close(found[1], np.full(3, 1.5))


@pytest.mark.raw_arithmetic
def test_results_share_no_memory_with_arguments() -> None:
    x = raw(X.copy())
    found = mg.vmap(lambda a: a)(x)
    if mg.get_adapter(mg.tensor(x).backend).has_views:
        found[0, 0] = 100.0
    close(x, X)


@pytest.mark.parametrize("n", [0, 1])
def test_small_batches(n: int) -> None:
    found = mg.vmap(lambda a: (f(a), mg.sort(a), a @ a))(raw(X[:n]))
    assert [tuple(part.shape) for part in found] == [(n,), (n, 4), (n,)]
    if n:
        close(found[0], [f(mg.tensor(X[0])).item()])


def test_dtypes() -> None:
    x = raw(X.astype("float32"))
    found = mg.vmap(lambda a: (a * 2.0, a > 1.0, mg.argmax(a), mg.mean(a)))(x)
    names = [str(part.dtype).rpartition(".")[2] for part in found]
    assert names == ["float32", "bool", "int64", "float32"]


# --- in place -------------------------------------------------------------------------------------
def test_writes_into_what_is_made_inside() -> None:
    def function(a: Any) -> Any:
        z = mg.zeros(4, dtype=float)
        z[1:] = a[:-1]
        z[a > 1.0] = 0.0
        z += 1.0
        z[1] *= a[0]
        return z

    wanted = np.zeros((3, 4))
    wanted[:, 1:] = X[:, :-1]
    wanted[X > 1.0] = 0.0
    wanted += 1.0
    wanted[:, 1] *= X[:, 0]
    close(mg.vmap(function)(raw(X)), wanted)


@pytest.mark.parametrize("shape", [(4,), (2, 2)])
def test_masked_writes_through_constant_views(shape: tuple[int, ...]) -> None:
    """They change the tensor that is looked at, whose overwritten elements lose their gradient."""

    def function(a: Any) -> Any:
        z = a * 2.0
        view = mg.reshape(z, shape, constant=True)
        view[view > 2.0] = 0.0
        return mg.sum(z**2)

    close(mg.vmap(function)(raw(X)), np.sum(np.where(X > 1.0, 0.0, 2 * X) ** 2, axis=1))
    close(mg.vmap(mg.grad(function))(raw(X)), np.where(X > 1.0, 0.0, 8 * X))


@pytest.mark.skip_on("array-api-strict", "has no index of arrays beside slices")
def test_places_that_differ() -> None:
    def function(a: Any, k: Any) -> Any:
        z = a * 1.0
        z[k] = 5.0
        z.scatter_add((mg.argmax(a),), 1.0)
        return z, a[k], mg.take(a, k), a[k, ...]

    places = np.array([2, 0, 3])
    found = mg.vmap(function)(raw(X), raw(places))
    rows = np.arange(3)
    wanted = X.copy()
    wanted[rows, places] = 5.0
    wanted[rows, X.argmax(1)] += 1.0
    close(found[0], wanted)
    for part in found[1:]:
        close(part, X[rows, places])


@pytest.mark.skip_on("array-api-strict", "has no index of arrays beside slices")
@pytest.mark.skip_on("dpnp", "has no index of arrays on both sides of a slice")
@pytest.mark.parametrize("axes", [(0, 0), (0, None), (None, 0)])
def test_indices_of_every_kind(axes: Any) -> None:
    a = RNG.standard_normal((3, 4, 5, 6))
    k = np.array([[1, 0], [2, 3], [0, 0]])
    indices: list[Any] = [
        lambda k: (k,), lambda k: (slice(None), k), lambda k: (slice(None), k, slice(1, 3)),
        lambda k: (k, slice(None), k), lambda k: (..., k), lambda k: (slice(2), k, k),
        lambda k: (1, slice(None), k), lambda k: (None, k), lambda k: (k, 2),
        lambda k: (slice(None), None, k), lambda k: ([0, 1], k),
    ]  # fmt: skip
    for index in indices:
        x = mg.tensor(a if axes[0] == 0 else a[0])
        places = raw(k if axes[1] == 0 else k[0])
        found = mg.vmap(lambda t, p, index=index: t[index(p)], in_axes=axes)(x, places)
        wanted = np.stack(
            [
                (a[i] if axes[0] == 0 else a[0])[index(k[i] if axes[1] == 0 else k[0])]
                for i in range(3)
            ]
        )
        close(found, wanted)
        found.backward()
        counts = np.zeros(a.shape)
        for i in range(3):
            np.add.at(counts[i], index(k[i] if axes[1] == 0 else k[0]), 1.0)
        close(x.grad, counts if axes[0] == 0 else counts.sum(0))

        def written(t: Any, p: Any, index: Any = index) -> Any:
            z = t + 0.0 * mg.sum(p)  # one that is batched
            z[index(p)] = mg.cos(t[index(p)])
            return z

        results = mg.vmap(written, in_axes=axes)(x, places)
        for i in range(3):
            one = (a[i] if axes[0] == 0 else a[0]).copy()
            at = index(k[i] if axes[1] == 0 else k[0])
            one[at] = np.cos(one[at])
            close(results[i], one)


# --- with the other transforms -----------------------------------------------------------------
def test_nested() -> None:
    both = mg.vmap(mg.vmap(lambda a, b: mg.sum(a * b) ** 2, (None, 0)), (0, None))
    x = mg.tensor(X)
    found = both(x, raw(Y))
    close(found, (X @ Y.T) ** 2)
    found.backward()
    close(x.grad, 2 * (X @ Y.T) @ Y)
    closed = mg.vmap(lambda a: mg.vmap(lambda b: mg.sum(a * b))(raw(Y)))(raw(X))
    close(closed, X @ Y.T)


def test_gradients() -> None:
    each = np.stack([host(mg.grad(f)(raw(row))) for row in X])
    close(mg.vmap(mg.grad(f))(raw(X)), each)
    close(mg.grad(lambda x: mg.sum(mg.vmap(f)(x)))(raw(X)), each)
    weights = mg.tensor(Y[0])
    slopes = mg.vmap(mg.grad(lambda t: mg.sum(mg.tanh(weights * t))))(raw(X))
    mg.sum(slopes).backward()
    slope = 1 / np.cosh(Y[0] * X) ** 2
    close(weights.grad, (slope - 2 * Y[0] * X * np.tanh(Y[0] * X) * slope).sum(0))


def test_second_derivatives() -> None:
    each = np.stack([host(mg.hessian(f)(raw(row))) for row in X])
    close(mg.vmap(mg.hessian(f))(raw(X)), each)
    whole = host(mg.hessian(lambda x: mg.sum(mg.vmap(f)(x)))(raw(X)))
    close(raw(np.stack([whole[k, :, k] for k in range(3)])), each)


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("on_tensors", [True, False])
def test_gradients_by_what_is_not_batched(closed: bool, on_tensors: bool) -> None:
    """Derivatives for each example, by parameters that they have in common."""

    def loss(w: Any, t: Any) -> Any:
        return mg.sum(mg.tanh(w * t) ** 2)

    w = mg.tensor(Y[0]) if on_tensors else raw(Y[0])
    if closed:
        found = mg.vmap(lambda t: mg.grad(loss)(w, t))(raw(X))
    else:
        found = mg.vmap(mg.grad(loss), in_axes=(None, 0))(w, raw(X))
    close(found, np.stack([host(mg.grad(loss)(raw(Y[0]), raw(row))) for row in X]))
    if on_tensors:
        mg.sum(found).backward()
        total = mg.grad(lambda w: sum(mg.sum(mg.grad(loss)(w, raw(row))) for row in X))
        close(w.grad, host(total(raw(Y[0]))))


def test_stopped_gradients() -> None:
    x = mg.tensor(X)
    for stop in (mg.stop_gradient, lambda t: t.detach(), lambda t: mg.reshape(t, 4, constant=True)):
        mg.vmap(lambda t, stop=stop: t * stop(t))(x).backward()
        close(x.grad, X)


@needs_solver
def test_fits_whose_rank_nobody_knows() -> None:
    f = lambda a: mg.sum(mg.polyfit(a, a**3, 2) ** 2)
    close(mg.vmap(f)(raw(X)), [np.sum(np.polyfit(x, x**3, 2) ** 2) for x in X], 1e-8)
    close(mg.vmap(mg.grad(f))(raw(X)), [host(mg.grad(f)(raw(x))) for x in X], 1e-8)


def test_lines_in_common() -> None:
    """Where values belong in a line that all examples share is asked once: a loop would warn."""
    line = np.array([0.0, 0.5, 0.7, 2.0])
    f = lambda a: mg.sum(mg.interp(a, raw(line), raw(line**2)) ** 2)
    close(mg.vmap(f)(raw(X)), np.sum(np.interp(X, line, line**2) ** 2, axis=1))
    each = [host(mg.grad(f)(raw(x))) for x in X]
    close(mg.vmap(mg.grad(f))(raw(X)), each)


def test_layers() -> None:
    images = RNG.standard_normal((3, 2, 1, 6, 6))
    banks = RNG.standard_normal((3, 4, 1, 3, 3))

    def layer(image: Any, bank: Any) -> Any:
        return max_pool(mg.maximum(conv_nd(image, bank, stride=1), 0.0), (2, 2), 2)

    for axes in [(0, 0), (0, None), (None, 0)]:
        ours, theirs = (
            [mg.tensor(images if axes[0] == 0 else images[0]),
             mg.tensor(banks if axes[1] == 0 else banks[0])]
            for _ in range(2)
        )  # fmt: skip
        found = mg.vmap(layer, in_axes=axes)(*ours)
        each = [layer(*(t[k] if a == 0 else t for t, a in zip(theirs, axes, strict=True)))
                for k in range(3)]  # fmt: skip
        for k in range(3):
            close(found[k], host(each[k]))
        mg.sum(found**2).backward()
        mg.sum(mg.stack(each) ** 2).backward()
        for a, b in zip(ours, theirs, strict=True):
            close(a.grad, host(b.grad))


# --- random numbers ----------------------------------------------------------------------------
def test_random_numbers() -> None:
    def function(a: Any) -> Any:
        return mg.random.rand(2), mg.random.randn(), a

    with pytest.raises(BatchDependence, match="randomness="):
        mg.vmap(function)(raw(X))
    drawn = []
    for _ in range(2):
        mg.random.seed(3)
        drawn.append(mg.vmap(function, randomness="different")(raw(X)))
    assert tuple(drawn[0][0].shape) == (3, 2)
    assert tuple(drawn[0][1].shape) == (3,)
    assert len(np.unique(host(drawn[0][0]))) == 6
    close(drawn[0][0], host(drawn[1][0]))
    nested = mg.vmap(lambda a: mg.vmap(function, randomness="different")(a)[0], randomness="same")
    table = host(nested(raw(X)))
    assert table.shape == (3, 4, 2)
    assert len(np.unique(table)) == 8
    same = host(mg.vmap(function, randomness="same")(raw(X))[0])
    assert (same == same[0]).all()


# --- what it refuses ---------------------------------------------------------------------------
def test_what_it_refuses() -> None:
    outside = mg.tensor(np.zeros(4))

    def writes(t: Any) -> Any:
        outside[0] = t[0]

    def branches(t: Any) -> Any:
        return t if mg.sum(t) > 0 else -t

    several: list[Any] = [
        branches, lambda t: float(t[0]), lambda t: t[t > 1.0], lambda t: range(mg.argmax(t)),
    ]  # fmt: skip
    for function in several:
        with pytest.raises(BatchDependence, match=r"mg\.where"):
            mg.vmap(function)(raw(X))
    with pytest.raises(TypeError, match="batch cannot be written into a tensor"):
        mg.vmap(writes)(raw(X))
    close(outside, np.zeros(4))
    with pytest.raises(ValueError, match=r"argument 0 has 3 examples.*argument 1\['b'\]\[0\] 5"):
        mg.vmap(lambda a, b: a)(raw(X), {"b": [raw(Y)]})
    with pytest.raises(ValueError, match="has no axis 2"):
        mg.vmap(lambda a: a, in_axes=2)(raw(X))
    with pytest.raises(ValueError, match="out_axes is None"):
        mg.vmap(lambda a: a, out_axes=None)(raw(X))


def test_after_an_error_nothing_is_left() -> None:
    with pytest.raises(ZeroDivisionError):
        mg.vmap(lambda t: 1 / 0)(raw(X))
    assert mg.zeros(2).backend == mg.tensor(X).backend
    assert not any("vmap" in name for name in mg.available_backends())


def test_loops_say_so_once() -> None:
    from mygrad.operation_base import primitive

    @primitive(a=lambda g: 2.0 * g)
    def doubled_by_others(a: Any) -> Any:
        return a + a

    x = mg.tensor(X)
    with pytest.warns(BatchLooped, match="doubled_by_others"):
        found = mg.vmap(doubled_by_others)(x)
    found.backward()
    close(found, 2 * X)
    close(x.grad, np.full((3, 4), 2.0))
    mg.vmap(doubled_by_others)(x)  # pytest turns warnings into errors


@pytest.mark.skip_on("cupy", "the pretended device has no cuSOLVER")
@pytest.mark.parametrize("name", ["eigh", "svd", "det", "pinv", "cond"])
def test_factorizations_whose_rules_look_at_values(name: str) -> None:
    square = RNG.standard_normal((3, 3, 3))
    square = square + np.swapaxes(square, 1, 2) + 4.0 * np.eye(3)

    def function(a: Any) -> Any:
        found = getattr(mg.linalg, name)(a)
        parts = found if isinstance(found, tuple) else (found,)
        return sum(mg.sum(part**2 * mg.cos(part)) for part in parts)

    each = np.stack([host(mg.grad(function)(raw(a))) for a in square])
    close(mg.vmap(mg.grad(function))(raw(square)), each, 1e-8)
