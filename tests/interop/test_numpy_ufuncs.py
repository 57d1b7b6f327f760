"""NumPy's ufuncs on tensors, with every keyword, and with every kind of ``out=``.

A program is a function of arrays that NumPy runs on copies, and mygrad on tensors: what all of
them hold in the end is the same, and so are the gradients and central differences.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.testing.overrides import get_overridable_numpy_ufuncs

import mygrad as mg
from mygrad.interop import numpy_ufuncs
from mygrad.interop.numpy_ufuncs import counterpart, origin

pytestmark = pytest.mark.numpy_only("NumPy's functions take host tensors")

X = np.array([[1.3, -0.7, 2.25], [0.4, 1.9, -1.2]])
Y = np.array([[0.6, 1.1, -0.3], [2.2, -1.4, 0.8]])
O = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])  # noqa: E741
MASK = np.array([[True, False, True], [False, True, True]])
UFUNCS = {f.__name__: f for f in get_overridable_numpy_ufuncs() if f.signature is None}
GENERALIZED = {f.__name__ for f in get_overridable_numpy_ufuncs() if f.signature is not None}
POSITIVE = {"log", "log2", "log10", "log1p", "sqrt", "power", "float_power"}
INSIDE = {"arcsin", "arccos", "arctanh", "asin", "acos", "atanh"}
counts: Counter[str] = Counter()


def operands(name: str, ufunc: Any) -> list[Any]:
    """Operands in the domain of a ufunc."""
    x, y = X, Y
    if name in POSITIVE:
        x, y = np.abs(X) + 0.5, np.abs(Y) + 0.5
    if name in INSIDE:
        x = X / 4
    if name in ("arccosh", "acosh"):
        x = np.abs(X) + 1.5
    return [x, y][: ufunc.nin] + [Y + 1.0] * (ufunc.nin - 2)


def runs(ufunc: Any, inputs: list[Any]) -> bool:
    with np.errstate(all="ignore"):
        try:
            ufunc(*inputs)
        except TypeError:
            return False
    return True


RUNNING = sorted(name for name, f in UFUNCS.items() if runs(f, operands(name, f)))
"""Those that take floating-point numbers."""


def kind(name: str, ufunc: Any) -> str:
    if name in numpy_ufuncs.RAW:
        return "raw"
    return "constant" if counterpart(origin(ufunc)) is None else "differentiable"


def values(state: Any) -> list[Any]:
    return [t.data if isinstance(t, mg.Tensor) else t for t in state]


def weighted(array: Any, k: int) -> Any:
    weights = (0.5 + 0.25 * np.arange(np.size(array)).reshape(np.shape(array))) / (k + 1)
    return np.where(np.isfinite(array), weights, 0.0)


def check(
    program: Callable[..., Any], arrays: list[Any], what: str, constant: bool = False
) -> None:
    """A program on arrays, and on tensors; it returns all that it wrote."""

    def run(*given: Any) -> Any:
        return values(program(*(a * 1.0 for a in given)))

    def total(*given: Any) -> float:
        state = run(*given)
        return float(sum(np.sum(weighted(a, k) * np.nan_to_num(a)) for k, a in enumerate(state)))

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            want = run(*arrays)
        except Exception as error:
            with pytest.raises((TypeError, ValueError)):
                program(*(mg.tensor(a, constant=constant) * 1.0 for a in arrays))
            counts["both refuse"] += 1
            del error
            return
        leaves = [mg.tensor(a, constant=constant) for a in arrays]
        state = program(*(t * 1.0 for t in leaves))
        loss: Any = 0.0
        for k, (w, t) in enumerate(zip(want, state, strict=True)):
            np.testing.assert_allclose(values([t])[0], w, rtol=1e-6, err_msg=what)
            if isinstance(t, mg.Tensor):
                loss = loss + mg.sum(t * weighted(w, k))
        counts["computed"] += 1
        if constant:
            return
        if isinstance(loss, mg.Tensor):
            loss.backward()
        for n, (t, a) in enumerate(zip(leaves, arrays, strict=True)):
            step, grad = 1e-6, np.zeros(a.shape)
            for place in np.ndindex(a.shape):
                moved = [b.copy() for b in arrays]
                moved[n][place] += step
                above = total(*moved)
                moved[n][place] -= 2 * step
                grad[place] = (above - total(*moved)) / (2 * step)
            have = np.zeros(a.shape) if t.grad is None else t.grad
            np.testing.assert_allclose(have, grad, rtol=1e-4, atol=1e-5, err_msg=f"{what}, {n}")
            counts["gradients"] += 1


def programs(ufunc: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Programs that write the result of a ufunc somewhere, with and without ``where=``."""
    several = ufunc.nout > 1
    targets = ["new", "operand", "view", "turned", "overlapping", "raw", "tuple"]
    for target, masked in product(targets, (False, True)):

        def program(*given: Any, target: str = target, masked: bool = masked) -> Any:
            *xs, o = given
            before = [x * x for x in given]  # which needs the values that are written over
            first = o
            if target == "operand":
                first = xs[0]
            elif target == "turned":
                first = o[:, ::-1]
            elif target == "view":
                first = o[1]
                xs = [x[0] for x in xs]
            elif target == "overlapping":
                first, xs[0] = xs[0][:, 1:], xs[0][:, :-1]
                if masked and isinstance(xs[0], np.ndarray):
                    xs[0] = xs[0].copy()  # NumPy writes outside of the mask here, where it casts
                xs[1:] = [x[:, 1:] for x in xs[1:]]
            elif target == "raw":
                first = np.array(O)
            shape = tuple(first.shape)
            out: Any = first
            if several:
                out = (first, *(o * 0.0 for _ in range(ufunc.nout - 1)))
                if target in ("view", "overlapping"):
                    out = (first, *(np.zeros(shape) for _ in range(ufunc.nout - 1)))
            elif target == "tuple":
                out = (first,)
            options = {"where": MASK[tuple(slice(n) for n in shape[-2:])]} if masked else {}
            if masked and len(shape) == 1:
                options = {"where": MASK[0]}
            result = ufunc(*xs, out=out, **options)
            after = list(result) if several else [result]
            return [*given, *before, *after]

        yield f"out={target}{', where=' * masked}", program


