"""What courses and blogs written with MyGrad do, and how MyGrad 2 programs are written.

`courses.py` and `idioms.py` are such programs. What they returned with MyGrad 2.5.0 (NumPy 2.3) is
in `losses.json`, which ``ci/clients --record`` makes; here they have to return the same. Equal
numbers may be equally wrong, so the last part checks gradients by central differences.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mygrad as mg
from mygrad.nnet.activations import leaky_relu
from mygrad.nnet.layers import batchnorm, conv_nd, max_pool
from mygrad.nnet.losses import softmax_crossentropy

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import compare  # noqa: E402
import courses  # noqa: E402
import idioms  # noqa: E402
import packages  # noqa: E402

pytestmark = [
    pytest.mark.numpy_only("programs of MyGrad 2 mix tensors with NumPy's arrays"),
    # They record losses as float(loss), which here warns, once for each line.
    pytest.mark.filterwarnings("ignore:.*turned a variable into plain data"),
]

RECORDED = json.loads((HERE / "losses.json").read_text())
PROGRAMS: dict[str, Callable[[], list[float]]] = {
    f"{module.__name__}/{name}": program
    for module in (courses, idioms)
    for name, program in module.PROGRAMS.items()
}
SINGLE = {
    "courses/universal_function_approximation", "courses/images_by_a_convolutional_network",
    "courses/captions_by_triplets", "courses/autoencoder",
}  # fmt: skip
"""They train in float32: between builds of NumPy the last bits differ, and grow with each step."""


def test_every_program_has_been_recorded() -> None:
    assert set(RECORDED) == set(PROGRAMS)


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_losses_are_those_of_mygrad_2(name: str) -> None:
    if name.endswith("drawn_graphs"):
        pytest.importorskip("graphviz")
    allowed = 1e-3 if name in SINGLE else compare.RELATIVE
    assert compare.apart(RECORDED[name], PROGRAMS[name]()) <= allowed


def test_programs_say_where_gradients_are_lost() -> None:
    """Nothing else is new to a MyGrad 2 program: no other warning appears."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for program in PROGRAMS.values():
            program()
    assert {w.category for w in caught} <= {mg.errors.GradientDetached}


def test_differences_are_found() -> None:
    assert compare.apart([1.0, 2.0], [1.0, 2.0]) == 0
    assert compare.apart([1.0, 2.0], [1.0, 2.1]) > compare.RELATIVE
    assert compare.apart([1.0, 2.0], [1.0]) == np.inf
    assert compare.apart([1.0], [np.nan]) == np.inf
    assert compare.apart([], []) == np.inf
    theirs = {"courses/a": {"losses": [1.0], "error": None, "warnings": []}}
    ours = {"courses/a": {"losses": [2.0], "error": None, "warnings": []}}
    assert compare.programs_agree(theirs, theirs)
    assert not compare.programs_agree(theirs, ours)
    assert not compare.programs_agree(theirs, {})
    meant = {f"packages/{next(iter(packages.DEVIATING))}": theirs["courses/a"]}
    assert not compare.programs_agree(meant, meant)  # what is meant to differ has to
    assert compare.programs_agree(meant, dict.fromkeys(meant, ours["courses/a"]))


def test_a_test_that_passes_with_mygrad_2_alone_is_a_difference(tmp_path: Path) -> None:
    ends = {"passed": "", "failure": "<failure/>"}
    for side in ends:
        case = f'<testcase classname="m" name="t">{ends[side]}</testcase>'
        (tmp_path / side).mkdir()
        (tmp_path / side / "mynn.xml").write_text(f"<testsuite>{case}</testsuite>")
    passed, failure = tmp_path / "passed", tmp_path / "failure"
    assert compare.results(passed / "mynn.xml") == {"m::t": "passed"}
    assert compare.packages_agree(passed, passed)
    assert compare.packages_agree(failure, failure)
    assert compare.packages_agree(failure, passed)
    assert not compare.packages_agree(passed, failure)


# --- right, and not only equal


