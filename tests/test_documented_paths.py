"""The paths in the design notes are those that calls take, and they lead down the layers.

A path is a block of lines ``file  function  remark``, a function indented below the one that calls
it. The real calls of the same program are traced, and have to contain these in this order, each
inside the one that it is indented below.
"""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_architecture import LAYERS

import mygrad as mg
from mygrad.nnet.layers import conv_nd

ROOT = Path(__file__).parent.parent
NOTES = (ROOT / "docs" / "design-notes.md").read_text()
BLOCKS = dict(re.findall(r"^```path (.*?)\n(.*?)^```", NOTES, re.MULTILINE | re.DOTALL))
pytestmark = pytest.mark.numpy_only("the paths are those of NumPy's arrays")


@dataclass(frozen=True)
class Call:
    """A call of a function of ours, and the number of the call that it was made in."""

    file: str
    function: str
    inside: int | None


def documented(text: str) -> list[Call]:
    """The lines of a block; who calls whom is seen from how far they are indented."""
    calls: list[Call] = []
    open_: list[tuple[int, int]] = []  # (how far indented, number)
    for number, line in enumerate(text.splitlines()):
        indent = len(line) - len(line.lstrip())
        while open_ and open_[-1][0] >= indent:
            open_.pop()
        file, function = line.split()[:2]
        calls.append(Call(file, function, open_[-1][1] if open_ else None))
        open_.append((indent, number))
    return calls


def traced(program: Callable[[], Callable[[], Any]]) -> list[Call]:
    """The calls of functions of the library and its adapters, in order.

    The program is run once before: kernels and plans are made at the first call. Garbage of other
    tests is none of its calls, though what is collected may call functions of the library.
    """
    calls: list[Call] = []
    stack: list[int | None] = [None]

    def note(frame: Any, event: str, argument: Any) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call":
            number = stack[-1]
            if path.is_relative_to(ROOT / "mygrad") or path.is_relative_to(ROOT / "backends"):
                file = str(path.relative_to(ROOT).as_posix()).removeprefix("mygrad/")
                function = frame.f_code.co_qualname.replace("<locals>.", "")
                function = "(rule)" if function.endswith("<lambda>") else function
                number = len(calls)
                calls.append(Call(file, function, stack[-1]))
            stack.append(number)
        elif event == "return" and len(stack) > 1:
            stack.pop()

    program()()
    run, before, collecting = program(), sys.getprofile(), gc.isenabled()
    gc.collect()
    gc.disable()
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(before)
        if collecting:
            gc.enable()
    return calls


def is_inside(calls: list[Call], number: int, other: int) -> bool:
    """Whether one call was made, however indirectly, in another."""
    at = calls[number].inside
    while at is not None and at != other:
        at = calls[at].inside
    return at == other


def variable() -> Any:
    return mg.tensor([1.0, 2.0, 3.0, 4.0])


def multiplication() -> Callable[[], Any]:
    x, y = variable(), variable()
    return lambda: x * y


def update() -> Callable[[], Any]:
    scope = {"x": variable() * 2.0, "y": mg.tensor([1.0, 2.0])}
    code = compile("x[1:3] += y", "<update>", "exec")
    return lambda: exec(code, scope)


def numpy_sum() -> Callable[[], Any]:
    x = variable()
    return lambda: np.sum(x)


def convolution() -> Callable[[], Any]:
    x, filters = mg.tensor(np.ones((1, 1, 5))), mg.tensor(np.ones((2, 1, 3)))
    return lambda: conv_nd(x, filters, stride=1)


def sweep(**options: Any) -> Callable[[], Any]:
    x, y = variable(), variable()
    loss = (x * y).sum()
    return lambda: (loss.backward(**options), x, y)  # leaves that nobody has get no gradient


PROGRAMS: dict[str, Callable[[], Callable[[], Any]]] = {
    "x * y": multiplication,
    "x[1:3] += y": update,
    "np.sum(x)": numpy_sum,
    "conv_nd": convolution,
    "backward()": sweep,
    "backward(create_graph=True)": lambda: sweep(create_graph=True),
}


def test_all_paths_are_checked() -> None:
    assert set(BLOCKS) == set(PROGRAMS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_documented_path(name: str) -> None:
    calls = traced(PROGRAMS[name])
    wanted = documented(BLOCKS[name])
    furthest = follow(wanted, calls, [])
    assert len(furthest) == len(wanted), f"{wanted[len(furthest)]} is not called there"


def follow(wanted: list[Call], calls: list[Call], found: list[int]) -> list[int]:
    """The calls that are the wanted ones, or as many of them as there are in this order."""
    if len(found) == len(wanted):
        return found
    want = wanted[len(found)]
    furthest = found
    for k in range(found[-1] + 1 if found else 0, len(calls)):
        if (calls[k].file, calls[k].function) == (want.file, want.function) and (
            want.inside is None or is_inside(calls, k, found[want.inside])
        ):
            further = follow(wanted, calls, [*found, k])
            if len(further) == len(wanted):
                return further
            furthest = max(furthest, further, key=len)
    return furthest


def layer(file: str) -> int:
    """The layer of a file; adapters stand where they import from."""
    room = file.partition("/")[0].removesuffix(".py")
    return 1 if room == "backends" else next(k for k, rooms in enumerate(LAYERS) if room in rooms)


@pytest.mark.parametrize("name", PROGRAMS)
def test_calls_lead_down_the_layers(name: str) -> None:
    """Upwards the core calls forward functions, rules, and tensors in the place of arrays."""
    calls = traced(PROGRAMS[name])
    upward = {
        (calls[call.inside].file, call.file, call.function)
        for call in calls
        if call.inside is not None and layer(call.file) > layer(calls[call.inside].file)
    }
    core = {caller for caller, _, _ in upward}
    assert core <= {"autodiff/backward.py", "autodiff/tape.py", "autodiff/namespace.py"}
    for _, file, function in upward:
        declared = layer(file) in (4, 5) and (function == "(rule)" or "." not in function)
        on_tensors = "create_graph" in name and file == "tensors/base.py"
        on_tensors |= (file, function) == ("tensors/provenance.py", "remember")  # of a constant
        assert declared or on_tensors, f"the core calls {file}: {function}"
