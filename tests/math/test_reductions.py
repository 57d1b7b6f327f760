"""The options of reductions, and what ufunc objects can do."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, host, raw

import mygrad as mg

X = np.array([[1.3, -0.7, 2.25], [0.4, 1.9, -1.2]])
MASK = np.array([[True, False, True], [True, True, False]])
AXES = (None, 0, 1, (0, 1), -1)


@pytest.mark.parametrize(
    ("name", "axis", "keepdims", "initial", "masked"),
    list(product(("sum", "prod", "max", "min", "logsumexp"), AXES, (False, True), (None, 2.5),
                 (False, True))),
)  # fmt: skip
def test_options_of_folds(
    name: str, axis: Any, keepdims: bool, initial: float | None, masked: bool
) -> None:
    f = getattr(mg, name)
    options: dict[str, Any] = {"axis": axis, "keepdims": keepdims, "initial": initial}
    if masked and initial is None and name in ("max", "min"):
        with pytest.raises(ValueError, match="where= needs initial="):
            f(raw(X), where=raw(MASK), **options)
        return
    where = {"where": raw(MASK)} if masked else {}
    got = host(f(raw(X), **options, **where))
    if name == "logsumexp":
        x = np.where(MASK, X, -np.inf) if masked else X
        total = np.exp(x).sum(axis=axis, keepdims=keepdims)
        want = np.log(total + (0.0 if initial is None else np.exp(initial)))
    else:
        start = {} if initial is None else {"initial": initial}
        chosen = {"where": MASK} if masked else {}
        want = getattr(np, name)(X, axis=axis, keepdims=keepdims, **start, **chosen)
    np.testing.assert_allclose(got, want, rtol=1e-12)

    def function(x: Any) -> Any:
        given = {"where": raw(MASK) if isinstance(x, mg.Tensor) else MASK} if masked else {}
        return f(x, **options, **given)

    check_gradients(function, [X])


@pytest.mark.parametrize(
    ("name", "axis", "masked", "given_mean"),
    list(product(("mean", "var", "std"), (None, 0, 1), (False, True), (False, True))),
)
def test_options_of_moments(name: str, axis: Any, masked: bool, given_mean: bool) -> None:
    f = getattr(mg, name)
    if given_mean and name == "mean":
        with pytest.raises(TypeError, match="mean"):
            f(raw(X), mean=raw(X))
        return
    centre = np.full((2, 3), 0.25).mean(axis=axis, keepdims=True)

    def function(x: Any, centre: Any) -> Any:
        options: dict[str, Any] = {}
        if masked:
            options["where"] = raw(MASK | True if axis == 0 else MASK)
        if given_mean:
            options["mean"] = centre
        return f(x, axis=axis, keepdims=True, **options)

    mask = {"where": MASK | (axis == 0)} if masked else {}
    about = {"mean": centre} if given_mean else {}
    want = getattr(np, name)(X, axis=axis, keepdims=True, **mask, **about)
    np.testing.assert_allclose(host(function(raw(X), raw(centre))), want, rtol=1e-12)
    if given_mean:
        check_gradients(function, [X, centre])
    else:
        check_gradients(lambda x: function(x, None), [X])


def test_extremes_of_nothing_are_the_initial_value() -> None:
    """Finding 11."""
    for name, axis in product(("max", "min"), (0, (0, 1), None)):
        x, start = mg.tensor(raw(np.zeros((0, 3)))), mg.tensor(4.0)
        got = getattr(mg, name)(x, axis=axis, initial=start)
        want = getattr(np, name)(np.zeros((0, 3)), axis=axis, initial=4.0)
        np.testing.assert_array_equal(host(got), want)
        got.sum().backward()
        assert host(x.grad).shape == (0, 3)
        assert float(start.grad) == np.size(want)
        assert host(getattr(mg, name)(x, axis=1, initial=4.0)).shape == (0,)
        with pytest.raises(ValueError, match=r"zero-size|empty|no identity"):
            getattr(mg, name)(x, axis=axis)


@pytest.mark.parametrize("name", ["max", "min", "sum", "prod", "logsumexp"])
# logsumexp of nothing is -inf on the way, which masks take out
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_initial_values_get_gradients(name: str) -> None:
    """Where nothing is chosen the result is the initial value, and so is its derivative."""
    for mask in (np.zeros((2, 3), bool), MASK, MASK & (X > 9)):

        def function(x: Any, start: Any, mask: Any = mask) -> Any:
            where = raw(mask) if isinstance(x, mg.Tensor) else mask
            return getattr(mg, name)(x, axis=1, where=where, initial=start)

        check_gradients(function, [X, np.array([0.3, 0.9])])
    empty, start = mg.tensor(raw(np.zeros((0, 3)))), mg.tensor(2.0)
    if name == "logsumexp":
        return
    got = getattr(mg, name)(empty, axis=0, where=raw(np.zeros((0, 3), bool)), initial=start)
    assert host(got).tolist() == [2.0] * 3
    got.sum().backward()
    assert float(start.grad) == 3.0


def test_initial_has_the_dtype_of_the_result() -> None:
    x = raw(np.array([1, 5, 3], np.int32))
    assert host(mg.max(x, initial=4.7)) == np.max(np.array([1, 5, 3]), initial=4)
    assert mg.max(x, initial=4.7).dtype == x.dtype
    y = mg.tensor(raw(np.array([1.0, 2.0], np.float32)))
    assert mg.sum(y, initial=raw(np.float64(0.5).reshape(()))).dtype == y.dtype


def test_masks_fit_what_is_reduced() -> None:
    for name in ("sum", "mean", "var", "std", "prod"):
        with pytest.raises(ValueError, match="where= has to broadcast"):
            getattr(mg, name)(mg.tensor(raw(np.ones(3))), where=raw(np.ones((2, 3), bool)))


def test_masks_may_change_later() -> None:
    mask = np.array([True, False])
    x = mg.tensor(np.array([1.0, 2.0]), backend="numpy")
    with mg.backend("numpy"):
        with mg.mem_guard_off:
            y = mg.sum(x, where=mg.tensor(mask))
        y.backward()
    assert x.grad.tolist() == [1.0, 0.0]


def test_ddof_and_correction_are_one_thing() -> None:
    x = mg.tensor(raw(X))
    np.testing.assert_allclose(host(mg.var(x, correction=1)), np.var(X, ddof=1))
    with pytest.raises(ValueError, match="ddof= and correction="):
        mg.var(x, ddof=1, correction=1)


def test_moments_are_of_floats() -> None:
    for name in ("mean", "var", "std"):
        with pytest.raises(TypeError, match="dtype="):
            getattr(mg, name)(mg.tensor(raw(X)), dtype="int64")


def test_nothing_lands_elsewhere_by_position() -> None:
    """ndarray's methods take a dtype, or an out=, where ours take keepdims."""
    x = mg.tensor(raw(X))
    names = ("sum", "mean", "prod", "max", "min", "logsumexp")
    for name, given in product(names, (float, "float32", raw(X[0]))):
        with pytest.raises(TypeError, match="keepdims"):
            getattr(mg, name)(x, 0, given)
    assert x.sum(0, True).shape == x.sum(0, 1).shape == (1, 3)


