"""Every public name of MyGrad 2.5 is here, at the same path, and is called in the same way.

`mygrad2_api` has the facts. What is left out on purpose is in `DEVIATIONS`, with the reason.
Below that: the behaviour of those parts of the API that no other test calls.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import mygrad2_api as theirs
import numpy as np
import pytest
from gradcheck import host

import mygrad as mg
import mygrad.computational_graph
from mygrad import errors, operation_base, typing

DEVIATIONS: dict[str, str] = {
    "mygrad.ufuncs.MyGradBinaryUfunc": "a class of MyGrad's machinery; `mg.ufunc` is ours",
    "mygrad.ufuncs.MyGradUnaryUfunc": "a class of MyGrad's machinery; `mg.ufunc` is ours",
    "mygrad.ufuncs.ufunc_creator": "machinery; `mygrad.math.ufunc.ufunc` declares operations",
    "Operation.backward": "the engine asks `backward_var` for each operand itself",
}
"""What is not there, and why."""

Parameter = inspect.Parameter
MEANINGS = {"NO_VALUE": "NO_VALUE", "float": float, "int": int, "float32": np.dtype("float32")}


def signature_of(text: str) -> inspect.Signature:
    """The signature that is written as in a `def`."""
    return inspect.signature(eval(f"lambda {text}: 0", dict(MEANINGS)))


def plain(default: Any) -> Any:
    """A default, such that equal ones compare equal."""
    if repr(default) == "<no value>":
        return "NO_VALUE"
    if isinstance(default, str) or (isinstance(default, type) and issubclass(default, np.generic)):
        try:
            return np.dtype(default)
        except TypeError:
            return default
    return default


def differences(ours: inspect.Signature, wanted: inspect.Signature) -> list[str]:
    """What a call that MyGrad 2 takes would not find here."""
    found: list[str] = []
    have = dict(ours.parameters)
    kinds = {p.kind: p for p in have.values()}
    positional = [
        p for p in have.values()
        if p.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    ]  # fmt: skip
    by_keyword = {
        n: p for n, p in have.items()
        if p.kind in (Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    }  # fmt: skip
    for k, (name, want) in enumerate(wanted.parameters.items()):
        if want.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
            if want.kind not in kinds:
                found.append(f"takes no {want}")
            continue
        if want.kind is not Parameter.KEYWORD_ONLY and Parameter.VAR_POSITIONAL not in kinds:
            if k >= len(positional):
                found.append(f"takes no parameter {k + 1}, {name!r}, by position")
                continue
            if positional[k].name != name and want.kind is not Parameter.POSITIONAL_ONLY:
                found.append(f"parameter {k + 1} is {positional[k].name!r} and not {name!r}")
                continue
        if want.kind is Parameter.POSITIONAL_ONLY:
            continue
        if name not in by_keyword:
            if Parameter.VAR_KEYWORD not in kinds:
                found.append(f"takes no {name!r} by name")
        elif want.default is not Parameter.empty:
            default = plain(by_keyword[name].default)
            if "NO_VALUE" not in (plain(want.default), default):
                if default != plain(want.default):
                    found.append(f"{name!r} is {default!r} by default, not {want.default!r}")
    for name, p in have.items():
        optional = p.default is not Parameter.empty
        if name in wanted.parameters or optional or "VAR" in p.kind.name:
            continue
        if p.kind is Parameter.KEYWORD_ONLY or positional.index(p) >= len(wanted.parameters):
            found.append(f"wants {name!r}, which MyGrad does not have")
    return found


def check(path: str, function: Any, text: str) -> None:
    assert callable(function)
    found = differences(inspect.signature(function), signature_of(text))
    assert not found, f"{path}{inspect.signature(function)}: {'; '.join(found)}"


def flat(groups: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, text) for text, names in groups.items() for name in names.split()]


@pytest.mark.parametrize(
    ("module", "name", "text"),
    [(m, name, text) for m, groups in theirs.FUNCTIONS.items() for name, text in flat(groups)],
)
def test_functions(module: str, name: str, text: str) -> None:
    check(f"{module}.{name}", getattr(importlib.import_module(module), name), text)


@pytest.mark.parametrize("name", theirs.NUMPY)
def test_functions_of_numpy(name: str) -> None:
    """They are NumPy's own, which know tensors, or ours under the same parameters."""
    ours, numpys = getattr(mg, name), getattr(np, name)
    if ours is numpys:
        return
    if isinstance(numpys, np.ufunc):  # which have signatures since NumPy 2.4
        text = {1: theirs.UNARY, 2: theirs.BINARY}[numpys.nin].replace(", constant=None", "")
        text = text if numpys.nout == 1 else text.replace("out=None", "out=(None, None)")
        parameters = signature_of(text).parameters
    else:
        try:
            parameters = inspect.signature(numpys).parameters
        except ValueError:
            pytest.skip(f"this version of NumPy's {name} has no signature")
    wanted = [
        p for n, p in parameters.items()
        if n not in ("casting", "order", "subok", "signature")  # how NumPy is to compute
    ]  # fmt: skip
    assert not differences(inspect.signature(ours), inspect.Signature(wanted))


