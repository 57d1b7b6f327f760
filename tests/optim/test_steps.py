"""What a step does to memory, graphs and locks, and that a step that fails does nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw

import mygrad as mg
from mygrad.optim import SGD, Adagrad, Adam, AdamW, RMSprop

EVERY: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": 0.9},
    "Adam": {},
    "AdamW": {},
    "RMSprop": {"momentum": 0.9, "centered": True},
    "Adagrad": {},
}
numpy_locks = pytest.mark.numpy_only("this library cannot lock arrays")


def every(parameters: Any, rate: float = 0.01) -> Iterator[mg.optim.Optimizer]:
    for name, options in EVERY.items():
        yield getattr(mg.optim, name)(parameters, learning_rate=rate, **options)


# --- memory -------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", EVERY)
def test_a_step_writes_into_the_memory_of_the_parameter(
    name: str, xp_backend: mg.backends.Adapter
) -> None:
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    data, row, before = x.data, x[0], host(x)
    optimizer = getattr(mg.optim, name)(x, learning_rate=0.1, **EVERY[name])
    (x**2).backward()
    optimizer.step()
    assert x.data is data or not xp_backend.has_views
    assert (host(x) < before).all()
    assert host(row).tolist() == host(x)[0].tolist()
    assert x.creator is None
    assert host(x.grad).tolist() == (2 * before).tolist()


@pytest.mark.skip_on("jax", "writes to raw arrays, which never change there")
def test_a_tensor_on_the_users_own_array() -> None:
    a = raw(np.array([1.0, 2.0]))
    x = mg.tensor(a, copy=False)
    (x**2).backward()
    SGD(x, learning_rate=0.5).step()
    assert host(a).tolist() == [0, 0]


@pytest.mark.parametrize("name", EVERY)
def test_memory_of_any_layout(name: str) -> None:
    """Parameters that are transposed, reversed and spread step as a contiguous one does."""
    start = np.arange(1.0, 13.0).reshape(3, 4)
    made = {
        "plain": lambda: mg.tensor(start),
        "turned": lambda: mg.tensor(start.T).T,
        "reversed": lambda: mg.tensor(start[::-1])[::-1],
        "spread": lambda: mg.tensor(np.repeat(start, 2, 1))[:, ::2],
    }
    found = []
    for make in made.values():
        x = make()
        optimizer = getattr(mg.optim, name)(x, learning_rate=0.1, **EVERY[name])
        for _ in range(3):
            (x**2).backward()
            optimizer.step()
        found.append(host(x))
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


def test_gradients_are_left_alone() -> None:
    for optimizer in every([x := mg.tensor([1.0, 2.0])]):
        (x**2).backward()
        g, values = x.grad, host(x.grad)
        optimizer.weight_decay = 0.5  # type: ignore[attr-defined]
        optimizer.step()
        optimizer.step()
        assert x.grad is g
        assert host(g).tolist() == values.tolist()


def test_parameters_without_a_gradient_stay() -> None:
    x, y = mg.tensor([1.0, 2.0]), mg.tensor([1.0, 2.0])
    optimizer = Adam([x, y], learning_rate=0.1)
    (x**2).backward()
    optimizer.step()
    assert host(y).tolist() == [1, 2]
    assert [key for key in optimizer.state_dict() if key.endswith("step")] == ["state.0.0.step"]
    optimizer.zero_grad()
    assert x.grad is None
    before = host(x)
    optimizer.step()
    assert host(x).tolist() == before.tolist()


def test_gradients_that_are_tensors() -> None:
    x = mg.tensor([1.0, 2.0])
    y = x**2
    y.backward(create_graph=True)
    y.clear_graph()
    gradient = x.grad
    assert isinstance(gradient, mg.Tensor)
    SGD(x, learning_rate=0.25).step()
    assert host(x).tolist() == [0.5, 1.0]
    assert host(gradient).tolist() == [2, 4]


def test_a_step_under_no_autodiff() -> None:
    x = mg.tensor([1.0, 2.0])
    (x**2).backward()
    with mg.no_autodiff:
        SGD(x, learning_rate=0.5).step()
    assert host(x).tolist() == [0, 0]


def test_nan_is_no_failure() -> None:
    x = mg.tensor([1.0, 2.0])
    for optimizer in every(x):
        (x * mg.tensor([np.nan, 1.0], constant=True)).backward()
        optimizer.step()
        assert np.isnan(host(x)).tolist() == [True, False]


def test_rmsprop_where_rounding_makes_the_variance_negative() -> None:
    """Gradients that are all alike have no variance; PyTorch's parameters become NaN here."""
    x = mg.tensor(np.linspace(0.1, 3, 50), dtype="float32")
    optimizer = RMSprop(x, learning_rate=1e-3, alpha=0.5, centered=True)
    weights = host(x)
    for _ in range(60):
        (x * mg.tensor(weights, constant=True)).backward()
        optimizer.step()
    assert np.isfinite(host(x)).all()


