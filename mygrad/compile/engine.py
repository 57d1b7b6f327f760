"""The compiler behind `mygrad.compile`: what is asked of it, and XLA's.

An engine traces a function of arrays into a program, and makes of a program, or of some of its
results, a function of NumPy arrays. All that is known of JAX is in this file.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from ctypes import c_char
from functools import cache
from math import prod
from time import perf_counter
from typing import Any

import numpy as np

from mygrad.arrays import by_type, get_adapter
from mygrad.compile.numbers import HostNumber
from mygrad.compile.overlaps import hazards

__all__ = ["Program", "XLA", "engine"]

Spec = tuple[tuple[int, ...], Any]


class Program:
    """A traced function: its inputs, what it computes, its results.

    Attributes
    ----------
    used
        The numbers of the inputs that the results depend on.
    results
        For each result ("computed", place among the computed ones), or ("input", number), which it
        is itself, or ("fixed", array), which depends on no input.
    operations
        How many there are.
    run
        Takes the inputs that are used; returns the computed results.
    """

    used: list[int]
    results: list[tuple[str, Any]]
    operations: int
    run: Callable[..., Any]
    seconds: float


class XLA:
    """JAX's compiler, on the processor."""

    name = "XLA"

    def __init__(self) -> None:
        import jax

        self.jax = jax
        self.adapter: Any = get_adapter("jax")
        by_type[HostNumber] = self.adapter  # which makes a tracer of it
        self.cpu = jax.local_devices(backend="cpu")[0]
        self.elsewhere = jax.default_backend() != "cpu"
        self.wide: Any = getattr(jax, "enable_x64", None)
        if self.wide is None or not callable(self.wide):
            from jax.experimental import enable_x64

            self.wide = enable_x64

    def trace(self, function: Callable[..., Sequence[Any]], specs: Sequence[Any]) -> Any:
        """The program of a function of arrays with these shapes and dtypes, or of numbers."""
        jax = self.jax
        given = [jax.ShapeDtypeStruct(*spec) if isinstance(spec, tuple) else spec for spec in specs]
        with self.wide(True), jax.default_device(self.cpu):
            return jax.make_jaxpr(lambda *arrays: list(function(*arrays)))(*given)

    def is_tracer(self, value: Any) -> bool:
        return isinstance(value, self.jax.core.Tracer)

    def select(self, traced: Any, wanted: Sequence[int], name: str) -> Program:
        """A program for some of the results of a traced function."""
        jaxpr = traced.jaxpr
        from jax.extend import core

        number = {id(v): k for k, v in enumerate(jaxpr.invars)}
        fixed = {id(v): c for v, c in zip(jaxpr.constvars, traced.consts, strict=True)}
        program = Program()
        program.results = []
        computed: dict[int, int] = {}
        outvars: list[Any] = []
        for k in wanted:
            v = jaxpr.outvars[k]
            if isinstance(v, core.Literal):
                value = np.asarray(v.val, v.aval.dtype)
                program.results.append(("fixed", np.array(np.broadcast_to(value, v.aval.shape))))
            elif id(v) in number:
                program.results.append(("input", number[id(v)]))
            elif id(v) in fixed:
                program.results.append(("fixed", np.array(fixed[id(v)])))
            else:
                if id(v) not in computed:
                    computed[id(v)] = len(outvars)
                    outvars.append(v)
                program.results.append(("computed", computed[id(v)]))
        equations, used = _needed(jaxpr.eqns, outvars, core)
        program.used = [k for k, v in enumerate(jaxpr.invars) if id(v) in used]
        program.operations = len(equations)
        program.seconds = 0.0
        if not outvars:
            program.run = lambda *arrays: ()
            return program
        keep, consts = program.used, traced.consts
        described = jaxpr.debug_info._replace(
            arg_names=tuple(f"input{k}" for k in keep),
            result_paths=tuple(f"result{k}" for k in range(len(outvars))),
        )
        pruned = jaxpr.replace(
            invars=[jaxpr.invars[k] for k in keep], outvars=outvars, eqns=equations,
            debug_info=described,
        )  # fmt: skip

        risky = hazards(equations, lambda v: isinstance(v, core.Literal))

        def call(*arrays: Any) -> Any:
            if risky:
                return self._evaluated(pruned, consts, arrays, risky)
            return self.jax.core.eval_jaxpr(pruned, consts, *arrays)

        call.__name__ = call.__qualname__ = name
        program.run = self._compiled(call, [jaxpr.invars[k].aval for k in keep], program, name)
        return program

    def _evaluated(self, jaxpr: Any, consts: Any, arrays: Any, risky: set[int]) -> list[Any]:
        """What a program computes, with concatenations for updates that are not safe."""
        from jax.extend import core

        jax = self.jax
        env = {id(v): a for v, a in zip(jaxpr.constvars, consts, strict=True)}
        env.update({id(v): a for v, a in zip(jaxpr.invars, arrays, strict=True)})
        cuts = [0, *sorted({k for n in risky for k in (n, n + 1)}), len(jaxpr.eqns)]
        uses = [{id(v) for v in eqn.invars if not isinstance(v, core.Literal)}
                for eqn in jaxpr.eqns]  # fmt: skip
        later = {id(v) for v in jaxpr.outvars}
        needed_after: list[set[int]] = [set()] * len(cuts)
        for j in reversed(range(len(cuts))):
            needed_after[j] = set(later)
            begin = cuts[j - 1] if j else 0
            for k in range(begin, cuts[j]):
                later |= uses[k]
        for j in range(1, len(cuts)):
            begin, end = cuts[j - 1], cuts[j]
            if begin == end:
                continue
            eqns = jaxpr.eqns[begin:end]
            if begin in risky:
                (eqn,) = eqns
                operands = [v.val if isinstance(v, core.Literal) else env[id(v)]
                            for v in eqn.invars]  # fmt: skip
                env[id(eqn.outvars[0])] = _joined_update(jax, *operands)
                continue
            made = {id(v) for eqn in eqns for v in eqn.outvars}
            read = {id(v): v for eqn in eqns for v in eqn.invars
                    if not isinstance(v, core.Literal) and id(v) not in made}  # fmt: skip
            outs = [v for eqn in eqns for v in eqn.outvars if id(v) in needed_after[j]]
            part = jaxpr.replace(
                constvars=[], invars=list(read.values()), outvars=outs, eqns=eqns,
                debug_info=jaxpr.debug_info._replace(
                    arg_names=("",) * len(read), result_paths=("",) * len(outs)
                ),
            )  # fmt: skip
            found = jax.core.eval_jaxpr(part, [], *[env[k] for k in read])
            env.update({id(v): a for v, a in zip(outs, found, strict=True)})
        return [env[id(v)] for v in jaxpr.outvars]

    def _compiled(
        self, call: Any, avals: Sequence[Any], program: Program, name: str
    ) -> Callable[..., Any]:
        jax, wide = self.jax, self.wide
        jitted = jax.jit(call)
        specs = [
            jax.ShapeDtypeStruct(a.shape, a.dtype, weak_type=getattr(a, "weak_type", False))
            for a in avals
        ]
        begin = perf_counter()
        with wide(True), jax.default_device(self.cpu):
            compiled = jitted.lower(*specs).compile()
        program.seconds = perf_counter() - begin
        if program.seconds > 5:
            logging.getLogger("mygrad.compile").warning(
                "compiling %s took %.0f s", name, program.seconds
            )

        def run(*arrays: Any) -> Any:
            with wide(True):
                return compiled(*arrays)

        return run


