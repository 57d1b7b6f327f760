"""How often programs ask a GPU for something: counted on the pretended device, and limited.

Where the host waits for the device, or memory crosses the bus, an operation cannot do without it:
`NEEDED` says why.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradcheck import host
from primitive_cases import CASES, UFUNCS, Case, distinct, operands_of

import mygrad as mg
from mygrad.autodiff.namespace import registry

cupy = pytest.importorskip("cupy")
sys.path.insert(0, str(Path(__file__).parent.parent.parent))
launches = pytest.importorskip("benchmarks.launches")
pytestmark = pytest.mark.raw_arithmetic


@pytest.fixture
def runtime() -> Any:
    """The pretended GPU, which counts."""
    if mg.backends.selected_adapter().name != "cupy":
        pytest.skip("the suite does not run on CuPy")
    pretended = getattr(sys.modules.get("pretended_gpu"), "runtime", None)
    if pretended is None:
        pytest.skip("a real GPU does not count")
    return pretended


MOST_LAUNCHES = {"op_small": 8, "mlp": 30, "cnn": 80, "crossentropy": 12, "batchnorm": 12}
"""By workload of `benchmarks.launches`, products of matrices not included."""

STEPS = {
    "op_small": {}, "mlp": {}, "cnn": {}, "gru": {}, "crossentropy": {}, "batchnorm": {},
    "convolution": {}, "leaves": {}, "indexing": {"to_host": 1, "synchronize": 1},
}  # fmt: skip
"""By workload, what it cannot do without: `indexing` reads through a mask, once."""


def waits(counted: Any) -> dict[str, int]:
    """The copies between host and device, and the synchronizations, of each kind."""
    found = launches.totals(counted)
    return {event: found[event] for event in launches.WAITS if found[event]}


@pytest.fixture(scope="module")
def counted() -> Callable[[str, Any], Any]:
    """What a step of a workload asks for; each is run once."""
    known: dict[str, Any] = {}

    def count(name: str, runtime: Any) -> Any:
        if name not in known:
            (step,) = launches.programs([name]).values()
            known[name] = launches.counted_step(step, runtime)
        return known[name]

    return count


@pytest.mark.parametrize("name", MOST_LAUNCHES)
def test_launches(name: str, counted: Any, runtime: Any) -> None:
    found = counted(name, runtime)
    lines = [(n, what, where) for (event, what, where), n in found.items() if event == "launch"]
    assert launches.totals(found)["launch"] <= MOST_LAUNCHES[name], sorted(lines, reverse=True)


@pytest.mark.parametrize("name", STEPS)
def test_steps_do_not_wait(name: str, counted: Any, runtime: Any) -> None:
    found = counted(name, runtime)
    lines = [key for key in found if key[0] in launches.WAITS]
    assert waits(found) == STEPS[name], lines


@pytest.mark.parametrize("name", ["mlp", "indexing"])
def test_steps_find_their_memory_in_the_pool(name: str, counted: Any, runtime: Any) -> None:
    found = launches.totals(counted(name, runtime))
    assert found["pool"] > 0
    assert found["allocate"] == 0


# --- primitives -----------------------------------------------------------------------------------
Events = dict[str, int]
TOLD_ONCE = {"to_host": 1, "synchronize": 1}
HOST_INDEX = {"to_device": 1}

NEEDED: dict[tuple[str, str], tuple[Events, Events, str]] = {
    ("repeat", "2 repeats=(2,)"): (
        HOST_INDEX | TOLD_ONCE, {}, "a list moves to the device; its sum is a length"
    ),
    ("take", "2x3 indices=(3,),axis=1"): (HOST_INDEX, {}, "a list moves to the device"),
    ("take", "2x3 indices=(2,),axis=1,mode=wrap"): (HOST_INDEX, {}, "a list moves to the device"),
    ("avg_pool", "5x5 pool=(2,),stride=(2,),padding=(2,),count_include_pad=False"): (
        {"to_device": 2}, {"to_device": 2},
        "how many elements each window has is known on the host, and moves, by axis",
    ),
    **{
        case: (HOST_INDEX, {}, "places that are known on the host move to the device")
        for case in [
            ("delete", "4 [0, -1]"), ("delete", "2x3 slice(0, 3, 2),1"),
            ("insert", "2x3 1,2.5,1"),
        ]
    },
    ("insert", "3 [1, 3],[7.0, 8.0]"): (
        {"to_device": 2}, {}, "places, and numbers, in lists move to the device"
    ),
    **{
        case: (HOST_INDEX, {}, "the quantile moves to where the numbers of NaN are known")
        for case in [
            ("nanpercentile", "5 30.0"), ("nanquantile", "5 0.3"),
            ("nanquantile", "2x3 q=0.4,axis=0,keepdims=True,method=weibull"),
        ]
    },
    ("quantile", "2x3 q=(2,),axis=1,method=inverted_cdf,weights=(3,)"): (
        {"to_device": 2, "to_host": 2, "synchronize": 2}, {},
        "quantiles are looked at on the host, and the sum of the weights",
    ),
    ("histogram_bin_edges", "5 3"): (
        {"to_host": 3, "synchronize": 3}, {}, "the range is looked at, and whether edges ascend"
    ),
    ("trim_zeros", "3"): (
        {"to_host": 3, "synchronize": 3}, {}, "the length of the result depends on the values"
    ),
    **{
        case: (
            {"to_host": n, "synchronize": n}, {}, "the length of the result depends on the values"
        )
        for n, case in [
            (1, ("extract", "2x3")), (1, ("unique_values", "5")), (1, ("unique_values", "2x3")),
            (1, ("union1d", "3-4")), (1, ("union1d", "2x2-3")), (3, ("setxor1d", "3-4")),
        ]
    },
}  # fmt: skip
"""By primitive and case: what waits or crosses the bus going forward and backward, and why."""


def on_device(value: Any) -> Any:
    return cupy.asarray(value) if isinstance(value, np.ndarray) else value


def function_of(name: str) -> Any:
    return registry.get(name) or getattr(mg, name, None)


def call_of(name: str, case: Case) -> Callable[..., Any]:
    """The primitive, or a function made of some, as a function of the operands alone."""
    function = function_of(name)
    leading, extra = ([on_device(a) for a in arguments] for arguments in (case.leading, case.extra))
    params = {key: on_device(value) for key, value in case.params.items()}
    if getattr(function, "variadic", False):
        return lambda *operands: function(operands, *extra, **params)
    return lambda *operands: function(*leading, *operands, *extra, **params)


def count_both(function: Callable[..., Any], leaves: list[Any], runtime: Any) -> list[Any]:
    """What the host waits for in a function of leaves, and in its backward pass."""
    function(*leaves).backward()
    with launches.counting(runtime) as forward:
        result = function(*leaves)
    with launches.counting(runtime) as backward:
        result.backward()
    assert any(leaf.grad is not None for leaf in leaves)
    return [forward, backward]


PRIMITIVES = [
    *((name, case) for name in sorted(CASES) if function_of(name) for case in CASES[name]),
    *((name, Case(((2, 3),) * len(UFUNCS[name]))) for name in sorted(UFUNCS) if function_of(name)),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "case"), PRIMITIVES, ids=[f"{n} {c}" for n, c in PRIMITIVES])
def test_primitives_do_not_wait(name: str, case: Case, runtime: Any) -> None:
    operands = distinct(case.shapes, UFUNCS[name]) if name in UFUNCS else operands_of(case)
    leaves = [mg.tensor(operand) for operand in operands]
    both = count_both(call_of(name, case), leaves, runtime)
    *wanted, _ = NEEDED.get((name, str(case)), ({}, {}, ""))
    lines = [[key for key in found if key[0] in launches.WAITS] for found in both]
    assert [waits(found) for found in both] == wanted, lines


def test_what_is_needed_is_said_of_cases_that_there_are() -> None:
    assert NEEDED.keys() <= {(name, str(case)) for name, case in PRIMITIVES}


# --- programs -------------------------------------------------------------------------------------
class At:
    """Where to look in a matrix, known to the device before anything is counted."""

    def __init__(self) -> None:
        self.mask = cupy.asarray(np.arange(12).reshape(3, 4) % 3 > 0)
        self.rows, self.columns = self.mask[:, 1].copy(), self.mask[0].copy()
        self.places = cupy.asarray(np.array([2, 0]))


Program = Callable[[Any, Any, At], Any]


def written(index: Callable[[At], Any], value: Any) -> Program:
    """``y[index] = value`` in a copy of the first matrix."""

    def program(x: Any, v: Any, at: At) -> Any:
        y = x * 1.0
        y[index(at)] = value(v) if callable(value) else value
        return y.sum() * v[0, 0]

    return program


def raised(index: Callable[[At], Any]) -> Program:
    """``y[index] += 1`` in a copy of the first matrix."""

    def program(x: Any, v: Any, at: At) -> Any:
        y = x * 1.0
        y[index(at)] += 1.0
        return y * v

    return program


def scattered(x: Any, v: Any, at: At) -> Any:
    y = x * 1.0
    y.scatter_add(at.places, v[:2])
    return y


THE_SHAPE = "the mask decides the shape of the result"

PROGRAMS: dict[str, tuple[Program, Events, Events, str]] = {
    "x[i, j]": (lambda x, v, at: x[1, 2] * v[0, 0], {}, {}, ""),
    "x[:, 1:]": (lambda x, v, at: x[:, 1:] * v[:, 1:], {}, {}, ""),
    "x[places]": (lambda x, v, at: x[at.places] * v[:2], {}, {}, ""),
    "x[places, places]": (lambda x, v, at: x[at.places, at.places] * v[0, :2], {}, {}, ""),
    "x[list]": (lambda x, v, at: x[[0, 2]] * v[:2], HOST_INDEX, {}, "a list moves to the device"),
    "x[range]": (
        lambda x, v, at: x[range(2)] * v[:2], HOST_INDEX, {}, "a range moves to the device"
    ),
    "x[mask]": (lambda x, v, at: x[at.mask] * v[0, 0], TOLD_ONCE, {}, THE_SHAPE),
    "x[rows]": (lambda x, v, at: x[at.rows] * v[0], TOLD_ONCE, {}, THE_SHAPE),
    "x[:, columns]": (
        lambda x, v, at: (x[:, at.columns] ** 2).sum() * v[0], TOLD_ONCE, {}, THE_SHAPE
    ),
    "x[mask] = number": (written(lambda at: at.mask, 2.0), {}, {}, ""),
    "x[rows] = number": (written(lambda at: at.rows, 2.0), {}, {}, ""),
    "x[:, columns] = number": (written(lambda at: (slice(None), at.columns), 2), {}, {}, ""),
    "x[..., columns] = number": (written(lambda at: (..., at.columns), 2), {}, {}, ""),
    "x[1, columns] = number": (written(lambda at: (1, at.columns), -1.0), {}, {}, ""),
    "x[mask] = 0-d tensor": (
        written(lambda at: at.mask, lambda v: v[0, 0]), {}, TOLD_ONCE,
        "the gradient is read through the mask",
    ),
    "x[rows] = tensor": (
        written(lambda at: at.rows, lambda v: v[:2]), TOLD_ONCE, TOLD_ONCE,
        "CuPy asks how many elements there are; the gradient is read through the mask",
    ),
    "x[mask] += number": (
        raised(lambda at: at.mask), {"to_host": 2, "synchronize": 2}, TOLD_ONCE,
        "Python reads, adds, and writes what was read",
    ),
    "x[places] = tensor": (written(lambda at: at.places, lambda v: v[:2]), {}, {}, ""),
    "x[places] = number": (written(lambda at: at.places, 2.0), {}, {}, ""),
    "x[places] += number": (raised(lambda at: at.places), {}, {}, ""),
    "scatter_add": (scattered, {}, {}, ""),
    "where": (lambda x, v, at: mg.where(at.mask, x, v), {}, {}, ""),
    "where=": (lambda x, v, at: mg.multiply(x, v, where=at.mask), {}, {}, ""),
    "clip": (lambda x, v, at: mg.clip(x, -1, v), {}, {}, ""),
    "out=": (lambda x, v, at: mg.multiply(x, v, out=x * 0.0), {}, {}, ""),
    "raw operands": (lambda x, v, at: at.mask * x + v * at.columns, {}, {}, ""),
    "NumPy scalars": (lambda x, v, at: np.float32(2) * x + v / np.float64(3), {}, {}, ""),
    "powers": (lambda x, v, at: (x**2 + 1.0) ** 0.5 * (v**2) ** x, {}, {}, ""),
    "statistics": (lambda x, v, at: x.std(axis=0) + v.var() + x.mean(where=at.mask), {}, {}, ""),
    "extremes": (lambda x, v, at: x.max(axis=1) + v.min(), {}, {}, ""),
    "einsum": (lambda x, v, at: mg.einsum("ij,kj->ik", x, v), {}, {}, ""),
    "einsum trace": (lambda x, v, at: mg.einsum("ii,ij->j", x[:, :3], v[:, :3]), {}, {}, ""),
    "norms": (lambda x, v, at: mg.linalg.norm(x, axis=1) + mg.linalg.norm(v), {}, {}, ""),
    "sliding windows": (
        lambda x, v, at: (mg.sliding_window_view(x, (2, 2), (1, 1)) ** 2).sum() * v, {}, {}, ""
    ),
    "views": (lambda x, v, at: (x * 1.0).reshape(4, 3).T[::-1] * v[:, ::2].sum(), {}, {}, ""),
    "joined": (lambda x, v, at: mg.concatenate([x, v, x], axis=1) ** 2, {}, {}, ""),
    "stacked": (lambda x, v, at: mg.stack([x, v, x], axis=1) ** 2, {}, {}, ""),
    "compress": (
        lambda x, v, at: mg.compress(at.columns, x, axis=1).sum() * v, TOLD_ONCE, {}, THE_SHAPE
    ),
    "item": (
        lambda x, v, at: x * v.detach().sum().item() + v, TOLD_ONCE, {}, "item() is asked for"
    ),
    "if": (
        lambda x, v, at: x * v if (x > -9).any() else v, TOLD_ONCE, {}, "Python asks for its truth"
    ),
    "to numpy": (
        lambda x, v, at: (x * v).to("numpy"), TOLD_ONCE, {"to_device": 1}, "the move is asked for"
    ),
    "host data": (
        lambda x, v, at: x * v * np.ones(4), {"to_device": 1}, {},
        "where a backend is selected, data on the host moves there",
    ),
}  # fmt: skip
"""Programs of two matrices; what waits going forward and backward, and why."""


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_do_not_wait(name: str, runtime: Any) -> None:
    program, *wanted, reason = PROGRAMS[name]
    assert bool(reason) == any(wanted)
    rng = np.random.default_rng(0)
    leaves = [mg.tensor(rng.standard_normal((3, 4))) for _ in range(2)]
    both = count_both(partial(program, at=At()), leaves, runtime)
    lines = [[key for key in found if key[0] in launches.WAITS] for found in both]
    assert [waits(found) for found in both] == wanted, lines


INDICES: dict[str, Callable[[Any], Any]] = {
    "all": lambda m: m,
    "tuple": lambda m: (m,),
    "rows": lambda m: m[:, 0, 0],
    "rows, more": lambda m: (m[:, 0, 0], slice(1, None)),
    "rows, column": lambda m: (m[:, 0, 0], 1),
    "none": lambda m: (None, m[:, :, 0]),
    "last": lambda m: (..., m[0, 0]),
    "last two": lambda m: (..., m[0]),
    "middle": lambda m: (slice(None), m[0, :, 0]),
    "middle of three": lambda m: (slice(None, None, -1), m[0, :, 0], slice(0, 1)),
    "ellipsis after": lambda m: (m[:, 0, 0], ..., 0),
    "ellipsis and axis": lambda m: (..., None, m[0, 0], None),
    "number before": lambda m: (1, m[0]),
    "number and axis": lambda m: (-1, None, m[0, :, 0], 0),
    "nothing": lambda m: m & ~m,
}


@pytest.mark.parametrize("name", INDICES)
@pytest.mark.parametrize("kind", ["f8", "f4", "i8", "u1", "b1"])
def test_numbers_are_written_where_a_mask_says(name: str, kind: str, runtime: Any) -> None:
    values = (np.arange(24) % 5).astype(kind).reshape(2, 3, 4)
    chosen = np.arange(24).reshape(2, 3, 4) % 7 < 3
    for number in (2, 2.75, True, np.float32(1.25), np.int64(3)):
        wanted = values.copy()
        wanted[INDICES[name](chosen)] = number
        found = mg.tensor(values)
        found[INDICES[name](cupy.asarray(chosen))] = number
        with launches.counting(runtime) as events:
            found[INDICES[name](cupy.asarray(chosen))] = number
        assert host(found).tolist() == wanted.tolist()
        assert waits(events).keys() <= {"to_device"}  # of the mask itself


@pytest.mark.parametrize("name", INDICES)
def test_what_a_mask_selects_and_its_gradient(name: str) -> None:
    if mg.backends.selected_adapter().name != "cupy":
        pytest.skip("the suite does not run on CuPy")
    values = np.arange(24.0).reshape(2, 3, 4)
    chosen = np.arange(24).reshape(2, 3, 4) % 7 < 3
    x = mg.tensor(values)
    found = x[INDICES[name](cupy.asarray(chosen))]
    wanted = values[INDICES[name](chosen)]
    assert found.shape == wanted.shape
    assert host(found).tolist() == wanted.tolist()
    (found * found).sum().backward()
    grad = np.zeros_like(values)
    grad[INDICES[name](chosen)] = 2 * wanted
    assert host(x.grad).tolist() == grad.tolist()


@pytest.mark.skip_on("dpnp", "it raises ValueError where masks do not fit, or writes")
@pytest.mark.parametrize("shape", [(2, 4), (3,), (2, 3, 5), (4, 3, 2)])
def test_masks_that_do_not_fit_are_refused(shape: tuple[int, ...]) -> None:
    x = mg.tensor(np.zeros((2, 3, 4)))
    chosen = mg.tensor(np.ones(shape, bool))
    with pytest.raises(IndexError):
        x[chosen]
    with pytest.raises(IndexError):
        x[chosen] = 1.0
    assert not host(x).any()
