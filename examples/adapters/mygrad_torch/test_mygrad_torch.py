"""The adapter is one, and programs on it have the gradients of PyTorch's own autograd.

It is found by its entry point, so the package has to be installed: ``pip install .``
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

import mygrad as mg
from mygrad.nnet import conv_nd, max_pool, softmax_crossentropy
from mygrad.nnet.activations import sigmoid
from mygrad.optim import SGD
from mygrad.testing import check_backend


@pytest.fixture(autouse=True)
def selected() -> Iterator[None]:
    mg.set_backend("torch")
    yield
    mg.set_backend(None)


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    bits = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(shape, generator=bits, dtype=torch.float64)


def same(found: object, wanted: torch.Tensor | None) -> None:
    assert isinstance(found, torch.Tensor)
    assert wanted is not None
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)


def pair(*shape: int, seed: int = 0) -> tuple[mg.Tensor, torch.Tensor]:
    """The same values as a tensor of mygrad, and as one that PyTorch differentiates."""
    values = drawn(*shape, seed=seed)
    return mg.tensor(values), values.clone().requires_grad_()


def test_it_is_an_adapter() -> None:
    report = check_backend(mg.get_adapter("torch"))
    assert {name for _, name in report.skipped} == {
        "moves to another device and back",
        "windows and allocate with negative strides",
        "seen, window and put of arrays that never change",
        "can_lock, is_writeable, set_writeable",
        "do what portable functions do",
        "slices that run backwards",
    }


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_it_is_an_adapter_on_a_gpu() -> None:
    check_backend(mg.get_adapter("torch"), other_device="cuda")
    with torch.device("cuda"):
        check_backend(mg.get_adapter("torch"), other_device="cpu")


def test_arrays_find_their_adapter() -> None:
    mg.set_backend(None)
    x = mg.tensor(torch.ones(3))
    assert (x.backend, x.device, x.dtype) == ("torch", torch.device("cpu"), torch.float32)
    assert mg.tensor([1.0]).backend == "numpy"
    assert x.to("numpy").data.tolist() == [1.0, 1.0, 1.0]


def test_an_mlp_trains_as_by_autograd() -> None:
    inputs, labels = drawn(32, 4), torch.arange(32) % 3
    ours, theirs = zip(pair(4, 16), pair(16), pair(16, 3), pair(3), strict=True)
    optimizer = SGD(ours, learning_rate=0.2)
    losses = []
    for _ in range(20):
        a, b, c, d = ours
        loss = softmax_crossentropy(np.tanh(inputs @ a + b) @ c + d, labels)
        loss.backward()
        a, b, c, d = theirs
        expected = torch.nn.functional.cross_entropy(torch.tanh(inputs @ a + b) @ c + d, labels)
        expected.backward()
        same(loss.data, expected.detach())
        with torch.no_grad():
            for mine, other in zip(ours, theirs, strict=True):
                same(mine.grad, other.grad)
                other -= 0.2 * other.grad
                other.grad = None
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_a_convolutional_network() -> None:
    (x, p), (w, q) = pair(2, 3, 8, 8), pair(4, 3, 3, 3)
    softmax_crossentropy(
        max_pool(conv_nd(x, w, stride=1, padding=1), (2, 2), 2).reshape(2, -1), [3, 5]
    ).backward()
    pooled = torch.nn.functional.max_pool2d(torch.nn.functional.conv2d(p, q, padding=1), 2)
    loss = torch.nn.functional.cross_entropy(pooled.reshape(2, -1), torch.tensor([3, 5]))
    loss.backward()
    same(x.grad, p.grad)
    same(w.grad, q.grad)


def program(x: mg.Tensor | torch.Tensor, y: mg.Tensor | torch.Tensor) -> object:
    z = x * 1.0
    row, column = z[1], z[:, 2]
    row *= y[0]
    column += y[:, 1] * x[:, 0]
    z[z > 0.5] *= 3.0
    z[0, 1:] += z[2, 1:]
    return (z * z).sum() + (x[[2, 0, 2]] * y).sum()


def test_views_masks_and_writes() -> None:
    (x, p), (y, q) = pair(3, 4), pair(3, 4, seed=1)
    found, expected = program(x, y), program(p, q)
    found.backward()
    expected.backward()
    same(found.data, expected.detach())
    same(x.grad, p.grad)
    same(y.grad, q.grad)


def test_a_gradient_of_a_view_is_a_view() -> None:
    x = mg.tensor(drawn(3, 4))
    y = x * 2.0
    row = y[1]
    (y**2).sum().backward()
    assert row.base is y
    assert row.grad.untyped_storage() is y.grad.untyped_storage()


def test_complex_numbers_and_second_derivatives() -> None:
    (x, p), (y, q) = pair(5), pair(5, seed=1)
    z, r = x + 1j * y, torch.complex(p, q)
    found = (z.conj() * z * z).real.sum()
    (r.conj() * r * r).real.sum().backward()
    found.backward(create_graph=True)
    same(x.grad.data, p.grad)
    same(y.grad.data, q.grad)
    x.grad.sum().backward()
    same(x.grad, 6 * p.detach())


@pytest.mark.parametrize("left", [True, False])
def test_raw_arrays_beside_tensors(left: bool) -> None:
    raw, (x, p) = drawn(3, 3, seed=2), pair(3, 3)
    for t in (x, p):
        out = raw * t + raw @ t - raw / t if left else t * raw + t @ raw - t / raw
        out.sum().backward()
    same(x.grad, p.grad)


def test_what_autograd_knows_is_refused() -> None:
    weights = torch.nn.Parameter(torch.ones(2))
    for use in (mg.tensor, mg.sin, lambda a: mg.tensor([1.0, 2.0]) * a):
        with pytest.raises(TypeError, match=r"requires gradients.* array\.detach\(\)"):
            use(weights)
    assert mg.tensor(weights.detach()).tolist() == [1.0, 1.0]


def test_what_pytorch_refuses_is_named() -> None:
    x = mg.tensor([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"tensor\[::-1\].* step must be greater than zero"):
        x[::-1]
    np.flip(x)[:2].backward()
    assert x.grad.tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (lambda x: x + x[:2], r"add\(torch.float64\[3\], torch.float64\[2\]\): The size"),
        (lambda x: x.reshape(2, 2), r"reshape\(torch.float64\[3\]\): shape .* is invalid"),
        (lambda x: x.__setitem__(slice(2), x), r"tensor\[:2\] = value, with torch.float64\[3\]"),
        (lambda x: x.__iadd__(x[:2]), r"\+=, with torch.float64\[3\], torch.float64\[2\]: The"),
        (lambda x: x & 3, r"and\(torch.float64\[3\], 3\): .* not implemented"),
    ],
)
def test_what_pytorch_says_is_told_with_operation_and_operands(operation, said) -> None:
    with pytest.raises(RuntimeError, match=said):
        operation(mg.tensor(drawn(3)))


def test_a_singular_matrix_is_told_by_pytorchs_own_class() -> None:
    with pytest.raises(torch.linalg.LinAlgError, match="singular"):
        mg.linalg.inv(mg.zeros((2, 2)))


def test_fourier_transforms_of_real_numbers() -> None:
    x, p = pair(2, 6)
    (np.abs(mg.fft.rfft(x)) ** 2 + mg.fft.irfft(mg.fft.rfft(x), n=3).sum()).sum().backward()
    (torch.fft.rfft(p).abs() ** 2 + torch.fft.irfft(torch.fft.rfft(p), n=3).sum()).sum().backward()
    same(x.grad, p.grad)


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: mg.fmax(x, 0.5) + mg.fmin(0.25, x) * mg.heaviside(x, 0.5),
        lambda x: np.cumsum(x) * np.cumprod(x),
        lambda x: np.cumsum(x, axis=0),
        lambda x: np.amax(x, axis=(0, 1)) - np.amin(x),
        lambda x: x.flatten() ** 2 + np.ravel(x),
        lambda x: mg.logsumexp(x) + mg.logsumexp(x, axis=1),
        lambda x: sigmoid(x) * mg.exp2(x),
        lambda x: mg.linalg.solve(x @ x.T + np.identity(3), x) + mg.linalg.det(x @ x.T),
        lambda x: mg.linalg.cholesky(x @ x.T + mg.asarray(mg.identity(3)) * 2),
    ],
)
def test_operations_are_those_of_numpy_and_not_of_pytorch(operation) -> None:
    """PyTorch has functions of these names, or had them, with other parameters."""
    values = np.array([[0.3, -1.2, 0.5, 2.0], [1.4, 0.1, -0.6, 0.9], [-0.8, 0.7, 1.1, 0.2]])
    found = mg.tensor(values)
    wanted = mg.tensor(values, backend="numpy")
    results = [operation(found)]
    mg.set_backend("numpy")
    results.append(operation(wanted))
    for result in results:
        result.sum().backward()
    assert isinstance(found.grad, torch.Tensor)
    np.testing.assert_allclose(results[0].to("numpy").data, results[1].data, rtol=1e-12)
    np.testing.assert_allclose(found.grad.numpy(), wanted.grad, rtol=1e-10, atol=1e-12)


def test_last_occurrences_of_any_adapter() -> None:
    index = torch.tensor([2, 0, 2, 1])
    for adapter in (mg.Adapter, type(mg.get_adapter("torch"))):
        found = adapter.last_occurrences(mg.get_adapter("torch"), index, (3,))
        assert found.tolist() == [False, True, True, True]


def test_empty_views() -> None:
    x = mg.tensor(drawn(3, 4))
    y = x * 1.0
    part = y[3:, 1:]
    part += 1.0
    (part.sum() + y.sum()).backward()
    assert part.grad.shape == (0, 3)
    assert x.grad.tolist() == [[1.0] * 4] * 3


def test_seeds() -> None:
    def numbers() -> list[torch.Tensor]:
        mg.random.seed(3)
        return [mg.random.rand(4).data, mg.random.randn(4).data, mg.random.randint(0, 9, 4).data]

    for a, b in zip(numbers(), numbers(), strict=True):
        assert isinstance(a, torch.Tensor)
        assert torch.equal(a, b)


def in_place(x):
    y = mg.exp(x) * 1.0
    y[1:] *= x[:-1]
    y[y > 2.0] = 0.5
    return mg.sum(y**2) + mg.sum(mg.tanh(x))


@pytest.mark.parametrize(
    "transformed",
    [
        mg.grad(in_place),
        mg.value_and_grad(in_place),
        mg.hessian(in_place),
        mg.jacobian(lambda x: mg.sin(x[:2]) * x[1]),
        mg.jacobian(lambda x: mg.concatenate([x, x**2])),
        mg.grad(mg.checkpoint(in_place)),
        lambda x: mg.jvp(in_place, (x,), (x,)),
        lambda x: mg.hvp(in_place, x, x),
        lambda x: mg.vmap(mg.grad(in_place))(mg.stack([x, 2 * x]).data),
    ],
)
def test_transforms(transformed) -> None:
    x = drawn(3)
    found = transformed(x)
    with mg.backend("numpy"):
        wanted = transformed(x.numpy())
    parts = found if isinstance(found, tuple) else (found,)
    for one, other in zip(parts, wanted if isinstance(wanted, tuple) else (wanted,), strict=True):
        assert isinstance(one, torch.Tensor)
        np.testing.assert_allclose(one.numpy(), other, rtol=1e-12, atol=1e-14)