def slope_by_differences(f: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of a function of one array, by central differences."""
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = 1e-6
        gradient[i] = (float(f(x + step)) - float(f(x - step))) / 2e-6
    return gradient


RNG = np.random.default_rng(0)
PICTURES, KINDS = courses.bars(RNG, 4)
MODELS: dict[str, tuple[Any, Any]] = {
    "a picture's model, by its filters": (
        RNG.standard_normal((2, 1, 3, 3)),
        lambda w: softmax_crossentropy(
            max_pool(conv_nd(PICTURES.astype(float), w, stride=1), (3, 3), 3).reshape(4, -1)[:, :3],
            KINDS,
        ),
    ),
    "in-place relu, by the weights": (
        RNG.standard_normal((3, 4)),
        lambda w: courses.tanh(_cut(mg.matmul(np.array([[1.0, -2.0, 0.5]]), w))).sum(),
    ),
    "a table's rows, some twice": (
        RNG.standard_normal((4, 2)),
        lambda table: (mg.astensor(table)[[[0, 1, 1], [3, 0, 0]]].mean(axis=1) ** 3).sum(),
    ),
    "a normalized layer": (
        RNG.standard_normal((6, 3)),
        lambda x: (batchnorm(x, gamma=[1.0, 2.0, 3.0], beta=[0.0, 1.0, 0.0], eps=1e-8) ** 3).sum(),
    ),
    "a class with two operands": (
        RNG.standard_normal((1, 3)),
        lambda x: (
            mg.execute_op(idioms.Blend, mg.astensor(x), mg.tensor([[2.0], [3.0]]), op_args=(0.3,))
            ** 2
        ).sum(),
    ),
}


def _cut(hidden: Any) -> Any:
    hidden[hidden < 0] = 0
    return hidden


@pytest.mark.parametrize("name", MODELS)
def test_gradients_are_right(name: str) -> None:
    at, model = MODELS[name]
    x = mg.tensor(at)
    model(x).backward()
    np.testing.assert_allclose(x.grad, slope_by_differences(model, at), atol=1e-6, rtol=1e-5)


def test_tied_weights_stay_tied() -> None:
    """MyGrad 2.5 loses the decoder's part of this gradient from the second step on."""
    data = np.random.default_rng(1).standard_normal((5, 4))
    w = mg.tensor(np.random.default_rng(2).standard_normal((4, 2)))
    transposed = w.T
    for _ in range(3):
        loss = mg.mean((mg.tanh(data @ w) @ transposed - data) ** 2)
        loss.backward()
        expected = slope_by_differences(
            lambda v: np.mean((np.tanh(data @ v) @ v.T - data) ** 2), w.data
        )
        np.testing.assert_allclose(w.grad, expected, atol=1e-7)
        w.data -= 0.1 * w.grad


def test_layers_take_arrays_of_integers() -> None:
    """HelixNet's pooling gives window shapes and steps as arrays."""
    x = mg.tensor(np.arange(36.0).reshape(1, 1, 6, 6))
    two = np.array([2, 2])
    windows = mg.sliding_window_view(x, two, two)
    assert windows.shape == (3, 3, 1, 1, 2, 2)
    largest = windows.max(axis=(-1, -2)).data.reshape(1, 1, 3, 3)
    assert max_pool(x, two, two).data.tolist() == largest.tolist()
    out = conv_nd(x, np.ones((1, 1, 2, 2)), stride=two, padding=np.array([0, 0]))
    assert out.shape == (1, 1, 3, 3)
    assert [part.shape[-1] for part in mg.split(x, np.array([1, 3]), axis=-1)] == [1, 2, 3]
    for wrong in (np.array([2.0, 2.0]), np.array([0, 2])):
        with pytest.raises(ValueError, match=r"max_pool.*: pool has to be"):
            max_pool(x, wrong, 1)
        with pytest.raises(ValueError, match="sliding_window_view: window_shape has to be"):
            mg.sliding_window_view(x, wrong, 1)


def test_a_slope_that_is_a_tensor_is_a_number() -> None:
    """mynn's `prelu` holds its slope as a tensor, which MyGrad 2.5 does not differentiate by."""
    slope = mg.tensor(0.2)
    x = mg.tensor([-1.0, 2.0])
    leaky_relu(x, slope).sum().backward()
    assert x.grad.tolist() == [0.2, 1.0]
    assert slope.grad is None


def test_private_paths_that_programs_import() -> None:
    """Symbolic regression with Flex imports the switch from where MyGrad 2 defines it."""
    from mygrad._utils.graph_tracking import no_autodiff
    from mygrad._utils.lock_management import mem_guard_off, mem_guard_on

    assert no_autodiff is mg.no_autodiff
    assert mem_guard_off is mg.mem_guard_off
    assert mem_guard_on is mg.mem_guard_on