def test_empty_and_scalar_parameters() -> None:
    for optimizer in every([x := mg.tensor(3.0), y := mg.zeros((0, 2))]):
        before = host(x)
        (x**2 + y.sum()).backward()
        optimizer.step()
        assert y.shape == (0, 2)
        assert abs(host(x)) < abs(before)


# --- graphs that are still there ----------------------------------------------------------------
@numpy_locks
def test_memory_that_a_graph_needs_is_read_only() -> None:
    """As ``p.data -= x`` is; nothing is changed, and the error says what to do."""
    x, y = mg.tensor([1.0, 2.0]), mg.tensor([1.0, 2.0])
    optimizer = Adam({"y": y, "x": x}, learning_rate=0.1)
    loss = x * x
    (y**2).backward()
    (x * 3).backward()
    with pytest.raises(ValueError, match="read-only"):
        x.data -= 1.0
    with pytest.raises(ValueError, match=r"Adam: the parameter x is read-only, because a graph"):
        optimizer.step()
    assert host(x).tolist() == host(y).tolist() == [1, 2]
    assert not [key for key in optimizer.state_dict() if key.startswith("state")]
    loss.backward()
    optimizer.step()
    assert host(x).round(4).tolist() == [0.9, 1.9]


@numpy_locks
def test_memory_that_was_read_only_before() -> None:
    a = np.array([1.0, 2.0])
    a.flags.writeable = False
    x = mg.tensor(a, copy=False)
    (x**2).backward()
    with pytest.raises(ValueError, match=r"read-only, because the array that it was made of is"):
        SGD(x).step()


def test_unlocked_memory_that_a_graph_needs_is_copied_for_it() -> None:
    """Where arrays are not locked, a graph differentiates the values that it read."""
    with mg.mem_guard_off:
        x = mg.tensor([1.0, 2.0])
        loss = x * x * x
        (x * 2.0).backward()
        SGD(x, learning_rate=1.0).step()
        assert host(x).tolist() == [-1, 0]
        loss.backward()
    assert host(x.grad).tolist() == [3, 12]


# --- steps that fail ----------------------------------------------------------------------------
def unchanged(optimizer: mg.optim.Optimizer, good: mg.Tensor, error: Any, message: str) -> None:
    (good * 2.0).backward()
    before, state = host(good), optimizer.state_dict()
    with pytest.raises(error, match=message):
        optimizer.step()
    assert host(good).tolist() == before.tolist()
    after = optimizer.state_dict()
    assert after.keys() == state.keys()
    for key, value in state.items():
        np.testing.assert_array_equal(after[key], value)


def test_a_parameter_that_got_another_shape() -> None:
    good, x = mg.tensor([1.0, 2.0]), mg.tensor([1.0, 2.0])
    optimizer = Adam([good, x])
    (good * x).backward()
    optimizer.step()
    x.data = raw(np.array([1.0, 2.0, 3.0]))
    (x**2).backward()
    unchanged(optimizer, good, ValueError, r"Adam: the parameter 1 is .*float64\[3\].*load_state")


def test_a_parameter_that_got_another_dtype() -> None:
    good, x = mg.tensor([1.0, 2.0]), mg.tensor([1.0, 2.0])
    optimizer = SGD([good, x], learning_rate=0.5, momentum=0.5)
    (good * x).backward()
    optimizer.step()
    x.data = raw(np.array([1.0, 2.0], "f4"))
    (x**2).backward()
    unchanged(optimizer, good, ValueError, r"parameter 1 is .*float32\[2\].*its velocity .*float64")
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.step()
    assert host(x).dtype == np.float32


