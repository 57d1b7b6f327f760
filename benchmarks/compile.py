"""Training steps on NumPy's arrays: eager, compiled by `mygrad.compile`, by JAX, and by PyTorch.

    python -m benchmarks.compile [NAME ...] [--seconds S] [--small] [--write]
    python -m benchmarks.compile --float64    # compare results to 1e-12, and time nothing

A step is the gradients of a loss by all parameters, and an update of them. First one step of each
contender is compared with the eager one; then they take turns, a few calls each, and the median of
all calls is shown. What a contender keeps from step to step is its own:

- ``eager`` and ``compiled``: one function of tensors on NumPy's arrays, met by closure; data are
  tensors that it is given, and labels arrays. It updates ``t.data`` and leaves ``t.grad``.
- ``JAX``: ``jax.jit`` of ``jax.grad`` of the same formulas. Parameters and data are JAX's arrays
  and stay on its side; the new parameters go into the next step. ``JAX + grads`` returns the
  gradients, too, as ours leaves them.
- ``PyTorch``, where it is installed: eager, ``backward()`` and an update in place.

All have one thread; ``XLA_FLAGS`` and ``NPROC`` are set for XLA before JAX is imported. Times are
of one process and one machine; look at the ratios.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

from benchmarks.peers import ONE_THREAD

os.environ.update(ONE_THREAD, JAX_PLATFORMS="cpu")  # before JAX and NumPy are imported

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import mygrad as mg
from benchmarks.jit import RATE, Program, programs
from benchmarks.report import RESULTS, commit, cpu_model, ratio, short
from benchmarks.table import markdown

try:
    import torch

    from benchmarks import torch_programs

    torch.set_num_threads(1)
except ImportError:
    torch = None

__all__ = ["Contender", "contenders", "everything"]

ROWS = 200
CLOSE = {"float32": 1e-6, "float64": 1e-12}
"""How far compiled results may be from eager ones, of the largest element of an array. Where sums
are long, float32 is worse than that in every library; results that are no farther from those of
float64 than twice the farthest of the others are right, too."""
SAME = {"float32": 1e-4, "float64": 1e-11}
"""The same for JAX and PyTorch: only to see that they do the same thing."""


# --- the programs ---------------------------------------------------------------------------------
def attention(q: Any, k: Any, v: Any, x: Any) -> Any:
    scores = (x @ q) @ (x @ k).T / q.shape[-1] ** 0.5
    return ((mg.nnet.activations.softmax(scores, axis=-1) @ (x @ v)) ** 2).mean()


def their_attention(q: Any, k: Any, v: Any, x: Any) -> Any:
    scores = (x @ q) @ (x @ k).T / q.shape[-1] ** 0.5
    return ((jax.nn.softmax(scores, axis=-1) @ (x @ v)) ** 2).mean()


def norm(g: Any, b: Any, x: Any) -> Any:
    y = mg.nnet.layers.layer_norm(x, gamma=g, beta=b, eps=1e-5)
    return ((y**2 - 1) ** 2).mean()


def their_norm(g: Any, b: Any, x: Any) -> Any:
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return (((scaled * g + b) ** 2 - 1) ** 2).mean()


def filled(count: int) -> Callable[..., Any]:
    """A matrix that is filled row by row, each from the one before."""

    def run(x: Any) -> Any:
        rows = mg.zeros((count, x.shape[0]), dtype=x.dtype)
        for k in range(1, count):
            rows[k] = mg.tanh(rows[k - 1] * x + 0.1)
        return (rows**2).sum()

    return run


def their_filled(count: int) -> Callable[..., Any]:
    def run(x: Any) -> Any:
        def advance(row: Any, _: Any) -> Any:
            row = jnp.tanh(row * x + 0.1)
            return row, row

        _, rows = lax.scan(advance, jnp.zeros_like(x), None, length=count - 1)
        return (rows**2).sum()

    return run


def small_parameters(*operands: Any) -> Any:
    *parameters, x = operands
    loss: Any = 0.0
    for p in parameters:
        loss = loss + ((p - x) ** 2).sum()
    return loss


def everything(small: bool = False, dtype: str = "float32") -> dict[str, Program]:
    """The programs of `benchmarks.jit`, and attention, a layer norm, writes, and many operands."""
    rng = np.random.default_rng(1)

    def draw(*shape: int) -> Any:
        return (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(dtype)

    n, d, width, count = (8, 4, 16, 10) if small else (256, 64, 512, ROWS)
    return {
        **programs(small, dtype),
        "attention": Program(attention, their_attention, [draw(d, d) for _ in range(3)],
                             [draw(n, d)]),
        "layer norm": Program(norm, their_norm, [np.ones(width, dtype), draw(1, width)[0]],
                              [draw(n * 4, width)]),
        "rows in place": Program(filled(count), their_filled(count), [draw(1, 4 * d)[0]]),
        "50 parameters": Program(small_parameters, small_parameters,
                                 [draw(1, 16)[0] for _ in range(50)], [draw(1, 16)[0]]),
    }  # fmt: skip


# --- who takes part -------------------------------------------------------------------------------
class Contender(NamedTuple):
    """A step that is called again and again, and what it has after one: parameters, gradients."""

    step: Callable[[], Any]
    state: Callable[[], tuple[list[Any], list[Any] | None]]


def on_tensors(program: Program, compiled: bool) -> Contender:
    tensors = [mg.tensor(np.array(p)) for p in program.parameters]
    data = [
        mg.tensor(a, constant=True) if a.dtype.kind == "f" else np.array(a) for a in program.data
    ]

    def step(*data: Any) -> None:
        program.ours(*tensors, *data).backward()
        for t in tensors:
            t.data -= RATE * t.grad

    run = mg.compile(step) if compiled else step
    return Contender(
        lambda: run(*data), lambda: ([t.data for t in tensors], [t.grad for t in tensors])
    )


def by_jax(program: Program, gradients: bool) -> Contender:
    data = [jnp.asarray(a) for a in program.data]
    now: list[Any] = [[jnp.asarray(p) for p in program.parameters], None]

    @jax.jit
    def step(parameters: Any, data: Any) -> Any:
        grads = jax.grad(lambda ps: program.theirs(*ps, *data))(parameters)
        after = [p - RATE * g for p, g in zip(parameters, grads, strict=True)]
        return (after, grads) if gradients else (after, None)

    def run() -> None:
        now[:] = step(now[0], data)
        jax.block_until_ready(now)

    return Contender(run, lambda: (now[0], now[1]))


def by_torch(name: str, program: Program, small: bool) -> Contender:
    losses = torch_programs.losses(10 if small else ROWS)
    step, weights = torch_programs.step_of(
        losses.get(name, program.ours), list(program.parameters), list(program.data), RATE
    )
    return Contender(
        step, lambda: ([w.detach().numpy() for w in weights], [w.grad.numpy() for w in weights])
    )


EAGER, COMPILED, JAX, JAX_GRADS, TORCH = "eager", "compiled", "JAX", "JAX + grads", "PyTorch"


def contenders(name: str, program: Program, small: bool = False) -> dict[str, Contender]:
    """All that take part in a program."""
    found = {
        EAGER: on_tensors(program, False),
        COMPILED: on_tensors(program, True),
        JAX: by_jax(program, False),
        JAX_GRADS: by_jax(program, True),
    }
    if torch is not None:
        found[TORCH] = by_torch(name, program, small)
    return found


# --- results --------------------------------------------------------------------------------------
class Results(NamedTuple):
    """How far the results of one step are from the eager ones, and from those in float64."""

    from_eager: dict[str, float]
    errors: dict[str, float]
    first_call: float
    faults: list[str]


def distance(found: Contender, wanted: Contender) -> float:
    """The largest difference of parameters and gradients, of the largest element of each array."""
    worst = 0.0
    for mine, right in zip(found.state(), wanted.state(), strict=True):
        if mine is None or right is None:
            continue
        for a, b in zip(mine, right, strict=True):
            a, b = np.asarray(a, "f8"), np.asarray(b, "f8")
            if a.shape != b.shape or not np.isfinite(a).all():
                return float("inf")
            scale = float(np.abs(b).max()) or 1.0
            worst = max(worst, float(np.abs(a - b).max()) / scale)
    return worst


def widened(program: Program) -> Program:
    def wide(arrays: Sequence[Any]) -> list[Any]:
        return [a.astype("float64") if a.dtype.kind == "f" else a for a in arrays]

    return program._replace(parameters=wide(program.parameters), data=wide(program.data))


def compared(name: str, program: Program, taking_part: dict[str, Contender], dtype: str) -> Results:
    """One step of each contender, looked at."""
    first = 0.0
    exact = on_tensors(widened(program), compiled=False)
    exact.step()
    for kind, contender in taking_part.items():
        begin = perf_counter()
        contender.step()
        if kind == COMPILED:
            first = perf_counter() - begin
        for a, p in zip(contender.state()[0], program.parameters, strict=True):
            assert str(a.dtype) == dtype and a.shape == p.shape, (kind, a.dtype, a.shape)
    from_eager = {k: distance(c, taking_part[EAGER]) for k, c in taking_part.items() if k != EAGER}
    errors = {k: distance(c, exact) for k, c in taking_part.items()}
    as_good = 2 * max(error for kind, error in errors.items() if kind != COMPILED)
    faults = []
    for kind, error in from_eager.items():
        allowed = (CLOSE if kind == COMPILED else SAME)[dtype]
        if error > allowed and (kind != COMPILED or errors[kind] > as_good):
            faults.append(
                f"{name}, {kind}: {error:.1e} of the largest element from the eager result, where "
                f"{allowed:.0e} is allowed, and {errors[kind]:.1e} from float64's"
            )
    return Results(from_eager, errors, first, faults)


def timed(taking_part: dict[str, Contender], seconds: float) -> dict[str, list[float]]:
    """The times of all calls; all take turns, of about as long each."""
    taken: dict[str, list[float]] = {kind: [] for kind in taking_part}
    rounds = 8
    for _ in range(rounds):
        for kind, contender in taking_part.items():
            step, times, turn = contender.step, taken[kind], 0.0
            while turn < seconds / rounds:
                begin = perf_counter()
                step()
                times.append(perf_counter() - begin)
                turn += times[-1]
    return taken


# --- the cost of a call ---------------------------------------------------------------------------
def microseconds(function: Callable[..., Any], *arguments: Any, calls: int = 2000) -> float:
    """The median time of a call, of calls in groups of 20."""
    function(*arguments)
    found = []
    for _ in range(calls // 20):
        begin = perf_counter()
        for _ in range(20):
            function(*arguments)
        found.append((perf_counter() - begin) / 20)
    return 1e6 * median(found)


def calls() -> list[str]:
    """What calls cost apart from what they compute."""
    arrays = [np.full(4, k, "float32") for k in range(50)]
    tensors = [mg.tensor(a) for a in arrays]
    given = [mg.tensor(a, constant=True) for a in arrays]

    def read() -> Any:
        return sum((t[0] for t in tensors[1:]), tensors[0][0])

    def take(*ts: Any) -> Any:
        return sum((t[0] for t in ts[1:]), ts[0][0])

    nothing, one = mg.compile(lambda: None), mg.compile(lambda x: x + 1.0)
    reads, takes = mg.compile(read), mg.compile(take)
    with mg.no_autodiff:
        x = given[0]
        lines = [
            f"a call of an empty compiled function: {microseconds(nothing):.1f} us",
            f"a call of x + 1, x of 4 elements: {microseconds(one, x):.1f} us",
            f"a call that reads 50 tensors by closure: {microseconds(reads):.1f} us",
            f"a call that is given 50 tensors: {microseconds(takes, *given):.1f} us",
        ]
        plain = jax.jit(lambda *arrays: take(*arrays))
        taken = microseconds(plain, *arrays)
        lines.append(f"jax.jit of the same on 50 arrays of NumPy's: {taken:.1f} us")
        taken = microseconds(plain, *map(jnp.asarray, arrays))
        lines.append(f"jax.jit of the same on 50 of its own: {taken:.1f} us")
    binding: Any = next(iter(getattr(reads, "_bindings", {}).values()), None)
    if binding is not None:
        lines.append(f"guards for 50 tensors: {microseconds(binding.fresh):.1f} us")
    return lines


# --- the report -----------------------------------------------------------------------------------
def surroundings() -> str:
    flags = ", ".join(f"{key}={os.environ[key]}" for key in ("OMP_NUM_THREADS", "NPROC"))
    versions = [
        f"Python {platform.python_version()}",
        f"NumPy {np.__version__}",
        f"JAX {jax.__version__}",
        f"PyTorch {torch.__version__}" if torch else "no PyTorch",
    ]
    return (
        f"- {', '.join(versions)}; {cpu_model()}, {os.cpu_count()} CPUs, {platform.system()}\n"
        f"- one thread each: {flags}, XLA_FLAGS={os.environ['XLA_FLAGS']}, "
        f"torch.set_num_threads(1)"
    )


def rows_of(
    name: str, taken: dict[str, list[float]], results: Results
) -> tuple[list[str], list[str]]:
    """A row of times, and one of ratios."""
    middle = {kind: median(times) for kind, times in taken.items()}
    best = {kind: min(times) for kind, times in taken.items()}
    kinds = (EAGER, COMPILED, JAX, JAX_GRADS, TORCH)
    times = [f"{short(middle[k])} ({short(best[k])})" if k in middle else "-" for k in kinds]
    mine = middle[COMPILED]
    others = (JAX, JAX_GRADS, TORCH, EAGER)
    ratios = [ratio(mine / middle[k]) if k in middle else "-" for k in others]
    differs = [results.from_eager[COMPILED], results.errors[COMPILED], results.errors[EAGER]]
    shown = [f"{error:.0e}" for error in differs]
    return [name, *times], [name, *ratios, *shown, f"{results.first_call:.1f} s"]


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    title = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compile", description=title)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(everything(True)))
    parser.add_argument("--small", action="store_true", help="tiny sizes, to see that it runs")
    parser.add_argument("--float64", action="store_true", help="compare to 1e-12; time nothing")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each contender and program")
    parser.add_argument("--write", action="store_true", help="keep the tables in results/")
    return parser.parse_args(given)


def main(given: Sequence[str]) -> int:
    """Compare, time, print; the exit status is 1 if results differ by more than allowed."""
    options = arguments(given)
    dtype = "float64" if options.float64 else "float32"
    if options.float64:
        jax.config.update("jax_enable_x64", True)
    seconds = min(options.seconds, 0.05) if options.small else options.seconds
    chosen = everything(options.small, dtype)
    unknown = set(options.names) - chosen.keys()
    if unknown:
        print(f"no such program: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    times: list[list[str]] = []
    ratios: list[list[str]] = []
    faults: list[str] = []
    for name, program in chosen.items():
        if options.names and name not in options.names:
            continue
        taking_part = contenders(name, program, options.small)
        results = compared(name, program, taking_part, dtype)
        faults += results.faults
        shown = ", ".join(f"{kind} {error:.0e}" for kind, error in results.from_eager.items())
        print(f"{name}: differences from the eager step, {dtype}: {shown}", flush=True)
        if options.float64:
            continue
        taken = timed(taking_part, seconds)
        for table, row in zip((times, ratios), rows_of(name, taken, results), strict=True):
            table.append(row)
        print("  " + ", ".join(f"{k} {short(median(t))}" for k, t in taken.items()), flush=True)
    report = ["# Training steps, eager and compiled", surroundings()]
    if not options.float64:
        report += [
            "Time of the compiled step / time of another one (below 1: compiled is faster); how "
            "far its results are from the eager ones, and both from those of float64; its first "
            "call",
            markdown(
                [
                    "program",
                    JAX,
                    JAX_GRADS,
                    TORCH,
                    EAGER,
                    "from eager",
                    "from float64",
                    "eager from float64",
                    "first call",
                ],
                ratios,
            ),
            "Median time of a step, and the best",
            markdown(["program", EAGER, COMPILED, JAX, JAX_GRADS, TORCH], times),
            "\n".join(f"- {line}" for line in calls()),
        ]
    report += [f"DIFFERS: {fault}" for fault in faults]
    print("\n" + "\n\n".join(report))
    if options.write:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-compile-{commit()}.md"
        path.write_text("\n\n".join(report) + "\n")
        print(f"written to {path.name}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
