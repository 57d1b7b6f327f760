"""Hessians of more than a hundred functions, against JAX's, and against differences of gradients.

Each function takes a namespace and a vector. Most are one program for both libraries; where JAX
writes otherwise (in-place updates, layers), the second program says the same in its words.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw

import mygrad as mg
import mygrad.nnet.layers as layers
import mygrad.nnet.losses as losses
from mygrad.nnet import activations

Function = Callable[[Any, Any], Any]

POINT = np.array([0.37, 0.81, 0.53, 0.22, 0.94, 0.68])
WEIGHTS = np.cos(np.arange(36.0)).reshape(6, 6)
MATRIX = 0.4 * WEIGHTS + 2.5 * np.eye(6)
SMALL = np.array([[2.0, 0.3, -0.1], [0.4, 1.7, 0.2], [-0.3, 0.1, 2.3]])


class MyGrad:
    """What the functions call: names as in NumPy, on tensors."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(mg, name, None)
        return getattr(np, name) if found is None else found

    special = mg.special
    nnet = activations


class JAX:
    """The same from JAX."""

    def __init__(self) -> None:
        import jax
        import jax.numpy as jnp
        import jax.scipy.special as special

        jax.config.update("jax_enable_x64", True)
        self.jnp, self.special, self.nnet, self.jax = jnp, special, jax.nn, jax

    def __getattr__(self, name: str) -> Any:
        return getattr(self.jnp, name)


def after_mixing(function: Function, low: float, high: float) -> Function:
    """An elementwise function of numbers between two bounds, each of which depends on all of x."""

    def f(np: Any, x: Any) -> Any:
        mixed = low + (high - low) / (1 + np.exp(-np.matmul(WEIGHTS, x)))
        return np.sum(function(np, mixed) * (1 + x))

    return f


TABLE: dict[str, tuple[Function, Function | None]] = {}


def entry(name: str, f: Function, other: Function | None = None) -> None:
    TABLE[name] = f, other


# --- elementwise ----------------------------------------------------------------------------------
for _name in (
    "sin cos tan sinh cosh tanh exp exp2 expm1 arctan arcsinh square negative positive absolute "
    "sinc reciprocal deg2rad rad2deg"
).split():
    entry(_name, after_mixing(lambda np, x, name=_name: getattr(np, name)(x), 0.2, 0.9))
for _name in "log log2 log10 log1p sqrt cbrt".split():
    entry(_name, after_mixing(lambda np, x, name=_name: getattr(np, name)(x), 0.3, 3.0))
for _name in "arcsin arccos arctanh".split():
    entry(_name, after_mixing(lambda np, x, name=_name: getattr(np, name)(x), -0.7, 0.7))
entry("arccosh", after_mixing(lambda np, x: np.arccosh(x), 1.2, 3.0))
for _name in "add subtract multiply divide power arctan2 hypot logaddexp logaddexp2".split():
    entry(_name, after_mixing(lambda np, x, name=_name: getattr(np, name)(x, x[::-1] ** 2), 0.3, 2))
for _name in "maximum minimum fmax fmin".split():
    entry(_name, after_mixing(lambda np, x, name=_name: getattr(np, name)(x, x[::-1]) ** 3, 0.3, 2))
entry("float_power", lambda np, x: np.sum(np.float_power(x, 2.7) * x[0]))
entry("mod", lambda np, x: np.sum(np.mod(x * 7, 2.0) ** 3))
entry("copysign", lambda np, x: np.sum(np.copysign(x, -x) ** 3))
entry("where", lambda np, x: np.sum(np.where(x > 0.5, x**3, np.sin(x) * x[0])))
entry("clip", lambda np, x: np.sum(np.clip(x, 0.3, 0.7) ** 3 * x[1]))