def test_dtypes_and_constants() -> None:
    for name in theirs.DTYPES:
        assert getattr(mg, name) is getattr(np, name)
    for name, value in theirs.CONSTANTS.items():
        ours = getattr(mg, name)
        assert ours == value or (ours != ours and value != value)


@pytest.mark.parametrize("name", theirs.MODULES)
def test_modules(name: str) -> None:
    found: Any = mg
    for part in name.split("."):
        found = getattr(found, part)
    assert inspect.ismodule(found)
    assert importlib.import_module(f"mygrad.{name}") is found


@pytest.mark.parametrize("path", theirs.PATHS)
def test_import_paths(path: str) -> None:
    rooms = [mg, mg.random, mg.linalg, mg.computational_graph, mg.tensor_base]
    rooms += [mg.nnet] if ".nnet." in path else []
    for name in theirs.PATHS[path].split():
        if f"{path}.{name}" in DEVIATIONS:
            continue
        scope: dict[str, Any] = {}
        exec(f"from {path} import {name}", scope)
        assert any(scope[name] is getattr(room, name, mg) for room in rooms), name


@pytest.mark.parametrize(("name", "text"), flat(theirs.TENSOR))
def test_methods(name: str, text: str) -> None:
    method = getattr(mg.tensor([1.0]), name)
    bound = text if name == "_op" else text.partition(", ")[2]
    check(f"Tensor.{name}", method, bound)


def test_properties() -> None:
    x = mg.tensor([1.0, 2.0])
    for entry in theirs.PROPERTIES:
        name, assigned, _ = entry.partition("=")
        value = getattr(x, name)
        if assigned:
            setattr(x, name, value)
        elif name != "grad":  # which can be assigned here
            with pytest.raises(AttributeError):
                setattr(x, name, value)


@pytest.mark.parametrize("name", theirs.SPECIAL)
def test_special_methods(name: str) -> None:
    assert callable(getattr(mg.Tensor, f"__{name}__"))


def test_errors_and_types() -> None:
    for name, parent in theirs.ERRORS.items():
        assert parent in [c.__name__ for c in getattr(errors, name).__mro__[1:]]
    for name in theirs.TYPES:
        assert hasattr(typing, name)


@pytest.mark.parametrize("name", theirs.CLASSES)
def test_classes_of_operations(name: str) -> None:
    cls = getattr(operation_base, name)
    parent, methods = theirs.CLASSES[name]
    assert parent in [c.__name__ for c in cls.__mro__[1:]]
    for method, text in flat(methods):
        if f"{name}.{method}" not in DEVIATIONS:
            check(f"{name}.{method}", getattr(cls, method), text)


def test_ufuncs_are_of_one_class() -> None:
    for name in ("sin", "add", "absolute", "floor"):
        assert isinstance(getattr(mg, name), mg.ufunc)
    assert not isinstance(mg.sum, mg.ufunc)


# --- what no other test calls ------------------------------------------------------------------
def test_numpys_names_of_its_own_functions_take_tensors() -> None:
    x = mg.tensor([0.5, 1.5])
    assert mg.allclose(host(x), [0.5, 1.5])
    quotient, rest = mg.divmod(x, 1.0)
    assert (host(quotient).tolist(), host(rest).tolist()) == ([0, 1], [0.5, 0.5])
    one, two = mg.zeros(2, dtype=float), mg.zeros(2, dtype=float)
    assert mg.divmod(x, 1.0, (one, two))[1] is two
    assert host(one).tolist() == [0, 1]
    with pytest.raises(TypeError):
        mg.divmod(x)


