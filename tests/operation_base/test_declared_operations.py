"""Operations that programs declare for themselves: what they can do, and what goes wrong."""

from __future__ import annotations

import pickle
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, check_second_derivatives, host, raw

import mygrad as mg
from mygrad.autodiff.namespace import registry
from mygrad.computational_graph.rules import derivative_rules
from mygrad.errors import InvalidGradient
from mygrad.operation_base import kernel_for, primitive, ufunc

ROWS = np.array([[0.3, -1.2, 2.0], [1.0, 0.5, -0.7]])


@ufunc(x=lambda g, out: g * out * (1 - out))
def logistic(x: Any, *, xp: Any) -> Any:
    return 1 / (1 + xp.exp(-x))


@primitive(x=lambda g, x_shape, axis, xp: xp.broadcast_to(xp.expand_dims(g, axis=axis), x_shape))
def total(x: Any, *, axis: int = 0, xp: Any) -> Any:
    return xp.sum(x, axis=axis)


@primitive(
    x=lambda g, y, xp: g @ xp.matrix_transpose(y),
    y=lambda g, x, xp: xp.matrix_transpose(x) @ g,
    broadcasts="stacks",
)
def product(x: Any, y: Any) -> Any:
    return x @ y


@primitive(x=lambda g, x, length: g * x / length, residuals=("length",))
def norm(x: Any, *, xp: Any) -> Any:
    length = xp.sqrt(xp.sum(x * x))
    return length, length


# --- what they can do --------------------------------------------------------------------------
def test_derivatives_to_second_order() -> None:
    for f, operands in [
        (logistic, [ROWS]),
        (lambda x: total(x, axis=1), [ROWS]),
        (product, [np.stack([ROWS, 2 * ROWS]), ROWS.T]),
        (norm, [ROWS]),
    ]:
        check_gradients(f, operands)
        check_second_derivatives(f, operands)


def test_keywords_of_ufuncs() -> None:
    x, out = mg.tensor([0.0, 1.0, 2.0]), mg.zeros(3, dtype=float)
    mask = raw(np.array([True, False, True]))
    assert logistic(x, out=out, where=mask) is out
    np.testing.assert_allclose(host(out), [0.5, 0, 1 / (1 + np.exp(-2.0))])
    out.backward()
    np.testing.assert_allclose(host(x.grad), [0.25, 0, 0.104993585], rtol=1e-6)
    assert "float32" in str(logistic(mg.tensor([1.0], dtype="float32")).dtype)


def test_a_parameter_that_is_given_by_name_alone() -> None:
    x = mg.tensor(ROWS)
    assert host(total(x, axis=1)).shape == (2,)
    assert host(total(x)).shape == (3,)

    @primitive(x=lambda g, x_shape, xp: xp.broadcast_to(xp[total](g, axis=0) / 3, x_shape))
    def spread(x: Any, *, xp: Any) -> Any:
        return x * 1.0

    y = mg.tensor([1.0, 2.0, 3.0])
    spread(y).backward()
    np.testing.assert_allclose(host(y.grad), [1, 1, 1])


