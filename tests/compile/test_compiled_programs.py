"""Random programs of views and in-place writes, compiled and called again and again.

The leaves, some views of them, and raw arrays, masks and positions are outside, and come in as
arguments, as globals, as entries of a dictionary or as attributes. Between the calls they are
written to, bound to others, and lose or get gradients. What a program returns, what it returned
before, what it leaves outside, gradients, and which tensors share memory are what they are eagerly,
after each call. How many programs is set by ``MYGRAD_PROGRAMS``, a factor.
"""

from __future__ import annotations

import os
import re
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from programs import BACKEND, Program, features, random_program, to_host
from programs.runner import leaf

import mygrad as mg

pytest.importorskip("jax", reason="JAX is not installed, whose compiler mg.compile uses")

pytestmark = [
    pytest.mark.skipif(
        BACKEND not in ("numpy", "cupy"), reason="programs are made for NumPy's and CuPy's arrays"
    ),
    pytest.mark.filterwarnings("ignore"),  # variables are written into constants on purpose
]
COUNT = max(1, round(25 * float(os.environ.get("MYGRAD_PROGRAMS", "1"))))
FIRST = int(os.environ.get("MYGRAD_FIRST_PROGRAM", "7000000"))
CALLS = 3
Seen = tuple[dict[str, Any], dict[tuple[str, str], bool]]

VIEW = re.compile(
    r"v\d+ = (\w+(\[[-\d:, .]+\]|\.T|\.ravel\(\)|\.reshape\(.*\))|mg\.(transpose|swapaxes)\(.*\))"
)
ORDINARY_MASK = r"(where=|mg\.where\(){0}\b|^\w+\[{0}\] = -?[\d.]+$"
"""Where a mask may have values that are not known: it selects no elements that are read."""


def there(array: np.ndarray) -> Any:
    """A copy of an array, on the library that the suite runs on."""
    return array.copy() if BACKEND == "numpy" else mg.tensor(array).data


