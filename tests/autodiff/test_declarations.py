"""Declaring operations: what a declaration has to say, residuals, joint rules, names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, host, raw

import mygrad as mg
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.primitive import primitive
from mygrad.errors import InvalidGradient
from mygrad.math.ufunc import ufunc


# --- a declaration cannot lie ------------------------------------------------------------------
def test_unknown_names_raise() -> None:
    with pytest.raises(TypeError, match=r"weigh.*'x3'.*x1, x2"):

        @ufunc(x1=lambda g, x2: g * x2, x3=lambda g, x1: g * x1)
        def weigh(x1: Any, x2: Any) -> Any:
            return x1 * x2

    with pytest.raises(TypeError, match=r"weigh.*for x1 asks for 'x3'"):

        @primitive(x1=lambda g, x3: g * x3, x2=None)
        def weigh(x1: Any, x2: Any) -> Any:
            return x1 * x2

    with pytest.raises(TypeError, match=r"weigh.*two rules for 'x1'"):

        @primitive(x1=lambda g: g, joint={("x1", "x2"): lambda g: (g, g)})
        def weigh(x1: Any, x2: Any) -> Any:
            return x1 + x2

    with pytest.raises(TypeError, match=r"weigh.*xp last"):

        @primitive(x1=lambda g, xp, x2: g * x2, x2=None)
        def weigh(x1: Any, x2: Any) -> Any:
            return x1 * x2


def test_every_operand_of_an_elementwise_operation_is_named() -> None:
    with pytest.raises(TypeError, match=r"weigh.*'x2'.*None"):

        @ufunc(x1=lambda g, x2: g * x2)
        def weigh(x1: Any, x2: Any) -> Any:
            return x1 * x2

    @ufunc(x1=lambda g, x2: g * x2, x2=None)
    def weighed(x1: Any, x2: Any) -> Any:
        return x1 * x2

    x, w = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])
    weighed(x, w).backward()
    assert host(x.grad).tolist() == [3, 4]
    assert w.grad is None


@pytest.mark.parametrize(
    "wrong",
    [
        lambda g: g[:1],
        lambda g, xp: xp.expand_dims(g, axis=0),
        lambda g, xp: xp.sum(g),
        lambda g: "g",
    ],
    ids=["a part", "an axis more", "a sum", "no array"],
)
@pytest.mark.parametrize("declare", [primitive, ufunc])
def test_what_a_rule_returns_is_checked(declare: Any, wrong: Any) -> None:
    @declare(x=wrong)
    def twice(x: Any) -> Any:
        return x * 2

    x = mg.tensor([1.0, 2.0, 3.0])
    before = host(x * 1).tolist()
    y = twice(x)
    with pytest.raises(InvalidGradient, match=r"twice.* x "):
        y.backward()
    assert x.grad is None
    assert y.creator is not None
    assert host(x).tolist() == before


def test_sums_over_axes_that_did_not_broadcast_raise() -> None:
    """Two rows of two for an operand of two: only the engine knows whether to add them up."""

    @primitive(x=lambda g, xp: xp.stack([g, g]))
    def same(x: Any) -> Any:
        return x * 1

    with pytest.raises(InvalidGradient, match=r"same.*\(2, 2\).*\(2,\)"):
        same(mg.tensor([1.0, 2.0])).backward()


def test_a_number_stands_for_all_elements() -> None:
    @primitive(x=lambda g: 0.0)
    def flat(x: Any) -> Any:
        return x * 1

    x = mg.tensor([[1.0], [2.0]])
    flat(x).backward()
    assert host(x.grad).tolist() == [[0], [0]]


def test_a_missing_return_is_named() -> None:
    @primitive(x=lambda g: g)
    def forgetful(x: Any) -> Any:
        x * 2

    with pytest.raises(TypeError, match=r"forgetful returned None"):
        forgetful(mg.tensor(1.0))


# --- names -------------------------------------------------------------------------------------
def test_a_second_declaration_replaces_the_first() -> None:
    """As when a cell of a notebook runs again."""
    for factor in (2.0, 3.0):

        @primitive(x=lambda g, factor=factor: g)
        def grown(x: Any, factor: float = factor) -> Any:
            return x * factor

    assert host(grown(mg.tensor(1.0))) == 3.0


def test_names_of_others_are_their_own() -> None:
    """An operation of a user that is called like one of ours, or of the library, is another."""

    @ufunc(x1=lambda g: 10.0 * g, x2=None)
    def multiply(x1: Any, x2: Any) -> Any:
        return 10.0 * x1

    assert registry["multiply"] is mg.multiply is not multiply
    x = mg.tensor([1.0, 2.0])
    y = multiply(x, 7.0)
    assert host(y).tolist() == [10, 20]
    assert host(x * x).tolist() == [1, 4]
    y.backward()
    assert host(x.grad).tolist() == [10, 10]


def test_rules_call_operations_of_the_same_author() -> None:
    @primitive(x=lambda g, xp: xp[doubled](g))
    def doubled(x: Any) -> Any:
        return x * 2.0

    x = mg.tensor([1.0, 3.0])
    (doubled(x) ** 2).backward(create_graph=True)
    assert host(x.grad).tolist() == [8, 24]
    x.grad.backward()
    assert host(x.grad).tolist() == [8, 8]


# --- residuals and joint rules -----------------------------------------------------------------
@primitive(x=lambda g, x, length: g * x / length, residuals=("length",))
def direction_length(x: Any, *, xp: Any) -> Any:
    length = xp.sqrt(xp.sum(x * x))
    return length, length


@primitive(
    joint={
        ("x", "y"): lambda g, x, y, total, wanted: (
            g * y * total + g * x * y if wanted[0] else None,
            g * x * total + g * x * y if wanted[1] else None,
        )
    },
    residuals=("total",),
)
def product_by_sum(x: Any, y: Any) -> Any:
    """``x * y * (x + y)``; its rule needs the sum again."""
    total = x + y
    return x * y * total, total


def test_residuals() -> None:
    check_gradients(direction_length, [np.array([3.0, 4.0])])
    check_gradients(product_by_sum, [np.array([1.0, -2.0]), np.array([0.5, 3.0])])


def test_residuals_are_functions_of_the_operands() -> None:
    """A second derivative goes through them."""
    x = mg.tensor([3.0, 4.0])
    direction_length(x).backward(create_graph=True)
    x.grad[0].backward()
    np.testing.assert_allclose(host(x.grad), [16 / 125, -12 / 125])
    x, y = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 5.0])
    product_by_sum(x, y).backward(create_graph=True)
    x.grad.sum().backward()  # of 2 x y + y**2
    assert host(x.grad).tolist() == [6, 10]
    assert host(y.grad).tolist() == [8, 14]


def test_a_joint_rule_is_told_what_is_wanted() -> None:
    asked = []

    def rule(g: Any, x: Any, y: Any, wanted: tuple[bool, ...]) -> Any:
        asked.append(wanted)
        return (g * y if wanted[0] else None), (g * x if wanted[1] else None)

    @primitive(joint={("x", "y"): rule})
    def times(x: Any, y: Any) -> Any:
        return x * y

    x = mg.tensor([2.0])
    times(x, raw([3.0])).backward()
    times(raw([3.0]), x).backward()
    times(x, x).backward()
    assert asked == [(True, False), (False, True), (True, True)]
    assert host(x.grad).tolist() == [4]


def test_residuals_survive_writes() -> None:
    x = mg.tensor([3.0, 4.0])
    y = x * 1.0
    out = direction_length(y)
    y[...] = 7.0
    out.backward()
    np.testing.assert_allclose(host(x.grad), [0.6, 0.8])


# --- options -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("call", "option", "changed"),
    [
        (lambda x, o: mg.pad(x, o), [[1, 0], [0, 1]], [[0, 1], [1, 0]]),
        (lambda x, o: mg.roll(x, o, axis=(0, 1)), [1, 2], [0, 1]),
        (lambda x, o: mg.tile(x, o), [1, 2], [2, 1]),
        (lambda x, o: mg.nnet.layers.max_pool(x, o, 1), [2, 2], [1, 1]),
        (lambda x, o: mg.nnet.layers.max_pool(x, (1, 1), o), [1, 1], [2, 2]),
        (lambda x, o: mg.repeat(x, o, axis=0), [1, 2, 3], [3, 2, 1]),
        (lambda x, o: mg.transpose(x, o), [1, 0], [0, 1]),
        (lambda x, o: mg.sum(x, axis=tuple(o)), [0, 1], [0, 0]),
    ],
)
def test_options_are_those_of_the_call(call: Any, option: list[Any], changed: list[Any]) -> None:
    """What happens to a list or array afterwards changes no gradient."""
    a = np.arange(9.0).reshape(3, 3)
    weights = np.random.default_rng(0)
    for kind in (list, np.array):
        x, y = mg.tensor(a), mg.tensor(a)
        given = kind(option)
        try:
            out = call(x, given)
        except (TypeError, ValueError):  # not every option may be an array
            assert kind is np.array
            continue
        factor = weights.standard_normal(tuple(out.shape))
        try:
            given[:] = changed
        except ValueError:  # an array that the graph needs is locked
            continue
        (out * raw(factor)).backward()
        (call(y, kind(option)) * raw(factor)).backward()
        np.testing.assert_array_equal(host(x.grad), host(y.grad))


# --- an update of a part is one record ---------------------------------------------------------
@pytest.mark.parametrize("index", [slice(1, 3), (slice(None), 0), (..., slice(None, None, -1))])
@pytest.mark.parametrize("symbol", ["+", "-", "*", "/"])
def test_updating_a_part_is_one_write(index: Any, symbol: str) -> None:
    x = mg.tensor(np.arange(1.0, 13.0).reshape(4, 3))
    y = x * 1.0
    before = y.creator
    exec(f"y[index] {symbol}= v", {"y": y, "index": index, "v": mg.tensor(2.0)})
    count = 0
    version = y.creator
    while version is not before:
        count += 1
        version = version.parents[0]
    assert count == 1
    z = mg.tensor(host(x * 1.0))
    copy = z * 1.0
    exec(f"t = copy[index]; t {symbol}= v", {"copy": copy, "index": index, "v": mg.tensor(2.0)})
    np.testing.assert_array_equal(host(y), host(copy))
    (y * y).backward()
    (copy * copy).backward()
    np.testing.assert_array_equal(host(x.grad), host(z.grad))


def test_a_part_written_onto_itself_is_a_write() -> None:
    """Unlike the end of an update, it makes the tensor what the write made of it."""
    x = mg.tensor([1.0, 2.0, 3.0])
    y = x * 1.0
    loss = (y * y).sum()
    y[:2] = y[:2]
    loss.backward()
    assert y.grad is None
    assert host(x.grad).tolist() == [2, 4, 6]
