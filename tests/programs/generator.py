"""Writing random programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .model import Model, Ref
from .program import Program

__all__ = ["Features", "random_program"]

Shape = tuple[int, ...]
SHAPES: tuple[Shape, ...] = (
    (3, 4), (4,), (2, 3), (3, 3), (5,), (2, 2, 3), (6,), (1, 4), (3, 1), (), (0,), (0, 3)
)  # fmt: skip


@dataclass(frozen=True)
class Features:
    """What programs may use on a backend.

    Attributes
    ----------
    elements_are_copies
        Whether ``x[i]`` is a copy where it selects one element.
    mixed_indices, integer_writes
        Whether indices may mix arrays with slices, and may be written to where they are
        integer arrays.
    layouts
        Whether there are F-ordered and reversed buffers.
    """

    elements_are_copies: bool = True
    mixed_indices: bool = True
    integer_writes: bool = True
    layouts: bool = True


class Writer:
    """Writes statements, and runs each with the model to see what it leads to."""

    def __init__(self, seed: int, features: Features) -> None:
        self.rng = np.random.default_rng(seed)
        self.features = features
        self.model = Model(elements_are_copies=features.elements_are_copies)
        self.arrays: dict[str, np.ndarray] = {}
        self.env: dict[str, Any] = self.model.names(Program(seed))
        self.statements: list[str] = []
        self.count = 0

    # --- small things -----------------------------------------------------------------
    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def pick(self, things: Any) -> Any:
        return things[int(self.rng.integers(len(things)))]

    def emit(self, *statements: str) -> None:
        for statement in statements:
            exec(statement, self.env)
            self.statements.append(statement)

    def array(self, kind: str, values: np.ndarray) -> str:
        name = f"{kind}{len(self.arrays)}"
        self.arrays[name] = self.env[name] = values
        return name

    def numbers(self, shape: Shape, kind: str = "K") -> str:
        return self.array(kind, np.asarray(self.rng.integers(-20, 21, size=shape) / 16.0))

    def mask(self, shape: Shape) -> str:
        return self.array("M", np.asarray(self.rng.random(shape) < 0.5))

    def new(self) -> str:
        """A name to bind; sometimes one that is bound already, whose tensor is dropped."""
        names = [n for n in self.refs() if n.startswith("v")]
        if names and self.chance(0.2):
            return str(self.pick(names))
        self.count += 1
        return f"v{self.count}"

    def refs(self) -> dict[str, Ref]:
        return {k: t for k, t in self.env.items() if isinstance(t, Ref) and k != "loss"}

    def ref(self, writable: bool = False) -> str:
        names = list(self.refs())
        if writable:  # parameters (p..) stay unwritten, so that they keep their gradients
            kept = {t.buffer.number for n, t in self.refs().items() if n[0] == "p"}
            names = [n for n in names if self.env[n].buffer.number not in kept]
            names = [n for n in names if self.env[n].writable]
        return str(self.pick(names)) if names else ""

    def size(self, name: str) -> float:
        return float(np.max(np.abs(self.model.numbers.host(self.env[name].values())), initial=0))

    def step(self) -> str:
        return str(self.pick(["::2", "::-1", "1:", ":-1", ":", "-2:", ":2"]))

    def index(self, t: Ref, write: bool = False) -> str:
        """An index into `t`, of any kind."""
        if t.ndim == 0:
            return str(self.pick(["...", "()", "None"]))
        kind = self.rng.random()
        if kind < 0.12:
            return self.mask(t.shape)
        if kind < 0.3 and min(t.shape) and (self.features.integer_writes or not write):
            return self.integer_index(t)
        parts = []
        for n in t.shape:
            if n and self.chance(0.4):
                parts.append(str(int(self.rng.integers(-n, n))))
            else:
                parts.append(self.step())
        if self.chance(0.15):
            parts[int(self.rng.integers(len(parts)))] = "..."
        if self.chance(0.15) and not write:
            parts.insert(int(self.rng.integers(len(parts) + 1)), "None")
        if self.chance(0.2) and len(parts) > 1 and "..." not in parts:
            del parts[-1]  # not after an ellipsis, where the others would move to other axes
        return ", ".join(parts)

    def integer_index(self, t: Ref) -> str:
        """Integer arrays, with repetitions, alone or together with slices and integers."""
        count = int(self.rng.integers(1, 5))
        parts: list[str] = []
        for k, n in enumerate(t.shape):
            mixed = self.features.mixed_indices and k and self.chance(0.5)
            if mixed:
                parts.append(self.step() if self.chance(0.6) else str(int(self.rng.integers(n))))
            else:
                rows = self.rng.integers(-n, n, size=count)
                two = self.chance(0.1) and self.features.mixed_indices and not parts
                if two:
                    rows = rows.reshape(-1, 1)
                parts.append(self.array("I", rows) if self.chance(0.7) else str(rows.tolist()))
        if self.features.mixed_indices and self.chance(0.3):
            parts = parts[:1]
        return ", ".join(parts)

    def operand(self, shape: Shape) -> str:
        """Something that broadcasts to `shape`: a number, an array, a tensor, part of one."""
        kind = self.rng.random()
        if kind < 0.1:
            return str(self.rng.integers(-8, 9) / 4.0)
        if kind < 0.2:
            return self.numbers(shape[int(self.rng.integers(len(shape) + 1)) :])
        found = []
        for name, t in self.refs().items():
            if t.ndim <= len(shape) and all(
                m in (1, n) for m, n in zip(t.shape[::-1], shape[::-1], strict=False)
            ):
                found.append(name)
            extra = t.ndim - len(shape)
            if extra >= 0 and all(m >= n for m, n in zip(t.shape[extra:], shape, strict=True)):
                lead = [str(int(self.rng.integers(n))) if n else "" for n in t.shape[:extra]]
                if "" not in lead:
                    parts = [*lead, *(f":{n}" for n in shape)]
                    found.append(f"{name}[{', '.join(parts)}]" if parts else name)
        return str(self.pick(found)) if found else "0.5"

    # --- statements -------------------------------------------------------------------
    def leaf(self, name: str, shape: Shape, constant: bool = False) -> None:
        layouts = ["C", "C"]
        if self.features.layouts and shape and min(shape):
            layouts += ["reversed"] + ["F"] * 2 * (len(shape) > 1)
        options = f", {self.pick(layouts)!r}" + (", constant=True" if constant else "")
        self.emit(f"{name} = leaf({self.numbers(shape, 'A')}{options})")

    def view(self) -> None:
        """Look at a tensor in some way; NumPy decides whether that is a copy."""
        x = self.ref()
        t = self.env[x]
        ways = [f"{x}[{self.index(t)}]"] * 4 + [f"{x}.T", f"{x}[...]", f"mg.expand_dims({x}, 0)"]
        if t.ndim:
            ways += [f"list({x})[{int(self.rng.integers(max(t.shape[0], 1)))}]"] * (t.shape[0] > 0)
        if t.ndim > 1:
            axes = tuple(int(k) for k in self.rng.permutation(t.ndim))
            ways += [f"mg.transpose({x}, {axes})", f"mg.swapaxes({x}, 0, -1)"]
            ways += [f"mg.moveaxis({x}, 0, -1)", f"mg.squeeze({x})"]
            if t.ndim == 2 and t.shape[0] == t.shape[1]:
                ways += [f"mg.einsum('ii->i', {x})"] * 4
        if t.ndim < 3:
            ways += [f"mg.broadcast_to({x}, {(2, *t.shape)})"]
            stretched = tuple(3 if n == 1 else n for n in t.shape)
            ways += [f"mg.broadcast_to({x}, {stretched})"] * (stretched != t.shape)
        if t.buffer.sure:
            shape = self.pick(self.factored(t.places.size))
            ways += [f"{x}.reshape({shape})", f"{x}.ravel()"] * 2
            if not t.constant:
                ways += [f"mg.reshape({x}, {shape}, constant=True)"]
        self.emit(f"{self.new()} = {self.pick(ways)}")

    def factored(self, size: int) -> list[Shape]:
        shapes: list[Shape] = [(size,), (1, size), (size, 1)]
        shapes += [(k, size // k) for k in (2, 3) if size and size % k == 0]
        shapes += [(2, size // 4, 2)] if size and size % 4 == 0 else []
        return shapes + ([()] if size == 1 else [])

    def compute(self) -> None:
        """An operation on elements, or a sum."""
        x = self.ref()
        t = self.env[x]
        ways = [f"mg.sin({x})", f"mg.cos({x})", f"-{x}", f"+{x}", f"{x}.copy()", f"0.5 * {x}"]
        if self.size(x) < 3:
            ways += [f"{x} ** 2", f"{x} ** 3", f"{x} * {x}"]
        other = self.operand(t.shape)
        ways += [f"{x} + {other}", f"{other} - {x}"]
        if self.size(x) < 4:
            ways += [f"mg.sin({x}) * {other}"]
        if t.ndim:
            ways += [f"mg.sum({x}, axis={int(self.rng.integers(t.ndim))})", f"{x}.sum()"]
            ways += [f"mg.where({self.mask(t.shape)}, {x}, {other})"]
        self.emit(f"{self.new()} = {self.pick(ways)}")

    def write(self) -> None:
        """Change a tensor in place."""
        x = self.ref(writable=True)
        if not x:
            return
        t = self.env[x]
        # What `x += ...` keeps of the old values is not clear where x is a constant view.
        plain = t.constant and not t.buffer.constant
        way = self.rng.random()
        if way < 0.4 or plain:
            index = self.index(t, write=True)
            shape = np.shape(t.places[eval(f"np.s_[{index}]", self.env)])
            sign = "" if plain else self.pick(["", "", "+", "-", "*"])
            value = self.operand(shape)
            if sign == "*":
                value = f"mg.sin({value})" if value[0] in "cpvx" else "0.75"
            self.emit(f"{x}[{index}] {sign}= {value}")
        elif way < 0.6:
            sign = self.pick(["+", "-", "*", "/"])
            value = self.operand(t.shape)
            if sign == "*":
                value = f"mg.cos({value})" if value[0] in "cpvx" else "0.75"
            if sign == "/":
                value = str(self.pick(["2.0", "-1.25"]))
            self.emit(f"{x} {sign}= {value}")
        elif way < 0.75:
            self.out(x, t)
        elif way < 0.9 and t.ndim:
            self.shift(x, t)
        elif t.buffer.sure and t.places.size:
            shape = self.pick(self.factored(t.places.size))
            if np.may_share_memory(t.places.reshape(shape), t.buffer.places):
                self.emit(f"{x}.shape = {shape}")

    def out(self, x: str, t: Ref) -> None:
        """An operation that writes its result into a tensor, everywhere or where a mask says."""
        a, b = self.operand(t.shape), self.operand(t.shape)
        tensors = [o for o in (a, b) if o[0] in "cpvx"]
        if not tensors:
            return
        where = f", where={self.mask(t.shape)}" if self.chance(0.5) else ""
        ways = [f"mg.sin({tensors[0]}, out={x}{where})", f"mg.add({a}, {b}, out={x}{where})"]
        ways += [f"mg.subtract({a}, {b}, out={x}{where})"]
        limit = np.prod([np.max(np.abs(self.value(o)), initial=0) for o in (a, b)])
        if limit < 8:
            ways += [f"mg.multiply({a}, {b}, out={x}{where})"] * 2
        statement = self.pick(ways)
        self.emit(f"{self.new()} = {statement}" if self.chance(0.2) else statement)

    def value(self, expression: str) -> np.ndarray:
        value = eval(expression, self.env)
        return self.model.numbers.host(self.model.values(value))

    def shift(self, x: str, t: Ref) -> None:
        """Updates that read and write overlapping parts of one tensor, and swaps."""
        ways = [[f"{x}[1:] += {x}[:-1]"], [f"{x}[:-1] = {x}[1:]"], [f"{x}[...] = {x}[::-1]"]]
        ways += [[f"{x}[:-1] -= {x}[1:]"], [f"{x} += 0.5 * {x}[::-1]"]]
        if t.shape[0] > 1 and x != "t":
            ways += [[f"t = {x}[0]", f"{x}[0] = {x}[1]", f"{x}[1] = t"]] * 2
        if t.ndim == 2 and t.shape[0] == t.shape[1]:
            ways += [[f"{x} += {x}.T"], [f"{x}[...] = {x}.T"]]
        old = f"y{len(self.statements)}"
        way = self.pick(ways)
        if self.chance(0.3) and self.size(x) < 3:  # old values are read, and must survive
            self.emit(f"{old} = {x} ** 2", *way, f"loss = loss + {old}.sum()", f"del {old}")
        else:
            self.emit(*way)

    def term(self, x: str) -> None:
        """Add something to the loss."""
        ways = [f"mg.sum({self.numbers(self.env[x].shape)} * mg.sin({x}))", f"{x}.sum()"]
        if self.size(x) < 5:
            ways += [f"mg.sum({self.numbers(self.env[x].shape)} * {x} ** 2)"] * 2
        if self.size(x) < 3:
            ways += [f"mg.sum({x} ** 3)"]
        self.emit(f"loss = loss + {self.pick(ways)}")

    def phase(self, steps: int, final: bool) -> tuple[str, ...]:
        self.statements = []
        self.env["loss"] = 0.0
        for _ in range(steps):
            way = self.rng.random()
            if way < 0.3:
                self.view()
            elif way < 0.5:
                self.compute()
            elif way < 0.85:
                self.write()
            elif way < 0.95:
                self.term(self.ref())
            else:
                name = self.ref()
                if name[0] == "v":
                    self.emit(f"del {name}")
                else:
                    self.emit(f"{self.new()} = {name}")
        variables = [n for n, t in self.refs().items() if not t.constant]
        if final:  # else all are read, so that nothing uncleared leads to something cleared
            variables = [str(n) for n in self.rng.permutation(variables)[: self.pick([1, 2, 3])]]
        for name in variables:
            self.term(name)
        return tuple(self.statements)


def random_program(seed: int, order: int = 1, features: Features | None = None) -> Program:
    """A random program; the same for the same seed."""
    writer = Writer(seed, features or Features())
    with np.errstate(all="ignore"):
        writer.leaf("p1", writer.pick(SHAPES[:7]))
        writer.leaf("p2", writer.pick(SHAPES))
        writer.leaf("x1", writer.pick(SHAPES[:7]))
        writer.leaf("x2", writer.pick(SHAPES))
        writer.leaf("c1", writer.pick(SHAPES[:7]), constant=True)
        head = tuple(writer.statements)
        phases = []
        count = 2 if order == 1 and writer.chance(0.15) else 1
        for k in range(count):
            steps = int(writer.rng.integers(2, 12))
            phases.append(writer.phase(steps, final=k == count - 1))
        phases[0] = head + phases[0]
        between: tuple[str, ...] = ()
        if order > 1 and writer.chance(0.5):
            writer.statements = []
            name = writer.ref(writable=True)
            if name:
                writer.emit(f"{name}[...] = {writer.operand(writer.env[name].shape)}")
            between = tuple(writer.statements)
    return Program(seed, dict(writer.arrays), tuple(phases), between)
