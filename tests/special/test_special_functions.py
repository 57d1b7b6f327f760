"""Values, derivatives and refusals of `mygrad.special`, and of ``scipy.special`` on tensors."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases_special import NOT_ELEMENTWISE, SPECIAL
from gradcheck import check_second_derivatives, gradients, host
from numpy.typing import NDArray

import mygrad as mg
from mygrad.special.declaring import SpecialFunction

scipy_special = pytest.importorskip("scipy.special")
pytestmark = pytest.mark.numpy_only("SciPy computes with NumPy's arrays")

Array = NDArray[Any]
FUNCTIONS: dict[str, Callable[..., Any]] = {n: getattr(mg.special, n) for n in mg.special.__all__}
DIFFERENCES: dict[str, float] = dict.fromkeys(("betaincinv", "betainccinv", "itairy"), 1e-4)
"""How exact differences of values are, where SciPy's values are less exact than others."""


def operands_of(name: str, shape: tuple[int, ...] = (3,)) -> tuple[list[Any], list[int]]:
    """Operands from the intervals, and which of them are differentiated by."""
    rng = np.random.default_rng(len(name))
    drawn = [
        np.sort(rng.uniform(*domain, shape)) if isinstance(domain, tuple) else domain
        for domain in SPECIAL[name]
    ]
    return drawn, [k for k, domain in enumerate(SPECIAL[name]) if isinstance(domain, tuple)]


def parts(result: Any) -> list[Any]:
    """The real results of a function that may have several, or complex ones."""
    found = []
    for t in result if isinstance(result, tuple) else (result,):
        complex_ = np.dtype(t.dtype).kind == "c"
        found += [mg.real(t), mg.imag(t)] if complex_ else [t]
    return found


def of_variables(f: Callable[..., Any], name: str) -> tuple[Callable[..., Any], list[Array]]:
    """`f` as a real function of the operands that are differentiated by."""
    drawn, live = operands_of(name)

    def function(*given: Any) -> Any:
        operands = list(drawn)
        for k, t in zip(live, given, strict=True):
            operands[k] = t
        total: Any = 0.0
        for k, part in enumerate(parts(f(*operands))):
            total = total + (k + 1.0) * part
        return total

    return function, [drawn[k] for k in live]


def test_every_function_has_a_case() -> None:
    assert set(FUNCTIONS) == set(SPECIAL) | set(NOT_ELEMENTWISE)


@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_derivatives(name: str) -> None:
    function, arrays = of_variables(FUNCTIONS[name], name)
    tolerance = DIFFERENCES.get(name, 1e-6)
    check_second_derivatives(function, arrays, rtol=tolerance, atol=tolerance)


NO_INTEGERS = pytest.mark.filterwarnings("ignore:non-integer arg n")
"""`bdtr` and its relatives take integers in double precision alone."""


@NO_INTEGERS
@pytest.mark.parametrize("name", sorted(SPECIAL))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_values_are_those_of_scipy(name: str, dtype: str) -> None:
    drawn, live = operands_of(name, (2, 3))
    drawn = [a.astype(dtype) if k in live else a for k, a in enumerate(drawn)]
    theirs = getattr(scipy_special, name)
    wanted, got = theirs(*drawn), FUNCTIONS[name](*[
        mg.tensor(a) if k in live else a for k, a in enumerate(drawn)
    ])  # fmt: skip
    several = isinstance(wanted, tuple)
    for want, t in zip(wanted if several else [wanted], got if several else [got], strict=True):
        assert isinstance(t, mg.Tensor)
        assert not t.constant
        assert t.dtype == want.dtype
        # NumPy's function of the same name, which is mygrad's, rounds in its own way.
        np.testing.assert_allclose(t.data, want, rtol=0 if name not in dir(np) else 1e-6)


@NO_INTEGERS
@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_float32_stays(name: str) -> None:
    drawn, live = operands_of(name)
    leaves = [mg.tensor(drawn[k].astype("float32")) for k in live]
    operands = list(drawn)
    for k, t in zip(live, leaves, strict=True):
        operands[k] = t
    sum(parts(FUNCTIONS[name](*operands))).backward()
    exact, arrays = of_variables(lambda *a: sum(parts(FUNCTIONS[name](*a))), name)
    for t, want in zip(leaves, gradients(exact, arrays), strict=True):
        assert t.grad.dtype == np.float32
        np.testing.assert_allclose(t.grad, want, rtol=2e-3, atol=2e-4)


COERCED = {"polygamma", "spherical_in", "spherical_jn", "spherical_kn", "spherical_yn"}
"""Functions of SciPy that make arrays of their operands; they warn."""