# --- special --------------------------------------------------------------------------------------
for _name in (
    "erf erfc gammaln digamma i0 i0e i1 i1e expit entr ndtr log_ndtr spence expi"
).split():
    entry(f"special.{_name}", after_mixing(
        lambda np, x, name=_name: getattr(np.special, name)(x), 0.4, 0.9
    ))  # fmt: skip
entry("special.exp1", after_mixing(lambda np, x: np.special.exp1(x), 0.4, 0.9),
      after_mixing(lambda np, x: -np.special.expi(-x), 0.4, 0.9))  # fmt: skip
entry("special.erfinv", after_mixing(lambda np, x: np.special.erfinv(x), -0.6, 0.7))
entry("special.ndtri", after_mixing(lambda np, x: np.special.ndtri(x), 0.2, 0.8))
entry("special.logit", after_mixing(lambda np, x: np.special.logit(x), 0.2, 0.8))
entry("special.xlogy", after_mixing(lambda np, x: np.special.xlogy(x, x[::-1]), 0.2, 0.8))
entry("special.xlog1py", after_mixing(lambda np, x: np.special.xlog1py(x, x[::-1]), 0.2, 0.8))
entry("special.rel_entr", after_mixing(lambda np, x: np.special.rel_entr(x, x[::-1]), 0.2, 0.8))
entry("special.polygamma", after_mixing(lambda np, x: np.special.polygamma(1, x), 0.5, 2.0))
entry("special.betaln", after_mixing(lambda np, x: np.special.betaln(x, x[::-1]), 0.5, 2.0))
entry("special.zeta", after_mixing(lambda np, x: np.special.zeta(2.5, x), 0.5, 2.0))
entry("special.gammainc", after_mixing(lambda np, x: np.special.gammainc(1.5, x), 0.5, 2.0))
entry("special.logsumexp", lambda np, x: np.special.logsumexp(np.matmul(WEIGHTS, x) * x) * x[2])

# --- reductions and sequences ---------------------------------------------------------------------
for _name in "sum mean prod var std max min cumsum cumprod".split():
    entry(_name, lambda np, x, name=_name: np.sum(
        getattr(np, name)(np.reshape(np.matmul(WEIGHTS, x) ** 2 + x, (2, 3)), axis=1) * x[0]
    ))  # fmt: skip
entry("ptp", lambda np, x: (np.max(x) - np.min(x)) ** 3)
entry("median", lambda np, x: np.median(x**3) * np.sum(x))
entry("average", lambda np, x: np.average(x**3, weights=x))
entry("diff", lambda np, x: np.sum(np.diff(x**2) ** 3))
entry("trapezoid", lambda np, x: np.trapezoid(x**3, x=np.cumsum(x)))
entry("convolve", lambda np, x: np.sum(np.convolve(x**2, x[:3]) ** 2))
entry("interp", lambda np, x: np.sum(np.interp(x, np.linspace(0, 1, 5), np.arange(5.0) ** 2) ** 2))
entry("percentile", lambda np, x: np.percentile(x**2, 40.0) * np.sum(x**2))
entry("nansum", lambda np, x: np.nansum(x**4) * x[1])
entry("cov", lambda np, x: np.sum(np.cov(np.reshape(x**2, (2, 3))) ** 2))

