"""What Python itself does with tensors: the same on CuPy as on NumPy, errors and warnings too."""

from __future__ import annotations

import copy
import math
import operator
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import mygrad as mg

SCALAR, INTEGER = 2.5, 3
VECTOR, MATRIX = [1.0, 2.0, 3.0], [[1.0, 2.0], [3.0, 4.0]]
EMPTY: list[float] = []


@pytest.fixture(autouse=True)
def on_cupy() -> None:
    if mg.backends.selected_adapter().name != "cupy":
        pytest.skip("the suite does not run on CuPy")


def stored(t: Any) -> Any:
    return pickle.loads(pickle.dumps(t))


def what(t: Any) -> tuple[Any, ...]:
    """All of a tensor that outlives a copy."""
    grad = None if t.grad is None else t.grad.tolist()
    return t.tolist(), t.constant, str(t.dtype), t.shape, t.strides, grad, t.creator


def differentiated(t: Any) -> Any:
    (t * t).sum().backward()
    return t


def items(tensors: Any) -> list[Any]:
    return [t.item() for t in tensors]


USES: dict[str, tuple[Callable[[Any], Any], tuple[Any, ...]]] = {
    "bool": (bool, (EMPTY, [EMPTY, EMPTY], [2.0], 0.0, math.nan, VECTOR, True)),
    "not": (operator.not_, ([0.0], SCALAR)),
    "len": (len, (VECTOR, EMPTY, SCALAR)),
    "list": (lambda t: items(list(t)), (VECTOR, EMPTY, SCALAR)),
    "rows": (lambda t: [row.tolist() for row in t], (MATRIX,)),
    "unpacked": (lambda t: items((lambda a, b, c: (c, b, a))(*t)), (VECTOR,)),
    "reversed": (lambda t: items(reversed(t)), (VECTOR,)),
    "in": (lambda t: 2.0 in t, (VECTOR, MATRIX, EMPTY, SCALAR)),
    "not in": (lambda t: 7.0 not in t, (VECTOR,)),
    "tensor in": (lambda t: t[0] in t, (VECTOR,)),
    "sum": (lambda t: sum(t).item(), (VECTOR,)),
    "max": (lambda t: max(t).item(), (VECTOR,)),
    "int": (int, (SCALAR, INTEGER, [SCALAR], VECTOR)),
    "float": (float, (SCALAR, INTEGER, [[SCALAR]], VECTOR)),
    "complex": (complex, (SCALAR, 1j)),
    "index": (operator.index, (INTEGER, SCALAR, [1])),
    "range": (lambda t: list(range(t)), (INTEGER,)),
    "math": (lambda t: (math.floor(t), math.ceil(t), math.sqrt(t)), (SCALAR,)),
    "round": (round, (SCALAR,)),
    "item": (lambda t: t.item(), (SCALAR, True, [1], VECTOR)),
    "tolist": (lambda t: t.tolist(), (MATRIX, SCALAR, EMPTY)),
    "repr": (repr, (MATRIX, SCALAR, EMPTY, [1, 2], [True], 1j, [0.1] * 2000)),
    "str": (str, (VECTOR,)),
    "format": (lambda t: f"{t:.3f}", (SCALAR, VECTOR)),
    "copy": (lambda t: what(copy.copy(t)[...])[:4], (MATRIX, INTEGER)),
    "copy of a view": (lambda t: copy.copy(t.T).strides, (MATRIX,)),
    "deep copy": (lambda t: what(copy.deepcopy(t)), (MATRIX, INTEGER)),
    "deep copy of a result": (lambda t: what(copy.deepcopy(t * 2)), (MATRIX,)),
    "deep copy with a gradient": (lambda t: what(copy.deepcopy(differentiated(t))), (VECTOR,)),
    "deep copies": (lambda t: operator.is_(*copy.deepcopy([t, t])), (MATRIX,)),
    "pickle": (lambda t: what(stored(t)), (MATRIX, INTEGER, EMPTY)),
    "pickle of a result": (lambda t: what(stored(t * 2)), (MATRIX,)),
    "pickle with a gradient": (lambda t: what(stored(differentiated(t))), (VECTOR,)),
    "hash": (hash, (VECTOR, SCALAR)),
    "key": (lambda t: {t: 1}, (SCALAR,)),
    "attribute": (lambda t: setattr(t, "foo", 1), (VECTOR,)),
}
CASES = [
    pytest.param(use, value, id=f"{name} {str(value)[:20]}")
    for name, (use, values) in USES.items()
    for value in values
]


def outcome(use: Callable[[Any], Any], value: Any, library: str) -> Any:
    """What a use gives, or the error that it raises; and the warnings, with their files."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        try:
            result: Any = use(mg.tensor(value, backend=library))
        except Exception as error:
            result = type(error), str(error)
    return repr(result), {(w.category, w.filename) for w in found}


@pytest.mark.parametrize(("use", "value"), CASES)
def test_tensors_as_values(use: Callable[[Any], Any], value: Any) -> None:
    with mg.backend("numpy"):
        wanted = outcome(use, value, "numpy")
    assert outcome(use, value, "cupy") == wanted


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, stored])
def test_copies_stay_on_their_library(twin: Callable[[Any], Any]) -> None:
    t = mg.tensor(VECTOR, backend="cupy")
    found = twin(t)
    assert found.backend == "cupy"
    found += 1.0
    assert t.tolist() == VECTOR
