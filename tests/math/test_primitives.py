"""Values and first derivatives of every primitive, against NumPy and finite differences."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradcheck import (
    check_gradients,
    gradients,
    host,
    numerical_gradients,
    numerical_slope,
    raw,
    unbroadcast,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import (
    array_shapes,
    mutually_broadcastable_shapes,
    valid_tuple_axes,
)
from numpy.typing import NDArray
from primitive_cases import CASES, ELSEWHERE, UFUNCS, Case, distinct, operands_of, some

import mygrad as mg
from mygrad.autodiff.namespace import registry
from mygrad.math.ufunc import Elementwise
from mygrad.testing.strategies import LAYOUTS, laid_out

Array = NDArray[Any]

for module in pkgutil.walk_packages(mg.__path__, "mygrad."):
    importlib.import_module(module.name)  # whatever declares primitives

primitives = {p.name: p for p in registry.values()}
with_rules = {n: p for n, p in primitives.items() if any(rule is not None for rule in p.rules)}
ufuncs = sorted(n for n in with_rules if n in UFUNCS)
masked = [n for n in ufuncs if isinstance(with_rules[n], Elementwise)]
binary = [n for n in ufuncs if len(UFUNCS[n]) == 2]
called = [(n, case) for n in sorted(CASES) if n in registry or hasattr(mg, n) for case in CASES[n]]
called_ids = [f"{name} {case}" for name, case in called]


def calls(on_jax: int = 0) -> Any:
    """A test of all these calls, or of some."""
    chosen, ids = (some(both, on_jax) for both in (called, called_ids))
    return pytest.mark.parametrize(("name", "case"), chosen, ids=ids)


def caller(name: str, case: Case) -> Callable[..., Any]:
    """A primitive, or a function made of some, as a function of the case's operands alone."""
    return call_of(registry.get(name) or getattr(mg, name), name, case)


def call_of(f: Callable[..., Any], name: str, case: Case) -> Callable[..., Any]:
    """`f`, the function of that name here or in NumPy, as a function of the case's operands."""
    variadic = name in registry and registry[name].variadic

    def function(*operands: Any) -> Any:
        leading, extra = (
            [raw(a) if isinstance(a, np.ndarray) else a for a in arguments]
            for arguments in (case.leading, case.extra)
        )
        if variadic:
            return f(operands, *extra, **case.params)
        return f(*leading, *operands, *extra, **case.params)

    return function


def test_every_primitive_with_rules_has_a_case() -> None:
    missing = sorted(set(with_rules) - set(UFUNCS) - set(CASES) - set(ELSEWHERE))
    assert not missing, f"add cases to tests/primitive_cases.py for: {', '.join(missing)}"


@pytest.mark.parametrize("name", sorted(with_rules))
def test_documentation(name: str) -> None:
    doc = with_rules[name].__doc__
    assert doc, f"{name} has no docstring"
    if hasattr(mg, name):
        assert ">>> " in doc, f"the docstring of {name} has no example"


# --- elementwise: shapes, layouts, dtypes ------------------------------------------------------
def leaf_seen_as(a: Array, layout: str) -> tuple[Any, Any]:
    """A leaf, and a view of it that has the values of `a` and the layout asked for."""
    view = laid_out(a, layout)
    assert np.array_equal(host(view), a)
    return view if view.base is None else view.base, view