# --- shapes, indices ------------------------------------------------------------------------------
entry("getitem, slices", lambda np, x: np.sum(x[1:] ** 2 * x[:-1] * x[::-1][1:]))
entry("getitem, repeated", lambda np, x: np.sum(x[np.array([0, 2, 2, 5])] ** 3 * x[1]))
entry("getitem, mask", lambda np, x: np.sum(x[POINT > 0.5] ** 3) * x[0])
entry("take", lambda np, x: np.sum(np.take(x, np.array([1, 1, 4])) ** 3 * x[0]))
entry("take_along_axis", lambda np, x: np.sum(
    np.take_along_axis(np.reshape(x, (2, 3)), np.array([[0, 2], [1, 1]]), axis=1) ** 3
))  # fmt: skip
entry("concatenate", lambda np, x: np.prod(np.concatenate([x[:2], x[3:] ** 2])))
entry("stack", lambda np, x: np.sum(np.matmul(np.stack([x, x**2]), np.stack([x, x**3], axis=1))))
entry("roll", lambda np, x: np.sum(np.roll(x, 2) ** 2 * x**2))
entry("repeat, tile", lambda np, x: np.sum(np.repeat(x, 2) ** 2 * np.tile(x, 2)))
entry("pad", lambda np, x: np.sum(np.pad(x, 2, mode="reflect") ** 3))
entry("flip", lambda np, x: np.sum(np.flip(x) ** 2 * x))
entry("moveaxis", lambda np, x: np.sum(np.moveaxis(np.reshape(x, (1, 2, 3)), 2, 0) ** 3))
entry("tril, outer", lambda np, x: np.sum(np.tril(np.outer(x, x**2)) ** 2))
entry("diagonal", lambda np, x: np.sum(np.diagonal(np.outer(x, x)) * x))
entry("kron", lambda np, x: np.sum(np.kron(x[:2], x[2:]) ** 3))
entry("sort", lambda np, x: np.sum(np.sort(x) ** 3 * np.arange(6.0)))
entry("broadcast_to", lambda np, x: np.sum(np.broadcast_to(x, (3, 6)) ** 3 * x[:3, None]))


# --- linear algebra -------------------------------------------------------------------------------
def matrix(np: Any, x: Any) -> Any:
    return SMALL + np.reshape(np.concatenate([x, x[:3] ** 2]), (3, 3)) * 0.3


def symmetric(np: Any, x: Any) -> Any:
    a = matrix(np, x)
    return (a + a.T) / 2


entry("matmul", lambda np, x: np.sum(np.matmul(matrix(np, x), matrix(np, x)) ** 2))
entry("einsum", lambda np, x: np.einsum("ij,jk,ki->", *[matrix(np, x)] * 3))
entry("tensordot", lambda np, x: np.tensordot(matrix(np, x), matrix(np, x) ** 2, axes=2))
entry("dot", lambda np, x: np.dot(x, x) ** 2)
entry("vdot, inner", lambda np, x: np.vdot(x, x) * np.inner(x, x**2))
entry("cross", lambda np, x: np.sum(np.cross(x[:3], x[3:]) ** 3))
entry("trace", lambda np, x: np.trace(matrix(np, x)) ** 3)
entry("linalg.inv", lambda np, x: np.sum(np.linalg.inv(matrix(np, x)) ** 2))
entry("linalg.det", lambda np, x: np.linalg.det(matrix(np, x)) ** 2)
entry("linalg.slogdet", lambda np, x: np.linalg.slogdet(matrix(np, x))[1] * x[0])
entry("linalg.solve", lambda np, x: np.sum(np.linalg.solve(matrix(np, x), x[:3]) ** 2))
entry("linalg.cholesky", lambda np, x: np.sum(np.linalg.cholesky(symmetric(np, x)) ** 3))
entry("linalg.eigvalsh", lambda np, x: np.sum(np.linalg.eigvalsh(symmetric(np, x)) ** 3))
entry("linalg.eigh", lambda np, x: np.sum(np.linalg.eigh(symmetric(np, x))[1] ** 4))
entry("linalg.svd", lambda np, x: np.sum(
    np.linalg.svd(matrix(np, x), full_matrices=False)[1] ** 3
))  # fmt: skip
entry("linalg.qr", lambda np, x: np.sum(np.linalg.qr(matrix(np, x))[1] ** 4))
entry("linalg.norm", lambda np, x: np.linalg.norm(x) ** 3)
entry("linalg.norm of matrices", lambda np, x: np.linalg.norm(matrix(np, x)) ** 3)
entry("linalg.matrix_power", lambda np, x: np.sum(np.linalg.matrix_power(matrix(np, x), 3)))
entry("linalg.pinv", lambda np, x: np.sum(np.linalg.pinv(matrix(np, x)) ** 2))
entry("linalg.multi_dot", lambda np, x: np.sum(np.linalg.multi_dot([matrix(np, x)] * 3)))

