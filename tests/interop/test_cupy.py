"""CuPy's functions and raw arrays meet tensors: the gradient is kept, told lost, or refused.

A row of each table is a program for a library `xp`, a raw array of it and a tensor. What it has to
give is what the same program gives with NumPy in the place of CuPy.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from gradcheck import host

import mygrad as mg
from mygrad.errors import GradientDetached

cupy = pytest.importorskip("cupy")

Program = Callable[[Any, Any, Any], Any]
VALUES = np.array([[0.5, 2.0], [3.0, 1.5]])
RAW = np.array([[1.0, 2.0], [4.0, 0.25]])
OLD = int(cupy.__version__.partition(".")[0]) < 14  # which asks for arrays in fewer places


@pytest.fixture(autouse=True, params=["selected", "not selected"])
def on_cupy(request: Any) -> None:
    if mg.backends.selected_adapter().name != "cupy":
        pytest.skip("the suite does not run on CuPy")
    mg.set_backend("cupy" if request.param == "selected" else None)


def variable(library: str = "cupy", values: Any = VALUES, constant: bool | None = None) -> Any:
    return mg.tensor(values, constant=constant, backend=library)


def integers(xp: Any) -> Any:
    return mg.tensor([1, 0, 1], backend=xp.__name__)


def booleans(xp: Any) -> Any:
    return mg.tensor([[True, False], [False, True]], backend=xp.__name__)


def run(program: Program, t: Any) -> tuple[Any, list[Any], list[Any]]:
    """What a program gives for a tensor, on its library: result, raw array, warnings."""
    xp = {"numpy": np, "cupy": cupy}[t.backend]
    raw = xp.array(RAW)
    selected = mg.backend("numpy") if xp is np else nullcontext()
    with selected, warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        result = program(xp, raw, t)
    return result, raw, found


def parts(result: Any) -> list[Any]:
    return list(result) if isinstance(result, (tuple, list)) else [result]


def same(found: Any, wanted: Any) -> None:
    found, wanted = parts(found), parts(wanted)
    assert len(found) == len(wanted)
    for f, w in zip(found, wanted, strict=True):
        np.testing.assert_allclose(host(f), host(w), rtol=1e-12)
        assert host(f).dtype == host(w).dtype


def rows(table: dict[str, Any]) -> Any:
    return [pytest.param(*(v if isinstance(v, tuple) else (v,)), id=k) for k, v in table.items()]


def twice(xp: Any, raw: Any, t: Any) -> Any:
    raw *= t
    raw += t
    return raw


def stored(index: Any, part: Any = ...) -> Program:
    """``raw[index] = t[part]``."""

    def program(xp: Any, raw: Any, t: Any) -> Any:
        raw[index] = t[part]
        return raw

    return program


KEPT: dict[str, Program] = {
    "a * t": lambda xp, a, t: a * t,
    "a + t": lambda xp, a, t: a + t,
    "a - t": lambda xp, a, t: a - t,
    "a / t": lambda xp, a, t: a / t,
    "a % t": lambda xp, a, t: a % t,
    "a ** t": lambda xp, a, t: a**t,
    "a @ t": lambda xp, a, t: a @ t,
    "divmod": lambda xp, a, t: divmod(a, t)[1],
    "t * a": lambda xp, a, t: t * a,
    "t @ a": lambda xp, a, t: t @ a,
    "a *= t": lambda xp, a, t: operator.imul(a, t),
    "a *= t, += t": twice,
    "a -= t": lambda xp, a, t: operator.isub(a, t),
    "a /= t": lambda xp, a, t: operator.itruediv(a, t),
    "a **= t": lambda xp, a, t: operator.ipow(a, t),
    "scalar * t": lambda xp, a, t: np.float64(3) * t,
    "scalar - t": lambda xp, a, t: np.float64(3) - t,
    "scalar / t": lambda xp, a, t: np.float64(3) / t,
    "scalar ** t": lambda xp, a, t: np.int64(2) ** t,
    "scalar % t": lambda xp, a, t: np.float64(3) % t,
    "t * scalar": lambda xp, a, t: t * np.float64(3),
    "0-d + t": lambda xp, a, t: np.array(3.0) + t,
    "0-d / t": lambda xp, a, t: np.array(3.0) / t,
    "t ** 0-d": lambda xp, a, t: t ** np.array(3.0),
    "add": lambda xp, a, t: xp.add(a, t),
    "multiply": lambda xp, a, t: xp.multiply(t, a),
    "multiply dtype": lambda xp, a, t: xp.multiply(a, t, dtype="f4"),
    "multiply casting": lambda xp, a, t: xp.multiply(a, t, casting="same_kind"),
    "multiply out=t": lambda xp, a, t: xp.multiply(a, t, t * 0.0),
    "exp": lambda xp, a, t: xp.exp(t),
    "maximum": lambda xp, a, t: xp.maximum(a, t),
    "logaddexp": lambda xp, a, t: xp.logaddexp(a, t),
    "where": lambda xp, a, t: xp.where(a > 1, t, 0.0),
    "where raw": lambda xp, a, t: xp.where(t > 1, a, t),
    "clip": lambda xp, a, t: xp.clip(t, 1.0, 2.5),
    "clip bounds": lambda xp, a, t: xp.clip(t, a, 5.0),
    "sum": lambda xp, a, t: xp.sum(t),
    "sum axis": lambda xp, a, t: xp.sum(t, axis=0, keepdims=True),
    "sum dtype": lambda xp, a, t: xp.sum(t, 1, "f4"),
    "prod": lambda xp, a, t: xp.prod(t, axis=1),
    "mean": lambda xp, a, t: xp.mean(t, axis=0),
    "std": lambda xp, a, t: xp.std(t, axis=0, ddof=1),
    "var": lambda xp, a, t: xp.var(t),
    "max": lambda xp, a, t: xp.max(t, axis=0, keepdims=True),
    "min": lambda xp, a, t: xp.min(t, axis=1),
    "add.reduce": lambda xp, a, t: xp.add.reduce(t, axis=1),
    "multiply.reduce": lambda xp, a, t: xp.multiply.reduce(t),
    "dot": lambda xp, a, t: xp.dot(t, a),
    "outer": lambda xp, a, t: xp.outer(a, t),
    "norm": lambda xp, a, t: xp.linalg.norm(t),
    "reshape": lambda xp, a, t: xp.reshape(t, (4,)),
    "transpose": lambda xp, a, t: xp.transpose(t),
    "swapaxes": lambda xp, a, t: xp.swapaxes(t, 0, 1),
    "ravel": lambda xp, a, t: xp.ravel(t),
    "squeeze": lambda xp, a, t: xp.squeeze(t[:1]),
    "flip": lambda xp, a, t: xp.flip(t, 0),
    "rot90": lambda xp, a, t: xp.rot90(t),
    "repeat": lambda xp, a, t: xp.repeat(t, 2, 1),
    "take": lambda xp, a, t: xp.take(t, xp.asarray([1, 0]), 1),
    "copy": lambda xp, a, t: xp.copy(t),
    "numpy.matmul": lambda xp, a, t: np.matmul(a, t),
    "numpy.add.outer": lambda xp, a, t: np.add.outer(a, t),
    "numpy.sum": lambda xp, a, t: np.sum(t, axis=0),
    "numpy.stack": lambda xp, a, t: np.stack([a, t]),
    "numpy.concatenate": lambda xp, a, t: np.concatenate([a, t]),
    "numpy.where": lambda xp, a, t: np.where(a > 1, a, t),
    "numpy.einsum": lambda xp, a, t: np.einsum("ij,jk->ik", a, t),
    "numpy.tensordot": lambda xp, a, t: np.tensordot(a, t, 1),
    "array module": lambda xp, a, t: getattr(cupy.get_array_module(t), "tanh")(t),  # noqa: B009
}
"""What CuPy hands over, or asks of a method."""


@pytest.mark.parametrize("program", rows(KEPT))
def test_the_gradient_is_kept(program: Program) -> None:
    x, wanted_x = variable(), variable("numpy")
    result, _, told = run(program, x * 1.0)
    wanted, _, _ = run(program, wanted_x * 1.0)
    assert not told
    assert isinstance(result, mg.Tensor)
    assert (result.backend, result.constant) == ("cupy", False)
    same(result, wanted)
    (result * result).sum().backward()
    (wanted * wanted).sum().backward()
    same(x.grad, wanted_x.grad)


def test_what_holds_no_gradient_is_as_it_is_with_numpy() -> None:
    for program in KEPT.values():
        constant = variable(constant=True)
        result, _, told = run(program, constant)
        wanted, _, _ = run(program, variable("numpy", constant=True))
        assert not told
        same(result, wanted)


RESULTS: dict[str, Program] = {
    **{
        f"{kind} {compare.__name__} t": lambda xp, a, t, compare=compare, make=make: compare(
            make(2.0), t
        )
        for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq)
        for kind, make in {"float64": np.float64, "float32": np.float32, "0-d": np.array}.items()
    },
    "a == t": lambda xp, a, t: a == t,
    "a < t": lambda xp, a, t: a < t,
    "t >= a": lambda xp, a, t: t >= a,
    "mask & t": lambda xp, a, t: (a > 1) & booleans(xp),
    "scalar & t": lambda xp, a, t: np.bool_(True) & (t > 1),
    "equal": lambda xp, a, t: xp.equal(a, t),
    "isnan": lambda xp, a, t: xp.isnan(t),
    "logical_not": lambda xp, a, t: xp.logical_not(t),
    "argmax": lambda xp, a, t: xp.argmax(t, axis=0),
    "argsort": lambda xp, a, t: xp.argsort(t, axis=0),
    "shape": lambda xp, a, t: xp.shape(t),
    "ndim": lambda xp, a, t: xp.ndim(t),
    "zeros_like": lambda xp, a, t: xp.zeros_like(a),
    "a[integers]": lambda xp, a, t: a[integers(xp)],
    "a[integers, 0]": lambda xp, a, t: a[integers(xp), 0],
    "a[booleans]": lambda xp, a, t: a[booleans(xp)],
    "take": lambda xp, a, t: xp.take(a, integers(xp)),
    "a @ integers": lambda xp, a, t: host(a @ integers(xp)[:2]),
    "numpy.matmul integers": lambda xp, a, t: host(np.matmul(a, integers(xp)[:2])),
    "count_nonzero": lambda xp, a, t: int(xp.count_nonzero(t.detach())),
    "nanmax": lambda xp, a, t: host(xp.nanmax(t.detach(), axis=0)),
    "floor_divide": lambda xp, a, t: host(a // t),
}


@pytest.mark.parametrize("program", rows(RESULTS))
def test_results_without_gradient(program: Program) -> None:
    result, _, told = run(program, variable())
    wanted, _, _ = run(program, variable("numpy"))
    assert not told
    assert all(not isinstance(part, mg.Tensor) for part in parts(result))
    same(result, wanted)


def indexed(xp: Any, raw: Any, t: Any) -> Any:
    raw[integers(xp)] = 7.0
    raw[booleans(xp)] = 9.0
    return raw


def test_raw_arrays_are_written_where_tensors_say() -> None:
    result, _, told = run(indexed, variable())
    assert not told
    assert host(result).tolist() == [[9, 7], [7, 9]]


TOLD: dict[str, Program] = {
    "asarray": lambda xp, a, t: xp.asarray(t),
    "array": lambda xp, a, t: xp.array(t),
    "asanyarray": lambda xp, a, t: xp.asanyarray(t),
    "array of a list": lambda xp, a, t: xp.array([t, t]),
    "array of elements": lambda xp, a, t: xp.array([t[0, 0], t[1, 1]]),
    "asarray of both": lambda xp, a, t: xp.asarray([t, a]),
    "a[:] = t": stored(slice(None)),
    "a[...] = t": stored(...),
    "a[0] = t": stored(0, 0),
    "a[0, 0] = t": stored((0, 0), (1, 1)),
    "a[:, 1] = t": stored((slice(None), 1), 0),
    "a[[0, 1]] = t": stored([0, 1]),
}
"""What NumPy converts, too."""

TOLD_BY_CUPY: dict[str, Any] = {
    "concatenate": (lambda t: cupy.concatenate([t, t]), lambda x: np.concatenate([x, x])),
    "vstack": (lambda t: cupy.vstack([t, t]), lambda x: np.vstack([x, x])),
    "hstack": (lambda t: cupy.hstack([t, t]), lambda x: np.hstack([x, x])),
    "einsum": (lambda t: cupy.einsum("ij,jk", t, t), lambda x: x @ x),
    "roll": (lambda t: cupy.roll(t, 1), lambda x: np.roll(x, 1)),
    "tile": (lambda t: cupy.tile(t, 2), lambda x: np.tile(x, 2)),
    "pad": (lambda t: cupy.pad(t, 1), lambda x: np.pad(x, 1)),
    "tril": (cupy.tril, np.tril),
    "diff": (cupy.diff, np.diff),
    "average": (cupy.average, np.average),
    "append": (lambda t: cupy.append(t, t), lambda x: np.append(x, x)),
    "asnumpy": (cupy.asnumpy, lambda x: x),
    "sum out=": (lambda t: cupy.sum(t, out=cupy.empty(())), np.sum),
    "mean out=": (lambda t: cupy.mean(t, axis=0, out=cupy.empty(2)), lambda x: x.mean(axis=0)),
    "max out=": (lambda t: cupy.max(t, axis=0, out=cupy.empty(2)), lambda x: x.max(axis=0)),
    "clip out=": (lambda t: cupy.clip(t, 1, 2, out=cupy.empty((2, 2))), lambda x: x.clip(1, 2)),
    "dot out=": (lambda t: cupy.dot(t, t, out=cupy.empty((2, 2))), lambda x: x @ x),
    "take out=": (
        lambda t: cupy.take(t, cupy.asarray([1]), 0, cupy.empty((1, 2))), lambda x: x[[1]]
    ),
    "exp out=": (lambda t: cupy.exp(t, out=cupy.empty((2, 2))), np.exp),
    "exp, out": (lambda t: cupy.exp(t, cupy.empty((2, 2))), np.exp),
    "multiply out=": (lambda t: cupy.multiply(t, t, out=cupy.empty((2, 2))), np.square),
}  # fmt: skip
"""What needs nothing but the array, or writes into the user's."""