def test_a_parameter_that_became_complex() -> None:
    good, x = mg.tensor([1.0, 2.0]), mg.tensor([1.0, 2.0])
    optimizer = SGD([good, x])
    x.data = raw(np.array([1.0, 2.0j]))
    (x * x).backward()
    unchanged(optimizer, good, TypeError, "SGD: the parameter 1 is complex")


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_a_gradient_from_before_a_cast(kind: str) -> None:
    for k, name in enumerate(EVERY):
        x = mg.tensor([1.0, 2.0], dtype="float64" if kind == "float32" else "float32")
        optimizer = list(every(x))[k]
        (x**2).backward()
        x.data = mg.tensor([1.0, 2.0], dtype=kind).data
        optimizer.step()
        assert host(x).dtype == kind, name
        assert (host(x) < [1, 2]).all()


@pytest.mark.skip_on("numpy", "there is no second library")
def test_a_parameter_that_was_moved() -> None:
    good, x = mg.tensor([1.0, 2.0]), mg.tensor([1.0, 2.0])
    optimizer = Adam([good, x])
    (good * x).backward()
    optimizer.step()
    (x**2).backward()
    with mg.backend("numpy"):
        x.data = x.to("numpy").data
    unchanged(optimizer, good, TypeError, r"parameter 1 is .* on numpy, device cpu, and its grad")
    (x**2).backward()
    unchanged(optimizer, good, ValueError, r"and its first_moment .*load_state_dict")
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.step()


def test_numpys_numbers_as_options_do_not_promote() -> None:
    x = mg.tensor([1.0, 2.0], dtype="float32")
    optimizer = Adam(x, learning_rate=np.float64(0.1))  # type: ignore[arg-type]
    (x**2).backward()
    optimizer.step()
    assert host(x).dtype == np.float32
    assert optimizer.state_dict()["state.0.0.first_moment"].dtype == np.float32


# --- numbers of 16 bits -------------------------------------------------------------------------
needs_half = pytest.mark.skip_on("array-api-strict", "it has no float16")


@needs_half
@pytest.mark.parametrize("name", EVERY)
def test_half_precision_steps_by_a_master_in_single_precision(name: str) -> None:
    """Steps below half the spacing of float16 add up, as they do in float32."""
    half = mg.tensor([1.0, -8.0], dtype="float16")
    single = mg.tensor([1.0, -8.0], dtype="float32")
    optimizers = [
        getattr(mg.optim, name)(x, learning_rate=1e-5, **EVERY[name]) for x in (half, single)
    ]
    for _ in range(300):
        for x, optimizer in zip((half, single), optimizers, strict=True):
            (x * mg.tensor([1.0, 0.5], dtype="float16", constant=True)).backward()
            optimizer.step()
    assert host(half).dtype == np.float16
    assert host(half)[0] != 1
    state = optimizers[0].state_dict()
    assert state["state.0.0.master"].dtype == np.float32
    np.testing.assert_array_equal(state["state.0.0.master"], host(single))
    np.testing.assert_array_equal(host(half), host(single).astype("f2"))
    for key, value in optimizers[1].state_dict().items():
        np.testing.assert_array_equal(state[key], value)


@needs_half
def test_squares_of_half_precision_gradients_do_not_overflow() -> None:
    x = mg.tensor([1.0, 2.0], dtype="float16")
    optimizer = Adam(x, learning_rate=0.5)
    (x * 300.0).backward()
    optimizer.step()
    assert host(x).tolist() == [0.5, 1.5]


def write_into_array(x: mg.Tensor) -> None:
    x.data[0] = 5.0


@mg.no_autodiff
def write_into_tensor(x: mg.Tensor) -> None:
    x[0] = 5.0


@needs_half
@pytest.mark.raw_arithmetic
@pytest.mark.parametrize("write", [
    pytest.param(
        write_into_array,
        marks=pytest.mark.skip_on("jax", "writes to raw arrays, which never change there"),
    ),
    write_into_tensor,
])  # fmt: skip
def test_what_is_written_into_a_half_precision_parameter_counts(
    write: Callable[[mg.Tensor], None]
) -> None:
    x = mg.tensor([1.0, 2.0], dtype="float16")
    optimizer = SGD(x, learning_rate=1e-4)
    for _ in range(2):
        (x * 1.0).backward()
        optimizer.step()
    write(x)
    (x * 1.0).backward()
    optimizer.step()
    master = optimizer.state_dict()["state.0.0.master"]
    np.testing.assert_allclose(master, [5 - 1e-4, 2 - 3e-4], rtol=1e-6)


@pytest.mark.numpy_only("no other library has them")
def test_long_doubles() -> None:
    x = mg.tensor([1.0, 2.0], dtype="longdouble")
    step = 16 * np.finfo(np.longdouble).eps  # float64 would lose it
    for optimizer in every(x, float(step)):
        before = host(x)
        (x**2).backward()
        optimizer.step()
        assert host(x).dtype == np.longdouble
        assert (host(x) < before).all()


