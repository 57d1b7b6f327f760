"""Wrong use: each error names operation, operand and way out, and leaves all as it was."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw
from numpy._core.overrides import array_function_dispatch

import mygrad as mg
from mygrad.autodiff.primitive import primitive, registry
from mygrad.errors import GradientDetached, InvalidBackprop, InvalidGradient
from mygrad.math.ufunc import ufunc


class World:
    """A live graph, and a record of what a failed operation must leave alone."""

    def __init__(self) -> None:
        self.x = mg.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
        self.weights = raw(np.full((2, 3), 2.0))
        self.counts = mg.tensor([1, 2, 3])
        self.fixed = mg.tensor([1.0, 1.0, 1.0], constant=True)
        self.view = self.x[0]
        self.y = self.x * self.weights
        self.z = self.y * self.y
        self.other = mg.tensor([1.0, 2.0, 3.0])
        (self.other * 2).backward()
        self.before = self.snapshot()

    def snapshot(self) -> list[Any]:
        tensors = [self.x, self.counts, self.fixed, self.view, self.y, self.z, self.other]
        state: list[Any] = []
        for t in tensors:
            state += [host(t).tolist(), t.constant, id(t.creator), id(t.base), t.shape, t.dtype]
            state.append(None if t.grad is None else host(t.grad).tolist())
        if isinstance(self.weights, np.ndarray):
            state += [self.weights.flags.writeable, self.weights.tolist()]
            state.append([t.data.flags.writeable for t in tensors])
        return state

    def check(self) -> None:
        """Nothing changed, and the graph still differentiates."""
        assert self.snapshot() == self.before
        self.z.backward()
        np.testing.assert_allclose(host(self.x.grad), 8 * host(self.x))
        np.testing.assert_allclose(host(self.view.grad), 8 * host(self.x)[0])
        if isinstance(self.weights, np.ndarray):
            assert self.weights.flags.writeable
            assert self.x.data.flags.writeable


@pytest.fixture
def world() -> World:
    return World()


Wrong = Callable[[World], Any]


def assign(t: Any, index: Any, value: Any) -> None:
    t[index] = value


def in_place(t: Any, value: Any, how: str) -> None:
    getattr(t, how)(value)


ERRORS: dict[str, tuple[Wrong, type[Exception], list[str]]] = {
    # what is wrong: (code, error, what its message has to say)
    "shapes of operands": (
        lambda w: w.y + mg.tensor([1.0, 2.0]),
        ValueError,
        ["add", "2, 3", "2"],
    ),
    "shapes of a product": (
        lambda w: mg.matmul(w.y, w.y),
        ValueError,
        ["matmul", "2, 3"],
    ),
    "an axis": (lambda w: mg.sum(w.y, axis=5), (ValueError, IndexError), ["sum", "5"]),
    "a shape": (lambda w: mg.reshape(w.y, (4, 2)), ValueError, ["reshape", "2, 3", "4,"]),
    "an index": (lambda w: w.y[7], IndexError, ["7", "2, 3"]),
    "too many indices": (lambda w: w.y[0, 0, 0], IndexError, ["tensor[", "2, 3"]),
    "a float as an index": (lambda w: w.y[1.5], (IndexError, TypeError), ["1.5", "integers"]),
    "a mask's shape": (lambda w: w.y[raw([True, False, True])], IndexError, ["2, 3"]),
    "a write's shape": (
        lambda w: assign(w.x, 0, [1.0, 2.0]),
        ValueError,
        ["tensor[0] = value", "2, 3"],
    ),
    "a write's index": (
        lambda w: assign(w.x, 9, 1.0),
        IndexError,
        ["tensor[9] = value", "2, 3"],
    ),
    "an update's shape": (
        lambda w: in_place(w.x, mg.tensor([1.0, 2.0]), "__iadd__"),
        ValueError,
        ["+=", "2, 3"],
    ),
    "an update that would grow": (
        lambda w: in_place(w.other, w.x, "__iadd__"),
        ValueError,
        ["+=", "3", "2, 3"],
    ),
    "an update's dtype": (
        lambda w: in_place(w.counts, 1.5, "__iadd__"),
        TypeError,
        ["+=", "int"],
    ),
    "a product update's dtype": (
        lambda w: in_place(w.counts, mg.tensor(1.5), "__imul__"),
        TypeError,
        ["multiply", "int", "float64"],
    ),
    "a write into broadcast memory": (
        lambda w: assign(mg.broadcast_to(w.other, (2, 3)), 0, 1.0),
        ValueError,
        ["tensor[0] = value", "share memory", "copy"],
    ),
    "out= of another shape": (
        lambda w: mg.multiply(w.y, 2.0, out=raw(np.zeros(3))),
        ValueError,
        ["multiply", "out=", "3", "2, 3"],
    ),
    "out= of another dtype": (
        lambda w: mg.multiply(w.y, 2.0, out=mg.tensor(np.zeros((2, 3), int))),
        TypeError,
        ["multiply", "out=", "int", "float64"],
    ),
    "out= that is no array": (
        lambda w: mg.multiply(w.y, 2.0, out=[0.0]),
        TypeError,
        ["multiply", "out=", "list"],
    ),
    "where= of another shape": (
        lambda w: mg.multiply(w.y, 2.0, where=raw([True, False])),
        ValueError,
        ["multiply", "2, 3"],
    ),
    "constant=False for integers": (
        lambda w: mg.tensor([1, 2], constant=False),
        ValueError,
        ["constant", "int", "floating"],
    ),
    "constant=False for an integer result": (
        lambda w: mg.add(w.counts, w.counts, constant=False),
        ValueError,
        ["add", "constant", "int"],
    ),
    "an operand that is no array": (
        lambda w: w.y * "two",
        TypeError,
        ["multiply", "str", "arrays"],
    ),
    "an operand that is None": (lambda w: mg.add(w.y, None), TypeError, ["add", "None"]),
    "a tensor of nonsense": (lambda w: mg.tensor("two"), TypeError, ["str"]),
    "too few operands": (lambda w: mg.add(w.y), TypeError, ["add", "2", "1"]),
    "too many operands": (lambda w: mg.sum(w.y, 0, False, 1), TypeError, ["sum"]),
    "an unknown keyword": (
        lambda w: mg.sum(w.y, axes=0),
        TypeError,
        ["sum", "axes", "axis"],
    ),
    "an argument given twice": (
        lambda w: mg.sum(w.y, 0, axis=0),
        TypeError,
        ["sum", "axis", "twice"],
    ),
    "an argument left out": (lambda w: mg.reshape(w.y), TypeError, ["reshape", "shape"]),
    "a seed's shape": (
        lambda w: w.z.backward(raw(np.ones(2))),
        ValueError,
        ["backward", "grad", "(2,)", "(2, 3)"],
    ),
    "a seed that is no array": (lambda w: w.z.backward("one"), TypeError, ["backward", "str"]),
    "a new shape": (
        lambda w: setattr(w.x, "shape", (4, 2)),
        ValueError,
        ["shape", "2, 3", "(4,"],
    ),
    "an unknown backend": (
        lambda w: mg.set_backend("abacus"),
        ImportError,
        ["abacus", "numpy", "mygrad.backends"],
    ),
    "moving to an unknown backend": (lambda w: w.y.to("abacus"), ImportError, ["abacus"]),
    "an unknown device": (
        lambda w: mg.tensor([1.0], device="the moon"),
        Exception,
        ["the moon"],
    ),
    "a wrong action": (lambda w: mg.on_detach("shout"), ValueError, ["shout", "warn", "ignore"]),
    "an adapter without a name": (
        lambda w: mg.register_backend(mg.backends.Adapter()),
        ValueError,
        ["name"],
    ),
    "a hash": (lambda w: hash(w.y), TypeError, ["hash"]),
}


@pytest.mark.skip_on("jax", "it has its own words, and raw arrays take no results there")
@pytest.mark.parametrize("what", ["out= of another shape"])
def test_raw_arrays(what: str, world: World) -> None:
    test_error(what, world)


@pytest.mark.parametrize("what", [what for what in ERRORS if what != "out= of another shape"])
def test_error(what: str, world: World) -> None:
    wrong, kind, words = ERRORS[what]
    with pytest.raises(kind) as caught:
        wrong(world)
    message = "".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
    del caught  # its traceback holds on to what the failed call had made
    missing = [word for word in words if word not in message]
    assert not missing, f"{missing} not in {message!r}"
    world.check()


@pytest.mark.numpy_only("in-place shapes are checked against NumPy's strides")
def test_a_shape_that_needs_a_copy(world: World) -> None:
    t = world.x.T
    with pytest.raises(AttributeError, match="reshape"):
        t.shape = (6,)
    assert t.shape == (3, 2)
    world.check()


@pytest.mark.numpy_only("NumPy functions take host tensors")
def test_a_numpy_function_without_derivative_raises(world: World) -> None:
    """One that NumPy hands over, and mygrad does not know: of a library that came later."""

    @array_function_dispatch(lambda a: (a,), module="spectra")
    def smoothed(a: Any) -> Any:
        return a

    with pytest.raises(TypeError, match=r"spectra\.smoothed has no derivative"):
        smoothed(world.y)
    world.check()


@pytest.mark.numpy_only("NumPy's ufuncs take host tensors")
def test_a_numpy_ufunc_without_derivative_raises(world: World) -> None:
    class Compiled:
        """A ufunc as compilers make them."""

        __name__, nin, nout, signature = "compiled", 2, 1, None

    for method in ("__call__", "accumulate"):
        with pytest.raises(TypeError, match="the ufunc compiled"):
            world.y.__array_ufunc__(Compiled(), method, world.y, 1.0)
    world.check()


# --- in the middle of backward -----------------------------------------------------------------
@pytest.fixture
def scratch() -> Iterator[dict[str, Any]]:
    """Primitives made in a test are forgotten after it."""
    known = dict(registry)
    yield {}
    registry.clear()
    registry.update(known)


@pytest.mark.parametrize("error", [RuntimeError, NotImplementedError, IndexError])
def test_what_a_library_says_is_told_with_the_operation(
    scratch: dict[str, Any], error: type[Exception]
) -> None:
    """PyTorch says with a RuntimeError what others say with a ValueError."""

    @primitive(x=None)
    def cheese(x: Any, *, xp: Any) -> Any:
        raise error("out of it")

    with pytest.raises(error, match=r"^cheese\(.*float64\[2\]\): out of it$") as told:
        cheese(mg.tensor([1.0, 2.0]))
    assert type(told.value.__cause__) is error


def test_errors_that_may_be_waited_for_keep_their_class(scratch: dict[str, Any]) -> None:
    class OutOfMemory(RuntimeError):
        pass

    raised = OutOfMemory("no room for 8 GiB")

    @primitive(x=None)
    def cheese(x: Any, *, xp: Any) -> Any:
        raise raised

    for _ in range(2):
        with pytest.raises(OutOfMemory) as told:
            cheese(mg.tensor([1.0, 2.0]))
        assert told.value is raised
        assert str(raised) == "no room for 8 GiB"
        assert raised.__cause__ is raised.__context__ is None  # it holds on to nothing
    (note, _) = raised.__notes__
    assert note.startswith("in cheese(")
    assert note.endswith("float64[2])")


def test_a_rule_that_raises_assigns_nothing_and_may_be_tried_again(
    scratch: dict[str, Any], world: World
) -> None:
    scratch["broken"] = True

    def rule(g: Any, x: Any) -> Any:
        if scratch["broken"]:
            raise RuntimeError("out of cheese")
        return g * 2 * x

    @ufunc(x=rule)
    def fragile(x: Any) -> Any:
        return x * x

    a, b = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])
    weights = raw([1.0, 10.0])
    first = a * weights
    middle = fragile(first)
    end = middle * b
    with pytest.raises(RuntimeError, match="out of cheese") as caught:
        end.backward()
    assert any("fragile" in note for note in caught.value.__notes__)
    assert [t.grad for t in (a, b, first, middle, end)] == [None] * 5
    assert end.creator is not None
    if isinstance(weights, np.ndarray):
        assert not weights.flags.writeable
    with pytest.raises(RuntimeError):
        end.backward(create_graph=True)
    assert [t.grad for t in (a, b, first, middle, end)] == [None] * 5
    scratch["broken"] = False
    end.backward()
    np.testing.assert_allclose(host(a.grad), 2 * host(first) * host(b) * [1, 10])
    np.testing.assert_allclose(host(b.grad), host(middle))
    assert end.creator is None
    if isinstance(weights, np.ndarray):
        assert weights.flags.writeable
    world.check()


def test_a_failed_backward_keeps_earlier_gradients(scratch: dict[str, Any]) -> None:
    def rule(g: Any) -> Any:
        raise IndexError("nothing there")

    @ufunc(x=rule)
    def hopeless(x: Any) -> Any:
        return x * x

    a = mg.tensor([1.0, 2.0])
    view = a[:1]
    bad = hopeless(view)
    (a * 3).backward()
    with pytest.raises(IndexError):
        bad.backward()
    assert host(a.grad).tolist() == [3, 3]


def test_a_rule_that_returns_no_array(scratch: dict[str, Any]) -> None:
    @ufunc(x=lambda g: "nothing")
    def nonsense(x: Any) -> Any:
        return x * 1

    a = mg.tensor([1.0, 2.0])
    y = nonsense(a)
    with pytest.raises(InvalidGradient, match="nonsense"):
        y.backward()
    assert a.grad is None


def test_a_rule_of_the_wrong_shape(scratch: dict[str, Any]) -> None:
    @primitive(x=lambda g: mg.asarray(raw(np.ones(7))))
    def crooked(x: Any, *, xp: Any) -> Any:
        return x * 1

    a = mg.tensor([1.0, 2.0])
    y = crooked(a)
    with pytest.raises((InvalidGradient, ValueError)):
        y.backward()
    assert a.grad is None


def test_declarations_are_checked(scratch: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"wobble.*quantity"):

        @ufunc(x=lambda g, quantity: g * quantity)
        def wobble(x: Any) -> Any:
            return x

    with pytest.raises(TypeError, match=r"wobble.*'x2'.*x1, y"):

        @ufunc(x1=lambda g: g, x2=lambda g: g)
        def wobble(x1: Any, y: Any) -> Any:
            return x1

    with pytest.raises(TypeError, match=r"wobble.*'x2'.*None"):

        @ufunc(x1=lambda g: g)
        def wobble(x1: Any, x2: Any) -> Any:
            return x1


def test_a_cleared_graph(world: World) -> None:
    x = mg.tensor([1.0])
    y = x * 2
    first, second = y * 3, y * 4
    first.backward()
    with pytest.raises(InvalidBackprop, match="create_graph"):
        second.backward()
    assert host(x.grad).tolist() == [6]
    world.check()


# --- gradients that would be lost --------------------------------------------------------------
class Detaching:
    """Ways to turn a tensor of a live graph into plain data."""

    @staticmethod
    def array(t: Any) -> Any:
        return np.asarray(t)

    @staticmethod
    def element(t: Any) -> Any:
        target = np.zeros(1)
        target[0] = t[0]
        return target

    @staticmethod
    def number(t: Any) -> Any:
        return float(t[0])

    @staticmethod
    def integer(t: Any) -> Any:
        return int(t[0])

    @staticmethod
    def tensor(t: Any) -> Any:
        return mg.tensor(t)

    @staticmethod
    def tensors_in_a_list(t: Any) -> Any:
        return mg.tensor([t[0], t[1]])

    @staticmethod
    def into_a_constant(t: Any) -> Any:
        target = mg.tensor([0.0, 0.0], constant=True)
        target[...] = t
        return target

    @staticmethod
    def into_integers(t: Any) -> Any:
        target = mg.tensor([0, 0])
        target[...] = t
        return target


WAYS = ["array", "element", "number", "integer", "tensor", "tensors_in_a_list",
        "into_a_constant", "into_integers"]  # fmt: skip


def ways(xp_backend: mg.backends.Adapter, way: str) -> Callable[[Any], Any]:
    if way in ("array", "element") and xp_backend.name != "numpy":
        pytest.skip(f"{xp_backend.name}: tensors do not turn into NumPy arrays implicitly")
    if way == "into_integers" and xp_backend.name == "array-api-strict":
        pytest.skip("array-api-strict: arrays do not take values of another kind")
    return getattr(Detaching, way)


@pytest.mark.parametrize("way", WAYS)
def test_detaching_warns_at_the_callers_line(way: str, xp_backend: mg.backends.Adapter) -> None:
    detach = ways(xp_backend, way)
    live = mg.tensor([1.0, 2.0]) * 3
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = detach(live)
    found = [w for w in caught if issubclass(w.category, GradientDetached)]
    assert found
    assert all(w.filename == __file__ for w in found)
    lines = {line for *_, line in detach.__code__.co_lines()}
    assert all(w.lineno in lines for w in found)
    assert "mg.asarray" in str(found[0].message)
    assert np.ravel(host(result))[0] == 3
    live.backward()


@pytest.mark.parametrize("way", WAYS)
def test_detaching_may_be_an_error(way: str, xp_backend: mg.backends.Adapter) -> None:
    detach = ways(xp_backend, way)
    x = mg.tensor([1.0, 2.0])
    live = x * 3
    with mg.on_detach("error"), pytest.raises((GradientDetached, ValueError)) as caught:
        detach(live)
    # NumPy puts an error of its own before ours where an element is assigned
    assert GradientDetached in (type(caught.value), type(caught.value.__cause__))
    live.backward()
    assert host(x.grad).tolist() == [3, 3]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.filterwarnings("error")
def test_detaching_may_be_silent(way: str, xp_backend: mg.backends.Adapter) -> None:
    detach = ways(xp_backend, way)
    with mg.on_detach("ignore"):
        detach(mg.tensor([1.0, 2.0]) * 3)


def test_an_error_comes_before_the_write() -> None:
    target = mg.tensor([0.0, 0.0], constant=True)
    with mg.on_detach("error"), pytest.raises(GradientDetached):
        target[...] = mg.tensor([1.0, 2.0]) * 3
    assert host(target).tolist() == [0, 0]


@pytest.mark.filterwarnings("error")
def test_what_does_not_warn() -> None:
    x = mg.tensor([1.0, 2.0])
    live = x * 3
    _ = live.data, mg.asarray(live), live[0].item(), live.tolist(), repr(live), str(live)
    assert mg.astensor(live) is live
    _ = live.copy(), live > 2, len(live), bool(live[0]), live.shape
    float(x[0].data)
    float(mg.tensor(1.0, constant=True))
    mg.tensor(x, copy=False)
    mg.tensor([1.0, 2.0], constant=True)[0]
    with mg.no_autodiff:
        float(x[0] * 2)


def test_the_plain_call_sets_the_default_of_the_process() -> None:
    live = mg.tensor(1.0) * 3
    mg.on_detach("error")
    with pytest.raises(GradientDetached):
        float(live)
    with mg.on_detach("ignore"):
        assert float(live) == 3
    with pytest.raises(GradientDetached):
        float(live)
    mg.on_detach("warn")
    with pytest.warns(GradientDetached):
        float(live)


def test_on_detach_decorates() -> None:
    @mg.on_detach("ignore")
    def number(t: Any) -> float:
        return float(t)

    live = mg.tensor(1.0) * 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert number(live) == 3
    with pytest.warns(GradientDetached):
        float(live)


def test_on_detach_entered_twice() -> None:
    quiet = mg.on_detach("ignore")
    live = mg.tensor(1.0) * 3
    mg.on_detach("warn")
    for _ in range(2):
        with quiet:
            float(live)
        with pytest.warns(GradientDetached):
            float(live)