def _joined_update(jax: Any, array: Any, piece: Any, *starts: Any) -> Any:
    """``dynamic_update_slice``, axis by axis, by concatenation."""
    lax = jax.lax
    if not all(isinstance(s, int) or (np.ndim(s) == 0 and not isinstance(s, jax.core.Tracer))
               for s in starts):  # fmt: skip
        raise NotImplementedError("an update at a place that is not known")
    first = [int(s) for s in starts]
    for axis in reversed(range(array.ndim)):
        around = [slice(None)] * array.ndim
        for before in range(axis):  # what lies beside the piece, along axes to come
            around[before] = slice(first[before], first[before] + piece.shape[before])
        begin, end = first[axis], first[axis] + piece.shape[axis]
        low, high = list(around), list(around)
        low[axis], high[axis] = slice(0, begin), slice(end, array.shape[axis])
        piece = lax.concatenate([array[tuple(low)], piece, array[tuple(high)]], axis)
    return piece


def _needed(equations: Sequence[Any], outvars: Sequence[Any], core: Any) -> tuple[list[Any], Any]:
    """The equations that results depend on, and the ids of all that these read."""
    used = {id(v) for v in outvars}
    kept = []
    for eqn in reversed(equations):
        if any(id(v) in used for v in eqn.outvars):
            kept.append(eqn)
            used.update(id(v) for v in eqn.invars if not isinstance(v, core.Literal))
    kept.reverse()
    return kept, used


def on_host(result: Any) -> Any:
    """A result as an array of NumPy's that can be written to, on the same memory.

    Nobody else has that memory. (Its owner supports buffers, so that NumPy can lock and unlock it.)
    """
    shape, dtype = result.shape, result.dtype
    size = dtype.itemsize * prod(shape)
    if not size:
        return np.zeros(shape, dtype)
    result.block_until_ready()
    memory: Any = (c_char * size).from_address(result.unsafe_buffer_pointer())
    memory.held = result
    return np.ndarray(shape, dtype, memory)


@cache
def engine() -> XLA:
    """The engine, made when it is first needed."""
    try:
        return XLA()
    except ImportError as error:
        raise ImportError(
            f"mg.compile needs JAX, whose compiler it uses ({error}). Install it with: "
            f'pip install "mygrad[compile]"',
            name="jax",
        ) from error
