"""A model of tensors, for programs to be checked against; and its derivatives.

A buffer is a flat vector. A tensor is an integer array, `places`, that says where in the vector
each of its elements lies. A view is a NumPy view *of that integer array*: NumPy itself decides
what is a view and what is a copy. A write makes a new vector, so nothing ever changes in place,
and the arithmetic can be left to PyTorch's autograd, or to complex numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .program import Expected, Program

__all__ = ["Model", "Ref", "numpy_oracle", "torch_oracle"]

Values = Any  # an array of the numbers that the model computes with


class NumPyNumbers:
    """Real or complex numbers in NumPy arrays.

    Parameters
    ----------
    nudges
        What to add to versions of buffers, by number of buffer and version.
    detached
        The values that were cut off in a run without nudges, in order: they must not follow
        the nudges. None records them.
    """

    sin, cos = staticmethod(np.sin), staticmethod(np.cos)

    def __init__(
        self,
        nudges: dict[tuple[int, int], np.ndarray] | None = None,
        detached: list[np.ndarray] | None = None,
    ) -> None:
        self.nudges = nudges or {}
        self.replay = None if detached is None else iter(detached)
        self.detached: list[np.ndarray] = []

    def constant(self, array: np.ndarray) -> Values:
        return np.asarray(array, dtype=float)

    def leaf(self, array: np.ndarray) -> Values:
        return self.constant(array)

    def version(self, flat: Values, key: tuple[int, int]) -> Values:
        nudge = self.nudges.get(key)
        return flat if nudge is None else flat + nudge

    def detach(self, values: Values) -> Values:
        self.detached.append(values if self.replay is None else next(self.replay))
        return self.detached[-1]

    def take(self, flat: Values, places: np.ndarray) -> Values:
        return np.asarray(flat[places])

    def put(self, flat: Values, places: np.ndarray, values: Values) -> Values:
        new = flat.astype(np.result_type(flat, values))
        new[places] = values
        return new

    def broadcast_to(self, values: Values, shape: tuple[int, ...]) -> Values:
        return np.broadcast_to(values, shape)

    def sum(self, values: Values, axis: int | None) -> Values:
        return np.asarray(values.sum(axis=axis))

    def where(self, mask: np.ndarray, x: Values, y: Values) -> Values:
        return np.where(mask, x, y)

    def flat(self, values: Values) -> Values:
        return np.asarray(values).reshape(-1)

    def host(self, values: Values) -> np.ndarray:
        return np.array(values)


class TorchNumbers:
    """Numbers in PyTorch tensors, which record how they were computed."""

    def __init__(self) -> None:
        import torch

        self.torch = torch
        self.sin, self.cos = torch.sin, torch.cos

    def constant(self, array: np.ndarray) -> Values:
        return self.torch.from_numpy(np.array(array, dtype=float, order="C"))

    def leaf(self, array: np.ndarray) -> Values:
        return self.constant(array).requires_grad_()

    def version(self, flat: Values, key: tuple[int, int]) -> Values:
        return flat

    def detach(self, values: Values) -> Values:
        return values.detach()

    def _index(self, places: np.ndarray) -> Values:
        return self.torch.from_numpy(np.array(places, order="C"))

    def take(self, flat: Values, places: np.ndarray) -> Values:
        return flat[self._index(places)]

    def put(self, flat: Values, places: np.ndarray, values: Values) -> Values:
        # Of nothing, index_put returns `flat` itself; a write makes a new version all the same.
        return flat.clone().index_put((self._index(places),), values)

    def broadcast_to(self, values: Values, shape: tuple[int, ...]) -> Values:
        return self.torch.broadcast_to(values, shape)

    def sum(self, values: Values, axis: int | None) -> Values:
        return values.sum() if axis is None else values.sum(dim=axis)

    def where(self, mask: np.ndarray, x: Values, y: Values) -> Values:
        return self.torch.where(self._index(mask), x, y)

    def flat(self, values: Values) -> Values:
        return values.reshape(-1)

    def host(self, values: Values) -> np.ndarray:
        return np.array(values.detach().numpy())


class Buffer:
    """A flat vector of numbers; `number` and `version` name what it holds at present.

    `sure` says whether all array libraries would lay it out in the same way.
    """

    def __init__(
        self, model: Model, flat: Values, constant: bool, places: np.ndarray, sure: bool
    ) -> None:
        self.number, self.version = len(model.buffers), 0
        self.numbers = model.numbers
        self.constant = constant
        self.places = places
        self.sure = sure
        self.flat = self.numbers.version(flat, (self.number, 0))
        model.buffers.append(self)

    def put(self, places: np.ndarray, values: Values) -> None:
        """Write values, of which the last wins where places repeat."""
        where, values = places.reshape(-1), self.numbers.flat(values)
        unique, last = np.unique(where[::-1], return_index=True)
        if unique.size < where.size:
            where = unique
            values = self.numbers.take(values, places.size - 1 - last)
        if self.constant:
            values = self.numbers.detach(values)
        self.version += 1
        self.flat = self.numbers.version(
            self.numbers.put(self.flat, where, values), (self.number, self.version)
        )

    def forget(self) -> None:
        """Become a leaf, as the graph of this buffer was cleared."""
        if not self.constant:
            flat = self.numbers.leaf(self.numbers.host(self.numbers.detach(self.flat)))
            self.version += 1
            self.flat = self.numbers.version(flat, (self.number, self.version))


class Ref:
    """A tensor of the model: where in a buffer its elements lie."""

    __array_ufunc__ = None

    def __init__(
        self, model: Model, buffer: Buffer, places: np.ndarray, constant: bool, owner: bool = True
    ) -> None:
        self.model, self.buffer, self.places, self.constant = model, buffer, places, constant
        self.owner = owner

    # --- reading ----------------------------------------------------------------------
    def values(self) -> Values:
        """The elements, as they are now; cut off if the tensor is constant."""
        values = self.model.numbers.take(self.buffer.flat, self.places)
        if self.constant and not self.buffer.constant:
            values = self.model.numbers.detach(values)
        return values

    def look(self, places: Any, constant: bool | None = None) -> Ref:
        """The tensor with these places: a view if NumPy made it one, else a copy."""
        constant = self.constant if constant is None else constant
        if not isinstance(places, np.ndarray) and not self.model.elements_are_copies:
            where = np.argwhere(self.places == places)[0]  # x[i] is a 0-d view
            places = self.places[(*where, ...)]
        if isinstance(places, np.ndarray) and (
            np.may_share_memory(places, self.buffer.places)
            or (places.size == 0 and places.base is not None)  # it has no memory to share
        ):
            return Ref(self.model, self.buffer, places, constant, owner=False)
        places = np.asarray(places)
        values = self.model.numbers.take(self.buffer.flat, places)
        if constant and not self.buffer.constant:
            values = self.model.numbers.detach(values)
        return self.model.fresh(values, places, constant, places.ndim < 2)

    def __getitem__(self, index: Any) -> Ref:
        return self.look(self.places[index])

    def __iter__(self) -> Any:
        return (self[k] for k in range(self.places.shape[0]))

    def reshape(self, *shape: Any) -> Ref:
        return self.look(self.places.reshape(*shape))

    def ravel(self) -> Ref:
        return self.look(self.places.reshape(-1))

    def copy(self) -> Ref:
        return self.model.unary(self, lambda x: x * 1.0)

    def sum(self, axis: int | None = None) -> Ref:
        return self.model.sum(self, axis)

    @property
    def T(self) -> Ref:
        return self.look(self.places.T)

    @property
    def ndim(self) -> int:
        return self.places.ndim

    @property
    def shape(self) -> tuple[int, ...]:
        return self.places.shape

    @shape.setter
    def shape(self, shape: tuple[int, ...]) -> None:
        places = self.places.reshape(shape)
        assert not places.size or np.may_share_memory(places, self.buffer.places)
        self.places = places

    @property
    def writable(self) -> bool:
        """Whether NumPy lets it be written to: not what ``broadcast_to`` leads to."""
        return self.places.flags.writeable

    # --- writing ----------------------------------------------------------------------
    def __setitem__(self, index: Any, value: Any) -> None:
        places = np.asarray(self.places[index])
        values = self.model.values(value)
        if values.ndim > places.ndim:  # NumPy drops leading axes of length 1
            values = values.reshape(values.shape[values.ndim - places.ndim :])
        self.buffer.put(places, self.model.numbers.broadcast_to(values, places.shape))

    def update(self, function: Callable[[Values, Values], Values], other: Any) -> Ref:
        values = function(self.values(), self.model.values(other))
        self.buffer.put(self.places, self.model.numbers.broadcast_to(values, self.shape))
        return self

    def __iadd__(self, other: Any) -> Ref:
        return self.update(lambda x, y: x + y, other)

    def __isub__(self, other: Any) -> Ref:
        return self.update(lambda x, y: x - y, other)

    def __imul__(self, other: Any) -> Ref:
        return self.update(lambda x, y: x * y, other)

    def __itruediv__(self, other: Any) -> Ref:
        return self.update(lambda x, y: x / y, other)

    # --- arithmetic -------------------------------------------------------------------
    def __add__(self, other: Any) -> Ref:
        return self.model.add(self, other)

    def __radd__(self, other: Any) -> Ref:
        return self.model.add(other, self)

    def __sub__(self, other: Any) -> Ref:
        return self.model.subtract(self, other)

    def __rsub__(self, other: Any) -> Ref:
        return self.model.subtract(other, self)

    def __mul__(self, other: Any) -> Ref:
        return self.model.multiply(self, other)

    def __rmul__(self, other: Any) -> Ref:
        return self.model.multiply(other, self)

    def __truediv__(self, other: Any) -> Ref:
        return self.model.divide(self, other)

    def __pow__(self, n: int) -> Ref:
        return self.model.unary(self, lambda x: x**n)

    def __neg__(self) -> Ref:
        return self.model.unary(self, lambda x: -x)

    def __pos__(self) -> Ref:
        return self.model.unary(self, lambda x: x * 1.0)


class Model:
    """What programs call ``mg``, made of functions on flat vectors.

    Parameters
    ----------
    numbers
        What computes the numbers.
    elements_are_copies
        Whether ``x[i]`` is a copy where it selects one element, as in NumPy.
    """

    def __init__(self, numbers: Any = None, elements_are_copies: bool = True) -> None:
        self.numbers = NumPyNumbers() if numbers is None else numbers
        self.elements_are_copies = elements_are_copies
        self.buffers: list[Buffer] = []

    def leaf(self, array: np.ndarray, layout: str = "C", constant: bool = False) -> Ref:
        """A tensor that nothing made, on memory laid out in C order, F order or reversed."""
        places = np.arange(array.size).reshape(array.shape)
        if layout == "F":
            places = np.asfortranarray(places)
        elif layout == "reversed":
            places = places[::-1].copy()[::-1]
        numbers = self.numbers
        flat = numbers.constant(array.reshape(-1)) if constant else numbers.leaf(array.reshape(-1))
        return Ref(self, Buffer(self, flat, constant, places, True), places, constant)

    def fresh(self, values: Values, like: np.ndarray, constant: bool, sure: bool) -> Ref:
        """A tensor of its own memory, laid out like the array `like`."""
        places = np.empty_like(np.asarray(like), dtype=np.intp)
        places[...] = np.arange(places.size).reshape(places.shape)
        buffer = Buffer(self, self.numbers.flat(values), constant, places, sure)
        return Ref(self, buffer, places, constant)

    def values(self, x: Any) -> Values:
        """The elements of an operand of any kind."""
        return x.values() if isinstance(x, Ref) else self.numbers.constant(np.asarray(x))

    def unary(self, x: Ref, function: Callable[[Values], Values]) -> Ref:
        return self.elementwise(function, x)

    def elementwise(
        self, function: Callable[..., Values], *operands: Any, out: Any = None, where: Any = True
    ) -> Ref:
        """A function of every element, into fresh memory or, where `where`, into `out`."""
        values = function(*(self.values(x) for x in operands))
        if out is not None:
            values = self.numbers.flat(self.numbers.broadcast_to(values, out.shape))
            written = np.broadcast_to(where, out.shape)
            kept = np.flatnonzero(written)
            out.buffer.put(out.places[written], self.numbers.take(values, kept))
            return out
        refs = [x for x in operands if isinstance(x, Ref)]
        places = [x.places if isinstance(x, Ref) else np.asarray(x) for x in operands]
        like = np.add(places[0], places[-1]) if len(places) < 3 else np.where(*places)
        sure = all(p.flags.c_contiguous for p in places)
        return self.fresh(values, like, all(x.constant for x in refs), sure)

    def add(self, x: Any, y: Any, **where: Any) -> Ref:
        return self.elementwise(lambda a, b: a + b, x, y, **where)

    def subtract(self, x: Any, y: Any, **where: Any) -> Ref:
        return self.elementwise(lambda a, b: a - b, x, y, **where)

    def multiply(self, x: Any, y: Any, **where: Any) -> Ref:
        return self.elementwise(lambda a, b: a * b, x, y, **where)

    def divide(self, x: Any, y: Any, **where: Any) -> Ref:
        return self.elementwise(lambda a, b: a / b, x, y, **where)

    def sin(self, x: Any, **where: Any) -> Ref:
        return self.elementwise(self.numbers.sin, x, **where)

    def cos(self, x: Any, **where: Any) -> Ref:
        return self.elementwise(self.numbers.cos, x, **where)

    def where(self, mask: np.ndarray, x: Any, y: Any) -> Ref:
        values = self.numbers.where(mask, self.values(x), self.values(y))
        refs = [t for t in (x, y) if isinstance(t, Ref)]
        like = np.where(mask, *(t.places if isinstance(t, Ref) else t for t in (x, y)))
        return self.fresh(values, like, all(t.constant for t in refs), like.ndim < 2)

    def sum(self, x: Ref, axis: int | None = None) -> Ref:
        like = np.sum(x.places, axis=axis)
        return self.fresh(self.numbers.sum(x.values(), axis), like, x.constant, like.ndim < 2)

    # --- views ------------------------------------------------------------------------
    def reshape(self, x: Ref, shape: Any, constant: bool | None = None) -> Ref:
        return x.look(x.places.reshape(shape), constant)

    def transpose(self, x: Ref, axes: tuple[int, ...]) -> Ref:
        return x.look(x.places.transpose(axes))

    def swapaxes(self, x: Ref, a: int, b: int) -> Ref:
        return x.look(x.places.swapaxes(a, b))

    def moveaxis(self, x: Ref, a: int, b: int) -> Ref:
        return x.look(np.moveaxis(x.places, a, b))

    def squeeze(self, x: Ref) -> Ref:
        return x.look(np.squeeze(x.places))

    def expand_dims(self, x: Ref, axis: int) -> Ref:
        return x.look(np.expand_dims(x.places, axis))

    def broadcast_to(self, x: Ref, shape: tuple[int, ...]) -> Ref:
        return x.look(np.broadcast_to(x.places, shape))

    def einsum(self, subscripts: str, x: Ref) -> Ref:
        return x.look(np.einsum(subscripts, x.places))

    # --- running programs -------------------------------------------------------------
    def names(self, program: Program) -> dict[str, Any]:
        """What the statements of a program can refer to at the beginning."""
        return {"mg": self, "np": np, "leaf": self.leaf, "loss": 0.0, **program.arrays}


def _live(env: dict[str, Any]) -> dict[str, Ref]:
    return {name: t for name, t in env.items() if isinstance(t, Ref) and name != "loss"}


def _look(env: dict[str, Any], gradient: Callable[[Buffer], Any]) -> dict[str, Expected]:
    """What is known about each tensor, if `gradient` gives the flat gradient of a buffer."""
    found = {}
    for name, t in _live(env).items():
        flat = None if t.constant else gradient(t.buffer)
        found[name] = Expected(
            value=np.real(t.model.numbers.host(t.model.numbers.take(t.buffer.flat, t.places))),
            constant=t.constant,
            grad=None if flat is None else np.asarray(flat)[t.places],
            buffer=t.buffer.number,
            owner=t.owner,
            places=t.places,
        )
    return found


def torch_oracle(
    program: Program, order: int = 1, elements_are_copies: bool = True
) -> list[dict[str, Expected]]:
    """What every tensor must hold after each phase; derivatives by PyTorch."""
    import torch

    model = Model(TorchNumbers(), elements_are_copies)
    env = model.names(program)
    found = []
    for code in program.code:
        env["loss"] = 0.0
        exec(code, env)
        buffers = list({t.buffer.number: t.buffer for t in _live(env).values()}.values())
        buffers = [b for b in buffers if not b.constant]
        grads = torch.autograd.grad(
            env["loss"].values(),
            [b.flat for b in buffers],
            create_graph=order > 1,
            retain_graph=True,
            allow_unused=True,
        )
        table = {b.number: g for b, g in zip(buffers, grads, strict=True)}

        def first(buffer: Buffer, table: dict[int, Any] = table) -> Any:
            flat = table.get(buffer.number)
            return None if flat is None else flat.detach().numpy()

        found.append(_look(env, first))
        if order == 1:
            for buffer in model.buffers:
                buffer.forget()
    if order == 1:
        return found

    total: Any = torch.zeros((), dtype=torch.float64)
    for name, t in _live(env).items():
        if found[-1][name].grad is not None:
            weights = torch.from_numpy(program.weights(name, t.shape))
            total = total + (model.numbers.take(table[t.buffer.number], t.places) * weights).sum()
    live = _live(env)
    exec(program.code_between, env)
    flats = [t.buffer.flat for t in live.values()]
    seconds: Any = [None] * len(flats)
    if total.requires_grad:
        wanted = [f for f in flats if f.requires_grad]
        answers = iter(torch.autograd.grad(total, wanted, allow_unused=True))
        seconds = [next(answers) if f.requires_grad else None for f in flats]
    for (name, t), flat in zip(live.items(), seconds, strict=True):
        if flat is not None and not t.constant:
            found[-1][name].second = flat.numpy()[t.places]
    return found


STEP = 1e-30  # of complex steps, which have no rounding error
DELTA = 1e-4  # of central differences of complex steps


def numpy_oracle(
    program: Program, order: int = 1, elements_are_copies: bool = True
) -> list[dict[str, Expected]]:
    """As `torch_oracle`, by complex steps; second derivatives by central differences of them."""

    def play(
        nudges: dict[tuple[int, int], np.ndarray], detached: list[np.ndarray] | None
    ) -> tuple[list[Any], list[dict[str, Expected]], list[dict[int, int]], Any, dict[str, Any]]:
        """Run the program with nudges: losses, tensors, versions of buffers after each phase."""
        numbers = NumPyNumbers(nudges, detached)
        model = Model(numbers, elements_are_copies)
        env = model.names(program)
        losses, ends, versions = [], [], []
        for code in program.code:
            env["loss"] = 0.0
            exec(code, env)
            losses.append(env["loss"].values().item())
            ends.append(_look(env, lambda buffer: None))
            versions.append({b.number: b.version for b in model.buffers})
            if order == 1:
                for buffer in model.buffers:
                    buffer.forget()
        return losses, ends, versions, numbers.detached, env

    _, found, versions, detached, env = play({}, None)
    model = env["mg"]
    sizes = {b.number: b.flat.size for b in model.buffers}
    for phase, end in enumerate(found):
        variables = [e for e in end.values() if not e.constant]
        grads = {e.buffer: np.zeros(sizes[e.buffer]) for e in variables}
        for number, flat in grads.items():
            for k, unit in enumerate(np.eye(flat.size)):
                nudges = {(number, versions[phase][number]): 1j * STEP * unit}
                flat[k] = np.imag(play(nudges, detached)[0][phase]) / STEP
        for e in variables:
            e.grad = grads[e.buffer][e.places]
    if order == 1:
        return found

    last, version = found[-1], versions[-1]
    weights: dict[tuple[int, int], np.ndarray] = {}
    for name, e in last.items():
        if not e.constant:
            flat = np.zeros(sizes[e.buffer], dtype=complex)
            flat = weights.setdefault((e.buffer, version[e.buffer]), flat)
            np.add.at(flat, e.places, 1j * STEP * program.weights(name, e.value.shape))
    exec(program.code_between, env)
    seconds: dict[int, np.ndarray] = {}
    for e in last.values():
        key = (e.buffer, version[e.buffer])
        if e.constant or model.buffers[e.buffer].version != key[1]:
            continue
        if e.buffer not in seconds:
            flat = seconds[e.buffer] = np.zeros(sizes[e.buffer])
            for k, unit in enumerate(np.eye(flat.size)):
                up, down = (
                    play(weights | {key: weights[key] + d * unit}, detached)[0][-1]
                    for d in (DELTA, -DELTA)
                )
                flat[k] = np.imag(up - down) / (2 * DELTA * STEP)
        e.second = seconds[e.buffer][e.places]
    return found
