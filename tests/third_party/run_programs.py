"""Run the programs, and say of each whether a tensor goes through it, and its gradient is right.

::

    python run_programs.py [--json FILE] [--list CORPUS] [PART OF A NAME ...]

Processes that are started from here run them, two at a time: one those for the array API, since
SciPy has it only where ``SCIPY_ARRAY_API=1`` is set, two the others, each those of its packages.

Of each program: ``right`` (as it is), ``right, dropped in`` (under `mygrad.drop_in`), or what it
says (``raises``, ``warns``) where no gradient arrives, or one that is nan. A gradient that differs
from differences, or one that is lost without a word, is an error, and makes the exit status 1; so
does all that is not as `expected_programs.py` says.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("MPLBACKEND", "agg")
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

import numpy as np  # noqa: E402
from expected_programs import problem  # noqa: E402
from package_programs import PROGRAMS, Program  # noqa: E402

import mygrad as mg  # noqa: E402
from mygrad.errors import GradientDetached  # noqa: E402

for path in sorted(HERE.glob("programs_*.py")):
    importlib.import_module(path.stem)
STANDARD_NAMES = importlib.import_module("programs_array_api").NAMES


def parts(result: Any) -> Iterator[Any]:
    """The floating-point results, in order."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (list, tuple)):
        for part in result:
            yield from parts(part)
    elif isinstance(result, mg.Tensor):
        yield result
    elif isinstance(result, (float, complex, np.ndarray, np.generic)):
        array = np.asarray(result)
        if array.dtype == object:  # of tensors
            for part in array.ravel():
                yield from parts(part)
        elif array.dtype.kind in "fc":
            yield array


def total(result: Any) -> Any:
    """A number that depends on each of the results in its own way."""
    whole: Any = 0.0
    for k, part in enumerate(parts(result)):
        weights = np.cos(np.arange(part.size) + k).reshape(part.shape)
        terms = part * weights
        if np.iscomplexobj(terms.data if isinstance(terms, mg.Tensor) else terms):
            terms = terms.real + 0.5 * terms.imag
        whole = whole + terms.sum()
    return whole


def differences(program: Program) -> list[Any]:
    """The derivatives by central differences, of the fourth order."""
    gradients = []
    for k, value in enumerate(program.arguments):
        gradient = np.zeros(np.shape(value))
        for place in np.ndindex(np.shape(value)):

            def at(distance: float, k: int = k, place: Any = place) -> float:
                arguments = list(program.arguments)
                changed = np.array(arguments[k])
                changed[place] += distance
                arguments[k] = changed[()]
                return float(np.real(total(program.call(*arguments))))

            h = program.step * 100 * max(1.0, abs(np.asarray(value)[place]))
            gradient[place] = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
        gradients.append(gradient)
    return gradients


def analytic(program: Program, dropped_in: bool) -> tuple[list[Any] | None, str, Any]:
    """The derivatives of tensors, None if none arrives; what was said; and the value."""
    tensors = [mg.tensor(value) for value in program.arguments]
    call = mg.drop_in(program.call) if dropped_in else program.call
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", GradientDetached)
        try:
            loss = total(call(*tensors))
            said = [f"warns: {w.message}" for w in caught if w.category is GradientDetached]
            text = said[0][:230] if said else ""
            if not isinstance(loss, mg.Tensor) or loss.constant:
                return None, text, loss
            warnings.simplefilter("always", RuntimeWarning)
            before = len(caught)
            with np.errstate(all="warn"):
                loss.backward()
            said = [f"warns: {w.message}" for w in caught[before:]]
        except Exception as error:
            return None, f"raises {type(error).__name__}: {error}".split("\n")[0][:230], None
    gradients = [np.zeros(t.shape) if t.grad is None else np.asarray(t.grad) for t in tensors]
    if said and not text and not all(np.all(np.isfinite(g)) for g in gradients):
        text = said[0]
    return gradients, text, loss.item()


def close(program: Program, got: list[Any], wanted: list[Any]) -> bool:
    scale = max((float(np.max(np.abs(w), initial=0.0)) for w in wanted), default=0.0)
    return all(
        np.allclose(g, w, rtol=program.accuracy, atol=program.accuracy * max(scale, 1e-12))
        for g, w in zip(got, wanted, strict=True)
    )