def told(lose: Callable[[Any], Any], wanted: Any) -> None:
    for t in (variable(), variable() * 1.0):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            try:
                result = lose(t)
            except (TypeError, ValueError):
                assert OLD, "CuPy 14 takes it"
                return
        assert found
        assert {(w.category, w.filename) for w in found} == {(GradientDetached, __file__)}
        same(result, wanted)
        with mg.on_detach("error"), pytest.raises(GradientDetached):
            lose(t)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same(lose(variable(constant=True)), wanted)
        with mg.no_autodiff:
            lose(variable())


@pytest.mark.parametrize("program", rows(TOLD))
def test_the_loss_is_told(program: Program) -> None:
    wanted = program(np, RAW.copy(), VALUES)
    told(lambda t: program(cupy, cupy.array(RAW), t), wanted)


@pytest.mark.parametrize(("lose", "wanted"), rows(TOLD_BY_CUPY))
def test_the_loss_is_told_where_cupy_asks_for_arrays(lose: Any, wanted: Any) -> None:
    told(lose, wanted(VALUES))


def test_slices_of_raw_arrays() -> None:
    """Assignments have instructions of their own in Python, slices another one."""
    raw = cupy.array(RAW)
    with pytest.warns(GradientDetached) as found:
        raw[0:1] = variable()[1:]
    assert found[0].filename == __file__
    assert raw.get().tolist() == [[3, 1.5], [4, 0.25]]


