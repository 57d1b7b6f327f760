"""The convention for complex numbers: real functions differentiate as if no number were complex.

What goes in and comes out is real here, and what lies between is complex; the derivatives are
then ordinary ones, and central differences say what they are (docs/numerics.md). Every primitive
is either differentiated so or refuses complex numbers.
"""

from __future__ import annotations

from typing import Any

import cases_sorting
import numpy as np
import pytest
from gradcheck import check_gradients, check_second_derivatives
from primitive_cases import UFUNCS, Case, operands_of
from test_primitives import called, caller

import mygrad as mg
from mygrad.autodiff.primitive import registry

pytestmark = pytest.mark.numpy_only("libraries differ in which functions take complex numbers")

REFUSED = {
    "arccoth", "arccsc", "arccsch", "arcsec", "arcsech", "arctan2", "bessel_i", "cbrt", "copysign",
    "deg2rad", "elu", "fmod", "gelu", "hard_tanh", "huber_curve", "hypot", "leaky_relu",
    "logaddexp", "logaddexp2", "logit_crossentropy", "logsoftmax", "logsumexp", "mish",
    "normal_cdf", "rad2deg", "relu", "remainder", "selu", "silu", "soft_sign", "softmax",
    "softmax_crossentropy", "softplus", *cases_sorting.REAL_ONLY,
}  # fmt: skip
"""Functions of real numbers alone."""

UP_TO_PHASES = {"hermitian_factors", "singular_factors"}
"""What is differentiated of these must not depend on phases: tests/linalg has such programs."""

ufuncs = sorted(n for n in UFUNCS if n in registry)


def through_complex(f: Any) -> Any:
    """A real function of real operands that has `f` of complex numbers in its middle."""

    def function(*parts: Any) -> Any:
        half = len(parts) // 2
        z = f(*[a + 1j * b for a, b in zip(parts[:half], parts[half:], strict=True)])
        return mg.real(z) * 0.7 + mg.imag(z) * 0.3 if z.dtype.kind == "c" else z

    return function


def parts_of(arrays: list[Any]) -> list[Any]:
    """Real and imaginary parts: `arrays`, and small numbers."""
    rng = np.random.default_rng(2)
    return [*arrays, *(np.asarray(rng.uniform(0.05, 0.4, a.shape)) for a in arrays)]


@pytest.mark.parametrize("name", ufuncs)
def test_elementwise(name: str) -> None:
    rng = np.random.default_rng(1)
    arrays = [rng.uniform(low, high, 4) for low, high in UFUNCS[name]]
    if registry[name].name in REFUSED:
        for k in range(len(arrays)):
            given = [mg.tensor(a + 0.1j) if j == k else a for j, a in enumerate(arrays)]
            with pytest.raises(TypeError, match=registry[name].name):
                registry[name](*given)
    else:
        check_gradients(through_complex(registry[name]), parts_of(arrays), rtol=1e-5)


others = [(name, case) for name, case in called if name not in UP_TO_PHASES]


@pytest.mark.parametrize(("name", "case"), others, ids=[f"{n} {c}" for n, c in others])
# astype to a real dtype discards the imaginary part, and NumPy says so
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_all_others(name: str, case: Case) -> None:
    f, arrays = caller(name, case), operands_of(case)
    if name in REFUSED:
        with pytest.raises(TypeError, match=name.strip("_")):
            f(*[mg.tensor(a + 0.1j) for a in arrays])
    else:
        check_gradients(through_complex(f), parts_of(arrays), rtol=1e-5)


SECOND = ["absolute", "arcsinh", "coth", "imag", "conj", "divide", "exp", "log", "power", "sech",
          "sigmoid", "sqrt", "tanh"]  # fmt: skip


@pytest.mark.parametrize("name", SECOND)
def test_second_derivatives(name: str) -> None:
    domains = UFUNCS.get(name, ((0.3, 2.0),))
    arrays = [np.linspace(0.4, 0.8, 3) + 0.1 * k for k in range(len(domains))]
    check_second_derivatives(through_complex(registry[name]), parts_of(arrays), rtol=1e-4)


def slope(f: Any, at: float = 2.0) -> Any:
    x = mg.tensor(at)
    y = f(x)
    assert y.dtype.kind == "f"
    y.backward()
    return None if x.grad is None else float(x.grad)