# --- Fourier transforms ---------------------------------------------------------------------------
for _name in "fft ifft rfft ihfft".split():
    entry(f"fft.{_name}", lambda np, x, name=_name: np.sum(
        np.abs(getattr(np.fft, name)(x**2)) ** 3
    ))  # fmt: skip
entry("fft.irfft", lambda np, x: np.sum(np.fft.irfft(x[:4] * np.exp(1j * x[2:])) ** 3))
entry("fft.hfft", lambda np, x: np.sum(np.fft.hfft(x[:4] * np.exp(1j * x[2:])) ** 3))
entry("fft.fft2", lambda np, x: np.sum(np.abs(np.fft.fft2(np.reshape(x**2, (2, 3)))) ** 3))
entry("complex parts", lambda np, x: np.sum(
    np.real(np.exp(1j * x)) * np.imag((x + 1j * x[::-1]) ** 3) + np.angle(x + 1j * x[::-1] ** 2)
))  # fmt: skip

# --- networks -------------------------------------------------------------------------------------
for _name in "relu selu soft_sign sigmoid".split():
    entry(f"nnet.{_name}", lambda np, x, name=_name: np.sum(
        getattr(np.nnet, name)(np.matmul(WEIGHTS, x)) ** 2 * x[0]
    ))  # fmt: skip
entry("nnet.elu", lambda np, x: np.sum(np.nnet.elu(x - 0.5, 1.0) ** 2))
entry("nnet.glu", lambda np, x: np.sum(np.nnet.glu(np.matmul(WEIGHTS, x)[None, :]) ** 2 * x[0]))
entry("nnet.softmax", lambda np, x: np.sum(np.nnet.softmax(np.matmul(WEIGHTS, x)) ** 2))
entry("nnet.logsoftmax", lambda np, x: np.sum(np.nnet.logsoftmax(np.matmul(WEIGHTS, x)) ** 2),
      lambda np, x: np.sum(np.nnet.log_softmax(np.matmul(WEIGHTS, x)) ** 2))  # fmt: skip

IMAGE = np.sin(np.arange(25.0)).reshape(1, 1, 5, 5)


def filters(np: Any, x: Any) -> Any:
    return np.reshape(x, (1, 1, 2, 3))


def jax_convolved(np: Any, x: Any) -> Any:
    return np.jax.lax.conv(IMAGE * x[0], filters(np, x)[..., :, :], (1, 1), "VALID")


def normalized(np: Any, y: Any) -> Any:
    return (y - np.mean(y, 0)) / np.sqrt(np.var(y, 0) + 1e-3)


entry("nnet.conv_nd",
      lambda np, x: np.sum(layers.conv_nd(IMAGE * x[0], filters(np, x), stride=1) ** 3),
      lambda np, x: np.sum(jax_convolved(np, x) ** 3))  # fmt: skip
entry("nnet.max_pool",
      lambda np, x: np.sum(layers.max_pool(
          layers.conv_nd(IMAGE * x[0], filters(np, x), stride=1)[..., :2], (2, 2), 2) ** 3),
      lambda np, x: np.sum(np.max(np.reshape(
          jax_convolved(np, x)[..., :2], (1, 1, 2, 2, 1, 2)), axis=(3, 5)) ** 3))  # fmt: skip
entry("nnet.batchnorm",
      lambda np, x: np.sum(layers.batchnorm(
          np.reshape(x**2, (3, 2)), gamma=x[:2], beta=x[2:4], eps=1e-3) ** 3),
      lambda np, x: np.sum((normalized(np, np.reshape(x**2, (3, 2))) * x[:2] + x[2:4]) ** 3)
      )  # fmt: skip