@pytest.mark.parametrize("name", RUNNING)
def test_out(name: str) -> None:
    """Every ufunc writes into tensors, views and arrays by way of the tape."""
    ufunc = UFUNCS[name]
    inputs = operands(name, ufunc)
    constant = kind(name, ufunc) == "constant"
    for what, program in programs(ufunc):
        check(program, [*inputs, O], f"{name}, {what}", constant)


OPTIONS: list[dict[str, Any]] = [
    *({"casting": c} for c in ("no", "equiv", "safe", "same_kind", "unsafe")),
    *({"order": order} for order in "KACF"),
    {"subok": True}, {"subok": False}, {"dtype": np.float32}, {"dtype": None}, {"dtype": np.int64},
    {"dtype": np.float32, "casting": "unsafe"}, {"signature": "d"}, {"axis": 0},
    {"axes": [0]}, {"keepdims": True}, {"where": True},
]  # fmt: skip


@pytest.mark.parametrize("name", RUNNING)
def test_options(name: str) -> None:
    """Every option of ufuncs is followed, or refused by its name."""
    ufunc = UFUNCS[name]
    inputs = operands(name, ufunc)
    constant = kind(name, ufunc) == "constant"
    for options in OPTIONS:
        if "signature" in options:
            options = {"signature": f"{'d' * ufunc.nin}->{'d' * ufunc.nout}"}
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tensors = [mg.tensor(a, constant=constant) for a in inputs]
            try:
                want = ufunc(*inputs, **options)
            except TypeError:
                with pytest.raises((TypeError, ValueError)):
                    ufunc(*tensors, **options)
                counts["both refuse"] += 1
                continue
            try:
                got = ufunc(*tensors, **options)
            except TypeError as error:
                assert any(f"{option}=" in str(error) for option in options), error
                counts["refused"] += 1
                continue
        counts["computed"] += 1
        pairs = zip(got, want, strict=True) if ufunc.nout > 1 else [(got, want)]
        for have, wanted in pairs:
            np.testing.assert_allclose(np.asarray(values([have])[0]), wanted, rtol=1e-5)
            assert have.dtype == wanted.dtype, options


def test_every_ufunc_has_a_derivative_or_raw_results() -> None:
    without = {name for name in RUNNING if kind(name, UFUNCS[name]) == "constant"}
    assert without <= {"_ones_like", "clip"}  # which have no public names


