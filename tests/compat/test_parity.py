"""Behaviours of MyGrad 2.5: the 38 in which this library once differed from it.

Each was run on MyGrad 2.5.0 and here; a test is named by its number. Where MyGrad 2 itself falls
short (methods of ufuncs that raise, a gradient that is lost), the test asks for more than it does.
"""

from __future__ import annotations

import inspect
import math
import operator
import typing
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mygrad as mg
from mygrad.nnet.activations import glu, softmax
from mygrad.nnet.initializers import (
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    normal,
    uniform,
)
from mygrad.nnet.layers import conv_nd
from mygrad.nnet.losses import focal_loss, margin_ranking_loss, negative_log_likelihood
from mygrad.operation_base import Operation

pytestmark = pytest.mark.numpy_only("MyGrad 2 knows NumPy's arrays alone")


# --- constants and dtypes ---------------------------------------------------------------------
def test_01_a_raw_array_as_out_makes_no_variable_of_a_constant() -> None:
    c = mg.tensor([1.0, 2.0], constant=True)
    square = mg.tensor(np.ones((2, 2)), constant=True)
    assert mg.sin(np.ones(2), out=np.zeros(2)).constant
    assert mg.sin(c, out=np.zeros(2)).constant
    assert np.sin(c, out=np.zeros(2)).constant
    assert mg.add(c, 1.0, out=np.zeros(2)).constant
    assert mg.add(c, 1.0, where=np.array([True, False]), out=np.zeros(2)).constant
    assert mg.matmul(square, square, out=np.zeros((2, 2))).constant
    assert mg.sin([1.0], out=np.zeros(1), constant=True).constant
    assert not mg.sin(mg.tensor([1.0]), out=np.zeros(1)).constant


def test_02_constant_is_none_true_or_false() -> None:
    odd: Any
    for odd in (1, "yes", np.array(1.0)):
        with pytest.raises(TypeError, match="constant"):
            mg.tensor(1.0, constant=odd)
    with pytest.raises(TypeError, match="constant"):
        mg.zeros(2, constant=1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="constant"):
        mg.add(1.0, 2.0, constant="no")  # type: ignore[arg-type]


def test_03_integers_that_become_floats_are_variables() -> None:
    w = mg.tensor([[1, 2]]).astype(float)
    assert not w.constant
    (w**2).sum().backward()
    np.testing.assert_array_equal(w.grad, [[2.0, 4.0]])
    assert mg.tensor([True]).astype(float, constant=True).constant


# --- creating tensors -------------------------------------------------------------------------
def test_04_a_tensor_of_a_tensor_without_a_copy_is_itself() -> None:
    t, c = mg.tensor([1.0]), mg.tensor([1.0], constant=True)
    assert mg.tensor(t, copy=False) is t
    assert mg.tensor(t, copy=False, dtype=float) is t
    assert mg.tensor(t, copy=False, constant=False) is t
    assert mg.tensor(t, copy=False, ndmin=1) is t
    assert mg.tensor(c, copy=False) is c
    assert mg.tensor(t, copy=False, constant=True) is not t


def test_05_more_axes_without_a_copy_are_a_view() -> None:
    t = mg.tensor([1.0, 2.0])
    view = mg.tensor(t, copy=False, ndmin=2)
    assert view.base is t
    (3 * view).backward()
    np.testing.assert_array_equal(t.grad, [3.0, 3.0])


@pytest.mark.parametrize("ndmin", [0.0, 1.5])
def test_06_ndmin_is_an_integer(ndmin: Any) -> None:
    with pytest.raises(TypeError, match="integer"):
        mg.tensor(mg.tensor([1.0], constant=True), ndmin=ndmin)


def test_07_integers_between_two_numbers_are_rounded_down() -> None:
    np.testing.assert_array_equal(mg.linspace(0, -1, 5, dtype=int), [0, -1, -1, -1, -1])
    seven = mg.linspace(-5, 5, 7, dtype="int8")
    assert seven.dtype == np.int8
    np.testing.assert_array_equal(seven, [-5, -4, -2, 0, 1, 3, 5])


# --- methods of tensors -----------------------------------------------------------------------
@pytest.mark.parametrize("casting", ["no", "equiv", "safe", "same_kind", "unsafe"])
def test_08_a_cast_that_changes_nothing_is_the_tensor_itself(casting: Any) -> None:
    x, c = mg.tensor([1.0]), mg.tensor([1.0], constant=True)
    assert x.astype(x.dtype, casting=casting, copy=False) is x
    assert x.astype(x.dtype, casting=casting, copy=False, constant=False) is x
    assert c.astype(c.dtype, casting=casting, copy=False) is c
    assert x.astype(x.dtype, casting=casting, copy=False, constant=True) is not x
    assert x.astype("float32", casting="same_kind", copy=False) is not x


