"""In-place writes, views, guarding, and the writes of training loops, one behaviour at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from programs import to_host

import mygrad as mg

shares_memory = pytest.mark.numpy_only("np.shares_memory looks at NumPy arrays only")
raw_memory = pytest.mark.numpy_only("the raw array is on the host")
integer_writes = pytest.mark.skip_on(
    "array-api-strict", "the standard cannot write to integer arrays of indices"
)


def equal(x: Any, expected: Any) -> None:
    """Whether a tensor or array of any backend has these elements."""
    assert x is not None
    np.testing.assert_allclose(to_host(x), expected, rtol=1e-12, atol=1e-12)


def grid(rows: int = 3, columns: int = 3) -> mg.Tensor:
    return mg.tensor(np.arange(float(rows * columns)).reshape(rows, columns))


# --- writing in place -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("statement", "slope"),
    [("x += 2.0", 1.0), ("x -= 2.0", 1.0), ("x *= 2.0", 2.0), ("x /= 2.0", 0.5)],
)
def test_in_place_operators_differentiate(statement: str, slope: float) -> None:
    a = mg.tensor([1.0, 2.0, 3.0])
    names = {"x": +a}
    exec(statement, names)
    names["x"].backward()
    equal(a.grad, [slope] * 3)


def test_power_in_place_differentiates() -> None:
    a = mg.tensor([1.0, 2.0, 3.0])
    x = +a
    x **= 2
    x.backward()
    equal(a.grad, [2.0, 4.0, 6.0])


def test_an_in_place_operator_returns_its_target() -> None:
    x = y = mg.tensor([1.0, 2.0])
    x += 1.0
    assert x is y


def test_setitem_differentiates_both_sides() -> None:
    a, v = mg.tensor([1.0, 2.0, 3.0]), mg.tensor(4.0)
    x = 2.0 * a
    x[1] = v
    (x * x).backward()
    equal(a.grad, [8.0, 0.0, 24.0])
    equal(v.grad, 8.0)


def test_out_is_returned_itself() -> None:
    x, y = mg.tensor([1.0, 2.0]), mg.zeros(2, dtype=np.float64)
    assert mg.multiply(x, x, out=y) is y
    y.backward()
    equal(x.grad, [2.0, 4.0])


@raw_memory
def test_a_raw_out_comes_back_as_a_tensor_on_that_memory() -> None:
    x, a = mg.tensor([1.0, 2.0]), np.zeros(2)
    y = mg.multiply(x, x, out=a)
    assert isinstance(y, mg.Tensor) and np.shares_memory(y.data, a)
    equal(a, [1.0, 4.0])
    y.backward()
    equal(x.grad, [2.0, 4.0])


def test_out_broadcasts_as_in_numpy() -> None:
    x, y = mg.tensor([1.0, 2.0]), mg.zeros((3, 2), dtype=np.float64)
    mg.sin(x, out=y)
    y.backward()
    equal(x.grad, 3 * np.cos([1.0, 2.0]))


def test_all_aliases_and_views_see_a_write() -> None:
    x = grid()
    alias, row, column = x, x[0], x.T[0]
    row[...] = -1.0
    equal(alias[0, ...], [-1.0] * 3)
    equal(column, [-1.0, 3.0, 6.0])


def test_shape_can_be_assigned() -> None:
    a = grid(2, 3)
    x = +a
    row = x[0]
    x.shape = (3, 2)
    assert x.shape == (3, 2)
    assert row.shape == (3,)  # a view taken before looks at the buffer, not at the new shape
    row *= 2.0
    (x * x).backward()
    equal(x.grad, 2 * to_host(x))
    equal(row.grad, 2 * to_host(row))
    equal(a.grad, [[0.0, 8.0, 16.0], [6.0, 8.0, 10.0]])


@pytest.mark.parametrize("shape", [(6,), (3, 2)])
def test_what_is_written_as_a_whole_has_no_older_history(shape: tuple[int, ...]) -> None:
    """In another shape, too: nothing of what was there is left."""
    a, b = grid(6, 1), mg.tensor(np.arange(6.0).reshape(shape))
    y = a * 2
    y.shape = shape
    mg.multiply(b, 3, out=y)
    (y * y).sum().backward()
    assert a.grad is None
    equal(b.grad, 18 * to_host(b))


def test_a_leaf_that_is_written_becomes_the_result_of_the_write() -> None:
    x, v = mg.tensor([1.0, 2.0]), mg.tensor(3.0)
    assert x.creator is None
    x[0] = v
    assert x.creator is not None
    (x * x).backward()
    equal(x.grad, [6.0, 4.0])
    equal(v.grad, 6.0)


# --- dtype, constants, order of reading and writing -------------------------------------
def test_the_constant_of_the_target_wins() -> None:
    c, v = mg.tensor([1.0, 2.0], constant=True), mg.tensor(3.0)
    with mg.on_detach("ignore"):
        c[0] = v
    assert c.constant
    equal(c, [3.0, 2.0])
    x = mg.tensor([1.0, 2.0])
    x[0] = mg.tensor(3.0, constant=True)
    assert not x.constant


def test_writing_a_variable_into_a_constant_warns() -> None:
    c = mg.tensor([1.0, 2.0], constant=True)
    with pytest.warns(mg.errors.GradientDetached):
        c[0] = mg.tensor(3.0)


def test_the_dtype_of_the_target_wins() -> None:
    x = mg.tensor([1.0, 2.0], dtype=np.float32)
    x[0] = mg.tensor(3.5)
    x *= 2.0
    assert to_host(x).dtype == np.float32
    x.backward()
    assert to_host(x.grad).dtype == np.float32


def test_augmented_assignment_on_integers_refuses_floats() -> None:
    t = mg.tensor([1, 2, 3])
    with pytest.raises(TypeError):
        t += 1.5
    equal(t, [1, 2, 3])


def test_out_of_integers_refuses_floats() -> None:
    t = mg.tensor([1, 2, 3])
    with pytest.raises(TypeError):
        mg.multiply(mg.tensor([1.0, 2.0, 3.0]), 2.0, out=t)


@pytest.mark.numpy_only("other libraries refuse to truncate")
def test_setitem_on_integers_truncates() -> None:
    t = mg.tensor([1, 2, 3])
    t[0] = 2.7
    equal(t, [2, 2, 3])


def test_the_right_hand_side_reads_the_values_from_before() -> None:
    a = mg.tensor([1.0, 2.0, 3.0])
    x = +a
    x[1:] += x[:-1]
    equal(x, [1.0, 3.0, 5.0])
    (x * mg.tensor([1.0, 10.0, 100.0], constant=True)).backward()
    equal(a.grad, [11.0, 110.0, 100.0])


@pytest.mark.parametrize("target", ["::2", "::-2"])
def test_a_write_reads_before_it_writes_even_where_strides_differ(target: str) -> None:
    a = mg.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    names: dict[str, Any] = {"x": +a}
    exec(f"x[{target}] = x[:3]", names)
    expected = np.arange(1.0, 7.0)
    exec(f"x[{target}] = x[:3].copy()", {"x": expected})
    equal(names["x"], expected)


def test_a_masked_write_reads_before_it_writes() -> None:
    x = mg.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    x[np.array([False, True, True, False, True, True])] = x[:4]
    equal(x, [1.0, 1.0, 2.0, 4.0, 3.0, 4.0])


@integer_writes
def test_the_last_of_repeated_writes_gets_the_gradient() -> None:
    x, v = mg.tensor([1.0, 2.0, 3.0]), mg.tensor([10.0, 20.0, 30.0])
    x[[0, 2, 0]] = v
    equal(x, [30.0, 2.0, 20.0])
    (x * mg.tensor([1.0, 2.0, 3.0], constant=True)).backward()
    equal(v.grad, [0.0, 3.0, 1.0])


def test_reading_the_same_element_twice_adds_up() -> None:
    x = mg.tensor([1.0, 2.0, 3.0])
    x[[0, 2, 0]].backward()
    equal(x.grad, [2.0, 0.0, 1.0])


def test_where_leaves_the_gradient_of_the_rest_to_the_old_content() -> None:
    x, old = mg.tensor([2.0, 3.0, 4.0]), mg.tensor([7.0, 8.0, 9.0])
    y = 5.0 * old
    mg.multiply(x, x, where=np.array([True, False, True]), out=y)
    equal(y, [4.0, 40.0, 16.0])
    y.backward()
    equal(x.grad, [4.0, 0.0, 8.0])
    equal(old.grad, [0.0, 5.0, 0.0])


# NumPy skips the masked elements going forward; going back, the rule divides all of them.
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # and libraries without where= both ways
def test_a_masked_singularity_gives_no_nan() -> None:
    x, y = mg.tensor([1.0, 0.0, 4.0]), mg.zeros(3, dtype=np.float64)
    mg.log(x, where=np.array([True, False, True]), out=y)
    y.backward()
    equal(x.grad, [1.0, 0.0, 0.25])


def test_a_constant_view_stops_gradients() -> None:
    x = mg.tensor([1.0, 2.0])
    view = mg.reshape(x, (2,), constant=True)
    (x * view).backward()
    equal(x.grad, [1.0, 2.0])
    assert view.grad is None


def test_a_write_through_a_constant_view_counts_for_the_buffer() -> None:
    a = mg.tensor([1.0, 2.0])
    x = 3.0 * a
    view = mg.reshape(x, (2,), constant=True)
    view[0] = 7.0
    (x * x).backward()
    equal(a.grad, [0.0, 36.0])


def test_an_update_of_itself_gives_the_gradient_by_the_current_value() -> None:
    x = mg.tensor([1.0, 2.0])
    x += x
    (x * x).backward()
    equal(x.grad, [4.0, 8.0])


# --- what older graphs need -------------------------------------------------------------
def test_old_values_survive_a_later_write() -> None:
    x = mg.tensor([1.0, 2.0])
    y = x**2
    x[0] = 10.0
    y.backward()
    assert x.grad is None
    equal(y.grad, [1.0, 1.0])


def test_the_gradient_by_old_values_reaches_what_they_came_from() -> None:
    a = mg.tensor([1.0, 2.0])
    x = 3.0 * a
    y = x**2
    x[0] = 10.0
    y.backward()
    equal(a.grad, [18.0, 36.0])
    assert x.grad is None


def test_old_values_of_constants_survive_too() -> None:
    x, c = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0], constant=True)
    y = x * c
    c[...] = 0.0
    y.backward()
    equal(x.grad, [3.0, 4.0])


def test_old_values_survive_a_write_under_no_autodiff() -> None:
    a = mg.tensor([1.0, 2.0])
    x = 3.0 * a
    y = x**2
    with mg.no_autodiff:
        x[...] = 0.0
    y.backward()
    equal(a.grad, [18.0, 36.0])


def test_a_mask_that_changes_later_does_not_change_the_gradient() -> None:
    x, mask = mg.tensor([1.0, 2.0, 3.0]), np.array([True, False, True])
    y = x[mask]
    if mask.flags.writeable:
        mask[...] = False
    y.backward()
    equal(x.grad, [1.0, 0.0, 1.0])


@shares_memory
def test_a_write_keeps_the_memory_of_data() -> None:
    x = mg.tensor([1.0, 2.0])
    before = x.data
    y = x**2
    x[0] = 10.0
    assert np.shares_memory(before, x.data)
    equal(before, [10.0, 2.0])
    y.backward()


# --- views ------------------------------------------------------------------------------
@raw_memory
def test_natively_read_only_data_raises() -> None:
    a = np.arange(3.0)
    a.flags.writeable = False
    x = mg.tensor(a, copy=False)
    with pytest.raises(ValueError):
        x[0] = 1.0
    y = mg.broadcast_to(mg.tensor(1.0), (3,))
    with pytest.raises(ValueError):
        y[0] = 2.0


def test_base_is_the_root_owner_whatever_the_depth() -> None:
    x = grid()
    assert x.base is None
    assert x[0, ...].base is x
    assert x.T[1:, ...][..., ::2].base is x
    assert (x * 2.0).base is None


@shares_memory
def test_whether_a_result_is_a_view_follows_numpy() -> None:
    x = mg.tensor(np.asfortranarray(np.arange(6.0).reshape(2, 3)), copy=False)
    assert x.reshape(6).base is None  # not possible without a copy
    assert x.T.reshape(6).base is x
    assert x[[0]].base is None
    assert mg.einsum("ii->i", grid()).base is not None


def test_iterating_gives_views_of_rows() -> None:
    x = +grid()
    for row in x:
        assert row.base is x
        row *= 2.0
    equal(x, 2 * np.arange(9.0).reshape(3, 3))


@pytest.mark.numpy_only("x[i] is a 0-d view elsewhere")
def test_an_element_is_a_copy_so_a_swap_swaps() -> None:
    a = mg.tensor([1.0, 2.0, 3.0])
    x = +a
    assert x[0].base is None
    t = x[0]
    x[0] = x[1]
    x[1] = t
    equal(x, [2.0, 1.0, 3.0])
    (x * mg.tensor([1.0, 10.0, 100.0], constant=True)).backward()
    equal(a.grad, [10.0, 1.0, 100.0])


def test_the_gradient_of_a_view_is_that_view_of_the_gradient() -> None:
    x = grid()
    view = x[1:, ::2]
    (x**2).backward()  # the view itself is not used
    equal(view.grad, 2 * to_host(x)[1:, ::2])


@shares_memory
def test_the_gradient_of_a_view_shares_memory_with_that_of_its_base() -> None:
    x = grid()
    diagonal = mg.einsum("ii->i", x)
    diagonal *= -1.0
    (x**2).backward()
    assert np.shares_memory(x.grad, diagonal.grad)
    assert np.shares_memory(x.grad, x[0].grad)  # asked for after the backward pass
    equal(diagonal.grad, [0.0, -8.0, -16.0])


def test_the_gradient_of_an_overlapping_view_is_that_view_of_the_gradient() -> None:
    x = mg.tensor([1.0, 2.0, 3.0])
    wide = mg.broadcast_to(x, (2, 3))
    (wide * wide).backward()
    equal(x.grad, [4.0, 8.0, 12.0])
    equal(wide.grad, [[4.0, 8.0, 12.0]] * 2)


# --- guarding ---------------------------------------------------------------------------
@raw_memory
def test_raw_arrays_are_read_only_while_a_graph_needs_them() -> None:
    x, a = mg.tensor([1.0, 2.0]), np.array([3.0, 4.0])
    y = x * a
    with pytest.raises(ValueError):
        a[0] = 0.0
    y.backward()
    a[0] = 0.0
    equal(x.grad, [3.0, 4.0])


@raw_memory
def test_dropping_the_graph_releases_raw_arrays() -> None:
    x, a = mg.tensor([1.0, 2.0]), np.array([3.0, 4.0])
    first, second = x * a, x * a
    del first
    assert not a.flags.writeable
    del second
    assert a.flags.writeable


@raw_memory
def test_data_that_was_handed_out_is_guarded() -> None:
    x = mg.tensor([1.0, 2.0])
    data = x.data
    y = x * x
    assert not data.flags.writeable
    y.backward()
    assert data.flags.writeable


@raw_memory
def test_arrays_that_were_read_only_stay_read_only() -> None:
    x, a = mg.tensor([1.0, 2.0]), np.array([3.0, 4.0])
    a.flags.writeable = False
    (x * a).backward()
    assert not a.flags.writeable


@raw_memory
def test_a_tensor_on_guarded_memory_can_be_written() -> None:
    a = np.array([3.0, 4.0])
    c = mg.tensor(a, copy=False, constant=True)
    x = mg.tensor([1.0, 2.0])
    y = x * c
    assert not a.flags.writeable
    c[...] = 0.0
    equal(a, [0.0, 0.0])
    y.backward()
    equal(x.grad, [3.0, 4.0])
    assert a.flags.writeable


@raw_memory
def test_guarding_can_be_switched() -> None:
    x, a = mg.tensor([1.0, 2.0]), np.array([3.0, 4.0])
    assert mg.mem_guard_active()
    with mg.mem_guard_off:
        assert not mg.mem_guard_active()
        y = x * a
        assert a.flags.writeable
    with mg.mem_guard_off, mg.mem_guard_on:
        z = x * a
        assert not a.flags.writeable
    del y, z
    mg.turn_memory_guarding_off()
    try:
        assert not mg.mem_guard_active()
    finally:
        mg.turn_memory_guarding_on()
    assert mg.mem_guard_active()


# --- training loops ---------------------------------------------------------------------
@pytest.mark.raw_arithmetic
def test_data_is_updated_by_gradients() -> None:
    p = mg.tensor([1.0, 2.0])
    for _ in range(3):
        (p * p).backward()
        p.data -= 0.25 * p.grad
    equal(p, [0.125, 0.25])
    assert p.creator is None


@pytest.mark.skip_on("jax", "writes to raw arrays, which never change there")
def test_writing_into_data_is_seen_by_earlier_views() -> None:
    p = mg.tensor([1.0, 2.0])
    view = p[:1]
    p.data[...] = mg.tensor([5.0, 6.0]).data
    equal(view, [5.0])


def test_assigning_data_rebinds_this_tensor_alone() -> None:
    p = mg.tensor([1.0, 2.0])
    view = p[:1]
    p.data = mg.tensor([5.0, 6.0]).data
    equal(p, [5.0, 6.0])
    equal(view, [1.0])
    p.data = mg.tensor([7.0, 8.0], dtype=np.float32).data
    assert to_host(p).dtype == np.float32
    (p * p).backward()
    equal(p.grad, [14.0, 16.0])


@pytest.mark.skip_on("jax", "raw arrays never change there: operators make others")
@pytest.mark.raw_arithmetic
def test_grad_is_one_object_that_may_be_changed() -> None:
    p = mg.tensor([1.0, 2.0])
    (p * p).backward()
    g = p.grad
    g *= 0.5
    assert p.grad is g
    equal(p.grad, [1.0, 2.0])


@pytest.mark.skip_on("jax", "t.data -= assigns there, which earlier views do not follow")
@pytest.mark.raw_arithmetic
def test_a_view_of_a_leaf_stays_its_view_after_clearing() -> None:
    w = grid(2, 3)
    wt = w.T
    for _ in range(3):
        (wt * wt).backward()
        equal(w.grad, 2 * to_host(w))
        equal(wt.grad, 2 * to_host(wt))
        w.data -= 0.1 * w.grad


@pytest.mark.raw_arithmetic
def test_the_gradient_is_shared_with_nobody() -> None:
    x, y = mg.tensor([1.0, 2.0]), mg.tensor([1.0, 2.0])
    z = x + y
    z.backward()
    g = x.grad
    g *= 7.0
    equal(y.grad, [1.0, 1.0])
    equal(z.grad, [1.0, 1.0])


@pytest.mark.parametrize("shape", [(3,), (1, 2), (2, 1), (2, 3), (3, 1, 2)])
def test_choosing_from_views_with_negative_strides(shape: tuple[int, ...]) -> None:
    """A device library gave other memory's values here; see its adapter."""
    a = np.random.default_rng(0).standard_normal(shape)
    x = mg.tensor(np.flip(a).copy())
    view = x[(slice(None, None, -1),) * len(shape)]
    for result, wanted in (
        (mg.where(view > 0, view, 0.5), np.where(a > 0, a, 0.5)),
        (mg.where(view > 0, 0.5, view), np.where(a > 0, 0.5, a)),
    ):
        np.testing.assert_array_equal(to_host(result), wanted)
    mg.where(view > 0, view * view, 0.5).sum().backward()
    np.testing.assert_allclose(to_host(view.grad), np.where(a > 0, 2 * a, 0.0))


# --- views written into what they look at ------------------------------------------------------
def test_a_view_written_elsewhere_is_a_write() -> None:
    x = mg.tensor([1.0, 2.0, 3.0, 4.0])
    y = x * 1.0
    y[1:3] = y[2:4]
    equal(y, [1.0, 3.0, 4.0, 4.0])
    (y * y).backward()
    equal(x.grad, [2.0, 0.0, 6.0, 8.0 + 8.0])


def test_what_is_recorded_in_between_makes_it_a_write() -> None:
    """`x` is another version after the write, and no derivative of the first by way of it."""
    x = mg.tensor([1.0, 2.0, 3.0])
    v = x[1:]
    v += 1.0
    loss = (x * x).sum()
    x[1:] = v
    loss.backward()
    assert x.grad is None