def test_where_of_several_results() -> None:
    x, y = mg.tensor(X), mg.tensor(Y)
    whole, rest = x * 1.0, y * 1.0
    assert np.divmod(x, 2.0, out=(whole, rest), where=MASK)[1] is rest
    wanted = X.copy(), Y.copy()
    np.divmod(X, 2.0, out=wanted, where=MASK)
    np.testing.assert_array_equal(whole.data, wanted[0])
    np.testing.assert_array_equal(rest.data, wanted[1])
    (whole + 10.0 * rest).sum().backward()
    np.testing.assert_array_equal(x.grad, np.where(MASK, 10.0, 1.0))
    np.testing.assert_array_equal(y.grad, np.where(MASK, 0.0, 10.0))


def test_a_comparison_writes_by_way_of_the_tape() -> None:
    """Finding 7."""
    x = mg.tensor([1.0, 3.0])
    y = x * 1.0
    z = y * y
    got = np.greater(y, 2, out=y)
    assert got is y
    assert y.tolist() == [0.0, 1.0]
    (z + 10 * y).sum().backward()
    assert x.grad.tolist() == [2.0, 6.0]


def test_a_raw_out_of_a_variable_is_told() -> None:
    x, a = mg.tensor([1.0, 2.0]), np.zeros(2)
    for call in (
        lambda: np.add(x, 1.0, out=a), lambda: np.sum(x, 0, out=a[:1].reshape(())),
        lambda: np.add.reduce(x, out=np.zeros(())), lambda: np.stack([x, x], 0, np.zeros((2, 2))),
        lambda: np.clip(x, 0.0, 1.0, np.zeros(2)),
    ):  # fmt: skip
        with pytest.warns(mg.errors.GradientDetached, match="out=array"):
            call()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.add(x.data, 1.0, out=a)
        np.greater(x, 1.0, out=np.zeros(2))
        a += x  # whose name is the tensor's from there on
        np.sum(mg.tensor([1.0], constant=True), out=np.zeros(()))


def test_users_ufuncs_are_not_taken_for_numpys() -> None:
    class Named:
        """A ufunc as compilers make them: another function, under a name that NumPy has."""

        __name__, nin, signature = "add", 2, None

        def __call__(self, *args: Any) -> Any:
            return mg.tensor([1.0]).__array_ufunc__(self, "__call__", *args)

    x = mg.tensor([1.0])
    with pytest.raises(TypeError, match="has no derivative"):
        Named()(x, x)


def test_ufuncs_of_python_functions() -> None:
    """They are called with the elements, which are tensors."""
    add = np.frompyfunc(lambda a, b: a * b if a > 0 else 3.0 * b, 2, 1)
    x, y = mg.tensor([[1.0, -2.0], [3.0, 4.0]]), mg.tensor([5.0, 6.0])
    result = add(x, y)
    assert isinstance(result, mg.Tensor)
    assert result.tolist() == [[5.0, 18.0], [15.0, 24.0]]
    result.sum().backward()
    assert x.grad.tolist() == [[5.0, 0.0], [5.0, 6.0]]
    assert y.grad.tolist() == [4.0, 7.0]
    same, twice = np.frompyfunc(lambda a: (a, 2.0 * a), 1, 2)(y)
    (same * twice).sum().backward()
    assert y.grad.tolist() == [20.0, 24.0]
    assert add(mg.tensor(2.0), 3.0).item() == 6.0
    assert np.frompyfunc(lambda a: "x", 1, 1)(y).tolist() == ["x", "x"]


def test_vectorize_makes_plain_arrays_and_says_so() -> None:
    y = mg.tensor([5.0, 6.0])
    with pytest.warns(mg.errors.GradientDetached, match="NumPy turned a variable into plain data"):
        assert np.vectorize(lambda a: 2.0 * a)(y).tolist() == [10.0, 12.0]


@pytest.mark.parametrize("sign", [0.0, -0.0])
@pytest.mark.parametrize("name", ["arcsin", "arccos"])
def test_derivatives_on_a_cut(name: str, sign: float) -> None:
    """They are those of the side that the sign of the imaginary part names."""
    f, step = getattr(np, name), 1e-6
    for real in (1.3, -1.3):
        t = mg.tensor(np.array([complex(real, sign)]))
        f(t).backward()
        above, below = (f(np.array([complex(real + d, sign)])) for d in (step, -step))
        np.testing.assert_allclose(t.grad, (above - below) / (2 * step), rtol=1e-6)


