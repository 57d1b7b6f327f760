"""Running programs with mygrad, and comparing what comes out."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import mygrad as mg

from .generator import Features
from .program import Expected, Program

__all__ = ["BACKEND", "difference", "features", "leaf", "run", "shrink", "to_host"]

# The suite's conftest.py moves the name to the second variable, see there.
BACKEND = os.environ.get("MYGRAD_BACKEND") or os.environ.get("MYGRAD_TEST_BACKEND") or "numpy"

_FEATURES = {
    "dpnp": Features(elements_are_copies=False),
    "cupy": Features(elements_are_copies=False),
    # The standard has no mixed indices, cannot write to integer indices, and has no orders.
    "array-api-strict": Features(mixed_indices=False, integer_writes=False, layouts=False),
    "jax": Features(layouts=False),  # its arrays all lie in C order to mygrad
}


_LIMITS = (
    "not specified in the Array API",  # slices out of bounds
    "may not be separated by basic slicing",  # on dpnp: x[[0], :, [1]]
)


def features() -> Features:
    """What programs may use on the present backend."""
    return _FEATURES.get(BACKEND, Features())


def to_host(x: Any) -> np.ndarray:
    """A tensor or raw array of any backend as a NumPy array: the one place that moves data."""
    if isinstance(x, np.ndarray | np.generic):
        return np.asarray(x)
    t = x if isinstance(x, mg.Tensor) else mg.tensor(x, copy=False, constant=True)
    return np.asarray(t.data if BACKEND == "numpy" else t.to("numpy").data)


def leaf(array: np.ndarray, layout: str = "C", constant: bool = False) -> Any:
    """A tensor on raw memory of the present backend that is laid out as told.

    Orders and negative strides are made by the array library, from views of a C-ordered array.
    """
    if layout == "F":
        turned = mg.tensor(np.ascontiguousarray(array.T)).data
        xp = mg.backends.selected_adapter().xp
        raw = xp.permute_dims(turned, tuple(reversed(range(array.ndim))))
    elif layout == "reversed":
        raw = mg.tensor(np.ascontiguousarray(array[::-1])).data[::-1]
    else:
        raw = mg.tensor(array).data
    return mg.tensor(raw, copy=False, constant=constant)


class Disagreement(Exception):
    """mygrad and the oracle say different things."""


def _tensors(env: dict[str, Any]) -> dict[str, Any]:
    return {k: t for k, t in env.items() if isinstance(t, mg.Tensor) and k != "loss"}


def _compare(what: str, found: Any, expected: np.ndarray | None, loose: bool = False) -> None:
    if found is None or expected is None:
        known = expected if found is None else to_host(found)
        if known is not None and np.any(known):
            raise Disagreement(f"{what} is {found}, and should be {expected}")
        return
    array = to_host(found)
    if array.shape != expected.shape:
        raise Disagreement(f"{what} has shape {array.shape}, and should have {expected.shape}")
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    if not np.allclose(array, expected, rtol=0, atol=(1e-5 if loose else 1e-9) * scale):
        raise Disagreement(f"{what} is\n{array}\nand should be\n{expected}")


def _check_memory(env: dict[str, Any], expected: dict[str, Expected]) -> None:
    """Views have the owner of their memory as base, and their gradients have its gradient's."""
    bases: dict[int, Any] = {}
    for name, t in _tensors(env).items():
        e = expected[name]
        if not e.value.size:
            continue
        if e.owner != (t.base is None):
            raise Disagreement(f"{name}.base is {t.base}; owner should be {e.owner}")
        base = t if e.owner else t.base
        if bases.setdefault(e.buffer, base) is not base:
            raise Disagreement(f"{name}.base is another tensor than that of its other views")
        grads = (t.grad, base.grad)
        if all(isinstance(g, np.ndarray) for g in grads) and not np.shares_memory(*grads):
            raise Disagreement(f"{name}.grad is no view of the gradient of its base")


def run(program: Program, expected: list[dict[str, Expected]], order: int = 1) -> None:
    """Run a program with mygrad and compare everything with what is expected.

    Raises
    ------
    Disagreement
        Something differs.
    """
    env = {"mg": mg, "np": np, "leaf": leaf, **program.arrays}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # variables are written into constants on purpose
        for code, end in zip(program.code, expected, strict=True):
            env["loss"] = 0.0
            exec(code, env)
            if order > 1:
                env["loss"].backward(create_graph=True)
            else:
                env["loss"].backward()
            for name, t in _tensors(env).items():
                _compare(name, t, end[name].value)
                if t.constant != end[name].constant:
                    raise Disagreement(f"{name}.constant is {t.constant}")
                _compare(f"{name}.grad", t.grad, end[name].grad)
            _check_memory(env, end)
            if order == 1:  # what the next phase does not reach must not look as if it did
                for t in _tensors(env).values():
                    t.null_grad()
        if order == 1:
            return
        end, tensors = expected[-1], _tensors(env)
        total: Any = 0.0
        for name, t in tensors.items():
            if end[name].grad is not None and t.grad is not None:
                total = total + mg.sum(t.grad * program.weights(name, end[name].value.shape))
        exec(program.code_between, env)
        for t in tensors.values():
            t.null_grad()
        if isinstance(total, mg.Tensor):
            total.backward()
        for name, t in tensors.items():
            _compare(f"second derivative by {name}", t.grad, end[name].second, loose=True)


Oracle = Callable[[Program, int, bool], list[dict[str, Expected]]]


def difference(program: Program, oracle: Oracle, order: int = 1) -> str | None:
    """What differs between mygrad and the oracle; None if nothing does."""
    expected = oracle(program, order, features().elements_are_copies)
    try:
        run(program, expected, order)
    except Disagreement as error:
        return str(error)
    except Exception as error:
        if any(limit in str(error) for limit in _LIMITS):
            return None  # what the program did up to there was right
        return f"{type(error).__name__}: {error}"
    return None


def shrink(program: Program, oracle: Oracle, order: int = 1) -> Program:
    """A shorter program with the same difference, found by leaving statements out one by one."""
    original = difference(program, oracle, order) or ""
    shrunk = bool(original)
    while shrunk:
        shrunk = False
        sizes = {k: len(phase) for k, phase in enumerate(program.phases)}
        for phase, size in [*sizes.items(), (-1, len(program.between))]:
            for k in reversed(range(size)):
                candidate = program.without(phase, k)
                try:
                    found = difference(candidate, oracle, order)
                except Exception:  # the oracle cannot run it: a name is missing, for example
                    continue
                if found is not None and found.split()[:2] == original.split()[:2]:
                    program, shrunk = candidate, True
    return program