class Twin:
    """A program as a function, with all that it meets outside.

    Attributes
    ----------
    call
        Calls the function.
    outside
        What it meets: tensors and arrays, by name.
    """

    def __init__(self, program: Program, compiled: bool) -> None:
        rng = np.random.default_rng(program.seed)
        self.way = str(rng.choice(["arguments", "globals", "entries", "attributes"]))
        head, body = _split(program.phases[0], rng.random() < 0.5)
        self.arrays = {name: there(a) for name, a in program.arrays.items()}
        env: dict[str, Any] = {"mg": mg, "np": np, "leaf": leaf, "there": there}
        env.update(program.arrays)
        for statement in head:
            exec(statement, env)
        env.update(self.arrays)
        self.leaves = dict(re.findall(r"^(\w+) = leaf\(.*?'(\w+)'", "\n".join(head), re.M))
        names = [name for name, value in env.items() if isinstance(value, mg.Tensor)]
        text = "\n".join(body)
        written_out = []
        for name, a in self.arrays.items():
            if not re.search(rf"\b{name}\b", text):
                continue
            uses = [s for s in body if re.search(rf"\b{name}\b", s)]
            free = name[0] != "M" or all(
                len(re.findall(rf"\b{name}\b", s))
                == len(re.findall(ORDINARY_MASK.format(name), s))
                for s in uses
            )  # fmt: skip
            if free and rng.random() < 0.7:
                names.append(name)
            elif name[0] in "MI":
                values = f"there(np.array({a.tolist()}, dtype={str(a.dtype)!r}).reshape({a.shape}))"
                written_out.append(f"{name} = {values}")
        self.outside: dict[str, Any] = {name: env[name] for name in names}
        self.env = env
        self._write_function(program, names, [*written_out, *body], compiled)

    def _write_function(
        self, program: Program, names: list[str], body: list[str], compiled: bool
    ) -> None:
        env, some = self.env, re.compile(rf"\b({'|'.join(names)})\b")
        if self.way == "entries":
            env["held"] = self.held = self.outside
            body = [some.sub(r"held['\1']", s) for s in body]
        elif self.way == "attributes":
            env["held"] = self.held = SimpleNamespace(**self.outside)
            self.outside = vars(self.held)
            body = [some.sub(r"held.\1", s) for s in body]
        parameters = ", ".join(names) if self.way == "arguments" else ""
        lines = [f"def function({parameters}):"]
        if self.way == "globals":
            lines.append(f"    global {', '.join(names)}")
        lines += ["    loss = 0.0", *(f"    {s}" for s in body), "    loss.backward()"]
        lines.append("    everything = dict(locals())")
        lines.append("    return {k: t for k, t in everything.items() if isinstance(t, mg.Tensor)")
        lines.append(f"            and k not in {names}}}")
        self.text = "\n".join(lines)
        exec(compile(self.text, f"<program {program.seed}>", "exec"), env)
        function = env["function"]
        self.function = mg.compile(function) if compiled else function

    def call(self) -> dict[str, Any]:
        if self.way == "arguments":
            return self.function(*self.outside.values())  # type: ignore[no-any-return]
        if self.way == "globals":
            self.env.update(self.outside)
        found = self.function()
        if self.way == "globals":
            self.outside.update({name: self.env[name] for name in self.outside})
        return found  # type: ignore[no-any-return]

    def writable(self) -> set[str]:
        """The names of what may be written to as raw memory: no graph needs it.

        CuPy cannot say so: what it shows would be the values that a graph must not use.
        """
        if BACKEND != "numpy":
            return set()
        return {
            name for name, t in self.outside.items()
            if (t.data if isinstance(t, mg.Tensor) else t).flags.writeable
        }  # fmt: skip

    def between(self, rng: np.random.Generator, writable: set[str]) -> None:
        """What happens outside between two calls."""
        for name, t in list(self.outside.items()):
            if not isinstance(t, mg.Tensor):
                if name not in writable:
                    continue
                if name[0] == "M" and rng.random() < 0.5:
                    t ^= rng.random(t.shape) < 0.5
                elif name[0] == "K" and rng.random() < 0.5:
                    t[...] = rng.integers(-20, 21, t.shape) / 16
                continue
            way, numbers = rng.random(), rng.integers(-20, 21, t.shape) / 16
            if way < 0.2 and name in self.leaves:
                layout = rng.choice(["C", self.leaves[name]])
                if layout != "C" and (t.ndim == 0 or not t.size):
                    layout = "C"
                self.outside[name] = leaf(numbers, str(layout), t.constant)
            elif way < 0.4 and 0 not in t.data.strides and (t.base is None or name in writable):
                with mg.no_autodiff:
                    t[...] = there(numbers)
            elif way < 0.5 and name in writable:
                t.data[...] = numbers
            if name in writable and t.data.flags.writeable:  # so that sines stay what they are
                t.data[...] = np.clip(t.data, -4, 4)
            elif BACKEND != "numpy" and t.base is None:
                with mg.no_autodiff:
                    t[...] = np.clip(to_host(t), -4, 4)
            if rng.random() < 0.8:  # else backward() may have to go on outside, in the next call
                t.clear_graph()
            if rng.random() < 0.3:
                t.null_grad()
            elif rng.random() < 0.1 and not t.constant and t.base is None:
                t.grad = there(rng.integers(-20, 21, t.shape) / 16)


def _split(statements: Any, views_outside: bool) -> tuple[list[str], list[str]]:
    """What is made outside: leaves, and views of them if that is wanted; and what is not."""
    head = [s for s in statements if "leaf(" in s]
    body = [s for s in statements if s not in head]
    while views_outside and body and VIEW.fullmatch(body[0]):
        head.append(body.pop(0))
    outside = {s.split(" = ")[0] for s in head}
    return head, [s for s in body if s.removeprefix("del ") not in outside]


def copied(array: Any) -> np.ndarray:
    return np.array(to_host(array))


def look(tensors: dict[str, Any]) -> Seen:
    values = {
        name: (copied(t), None if t.grad is None else copied(t.grad), t.constant,
               t.base is None or not t.size)
        if isinstance(t, mg.Tensor) else (copied(t), None)
        for name, t in tensors.items()
    }  # fmt: skip
    adapter = mg.backends.selected_adapter()
    arrays = {k: t.data if isinstance(t, mg.Tensor) else t for k, t in tensors.items()}
    shared = {
        (a, b): adapter.overlaps(x, y)
        for a, x in arrays.items()
        for b, y in arrays.items()
        if a < b
    }
    return values, shared