def test_the_strict_derivative_of_absolute() -> None:
    x = mg.tensor([-2.0, 0.0, 3.0])
    with np.errstate(all="ignore"):
        mg.absolute(x, nan_to_num=False).backward()
    np.testing.assert_array_equal(host(x.grad), [-1, np.nan, 1])
    mg.abs(x).backward()
    assert host(x.grad).tolist() == [-1, 0, 1]


def test_out_by_position() -> None:
    a, b = mg.tensor([[1.0, 2.0], [3.0, 4.0]]), mg.tensor([[0.0, 1.0], [1.0, 1.0]])
    for result, out in [
        (lambda out: mg.matmul(a, b, out), mg.zeros((2, 2), dtype=float)),
        (lambda out: mg.stack([a, b], 0, out), mg.zeros((2, 2, 2), dtype=float)),
        (lambda out: mg.concatenate([a, b], 0, out), mg.zeros((4, 2), dtype=float)),
        (lambda out: mg.einsum("ij,jk->ik", a, b, out=out), mg.zeros((2, 2), dtype=float)),
        (lambda out: mg.einsum("ij->ji", a, out=out), mg.zeros((2, 2), dtype=float)),
        (lambda out: mg.sin(a, out), mg.zeros((2, 2), dtype=float)),
    ]:
        assert result(out) is out
        want = host(result(None))
        np.testing.assert_array_equal(host(out), want)
        out.backward()
        grad = host(a.grad)
        result(None).backward()
        np.testing.assert_array_equal(host(a.grad), grad)


def test_matmul_in_another_dtype() -> None:
    x = mg.tensor([1.0, 2.0])
    result = mg.matmul(x, x, dtype=mg.tensor(np.float32(1)).dtype)
    assert str(result.dtype).endswith("float32")
    result.backward()
    assert x.grad.dtype == x.dtype
    assert host(x.grad).tolist() == [2, 4]


def test_constant_einsum_of_one_operand() -> None:
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    for subscripts in ("ij->ji", "ii->i", "ij->i", "ii"):
        assert mg.einsum(subscripts, x, constant=True).constant


@pytest.mark.numpy_only("the layout of arrays is a matter of NumPy")
def test_asarray_in_an_order() -> None:
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert mg.asarray(x, None, "F").flags.f_contiguous
    assert mg.asarray(x, "float32", "F").flags.f_contiguous
    assert mg.asarray(x) is x.data


@pytest.mark.numpy_only("NumPy's functions take host tensors")
def test_overriding_a_function_of_numpy() -> None:
    from mygrad.tensor_base import implements_numpy_override

    def fliplr(m: Any) -> str:
        return "ours"

    x = mg.tensor([[1.0, 2.0]])
    assert implements_numpy_override()(fliplr) is fliplr
    try:
        assert np.fliplr(x) == "ours"
        assert np.fliplr(np.ones((1, 2))).tolist() == [[1, 1]]
    finally:
        implements_numpy_override(np.fliplr)(mg.fliplr)


def test_clearing_reaches_constants() -> None:
    c = mg.tensor(2.0, constant=True)
    d = c * 3
    x = mg.tensor(1.0)
    for use in (mg.multiply, mg.add):
        e = d * d
        assert e.creator is not None
        use(x, e).backward()
        assert e.creator is None
    d = c * 3
    d.clear_graph()
    assert d.creator is None
    for d in (c * 3, mg.multiply(x, 2.0, constant=True)):
        assert d.creator is not None
        with pytest.warns(mg.errors.NothingToDifferentiate):
            d.backward()
        assert d.creator is None


def test_creators_hold_the_constants_themselves() -> None:
    x, c = mg.tensor([1.0]), mg.tensor([2.0], constant=True)
    for z in (x * c, x + c, c / x, mg.maximum(x, c), mg.einsum("i,i", x, c), c @ x):
        assert any(t is c for t in z.creator.variables)
        assert any(t is x for t in z.creator.variables)
    z = x * c
    c[:] = 0.0
    assert host(z.creator.variables[1]).tolist() == [2]


def test_constants_are_asked_for_by_booleans() -> None:
    for wrong in (1, "yes", np.array(1.0)):
        for make in (mg.tensor, mg.zeros, mg.negative, lambda a, **kw: mg.add(a, a, **kw)):
            with pytest.raises(TypeError, match="constant="):
                make(1, constant=wrong)