def test_the_derivatives_of_real_programs_are_the_ordinary_ones() -> None:
    assert slope(lambda x: mg.imag(1j * x)) == 1
    assert slope(lambda x: mg.real(1j * x)) == 0
    assert slope(lambda x: mg.absolute(x * (3 + 4j))) == pytest.approx(5)
    assert slope(lambda x: mg.absolute(x * (3 + 4j), nan_to_num=False)) == pytest.approx(5)
    assert slope(lambda x: mg.real(mg.conj(1j * x) * 1j)) == pytest.approx(1)
    assert slope(lambda x: mg.real((x * 1j) ** 2)) == pytest.approx(-4)
    assert slope(lambda x: mg.real((x * 1j) ** 2j)) == pytest.approx(
        (((2 + 1e-6) * 1j) ** 2j - ((2 - 1e-6) * 1j) ** 2j).real / 2e-6, rel=1e-6
    )
    assert slope(lambda x: mg.real((-2.0) ** (x * (1 + 1j)))) == pytest.approx(
        ((-2.0) ** ((2 + 1e-6) * (1 + 1j)) - (-2.0) ** ((2 - 1e-6) * (1 + 1j))).real / 2e-6,
        rel=1e-6,
    )
    base = np.array(-2.0)
    assert slope(lambda x: mg.real(mg.power(base, x * (1 + 1j)))) == pytest.approx(
        slope(lambda x: mg.real((-2.0) ** (x * (1 + 1j))))
    )
    assert slope(lambda x: mg.linalg.norm(mg.stack([x * 3j, x * 4]))) == pytest.approx(5)
    for order in (1, 3, 0.5, np.inf):
        f = lambda v, p=order: mg.linalg.norm(mg.stack([v * 3j, v * (1 + 4j)]), ord=p)
        assert slope(f) == pytest.approx(np.linalg.norm([3j, 1 + 4j], ord=order))
    assert slope(lambda x: mg.real(mg.vdot(x * np.array([1j, 2]), [1j, 3 + 1j]))) == (
        pytest.approx(np.vdot([1j, 2], [1j, 3 + 1j]).real)
    )
    assert slope(lambda x: mg.imag(x)) in (0, None)


def test_derivatives_at_zero() -> None:
    assert slope(lambda x: mg.absolute(x * 1j), 0.0) == 0
    assert slope(lambda x: mg.linalg.norm(mg.stack([x * 1j, x])), 0.0) == 0
    assert slope(lambda x: mg.linalg.norm(mg.stack([x * 1j, x]), ord=3), 0.0) == 0


def test_values_are_those_of_numpy() -> None:
    z, w = np.array([1 + 1j, 2 - 3j, -0.5j]), np.array([1j, 4.0, 2 + 2j])
    for order in (None, 1, 2, 3, 0.5, -1, np.inf, -np.inf):
        got = mg.linalg.norm(z, ord=order)
        assert got.dtype == np.float64
        np.testing.assert_allclose(got.data, np.linalg.norm(z, ord=order), rtol=1e-14)
    np.testing.assert_allclose(mg.vdot(z, w).data, np.vdot(z, w), rtol=1e-14)
    np.testing.assert_allclose(mg.vdot(w.real, z).data, np.vdot(w.real, z), rtol=1e-14)
    for f, numpys in ((mg.dot, np.dot), (mg.inner, np.inner), (mg.var, np.var), (mg.std, np.std)):
        operands = (z, w) if f in (mg.dot, mg.inner) else (z,)
        got, want = f(*operands), numpys(*operands)
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got.data, want, rtol=1e-14)


def test_the_sign_of_a_complex_variable_is_no_constant() -> None:
    np.sign(mg.tensor([1.0]))  # that of real numbers is; NumPy's call goes the same way again

    def function(a: Any, b: Any) -> Any:
        z = np.sign(a + 1j * b)
        return mg.real(z) * 0.7 + mg.imag(z) * 0.3

    parts = [np.array([3.0, -0.5]), np.array([4.0, 0.2])]
    check_gradients(function, parts)
    check_second_derivatives(function, parts)
    z = mg.tensor([3 + 4j, 0j])
    with np.errstate(invalid="ignore"):  # the library divides, and mends it
        result = mg.sign(z)
    np.testing.assert_allclose(result.data, [0.6 + 0.8j, 0])
    result.backward()
    assert z.grad[1] == 0
    assert np.sign(mg.tensor([3 + 4j], constant=True)).constant


@pytest.mark.parametrize(
    "name", ["arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "log", "sqrt"]
)
def test_on_branch_cuts_the_side_is_that_of_the_value(name: str) -> None:
    """On a cut the sign of a zero says on which side a number is; slopes are along the cut."""
    f, step = getattr(np, name), 1e-6
    for x, y in ((1.3, 0.0), (1.3, -0.0), (-1.3, 0.0), (-1.3, -0.0), (0.0, 1.3), (-0.0, -1.3),
                 (-0.0, 1.3), (0.0, -1.3)):  # fmt: skip
        ends = [complex(x + k * step, y) if x else complex(x, y + k * step) for k in (1, -1)]
        slope = (f(ends[0]) - f(ends[1])) / (2 * (step if x else 1j * step))
        z = mg.tensor(complex(x, y))
        mg.real(f(z)).backward()
        np.testing.assert_allclose(z.grad, slope, rtol=1e-6, atol=1e-9, err_msg=f"{x}, {y}")