def test_09_numbers_of_several_elements_are_type_errors() -> None:
    for values in ([1.0, 2.0], []):
        t = mg.tensor(values, constant=True)
        with pytest.raises(TypeError):
            float(t)
        with pytest.raises(TypeError):
            int(t)
        with pytest.raises(ValueError):
            t.item()


def test_10_an_index_is_one_integer_without_axes() -> None:
    assert operator.index(mg.tensor(3)) == 3
    values: Any
    for values in (1.0, [1], [1, 2], []):
        with pytest.raises(TypeError):
            operator.index(mg.tensor(values, constant=True))
    with pytest.raises(TypeError):
        [10, 20, 30][mg.tensor([1])]


def test_11_clipping_by_nothing() -> None:
    x = mg.tensor([1.0, -2.0])
    for clipped in (x.clip(None, None), mg.clip(x, None, None), np.clip(x, None, None)):
        np.testing.assert_array_equal(clipped.data, x.data)
        (2 * clipped).backward()
        np.testing.assert_array_equal(x.grad, [2.0, 2.0])


# --- creators, and the state of the graph -----------------------------------------------------
def test_12_clearing_reaches_constants() -> None:
    c = mg.tensor(2.0, constant=True)
    d = c * 3
    assert d.creator is not None
    (mg.tensor(1.0) * d).backward()
    assert d.creator is None
    d = c * 3
    d.backward()
    assert d.creator is None
    d = c * 3
    d.clear_graph()
    assert d.creator is None
    z = mg.multiply(mg.tensor(1.0), 2.0, constant=True)
    z.backward()
    assert z.creator is None


def test_13_creators_know_the_constants_themselves() -> None:
    x, c = mg.tensor([1.0]), mg.tensor([2.0], constant=True)
    for result in (x * c, x + c):
        assert result.creator.variables[0] is x
        assert result.creator.variables[1] is c


def test_14_what_a_creator_shows_is_never_a_later_value() -> None:
    """The value of then, or an error that says that it was freed."""
    x, c = mg.tensor([1.0]), mg.tensor([3.0], constant=True)
    z, b = x + c, c * 2
    product = x * c
    c[:] = 0
    assert _values(z.creator.variables[1]) in ([3.0], "freed")
    assert _values(b.creator.variables[0]) in ([3.0], "freed")
    assert _values(product.creator.variables[1]) == [3.0]


def _values(t: Any) -> Any:
    try:
        return t.data.tolist()
    except RuntimeError as error:
        return "freed" if "freed" in str(error) else error


class Scale(Operation):
    """The product with a number."""

    k: float

    def __call__(self, t: Any, k: float) -> Any:  # type: ignore[override]
        self.variables = (t,)
        self.k = k
        return k * t.data

    def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
        return self.k * grad


@pytest.mark.parametrize("constant", [False, True])
def test_15_the_creator_of_a_users_operation_is_that_operation(constant: bool) -> None:
    x = mg.tensor([1.0], constant=constant)
    result = mg.execute_op(Scale, x, op_args=(3.0,))
    assert result.creator.k == 3.0
    assert isinstance(result.creator, Scale)
    assert result.creator.variables[0] is x
    with pytest.raises(AttributeError):
        _ = result.creator.unheard_of


def test_16_a_forced_constant_clears_the_gradient_of_what_it_uses() -> None:
    x = mg.tensor([1.0])
    (x * x).backward()
    assert x.grad is not None
    mg.add(x, 1.0, constant=True)
    assert x.grad is None


@pytest.mark.filterwarnings("ignore:backward")
def test_17_backward_without_autodiff_does_nothing() -> None:
    x = mg.tensor(2.0)
    y = x * x
    with mg.no_autodiff:
        y.backward()
    assert x.grad is None and y.grad is None
    assert y.creator is not None
    y.backward()
    assert x.grad == 4.0
    with mg.no_autodiff:
        y = mg.tensor(2.0) * 3
        y.backward()
    assert y.grad is None


# --- in-place writes --------------------------------------------------------------------------
@pytest.mark.parametrize("shape", [(3,), (), (0,), (2, 3)])
@pytest.mark.parametrize("value", ["tensor", "number", "constant"])
def test_18_what_was_written_over_gets_zeros(shape: tuple[int, ...], value: str) -> None:
    x0 = mg.ones(shape)
    x = +x0
    values = {
        "tensor": 2.0 * mg.ones(shape), "number": 2.0, "constant": mg.ones(shape, constant=True),
    }  # fmt: skip
    x[...] = values[value]
    x.sum().backward()
    assert x0.grad is not None
    np.testing.assert_array_equal(x0.grad, np.zeros(shape))


