"""The compiler behind `mygrad.compile`: what is asked of it, and XLA's.

An engine traces a function of arrays, and makes of the trace, or of some of its results, a
`Program` that runs on the arrays of one library. All that is known of JAX is in this file, and in
`mygrad.compile.rolling`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from importlib import import_module
from itertools import starmap
from time import perf_counter
from typing import Any

import numpy as np

from mygrad.arrays import by_type, get_adapter
from mygrad.compile.libraries import HOST, Library
from mygrad.compile.numbers import HostNumber
from mygrad.compile.rolling import rolled

__all__ = ["Program", "XLA", "cuda_device", "engine", "lent"]

_ALIAS = re.compile(r"\{(\d*)\}: \((\d+), \{\}")


class Program:
    """A part of a traced function: its inputs, what it computes, its results.

    Attributes
    ----------
    used
        The numbers of the inputs that the results depend on.
    results
        For each result ("computed", place among the computed ones), or ("input", number), which it
        is itself, or ("fixed", array), which depends on no input.
    donated
        For each input whose memory the program takes for a result: the number of the input, and the
        place among the computed ones.
    scratch
        The places of results for which inputs of their kind follow, whose memory they take.
    kinds
        Of what is computed: what `Library.kind` makes of shape and dtype.
    library
        Whose arrays it runs on.
    operations
        How many there are.
    seconds
        How long it took to compile.
    wide
        What JAX has to be told so that inputs of 64 bits stay what they are; None without these.
    """

    used: list[int]
    results: list[tuple[str, Any]]
    donated: list[tuple[int, int]]
    scratch: list[int]
    kinds: list[tuple[tuple[int, ...], Any, Any]]
    library: Library
    operations: int
    seconds: float
    compiled: Callable[..., Any]
    call: Callable[..., Any]
    wide: Any

    def run(self, inputs: Sequence[Any], outputs: list[Any]) -> None:
        """Put the list of what is computed of the inputs that are used into `outputs`, and wait.

        An interrupt, Ctrl-C, comes between two steps of Python's. There is none between the
        computation and `outputs` here, so that memory that was donated always is in safe hands.
        """
        call = self.call
        if self.wide is None:
            outputs.extend(starmap(call, (inputs,)))
        else:
            with self.wide(True):  # else 64 bits are cut down to 32
                outputs.extend(starmap(call, (inputs,)))
        computed = outputs[0]
        if self.library is not HOST:  # where it was not measured that one stands for all
            for out in computed:
                out.block_until_ready()
        elif computed:
            computed[-1].block_until_ready()  # then all are there: a run ends as a whole
        if call is self.compiled:  # from now on what it calls, in one step
            self.call = getattr(call, "_call", None) or call


class XLA:
    """JAX's compiler, for the arrays of a library."""

    name = "XLA"

    def __init__(self, library: Library = HOST) -> None:
        import jax

        self.jax = jax
        self.adapter: Any = get_adapter("jax")
        by_type[HostNumber] = self.adapter  # which makes a tracer of it
        self.library, self.sharding = library, None
        if library.number is None:
            self.device = jax.local_devices(backend="cpu")[0]
        else:
            self.device = cuda_device(library.number)
            self.sharding = jax.sharding.SingleDeviceSharding(self.device)
        self.wide: Any = getattr(jax, "enable_x64", None)
        if self.wide is None or not callable(self.wide):
            from jax.experimental import enable_x64

            self.wide = enable_x64

    def trace(self, function: Callable[..., Sequence[Any]], specs: Sequence[Any]) -> Any:
        """The program of a function of arrays with these shapes and dtypes, or of numbers."""
        jax = self.jax
        given = [jax.ShapeDtypeStruct(*spec) if isinstance(spec, tuple) else spec for spec in specs]
        self.library.wait()  # as JAX may compute constants, in memory that others just let go of
        with self.wide(True), jax.default_device(self.device):
            return jax.make_jaxpr(lambda *arrays: list(function(*arrays)))(*given)

    def is_tracer(self, value: Any) -> bool:
        return isinstance(value, self.jax.core.Tracer)

    def select(
        self, traced: Any, wanted: Sequence[int], name: str, overwrites: Mapping[int, int] = {},
        scratch: Sequence[int] = (),
    ) -> Program:  # fmt: skip
        """A program for some of the results of a traced function.

        Parameters
        ----------
        traced
            What `trace` made.
        wanted
            The numbers of the results.
        name
            Of the function, for profiles and messages.
        overwrites
            Results that take the place of inputs: the number of the input, by that of the result.
        scratch
            Results that get memory to be written to.
        """
        from jax.extend import core

        jaxpr = traced.jaxpr
        number = {id(v): k for k, v in enumerate(jaxpr.invars)}
        fixed = {id(v): c for v, c in zip(jaxpr.constvars, traced.consts, strict=True)}
        made = {id(v) for eqn in jaxpr.eqns for v in eqn.outvars}
        program = Program()
        program.donated, program.library = [], self.library
        computed: dict[int, int] = {}
        outvars: list[Any] = []

        def place(v: Any) -> int:
            if id(v) not in computed:
                computed[id(v)] = len(outvars)
                outvars.append(v)
            return computed[id(v)]

        # JAX pairs donated inputs with results of the same shape in their order: these come first
        for k in sorted(set(wanted) & overwrites.keys(), key=lambda k: overwrites[k]):
            v, source = jaxpr.outvars[k], jaxpr.invars[overwrites[k]]
            same = (v.aval.shape, v.aval.dtype) == (source.aval.shape, source.aval.dtype)
            if id(v) in made and id(v) not in computed and same:
                program.donated.append((overwrites[k], place(v)))
        free = {id(v): v for v in (jaxpr.outvars[k] for k in scratch) if id(v) in made}
        program.scratch = [place(v) for k, v in free.items() if k not in computed]
        program.results = []
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
                program.results.append(("computed", place(v)))
        equations, used = _needed(jaxpr.eqns, outvars, core)
        used.update(id(jaxpr.invars[k]) for k, _ in program.donated)
        program.used = [k for k, v in enumerate(jaxpr.invars) if id(v) in used]
        program.operations = len(equations)
        program.seconds, program.compiled, program.call = 0.0, _nothing, _nothing
        sizes = [np.dtype(jaxpr.invars[k].aval.dtype).itemsize for k in program.used]
        program.wide = self.wide if any(size >= 8 for size in sizes) else None
        kind = self.library.kind
        program.kinds = [kind(v.aval.shape, np.dtype(v.aval.dtype)) for v in outvars]
        if outvars:
            described = jaxpr.debug_info._replace(
                arg_names=tuple(f"input{k}" for k in program.used),
                result_paths=tuple(f"result{k}" for k in range(len(outvars))),
            )
            pruned = jaxpr.replace(
                invars=[jaxpr.invars[k] for k in program.used], outvars=outvars, eqns=equations,
                debug_info=described,
            )  # fmt: skip
            self._compile(program, pruned, traced.consts, name)
        return program

    def _compile(self, program: Program, jaxpr: Any, consts: Sequence[Any], name: str) -> None:
        jax = self.jax
        evaluate = rolled(jax, jaxpr, consts) if self.library is HOST else None  # not measured else
        if evaluate is None:
            evaluate = partial(jax.core.eval_jaxpr, jaxpr, consts)

        def call(*arrays: Any) -> Any:
            return evaluate(*arrays[:count])

        call.__name__ = call.__qualname__ = name
        places = {k: j for j, k in enumerate(program.used)}
        count = len(places)
        donated = {places[k]: out for k, out in program.donated}
        donated |= {count + j: out for j, out in enumerate(program.scratch)}
        avals = [v.aval for v in jaxpr.invars]
        avals += [jaxpr.outvars[out].aval for out in program.scratch]
        specs = [
            jax.ShapeDtypeStruct(
                a.shape, a.dtype, weak_type=getattr(a, "weak_type", False), sharding=self.sharding
            )
            for a in avals
        ]
        begin = perf_counter()
        with self.wide(True), jax.default_device(self.device):
            jitted = jax.jit(call, donate_argnums=tuple(donated), keep_unused=True)
            compiled = jitted.lower(*specs).compile()
            if donated and not _takes(compiled, donated):
                program.donated, program.scratch = [], []
                compiled = jax.jit(call, keep_unused=True).lower(*specs[:count]).compile()
        program.seconds = perf_counter() - begin
        program.compiled = program.call = compiled

    def given(self, array: Any) -> Any:
        """An array as it goes into programs: without a copy, if it can be."""
        library = self.library
        if library.number is None or not library.mine(array):
            return array
        memory = library.memory_of(array)
        if memory is not None:
            return memory.held
        if not array.size:
            return np.empty(array.shape, array.dtype)
        with self.wide(True):  # else 64 bits are cut down to 32
            return lent(library.compact(array), self.device)

    def taken(self, array: Any) -> Any:
        """A copy of what `given` returned, which a program can take for a result.

        That is memory in which JAX computed something; what it is given belongs to others.
        """
        with self.wide(True), self.jax.default_device(self.device):
            return self.jax.numpy.array(array)

    def own(self, array: Any) -> Any:
        """A copy of an array, in memory that programs can take for their results."""
        library = self.library
        library.wait()
        copy = self.taken(self.given(array)).block_until_ready()
        return library.result(copy, *library.kind(array.shape, array.dtype))

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """Memory that a program can take for a result."""
        with self.wide(True), self.jax.default_device(self.device):
            return self.jax.numpy.empty(shape, dtype)