@pytest.mark.parametrize("name", some(ufuncs, 2))
@given(data=st.data())
def test_elementwise_gradients(name: str, data: st.DataObject) -> None:
    f, domains = registry[name], UFUNCS[name]
    shapes = data.draw(
        mutually_broadcastable_shapes(num_shapes=len(domains), max_dims=3, max_side=3, min_side=0)
    ).input_shapes
    layouts = data.draw(
        st.lists(st.sampled_from(sorted(LAYOUTS)), min_size=len(domains), max_size=len(domains))
    )
    operands = distinct(shapes, domains, seed=data.draw(st.integers(0, 99)))
    pairs = [leaf_seen_as(a, kind) for a, kind in zip(operands, layouts, strict=True)]
    views = [view for _, view in pairs]
    result = f(*views)
    seed = np.asarray(np.random.default_rng(0).uniform(0.5, 1.5, result.shape))
    assert result.shape == np.broadcast_shapes(*shapes)
    assert result.dtype == views[0].dtype
    result.backward(raw(seed))
    for k, (a, (leaf, view)) in enumerate(zip(operands, pairs, strict=True)):
        if leaf.grad is None:
            np.testing.assert_allclose(numerical_slope(f, operands, k), 0.0, atol=1e-9)
            continue
        want = unbroadcast(numerical_slope(f, operands, k) * seed, a.shape)
        np.testing.assert_allclose(host(view.grad), want, rtol=1e-6, atol=1e-7)
        assert leaf.grad.shape == leaf.shape
        assert leaf.grad.dtype == leaf.dtype
        total = host(leaf.grad).sum()
        np.testing.assert_allclose(total, want.sum(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", [n for n in ufuncs if hasattr(np, n)])
def test_elementwise_values(name: str) -> None:
    operands = distinct(((2, 3),) * len(UFUNCS[name]), UFUNCS[name])
    got = registry[name](*[mg.tensor(a) for a in operands])
    np.testing.assert_allclose(host(got), getattr(np, name)(*operands), rtol=1e-12)


@pytest.mark.parametrize("name", some(ufuncs, 3))
def test_elementwise_float32(name: str) -> None:
    f, domains = registry[name], UFUNCS[name]
    operands = [a.astype(np.float32) for a in distinct(((2, 3),) * len(domains), domains)]
    leaves = [mg.tensor(a) for a in operands]
    result = f(*leaves)
    assert result.dtype == leaves[0].dtype
    result.backward()
    for k, t in enumerate(leaves):
        if t.grad is None:
            continue
        assert t.grad.dtype == t.dtype
        want = numerical_slope(f, [a.astype(np.float64) for a in operands], k)
        np.testing.assert_allclose(host(t.grad), want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", some(binary, 3))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_python_scalars_are_weak_constants(name: str, dtype: str) -> None:
    f, domains = registry[name], UFUNCS[name]
    for k in range(2):
        a, other = distinct(((2, 3), ()), (domains[k], domains[1 - k]), seed=3)
        t = mg.tensor(a.astype(dtype))
        operands: list[Any] = [t, float(other)] if k == 0 else [float(other), t]
        result = f(*operands)
        assert result.dtype == t.dtype
        assert result.constant == (f.rules[k] is None)
        if result.constant:
            continue
        result.backward()
        arrays = [a, other] if k == 0 else [other, a]
        assert t.grad.dtype == t.dtype
        tolerance = 1e-6 if dtype == "float64" else 1e-4
        want = numerical_slope(f, arrays, k)
        np.testing.assert_allclose(host(t.grad), want, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", [n for n in ufuncs if hasattr(np, n)])
def test_python_scalars_alone(name: str) -> None:
    numbers = [(low + high) / 2 for low, high in UFUNCS[name]]
    result = registry[name](*numbers)
    assert isinstance(result, mg.Tensor)
    assert result.constant
    assert result.shape == ()
    np.testing.assert_allclose(host(result), getattr(np, name)(*numbers), rtol=1e-6)


@pytest.mark.parametrize("name", some(binary, 3))
@pytest.mark.parametrize("kind", ["list", "array", "0-d array", "NumPy scalar", "constant"])
def test_constant_operands(name: str, kind: str) -> None:
    f, domains = registry[name], UFUNCS[name]
    a, other = distinct(((3,), () if kind in ("0-d array", "NumPy scalar") else (3,)), domains)
    make: dict[str, Callable[[Any], Any]] = {
        "list": lambda v: v.tolist(),
        "array": raw,
        "0-d array": raw,
        "NumPy scalar": lambda v: np.float64(v),
        "constant": lambda v: mg.tensor(v, constant=True),
    }
    other_operand = make[kind](other)
    t = mg.tensor(a)
    result = f(t, other_operand)
    assert not result.constant
    result.backward()
    np.testing.assert_allclose(host(t.grad), numerical_slope(f, [a, other], 0), 1e-6, 1e-7)
    if isinstance(other_operand, mg.Tensor):
        assert other_operand.grad is None
        assert f(t.data, other_operand).constant


@pytest.mark.parametrize("name", some(binary, 3))
def test_mixed_dtypes(name: str) -> None:
    """The result has the common dtype, each gradient that of its tensor."""
    f, domains = registry[name], UFUNCS[name]
    a, b = distinct(((2, 3), (3,)), domains)
    for first, second in ((np.float32, np.float64), (np.float64, np.float32)):
        x, y = mg.tensor(a.astype(first)), mg.tensor(b.astype(second))
        result = f(x, y)
        assert str(result.dtype).endswith("float64")
        result.backward()
        for k, t in enumerate((x, y)):
            if t.grad is not None:
                assert t.grad.dtype == t.dtype
                want = unbroadcast(numerical_slope(f, [a, b], k), t.shape)
                np.testing.assert_allclose(host(t.grad), want, rtol=1e-3, atol=1e-4)


@pytest.mark.numpy_only("the standard leaves mixed integers and floats undefined")
@pytest.mark.parametrize("name", ufuncs)
def test_integers(name: str) -> None:
    f, count = registry[name], len(UFUNCS[name])
    integers = np.array([1, 2, 3])
    with np.errstate(all="ignore"):
        result = f(*[mg.tensor(integers)] * count)
        assert result.constant
        if hasattr(np, name):
            want = getattr(np, name)(*[integers] * count)
            assert result.dtype == want.dtype
            np.testing.assert_allclose(result.data, want, atol=1e-16)  # sinc is 0 at integers
        if count == 2:
            x = mg.tensor([0.5, 1.5, 2.5])
            f(x, integers).backward()
            want = numerical_slope(f, [x.data, integers.astype(float)], 0)
            np.testing.assert_allclose(x.grad, want, rtol=1e-6, atol=1e-7)


# --- elementwise: where=, out=, constant= ------------------------------------------------------
OUTSIDE = {"arccosh": 0.0, "arctanh": 1.0, "arcsin": 1.0, "arccos": 1.0}


@pytest.mark.parametrize("name", some(masked, 3))
@pytest.mark.parametrize("hole", ["nan", "zero"])
@pytest.mark.filterwarnings("error")
def test_where_and_out(name: str, hole: str) -> None:
    f, domains = registry[name], UFUNCS[name]
    operands = distinct(((2, 3),) * len(domains), domains)
    mask = np.array([[True, False, True], [False, True, False]])
    slopes = [numerical_slope(f, operands, k) for k in range(len(domains))]
    value = np.nan if hole == "nan" else OUTSIDE.get(name, 0.0)
    leaves = [mg.tensor(np.where(mask, a, value)) for a in operands]
    old = mg.tensor(np.full((2, 3), 7.0))
    out = +old
    with np.errstate(all="ignore"):
        result = f(*leaves, where=raw(mask), out=out)
        assert result is out
        seed = np.arange(1.0, 7.0).reshape(2, 3)
        out.backward(raw(seed))
    with mg.backend("numpy"):
        want = np.where(mask, host(f(*operands)), 7.0)
    np.testing.assert_allclose(host(out), want, rtol=1e-12)
    np.testing.assert_array_equal(host(old.grad), np.where(mask, 0.0, seed))
    for t, slope in zip(leaves, slopes, strict=True):
        if t.grad is not None:
            got = host(t.grad)
            np.testing.assert_allclose(got, np.where(mask, slope * seed, 0.0), 1e-6, 1e-7)


@pytest.mark.skip_on("jax", "raw arrays take no results there")
@pytest.mark.parametrize("name", masked)
def test_raw_out(name: str, xp_backend: mg.backends.Adapter) -> None:
    f, domains = registry[name], UFUNCS[name]
    operands = distinct(((3,),) * len(domains), domains)
    leaves = [mg.tensor(a) for a in operands]
    memory = raw(np.zeros(3))
    result = f(*leaves, out=memory)
    assert isinstance(result, mg.Tensor)
    np.testing.assert_allclose(host(memory), host(f(*leaves)), rtol=1e-12)
    if xp_backend.name == "numpy":
        assert np.shares_memory(result.data, memory)
    result.backward()
    if leaves[0].grad is not None:
        want = numerical_slope(f, operands, 0)
        np.testing.assert_allclose(host(leaves[0].grad), want, 1e-6, 1e-7)


@pytest.mark.parametrize("name", ufuncs)
def test_constant_keyword(name: str) -> None:
    f, domains = registry[name], UFUNCS[name]
    operands = distinct(((3,),) * len(domains), domains)
    assert f(*operands).constant
    assert f(*[mg.tensor(a, constant=True) for a in operands]).constant
    assert f(*[mg.tensor(a) for a in operands], constant=True).constant
    t = f(*operands, constant=False)
    assert not t.constant
    t.backward()
    np.testing.assert_array_equal(host(t.grad), 1.0)


@pytest.mark.parametrize("name", some(masked, 3))
def test_dtype_keyword(name: str) -> None:
    f, domains = registry[name], UFUNCS[name]
    leaves = [mg.tensor(a) for a in distinct(((3,),) * len(domains), domains)]
    result = f(*leaves, dtype=mg.tensor(np.float32(1.0)).dtype)
    assert str(result.dtype).endswith("float32")
    result.backward()
    for t in leaves:
        assert t.grad is None or t.grad.dtype == t.dtype


# --- all others --------------------------------------------------------------------------------
@calls(on_jax=3)
def test_gradients(name: str, case: Case) -> None:
    check_gradients(caller(name, case), operands_of(case))


@calls()
def test_gradients_float32(name: str, case: Case) -> None:
    if name == "astype":
        return
    f = caller(name, case)
    operands = [a.astype(np.float32) for a in operands_of(case)]
    result = f(*[mg.tensor(a) for a in operands])
    assert result.dtype == mg.tensor(operands[0]).dtype
    leaves = [mg.tensor(a) for a in operands]
    f(*leaves).backward()
    wanted = numerical_gradients(f, [a.astype(np.float64) for a in operands])
    for t, want in zip(leaves, wanted, strict=True):
        assert t.grad.dtype == t.dtype
        assert t.grad.shape == t.shape
        np.testing.assert_allclose(host(t.grad), want, rtol=1e-3, atol=1e-4)


@calls()
def test_gradients_through_strided_views(name: str, case: Case) -> None:
    """Operands that are views with negative strides give the gradients that copies give."""
    f, operands = caller(name, case), operands_of(case)
    wanted = gradients(f, operands)
    pairs = [leaf_seen_as(a, "reversed") for a in operands]
    f(*[view for _, view in pairs]).backward()
    for (leaf, view), want in zip(pairs, wanted, strict=True):
        np.testing.assert_allclose(host(view.grad), want, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(np.flip(host(leaf.grad)), want, rtol=1e-9, atol=1e-12)


@calls()
def test_constant_results(name: str, case: Case) -> None:
    f, operands = caller(name, case), operands_of(case)
    if name != "sliding_window_view":  # which gives raw arrays for raw arrays, as in MyGrad 2
        assert f(*[raw(a) for a in operands]).constant
    assert f(*[mg.tensor(a, constant=True) for a in operands]).constant
    assert not f(*[mg.tensor(a) for a in operands]).constant
    if len(operands) > 1:
        leaves = [mg.tensor(a, constant=k > 0) for k, a in enumerate(operands)]
        f(*leaves).backward()
        wanted = gradients(f, operands)
        np.testing.assert_allclose(host(leaves[0].grad), wanted[0], rtol=1e-9, atol=1e-12)
        assert all(t.grad is None for t in leaves[1:])


REDUCTIONS = [n for n in ("sum", "mean", "prod", "max", "min", "var", "std") if n in with_rules]


@pytest.mark.parametrize("name", REDUCTIONS)
@given(data=st.data())
def test_reductions_over_drawn_axes(name: str, data: st.DataObject) -> None:
    shape = data.draw(array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=3))
    axis = data.draw(st.none() | valid_tuple_axes(len(shape)))
    keepdims = data.draw(st.booleans())
    (operand,) = distinct((shape,), ((0.4, 1.9),), seed=data.draw(st.integers(0, 99)))
    f = registry[name]
    if axis is not None and len(axis) == 1 and data.draw(st.booleans()):
        axis = axis[0]
    if name in ("var", "std") and (axis == () or operand.size == 1):
        return  # nothing varies
    wanted = getattr(np, name)(operand, axis=axis, keepdims=keepdims)
    result = f(mg.tensor(operand), axis=axis, keepdims=keepdims)
    assert result.shape == wanted.shape
    np.testing.assert_allclose(host(result), wanted, rtol=1e-12)
    lengths = [shape[k] for k in np.atleast_1d(range(len(shape)) if axis is None else axis)]
    if name == "std" and np.prod(lengths, dtype=int) == 1:
        return  # std has no slope at 0
    check_gradients(lambda x: f(x, axis=axis, keepdims=keepdims), [operand])


@pytest.mark.parametrize("name", [n for n in REDUCTIONS if n in ("sum", "prod")])
def test_reductions_of_nothing(name: str) -> None:
    x = mg.tensor(np.zeros((2, 0)))
    for axis in (None, 0, 1, (0, 1)):
        result = registry[name](x, axis=axis)
        np.testing.assert_array_equal(host(result), getattr(np, name)(np.zeros((2, 0)), axis=axis))
        result.backward()
        assert x.grad.shape == (2, 0)


# --- NumPy's functions on tensors --------------------------------------------------------------
@pytest.mark.numpy_only("NumPy's functions take host tensors")
@pytest.mark.parametrize("name", [n for n in ufuncs if hasattr(np, n)])
def test_numpy_ufunc_is_ours(name: str) -> None:
    operands = distinct(((2, 3),) * len(UFUNCS[name]), UFUNCS[name])
    wanted = gradients(registry[name], operands)
    leaves = [mg.tensor(a) for a in operands]
    result = getattr(np, name)(*leaves)
    assert isinstance(result, mg.Tensor)
    np.testing.assert_array_equal(result.data, registry[name](*operands).data)
    result.backward()
    for t, want in zip(leaves, wanted, strict=True):
        np.testing.assert_array_equal(0.0 if t.grad is None else t.grad, want)


@pytest.mark.numpy_only("NumPy's functions take host tensors")
@pytest.mark.parametrize(
    ("name", "case"),
    [pair for pair in called if hasattr(np, pair[0])],
    ids=[i for i, (n, _) in zip(called_ids, called, strict=True) if hasattr(np, n)],
)
def test_numpy_function_is_ours(name: str, case: Case) -> None:
    if name == "clip" and "min" not in inspect.signature(np.clip).parameters and case.params:
        pytest.skip("NumPy before 2.1 has no clip(min=)")
    ours = caller(name, case)
    theirs = call_of(getattr(np, name), name, case)
    operands = operands_of(case)
    np.testing.assert_allclose(ours(*operands).data, theirs(*operands), rtol=1e-12)
    leaves = [mg.tensor(a) for a in operands]
    result = theirs(*leaves)
    assert isinstance(result, mg.Tensor), f"np.{name} returned {type(result).__name__}"
    result.backward()
    for t, want in zip(leaves, gradients(ours, operands), strict=True):
        np.testing.assert_allclose(t.grad, want, rtol=1e-12)


# --- where a derivative is a matter of convention ----------------------------------------------
def grad_of(f: Callable[[Any], Any], at: Any) -> list[Any]:
    x = mg.tensor(at)
    with np.errstate(all="ignore"):
        f(x).backward()
    return np.asarray(0.0 if x.grad is None else host(x.grad)).tolist()


def test_max_gives_it_to_the_first_of_equals() -> None:
    assert grad_of(lambda x: mg.max(x), [1.0, 3.0, 3.0, 2.0]) == [0, 1, 0, 0]
    assert grad_of(lambda x: mg.min(x), [2.0, 1.0, 1.0]) == [0, 1, 0]
    assert grad_of(lambda x: mg.max(x, axis=1), [[2.0, 2.0], [1.0, 5.0]]) == [[1, 0], [0, 1]]
    assert grad_of(lambda x: mg.max(x, axis=(0, 1)), [[2.0, 4.0], [4.0, 4.0]]) == [[0, 1], [0, 0]]


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_maximum_and_minimum_give_zero_at_equality(name: str) -> None:
    x, y = mg.tensor([1.0, 2.0, 5.0]), mg.tensor([1.0, 3.0, 4.0])
    getattr(mg, name)(x, y).backward()
    first = [0, 0, 1] if name == "maximum" else [0, 1, 0]
    assert host(x.grad).tolist() == first
    assert host(y.grad).tolist() == [0, 1 - first[1], 1 - first[2]]


def test_clip_gives_zero_at_its_bounds() -> None:
    assert grad_of(lambda x: mg.clip(x, 1.0, 3.0), [0.0, 1.0, 2.0, 3.0, 4.0]) == [0, 0, 1, 0, 0]


def test_absolute_at_zero() -> None:
    assert grad_of(mg.absolute, [-1.0, 0.0, 2.0]) == [-1, 0, 1]


def test_sqrt_at_zero_is_infinite() -> None:
    assert grad_of(mg.sqrt, [0.0, 4.0]) == [np.inf, 0.25]


def test_norm_and_std_at_zero() -> None:
    assert grad_of(lambda x: mg.linalg.norm(x), [0.0, 0.0]) == [0, 0]
    rows = grad_of(lambda x: mg.linalg.norm(x, axis=1), [[0.0, 0.0], [3.0, 4.0]])
    np.testing.assert_allclose(rows, [[0, 0], [0.6, 0.8]], rtol=1e-15)
    assert grad_of(lambda x: mg.std(x), [2.0, 2.0, 2.0]) == [0, 0, 0]
    strict = grad_of(lambda x: mg.linalg.norm(x, nan_to_num=False), [0.0, 0.0])
    assert np.isnan(strict).all()


@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "rint", "sign", "round"])
def test_piecewise_constant_functions(name: str) -> None:
    x = mg.tensor([-1.4, 0.3, 2.6])
    result = getattr(mg, name)(x)
    assert result.constant
    np.testing.assert_array_equal(host(result), getattr(np, name)(host(x)))
    (x + result).backward()
    assert host(x.grad).tolist() == [1, 1, 1]


def test_prod_and_cumprod_with_zeros() -> None:
    assert grad_of(lambda x: mg.prod(x), [2.0, 0.0, 3.0]) == [0, 6, 0]
    assert grad_of(lambda x: mg.prod(x), [0.0, 0.0, 3.0]) == [0, 0, 0]
    assert grad_of(lambda x: mg.cumprod(x), [2.0, 0.0, 3.0]) == [1, 8, 0]


def test_power_at_zero() -> None:
    assert grad_of(lambda x: x**2, [0.0, 3.0]) == [0, 6]
    assert grad_of(lambda x: x**1, [0.0, 3.0]) == [1, 1]
    assert grad_of(lambda x: x**0, [0.0, 3.0]) == [0, 0]
    assert grad_of(lambda y: mg.tensor([0.0, 2.0], constant=True) ** y, [2.0, 1.0])[0] == 0


def test_sinc_at_zero() -> None:
    assert grad_of(mg.sinc, [0.0]) == [0]
