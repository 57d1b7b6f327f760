"""``t.grad`` can be assigned, and changed in place: what fits is taken, the rest says why not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw

import mygrad as mg

pytestmark = pytest.mark.raw_arithmetic


def differentiated() -> mg.Tensor:
    x = mg.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    (x * x).backward()
    return x


def test_changed_by_operators() -> None:
    x = differentiated()
    x.grad *= 0.5
    x.grad += x.data
    assert host(x.grad).tolist() == [[2, 4, 6], [8, 10, 12]]


@pytest.mark.skip_on("jax", "raw arrays never change there: operators make others, [...] = raises")
def test_changed_in_place() -> None:
    x = differentiated()
    grad = x.grad
    x.grad *= 0.5
    x.grad += x.data
    x.grad[0, :] = 0.0
    assert x.grad is grad
    assert host(grad).tolist() == [[0, 0, 0], [8, 10, 12]]


def test_a_view_changes_the_gradient_of_its_base() -> None:
    x = differentiated()
    row = x[1]
    row.grad *= 0.5
    assert host(x.grad).tolist() == [[2, 4, 6], [4, 5, 6]]
    row.grad = raw(np.array([7.0, 8.0, 9.0]))
    assert host(x.grad).tolist() == [[2, 4, 6], [7, 8, 9]]
    assert host(x.T.grad).tolist() == [[2, 7], [4, 8], [6, 9]]


def test_a_part_of_a_gradient_that_is_a_tensor() -> None:
    """What is written to it is seen in the whole and in other parts, on all array libraries."""
    t = mg.tensor([1.0, 2.0, 3.0])
    first, last = t[:2], t[1:]
    (t**2).sum().backward(create_graph=True)
    with mg.no_autodiff:
        part, other = first.grad, last.grad
        part[1] = 7.0
    for found, wanted in ((part, [2.0, 7.0]), (other, [7.0, 6.0]), (t.grad, [2.0, 7.0, 6.0])):
        assert host(found).tolist() == wanted


def test_a_view_of_what_has_no_gradient() -> None:
    x = mg.tensor([1.0, 2.0])
    with pytest.raises(ValueError, match=r"view.*its base.*none"):
        x[:1].grad = raw([1.0])
    assert x.grad is None


def test_assigned() -> None:
    x = differentiated()
    g = raw(np.ones((2, 3)))
    x.grad = g
    assert x.grad is g
    x.grad = x.grad * 2
    assert host(x.grad).tolist() == [[2] * 3] * 2
    x.grad = None
    assert x.grad is None
    y = mg.tensor([1.0, 2.0])  # which was in no graph
    y.grad = raw([3.0, 4.0])
    assert host(y.grad).tolist() == [3, 4]
    (y * 2).backward()
    assert host(y.grad).tolist() == [2, 2]


@pytest.mark.numpy_only("numbers and scalars of NumPy's")
def test_numbers_for_single_elements() -> None:
    x = mg.tensor(3.0, dtype="float32")
    x.grad = 2
    assert isinstance(x.grad, np.ndarray)
    assert x.grad.dtype == np.float32
    x.grad = x.grad * np.float32(2)  # which NumPy makes a scalar
    assert isinstance(x.grad, np.ndarray)
    assert x.grad == 4
    with pytest.raises(ValueError, match=r"shape \(2,\).*value is of shape \(\)"):
        mg.tensor([1.0, 2.0]).grad = 0.0


def test_a_tensor_can_be_differentiated_again() -> None:
    x = mg.tensor([1.0, 2.0])
    (x**3).backward(create_graph=True)
    x.grad = x.grad * x
    x.grad.backward()
    assert host(x.grad).tolist() == [9, 36]


@pytest.mark.numpy_only("memory that is read-only")
def test_what_cannot_be_changed_in_place_is_copied() -> None:
    x = mg.tensor([1.0, 2.0])
    x.grad = np.broadcast_to(1.0, (2,))
    x.grad *= 3.0
    assert x.grad.tolist() == [3, 3]


def test_another_layout() -> None:
    """A gradient need not lie as its tensor does; what views see of it is the same."""
    x = mg.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    g = raw(np.arange(6.0).reshape(3, 2))
    x.grad = g.T
    assert host(x[0].grad).tolist() == [0, 2, 4]
    x[1].grad *= 2.0
    assert host(x.grad).tolist() == [[0, 2, 4], [2, 6, 10]]


def test_views_made_after_the_gradient() -> None:
    """The sweep may leave a gradient in another layout than its leaf's, as einsum makes them."""
    x = mg.ones((2, 3))
    y = mg.einsum("ij,ik->kj", x, mg.ones((2, 4)))
    y.backward(raw(np.arange(12.0).reshape(4, 3)))
    assert host(x.grad).tolist() == [[18, 22, 26]] * 2
    assert host(x[0].grad).tolist() == [18, 22, 26]
    assert host(x.T.grad).tolist() == [[18, 18], [22, 22], [26, 26]]


def test_a_tensor_that_took_another_shape() -> None:
    x = mg.tensor([1.0, 2.0, 3.0, 4.0])
    x.shape = (2, 2)
    x.grad = raw([[1.0, 2.0], [3.0, 4.0]])
    assert host(x.grad).tolist() == [[1, 2], [3, 4]]


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "a shape": (np.ones(3), ValueError, r"shape \(2, 3\).*shape \(3,\)"),
    "a dtype": (np.ones((2, 3), np.float32), TypeError, r"float64.*float32.*astype"),
    "a word": ("one", TypeError, "str"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit(what: str) -> None:
    value, kind, message = REFUSED[what]
    x = differentiated()
    grad = x.grad
    with pytest.raises(kind, match=rf"t\.grad = value.*{message}"):
        x.grad = raw(value) if isinstance(value, np.ndarray) else value
    assert x.grad is grad


@pytest.mark.parametrize("values", [[1, 2], [1.0, 2.0]])
def test_constants_have_none(values: list[Any]) -> None:
    c = mg.tensor(values, constant=True)
    with pytest.raises(ValueError, match=r"t\.grad = value: .*constant"):
        c.grad = raw([1.0, 2.0])
    c.grad = None
    assert c.grad is None


@pytest.mark.parametrize("clip", [0.5, 2.0])
def test_clipping_gradients(clip: float) -> None:
    """What training loops written for PyTorch do."""
    params = [mg.tensor([3.0, 4.0]), mg.tensor([[0.0]])]
    mg.sum(params[0] ** 2 / 2).backward()
    params[1].grad = raw([[0.0]])
    norm = float(sum(host(p.grad**2).sum() for p in params)) ** 0.5
    for p in params:
        p.grad *= min(1.0, clip / norm)
    np.testing.assert_allclose(host(params[0].grad), np.array([3.0, 4.0]) * min(1, clip / 5))
