"""Every ufunc of NumPy that takes numbers, its call and its methods, on variables.

Values and dtypes are NumPy's, and gradients are central differences.
"""

from __future__ import annotations

import functools
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing.overrides import get_overridable_numpy_ufuncs

import mygrad as mg
from mygrad.interop import numpy_ufuncs

pytestmark = pytest.mark.numpy_only("NumPy's functions take host tensors")

X = np.array([[1.3, 0.7, 2.25], [0.4, 1.9, 1.2]])
Y = np.array([[0.61, 1.13, 0.37], [2.2, 1.4, 0.8]])
WHOLE = np.array([[1, 3, 2], [4, 2, 1]])
UFUNCS = {
    f.__name__: f for f in get_overridable_numpy_ufuncs()
    if f.signature is None and any(set(loop) & set("dl") for loop in f.types)
    and getattr(np, f.__name__, None) is f
}  # fmt: skip
INTEGERS = {name for name, f in UFUNCS.items() if not any("d" in loop for loop in f.types)}
INSIDE = {"arccos", "arcsin", "arctanh"}
counts: Counter[str] = Counter()

Method = Callable[..., Any]


def operands_of(name: str) -> list[Any]:
    if name in INTEGERS:
        given = [WHOLE, WHOLE[:, ::-1]]
    elif name in INSIDE:
        given = [X / 4]
    elif name == "arccosh":
        given = [X + 1]
    else:
        given = [X, WHOLE if name == "ldexp" else Y]
    return given[: UFUNCS[name].nin]


def at(ufunc: Any, *operands: Any) -> Any:
    """The operand as `ufunc.at` leaves it, where one place comes twice."""
    target = operands[0] * 1
    ufunc.at(target, (slice(None), [0, 2, 2]), *operands[1:])
    return target


def reduceat(ufunc: Any, axis: int, operand: Any) -> Any:
    return ufunc.reduceat(operand, [0, 1, 0], axis)


def calls(name: str) -> Iterator[tuple[str, Method, list[Any]]]:
    """What is called, and of which operands."""
    ufunc, operands = UFUNCS[name], operands_of(name)
    yield "call", ufunc, operands
    if ufunc.nout > 1:
        return
    raw = name in numpy_ufuncs.RAW
    if not raw and name != "conjugate":  # which has no ufunc of its own here
        yield "at", functools.partial(at, ufunc), operands
    if ufunc.nin == 1:
        return
    yield "outer", lambda a, b: ufunc.outer(a, b[0] * 1), operands
    for options in (
        {}, {"axis": 1}, {"axis": None}, {"axis": (0, 1)}, {"keepdims": True},
        {"initial": 1}, {"where": X > 1, "initial": 1}, {"axis": 1, "dtype": float},
    ):  # fmt: skip
        yield f"reduce {options}", functools.partial(ufunc.reduce, **options), operands[:1]
    for axis in (0, 1):
        yield f"accumulate {axis}", functools.partial(ufunc.accumulate, axis=axis), operands[:1]
        yield f"reduceat {axis}", functools.partial(reduceat, ufunc, axis), operands[:1]


def stepwise(name: str, what: str, given: list[Any], want: Any) -> Any:
    """What NumPy should say: of steps that are not associative some of its versions leave out some.

    (``np.power.reduce([1.3, 0.7, 2.25])`` of NumPy 2.4.6 is ``1.3**2.25`` where processors have
    AVX-512.)
    """
    ufunc = UFUNCS[name]
    if name not in ("power", "arctan2") or not what.startswith("reduce"):
        return want
    if what.startswith("reduceat"):
        rows = np.moveaxis(given[0], int(what[-1]), 0)
        parts = [rows[0], rows[1], functools.reduce(ufunc, rows)]
        return np.moveaxis(np.stack(parts), 0, int(what[-1]))
    if "axis': 1" in what:
        return functools.reduce(ufunc, np.moveaxis(given[0], 1, 0))
    return want


def weights(array: Any) -> Any:
    sizes = 1 + 0.3 * np.arange(np.size(array)).reshape(np.shape(array))
    return np.where(np.isfinite(array), sizes, 0.0)


