"""Random programs of views and in-place writes, compiled and called again and again.

The leaves are made outside, in all layouts. What a program returns, what it leaves in the leaves,
gradients, and which tensors share memory are what they are eagerly, in each call. How many is set
by ``MYGRAD_PROGRAMS``, a factor.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from programs import Program, random_program
from programs.runner import leaf

import mygrad as mg

pytest.importorskip("jax", reason="JAX is not installed, whose compiler mg.compile uses")

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("MYGRAD_TEST_BACKEND", "numpy") != "numpy",
        reason="mg.compile makes programs for NumPy's arrays",
    ),
    pytest.mark.filterwarnings("ignore"),  # variables are written into constants on purpose
]
COUNT = max(1, round(40 * float(os.environ.get("MYGRAD_PROGRAMS", "1"))))
FIRST = int(os.environ.get("MYGRAD_FIRST_PROGRAM", "7000000"))
Seen = tuple[dict[str, Any], dict[tuple[str, str], bool]]


def function_of(program: Program) -> tuple[Any, dict[str, Any], list[str]]:
    """A program as a function of its leaves, what it sees, and the names of the leaves.

    Masks and places are written out in it: how many elements a mask selects decides about shapes.
    """
    (phase,) = program.phases[:1]
    outside = [s for s in phase if "leaf(" in s]
    inside = [
        f"{name} = np.array({a.tolist()}, dtype={str(a.dtype)!r}).reshape({a.shape})"
        for name, a in program.arrays.items()
        if name[0] in "MI"
    ] + [s for s in phase if s not in outside]
    env: dict[str, Any] = {"mg": mg, "np": np, "leaf": leaf}
    env |= {name: a.copy() for name, a in program.arrays.items()}
    for statement in outside:
        exec(statement, env)
    names = [name for name, value in env.items() if isinstance(value, mg.Tensor)]
    lines = [f"def function({', '.join(names)}):", "    loss = 0.0"]
    lines += [f"    {s}" for s in inside]
    lines += ["    loss.backward()", "    everything = dict(locals())"]
    lines.append("    return {k: t for k, t in everything.items() if isinstance(t, mg.Tensor)}")
    exec(compile("\n".join(lines), f"<program {program.seed}>", "exec"), env)
    return env["function"], env, names


def look(found: dict[str, Any], env: dict[str, Any], names: list[str]) -> Seen:
    tensors = {**{f"result {k}": t for k, t in found.items()}, **{n: env[n] for n in names}}
    values = {
        name: (np.array(t.data), None if t.grad is None else np.array(t.grad), t.constant,
               t.base is None or not t.size)
        for name, t in tensors.items()
    }  # fmt: skip
    shared = {
        (a, b): np.shares_memory(x.data, y.data)
        for a, x in tensors.items()
        for b, y in tensors.items()
        if a < b
    }
    return values, shared


def close(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    scale = max(1.0, float(np.max(np.abs(a), initial=0.0)))
    same = a.shape == b.shape and a.dtype == b.dtype
    return same and np.allclose(a, b, rtol=1e-9, atol=1e-9 * scale, equal_nan=True)


def difference(program: Program, calls: int) -> str | None:
    """What differs between a program and itself compiled; None if nothing does."""
    ends: list[list[Seen]] = []
    for compiled in (False, True):
        function, env, names = function_of(program)
        if compiled:
            function = mg.compile(function)
        ends.append([])
        for _ in range(calls):
            try:
                found = function(*[env[name] for name in names])
            except Exception as error:
                if not compiled:
                    return None  # in its second call, most often: what it cleared is used again
                if "graph was recorded outside" in str(error) and ends[-1]:
                    break  # by the call before, which left a graph on a leaf
                return f"{type(error).__name__}: {error}"
            ends[-1].append(look(found, env, names))
    for call, ((eager, shared), (mine, shared2)) in enumerate(zip(*ends, strict=False)):
        if eager.keys() != mine.keys():
            return f"call {call} returns {sorted(mine)} and not {sorted(eager)}"
        for name, (data, grad, *flags) in eager.items():
            data2, grad2, *flags2 = mine[name]
            if not close(data, data2):
                return f"call {call}: {name} is\n{data2}\nand should be\n{data}"
            if not close(grad, grad2):
                return f"call {call}: {name}.grad is\n{grad2}\nand should be\n{grad}"
            if flags != flags2:
                return f"call {call}: {name} is (constant, owner) {flags2}, should be {flags}"
        if shared != shared2:
            return f"call {call}: other tensors share memory"
    return None


def test_random_programs() -> None:
    failures = {}
    for seed in range(FIRST, FIRST + COUNT):
        program = random_program(seed)
        said = difference(program, 3)
        if said is not None:
            failures[seed] = f"{program}\n\n{said}"
    assert not failures, "\n\n".join([*list(failures.values())[:2], str(list(failures))])