# --- memory guarding --------------------------------------------------------------------------
def test_19_the_guard_is_asked_when_an_array_is_handed_out() -> None:
    """A deviation: in MyGrad 2, what was recorded without guard locks nothing later, either."""
    x, given = mg.tensor([1.0, 2.0]), np.array([1.0, 2.0])
    with mg.mem_guard_off:
        z = x * x * given
        assert x.data.flags.writeable
    assert x.data.flags.writeable and given.flags.writeable
    y = mg.tensor([1.0, 2.0])
    with mg.mem_guard_off:
        z = z * (y * y)
    assert not y.data.flags.writeable
    z.backward()
    assert y.data.flags.writeable


# --- ufunc objects ----------------------------------------------------------------------------
UFUNCS = sorted(
    {n for n in dir(mg) if isinstance(getattr(mg, n), mg.ufunc)}
    & {n for n in dir(np) if isinstance(getattr(np, n), np.ufunc)}
)


@pytest.mark.parametrize("name", UFUNCS)
def test_20_ufuncs_have_numpys_methods(name: str) -> None:
    ours, theirs = getattr(mg, name), getattr(np, name)
    for method in ("at", "accumulate", "outer", "reduce", "reduceat"):
        assert callable(getattr(ours, method))
    operands = [np.dtype(float)] * theirs.nin + [None]
    if name == "ldexp":  # whose second operand is an integer
        operands[1] = np.dtype(int)
    operands = tuple(operands)
    assert ours.resolve_dtypes(operands) == theirs.resolve_dtypes(operands)


@pytest.mark.parametrize("name", UFUNCS)
def test_21_ufuncs_have_numpys_attributes(name: str) -> None:
    ours, theirs = getattr(mg, name), getattr(np, name)
    for attribute in ("nin", "nout", "nargs", "identity", "signature"):
        assert getattr(ours, attribute) == getattr(theirs, attribute)


def test_22_matmul_is_a_ufunc() -> None:
    assert isinstance(mg.matmul, mg.ufunc)
    assert (mg.matmul.nin, mg.matmul.nout, mg.matmul.nargs) == (2, 1, 3)
    assert mg.matmul.signature == "(n?,k),(k,m?)->(n?,m?)"
    assert mg.matmul.identity is None
    assert "dd->d" in mg.matmul.types
    assert mg.matmul.ntypes == len(mg.matmul.types)
    with pytest.raises((ValueError, RuntimeError), match="reduce"):
        mg.matmul.reduce(mg.ones((2, 2)))


@pytest.mark.parametrize(
    "name", [*UFUNCS, "sum", "reshape", "einsum", "stack", "where", "add_sequence"]
)
def test_23_annotations_say_that_tensors_are_returned(name: str) -> None:
    hints = typing.get_type_hints(getattr(mg, name))
    assert hints["return"] is mg.Tensor
    assert hints.keys() == {*inspect.signature(getattr(mg, name)).parameters, "return"}


@pytest.mark.parametrize("name", UFUNCS)
def test_24_types_are_those_that_tensors_can_have(name: str) -> None:
    ufunc = getattr(mg, name)
    theirs = getattr(np, ufunc.__name__).types  # `fabs` is `absolute` here, as in `abs`
    assert ufunc.types == [loop for loop in theirs if not set(loop) & set("mMO")]
    assert ufunc.ntypes == len(ufunc.types)


# --- linalg -----------------------------------------------------------------------------------
@pytest.mark.parametrize("order", [None, 1, 2, -1, 3.5, np.inf, -np.inf])
def test_25_a_tuple_of_one_axis_is_that_axis(order: Any) -> None:
    for x in (np.array([3.0, -4.0]), np.array([[3.0, -4.0], [1.0, 2.0]])):
        ours = mg.linalg.norm(mg.tensor(x), ord=order, axis=(0,))
        np.testing.assert_allclose(ours.data, np.linalg.norm(x, ord=order, axis=(0,)))


@pytest.mark.filterwarnings("ignore:divide by zero")  # NumPy warns, too
@pytest.mark.parametrize("order", [-1, -2, -0.5])
def test_26_the_negative_norm_of_nothing_is_infinite(order: float) -> None:
    assert mg.linalg.norm(mg.zeros(0), ord=order).item() == math.inf


def test_27_vectors_have_no_frobenius_norm() -> None:
    with pytest.raises(ValueError, match="Invalid norm order"):
        mg.linalg.norm(mg.tensor([1.0, 2.0]), ord="fro")


# --- shapes -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("repeats", "axis", "gradient"),
    [(2, 0, 2.0), (2, -1, 2.0), ((3,), 0, 3.0), (0, 0, 0.0), (2, None, 2.0)],
)
def test_28_a_number_repeated_along_an_axis(repeats: Any, axis: Any, gradient: float) -> None:
    y = mg.tensor(1.0)
    mg.repeat(y, repeats, axis=axis).backward()
    assert y.grad == gradient