def test_raw_matmul_in_place() -> None:
    """Finding 11."""
    for b in (np.array([[2.0, 1.0], [0.5, -1.0]]), np.array([[1.0, 0.0], [3.0, 1.0]])):
        a, t = X[:, :2].copy(), mg.tensor(b)
        expected = a @ b
        a @= t
        np.testing.assert_allclose(a.data, expected)
        assert isinstance(a, mg.Tensor)
        a.sum().backward()
        np.testing.assert_allclose(t.grad, np.repeat(X[:, :2].sum(0)[:, None], 2, 1))


AXES = [
    [(-2, -1), (-2, -1), (-2, -1)], [(0, 1), (1, 2), (0, 1)], [(1, 0), (0, 2), (-1, 0)],
    [(0, 1), (1, 2), (2, 1)], [(0, 1), (1, 2)], [(0,), (1, 2), (0, 1)],
]  # fmt: skip


@pytest.mark.parametrize("axes", AXES, ids=str)
def test_axes_of_matmul(axes: Any) -> None:
    a, b = X[:, :2], np.arange(8.0).reshape(2, 2, 2) / 7
    try:
        want = np.matmul(a, b, axes=axes)
    except (ValueError, TypeError):
        with pytest.raises((ValueError, TypeError)):
            np.matmul(mg.tensor(a), b, axes=axes)
        return
    check(lambda a, b: [np.matmul(a, b, axes=axes)], [a, b], f"matmul axes={axes}")
    out = mg.tensor(np.zeros(want.shape))
    assert np.matmul(mg.tensor(a), b, axes=axes, out=out) is out
    np.testing.assert_allclose(out.data, want)


@pytest.mark.parametrize("option", ["axis", "keepdims", "where"])
def test_options_of_matmul(option: str) -> None:
    with pytest.raises(TypeError, match=f"{option}|unexpected"):
        np.matmul(mg.tensor(X), mg.tensor(X.T), **{option: "unsafe"})


# --- methods ------------------------------------------------------------------------------
REDUCED = ("add", "multiply", "maximum", "minimum", "logaddexp", "logical_and", "logical_or",
           "logical_xor", "subtract", "hypot", "fmax")  # fmt: skip
REDUCTIONS: list[dict[str, Any]] = [
    {}, {"axis": 1}, {"axis": None}, {"axis": (0, 1)}, {"axis": -1}, {"keepdims": True},
    {"keepdims": 1}, {"keepdims": 1, "axis": 1}, {"initial": 1.5}, {"initial": None},
    {"where": MASK}, {"where": MASK, "initial": 0.5}, {"where": MASK, "axis": 1, "initial": 0.5},
    {"dtype": np.float64}, {"out": "new"}, {"out": "view"}, {"out": "raw"},
    {"out": "new", "keepdims": True}, {"out": "part of the operand"}, {"axis": 7},
    {"initial": np._NoValue},  # type: ignore[attr-defined]
]  # fmt: skip


@pytest.mark.parametrize("name", REDUCED)
def test_reduce(name: str) -> None:
    ufunc = getattr(np, name)
    for options in REDUCTIONS:

        def program(x: Any, o: Any, options: dict[str, Any] = options) -> Any:
            given = dict(options)
            before = [x * x, o * o]
            if "out" in given:
                rows = o[:1] if given.get("keepdims") else o[0]
                given["out"] = {
                    "new": rows, "view": rows[..., ::-1], "raw": np.zeros(rows.shape),
                    "part of the operand": x[1],
                }[given["out"]]  # fmt: skip
            return [ufunc.reduce(x, **given), x, o, *before]

        check(program, [X, O], f"{name}.reduce {options}")
        check(program, [X, O], f"{name}.reduce {options}", constant=True)


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "subtract"])
def test_accumulate(name: str) -> None:
    ufunc = getattr(np, name)
    for options in ({}, {"axis": 1}, {"axis": -1, "dtype": np.float64}, {"axis": 5}, {"out": True}):

        def program(x: Any, o: Any, options: dict[str, Any] = options) -> Any:
            given = {**options, **({"out": o} if "out" in options else {})}
            return [ufunc.accumulate(x, **given), o, x * x]

        check(program, [X, O], f"{name}.accumulate {options}")
        check(program, [X, O], f"{name}.accumulate {options}", constant=True)