entry("nnet.softmax_crossentropy",
      lambda np, x: losses.softmax_crossentropy(
          np.matmul(WEIGHTS, np.outer(x, x))[:, :3], mg.asarray([0, 2, 1, 1, 0, 2])),
      lambda np, x: -np.mean(np.nnet.log_softmax(
          np.matmul(WEIGHTS, np.outer(x, x))[:, :3])[np.arange(6), np.array([0, 2, 1, 1, 0, 2])]
      ))  # fmt: skip


def gru_arguments(np: Any, x: Any) -> list[Any]:
    u = np.outer(x[:2], x[2:4])
    w = np.outer(x[2:4], x[4:])
    return [u, w, x[:2], u * 0.5, w + 0.1, x[2:4], u - 0.3, w * x[0], x[4:]]


STEPS = np.cos(np.arange(6.0)).reshape(3, 1, 2)


def jax_gru(np: Any, x: Any) -> Any:
    uz, wz, bz, ur, wr, br, uh, wh, bh = gru_arguments(np, x)
    state, total = np.zeros((1, 2)), 0.0
    for step in STEPS:
        z = np.nnet.sigmoid(step @ uz + state @ wz + bz)
        r = np.nnet.sigmoid(step @ ur + state @ wr + br)
        h = np.tanh(step @ uh + (r * state) @ wh + bh)
        state = (1 - z) * h + z * state
        total = total + np.sum(state**3)
    return total


entry("nnet.gru", lambda np, x: np.sum(layers.gru(STEPS, *gru_arguments(np, x))[1:] ** 3), jax_gru)


# --- programs that write in place -----------------------------------------------------------------
def program(other: Function) -> Callable[[Function], Function]:
    def note(f: Function) -> Function:
        entry(f.__name__.replace("_", " "), f, other)
        return f

    return note


def running_product(np: Any, x: Any) -> Any:
    y = [x[0]]
    for k in range(1, 6):
        y.append(x[k] * y[-1] + x[k] ** 2)
    return sum(v**2 for v in y)


@program(running_product)
def loop_of_updates(np: Any, x: Any) -> Any:
    y = x * 1.0
    for k in range(1, 6):
        y[k] *= y[k - 1]
        y[k] += x[k] ** 2
    return np.sum(y**2)


@program(lambda np, x: np.sum(
    np.concatenate([x[:1], x[1:4] * x[:3], x[4:] * x[3:5] ** 2]) ** 3 * x[0]
))  # fmt: skip
def updates_through_views(np: Any, x: Any) -> Any:
    y = x * 1.0
    first, second = y[1:4], y[4:]
    second *= x[3:5] ** 2
    first *= x[:3]
    return np.sum(y**3 * x[0])


@program(lambda np, x: np.sum(np.where(x > 0.5, x[0] * x**2, np.sin(x)) ** 2))
def masked_writes(np: Any, x: Any) -> Any:
    y = np.sin(x)
    y[POINT > 0.5] = (x[0] * x**2)[POINT > 0.5]
    return np.sum(y**2)


@program(lambda np, x: np.sum(np.where(np.array([True, False] * 3), x**3, x * x[1]) ** 2))
def where_and_out(np: Any, x: Any) -> Any:
    y = x * x[1]
    mg.power(x, 3, out=y, where=np.array([True, False] * 3))
    return np.sum(y**2)


@program(lambda np, x: np.sum((np.zeros(4).at[np.array([0, 2, 0, 1, 2, 2])].add(x**2)) ** 3))
def scattered_sums(np: Any, x: Any) -> Any:
    y = x[:4] * 0.0
    mg.add.at(y, np.array([0, 2, 0, 1, 2, 2]), x**2)
    return np.sum(y**3)


@program(lambda np, x: np.sum((np.reshape(x, (2, 3)).T @ np.reshape(x**2, (2, 3))) ** 2))
def blocks_of_a_matrix(np: Any, x: Any) -> Any:
    out = np.outer(x[:3], x[:3]) * 0.0
    a, b = np.reshape(x, (2, 3)), np.reshape(x**2, (2, 3))
    for i in range(3):
        for j in range(3):
            out[i, j] = np.sum(a[:, i] * b[:, j])
    return np.sum(out**2)