@pytest.mark.parametrize("index", [..., (0, 0), slice(1), [0, 1]], ids=str)
@pytest.mark.parametrize("value", [0.0, 2.5])
@pytest.mark.parametrize("constant", [False, True])
def test_every_assignment_takes_the_values(index: Any, value: float, constant: bool) -> None:
    """CuPy 13 asks first whether they are 0, and fills the array without them then."""
    raw = cupy.ones((2, 2))
    values = np.full(raw[index].shape, value)
    leaf = mg.tensor(values, constant=constant, backend="cupy")
    for t in (leaf, leaf * 1.0):
        raw[...] = 1.0
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            raw[index] = t
        wanted = [] if constant else [(GradientDetached, __file__)]
        assert [(w.category, w.filename) for w in found] == wanted
        assert (raw[index] == value).all()
        assert raw.sum() == value * values.size + 4 - values.size
        if not constant:
            with mg.on_detach("error"), pytest.raises(GradientDetached):
                raw[index] = t
        raw[index] = t == 0  # a comparison of the user's own
        assert (raw[index] == (value == 0)).all()


REFUSED: dict[str, tuple[Program, str]] = {
    "matmul": (lambda xp, a, t: xp.matmul(a, t), "incorrect type.*got Tensor"),
    "tensordot": (lambda xp, a, t: xp.tensordot(a, t, 1), "incorrect type.*got Tensor"),
    "cumsum": (lambda xp, a, t: xp.cumsum(t), "incorrect type.*got Tensor"),
    "stack": (lambda xp, a, t: xp.stack([t, a]), "(incorrect|Unsupported) type.*Tensor"),
    "split": (lambda xp, a, t: xp.split(t, 2), "incorrect type.*got Tensor"),
    "any": (lambda xp, a, t: xp.any(t), "cupy.ndarray.*Tensor"),
    "nanmax": (lambda xp, a, t: xp.nanmax(t), "(nanmax has no derivative|incorrect type)"),
    "a kernel of one's own": (
        lambda xp, a, t: xp.ElementwiseKernel("T x", "T y", "y = 2 * x", "cupy_sin")(t),
        "the ufunc cupy_sin has no derivative",
    ),
    "casting": (lambda xp, a, t: xp.multiply(a, t, casting="unsafe"), "casting= is not there"),
    "copyto": (lambda xp, a, t: xp.copyto(a, t), "takes no tensors"),
    "copyto a tensor": (lambda xp, a, t: xp.copyto(t, a), "takes no tensors"),
    "copyto a row": (lambda xp, a, t: xp.copyto(t, a[0]), "takes no tensors"),
    "copyto where": (lambda xp, a, t: xp.copyto(t, a, where=a > 1), "takes no tensors"),
    "copyto a number": (lambda xp, a, t: xp.copyto(t, 1.0), "takes no tensors"),
    "add.at": (lambda xp, a, t: xp.add.at(a, xp.asarray([0, 1]), t), "t.data that on cupy"),
    "a.take": (lambda xp, a, t: a.take(integers(xp)), "t.data that on cupy"),
    "zetac": (
        lambda xp, a, t: import_module("cupyx.scipy.special").zetac(t),
        "cupyx.scipy.special.zetac has no derivative",
    ),
    "numpy.asarray": (lambda xp, a, t: np.asarray(t), "behind your back"),
    "numpy's array[:] = t": (
        lambda xp, a, t: operator.setitem(np.zeros((2, 2)), ..., t), "behind your back"
    ),
    "array * t": (lambda xp, a, t: np.ones((2, 2))[:1] * t.to("cupy"), "behind your back"),
    "maximum.at": (
        lambda xp, a, t: xp.maximum.at(t, xp.asarray([0]), a[:1]), "has no derivative"
    ),
}  # fmt: skip


