"""Every ufunc and each of its methods: NumPy's values, and derivatives by central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, check_second_derivatives, host, raw
from primitive_cases import some

import mygrad as mg
from mygrad.math.ufunc import ufunc

SHARED = sorted(
    {n for n in dir(mg) if isinstance(getattr(mg, n), mg.ufunc) and n not in ("matmul", "ldexp")}
    & {n for n in dir(np) if isinstance(getattr(np, n), np.ufunc)}
)
BINARY = [n for n in SHARED if getattr(np, n).nin == 2]
UNARY = [n for n in SHARED if getattr(np, n).nin == 1]
IN_ORDER = """
    arctan2 copysign divide floor_divide fmod heaviside mod power remainder subtract true_divide
""".split()
"""Those of which NumPy says that the order of the operands matters."""

RNG = np.random.default_rng(8)
X = RNG.uniform(0.6, 1.9, (3, 4))
SMALL = RNG.uniform(0.1, 0.9, (3, 4))
MASK = np.array([[True, False, True, True], [False, False, True, True], [True] * 4])

REDUCTIONS: list[dict[str, Any]] = [
    {}, {"axis": 1}, {"axis": -1, "keepdims": True}, {"axis": (1,)}, {"axis": ()},
    {"axis": None}, {"axis": (0, 1), "keepdims": True},
    {"initial": 1.25}, {"axis": 1, "initial": 0.75, "where": MASK},
    {"axis": 1, "where": MASK}, {"axis": 0, "dtype": "float32"},
]  # fmt: skip


def both(ours: Callable[..., Any], theirs: Callable[..., Any], *args: Any, **options: Any) -> bool:
    """Whether both compute something: then the same, and with the same gradient."""
    given = {n: raw(v) if isinstance(v, np.ndarray) else v for n, v in options.items()}
    try:
        with np.errstate(all="ignore"):
            wanted = theirs(*args, **options)
    except (ValueError, TypeError, IndexError):
        with pytest.raises((ValueError, TypeError, IndexError)):
            ours(*map(mg.tensor, args), **given)
        return False
    got = ours(*map(mg.tensor, args), **given)
    assert isinstance(got, mg.Tensor)
    assert got.shape == np.shape(wanted)
    assert host(got).dtype == np.asarray(wanted).dtype
    exact = {"float16": 1e-3, "float32": 1e-6}.get(host(got).dtype.name, 1e-12)
    np.testing.assert_allclose(host(got), wanted, rtol=exact)
    return True


def numpys(name: str, method: str) -> Callable[..., Any]:
    """NumPy's method of the ufunc of that name.

    With AVX-512, NumPy 2.4 reduces wrongly by two of them: ``np.power.reduce([0.6, 1.9, 1.2])`` is
    ``(0.6 ** 1.9) ** 1.2`` elsewhere. Its ufuncs of Python functions are right.
    """
    if method not in ("reduce", "reduceat") or name not in ("power", "arctan2"):
        return getattr(getattr(np, name), method)
    plain = getattr(np.frompyfunc(getattr(np, name), 2, 1), method)

    def computed(x: Any, *args: Any, dtype: Any = None, **options: Any) -> Any:
        found = plain(np.asarray(x).astype(dtype or x.dtype).astype(object), *args, **options)
        kind = getattr(np, name)(np.zeros(0, dtype or x.dtype), np.zeros(0, dtype or x.dtype))
        return np.asarray(found).astype(kind.dtype)

    return computed


@pytest.mark.parametrize("options", REDUCTIONS, ids=str)
@pytest.mark.parametrize("name", some(BINARY, 4))
def test_reduce(name: str, options: dict[str, Any]) -> None:
    ours = getattr(mg, name).reduce
    if both(ours, numpys(name, "reduce"), X, **options) and "dtype" not in options:
        check_gradients(lambda x: ours(x, **options), [X])


@pytest.mark.numpy_only("NumPy hands its ufuncs over for its arrays")
@pytest.mark.parametrize("name", BINARY)
def test_numpys_methods_arrive_here(name: str) -> None:
    theirs, x = getattr(np, name), X[:, 0]
    for method, args in (
        ("reduce", ()), ("accumulate", ()), ("reduceat", ([0, 2],)), ("outer", (X[1],))
    ):  # fmt: skip
        function = getattr(theirs, method)
        got = function(mg.tensor(x), *args)
        assert isinstance(got, mg.Tensor)
        np.testing.assert_allclose(host(got), numpys(name, method)(x, *args), rtol=1e-12)
        if method != "outer":
            check_gradients(lambda x, f=function, a=args: f(mg.astensor(x), *a), [x])


@pytest.mark.parametrize("name", BINARY)
def test_reduce_to_out(name: str) -> None:
    out = mg.zeros(4, dtype=float)
    x = mg.tensor(X)
    assert getattr(mg, name).reduce(x, out=out) is out
    np.testing.assert_allclose(host(out), numpys(name, "reduce")(X), rtol=1e-12)
    out = mg.zeros((3, 4), dtype=float)
    assert getattr(mg, name).accumulate(x, out=out) is out
    np.testing.assert_allclose(host(out), getattr(np, name).accumulate(X), rtol=1e-12)
    out = mg.zeros((2, 4), dtype=float)
    assert getattr(mg, name).reduceat(x, [0, 1], out=out) is out
    np.testing.assert_allclose(host(out), numpys(name, "reduceat")(X, [0, 1]), rtol=1e-12)


of_jax = pytest.mark.skip_on("jax", "it makes float32 of int32 and of booleans")


@pytest.mark.skip_on("array-api-strict", "it has many functions for floats alone")
@pytest.mark.parametrize(
    "dtype", [pytest.param("int32", marks=of_jax), "float32", pytest.param("bool", marks=of_jax)]
)
@pytest.mark.parametrize("name", some([n for n in BINARY if n not in ("power", "heaviside")], 2))
def test_dtypes(name: str, dtype: str) -> None:
    a = np.array([[3, 1, 2], [1, 2, 1]]).astype(dtype)
    for options in ({}, {"axis": 1}):
        for method in ("reduce", "accumulate"):
            both(getattr(getattr(mg, name), method), numpys(name, method), a, **options)


@pytest.mark.parametrize("shape", [(1, 3), (0, 3), (3, 0), ()])
@pytest.mark.parametrize("name", some(BINARY, 4))
def test_little_and_nothing(name: str, shape: tuple[int, ...]) -> None:
    a = -np.ones(shape)
    for method in ("reduce", "accumulate"):
        both(getattr(getattr(mg, name), method), numpys(name, method), a)
    both(getattr(mg, name).reduce, numpys(name, "reduce"), a, initial=2.0)


@pytest.mark.parametrize("axis", [0, 1, -2])
@pytest.mark.parametrize("name", some(BINARY, 4))
def test_accumulate(name: str, axis: int) -> None:
    ours = getattr(mg, name).accumulate
    assert both(ours, getattr(np, name).accumulate, X, axis=axis)
    check_gradients(lambda x: ours(x, axis=axis), [X])
    computed = both(ours, getattr(np, name).accumulate, X, axis=axis, dtype="float32")
    assert computed == (name != "float_power")  # which is of double precision


@pytest.mark.parametrize("indices", [[0, 2], [2, 0, 3], [1], [0, 0, 3, 1], []], ids=str)
@pytest.mark.parametrize("name", some(BINARY, 4))
def test_reduceat(name: str, indices: list[int]) -> None:
    ours = getattr(mg, name).reduceat
    assert both(
        lambda x, **o: ours(x, indices, **o),
        lambda x, **o: numpys(name, "reduceat")(x, np.array(indices, dtype=int), **o),
        X, axis=1,
    )  # fmt: skip
    check_gradients(lambda x: ours(x, indices, axis=1), [X])


def test_reduceat_out_of_bounds() -> None:
    for indices in ([0, 4], [-1]):
        with pytest.raises(IndexError, match="reduceat"):
            mg.multiply.reduceat(mg.tensor(X), indices, axis=1)


@pytest.mark.parametrize("name", some(BINARY, 4))
def test_outer(name: str) -> None:
    ours, y = getattr(mg, name).outer, np.array([0.7, 1.3])
    assert both(ours, getattr(np, name).outer, X, y)
    check_gradients(ours, [X[0], y])


PLACES: list[Any] = [
    0, slice(1, None), [0, 2], [0, 2, 0, 0], ([0, 1, 0], [1, 1, 1]), (slice(None), [3, 3, 1]),
    MASK,
]  # fmt: skip


@pytest.mark.skip_on("array-api-strict", "it has no index arrays besides other indices")
@pytest.mark.parametrize("places", PLACES, ids=str)
@pytest.mark.parametrize("name", some(SHARED, 4))
def test_at(name: str, places: Any) -> None:
    theirs = getattr(np, name)
    x = X + 0.5 if name in ("arccosh",) else SMALL
    values = [0.8 + 0.1 * np.arange(x[places].size).reshape(x[places].shape)]
    values *= theirs.nin - 1
    wanted = x.copy()
    with np.errstate(all="ignore"):
        theirs.at(wanted, places, *values)
    if not np.isfinite(wanted).all():
        places, wanted = 0, x.copy()
        values = [v[:1, :1][0] if v.ndim > 1 else v[:1] for v in values]
        theirs.at(wanted, places, *values)

    def program(x: Any, *values: Any) -> Any:
        t = mg.positive(x)
        getattr(mg, name).at(t, places, *values)
        return t

    np.testing.assert_allclose(host(program(mg.tensor(x), *values)), wanted, rtol=1e-12)
    check_gradients(program, [x, *values], rtol=1e-5)


@pytest.mark.parametrize("name", ["hypot", "divide", "logaddexp2", "power"])
def test_second_derivatives(name: str) -> None:
    check_second_derivatives(getattr(mg, name).reduce, [X])
    check_second_derivatives(getattr(mg, name).accumulate, [X])


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_operand_have_no_reductions(name: str) -> None:
    x = mg.tensor(X)
    function = getattr(mg, name)
    for call in (
        lambda: function.reduce(x), lambda: function.accumulate(x),
        lambda: function.reduceat(x, [0]), lambda: function.outer(x, x),
        lambda: function.at(x, 0, 1.0),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=function.name):
            call()


def test_functions_whose_order_matters_take_one_axis() -> None:
    assert set(IN_ORDER) <= set(BINARY)
    for name in IN_ORDER:
        with pytest.raises(ValueError, match="order"):
            getattr(mg, name).reduce(mg.tensor(X), axis=None)


def test_a_users_function_is_not_taken_for_another_of_its_name() -> None:
    @ufunc(x1=lambda g: g, x2=lambda g: 2 * g)
    def hypot(x1: Any, x2: Any) -> Any:
        """Not the hypotenuse."""
        return x1 + 2 * x2

    x = np.array([3.0, 4.0, -5.0])
    assert hypot.identity is None
    assert hypot.reduce(mg.tensor(raw(x))).item() == 1.0
    np.testing.assert_array_equal(host(hypot.accumulate(mg.tensor(raw(x)))), [3.0, 11.0, 1.0])
    np.testing.assert_array_equal(host(hypot.reduceat(mg.tensor(raw(x)), [0, 2])), [11.0, -5.0])
    check_gradients(hypot.reduce, [x])