@program(lambda np, x: np.sum(x[np.array([1, 0, 3, 2, 5, 4])] ** 3 * x))
def swaps(np: Any, x: Any) -> Any:
    y = +x
    for k in (0, 2, 4):
        kept = y[k] * 1.0
        y[k] = y[k + 1]
        y[k + 1] = kept
    return np.sum(y**3 * x)


@program(lambda np, x: np.sum((x + np.concatenate([x[1:], x[:1] * 0])) ** 3))
def an_argument_written_to(np: Any, x: Any) -> Any:
    x[:-1] += x[1:]
    return np.sum(x**3)


# --- the tests ------------------------------------------------------------------------------------
def hessian(name: str, point: Any = POINT) -> Any:
    f = TABLE[name][0]
    return mg.hessian(lambda x: f(MyGrad(), x))(raw(point))


def test_there_are_more_than_a_hundred() -> None:
    assert len(TABLE) > 100


@pytest.mark.skipif(
    os.environ["MYGRAD_TEST_BACKEND"] not in ("numpy", "jax"),
    reason="compared with JAX on NumPy and on JAX, and on others with differences",
)
@pytest.mark.parametrize("name", TABLE)
def test_against_jax(name: str) -> None:
    pytest.importorskip("jax", reason="JAX is not installed here; its own lane compares with it")
    f, other = TABLE[name]
    library = JAX()
    want = np.asarray(
        library.jax.hessian(lambda x: (other or f)(library, x))(library.jnp.asarray(POINT))
    )
    with mg.backend("numpy"):
        found = np.asarray(hessian(name))
    np.testing.assert_allclose(found, want, rtol=1e-9, atol=1e-9 * abs(want).max() + 1e-12)


SIXTH = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))  # of order h⁶


@pytest.mark.numpy_only("the programs are NumPy's; test_second_order.py runs all operations")
@pytest.mark.parametrize("name", TABLE)
def test_against_differences_of_gradients(name: str) -> None:
    """And with its transpose."""
    f, step = TABLE[name][0], 2e-3
    gradient = mg.grad(lambda x: f(MyGrad(), x))
    found = hessian(name)
    want = np.zeros_like(found)
    for k, row in enumerate(want):
        move = np.zeros(POINT.size)
        move[k] = step
        for n, weight in SIXTH:
            row += weight / step * (gradient(POINT + n * move) - gradient(POINT - n * move))
    np.testing.assert_allclose(found, want, rtol=1e-6, atol=1e-8 * abs(want).max() + 1e-10)
    np.testing.assert_allclose(found, found.T, rtol=1e-9, atol=1e-10 * abs(want).max() + 1e-12)


def test_third_derivatives_of_a_network() -> None:
    """With in-place updates and a convolution, against differences of the Hessian."""

    def network(x: Any) -> Any:
        features = layers.conv_nd(IMAGE * x[0], mg.reshape(x, (1, 1, 2, 3)), stride=1, padding=1)
        features[..., 1:, :] += mg.tanh(features[..., :-1, :]) * x[1]
        part = features[0, 0, :, ::2]
        part *= part
        return mg.mean(mg.tanh(features) ** 2 * x[5])

    direction, step = np.array([0.3, -0.5, 0.8, 0.1, -0.2, 0.4]), 1e-3
    second = mg.hessian(network)
    found = host(mg.jvp(second, (raw(POINT),), (raw(direction),))[1])
    want: Any = 0.0
    for n, weight in SIXTH:
        ahead, behind = (host(second(raw(POINT + s * n * step * direction))) for s in (1, -1))
        want = want + weight / step * (ahead - behind)
    np.testing.assert_allclose(found, want, rtol=1e-7, atol=1e-9)