# --- nnet: activations, layers ----------------------------------------------------------------
def test_29_softmax_of_nothing() -> None:
    for axis in (0, 1, -1):
        for shape in ((0, 2), (2, 0)):
            assert softmax(np.ones(shape), axis=axis).shape == shape
    assert softmax(np.ones((0, 2), dtype="float32"), axis=0).dtype == np.float32
    assert softmax(np.ones((0, 2), dtype=int), axis=0).dtype == np.float64


def test_30_softmax_of_integers_is_float64() -> None:
    found = softmax(np.array([1, 2], dtype="int8"))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found.data, np.exp([1, 2]) / np.exp([1, 2]).sum())
    alone = softmax(np.array(1))
    assert alone.dtype == np.float64 and alone.item() == 1.0


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_31_a_convolution_of_padding_alone(dimensions: int) -> None:
    x = mg.tensor(np.zeros((1, 1, *(0,) * dimensions)))
    w = mg.tensor(np.ones((1, 1, *(2,) * dimensions)))
    conv_nd(x, w, stride=1, padding=1).sum().backward()
    assert x.grad is not None and x.grad.shape == x.shape
    np.testing.assert_array_equal(w.grad, np.zeros(w.shape))


def test_32_an_integer_tensor_is_an_axis() -> None:
    x = np.arange(8.0).reshape(4, 2)
    np.testing.assert_array_equal(glu(x, axis=mg.tensor(0)).data, glu(x, axis=0).data)


@pytest.mark.parametrize(
    "options",
    [
        {"step": None}, {"step": -1}, {"step": 0}, {"step": (1, 0)},
        {"window_shape": (1, 1, 1)}, {"window_shape": (0, 1)},
        {"dilation": -1}, {"dilation": 0}, {"dilation": 6},
    ],
)  # fmt: skip
def test_33_sliding_windows_that_cannot_be(options: dict[str, Any]) -> None:
    given = {"window_shape": (2, 2), "step": 1, **options}
    with pytest.raises((ValueError, TypeError)):
        mg.sliding_window_view(np.arange(36.0).reshape(6, 6), **given)


# --- nnet: initializers -----------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [int, "uint8", bool])
@pytest.mark.parametrize(
    "initializer", [normal, uniform, glorot_normal, glorot_uniform, he_normal, he_uniform]
)
def test_34_initial_values_are_floats(initializer: Callable[..., Any], dtype: Any) -> None:
    with pytest.raises(ValueError, match=initializer.__name__):
        initializer(2, 2, dtype=dtype)
    for floats in (np.float16, "float32", float):
        assert initializer(2, 2, dtype=floats).dtype == np.dtype(floats)


# --- nnet: what losses are given --------------------------------------------------------------
def test_35_probabilities_a_rounding_error_above_one() -> None:
    label = np.array([0])
    assert focal_loss(np.array([[1.0 + 1e-7, 0.0]]), label, gamma=0.5).item() == 0.0
    assert focal_loss(np.array([[2.0, 0.0]]), label, gamma=1).item() == 0.0


@pytest.mark.parametrize("gamma", [-1.0, [1.0]])
def test_36_the_exponent_of_the_focal_loss_is_a_number_from_zero_up(gamma: Any) -> None:
    with pytest.raises(ValueError, match="gamma"):
        focal_loss(np.array([[0.5, 0.5]]), np.array([0]), gamma=gamma)


@pytest.mark.parametrize(
    ("shape", "other", "dtype", "y", "margin"),
    [
        ((2, 2, 2), (2, 2, 2), float, 1, 1.0),
        ((2, 3), (2, 3), int, 1, 1.0),
        ((2, 3), (1, 3), float, 1, 1.0),
        ((2, 3), (2, 3), float, 1, -1.0),
        ((2, 3), (2, 3), float, np.ones((2, 3)), 1.0),
        ((2, 3), (2, 3), float, np.ones(3), 1.0),
        ((2, 3), (2, 3), float, 1, None),
    ],
    ids=["3-d", "integers", "shapes", "margin below 0", "y of (N, D)", "length of y", "no margin"],
)
def test_37_what_margin_ranking_loss_refuses(
    shape: Any, other: Any, dtype: Any, y: Any, margin: Any
) -> None:
    x1, x2 = np.ones(shape, dtype=dtype), np.ones(other, dtype=dtype)
    with pytest.raises((ValueError, TypeError)):
        margin_ranking_loss(x1, x2, y, margin)


@pytest.mark.parametrize("shape", [(1,), (2, 2), (3,), ()])
def test_38_class_weights_are_one_for_each_class(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="weights"):
        negative_log_likelihood(np.ones((2, 2)), np.array([0, 1]), weights=np.ones(shape))