@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_scipys_function_on_tensors(name: str) -> None:
    theirs = getattr(scipy_special, name)
    ours, arrays = of_variables(FUNCTIONS[name], name)
    function, _ = of_variables(theirs, name)
    if name in COERCED:
        with pytest.warns(mg.errors.GradientDetached):
            function(*map(mg.tensor, arrays))
        return
    for got, want in zip(gradients(function, arrays), gradients(ours, arrays), strict=True):
        np.testing.assert_array_equal(got, want)


# --- what has no derivative ---------------------------------------------------------------------
REFUSED = [
    (name, k)
    for name, f in sorted(FUNCTIONS.items()) if isinstance(f, SpecialFunction)
    for k, operand in enumerate(f.operand_names) if operand in f.refused
]  # fmt: skip


@pytest.mark.parametrize(("name", "k"), REFUSED, ids=lambda value: str(value))
def test_operands_without_a_rule(name: str, k: int) -> None:
    """A variable raises there, and says of which function; constants compute."""
    drawn, live = operands_of(name)
    drawn[k] = np.asarray(drawn[k], dtype=float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of orders that are no integers
        if name in ("eval_hermite", "eval_hermitenorm"):  # of which SciPy takes no others
            with pytest.raises(TypeError, match=name):
                FUNCTIONS[name](*map(mg.tensor, drawn))
            return
        with pytest.raises(TypeError, match=rf"special\.{FUNCTIONS[name].__name__} .*operand"):
            FUNCTIONS[name](*[mg.tensor(a) if j == k else a for j, a in enumerate(drawn)])
        got = FUNCTIONS[name](*[mg.tensor(a, constant=True) for a in drawn])
        np.testing.assert_array_equal(got.data, getattr(scipy_special, name)(*drawn))
    assert got.constant
    assert live


def test_parameters_of_functions_of_several_results() -> None:
    for call in (
        lambda t: scipy_special.ellipj(0.5, t), lambda t: scipy_special.pbdv(t, 0.5),
        lambda t: scipy_special.pbvv(t, 0.5), lambda t: scipy_special.pbwa(t, 0.5),
    ):  # fmt: skip
        with pytest.raises(TypeError, match="no derivative by its operand"):
            call(mg.tensor(0.4))


def derivatives(name: str, of_parameters: Callable[[Any], Any]) -> list[Array]:
    """First derivatives, and those of their squares, with parameters in another form."""
    drawn, live = operands_of(name)
    operands = [mg.tensor(a) if k in live else of_parameters(a) for k, a in enumerate(drawn)]
    leaves = [operands[k] for k in live]
    sum(part.sum() for part in parts(FUNCTIONS[name](*operands))).backward(create_graph=True)
    firsts = [t.grad for t in leaves]
    sum((g * g).sum() for g in firsts).backward()
    return [*(g.data for g in firsts), *(t.grad for t in leaves)]


@pytest.mark.parametrize(
    "name", [n for n, drawn in SPECIAL.items() if not all(isinstance(d, tuple) for d in drawn)]
)
def test_parameters_may_be_arrays_and_constants(name: str) -> None:
    want = derivatives(name, lambda a: a)
    for form in (
        np.asarray, lambda a: np.full(3, a), lambda a: mg.tensor(a, constant=True),
        lambda a: mg.tensor(np.full(3, a), constant=True),
    ):  # fmt: skip
        for got, wanted in zip(derivatives(name, form), want, strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-9)


WITHOUT = sorted(
    name for name in dir(scipy_special)
    if isinstance(getattr(scipy_special, name), np.ufunc)
    and name not in FUNCTIONS and name not in ("round",)
)  # fmt: skip


@pytest.mark.parametrize("name", WITHOUT)
def test_functions_without_a_rule(name: str) -> None:
    ufunc = getattr(scipy_special, name)
    operands = [np.asarray(0.5 + 0.25 * k) for k in range(ufunc.nin)]
    if not any(set(loop.partition("->")[0]) == {"d"} for loop in ufunc.types):
        operands = [np.asarray(k + 1) for k in range(ufunc.nin - 1)] + [np.asarray(0.5)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = ufunc(*operands)
        got = ufunc(*[mg.tensor(a, constant=True) for a in operands])
        single = isinstance(want, tuple)
        for have, wanted in zip(got if single else [got], want if single else [want], strict=True):
            np.testing.assert_array_equal(host(have), wanted)
        with pytest.raises(TypeError, match=rf"^scipy\.special\.{ufunc.__name__} has no"):
            ufunc(*[mg.tensor(np.asarray(a, dtype=float)) for a in operands])


def test_most_functions_have_rules() -> None:
    """How many of SciPy's ufuncs differentiate; functions that are under two names count twice."""
    ufuncs = [n for n in dir(scipy_special) if isinstance(getattr(scipy_special, n), np.ufunc)]
    differentiable = [n for n in ufuncs if n in FUNCTIONS and n != "gammasgn"]
    print(f"{len(differentiable)} of {len(ufuncs)} ufuncs of scipy.special")
    assert len(differentiable) >= 140


def test_piecewise_constant_functions() -> None:
    x = mg.tensor([-0.5, 1.5])
    for got in (scipy_special.gammasgn(x), scipy_special.round(x)):
        assert got.constant
    np.testing.assert_array_equal(scipy_special.gammasgn(x).data, [-1.0, 1.0])


# --- keywords, methods --------------------------------------------------------------------------
def test_keywords_of_ufuncs() -> None:
    a = np.array([0.3, 0.8])
    mask = np.array([True, False])
    x, o = mg.tensor(a), mg.tensor(np.array([5.0, 7.0]))
    y = scipy_special.erf(x, out=o * 1.0, where=mask)
    np.testing.assert_array_equal(y.data, [scipy_special.erf(0.3), 7.0])
    y.backward()
    np.testing.assert_allclose(x.grad, [2 / np.sqrt(np.pi) * np.exp(-0.09), 0.0])
    np.testing.assert_array_equal(o.grad, [0.0, 1.0])
    assert scipy_special.erf(x, dtype="f4", casting="same_kind").dtype == np.float32
    np.testing.assert_array_equal(
        scipy_special.xlogy.outer(x, x).data, scipy_special.xlogy.outer(a, a)
    )
    np.testing.assert_array_equal(
        scipy_special.agm.accumulate(x).data, scipy_special.agm.accumulate(a)
    )


def test_several_results_into_what_is_given() -> None:
    a = np.array([0.3, 0.8])
    x = mg.tensor(a)
    y = x * 1.0
    first, second = scipy_special.fresnel(y, out=(y, None))
    assert first is y
    np.testing.assert_array_equal(second.data, scipy_special.fresnel(a)[1])
    (first + 2 * second).backward()
    want = np.sin(np.pi / 2 * a * a) + 2 * np.cos(np.pi / 2 * a * a)
    np.testing.assert_allclose(x.grad, want)


def test_signatures_are_those_of_scipy() -> None:
    for name, f in FUNCTIONS.items():
        theirs = getattr(scipy_special, name)
        if isinstance(theirs, np.ufunc):
            own = [
                p for p in inspect.signature(f).parameters.values()
                if p.name not in ("out", "where", "dtype", "constant")
            ]  # fmt: skip
            assert len(own) == theirs.nin, name


# --- on the way through scipy --------------------------------------------------------------------
def test_spherical_derivatives() -> None:
    a = np.array([0.0, 0.4, 2.5])
    for kind in ("jn", "in"):
        ours, theirs = (getattr(m, f"spherical_{kind}") for m in (mg.special, scipy_special))
        for n in (0, 1, 3):
            x = mg.tensor(a)
            ours(n, x).backward()
            np.testing.assert_allclose(x.grad, theirs(n, a, True), rtol=1e-12, atol=1e-15)
            slope = ours(n, mg.tensor(a), True)
            np.testing.assert_allclose(slope.data, theirs(n, a, True), rtol=1e-12, atol=1e-15)
        orders = np.array([[0], [2]])
        x = mg.tensor(a)
        ours(orders, x).backward()
        np.testing.assert_allclose(x.grad, theirs(orders, a, True).sum(0), rtol=1e-12, atol=1e-15)


def test_orders_of_polynomials_may_be_arrays() -> None:
    a, orders = np.array([0.2, 0.7]), np.arange(4)[:, None]
    for name in ("legendre", "chebyt", "hermite", "laguerre"):
        x = mg.tensor(a)
        getattr(scipy_special, f"eval_{name}")(orders, x).backward()
        want = sum(np.polyval(np.polyder(getattr(scipy_special, name)(n)), a) for n in range(4))
        np.testing.assert_allclose(x.grad, want, rtol=1e-10)


def test_multigammaln() -> None:
    check_second_derivatives(lambda a: mg.special.multigammaln(a, 3), [np.array([1.5, 4.0])])
    np.testing.assert_allclose(
        mg.special.multigammaln([5.5], 3).data, scipy_special.multigammaln(5.5, 3), rtol=1e-14
    )
    with pytest.raises(ValueError, match="larger than"):
        mg.special.multigammaln(1.0, 3)
    with pytest.raises(ValueError, match="positive integer"):
        mg.special.multigammaln(5.0, 1.5)