# --- large arrays -------------------------------------------------------------------------------
@pytest.mark.numpy_only("a kernel of NumPy's adapter")
@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
def test_pieces_of_large_arrays(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bit for bit what the whole array gives; the last piece is shorter."""
    start = np.random.default_rng(0).standard_normal((37, 11)).astype(kind)

    def run() -> list[Any]:
        found: list[Any] = []
        for x in (
            mg.tensor(start),
            mg.tensor(start.T).T,
            mg.tensor(np.repeat(start, 2, 1))[:, ::2],
        ):
            for optimizer in every(x):
                for _ in range(3):
                    (x**2).backward()
                    optimizer.step()
                found += [host(x), *optimizer.state_dict().values()]
        return found

    whole = run()
    module = sys.modules["mygrad_numpy.updates"]
    monkeypatch.setattr(module, "_LARGE", 1)
    monkeypatch.setattr(module, "_PIECE", 10)
    for a, b in zip(run(), whole, strict=True):
        np.testing.assert_array_equal(a, b)


# --- training -----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", EVERY)
def test_a_small_regression_converges(name: str) -> None:
    rng = np.random.default_rng(0)
    inputs, weights = rng.standard_normal((40, 3)), np.array([0.5, -1.0, 2.0])
    x = mg.tensor(inputs, constant=True)
    y = mg.tensor(inputs @ weights + 0.25, constant=True)
    model = {"w": mg.zeros(3, dtype="float64"), "b": mg.zeros((), dtype="float64")}
    rate = {"SGD": 0.02, "Adagrad": 0.9}.get(name, 0.05)
    optimizer = getattr(mg.optim, name)(model, learning_rate=rate, **EVERY[name])
    if name == "AdamW":
        optimizer.weight_decay = 0.0
    steps = 300
    for k in range(steps):
        optimizer.learning_rate = rate * (1 - k / steps)
        loss = ((x @ model["w"] + model["b"] - y) ** 2).mean()
        loss.backward()
        optimizer.step()
    np.testing.assert_allclose(host(model["w"]), weights, atol=1e-3)
    np.testing.assert_allclose(host(model["b"]), 0.25, atol=1e-3)


# --- devices ------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["float16", "float32"])
def test_state_and_steps_are_on_the_device_of_the_parameter(kind: str) -> None:
    """Whatever the current device is, which stays the current one."""
    cupy = pytest.importorskip("cupy")
    if mg.backends.selected_adapter().name != "cupy" or cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("needs two CUDA devices")
    with cupy.cuda.Device(1):
        x = mg.tensor([1.0, 2.0], dtype=kind)
        (x * 1.0).backward()
    for optimizer in every(x):
        with cupy.cuda.Device(1):
            optimizer.step()
            optimizer.load_state_dict(optimizer.state_dict())
        ((_, arrays),) = optimizer._state.values()
        assert {array.device.id for array in arrays.values()} == {1}
        before = host(x)
        optimizer.step()
        assert cupy.cuda.Device().id == 0
        assert x.device == 1
        assert (host(x) < before).all()


# --- launches -----------------------------------------------------------------------------------
@contextmanager
def counted() -> Iterator[list[str]]:
    """What the pretended device is asked for inside."""
    from pretended_gpu import runtime

    events: list[str] = []
    runtime.set_listener(lambda event, what, size: events.append(event))
    try:
        yield events
    finally:
        runtime.set_listener(None)


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
@pytest.mark.parametrize("kind_of", [SGD, Adam, AdamW, RMSprop, Adagrad])
def test_a_step_is_one_launch_for_each_parameter(kind_of: Any, kind: str) -> None:
    if mg.backends.selected_adapter().name != "cupy" or "PRETENDED_GPUS" not in os.environ:
        pytest.skip("launches are counted on CuPy's pretended device")
    shapes = ((20, 16), (16,), (16, 10), (10,))
    parameters = [mg.ones(s, dtype=kind) for s in shapes]
    optimizer = kind_of(parameters, weight_decay=0.1)
    for k in range(3):
        sum((p * p).sum() for p in parameters).backward()
        optimizer.learning_rate = 0.1 / (k + 1)
        with counted() as events:
            optimizer.step()
        assert k == 0 or events == ["launch"] * 4  # the first step makes the state, too
