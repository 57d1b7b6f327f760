"""Values, dtypes, shapes and errors of linear algebra: NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw
from numpy.typing import NDArray
from numpy_versions import is_at_least

import mygrad as mg
from mygrad.testing import check_grads

Array = NDArray[Any]
la = mg.linalg
RNG = np.random.default_rng(2)
on_numpy = pytest.mark.numpy_only("compares with NumPy's functions, which take host tensors")


def hermitian(*shape: int) -> Array:
    a = RNG.normal(size=shape) + 1j * RNG.normal(size=shape)
    return np.asarray(a @ np.swapaxes(a.conj(), -1, -2) + np.eye(shape[-1]))


REAL = RNG.normal(size=(2, 3, 3)) + 3 * np.eye(3)
COMPLEX = REAL + 1j * RNG.normal(size=(2, 3, 3))
POSITIVE = hermitian(2, 3, 3)
TALL, WIDE = RNG.normal(size=(2, 4, 3)), RNG.normal(size=(2, 3, 4))
EMPTY, NONE = np.zeros((0, 3, 3)), np.zeros((2, 0, 0))
MATRICES: dict[str, Array] = {
    "real": REAL,
    "complex": COMPLEX,
    "float32": REAL.astype(np.float32),
    "complex64": COMPLEX.astype(np.complex64),
    "integers": np.array([[2, 1], [1, 3]]),
    "booleans": np.array([[True, False], [True, True]]),
    "no stack": EMPTY,
    "no elements": NONE,
    "of one": np.array([[2.5]]),
    "reversed": REAL[::-1, ::-1, ::-1],
    "transposed": np.swapaxes(REAL, 1, 2),
}
ONE: dict[str, Callable[..., Any]] = {
    "inv": np.linalg.inv,
    "pinv": np.linalg.pinv,
    "pinv rtol": lambda a: np.linalg.pinv(a, rtol=None),
    "det": np.linalg.det,
    "slogdet": np.linalg.slogdet,
    "qr": np.linalg.qr,
    "qr r": lambda a: np.linalg.qr(a, "r"),
    "qr complete": lambda a: np.linalg.qr(a, "complete"),
    "svd": np.linalg.svd,
    "svd reduced": lambda a: np.linalg.svd(a, False),
    "svd values": lambda a: np.linalg.svd(a, compute_uv=False),
    "svdvals": lambda a: np.linalg.svdvals(a),
    "eigh": np.linalg.eigh,
    "eigh U": lambda a: np.linalg.eigh(a, "U"),
    "eigvalsh": np.linalg.eigvalsh,
    "eig": np.linalg.eig,
    "eigvals": np.linalg.eigvals,
    "matrix_power": lambda a: np.linalg.matrix_power(a, 3),
    "matrix_power 0": lambda a: np.linalg.matrix_power(a, 0),
    "matrix_rank": np.linalg.matrix_rank,
    "matrix_rank tol": lambda a: np.linalg.matrix_rank(a, 2.0),
    "matrix_rank rtol": lambda a: np.linalg.matrix_rank(a, rtol=0.5),
    "norm": np.linalg.norm,
    "norm nuc": lambda a: np.linalg.norm(a, "nuc", axis=(-2, -1)),
    "norm 2": lambda a: np.linalg.norm(a, 2, axis=(-2, -1), keepdims=True),
    "norm inf": lambda a: np.linalg.norm(a, np.inf, axis=(-1, -2)),
    "norm of vectors": lambda a: np.linalg.norm(a, np.inf, axis=-1),
    "norm 0": lambda a: np.linalg.norm(a, 0, axis=-1),
    "matrix_norm": lambda a: np.linalg.matrix_norm(a),
    "vector_norm": lambda a: np.linalg.vector_norm(a, axis=-1, ord=1),
    "cond": np.linalg.cond,
    "cond 1": lambda a: np.linalg.cond(a, 1),
    "trace": lambda a: np.trace(a, axis1=-2, axis2=-1),
    "linalg.trace": lambda a: np.linalg.trace(a, offset=1),
    "diagonal": lambda a: np.diagonal(a, -1, -1, -2),
    "kron": lambda a: np.kron(a, a),
}


def parts(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple) else [result]


@on_numpy
@pytest.mark.parametrize("kind", MATRICES)
@pytest.mark.parametrize("name", ONE)
def test_of_one_operand(name: str, kind: str) -> None:
    """What NumPy computes, bit by bit for constants; or an error of its class."""
    f, a = ONE[name], MATRICES[kind]
    if name == "pinv rtol" and a.dtype.kind in "ib":
        return  # which NumPy forgets to make floating-point numbers
    if (a.size == 0 or name == "cond 1") and not is_at_least("2.4"):
        pytest.skip("NumPy had no norms of nothing, and complex condition numbers")
    try:
        wanted = f(a)
    except Exception as error:
        with pytest.raises(type(error)):
            f(mg.tensor(a))
        return
    variable = a.dtype.kind in "fc"
    for t in (mg.tensor(a, constant=True), mg.tensor(a))[: 1 + variable]:
        got = f(t)
        assert type(got).__name__ == type(wanted).__name__ or not isinstance(wanted, tuple)
        assert getattr(got, "_fields", ()) == getattr(wanted, "_fields", ())
        for g, w in zip(parts(got), parts(wanted), strict=True):
            assert g.dtype == w.dtype
            assert g.shape == w.shape
            digits = 1e-5 if w.dtype in (np.float32, np.complex64) else 1e-12
            np.testing.assert_allclose(host(g), w, rtol=digits, atol=digits)
            assert not isinstance(g, mg.Tensor) or g.constant or not t.constant


EXACT = """inv pinv det slogdet qr svd svdvals eigh eigvalsh eig eigvals matrix_power
matrix_rank""".split()


@on_numpy
@pytest.mark.parametrize("name", EXACT)
def test_values_of_constants_are_those_of_numpy(name: str) -> None:
    for a in (REAL, COMPLEX, REAL.astype(np.float32)):
        for g, w in zip(
            parts(ONE[name](mg.tensor(a, constant=True))), parts(ONE[name](a)), strict=True
        ):
            np.testing.assert_array_equal(host(g), w)


@on_numpy
@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "complex128", "float32", "complex64"])
def test_cholesky(dtype: str, upper: bool) -> None:
    a = (POSITIVE if dtype.startswith("complex") else POSITIVE.real).astype(dtype)
    got, wanted = la.cholesky(mg.tensor(a), upper=upper), np.linalg.cholesky(a, upper=upper)
    assert got.dtype == wanted.dtype
    digits = 1e-5 if wanted.dtype in (np.float32, np.complex64) else 1e-12
    np.testing.assert_allclose(host(got), wanted, rtol=digits, atol=digits)


TWO: dict[str, tuple[Callable[..., Any], list[tuple[Array, Array]]]] = {
    "solve": (np.linalg.solve, [(REAL, REAL[0]), (COMPLEX, WIDE), (REAL[0], WIDE[0, :, 0]),
                                (NONE, np.zeros((0, 2))), (MATRICES["integers"], WIDE[0, :2])]),
    "lstsq": (np.linalg.lstsq, [(TALL[0], WIDE[0, 0]), (WIDE[0], REAL[0]), (COMPLEX[0], REAL[1]),
                                (TALL[0], np.ones((4, 2))), (REAL[0].astype("f4"), np.ones(3))]),
    "lstsq rcond": (lambda a, b: np.linalg.lstsq(a, b, 0.5), [(TALL[0], np.ones(4))]),
    "tensorsolve": (np.linalg.tensorsolve, [(REAL[0], np.ones(3))]),
    "multi_dot": (lambda a, b: np.linalg.multi_dot([a, b, a]), [(REAL[0], REAL[1])]),
    "cross": (np.cross, [(REAL, REAL[1]), (COMPLEX, REAL), (REAL[0].astype("i8"), REAL[1])]),
    "linalg.cross": (lambda a, b: np.linalg.cross(a, b, axis=1), [(REAL, REAL[::-1])]),
    "linalg.outer": (lambda a, b: np.linalg.outer(a, b), [(REAL[0, 0], WIDE[0, 0])]),
    "linalg.vecdot": (lambda a, b: np.linalg.vecdot(a, b, axis=1), [(COMPLEX, REAL)]),
    "linalg.tensordot": (lambda a, b: np.linalg.tensordot(a, b, axes=1), [(COMPLEX, REAL[0])]),
    "kron": (np.kron, [(REAL, WIDE[0]), (COMPLEX[0, 0], REAL)]),
    "vdot": (np.vdot, [(COMPLEX, REAL)]),
}  # fmt: skip


@on_numpy
@pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional vectors")
@pytest.mark.parametrize("name", TWO)
def test_of_two_operands(name: str) -> None:
    f, calls = TWO[name]
    for operands in calls:
        wanted = parts(f(*operands))
        for constant in (True, None):
            made = [mg.tensor(a, constant=constant) for a in operands]
            for g, w in zip(parts(f(*made)), wanted, strict=True):
                assert np.asarray(host(g) if isinstance(g, mg.Tensor) else g).dtype.kind == (
                    np.asarray(w).dtype.kind
                )
                assert g.dtype == w.dtype if isinstance(g, mg.Tensor) else g == w
                digits = 1e-5 if np.asarray(w).dtype == np.float32 else 1e-12
                np.testing.assert_allclose(
                    host(g) if isinstance(g, mg.Tensor) else g, w, rtol=digits, atol=digits
                )


@on_numpy
@pytest.mark.skipif(not hasattr(np, "matvec"), reason="NumPy 2.2 has these")
def test_ufuncs_of_vectors() -> None:
    matrices, left, right = COMPLEX, WIDE[:, :, 0], TALL[:, 0]
    for f, operands, options in (
        (np.vecdot, (matrices, right), {}),
        (np.vecdot, (matrices, COMPLEX[::-1]), {"axis": 1}),
        (np.vecdot, (matrices, COMPLEX[::-1]), {"axis": 1, "keepdims": True}),
        (np.vecdot, (matrices, COMPLEX[::-1]), {"axes": [0, 0]}),
        (np.vecdot, (REAL, COMPLEX), {"dtype": np.complex64}),
        (np.matvec, (matrices, left), {}),
        (np.matvec, (matrices, left), {"axes": [(0, 1), 0, 0]}),
        (np.vecmat, (matrices[0], matrices), {}),
    ):
        try:
            wanted = f(*operands, **options)
        except ValueError:
            with pytest.raises(ValueError, match=f"{f.__name__}|matmul"):
                f(*[mg.tensor(a) for a in operands], **options)
            continue
        got = f(*[mg.tensor(a) for a in operands], **options)
        assert got.dtype == wanted.dtype
        digits = 1e-5 if wanted.dtype == np.complex64 else 1e-12
        np.testing.assert_allclose(got.data, wanted, rtol=digits, atol=digits)
        out = mg.tensor(np.zeros_like(wanted))
        assert f(*[mg.tensor(a) for a in operands], **options, out=out) is out
        np.testing.assert_allclose(out.data, wanted, rtol=digits, atol=digits)
        if "dtype" not in options:
            check_grads(lambda *a, f=f, options=options: f(*a, **options), *operands)


# --- results ------------------------------------------------------------------------------
def test_results_are_tuples_with_names() -> None:
    x = mg.tensor(REAL)
    for result, names in (
        (la.qr(x), ("Q", "R")),
        (la.svd(x), ("U", "S", "Vh")),
        (la.eigh(x), ("eigenvalues", "eigenvectors")),
        (la.slogdet(x), ("sign", "logabsdet")),
    ):
        assert isinstance(result, tuple)
        assert result._fields == names
        assert all(isinstance(part, mg.Tensor) for part in result)
        assert getattr(result, names[1]) is result[1]


def test_the_sign_of_real_matrices_is_constant() -> None:
    x = mg.tensor(REAL)
    sign, logarithm = la.slogdet(x)
    assert sign.constant
    assert not logarithm.constant
    assert not la.slogdet(mg.tensor(COMPLEX)).sign.constant


def test_factors_may_be_written() -> None:
    """They are views of one array, and writing to one leaves the gradients of all right."""

    def f(a: Any) -> Any:
        q, r = la.qr(a)
        q *= 2.0
        r[0, 0] = 1.0
        return mg.sum(q**3) + mg.sum(r**2)

    def g(a: Any) -> Any:
        q, r = la.qr(a)
        return mg.sum((2.0 * q) ** 3) + mg.sum(mg.triu(r) ** 2) - r[0, 0] ** 2

    x, y = mg.tensor(REAL[0]), mg.tensor(REAL[0])
    f(x).backward()
    g(y).backward()
    np.testing.assert_allclose(host(x.grad), host(y.grad), rtol=1e-10, atol=1e-12)


def test_constant_and_no_autodiff() -> None:
    x = mg.tensor(REAL)
    assert la.inv(x, constant=True).constant
    assert all(t.constant for t in la.svd(x, constant=True))
    assert la.svdvals(x, constant=True).constant
    assert la.eigvalsh(x, constant=True).constant
    assert la.matrix_power(x, 3, constant=True).constant
    assert la.norm(x[0], "nuc", constant=True).constant
    assert la.cond(x, 1, constant=True).constant
    with mg.no_autodiff:
        assert la.svdvals(x).creator is None
        assert la.det(x).creator is None
    out = mg.tensor(np.zeros_like(REAL))
    assert la.inv(x, out=out) is out
    np.testing.assert_allclose(host(out), np.linalg.inv(REAL))


def test_raw_arrays_and_lists_are_taken() -> None:
    np.testing.assert_allclose(host(la.inv(raw(REAL))), np.linalg.inv(REAL))
    np.testing.assert_allclose(host(la.det([[2.0, 1.0], [1.0, 1.0]])), 1.0)
    x = mg.tensor([1.0, 2.0])
    la.solve(raw(REAL[0, :2, :2]), x)[0].backward()
    np.testing.assert_allclose(host(x.grad), np.linalg.inv(REAL[0, :2, :2])[0])


# --- errors -------------------------------------------------------------------------------
SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])
BAD: dict[str, Callable[[Any], Any]] = {
    "inv": lambda a: np.linalg.inv(a),
    "solve": lambda a: np.linalg.solve(a, a),
    "det": lambda a: np.linalg.det(a[:, 0]),
    "cholesky": lambda a: np.linalg.cholesky(-a),
    "svd": lambda a: np.linalg.svd(a[0]),
    "qr": lambda a: np.linalg.qr(a[0]),
    "eigh": lambda a: np.linalg.eigh(a[:, :1]),
    "eig": lambda a: np.linalg.eig(a * np.inf),
    "slogdet": lambda a: np.linalg.slogdet(a[:, :1]),
    "lstsq": lambda a: np.linalg.lstsq(a, a[0, :1]),
    "matrix_power": lambda a: np.linalg.matrix_power(a, -1),
    "matrix_power of a rectangle": lambda a: np.linalg.matrix_power(a[:1], 2),
    "tensorinv": lambda a: np.linalg.tensorinv(a[:1], 1),
    "tensorsolve": lambda a: np.linalg.tensorsolve(a[:1], a),
    "cond": lambda a: np.linalg.cond(a[:0]),
    "cond of a rectangle": lambda a: np.linalg.cond(a[:1], 1),
}


@on_numpy
@pytest.mark.parametrize("name", BAD)
def test_errors_are_those_of_numpy(name: str) -> None:
    """Of its class, and they say which operation it was and what its operand is like."""
    for constant in (True, False):
        with pytest.raises(np.linalg.LinAlgError), np.errstate(all="ignore"):
            BAD[name](SINGULAR)
        with (
            pytest.raises(np.linalg.LinAlgError, match=r"\w+.*\d") as caught,
            np.errstate(all="ignore"),
        ):
            BAD[name](mg.tensor(SINGULAR, constant=constant))
        assert "[" in str(caught.value) or "shape" in str(caught.value)


def test_condition_of_singular_matrices() -> None:
    both = np.stack([np.zeros((2, 2)), SINGULAR, np.diag([1.0, 2.0])])
    for p in (None, 2, -2, 1, np.inf, "fro"):
        x = mg.tensor(both)
        got = la.cond(x, p)
        with mg.backend("numpy"):
            wanted = np.linalg.cond(both, p)
        finite = np.isfinite(wanted)
        if p in (1, np.inf, "fro"):
            np.testing.assert_allclose(host(got), wanted)
        else:  # the last digits of a singular value that is none
            np.testing.assert_allclose(host(got)[[0, 2]], wanted[[0, 2]])
        mg.sum(got[2:]).backward()
        assert np.isfinite(host(x.grad)[2]).all()
        assert finite[2]


def test_methods() -> None:
    x = mg.tensor(REAL)
    np.testing.assert_allclose(host(x.trace(0, 1, 2)), np.trace(REAL, 0, 1, 2))
    assert x.diagonal(1, -2, -1).base is x
    x.trace(axis1=1, axis2=2).backward()
    np.testing.assert_array_equal(host(x.grad), np.broadcast_to(np.eye(3), REAL.shape))