if not OLD:  # which fills, and tells
    REFUSED["fill"] = lambda xp, a, t: a.fill(t[0, 0]), "t.data that on cupy"


@pytest.mark.parametrize(("program", "message"), rows(REFUSED))
def test_what_is_refused_says_why(program: Program, message: str, request: Any) -> None:
    if "array * t" in request.node.name:
        mg.set_backend(None)  # arrays on the host go where the user said that they go
    x = variable()
    t = x * 1.0
    with pytest.raises(TypeError, match=message):
        run(program, t)
    assert host(t).tolist() == VALUES.tolist()
    t.sum().backward()
    assert host(x.grad).tolist() == [[1, 1], [1, 1]]


WRITERS: dict[str, Callable[[Any, Any], Any]] = {
    "exp out=": lambda a, t: cupy.exp(a, out=t),
    "exp, out": lambda a, t: cupy.exp(a, t),
    "add out=": lambda a, t: cupy.add(a, a, out=t),
    "sum out=": lambda a, t: cupy.sum(a, axis=0, keepdims=True, out=t[:1]),
    "clip out=": lambda a, t: cupy.clip(a, 0, 1, out=t),
    "concatenate out=": lambda a, t: cupy.concatenate([a], out=t),
    "stack out=": lambda a, t: cupy.stack([a[0], a[1]], out=t),
    "matmul out=": lambda a, t: cupy.matmul(a, a, out=t),
    "nan_to_num": lambda a, t: cupy.nan_to_num(t, copy=False),
    "putmask": lambda a, t: cupy.putmask(t, a > 1, a),
    "place": lambda a, t: cupy.place(t, a > 1, a),
    "put": lambda a, t: cupy.put(t, [0], [1.0]),
    "fill_diagonal": lambda a, t: cupy.fill_diagonal(t, 3.0),
    "numpy out=": lambda a, t: np.multiply(a, a, out=t),
    "add.at": lambda a, t: cupy.add.at(t, cupy.asarray([1, 1]), a),
    "ufunc into": lambda a, t: cupy.multiply(t, a, out=t),
}