def test_the_result_has_its_own_memory() -> None:
    @primitive(x=lambda g: g)
    def same(x: Any) -> Any:
        return x

    @primitive(x=lambda g, x_shape, xp: xp.concat([g, xp.zeros_like(g)]))
    def first_half(x: Any) -> Any:
        return x[: x.shape[0] // 2]

    @primitive(parts=lambda g, i, xp: g if i == 1 else xp.zeros_like(g), variadic=True)
    def second(parts: Any) -> Any:
        return parts[1]

    for f in (same, first_half, ufunc(x=lambda g: g)(lambda x: x), lambda x: second([x * 1, x])):
        x = mg.tensor([1.0, 2.0])
        y = x * 1.0
        result = f(y)
        result[0] = 100.0
        assert host(y).tolist() == [1, 2]


def test_a_result_that_may_be_a_view_is_one() -> None:
    @primitive(x=lambda g, x_shape, xp: xp.concat([g, xp.zeros_like(g)]), may_view=True)
    def first_half(x: Any) -> Any:
        return x[: x.shape[0] // 2]

    x = mg.tensor([1.0, 2.0, 3.0, 4.0])
    y = x * 1.0
    half = first_half(y)
    half *= 10.0
    assert half.base is y
    assert host(y).tolist() == [10, 20, 3, 4]
    (y**2).backward()
    assert host(x.grad).tolist() == [200, 400, 6, 8]


@pytest.mark.raw_arithmetic
def test_residuals_are_what_they_were() -> None:
    """Neither a write to the result changes them, nor one to an operand."""
    x = mg.tensor([[3.0, 4.0]])
    length = norm(x)
    doubled = length * 2.0
    length *= 1000.0
    doubled.backward()
    np.testing.assert_allclose(host(x.grad), [[1.2, 1.6]])

    @primitive(
        x=lambda g, kept, xp: g * xp.astype(kept, g.dtype), index=None, index_residuals=("kept",)
    )
    def times(x: Any, index: Any, *, xp: Any) -> Any:
        return x * xp.astype(index, x.dtype), index

    x, index = mg.tensor([1.0, 2.0]), raw(np.array([3, 4]))
    y = times(x, index)
    if mg.tensor(1.0).backend not in ("numpy", "jax"):  # which lock it, or never change it
        index[0] = 100
    else:
        index = mg.tensor(index)
        y = times(x, index)
        index[0] = 100
    y.backward()
    assert host(x.grad).tolist() == [3, 4]


def test_pictures_show_the_rule_that_was_written() -> None:
    assert derivative_rules(logistic) == (("by x", "lambda g, out: g * out * (1 - out)"),)


# --- kernels -----------------------------------------------------------------------------------
def backend() -> str:
    return mg.tensor(1.0).backend


def test_a_kernel_for_one_library() -> None:
    calls = []

    @ufunc(x=lambda g, x: 2 * g * x)
    def squared(x: Any) -> Any:
        calls.append("portable")
        return x * x

    x = mg.tensor([1.0, 3.0])
    squared(x)

    @kernel_for(squared, backend())
    def kernel(x: Any) -> Any:
        calls.append("kernel")
        return x * x if x.ndim == 1 else NotImplemented

    other = next(n for n in ("cupy", "dpnp", "numpy") if n != backend())
    kernel_for(squared, other)(lambda x: calls.append("other"))
    squared(x).backward()
    assert host(x.grad).tolist() == [2, 6]
    assert host(squared(mg.tensor([[3.0]]))).tolist() == [[9]]
    assert host(squared(4.0)) == 16  # an operand that is a number is an array here
    assert calls == ["portable", "kernel", "kernel", "portable", "kernel", "portable"]


def test_a_kernel_returns_residuals_and_takes_parameters() -> None:
    @primitive(x=lambda g, x, power, factor: g * factor * power * x ** (power - 1),
               residuals=("factor",))  # fmt: skip
    def scaled(x: Any, *, power: int, xp: Any) -> Any:
        return 2.0 * x**power, xp.full(x.shape, 2.0, dtype=x.dtype)

    @kernel_for(scaled, backend())
    def kernel(x: Any, power: int) -> Any:
        return 3.0 * x**power, x * 0 + 3.0

    x = mg.tensor([1.0, 3.0])
    scaled(x, power=2).backward()
    assert host(x.grad).tolist() == [6, 18]


@pytest.mark.skip_on("numpy", "the kernel is in CuPy's language")
@pytest.mark.skip_on("dpnp", "the kernel is in CuPy's language")
@pytest.mark.skip_on("jax", "the kernel is in CuPy's language")
@pytest.mark.skip_on("array-api-strict", "the kernel is in CuPy's language")
def test_a_kernel_in_the_language_of_cupy() -> None:
    @ufunc(x=lambda g, out: g * out * (1 - out))
    def gate(x: Any, *, xp: Any) -> Any:
        raise AssertionError("the portable function ran")

    @kernel_for(gate, "cupy")
    def gate_on_gpus(x: Any) -> Any:
        import cupy

        return cupy.ElementwiseKernel("T x", "T y", "y = 1 / (1 + exp(-x))", "gate")(x)

    x = mg.tensor([0.0, 1.0])
    gate(x).backward()
    np.testing.assert_allclose(host(x.grad), [0.25, 0.19661193], rtol=1e-6)


def test_kernels_for_what_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"no backend 'cupi'.*numpy"):
        kernel_for(logistic, "cupi")
    with pytest.raises(TypeError, match=r"mygrad\.operation_base"):
        kernel_for(mg.exp, "numpy")


# --- names -------------------------------------------------------------------------------------
CELL = """
from mygrad.operation_base import primitive, ufunc

@ufunc(x=lambda g: {slope} * g)
def line(x):
    return {slope} * x

@primitive(x=lambda g, xp: xp[line](g))
def through(x, *, xp):
    return xp[line](x)
"""


def test_a_cell_of_a_notebook_may_run_again() -> None:
    notebook = {"__name__": "__main__"}
    for slope in (2.0, 5.0):
        exec(CELL.format(slope=slope), notebook)
        for name in ("line", "through"):
            x = mg.tensor([1.0, 3.0])
            y = notebook[name](x)  # type: ignore[operator]
            y.backward()
            assert host(y).tolist() == [slope, 3 * slope]
            assert host(x.grad).tolist() == [slope, slope]


def test_what_a_new_declaration_replaces_is_as_it_was() -> None:
    """In graphs that are there, and for functions of the cell that was not run again."""
    notebook: dict[str, Any] = {"__name__": "__main__"}
    exec(CELL.format(slope=2.0), notebook)
    x = mg.tensor(1.0)
    y, old = notebook["line"](x), notebook["line"]
    exec(CELL.format(slope=5.0), notebook)
    y.backward()
    assert host(x.grad) == 2.0
    assert host(old(x)) == 2.0


def test_two_packages_may_use_one_name(monkeypatch: Any) -> None:
    packages = []
    for k, name in enumerate(("first_package", "second_package")):
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(CELL.format(slope=k + 2.0), module.__dict__)
        packages.append(module)
    x = mg.tensor(1.0)
    first, second = (m.__dict__["through"] for m in packages)
    second(first(second(x))).backward()
    assert host(x.grad) == 2 * 3 * 3
    assert pickle.loads(pickle.dumps(first)) is first


@pytest.mark.parametrize("name", ["multiply", "sum", "exp", "matmul", "conv_nd"])
def test_names_of_mygrad_are_free(name: str, monkeypatch: Any) -> None:
    """Also in a module of mygrad, where examples in docstrings run."""
    before = dict(registry)
    cell = CELL.replace("line", name)
    for module in ("__main__", "mygrad.nnet", "mygrad_extras"):
        namespace: dict[str, Any] = {"__name__": module}
        exec(cell.format(slope=7.0), namespace)
        x = mg.tensor(2.0)
        namespace["through"](x).backward()
        assert host(x.grad) == 7.0
    assert dict(registry) == before
    y = mg.tensor([2.0, 3.0])
    (mg.exp(mg.log(y)) * y).sum().backward()
    np.testing.assert_allclose(host(y.grad), [4, 6])


# --- declarations that say something else than is meant ----------------------------------------
def nothing(*operands: Any) -> Any:
    raise AssertionError("the rule ran")


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: primitive()(lambda x: x), r"names no operand.*x=lambda g"),
        (lambda: primitive(lambda x: x), r"@primitive needs the rules.*@primitive\(x=lambda g"),
        (lambda: ufunc(lambda x: x), r"@ufunc needs the rules"),
        (lambda: primitive(z=lambda g: g)(lambda x: x), r"'z'.*parameters are x"),
        (lambda: primitive(x=2.0)(lambda x: x), r"rule for x is 2\.0.*function, or None"),
        (lambda: primitive(x=lambda x: 2 * x)(lambda x: x), r"takes x; the adjoint, g,"),
        (lambda: primitive(x=lambda out: out)(lambda x: x), r"the adjoint, g, comes first"),
        (lambda: primitive(x=lambda: 1)(lambda x: x), r"the adjoint, g, comes first"),
        (lambda: primitive(x=lambda g, y: g)(lambda x: x), r"asks for 'y'; it may ask for"),
        (lambda: primitive(x=lambda g: g)(lambda k, x: x), r"nothing of 'k'.*before.*'x'"),
        (lambda: ufunc(x2=lambda g: g)(lambda x1, x2: x2), r"nothing of 'x1'.*or None"),
        (lambda: ufunc(x1=lambda g: g)(lambda x1, x2: x2), r"nothing of its operand 'x2'.*None"),
        (lambda: primitive(x=lambda g: g)(lambda x=1.0: x), r"'x' has a default"),
        (lambda: primitive(xs=lambda g: g)(lambda *xs: xs), r"\*xs.*variadic=True"),
        (lambda: primitive(x=lambda g: g, kw=None)(lambda x, **kw: x), r"\*\*kw"),
        (
            lambda: primitive(x=lambda g, r: g, residuals="r")(lambda x: (x, x)),
            r"residuals= is a tuple of names, \('r',\)",
        ),
        (
            lambda: primitive(x=None, y=None, broadcasts="element")(lambda x, y: x),
            r"broadcasts='element' is not 'elements' or 'stacks'",
        ),
        (
            lambda: primitive(joint={"xy": lambda g: (g, g)})(lambda x, y: x),
            r"names no operand|tuples of two|parameters are x, y",
        ),
    ],
)  # fmt: skip
def test_declarations_that_raise(declare: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        declare()


def forgetful(x: Any) -> Any:
    x * 2


@pytest.mark.parametrize(
    ("declare", "forward", "message"),
    [
        (primitive(x=lambda g: g), forgetful, r"forgetful returned None"),
        (
            primitive(x=lambda g, r: g, residuals=("r",)), forgetful,
            r"forgetful has to return the tuple \(result, r\).*it returned None",
        ),
        (
            primitive(x=lambda g, r: g, residuals=("r",)), lambda x: x * 2,
            r"\(result, r\).*array of shape \(2,\)",
        ),
        (
            primitive(x=lambda g, r: g, residuals=("r",)), lambda x: (x * 2, x, x),
            r"\(result, r\).*tuple of 3",
        ),
        (primitive(x=lambda g: g), lambda x: (x * 2, x), r"tuple of 2.*residuals="),
        (primitive(x=lambda g: g), mg.exp, r"returned a tensor.*functions of xp"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::mygrad.errors.GradientDetached")
def test_results_that_raise(declare: Any, forward: Any, message: str) -> None:
    def f(x: Any) -> Any:
        return forward(x)

    f.__name__ = getattr(forward, "__name__", "f")
    x = mg.tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=message):
        declare(f)(x)


def returns_nothing(g: Any) -> Any:
    g * 2


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda g: g[:1], r"rule of f for x returned an array of shape \(1,\).*operand.*\(2,\)"),
        (returns_nothing, r"rule of f for x returned None"),
    ],
)
def test_adjoints_that_raise(rule: Any, message: str) -> None:
    @primitive(x=rule)
    def f(x: Any) -> Any:
        return x * 2

    with pytest.raises(InvalidGradient, match=message):
        f(mg.tensor([1.0, 2.0])).backward()


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (lambda g: g, r"an array of shape \(3,\)"),
        (lambda g: (g, g, g), "a tuple of 3"),
        (lambda g: None, "None"),
    ],
)
def test_joint_rules_that_return_something_else(rule: Any, found: str) -> None:
    @primitive(joint={("x", "y"): rule})
    def f(x: Any, y: Any) -> Any:
        return x + y

    x = mg.tensor([1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match=rf"for x and y has to return 2 adjoints.*{found}"):
        f(x, x).backward()
    assert x.grad is None


# --- functions that write into what they were given --------------------------------------------
@pytest.mark.numpy_only("only NumPy's arrays can be locked")
def test_writing_forward_functions_raise() -> None:
    @primitive(x=lambda g: g)
    def positive(x: Any) -> Any:
        x[x < 0] = 0
        return x

    @primitive(xs=lambda g, i: g, variadic=True)
    def added(xs: Any) -> Any:
        xs[0] += xs[1]
        return xs[0]

    x = mg.tensor([-1.0, 2.0])
    with pytest.raises(ValueError, match=r"positive.*writes into.*xp\.asarray\(x, copy=True\)"):
        positive(x)
    with pytest.raises(ValueError, match=r"added.*writes into"):
        added([x, x])
    assert host(x).tolist() == [-1, 2]
    x[0] = 5.0  # the tensor is not locked by it
    kernel_for(positive, "numpy")(lambda x: np.maximum(x, 0, out=x))
    with pytest.raises(ValueError, match=r"positive.*writes into"):
        positive(x)


@pytest.mark.numpy_only("only NumPy's arrays can be locked")
def test_writing_rules_raise() -> None:
    def scale(g: Any, x: Any) -> Any:
        g *= 2 * x
        return g

    def change(g: Any, x: Any) -> Any:
        x *= 2
        return g * x

    for rule in (scale, change):

        @primitive(x=rule)
        def square(x: Any) -> Any:
            return x * x

        x = mg.tensor([3.0, 4.0])
        with pytest.raises(ValueError, match=r"rule of square for x writes into"):
            (square(x) + x).backward()
        assert x.grad is None
        assert host(x).tolist() == [3, 4]


def test_other_errors_are_as_they_were() -> None:
    @primitive(x=lambda g: g)
    def picky(x: Any) -> Any:
        raise ValueError("not today")

    with pytest.raises(ValueError, match=r"picky.*not today$"):
        picky(mg.tensor([1.0]))