@pytest.mark.skipif(not hasattr(np, "cumulative_sum"), reason="this NumPy has no cumulative_sum")
def test_running_totals_from_the_start() -> None:
    for name, shape in product(("cumsum", "cumprod"), ((3,), (0,), (2, 3))):
        a = np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape)
        x = mg.tensor(raw(a))
        axis = len(shape) - 1
        got = getattr(mg, name)(x, axis=axis, include_initial=True)
        theirs = {"cumsum": np.cumulative_sum, "cumprod": np.cumulative_prod}[name]
        np.testing.assert_allclose(host(got), theirs(a, axis=axis, include_initial=True))
        if 0 not in shape:
            f = getattr(mg, name)
            check_gradients(lambda x, f=f, k=axis: f(x, axis=k, include_initial=True), [a])


# --- ufunc objects --------------------------------------------------------------------------
def test_reduce_of_ufuncs() -> None:
    for name in ("add", "multiply", "maximum", "minimum", "logaddexp"):
        f, theirs = getattr(mg, name), getattr(np, name)
        for axis, keepdims in product((0, 1, None), (False, True)):
            got = f.reduce(mg.tensor(raw(X)), axis, keepdims=keepdims)
            np.testing.assert_allclose(host(got), theirs.reduce(X, axis, keepdims=keepdims))
        check_gradients(f.reduce, [X])
    out = mg.tensor(raw(np.zeros(3)))
    assert mg.add.reduce(mg.tensor(raw(X)), out=out) is out
    np.testing.assert_allclose(host(out), X.sum(0))


def test_other_methods_of_ufuncs() -> None:
    x = mg.tensor(raw(X))
    for name in ("add", "multiply"):
        f, theirs = getattr(mg, name), getattr(np, name)
        np.testing.assert_allclose(host(f.accumulate(x, axis=1)), theirs.accumulate(X, 1))
        check_gradients(f.accumulate, [X])
    powers = mg.power.outer(x * x, raw(np.array([1.0, 2.0])))
    np.testing.assert_allclose(host(powers), np.power.outer(X * X, [1, 2]))
    check_gradients(mg.subtract.outer, [X, X[0]])
    y = mg.tensor(raw(np.zeros(3))) * 1.0
    mg.add.at(y, [0, 2, 2], x[0])
    mg.subtract.at(y, 1, 3.0)
    np.testing.assert_allclose(host(y), [1.3, -3.0, -0.7 + 2.25])
    y.sum().backward()
    np.testing.assert_allclose(host(x.grad), [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])


def test_methods_that_ufuncs_do_not_have() -> None:
    x = mg.tensor(raw(X))
    for ufunc in (mg.exp, mg.matmul):
        with pytest.raises(ValueError, match="elementwise functions of two operands"):
            ufunc.reduce(x)


@pytest.mark.numpy_only("dtypes of NumPy's loops")
def test_what_ufuncs_are() -> None:
    assert isinstance(mg.matmul, mg.ufunc)
    assert mg.matmul.signature == np.matmul.signature
    assert mg.add.signature is None
    assert (mg.matmul.nin, mg.matmul.nout, mg.matmul.nargs) == (2, 1, 3)
    assert mg.add.identity == 0
    assert mg.add.ntypes == len(mg.add.types)
    assert "dd->d" in mg.add.types
    assert not any(set("mMO") & set(loop) for loop in mg.add.types)
    dtypes = (np.dtype("float32"), np.dtype("float64"), None)
    assert mg.add.resolve_dtypes(dtypes) == np.add.resolve_dtypes(dtypes)
    assert mg.matmul.resolve_dtypes(dtypes) == np.matmul.resolve_dtypes(dtypes)
