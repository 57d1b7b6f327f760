"""What programs rely on: constants, seeds, the life of gradients and graphs, one sentence a test.

`test_tensor_protocols` and `test_guarding` go on where this module ends.
"""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw

import mygrad as mg
from mygrad.errors import InvalidBackprop


def values(a: Any) -> Any:
    """A gradient (or another array) as nested lists; None stays None."""
    return None if a is None else host(a).tolist()


# --- 1: constants and variables ----------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "int64", "uint8"])
def test_integers_and_booleans_are_constant(dtype: str) -> None:
    assert mg.tensor(np.array([1, 0], dtype=dtype)).constant
    assert mg.tensor([1, 0], dtype=dtype).constant
    assert mg.astensor(np.array([1, 0], dtype=dtype)).constant
    with pytest.raises(ValueError, match="constant"):
        mg.tensor(np.array([1, 0], dtype=dtype), constant=False)
    with pytest.raises(ValueError, match="constant"):
        mg.tensor([1.0, 0.0], dtype=dtype, constant=False)


def test_floats_make_variables() -> None:
    for made in (mg.tensor(1.0), mg.tensor([1.0]), mg.astensor(np.ones(2)), mg.astensor([2.0])):
        assert not made.constant
    assert mg.tensor(1.0, constant=True).constant
    assert mg.astensor(mg.tensor(1.0), constant=True).constant


def test_a_result_is_constant_iff_all_inputs_are() -> None:
    x, c = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0], constant=True)
    assert not (x * c).constant
    assert not (c - x).constant
    assert (c * c).constant


@pytest.mark.skip_on("array-api-strict", "the standard leaves mixed integers and floats undefined")
def test_integers_do_not_make_a_result_constant() -> None:
    x, c = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0], constant=True)
    assert (c + mg.tensor([1, 2])).constant
    assert not (x + mg.tensor([1, 2])).constant


def test_the_constant_keyword_overrides() -> None:
    x, c = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0], constant=True)
    assert mg.add(x, x, constant=True).constant
    y = mg.add(c, c, constant=False)
    assert not y.constant
    y.backward()
    assert values(y.grad) == [1, 1]
    assert c.grad is None
    with pytest.raises(ValueError, match="constant"):
        mg.add(mg.tensor([1]), mg.tensor([2]), constant=False)


def test_array_likes_as_operands_are_constants() -> None:
    x = mg.tensor([1.0, 2.0, 3.0])
    for other in ([-1.0, 0.0, 10.0], (-1.0, 0.0, 10.0), raw([-1.0, 0.0, 10.0])):
        y = x * other
        y.backward()
        assert values(x.grad) == [-1, 0, 10]
    assert mg.add(raw([1.0]), 2.0).constant
    assert mg.sum([1.0, 2.0]).constant


def test_derivatives_stop_at_constants() -> None:
    x = mg.tensor([1.0, 2.0])
    y = mg.multiply(x, x, constant=True)
    (y * x).backward()
    assert values(x.grad) == [1, 4]
    assert y.grad is None


def test_backward_of_a_constant_does_nothing() -> None:
    c = mg.tensor([1.0], constant=True)
    for t in (c, c * 2, mg.tensor([1, 2])):
        with pytest.warns(mg.errors.NothingToDifferentiate, match="constant"):
            t.backward()
        assert t.grad is None
    assert c.grad is None


# --- 2: backward -------------------------------------------------------------------------------
def test_backward_of_an_array_is_that_of_its_sum() -> None:
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    (x**2).backward()
    first = values(x.grad)
    (x**2).sum().backward()
    assert values(x.grad) == first == [[2, 4], [6, 8]]


@pytest.mark.parametrize(
    ("seed", "want"),
    [
        (2.0, [[2, 2], [2, 2]]),
        (3, [[3, 3], [3, 3]]),
        ([1.0, 2.0], [[1, 2], [1, 2]]),
        ([[1.0], [2.0]], [[1, 1], [2, 2]]),
        (np.array([[1.0, 2.0], [3.0, 4.0]]), [[1, 2], [3, 4]]),
        (np.float32(2), [[2, 2], [2, 2]]),
    ],
    ids=["number", "int", "row", "column", "full", "NumPy scalar"],
)
def test_seeds_broadcast(seed: Any, want: Any) -> None:
    x = mg.tensor(np.ones((2, 2)))
    (x * 1).backward(raw(seed) if isinstance(seed, np.ndarray) else seed)
    assert values(x.grad) == want


def test_a_tensor_may_be_the_seed() -> None:
    x = mg.tensor([1.0, 2.0])
    (x * x).backward(mg.tensor([1.0, 10.0]))
    assert values(x.grad) == [2, 40]


@pytest.mark.parametrize("seed", [np.ones(3), np.ones((2, 2)), np.ones((1, 1, 2)), np.ones(0)])
def test_seeds_that_do_not_broadcast_raise(seed: np.ndarray) -> None:
    x = mg.tensor([1.0, 2.0])
    y = x * x
    with pytest.raises(ValueError, match="shape"):
        y.backward(raw(seed))
    assert x.grad is None
    y.backward()
    assert values(x.grad) == [2, 4]