def _nothing(*inputs: Any) -> tuple[()]:
    """A program without results."""
    return ()


def _takes(compiled: Any, donated: Mapping[int, int]) -> bool:
    """Whether a compiled program takes the memory of each of these inputs for that result."""
    head = compiled.as_text().partition("\n")[0]
    _, _, said = head.partition("input_output_alias=")
    found = {int(k): int(out or 0) for out, k in _ALIAS.findall(said)}
    return found == donated


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


def cuda_device(number: int) -> Any:
    """JAX's device for the CUDA device of this number."""
    import jax

    try:
        found = jax.local_devices(backend="cuda")
    except RuntimeError as error:
        found, why = [], str(error)
    else:
        why = f"it has {', '.join(map(str, found))}"
    for device in found:
        if getattr(device, "local_hardware_id", device.id) == number:
            return device
    raise ImportError(
        f"mg.compile of a function on CuPy's arrays needs a JAX that computes on CUDA device "
        f"{number}, and JAX {jax.__version__} does not ({why}). Install one with: pip install "
        f'"mygrad[compile]" "jax[cuda13]" (or "jax[cuda12]"); or run the function on NumPy\'s '
        f'arrays, with tensors that were moved by .to("numpy")',
        name="jax",
    )


def lent(array: Any, device: Any) -> Any:
    """The memory of a compact array of CuPy's, for a program on that device to read.

    JAX's stream waits for what CuPy's current one was asked to do.
    """
    from jax.dlpack import from_dlpack

    return from_dlpack(array)


@cache
def engine(library: Library = HOST) -> XLA:
    """The engine for a library, made when it is first needed."""
    try:
        import_module("jax")
    except ImportError as error:
        raise ImportError(
            f"mg.compile needs JAX, whose compiler it uses ({error}). Install it with: "
            f'pip install "mygrad[compile]"',
            name="jax",
        ) from error
    return XLA(library)