@pytest.mark.parametrize("name", ["add", "multiply", "arctan2", "greater", "nextafter"])
def test_outer(name: str) -> None:
    ufunc = getattr(np, name)
    check(lambda x, y: [ufunc.outer(x, y)], [X, Y[0]], f"{name}.outer")

    def program(x: Any, y: Any) -> Any:
        out = np.multiply.outer(x, y)
        z = out * out
        return [ufunc.outer(x, y, out=out, where=MASK[..., None]), out, z]

    check(program, [X, Y[0]], f"{name}.outer out= where=")


def test_at() -> None:
    index = np.array([0, 2, 2])
    for ufunc in (np.add, np.subtract, np.multiply):

        def program(x: Any, y: Any, ufunc: Any = ufunc) -> Any:
            z = x * x
            ufunc.at(x, (slice(None), index), y)
            return [x, z]

        check(program, [X, Y], f"{ufunc.__name__}.at")

    def of_constants(x: Any, y: Any) -> Any:
        np.multiply.at(x, (slice(None), index), y)
        np.negative.at(x, 0)
        return [x]

    check(of_constants, [X, Y], "multiply.at", constant=True)
    c, w = mg.tensor([2.0, 3.0], constant=True), mg.tensor([1.0, 1.0])
    loss = (c * w).sum()
    np.multiply.at(c, 0, 10.0)
    loss.backward()
    assert w.grad.tolist() == [2.0, 3.0]  # what was read, not what was written later
    users = np.frompyfunc(lambda a, b: a - b, 2, 1)
    with pytest.raises(TypeError, match=r"\.at has no derivative"):
        users.at(mg.tensor([1.0]), 0, 2.0)
    with pytest.raises(TypeError, match="raw array"):
        np.add.at(np.zeros(2), 0, mg.tensor(1.0))


def test_reduceat() -> None:
    for constant in (True, False):
        check(lambda x: [np.add.reduceat(x, [0, 2], axis=1)], [X], "add.reduceat", constant)
    users = np.frompyfunc(lambda a, b: a - b, 2, 1)
    with pytest.raises(TypeError, match=r"\.reduceat has no derivative"):
        users.reduceat(mg.tensor(X), [0, 1])


INTEGERS = ("bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift", "gcd", "lcm",
            "invert", "bitwise_count")  # fmt: skip


@pytest.mark.parametrize("name", INTEGERS)
def test_integers(name: str) -> None:
    """Ufuncs of integers give raw arrays, and write tensors by way of the tape."""
    ufunc = UFUNCS[name]
    inputs = [np.array([3, 5, 6]), np.array([1, 2, 2])][: ufunc.nin]
    tensors = [mg.tensor(a) for a in inputs]
    got = ufunc(*tensors)
    assert type(got) is np.ndarray
    np.testing.assert_array_equal(got, ufunc(*inputs))
    w = mg.tensor([1.0, 2.0, 3.0])
    loss = (tensors[0] * w).sum()
    masked = np.array([True, False, True])
    assert ufunc(*tensors, out=tensors[0], where=masked, casting="unsafe") is tensors[0]
    np.testing.assert_array_equal(tensors[0].data, np.where(masked, got, inputs[0]))
    loss.backward()
    assert w.grad.tolist() == [3.0, 5.0, 6.0]


def test_the_sweep_is_complete() -> None:
    kinds = Counter(kind(name, UFUNCS[name]) for name in RUNNING)
    assert kinds["differentiable"] >= 45
    assert kinds["raw"] >= 10
    assert GENERALIZED >= {"matmul"}


# --- ufuncs of SciPy ---------------------------------------------------------------------------
@pytest.mark.numpy_only("SciPy computes with NumPy's arrays")
def test_ufuncs_of_scipy_are_called_by_their_own_names() -> None:
    """Those with a derivative are of `mygrad.special`; see tests/special."""
    special = pytest.importorskip("scipy.special")
    x = mg.tensor([0.25, 0.5])
    for ufunc, operands in ((special.mathieu_a, (1.0, x)), (special.zetac, (x,))):
        name = f"scipy.special.{ufunc.__name__}"
        with pytest.raises(TypeError, match=rf"^{re.escape(name)} has no derivative"):
            ufunc(*operands)
        constants = [mg.stop_gradient(t) if t is x else t for t in operands]
        np.testing.assert_allclose(ufunc(*constants).data, ufunc(*operands[:-1], x.data))
    for ufunc in (special.expit, special.log1p):
        assert not ufunc(x).constant