def check(name: str, what: str, method: Method, given: list[Any]) -> None:
    try:
        want = method(*given)
    except (TypeError, ValueError):
        with pytest.raises((TypeError, ValueError)):
            method(*map(mg.tensor, given))
        counts["both refuse"] += 1
        return
    want = stepwise(name, what, given, want)
    leaves = [mg.tensor(a) for a in given]
    got = method(*leaves)
    several = isinstance(want, tuple)
    loss: Any = 0.0
    for t, wanted in zip(got if several else [got], want if several else [want], strict=True):
        values = t.data if isinstance(t, mg.Tensor) else t
        assert values.dtype == wanted.dtype, what
        np.testing.assert_allclose(values, wanted, rtol=1e-12, err_msg=what)
        if isinstance(t, mg.Tensor) and not t.constant:
            loss = loss + (t * weights(wanted)).sum()
    counts["computed"] += 1
    if isinstance(loss, mg.Tensor):
        loss.backward()

    def total(*arrays: Any) -> float:
        result = method(*arrays)
        result = stepwise(name, what, list(arrays), result)
        parts = result if several else (result,)
        return sum(
            float(np.sum(weights(w) * np.nan_to_num(w))) for w in parts if w.dtype.kind == "f"
        )

    for n, (t, a) in enumerate(zip(leaves, given, strict=True)):
        if a.dtype.kind != "f":
            continue
        grad, have = np.zeros(a.shape), np.zeros(a.shape) if t.grad is None else t.grad
        for place in np.ndindex(a.shape):
            sides = []
            for step in (1e-6, -1e-6):
                moved = [b.copy() for b in given]
                moved[n][place] += step
                sides.append(total(*moved))
            grad[place] = (sides[0] - sides[1]) / 2e-6
        np.testing.assert_allclose(np.nan_to_num(have), grad, 1e-4, 1e-5, err_msg=f"{what} {n}")
        counts["gradients"] += 1


@pytest.mark.parametrize("name", sorted(UFUNCS))
def test_methods(name: str) -> None:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for what, method, given in calls(name):
            check(name, what, method, given)


def test_the_walk_is_complete() -> None:
    """Strings and dates apart, no ufunc of NumPy is left out."""
    for name in ("float_power", "frexp", "ldexp", "modf", "nextafter", "spacing", "divmod", "gcd"):
        assert name in UFUNCS
    assert len(UFUNCS) >= 80


# --- the parts of numbers -----------------------------------------------------------------------
def test_functions_of_several_results_write_them() -> None:
    x = mg.tensor([2.5, -3.75])
    y = x * 1.0
    fraction, whole = np.modf(y, out=(y, None))
    assert fraction is y
    assert whole.constant
    assert whole.tolist() == [2.0, -3.0]
    (fraction * [2.0, 3.0]).backward()
    assert x.grad.tolist() == [2.0, 3.0]
    mantissa, exponent = np.frexp(x)
    assert exponent.dtype == np.int32
    assert np.ldexp(mantissa, exponent).tolist() == [2.5, -3.75]
    (np.ldexp(mantissa, exponent) * [2.0, 3.0]).backward()
    assert x.grad.tolist() == [2.0, 3.0]
    with pytest.raises(TypeError, match=r"dtype|No loop"):
        np.frexp(x, dtype=np.float32)
    with pytest.raises(TypeError, match="dtype"):
        mg.frexp(x, dtype=np.float32)


def test_modf_at_special_values() -> None:
    a = np.array([np.inf, -np.inf, np.nan, -0.0, 1e300])
    for got, want in zip(np.modf(mg.tensor(a)), np.modf(a), strict=True):
        np.testing.assert_array_equal(got.data, want)
        np.testing.assert_array_equal(np.signbit(got.data), np.signbit(want))


def test_float_power_is_of_double_precision() -> None:
    x = mg.tensor(np.array([2.0, 3.0], "float32"))
    y = np.float_power(x, 2)
    assert y.dtype == np.float64
    y.backward(create_graph=True)
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [4.0, 6.0]
    x.grad.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    with pytest.raises(TypeError, match="double precision"):
        np.float_power(x, 2, dtype=np.float32)
    z = np.float_power(mg.tensor([1j, -1.0]), 0.5)
    np.testing.assert_allclose(z.data, np.float_power([1j, -1.0], 0.5))
