"""Compiled functions on CuPy's arrays: what goes in, what comes out, and what stays on the device.

They run on a pretended CUDA device, with JAX's programs for the processor in the place of those for
a GPU: `conftest.py` says what is replaced. Nothing here says that they run on a GPU, or how fast.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from both_libraries import later_writes, raw_arrays

import mygrad as mg

pytest.importorskip("jax", reason="JAX is not installed, whose compiler mg.compile uses")
if mg.backends.selected_adapter().name != "cupy":
    pytest.skip("the suite does not run on CuPy", allow_module_level=True)
cupy = pytest.importorskip("cupy")
pytestmark = pytest.mark.raw_arithmetic
sys.path.insert(0, str(Path(__file__).parent.parent.parent))


def host(value: Any) -> Any:
    """The elements of a tensor or an array, on the host."""
    value = getattr(value, "data", value) if isinstance(value, mg.Tensor) else value
    return value.get() if isinstance(value, cupy.ndarray) else np.asarray(value)


def pointer(t: Any) -> int:
    return int(t.data.data.ptr)


class Model:
    """Two layers, a counter and a running mean."""

    def __init__(self, dtype: str = "float64") -> None:
        rng = np.random.default_rng(0)
        self.w = mg.tensor(rng.uniform(-1, 1, (3, 4)).astype(dtype))
        self.b = mg.tensor(np.zeros(4, dtype))
        self.v = mg.tensor(rng.uniform(-1, 1, (4, 2)).astype(dtype))
        self.mean = mg.zeros(3, dtype=dtype, constant=True)
        self.count = 0

    def __call__(self, x: Any) -> Any:
        self.count += 1
        self.mean = 0.9 * self.mean + 0.1 * x.mean(0).detach()
        return mg.tanh((x - self.mean) @ self.w + self.b) @ self.v


X = np.linspace(-1, 1.7, 12).reshape(4, 3)
OPTIMIZERS: dict[str, Any] = {
    "SGD": {"learning_rate": 0.1, "momentum": 0.9},
    "Adam": {"learning_rate": 0.01},
    "RMSprop": {},
}


def trained(name: str, compiled: bool, dtype: str) -> Any:
    model = Model(dtype)
    optimizer = getattr(mg.optim, name)([model.w, model.b, model.v], **OPTIMIZERS[name])

    def step(x: Any) -> Any:
        loss = (model(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    run = mg.compile(step) if compiled else step
    x = mg.tensor(X.astype(dtype), constant=True)
    losses = [run(x) for _ in range(5)]
    assert all(type(loss.data) is cupy.ndarray for loss in losses)
    if compiled:
        assert run.cache_info()[:2] == (3, 2)
    kept = [model.w, model.b, model.v, model.w.grad, model.v.grad, model.mean]
    assert all(type(getattr(t, "data", t)) is cupy.ndarray for t in kept[:3])
    state = {k: host(v) for k, v in optimizer.state_dict().items()}
    return [host(t) for t in losses], [host(t) for t in kept], state, model.count


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_steps(name: str) -> None:
    """Closures, an optimiser with its state, attributes and counters."""
    for dtype, close in (("float64", 1e-10), ("float32", 2e-5)):
        mine, wanted = trained(name, True, dtype), trained(name, False, dtype)
        for a, b in zip(mine[0] + mine[1], wanted[0] + wanted[1], strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=close, atol=close)
        assert mine[2].keys() == wanted[2].keys()
        for key, value in wanted[2].items():
            np.testing.assert_allclose(mine[2][key], value, rtol=close, atol=close)
        assert mine[3] == wanted[3] == 5


def test_views_and_writes() -> None:
    """Views that were made outside see what is written inside, and stay views."""
    ends = []
    for compiled in (False, True):
        p = mg.tensor(np.arange(1.0, 7).reshape(2, 3))
        row, column, turned = p[0], p.T[1], mg.tensor(np.arange(6.0).reshape(3, 2).T)

        def step(x: Any, p: Any = p, row: Any = row, column: Any = column, t: Any = turned) -> Any:
            y = p * x + t
            y[0] += y[1] * column[0]
            y[1, :2] = 3 * row[:2]
            loss = (y**2).sum()
            loss.backward()
            grad = p.grad
            with mg.no_autodiff:
                p[...] -= 0.01 * grad
                t[1:] *= 2
            column.data[0] = 0.5
            row[2] = 7.0
            return loss, row, p.T, {"grad": grad}

        run = mg.compile(step) if compiled else step
        for _ in range(3):
            loss, back, t, others = run(mg.ones((2, 3)))
        assert back is row and t.base is p
        assert mg.backends.selected_adapter().overlaps(t.data, p.data)
        assert type(others["grad"]) is cupy.ndarray
        ends.append([host(v) for v in (loss, p, row, column, t, turned, others["grad"])])
    for a, b in zip(*ends, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-12)


def test_donated_memory_stays_where_it_is() -> None:
    """From the second call on, parameters are updated in their own memory, and so are gradients."""
    p = mg.tensor(np.zeros((200, 100)))

    @mg.compile
    def step() -> Any:
        loss = ((p - 1) ** 2).sum()
        loss.backward()
        p.data -= 0.25 * p.grad
        return loss

    step()
    step()
    where, gradient = pointer(p), int(p.grad.data.ptr)
    for _ in range(3):
        step()
        assert (pointer(p), int(p.grad.data.ptr)) == (where, gradient)
    np.testing.assert_allclose(host(p), 1 - 0.5**5)
    kept = p.grad
    before = host(kept).copy()
    step()
    np.testing.assert_array_equal(host(kept), before)  # somebody has it


def test_arrays_that_users_hold_are_written_to() -> None:
    p = mg.tensor([1.0, 2.0])
    mine = p.data

    @mg.compile
    def step() -> None:
        p.data *= 2

    for _ in range(3):
        step()
    assert host(mine).tolist() == [8.0, 16.0] and p.data.data.ptr == mine.data.ptr


def test_raw_arrays() -> None:
    raw_arrays(cupy)


def test_arrays_of_numpy() -> None:
    """They go where the user has selected, as they do eagerly, and are not moved else."""
    w, offset = mg.tensor([1.0, 2.0]), np.array([1.0, 0.0])
    f = mg.compile(lambda x: (w * x + offset).sum())
    for k in range(3):
        assert f(np.full(2, float(k))).item() == 3.0 * k + 1
    offset[0] = 5.0
    assert f(np.ones(2)).item() == 8.0 and f.cache_info().misses == 1
    g = mg.compile(lambda x: (w * x).sum())
    h = mg.compile(lambda: (w * offset).sum())
    assert g(np.ones(2)).item() == 3.0 and h().item() == 5.0
    mg.set_backend(None)
    for call, path in ((lambda: g(np.ones(2)), "an argument"), (h, "offset")):
        with pytest.raises(mg.compile.CannotCompile, match=f"{path} is an array of numpy"):
            call()
    with pytest.raises(TypeError, match="an array of numpy"), mg.compile.disabled():
        g(np.ones(2))
    assert g(cupy.ones(2)).item() == 3.0
    mg.set_backend("cupy")

    @mg.compile
    def writes(a: Any) -> Any:
        a += w.detach()
        return a

    with pytest.raises(mg.compile.CannotCompile, match="written to"):
        writes(np.ones(2))


def test_two_libraries() -> None:
    """Tensors of both in one call are an error; each alone has programs of its own."""
    w, there = mg.tensor([1.0, 2.0]), mg.tensor([1.0, 2.0], backend="numpy")
    f = mg.compile(lambda x: (w * x).sum())
    with pytest.raises(mg.compile.CannotCompile, match=r"w is a .* cupy, .*argument 1 is .* numpy"):
        f(there)
    g = mg.compile(lambda: w.sum() + there.sum())
    with pytest.raises(mg.compile.CannotCompile, match=r"way: \.to|Way out: \.to"):
        g()
    double = mg.compile(lambda x: (x * 2).sum())
    for _ in range(3):
        one, two = double(w), double(there)
        assert type(one.data) is cupy.ndarray and type(two.data) is np.ndarray
        one.backward()
        two.backward()
        assert host(w.grad).tolist() == there.grad.tolist() == [2.0, 2.0]
    assert double.cache_info()[:2] == (4, 2)


def test_two_devices() -> None:
    """Each has programs of its own, whichever is current; a call uses one."""
    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("there is one device only")
    near, far = mg.ones(3, device=0), mg.ones(3, device=1)
    f = mg.compile(lambda x: (x * 2).sum())
    for _ in range(2):
        for k, x in enumerate((near, far)):
            found = f(x)
            assert found.data.data.device_id == k and found.item() == 6.0
            found.backward()
            assert x.grad.data.device_id == k
    assert f.cache_info()[:2] == (2, 2)
    with pytest.raises(mg.compile.CannotCompile, match=r"device 1.*device 0.*device=") as told:
        mg.compile(lambda x: x * far)(near)
    assert "far" in str(told.value) and "argument 1" in str(told.value)


def test_a_graph_outside() -> None:
    """Gradients flow through a call to what it met and to what it was given."""
    w = mg.tensor([1.0, 2.0, 3.0])
    f = mg.compile(lambda x: [((w * x) ** 2).sum(), x * 3.0])
    x = mg.tensor([1.0, 1.0, 2.0])
    for _ in range(2):
        inner = (x * 2)[::-1]
        square, triple = f(inner)
        (square * 3 + triple.sum()).backward()
        np.testing.assert_allclose(host(x.grad), 24 * host(x) * host(w)[::-1] ** 2 + 6)
        np.testing.assert_allclose(host(w.grad), 6 * host(w) * host(inner) ** 2)
    assert f.cache_info().misses == 1
    with mg.no_autodiff:
        assert f(x)[0].creator is None
    p, q = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])

    @mg.compile
    def write() -> None:
        p[0] = q[1] * 2

    write()
    (p * p).sum().backward()
    assert host(p).tolist() == [8.0, 2.0] and host(q.grad).tolist() == [0.0, 32.0]


def test_the_values_of_a_call_are_kept_for_its_gradient() -> None:
    later_writes(cupy)


def test_what_has_no_elements_and_what_never_changes() -> None:
    x, k = mg.ones((0, 3)), mg.tensor([1, 2, 3])
    f = mg.compile(lambda a, n: (a * 2, mg.zeros(2), n[None], a.sum(), 5.0, n))
    for _ in range(2):
        empty, nothing, integers, total, number, same = f(x, k)
        assert empty.shape == (0, 3) and host(nothing).tolist() == [0.0, 0.0]
        assert all(type(t.data) is cupy.ndarray for t in (empty, nothing, integers, total))
        assert host(integers).tolist() == [[1, 2, 3]] and number == 5.0 and same is k


def test_random_numbers() -> None:
    f = mg.compile(lambda: mg.random.normal(0.0, 1.0, (3,)))
    mg.random.seed(0)
    first, second = f(), f()
    assert type(first.data) is cupy.ndarray and not np.allclose(host(first), host(second))
    mg.random.seed(0)
    np.testing.assert_array_equal(host(f()), host(first))


def test_steps_stay_on_the_device(asked: Any) -> None:
    """A call copies nothing between host and device, and waits for it once before it runs."""
    model = Model()
    optimizer = mg.optim.Adam([model.w, model.b, model.v])

    @mg.compile
    def step(x: Any) -> Any:
        loss = (model(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    x = mg.tensor(X)
    total = asked(lambda: step(x))
    assert (total["to_host"], total["to_device"]) == (0, 0), total
    assert total["synchronize"] <= 1 and total["gemm"] == 0, total
    inner = mg.tensor(X)
    f = mg.compile(lambda a: (model.w.sum() * a).sum())
    total = asked(lambda: f(inner * 2.0).backward())
    assert (total["to_host"], total["to_device"]) == (0, 0), total


def test_memory_is_flat() -> None:
    p, x = mg.tensor(np.zeros(10)), mg.tensor(np.ones(10))

    @mg.compile
    def step(x: Any) -> Any:
        loss = ((p - x) ** 2).sum()
        loss.backward()
        p.data -= 0.1 * p.grad
        return loss

    for _ in range(10):
        step(x)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(200):
        step(x)
    gc.collect()
    assert len(gc.get_objects()) - before < 50 and step.cache_info().misses == 1


def test_no_cuda_in_jax(monkeypatch: pytest.MonkeyPatch, cuda_device: Any) -> None:
    """The error says what to install, and the other way out; nothing has changed."""
    from mygrad.compile import engine, libraries

    monkeypatch.setattr(engine, "cuda_device", cuda_device)
    found = libraries._on_device.__wrapped__(0)
    monkeypatch.setattr(libraries, "_on_device", lambda number: found)
    x = mg.tensor([1.0, 2.0])
    f = mg.compile(lambda: (x * x).sum().backward())
    for _ in range(2):
        with pytest.raises(ImportError, match=r"jax\[cuda13\].*to\(\"numpy\"\)") as told:
            f()
        assert told.value.name == "jax" and x.grad is None
    with mg.compile.disabled():
        f()
    assert host(x.grad).tolist() == [2.0, 4.0]


def test_refusals() -> None:
    x = mg.tensor([1.0, 2.0])
    with pytest.raises(mg.compile.CannotCompile, match="branches on a value"):
        mg.compile(lambda t: t if t.sum() > 0 else -t)(x)
    with pytest.raises(mg.compile.CannotCompile, match="Python"):
        mg.compile(lambda t: t.sum().item())(x)
    f = mg.compile(lambda t: t if t.sum() > 0 else -t, fallback=True)
    with pytest.warns(UserWarning, match="runs eagerly"):
        assert f(x) is x