def judged(program: Program) -> str:
    """What becomes of a program: see above."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            np.seterr(all="ignore")
            value = total(program.call(*program.arguments))
            wanted = differences(program)
    except ImportError as error:
        return f"not here: {error}"
    except Exception as error:
        return f"BROKEN without tensors: {type(error).__name__}: {error}"[:300]
    if not np.all(np.isfinite(value)) or not any(np.any(w) for w in wanted):
        return "BROKEN: it depends on nothing"
    said = ""
    for dropped_in in (False, True):
        got, text, found_value = analytic(program, dropped_in)
        if got is None:
            if not text:
                return "LOST without a word" + " under drop_in" * dropped_in
        elif not all(np.all(np.isfinite(g)) for g in got):
            text = text or "NAN without a word" + " under drop_in" * dropped_in
        elif not math.isclose(found_value, np.real(value), rel_tol=1e-8, abs_tol=1e-10):
            return f"WRONG value{' under drop_in' * dropped_in}: {found_value}, not {value}"
        elif close(program, got, wanted):
            return "right, dropped in" if dropped_in else "right"
        elif not text:
            worst = max(float(np.max(np.abs(g - w))) for g, w in zip(got, wanted, strict=True))
            return f"WRONG{' under drop_in' * dropped_in}: differs by {worst:.3g}"
        said = text if dropped_in or not said else said
    return said


NUMBA = {"antropy", "librosa", "properscoring"}
SHARES = ("array API", "numba", "others")
"""Of the programs, for a process each. What numba compiles takes as long as all others."""


def share_of(name: str) -> str:
    """Which process runs a program."""
    if PROGRAMS[name].needs == "possible" and name in STANDARD_NAMES:
        return "array API"
    return "numba" if name.split("::")[0] in NUMBA else "others"


def found_here(share: str, names: list[str]) -> dict[str, str]:
    """What becomes of the programs that this process is for."""
    results = {}
    for name, program in PROGRAMS.items():
        if share_of(name) == share and (not names or any(part in name for part in names)):
            results[name] = judged(program)
            print(f"{program.needs:10} {name}: {results[name]}", file=sys.stderr, flush=True)
    return results


def found_there(share: str, names: list[str]) -> dict[str, str]:
    """What becomes of the programs of a share, in a process of their own."""
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    if share != "array API":
        del environment["SCIPY_ARRAY_API"]  # SciPy takes "0" for yes
    command = [sys.executable, "-W", "ignore", __file__, "--share", share, *names]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


RIGHT = {"right": "right as they are", "right, dropped in": "right under mg.drop_in"}


def figures(results: dict[str, str]) -> Iterator[str]:
    """How many of the functions of each kind are right, and what becomes of the others."""
    for needs in ("possible", "coercion", "typecheck"):
        kinds = Counter(
            RIGHT.get(result, result.split()[0].rstrip(":"))
            for name, result in results.items() if PROGRAMS[name].needs == needs
        )  # fmt: skip
        counts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        yield f"{needs}: of {kinds.total()} functions {counts}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write what was found here")
    parser.add_argument("--list", type=Path, help="say what of this list has no program")
    parser.add_argument("--share", choices=SHARES, help="run these, and print what was found")
    parser.add_argument("names", nargs="*", help="parts of names; all if not given")
    options = parser.parse_args()
    if options.share:
        print(json.dumps(found_here(options.share, options.names)))
        return 0
    began = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        shares = pool.map(lambda share: found_there(share, options.names), SHARES[::-1])
        results = {name: result for share in shares for name, result in share.items()}
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    if options.list:
        listed = [line[2:].strip() for line in options.list.read_text().splitlines()
                  if line.startswith("- ")]  # fmt: skip
        print("without a program:", [n for n in listed if n not in PROGRAMS])
        print("not listed:", [n for n in PROGRAMS if n not in listed])
    for line in figures(results):
        print(line)
    absent = sum(result.startswith("not here") for result in results.values())
    wrong = [text for name, result in results.items()
             if (text := problem(name, PROGRAMS[name].needs, result))]  # fmt: skip
    for text in wrong:
        print(f"not as it has to be: {text}")
    right = sum(result.startswith("right") for result in results.values())
    said = len(results) - right - absent - len(wrong)
    counts = {"right": right, "said": said, "absent": absent, "wrong": len(wrong)}
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    print(f"{told} in {time.perf_counter() - began:.1f}s")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