@pytest.mark.parametrize("write", rows(WRITERS))
@pytest.mark.parametrize("constant", [False, True])
def test_nothing_is_written_past_the_tape(write: Any, constant: bool) -> None:
    """What a function of CuPy writes into a tensor is recorded, or refused."""
    x, factor = variable(constant=constant), variable()
    t = x * 1.0
    before = host(t)
    early = factor * t  # whose gradient needs the values of t as they are now
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            write(cupy.array(RAW), t)
        except (TypeError, AttributeError):
            assert host(t).tolist() == before.tolist()
    late = factor * t
    (early.sum() + 10.0 * late.sum()).backward()
    same(factor.grad, before + 10.0 * host(t))


@pytest.mark.parametrize("write", rows(WRITERS))
def test_nothing_is_written_past_the_tape_into_integers(write: Any) -> None:
    factor, t = variable(), variable(values=[[1, 2], [3, 4]])
    before = host(t)
    early = factor * t
    try:
        write(cupy.array([[5, 6], [7, 8]]), t)
    except (TypeError, AttributeError):
        assert host(t).tolist() == before.tolist()
    early.sum().backward()
    assert host(factor.grad).tolist() == before.tolist()


def test_variables_are_no_index() -> None:
    with pytest.warns(GradientDetached), pytest.raises(IndexError, match="integer or boolean"):
        cupy.array(RAW)[variable()]


