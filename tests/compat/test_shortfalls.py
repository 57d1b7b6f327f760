"""What falls short in MyGrad 2, done right here.

Tested elsewhere: elementwise functions keep float32 beside Python scalars, and masked
singularities give no NaN (`test_primitives`); several losses share leaves
(`test_graph_semantics`); graphs of any depth (`test_memory_and_depth`); pickles and deep copies
(`test_tensor_protocols`); floor, ceil, trunc, rint, sign and round (`test_primitives`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, host, raw

import mygrad as mg
from mygrad import nnet

LABELS = np.array([1])

# --- float32 stays float32 beside Python numbers -------------------------------------------------
SCALARS: dict[str, Callable[[Any], Any]] = {
    "+": lambda x: 2.0 + x + 1,
    "-": lambda x: 2.0 - x - 1,
    "*": lambda x: 2.5 * x * 3,
    "/": lambda x: 2.5 / x / 3,
    "**": lambda x: 2.0**x + x**2.5 + x**2,
    "//": lambda x: 7.5 // x + x // 2.5,
    "%": lambda x: 7.5 % x + x % 2.5,
    "clip": lambda x: mg.clip(x, 0.5, 2.5),
    "where": lambda x: mg.where(raw([True, False, True]), x, 0.5),
    "sum": lambda x: mg.sum(x, initial=2.5),
    "max": lambda x: mg.max(x, initial=0.5),
    "norm": lambda x: mg.linalg.norm(x, ord=3),
    "add_sequence": lambda x: mg.add_sequence(x, 2.5, x),
    "multiply_sequence": lambda x: mg.multiply_sequence(x, 2.5, x),
    "full_like": lambda x: mg.full_like(x, 2.5),
    "leaky_relu": lambda x: nnet.leaky_relu(x, 0.1),
    "elu": lambda x: nnet.elu(x, 0.1),
    "hard_tanh": lambda x: nnet.hard_tanh(x, lower_bound=-0.5, upper_bound=0.5),
    "selu": nnet.selu,
    "sigmoid": nnet.sigmoid,
    "soft_sign": nnet.soft_sign,
    "softmax": nnet.softmax,
    "logsoftmax": nnet.logsoftmax,
    "multiclass_hinge": lambda x: nnet.multiclass_hinge(row(x), LABELS, hinge=0.5),
    "focal_loss": lambda x: nnet.softmax_focal_loss(row(x), LABELS, alpha=0.5, gamma=1.5),
    "margin_ranking_loss": lambda x: nnet.margin_ranking_loss(x, x * 2, 1, 5.5),
    "batchnorm": lambda x: nnet.batchnorm(mg.reshape(x, (3, 1)), eps=1e-5),
    "__iadd__": lambda x: operator.iadd(+x, 2.5),
    "__imul__": lambda x: operator.imul(+x, 2.5),
    "__ipow__": lambda x: operator.ipow(+x, 2.5),
    "__itruediv__": lambda x: operator.itruediv(+x, 2.5),
}


def row(x: Any) -> Any:
    return mg.reshape(x, (1, 3))


@pytest.mark.parametrize("name", SCALARS)
def test_float32_stays(name: str) -> None:
    x = mg.tensor(np.array([1.0, 2.0, 3.0], dtype=np.float32))
    result = SCALARS[name](x)
    assert result.dtype == x.dtype
    if not result.constant and result.creator is not None:
        result.backward()
        assert x.grad.dtype == x.dtype


# --- operators and methods that MyGrad lacks, or that lose the gradient there --------------------
METHODS: dict[str, Callable[[Any, Any], Any]] = {
    "abs": lambda x, y: abs(x) * y,
    "%": lambda x, y: x % 0.35 + y % x,
    "% of a number": lambda x, y: 1.05 % x * y,
    "//": lambda x, y: x // 0.35 * y + x,
    "divmod": lambda x, y: sum(divmod(x, 0.35)) * y,
    "divmod of a number": lambda x, y: sum(divmod(1.05, x)) * y,
    "dot": lambda x, y: x.dot(y) + x,
    "astype": lambda x, y: x.astype("float64") * y,
    "copy": lambda x, y: x.copy() * y,
    "clip": lambda x, y: x.clip(-0.55, 0.65) * y,
    "indices that depend on values": lambda x, y: x * y[int(x.argmax()) :].sum(),
    "truth": lambda x, y: x * y if bool(mg.max(x) > 0) else x,
}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.filterwarnings("error::mygrad.errors.GradientDetached")
def test_gradients_of_operators_and_methods(name: str) -> None:
    check_gradients(METHODS[name], [np.array([0.3, -0.8, 1.2]), np.array([2.0, 0.5, -0.7])])


def test_truth() -> None:
    assert bool(mg.tensor(0.5)) is True
    assert bool(mg.tensor(0)) is False
    for several in ([1.0, 2.0], []):
        with pytest.raises((ValueError, TypeError)):
            bool(mg.tensor(several))


def test_numbers_in_lists() -> None:
    assert mg.tensor([[1.5, 2.0], [3.0, 4.0]]).tolist() == [[1.5, 2.0], [3.0, 4.0]]
    assert mg.tensor(2).tolist() == 2


# --- piecewise constant operators ----------------------------------------------------------------
def test_quotients_that_are_rounded_down_are_constant() -> None:
    x, y = mg.tensor([5.5, -5.5]), mg.tensor([2.0, 2.0])
    for quotient in (x // y, x // 2, 7.0 // y, mg.floor_divide(x, y), divmod(x, y)[0]):
        assert quotient.constant
    (x // y * x).backward()
    assert host(x.grad).tolist() == [2, -3]
    assert y.grad is None


def test_remainders_differentiate() -> None:
    x, y = mg.tensor([5.5, -5.5]), mg.tensor([2.0, 2.0])
    (x % y).backward()
    assert host(x.grad).tolist() == [1, 1]
    assert host(y.grad).tolist() == [-2, 3]
    x %= 2.0
    assert host(x).tolist() == [1.5, 0.5]
    x.backward()
    assert host(x.grad).tolist() == [1, 1]


# --- a raw array that tensors are gathered in ----------------------------------------------------
IN_PLACE = ["iadd", "isub", "imul", "itruediv", "ipow"]


@pytest.mark.numpy_only("arrays of other libraries do not give way to tensors in augmented writes")
@pytest.mark.parametrize("name", IN_PLACE)
@pytest.mark.filterwarnings("error")
def test_gathering_in_a_raw_array(name: str) -> None:
    update, start = getattr(operator, name), np.array([1.5, 2.5])

    def gathered(t: Any) -> Any:
        acc: Any = start.copy()
        for k in range(1, 4):
            acc = update(acc, t * k)
        return acc

    t = mg.tensor([0.5, 1.5])
    acc = gathered(t)
    assert isinstance(acc, mg.Tensor)
    acc.backward()
    check_gradients(gathered, [np.array([0.5, 1.5])])


@pytest.mark.numpy_only("arrays of other libraries do not give way to tensors in augmented writes")
def test_gathering_where_it_cannot_work_says_why() -> None:
    t = mg.tensor([1.0, 2.0])
    integers: Any = np.zeros(2, dtype=int)
    with pytest.raises(TypeError, match=r"float64.* cannot be written to .*int64"):
        integers += t
    small: Any = np.zeros(())
    with pytest.raises(ValueError, match="shape"):
        small += t
    rows: Any = np.zeros((2, 2))
    with pytest.warns(mg.errors.GradientDetached):
        rows[0] += t  # the row is a tensor, and is written into a raw array
    with pytest.warns(mg.errors.GradientDetached):
        rows[0] = t * 2


def test_gathering_from_a_number() -> None:
    t = mg.tensor([1.0, 2.0])
    total: Any = 0
    for k in range(4):
        total += t * k
    total.backward()
    assert host(t.grad).tolist() == [6, 6]


# --- labels ------------------------------------------------------------------------------------
LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "softmax_crossentropy": nnet.softmax_crossentropy,
    "negative_log_likelihood": lambda x, y: nnet.negative_log_likelihood(nnet.logsoftmax(x), y),
    "multiclass_hinge": nnet.multiclass_hinge,
    "softmax_focal_loss": lambda x, y: nnet.softmax_focal_loss(x, y, gamma=2).sum(),
}


@pytest.mark.parametrize("name", LOSSES)
def test_negative_labels_count_from_the_end(name: str) -> None:
    losses = []
    for labels in ([-1, 0], [2, -3]):
        x = mg.tensor([[0.1, 0.7, -0.4], [1.0, 0.5, 0.2]])
        loss = LOSSES[name](x, raw(np.array(labels)))
        loss.backward()
        losses.append((loss.item(), host(x.grad).tolist()))
    assert losses[0] == losses[1]


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("label", [3, -4])
def test_labels_that_are_no_class(
    name: str, label: int, xp_backend: mg.backends.Adapter
) -> None:
    x = mg.tensor([[0.1, 0.7, -0.4]])
    if xp_backend.name in ("cupy", "dpnp"):  # it would have to wait for the device to know
        assert np.isnan(LOSSES[name](x, raw(np.array([label]))).item())
        return
    with pytest.raises(IndexError, match=f"label {label} is none of the 3 classes"):
        LOSSES[name](x, raw(np.array([label])))


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_is_that_of_the_labels_of_the_call(name: str) -> None:
    scores, labels = np.array([[0.1, 0.7, -0.4]]), np.array([0])
    x, y = mg.tensor(scores), mg.tensor(scores)
    LOSSES[name](y, raw(labels)).backward()
    loss = LOSSES[name](x, labels)
    try:
        labels[0] = 1
    except ValueError:  # read-only, as long as the graph needs them
        assert labels.tolist() == [0]
    loss.backward()
    np.testing.assert_array_equal(host(x.grad), host(y.grad))
    labels[0] = 2


# --- habits of older programs ------------------------------------------------------------------
@pytest.mark.raw_arithmetic
def test_null_gradients_before_backward_does_no_harm() -> None:
    x = mg.tensor([1.0, 2.0])
    loss = (x * x).sum()
    loss.null_gradients()
    loss.backward()
    assert host(x.grad).tolist() == [2, 4]
    loss.null_gradients()
    x.data -= 0.5 * x.grad
    assert host(x).tolist() == [0, 0]