def test_intermediate_results_get_gradients() -> None:
    x = mg.tensor([1.0, 2.0])
    y = x * 3
    z = y * y
    z.backward()
    assert values(z.grad) == [1, 1]
    assert values(y.grad) == [6, 12]
    assert values(x.grad) == [18, 36]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3)])
def test_gradients_are_arrays_like_their_tensors(
    dtype: str, shape: Any, xp_backend: mg.backends.Adapter
) -> None:
    x = mg.tensor(np.ones(shape, dtype=dtype))
    y = x * 2.0
    z = y.sum()
    z.backward()
    for t in (x, y, z):
        assert isinstance(t.grad, xp_backend.array_types)
        assert t.grad.shape == t.shape
        assert t.grad.dtype == t.dtype


@pytest.mark.numpy_only("asks NumPy whether arrays share memory")
def test_gradients_are_shared_with_nobody() -> None:
    x, y, seed = mg.tensor([1.0, 2.0]), mg.tensor([1.0, 2.0]), np.array([1.0, 1.0])
    z = x + y
    z.backward(seed)
    arrays = [x.grad, y.grad, z.grad, seed]
    for k, a in enumerate(arrays):
        assert not any(np.shares_memory(a, b) for b in arrays[:k])
        assert a.flags.writeable
    leaf = mg.tensor([1.0])
    leaf.backward(seed[:1])
    assert not np.shares_memory(leaf.grad, seed)


def test_backward_of_a_leaf() -> None:
    x = mg.tensor([1.0, 2.0])
    x.backward(3.0)
    assert values(x.grad) == [3, 3]


def test_an_operand_used_several_times() -> None:
    x = mg.tensor(3.0)
    y = x * x
    (y * y + x).backward()
    assert values(x.grad) == 4 * 27 + 1


# --- 3: the life of .grad ----------------------------------------------------------------------
def test_calls_overwrite_gradients() -> None:
    x = mg.tensor([1.0])
    (x * 2).backward()
    (x * 3).backward()
    assert values(x.grad) == [3]


def test_several_losses_sharing_leaves_overwrite() -> None:
    x = mg.tensor([1.0])
    first, second = x * 2, x * 3
    first.backward()
    assert values(x.grad) == [2]
    second.backward()
    assert values(x.grad) == [3]


def test_a_new_operation_clears_the_gradient() -> None:
    x = mg.tensor([1.0, 2.0])
    view = x[:1]
    (x * 2).backward()
    assert values(view.grad) == [2]
    _ = x + 1
    assert x.grad is None
    assert view.grad is None


def test_views_and_their_use_clear_nothing() -> None:
    x = mg.tensor([1.0, 2.0])
    (x * 2).backward()
    view = x[:1]
    _ = mg.reshape(x, (2, 1))
    assert values(x.grad) == [2, 2]
    _ = view * 3
    assert values(x.grad) == [2, 2]


def test_comparisons_and_conversions_clear_nothing() -> None:
    x = mg.tensor([1.0, 2.0])
    (x * 2).backward()
    assert values(x < 2) == [True, False]
    mg.asarray(x)
    _ = x.data
    repr(x)
    with mg.no_autodiff:
        _ = x * x
    assert values(x.grad) == [2, 2]


def test_null_grad() -> None:
    x = mg.tensor([1.0])
    (x * 2).backward()
    assert x.null_grad() is x
    assert x.grad is None


def test_null_gradients_of_a_graph() -> None:
    x = mg.tensor([1.0])
    y = x * 2
    z = y * y
    z.backward(create_graph=True)
    z.null_gradients(clear_graph=False)
    assert (x.grad, y.grad, z.grad) == (None, None, None)
    assert y.creator is not None
    z.backward()
    assert values(x.grad) == [8]
    z.null_gradients()
    mg.tensor([1.0]).null_gradients()
    mg.tensor([1]).null_gradients()


def test_clear_graph() -> None:
    x = mg.tensor([1.0])
    y = x * 2
    z = y * y
    z.clear_graph()
    assert z.creator is None
    assert y.creator is None
    z.backward()
    assert values(z.grad) == [1]
    assert x.grad is None


@pytest.mark.skip_on("jax", "raw arrays never change there: operators make others")
@pytest.mark.raw_arithmetic
def test_the_gradient_is_one_object_and_may_be_changed() -> None:
    x = mg.tensor([1.0, 2.0])
    (x * 2).backward()
    assert x.grad is x.grad
    g = x.grad
    g *= 10
    assert values(x.grad) == [20, 20]
    view = x[1:]
    assert view.grad is view.grad
    held = view.grad
    held[...] = 5
    assert values(x.grad) == [20, 5]


@pytest.mark.numpy_only("asks NumPy whether arrays share memory")
def test_a_view_shares_the_gradient_of_its_base() -> None:
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    before = x[0]
    (x * x).backward()
    after = x.T
    assert values(before.grad) == [2, 4]
    assert values(after.grad) == [[2, 6], [4, 8]]
    assert np.shares_memory(x.grad, before.grad)
    assert np.shares_memory(x.grad, after.grad)


