"""Functions of published packages on tensors, against central differences, where they are here.

``ci/third_party`` installs all of them, and runs `run_programs.py`, which asks SciPy for the array
API in a process of its own; here that is left out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from expected_programs import DROPPED_IN, OUT_OF_REACH, problem
from package_programs import PROGRAMS, Program
from run_programs import STANDARD_NAMES, analytic, judged

pytestmark = pytest.mark.numpy_only("the packages are written for NumPy")
HERE = [name for name in PROGRAMS if name not in STANDARD_NAMES]


@pytest.mark.parametrize("name", HERE)
def test_program(name: str) -> None:
    result = judged(PROGRAMS[name])
    if result.startswith("not here"):
        pytest.skip(result)
    if "has no derivative in mygrad" in result:
        pytest.xfail(result)
    assert problem(name, PROGRAMS[name].needs, result) is None


def test_the_tables_are_about_programs() -> None:
    assert set(OUT_OF_REACH) | DROPPED_IN <= set(PROGRAMS)


def test_wrong_and_lost_gradients_are_seen() -> None:
    """What judges the programs finds the mistakes that it is there for."""
    import numpy as np

    import mygrad as mg

    detached = Program("possible", lambda x: x.data * 2 if hasattr(x, "detach") else x * 2,
                       (np.ones(3),), 1e-6, 1e-5)  # fmt: skip
    assert judged(detached).startswith("LOST")
    halved = detached._replace(call=lambda x: x * mg.stop_gradient(x).data)
    assert judged(halved).startswith("WRONG")
    shifted = detached._replace(call=lambda x: x + isinstance(x, mg.Tensor))
    assert judged(shifted).startswith("WRONG value")
    warned = detached._replace(call=lambda x: np.asarray(x) * 2)
    assert judged(warned) == "right, dropped in"
    assert analytic(warned, False)[0] is None