def close(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    scale = max(1.0, float(np.max(np.abs(a), initial=0.0)))
    same = a.shape == b.shape and a.dtype == b.dtype
    return same and np.allclose(a, b, rtol=1e-9, atol=1e-9 * scale, equal_nan=True)


class DoesNotRun(Exception):
    """The program raises eagerly, too."""


class Refused(Exception):
    """A backward() in the program would have to go on outside."""


def difference(program: Program) -> str | None:
    """What differs between a program and itself compiled; None if nothing does."""
    twins = Twin(program, False), Twin(program, True)
    returned: tuple[dict[str, Any], ...] = ({}, {})
    for call in range(CALLS):
        errors: list[Exception | None] = [None, None]
        for k, twin in enumerate(twins):
            try:
                found = twin.call()
            except Exception as error:
                errors[k] = error
                continue
            returned[k].update({f"{name} of call {call}": t for name, t in found.items()})
        eager, mine = errors
        if eager is not None:
            if mine is not None:
                raise DoesNotRun(f"call {call}: {eager}") from eager
            return f"call {call} should raise {type(eager).__name__}: {eager}"
        if mine is not None:
            if "graph was recorded outside" in str(mine) and isinstance(
                mine, mg.compile.CannotCompile
            ):  # by the call before, which left a graph on a leaf, or by the making of a leaf
                raise Refused(str(mine))
            return f"call {call}: {type(mine).__name__}: {mine}"
        seen = [look({**r, **twin.outside}) for r, twin in zip(returned, twins, strict=True)]
        said = _difference(*seen)
        if said is not None:
            return f"call {call}: {said}"
        writable = twins[0].writable() & twins[1].writable()
        for twin in twins if call < CALLS - 1 else ():
            twin.between(np.random.default_rng([program.seed, call]), writable)
    return _difference_of_gradients(program, twins, returned)


def _difference_of_gradients(program: Program, twins: Any, returned: Any) -> str | None:
    """What differs where results of the last call are differentiated outside."""
    rng = np.random.default_rng([program.seed, CALLS])
    last = f" of call {CALLS - 1}"
    names = [k for k, t in returned[0].items() if k.endswith(last) and not t.constant]
    names = [str(n) for n in rng.permutation(names)[: rng.integers(1, 4)]]
    said: list[str] = []
    for found in returned:
        total = sum((mg.sin(found[name]).sum() for name in names), mg.tensor(0.0))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                total.backward()
            except mg.errors.InvalidBackprop:
                said.append("InvalidBackprop")
                continue
        stopped = any(issubclass(w.category, mg.errors.GradientStopped) for w in caught)
        said.append("GradientStopped" if stopped else "nothing")
    if said[0] != said[1]:
        return f"{names} outside: backward() says {said[1]}, should say {said[0]}"
    seen = [look({**r, **twin.outside}) for r, twin in zip(returned, twins, strict=True)]
    difference = _difference(*seen)
    return None if difference is None else f"after backward() of {names} outside: {difference}"


def _difference(eager: Seen, mine: Seen) -> str | None:
    if eager[0].keys() != mine[0].keys():
        return f"there is {sorted(mine[0])} and not {sorted(eager[0])}"
    for name, (data, grad, *flags) in eager[0].items():
        data2, grad2, *flags2 = mine[0][name]
        if not close(data, data2):
            return f"{name} is\n{data2}\nand should be\n{data}"
        if not close(grad, grad2):
            return f"{name}.grad is\n{grad2}\nand should be\n{grad}"
        if flags != flags2:
            return f"{name} is (constant, owner) {flags2}, should be {flags}"
    if eager[1] != mine[1]:
        pairs = [pair for pair, shared in eager[1].items() if mine[1][pair] != shared]
        return f"{pairs} share memory, or should"
    return None


def test_random_programs() -> None:
    failures, ended = {}, 0
    for seed in range(FIRST, FIRST + COUNT):
        program = random_program(seed, features=features())
        try:
            said = difference(program)
        except (DoesNotRun, Refused):
            ended += 1
            continue
        if said is not None:
            failures[seed] = f"{program}\n\n{Twin(program, False).text}\n\n{said}"
    assert not failures, "\n\n".join([*list(failures.values())[:2], str(list(failures))])
    assert ended <= 2 + COUNT // 8