# --- 4: clearing -------------------------------------------------------------------------------
def test_backward_makes_leaves_of_all() -> None:
    x = mg.tensor([1.0])
    y = x * 2
    z = y * y
    assert x.creator is None
    assert y.creator is not None
    assert z.creator is not None
    z.backward()
    assert y.creator is None
    assert z.creator is None


def test_a_second_backward_sets_only_its_own_gradient() -> None:
    x = mg.tensor([1.0])
    y = x * 2
    y.backward()
    x.null_grad()
    with pytest.warns(mg.errors.GradientStopped, match="multiply"):
        y.backward(5.0)
    assert x.grad is None
    assert values(y.grad) == [5]


def test_truncated_back_propagation() -> None:
    """A state that was cleared is a leaf of the next stretch."""
    w, state = mg.tensor(2.0), mg.tensor(1.0)
    for step in range(4):
        state = state * w
        if step == 1:
            state.backward()
            assert values(w.grad) == 4
            assert state.creator is None
    with pytest.warns(mg.errors.GradientStopped, match="multiply"):
        state.backward()
    assert values(w.grad) == 2 * 2 * 4


def test_another_graph_through_a_cleared_operation_raises() -> None:
    x = mg.tensor([1.0])
    y = x * 2
    first, second = y * 3, y * 4
    first.backward()
    with pytest.raises(InvalidBackprop, match="cleared"):
        second.backward()
    assert values(x.grad) == [6]
    assert second.grad is None


def test_another_graph_through_a_cleared_write_raises() -> None:
    x, source = mg.tensor([1.0, 2.0]), mg.tensor([5.0])
    y = +x
    y[:1] = source
    first, second = y * 3, y * 4
    first.backward()
    with pytest.raises(InvalidBackprop, match="cleared"):
        second.backward()


def test_another_graph_through_leaves_and_views_of_leaves_is_fine() -> None:
    x = mg.tensor([1.0, 2.0])
    view = x[:1]
    first, second = x.sum() + view, view * 4
    first.backward()
    assert values(x.grad) == [2, 1]
    second.backward()
    assert values(x.grad) == [4, 0]


@pytest.mark.skip_on("jax", "writes to raw arrays, which never change there")
@pytest.mark.raw_arithmetic
def test_views_of_leaves_stay_views_after_clearing() -> None:
    w = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    wt = w.T
    for scale in (1.0, 2.0, 3.0):
        (wt * raw([[scale, 0.0], [0.0, 0.0]])).backward()
        assert values(w.grad) == [[scale, 0], [0, 0]]
        assert wt.base is w
        w.data[...] = w.data - 0.5 * w.grad
    assert values(wt)[0][0] == 1.0 - 0.5 * 6


# --- 6: no_autodiff ----------------------------------------------------------------------------
def test_no_autodiff_is_a_context_manager() -> None:
    x = mg.tensor([1.0])
    with mg.no_autodiff:
        y = x * 2
        with mg.no_autodiff:
            pass
        z = y * 2
    assert y.creator is None
    assert z.creator is None
    assert (x * 2).creator is not None


def test_no_autodiff_is_a_decorator() -> None:
    x = mg.tensor([1.0])

    @mg.no_autodiff
    def double(t: Any) -> Any:
        """Double it."""
        return t * 2

    assert double(x).creator is None
    assert double.__name__ == "double"
    assert (x * 2).creator is not None


def test_no_autodiff_may_return_arrays(xp_backend: mg.backends.Adapter) -> None:
    double = mg.no_autodiff(lambda t: t * 2, to_numpy=True)
    result = double(mg.tensor([1.0]))
    assert isinstance(result, xp_backend.array_types)
    assert values(result) == [2]


def test_no_autodiff_ends_with_an_exception() -> None:
    with pytest.raises(KeyError), mg.no_autodiff:
        raise KeyError
    assert (mg.tensor(1.0) * 2).creator is not None


def test_writes_under_no_autodiff_leave_live_graphs_alone() -> None:
    x = mg.tensor([2.0, 3.0])
    y = x**2
    with mg.no_autodiff:
        x[0] = 10.0
        x += 1.0
    assert values(x) == [11, 4]
    y.backward()
    assert values(y) == [4, 9]
    assert x.grad is None or values(x.grad) == [4, 6]


# --- 7: freeing --------------------------------------------------------------------------------
def test_dropping_a_result_frees_its_graph() -> None:
    x = mg.tensor([1.0, 2.0])
    gc.collect()
    gc.disable()
    try:
        y = x * 2
        z = mg.sum(y * y)
        records = [weakref.ref(t.creator) for t in (y, z)]
        tensors = [weakref.ref(t) for t in (y, z)]
        assert all(r() is not None for r in records)
        del z
        assert records[0]() is not None
        assert records[1]() is None
        del y
        assert [r() for r in (*records, *tensors)] == [None] * 4
    finally:
        gc.enable()


def test_backward_frees_what_was_saved() -> None:
    gc.disable()
    try:
        x = mg.tensor([1.0, 2.0])
        y = x * x
        z = y * y
        kept = weakref.ref(y)
        del y
        z.backward()
        assert kept() is None
    finally:
        gc.enable()
