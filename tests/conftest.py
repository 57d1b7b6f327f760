"""Runs the suite on the backend that ``MYGRAD_BACKEND`` names, and counts what it skips there.

With ``cupy:1`` all that tests make is on the second device, while the first one stays current:
that is what finds an operation that does not follow its operands.

Tests are written once, with host data and `mg` functions only; on another backend mygrad takes
that data there, as it would for a user who selects it. What cannot run elsewhere says so::

    @pytest.mark.numpy_only("array-api-strict has no einsum")

The adapter for array-api-strict is no part of mygrad: it comes from `strict_adapter.py` here,
registered as a third party would register one.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# mygrad applies the variable when it is imported, which is too early for an adapter that is
# registered below; the others hand it on to the workers of pytest-xdist.
SPELLED = os.environ.pop("MYGRAD_BACKEND", "") or os.environ.get("MYGRAD_TEST_SPELLED", "numpy")
BACKEND, _, DEVICE = SPELLED.partition(":")
os.environ.setdefault("JAX_ENABLE_X64", "1")  # JAX computes in float32 else
os.environ.update(MYGRAD_TEST_BACKEND=BACKEND, MYGRAD_TEST_SPELLED=SPELLED)

if BACKEND == "cupy" and os.environ.get("PRETENDED_GPUS"):
    # Real CuPy without a GPU; it has to be there before mygrad looks for a device.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "ci"))
    import pretended_gpu

    pretended_gpu.install(int(os.environ["PRETENDED_GPUS"]))

import mygrad as mg  # noqa: E402
from mygrad.arrays import registry  # noqa: E402

try:
    from strict_adapter import adapter as strict_adapter
except ImportError:
    if BACKEND == "array-api-strict":
        raise
else:
    mg.register_backend(strict_adapter)

if BACKEND != "numpy":
    mg.set_backend(BACKEND, device=DEVICE or None)

if BACKEND == "jax":
    with contextlib.suppress(ImportError, AttributeError):  # names of JAX's own, which may go
        from jax._src.interpreters import mlir

        # JAX makes a context of its compiler for each program, and keeps it: a third of the time
        # that short programs take to compile, and two thirds of their memory.
        mlir.make_ir_context = functools.cache(mlir.make_ir_context)

PROGRAMS = float(os.environ.get("MYGRAD_PROGRAMS", "1"))
EXAMPLES = {"numpy": 30, "cupy": 15, "array-api-strict": 8, "dpnp": 4, "jax": 3}
settings.register_profile(
    "mygrad",
    max_examples=max(3, round(EXAMPLES.get(BACKEND, 10) * min(1.0, PROGRAMS))),
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.differing_executors,
    ],
)
settings.register_profile("thorough", settings.get_profile("mygrad"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "mygrad"))


def pytest_configure(config: pytest.Config) -> None:
    # Derivatives of linear functions are constant, which tests of higher orders come upon.
    config.addinivalue_line("filterwarnings", r"ignore:backward\(\) did nothing")
    config.addinivalue_line(
        "markers", "numpy_only(reason): runs on the numpy backend only, and says why"
    )
    config.addinivalue_line(
        "markers", "skip_on(backend, reason): does not run on that backend, and says why"
    )
    config.addinivalue_line(
        "markers",
        "raw_arithmetic: computes on raw arrays, which CuPy does on the current device only",
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("numpy_only"):
        if BACKEND != "numpy":
            pytest.skip(f"{BACKEND}: {mark.args[0]}")
    for mark in item.iter_markers("skip_on"):
        if mark.args[0] == BACKEND:
            pytest.skip(f"{BACKEND}: {mark.args[1]}")


NOT_WITHOUT = re.compile(r"(data[-_]dependent[-_]shapes|boolean_indexing) flag has been disabled")
"""What array-api-strict says where ARRAY_API_STRICT_DATA_DEPENDENT_SHAPES or
ARRAY_API_STRICT_BOOLEAN_INDEXING is false."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Skip what needs shapes that depend on data, where the library is told to have none."""
    try:
        yield
    except Exception as error:
        if not (found := NOT_WITHOUT.search(str(error))):
            raise
        pytest.skip(f"{BACKEND}: {str(error)[: found.start()].strip()} {found[1]}")


def pytest_report_header() -> str:
    return f"mygrad backend: {SPELLED}"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what tests have counted, and how many were skipped for which reason."""
    for report in terminalreporter.stats.get("passed", ()):
        for name, text in report.user_properties:
            if name == "told":
                terminalreporter.write_line(f"\n{text}")
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", ()):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        reasons[str(reason).removeprefix("Skipped: ").removeprefix(f"{BACKEND}: ")] += 1
    if reasons:
        terminalreporter.section(f"skips on {BACKEND}")
    for reason, count in reasons.most_common():
        tests = "test" if count == 1 else "tests"
        terminalreporter.write_line(f"{count} {tests} skipped on {BACKEND}: {reason}")


ADAPTERS = {"numpy", "cupy", "dpnp", "array-api-strict", "jax", BACKEND}


@pytest.fixture
def xp_backend() -> mg.backends.Adapter:
    """The adapter of the backend that the suite runs on."""
    return mg.backends.selected_adapter()


@pytest.fixture(autouse=True)
def process_wide_switches(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take back what a test switched, or registered, for the whole process."""
    adapter = mg.backends.selected_adapter()
    raw = DEVICE and request.node.get_closest_marker("raw_arithmetic")
    before = adapter.go_to(adapter.parse_device(DEVICE) if raw else None)
    yield
    if raw:
        adapter.go_to(before)
    assert adapter.go_to(None) == before, "the test has left another device current"
    mg.set_backend(None if BACKEND == "numpy" else BACKEND, device=DEVICE or None)
    mg.turn_memory_guarding_on()
    mg.on_detach("warn")
    for name in registry._adapters.keys() - ADAPTERS:
        del registry._adapters[name]
        for kind in [k for k, found in registry.by_type.items() if found.name == name]:
            del registry.by_type[kind]


@pytest.fixture(autouse=BACKEND == "jax", scope="module")
def compiled_programs() -> Iterator[None]:
    """Let go of what JAX has compiled for a file: all of it together takes many gigabytes."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()


@pytest.fixture
def asked() -> Callable[[Callable[[], Any]], dict[str, int]]:
    """How often a program asks the pretended GPU for what, once it has run twice."""
    pretended = sys.modules.get("pretended_gpu")
    if pretended is None:
        pytest.skip("only a pretended GPU counts")
    from benchmarks.launches import counted_step, totals

    return lambda program: totals(counted_step(program, pretended.runtime))