@pytest.mark.numpy_only("out= is NumPy's")
def test_out_keeps_constants() -> None:
    c, x = mg.tensor([1.0, 2.0], constant=True), mg.tensor([1.0, 2.0])
    for result in (
        mg.sin(np.ones(2), out=np.zeros(2)), mg.sin(c, out=np.zeros(2)), np.sin(c, out=np.zeros(2)),
        mg.sin([1.0], out=np.zeros(1), constant=True), mg.sin(x, out=np.zeros(2), constant=True),
        mg.matmul(c, c, out=np.zeros(())), mg.add(c, c, out=np.zeros(2), where=[True, False]),
        mg.concatenate([c, c], out=np.zeros(4)), mg.sum(c, out=np.zeros(())),
    ):  # fmt: skip
        assert result.constant
    assert not mg.sin(x, out=np.zeros(2)).constant


def test_astensor_and_tensor_without_a_copy() -> None:
    x, c = mg.tensor([1.0, 2.0]), mg.tensor([1.0, 2.0], constant=True)
    for t in (x, c):
        same = mg.tensor(t, copy=False), mg.tensor(t, copy=False, dtype=t.dtype, ndmin=1)
        assert all(s is t for s in same)
        assert mg.tensor(t, copy=False, constant=t.constant) is mg.astensor(t) is t
    row = mg.tensor(x, copy=False, ndmin=2)
    assert row.base is x
    assert row.shape == (1, 2)
    (row * row).backward()
    assert host(x.grad).tolist() == [2, 4]
    (mg.tensor(x, copy=False, dtype="float32") * 2).backward()
    assert host(x.grad).tolist() == [2, 2]
    for wrong in (0.0, 1.5, "1"):
        with pytest.raises(TypeError):
            mg.tensor(x, ndmin=wrong, copy=False)


def test_casts_of_what_had_to_be_constant() -> None:
    w = mg.tensor([[1, 2]]).astype(float)
    (w**2).sum().backward()
    assert host(w.grad).tolist() == [[2, 4]]
    assert mg.tensor([1, 2]).astype(float, constant=True).constant
    assert mg.tensor([1.0], constant=True).astype("float32").constant
    x = mg.tensor([1.0, 2.0])
    for casting in ("no", "equiv", "safe", "same_kind", "unsafe"):
        assert x.astype(x.dtype, casting, copy=False) is x
    assert x.astype(x.dtype, copy=False, constant=True).constant
    assert x.astype(x.dtype) is not x


def test_spaced_integers_round_down() -> None:
    assert host(mg.linspace(0, -1, 5, dtype=int)).tolist() == [0, -1, -1, -1, -1]
    assert host(mg.linspace(-5, 5, 7, dtype="int8")).tolist() == [-5, -4, -2, 0, 1, 3, 5]


def test_a_use_that_is_constant_clears_gradients_too() -> None:
    x = mg.tensor([1.0])
    (x * x).backward()
    mg.add(x, 1.0, constant=True)
    assert x.grad is None


@pytest.mark.parametrize("raw", [False, True])
def test_windows_are_checked(raw: bool) -> None:
    x: Any = np.zeros((6, 6)) if raw else mg.zeros((6, 6))
    for wrong in (
        {"step": None}, {"step": -1}, {"step": 0}, {"step": 1.5}, {"window_shape": (1, 1, 1)},
        {"dilation": -1}, {"dilation": 0}, {"window_shape": (0, 1)}, {"dilation": 6},
    ):  # fmt: skip
        with pytest.raises((ValueError, TypeError), match="sliding_window_view"):
            mg.sliding_window_view(x, **{"window_shape": (2, 2), "step": 1} | wrong)


@pytest.mark.numpy_only("the layout of arrays is a matter of NumPy")
def test_copies_are_laid_out_as_numpys() -> None:
    a = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    t = mg.tensor(a, copy=False)
    assert t.copy().strides == a.copy().strides
    assert t.copy("K").strides == a.copy("K").strides
    assert np.copy(t).strides == np.copy(a).strides
    assert np.copy(t, order="C").strides == np.copy(a, order="C").strides
    t.copy().backward()
    assert (t.grad == 1).all()
