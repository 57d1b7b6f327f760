"""First and second derivatives of linear algebra, by differences: real, complex, in stacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw
from numpy.typing import NDArray
from primitive_cases import some

import mygrad as mg
from mygrad.testing import check_grads

Array = NDArray[Any]
Function = Callable[..., Any]
la = mg.linalg


def drawn(*shape: int, kind: str = "real", seed: int = 0) -> Array:
    """Random matrices; square ones are far from singular."""
    rng = np.random.default_rng(seed)
    a = rng.uniform(-1, 1, shape)
    if kind == "complex":
        a = a + 1j * rng.uniform(-1, 1, shape)
    if len(shape) > 1 and shape[-1] == shape[-2]:
        a = a + 2 * np.diag(np.arange(1.0, shape[-1] + 1))
    return np.asarray(a)


def positive(*shape: int, kind: str = "real", seed: int = 0) -> Array:
    """Hermitian, positive definite matrices."""
    a = drawn(*shape, kind=kind, seed=seed)
    return np.asarray(a @ np.swapaxes(a.conj(), -1, -2) + np.eye(shape[-1]))


def herm(a: Any) -> Any:
    return mg.conj(mg.matrix_transpose(a))


def projectors(v: Any) -> Any:
    """What the columns of unitary matrices span, one by one: nothing of signs and phases."""
    column = mg.expand_dims(mg.swapaxes(v, -1, -2), -1)
    return column * mg.conj(mg.swapaxes(column, -1, -2))


def svd_products(a: Any, **options: Any) -> list[Any]:
    """The singular values, and all that is sure of their vectors."""
    u, s, vh = la.svd(a, **options)
    k = s.shape[-1]
    pairs = mg.expand_dims(mg.swapaxes(u[..., :k], -1, -2), -1) * mg.expand_dims(vh[..., :k, :], -2)
    return [s, pairs, projectors(u[..., :k])]


def eigh_products(a: Any, **options: Any) -> list[Any]:
    w, v = la.eigh(a, **options)
    return [w, projectors(v)]


def eig_products(a: Any) -> list[Any]:
    w, v = la.eig(a)
    return [w, projectors(v)]


def qr_whole(a: Any) -> list[Any]:
    q, r = la.qr(a)
    return [q, r]


def slogdet_both(a: Any) -> list[Any]:
    sign, logarithm = la.slogdet(a)
    return [logarithm] if sign.constant else [sign, logarithm]


def least(a: Any, b: Any) -> list[Any]:
    x, residuals, _, s = la.lstsq(a, b)
    return [x, residuals, s] if residuals.size else [x, s]


Case = tuple[Function, tuple[tuple[int, ...], ...]]
CASES: dict[str, Case] = {
    "solve": (la.solve, ((3, 3), (3, 2))),
    "solve, a vector": (la.solve, ((3, 3), (3,))),
    "solve, stacks": (la.solve, ((2, 1, 2, 2), (3, 2, 1))),
    "solve, a vector for a stack": (la.solve, ((2, 3, 3), (3,))),
    "inv": (la.inv, ((3, 3),)),
    "inv, stacks": (la.inv, ((2, 2, 2),)),
    "pinv, tall": (la.pinv, ((4, 2),)),
    "pinv, wide": (la.pinv, ((2, 2, 3),)),
    "pinv, square": (la.pinv, ((3, 3),)),
    "pinv, hermitian": (lambda a: la.pinv(a, hermitian=True), ((3, 3),)),
    "pinv, of rank 1": (lambda a, b: la.pinv(mg.outer(a, b), rtol=None), ((3,), (4,))),
    "pinv, truncated": (lambda a: la.pinv(a, rcond=0.65), ((3, 3),)),
    "pinv, truncated, tall": (lambda a: la.pinv(a, rcond=0.65), ((2, 4, 3),)),
    "pinv, truncated, wide": (lambda a: la.pinv(a, rcond=0.8), ((2, 3),)),
    "det": (la.det, ((3, 3),)),
    "det, stacks": (la.det, ((2, 2, 2),)),
    "slogdet": (slogdet_both, ((3, 3),)),
    "slogdet, stacks": (slogdet_both, ((2, 2, 2),)),
    "cholesky": (la.cholesky, ((3, 3),)),
    "cholesky, upper": (lambda a: la.cholesky(a, upper=True), ((3, 3),)),
    "cholesky, stacks": (la.cholesky, ((2, 2, 2),)),
    "qr, square": (qr_whole, ((3, 3),)),
    "qr, tall": (qr_whole, ((2, 4, 2),)),
    "qr, wide": (qr_whole, ((2, 4),)),
    "qr, r": (lambda a: la.qr(a, "r"), ((4, 3),)),
    "qr, complete, wide": (lambda a: la.qr(a, "complete")[0], ((2, 3),)),
    "qr, complete, R": (lambda a: la.qr(a, "complete")[1], ((4, 2),)),
    "qr, complete, the rest": (lambda a: _rest(la.qr(a, "complete")[0], 2), ((4, 2),)),
    "svd, square": (svd_products, ((3, 3),)),
    "svd, tall": (lambda a: svd_products(a, full_matrices=False), ((2, 4, 2),)),
    "svd, wide": (lambda a: svd_products(a, full_matrices=False), ((2, 3),)),
    "svd, full": (lambda a: svd_products(a), ((2, 4),)),
    "svd, the rest": (lambda a: _rest(la.svd(a).U, 2), ((4, 2),)),
    "svd, the rest of rows": (lambda a: _rest(herm(la.svd(a).Vh), 2), ((2, 4),)),
    "svd, hermitian": (lambda a: svd_products(a, hermitian=True), ((3, 3),)),
    "svdvals": (la.svdvals, ((2, 3, 2),)),
    "svdvals, hermitian": (
        lambda a: la.svd(a, compute_uv=False, hermitian=True), ((3, 3),)
    ),
    "eigh": (eigh_products, ((3, 3),)),
    "eigh, upper": (lambda a: eigh_products(a, UPLO="U"), ((2, 2, 2),)),
    "eigvalsh": (la.eigvalsh, ((2, 3, 3),)),
    "eigvalsh, upper": (lambda a: la.eigvalsh(a, "U"), ((3, 3),)),
    "eig": (eig_products, ((3, 3),)),
    "eig, stacks": (eig_products, ((2, 2, 2),)),
    "eigvals": (la.eigvals, ((2, 3, 3),)),
    "lstsq, tall": (least, ((4, 2), (4,))),
    "lstsq, wide": (least, ((2, 3), (2, 2))),
    "lstsq, tall, several": (least, ((4, 3), (4, 2))),
    "lstsq, of rank 1": (lambda a, b, y: la.lstsq(mg.outer(a, b), y)[0], ((4,), (3,), (4,))),
    "lstsq, truncated": (lambda a, b: la.lstsq(a, b, 0.6)[0], ((3, 4), (3, 2))),
    "matrix_power": (lambda a: la.matrix_power(a, 5), ((2, 2, 2),)),
    "matrix_power, negative": (lambda a: la.matrix_power(a, -3), ((3, 3),)),
    "matrix_power, 1": (lambda a: la.matrix_power(a, 1), ((3, 3),)),
    "multi_dot": (lambda *a: la.multi_dot(a), ((3,), (3, 2), (2, 4), (4,))),
    "tensorsolve": (la.tensorsolve, ((2, 3, 6), (2, 3))),
    "tensorsolve, axes": (lambda a, b: la.tensorsolve(a, b, axes=(1,)), ((2, 6, 3), (2, 3))),
    "tensorinv": (lambda a: la.tensorinv(a, 1), ((4, 2, 2),)),
    "cond": (la.cond, ((2, 3, 3),)),
    "cond, -2": (lambda a: la.cond(a, -2), ((3, 2),)),
    "cond, fro": (lambda a: la.cond(a, "fro"), ((3, 3),)),
    "cond, nuc": (lambda a: la.cond(a, "nuc"), ((2, 2, 2),)),
    **{f"cond, {p}": (lambda a, p=p: la.cond(a, p), ((3, 3),)) for p in (1, -1, np.inf, -np.inf)},
    **{
        f"norm, {p}": (lambda a, p=p: la.norm(a, p), ((3, 4),))
        for p in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)
    },
    **{
        f"norm, {p}, axes": (lambda a, p=p: la.norm(a, p, axis=(2, 0), keepdims=True), ((2, 2, 3),))
        for p in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)
    },
    **{
        f"vector norm, {p}": (lambda a, p=p: la.vector_norm(a, ord=p, axis=1), ((2, 3),))
        for p in (1, 2, 3, 0.5, np.inf, -np.inf)
    },
    "vector norm, all": (lambda a: la.vector_norm(a, ord=3), ((2, 3),)),
    "matrix_norm": (lambda a: la.matrix_norm(a, ord="nuc", keepdims=True), ((2, 2, 3),)),
    "cross": (mg.cross, ((2, 1, 3), (3, 3))),
    "cross, axes": (lambda a, b: mg.cross(a, b, 0, 1, 0), ((3, 2), (2, 3))),
    "cross, in the plane": (mg.cross, ((2, 2), (2,))),
    "cross, half in the plane": (mg.cross, ((2, 2), (3,))),
    "linalg.cross": (lambda a, b: la.cross(a, b, axis=0), ((3, 2), (3, 2))),
    "kron": (mg.kron, ((2, 3), (2,))),
    "diagonal": (lambda a: mg.diagonal(a, 1, 2, 0), ((3, 2, 4),)),
    "diagonal, below": (lambda a: mg.diagonal(a, -1), ((4, 2),)),
    "trace": (lambda a: mg.trace(a, 1, -1, 0), ((3, 2, 4),)),
    "linalg.trace": (lambda a: la.trace(a, offset=-1), ((2, 3, 3),)),
    "linalg.diagonal": (lambda a: la.diagonal(a, offset=1), ((2, 2, 3),)),
    "linalg.outer": (la.outer, ((2,), (3,))),
    "vecdot": (mg.vecdot, ((2, 1, 3), (2, 3))),
    "vecdot, an axis": (lambda a, b: mg.vecdot(a, b, axis=0), ((3, 2), (3, 1))),
    "matvec": (mg.matvec, ((2, 2, 3), (3,))),
    "vecmat": (mg.vecmat, ((2, 3), (3, 2))),
}  # fmt: skip
NEAR_POSITIVE = ("cholesky",)


def _rest(q: Any, k: int) -> Any:
    """The projector on what the first `k` columns leave."""
    return q[..., k:] @ herm(q[..., k:])


def operands(name: str, kind: str) -> list[Array]:
    make = positive if name.startswith(NEAR_POSITIVE) else drawn
    return [make(*shape, kind=kind, seed=k + 3) for k, shape in enumerate(CASES[name][1])]


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("name", some(list(CASES), 3))
def test_derivatives(name: str, kind: str) -> None:
    check_grads(CASES[name][0], *operands(name, kind), order=2)


def pulled(name: str, operands: list[Array]) -> list[Any]:
    """The gradients of all results, weighted."""
    leaves = [mg.tensor(a) for a in operands]
    total: Any = 0.0
    results = CASES[name][0](*leaves)
    for result in results if isinstance(results, list) else [results]:
        weights = 0.5 + 0.25 * np.cos(np.arange(result.size)).reshape(result.shape)
        total = total + mg.sum(mg.real(result) * raw(weights.astype(operands[0].real.dtype)))
    total.backward()
    return [t.grad for t in leaves]


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("name", some(list(CASES), 4))
def test_single_precision(name: str, kind: str) -> None:
    """Nothing is widened, and gradients are those of double precision, rounded."""
    wide = operands(name, kind)
    narrow = [a.astype(np.complex64 if kind == "complex" else np.float32) for a in wide]
    for got, want in zip(pulled(name, narrow), pulled(name, wide), strict=True):
        want = host(want)
        assert host(got).dtype == (np.complex64 if kind == "complex" else np.float32)
        np.testing.assert_allclose(host(got), want, rtol=1e-3, atol=2e-4 * abs(want).max())


# --- operands of several kinds --------------------------------------------------------------
PAIRS = np.array([[0.3, -2.0, 0.1], [1.5, 0.4, -0.2], [0.2, 0.1, 3.0]])


def test_complex_eigenvalues_of_real_matrices() -> None:
    """The gradient of a real matrix is real; its eigenvalues come in pairs here."""
    assert np.iscomplexobj(np.linalg.eigvals(PAIRS))
    check_grads(la.eigvals, PAIRS, order=2)
    check_grads(eig_products, PAIRS, order=2)
    check_grads(lambda a: mg.log(mg.absolute(la.eigvals(a))), PAIRS, order=2)


@pytest.mark.skip_on("array-api-strict", "does not compute with mixed dtypes")
def test_real_and_complex_operands() -> None:
    a, b = drawn(3, 3), drawn(3, 2, kind="complex")
    check_grads(la.solve, a, b, order=2)
    check_grads(la.solve, drawn(3, 3, kind="complex"), drawn(3), order=2)
    check_grads(least, drawn(4, 2), drawn(4, kind="complex"), order=2)
    check_grads(mg.cross, drawn(2, 3), drawn(3, kind="complex"), order=2)
    check_grads(mg.kron, drawn(2), drawn(3, kind="complex"), order=2)
    check_grads(mg.vecdot, drawn(2, 3, kind="complex"), drawn(3), order=2)
    x, y = mg.tensor(drawn(3, 3).astype(np.float32)), mg.tensor(drawn(3))
    la.solve(x, y).backward()
    assert host(x.grad).dtype == np.float32
    assert host(y.grad).dtype == np.float64


def test_one_operand_constant() -> None:
    a, b = drawn(3, 3), drawn(3, 2)
    for f in (la.solve, lambda a, b: la.lstsq(a, b)[0], mg.cross):
        left, right = (a, b) if f is not mg.cross else (a, a[0])
        for k in (0, 1):
            leaves = [mg.tensor(x, constant=j != k) for j, x in enumerate((left, right))]
            both = [mg.tensor(x) for x in (left, right)]
            f(*leaves).backward()
            f(*both).backward()
            assert leaves[1 - k].grad is None
            np.testing.assert_allclose(host(leaves[k].grad), host(both[k].grad), atol=1e-12)


EMPTIES = {"no stack": (0, 3, 3), "no elements": (2, 0, 0), "nothing": (0, 0)}
TAKES_EMPTIES: dict[str, Function] = {
    "solve": lambda a: la.solve(a, a),
    "inv": la.inv,
    "pinv": la.pinv,
    "det": la.det,
    "slogdet": lambda a: la.slogdet(a).logabsdet,
    "cholesky": la.cholesky,
    "qr": lambda a: la.qr(a).R,
    "svd": lambda a: la.svd(a).U,
    "svd, reduced": lambda a: la.svd(a, False).Vh,
    "svdvals": la.svdvals,
    "eigh": lambda a: la.eigh(a).eigenvectors,
    "eigvalsh": la.eigvalsh,
    "eig": lambda a: mg.real(la.eig(a).eigenvectors),
    "eigvals": lambda a: mg.real(la.eigvals(a)),
    "matrix_power": lambda a: la.matrix_power(a, -2),
    "matrix_norm": la.matrix_norm,
    "nuc": lambda a: la.matrix_norm(a, ord="nuc"),
    "trace": la.trace,
}


@pytest.mark.parametrize("shape", EMPTIES.values(), ids=EMPTIES)
@pytest.mark.parametrize("name", TAKES_EMPTIES)
def test_nothing_has_gradients_of_its_shape(name: str, shape: tuple[int, ...]) -> None:
    x = mg.tensor(np.zeros(shape))
    mg.sum(TAKES_EMPTIES[name](x) * 1.5).backward(create_graph=True)
    assert x.grad is not None
    assert x.grad.shape == shape
    assert TAKES_EMPTIES[name](np.zeros((2, 3, 3)) + np.eye(3)).constant
