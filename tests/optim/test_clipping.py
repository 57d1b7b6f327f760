"""Gradients clipped by norm and by value, beside PyTorch's functions for it."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
import pytest
from gradcheck import host

import mygrad as mg
from mygrad.optim import SGD, clip_by_norm, clip_by_value

VALUES = [np.array([[3.0, -4.0], [0.5, 0.0]]), np.array(12.0), np.zeros((0, 2))]


def parameters(dtype: str = "float64") -> dict[str, Any]:
    """Tensors whose gradients are VALUES."""
    found = {str(n): mg.tensor(v, dtype=dtype) for n, v in enumerate(VALUES)}
    mg.sum(sum((t * t / 2).sum() for t in found.values())).backward()
    return found


@pytest.mark.parametrize("bound", [1.0, 5.0, 100.0])
@pytest.mark.parametrize("order", [1, 1.5, 2, inf])
def test_norms_are_those_of_pytorch(bound: float, order: float) -> None:
    torch = pytest.importorskip("torch", exc_type=ImportError)
    theirs = [torch.tensor(v, requires_grad=True) for v in VALUES[:2]]
    sum((t * t / 2).sum() for t in theirs).backward()
    wanted = torch.nn.utils.clip_grad_norm_(theirs, bound, order)
    found = parameters()
    del found["2"]  # the largest of no elements is an error in PyTorch
    norm = clip_by_norm(found, bound, order=order)
    assert norm.shape == ()
    np.testing.assert_allclose(host(norm), wanted.item(), rtol=1e-12)
    for t, tensor in zip(theirs, found.values(), strict=True):
        np.testing.assert_allclose(host(tensor.grad), t.grad.numpy(), rtol=1e-6)  # 1e-6 in theirs


def test_small_gradients_stay_bit_for_bit() -> None:
    found = parameters()
    norm = clip_by_norm(found, 13.1)
    np.testing.assert_allclose(host(norm), np.sqrt(9 + 16 + 0.25 + 144))
    for t, value in zip(found.values(), VALUES, strict=True):
        np.testing.assert_array_equal(host(t.grad), value)


def test_zero_and_nan() -> None:
    x = mg.tensor([1.0, 2.0])
    (x * 0.0).backward()
    assert host(clip_by_norm(x, 1.0)) == 0.0
    np.testing.assert_array_equal(host(x.grad), [0.0, 0.0])
    (x * mg.tensor([np.nan, 1.0], constant=True)).backward()
    assert np.isnan(host(clip_by_norm(x, 1.0)))
    assert np.isnan(host(x.grad)).all()


@pytest.mark.skip_on("array-api-strict", "the standard has no float16")
def test_the_norm_of_short_numbers_does_not_overflow() -> None:
    x = mg.tensor([1.0] * 4, dtype="float16")
    (x * mg.tensor([300.0] * 4, dtype="float16", constant=True)).backward()
    norm = clip_by_norm(x, 60.0)
    assert str(norm.dtype).endswith("float32")
    assert host(norm) == 600.0
    np.testing.assert_allclose(host(x.grad), [30.0] * 4, rtol=1e-3)


def test_by_value() -> None:
    found = parameters()
    assert clip_by_value(found, 3.5) is None
    for t, value in zip(found.values(), VALUES, strict=True):
        np.testing.assert_array_equal(host(t.grad), np.clip(value, -3.5, 3.5))


def test_views_are_clipped_once_and_gradients_that_are_tensors_stay_so() -> None:
    x = mg.tensor([3.0, 4.0])
    (x * x / 2).backward(create_graph=True)
    norm = clip_by_norm([x, x[:1], x], 1.0)
    assert isinstance(norm, mg.Tensor)
    assert isinstance(x.grad, mg.Tensor)
    np.testing.assert_allclose(host(x.grad), [0.6, 0.8])


@pytest.mark.skip_on("numpy", "there is no second library")
def test_gradients_on_several_devices_have_no_common_norm() -> None:
    x = mg.tensor([3.0, 4.0])
    with mg.backend("numpy"):
        y = mg.tensor([1.0])
        (y * y).backward()
    (x * x).backward()
    with pytest.raises(ValueError, match=r"several devices: .*numpy \(cpu\)"):
        clip_by_norm([x, y], 1.0)
    np.testing.assert_array_equal(host(x.grad), [6.0, 8.0])


def test_a_step_uses_what_was_clipped() -> None:
    x = mg.tensor([3.0, 4.0])
    optimizer = SGD(x, learning_rate=1.0)
    (x * x / 2).backward()
    clip_by_norm(optimizer, 1.0)
    optimizer.step()
    np.testing.assert_allclose(host(x), [2.4, 3.2], rtol=1e-6)