def test_add_at_adds_to_the_gradient() -> None:
    x, v = variable(), variable()
    t = x * 1.0
    cupy.add.at(t, cupy.asarray([1, 1]), v)
    assert host(t)[1].tolist() == (VALUES[1] + VALUES.sum(axis=0)).tolist()
    (t * t).sum().backward()
    same(x.grad, 2 * host(t))
    same(v.grad, np.broadcast_to(2 * host(t)[1], (2, 2)))


ELSEWHERE: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "a * t": (lambda a, t: a * t, "cupy.*numpy"),
    "a @ t": (lambda a, t: a @ t, "cupy.*numpy"),
    "a += t": (lambda a, t: operator.iadd(a, t), "cupy.*numpy"),
    "a[[0, 1]] = t": (lambda a, t: stored([0, 1])(cupy, a, t), 'numpy.*to."cupy"'),
    "add": (lambda a, t: cupy.add(a, t), "cupy.*numpy"),
    "where": (lambda a, t: cupy.where(a > 1, a, t), "cupy.*numpy"),
    "roll": (lambda a, t: cupy.roll(t, 1), 'numpy.*to."cupy"'),
    "a[...] = 0 * t": (lambda a, t: stored(...)(cupy, a, 0 * t), 'numpy.*to."cupy"'),
}


@pytest.mark.parametrize(("program", "message"), rows(ELSEWHERE))
def test_tensors_on_numpy_do_not_move_to_cupy(program: Any, message: str) -> None:
    mg.set_backend(None)
    with pytest.raises(TypeError, match=message):
        program(cupy.array(RAW), variable("numpy"))


def test_what_makes_arrays_copies_tensors_from_the_host() -> None:
    told_of = []
    for make in (cupy.asarray, cupy.array, lambda t: cupy.array([t, t])[0]):
        with pytest.warns(GradientDetached) as found:
            array = make(variable("numpy"))
        told_of += [w.filename for w in found]
        assert isinstance(array, cupy.ndarray)
        assert array.get().tolist() == VALUES.tolist()
    assert set(told_of) == {__file__}


@pytest.fixture
def frames() -> Iterator[None]:
    """As debuggers and coverage tools do: every line and instruction is traced."""
    import sys

    before = sys.gettrace()

    def trace(frame: Any, event: str, _: Any) -> Any:
        frame.f_trace_opcodes = True
        return trace

    sys.settrace(trace)
    yield
    sys.settrace(before)


@pytest.mark.usefixtures("frames")
def test_instructions_are_known_under_a_debugger() -> None:
    t, raw = variable(), cupy.array(RAW)
    assert isinstance(raw @ t, mg.Tensor)
    assert raw[integers(cupy)].shape == (3, 2)
    with pytest.warns(GradientDetached):
        raw[[0, 1]] = t
    assert raw.get().tolist() == VALUES.tolist()
