"""Which array library a tensor is on: arrays decide, selections take host data, `to` moves."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw

import mygrad as mg
from mygrad.arrays import registry
from mygrad.arrays.availability import Availability

ROOT = Path(__file__).parent.parent.parent


def others() -> list[str]:
    """The other backends that can be used here."""
    found = mg.available_backends()
    return [n for n, status in found.items() if status.available and n != "numpy"]


OTHERS = others()
each_other = pytest.mark.parametrize(
    "name",
    OTHERS or [pytest.param("", marks=pytest.mark.skip(reason="no other backend is here"))],
)
plain = pytest.mark.numpy_only("starts without a selection")


def run(code: str, backend: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program in a fresh interpreter, with MYGRAD_BACKEND set to `backend`."""
    env = {k: v for k, v in os.environ.items() if k != "MYGRAD_BACKEND"}
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "backends"), *sys.path])
    if backend is not None:
        env["MYGRAD_BACKEND"] = backend
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)


# --- what is there -----------------------------------------------------------------------------
def test_available_backends() -> None:
    found = mg.available_backends()
    assert {"numpy", "cupy", "dpnp"} <= set(found)
    assert found["numpy"] == Availability("numpy", True)
    for name, status in found.items():
        assert status.name == name
        if not status.available:
            assert status.reason
            assert bool(status.install) != (" is installed" in status.reason)


def test_a_missing_backend_says_what_to_install() -> None:
    for name, status in mg.available_backends().items():
        if status.available:
            continue
        try:
            mg.set_backend(name)
        except ImportError as error:
            message = str(error)
            assert name in message
            assert "nstall" in message


BROKEN = {
    # the adapter's module: (does it say how to install it?, what it says)
    "import not_there_at_all": (True, "No module named 'not_there_at_all'"),
    "raise ImportError('Abacus is not installed', name='abacus')": (True, "not installed"),
    "raise ImportError('Abacus 1.0 is installed, but finds no device')": (False, "no device"),
    "import ctypes; ctypes.CDLL('libabacus.so.1')": (False, "libabacus.so.1"),
}


@pytest.mark.parametrize("module", BROKEN)
def test_what_is_missing_is_said(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what is not installed can be installed; otherwise the reason says what is missing."""
    (tmp_path / "broken_abacus.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "broken_abacus", raising=False)
    point = EntryPoint("abacus", "broken_abacus:adapter", "mygrad.backends")
    monkeypatch.setitem(registry._installed(), "abacus", point)
    to_be_installed, reason = BROKEN[module]
    status = mg.available_backends()["abacus"]
    assert not status.available
    assert reason in status.reason
    assert ("entry-point group" in status.install) is to_be_installed
    with pytest.raises(ImportError, match="the backend 'abacus' cannot be used here") as caught:
        mg.set_backend("abacus")
    assert reason in str(caught.value)
    assert ("entry-point group" in str(caught.value)) is to_be_installed


NAMES = {"cuda": "cupy", "CUDA": "cupy", "gpu": "cupy", "cuda:1": "cupy", "cpu": "numpy",
         "xpu": "dpnp"}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_devices_are_no_backends(name: str) -> None:
    """Whatever is asked, the answer is the one that one table gives."""
    answer = registry.elsewhere(name)
    assert f'mg.set_backend("{NAMES[name]}")' in answer
    asked: list[Any] = [
        lambda: mg.set_backend(name),
        lambda: mg.backend(name),
        lambda: mg.tensor([1.0], backend=name),
        lambda: mg.tensor([1.0]).to(name),
    ]
    if NAMES[name] != "numpy":
        asked += [
            lambda: mg.tensor([1.0], backend="numpy", device=name),
            lambda: mg.tensor([1.0], backend="numpy").to(device=name),
            lambda: mg.zeros(3, backend="numpy", device=name),
        ]
    for ask in asked:
        with pytest.raises((ImportError, ValueError)) as caught:
            ask()
        assert answer in str(caught.value)
        assert repr(name) in str(caught.value)
    failed = run("import mygrad", name)
    assert f"MYGRAD_BACKEND={name}: there is no backend" in failed.stderr
    assert answer in failed.stderr


def test_registering_an_adapter() -> None:
    code = """
import numpy as np, mygrad as mg
class Counted(list):  # an array type of nobody
    pass
class CountedAdapter(mg.backends.Adapter):
    name, array_types, xp = "counted", (Counted,), np
adapter = CountedAdapter()
assert mg.register_backend(adapter) is adapter
assert mg.backends.get_adapter("counted") is adapter
assert mg.backends.adapter_of(Counted()) is adapter
assert "counted" in mg.available_backends()
"""
    assert not run(code).stderr


# --- arrays decide -----------------------------------------------------------------------------
@each_other
def test_an_array_decides_for_itself(name: str) -> None:
    adapter = mg.backends.get_adapter(name)
    x = mg.tensor(adapter.from_host(np.arange(3.0)))
    assert x.backend == name
    assert isinstance(x.data, adapter.array_types)
    y = mg.sum(x * 2.0 + 1)
    assert y.backend == name
    y.backward()
    assert isinstance(x.grad, adapter.array_types)
    assert host(x.grad).tolist() == [2, 2, 2]
    assert x.device == adapter.device(x.data)


@each_other
def test_a_selection_never_brings_device_arrays_to_the_host(name: str) -> None:
    adapter = mg.backends.get_adapter(name)
    with mg.backend("numpy"):
        assert mg.tensor(adapter.from_host(np.arange(3.0))).backend == name


@plain
@each_other
def test_scalars_go_anywhere(name: str) -> None:
    x = mg.tensor(mg.backends.get_adapter(name).from_host(np.ones(2, np.float32)))
    # The standard defines no promotion of a bool with floats.
    for scalar in (2, 2.0) if name == "array-api-strict" else (2, 2.0, True):
        y = x * scalar
        assert y.backend == name
        assert y.dtype == x.dtype
    y = x * np.float32(2)
    assert y.backend == name
    assert y.dtype == x.dtype
    assert (np.float32(3) - x).backend == name


# --- selections --------------------------------------------------------------------------------
@each_other
def test_set_backend(name: str) -> None:
    adapter = mg.backends.get_adapter(name)
    mg.set_backend(name)
    x = mg.tensor([1.0, 2.0])
    assert x.backend == name
    assert mg.tensor(np.ones(2)).backend == name
    assert mg.tensor(3.0).backend == name
    assert mg.astensor([1.0]).backend == name
    for operand in ([3.0, 4.0], np.array([3.0, 4.0]), (3.0, 4.0)):
        y = x * operand
        assert y.backend == name
        y.backward()
        assert host(x.grad).tolist() == [3, 4]
    assert host(x[np.array([1, 0])]).tolist() == [2, 1]
    assert isinstance(mg.sum([1.0, 2.0]).data, adapter.array_types)
    mg.set_backend(None)
    assert mg.tensor([1.0]).backend == "numpy"
    assert x.backend == name


@each_other
def test_backend_as_a_context_manager(name: str) -> None:
    before = mg.tensor([1.0]).backend
    with mg.backend(name):
        assert mg.tensor([1.0]).backend == name
        with mg.backend("numpy"):
            assert mg.tensor([1.0]).backend == "numpy"
        assert mg.tensor([1.0]).backend == name
    assert mg.tensor([1.0]).backend == before
    with pytest.raises(KeyError), mg.backend(name):
        raise KeyError
    assert mg.tensor([1.0]).backend == before


@each_other
def test_the_context_manager_holds_for_one_thread(name: str) -> None:
    before, seen = mg.tensor([1.0]).backend, []
    with mg.backend(name):
        thread = threading.Thread(target=lambda: seen.append(mg.tensor([1.0]).backend))
        thread.start()
        thread.join()
    assert seen == [before]


@each_other
def test_the_backend_keyword(name: str) -> None:
    assert mg.tensor([1.0], backend=name).backend == name
    assert mg.tensor([1.0], backend="numpy").backend == "numpy"
    device = mg.tensor([1.0], backend=name).device
    assert mg.tensor([1.0], backend=name, device=device).device == device
    with mg.backend(name, device=device):
        assert mg.tensor([1.0]).device == device
    assert mg.ones(2, backend=name).backend == name


def test_creation_follows_the_selection(xp_backend: mg.backends.Adapter) -> None:
    for made in (mg.zeros(2), mg.arange(3.0), mg.eye(2), mg.full((2,), 1.0), mg.linspace(0, 1, 3)):
        assert made.backend == xp_backend.name


def test_the_environment_variable() -> None:
    show = "import mygrad as mg; print(mg.tensor([1.0]).backend)"
    assert run(show).stdout.strip() == "numpy"
    assert run(show, "numpy").stdout.strip() == "numpy"
    if "dpnp" in OTHERS:
        assert run(show, "dpnp").stdout.strip() == "dpnp"
    wrong = run(show, "abacus")
    assert wrong.returncode
    assert "MYGRAD_BACKEND=abacus" in wrong.stderr
    assert "there is no backend 'abacus'" in wrong.stderr


def test_importing_mygrad_imports_no_other_library() -> None:
    code = (
        "import sys, mygrad as mg; mg.tensor([1.0]) * 2; "
        "print([m for m in ('dpnp', 'cupy', 'torch', 'scipy', 'matplotlib') if m in sys.modules])"
    )
    assert run(code).stdout.strip() == "[]"


# --- moving ------------------------------------------------------------------------------------
@each_other
def test_to_moves_and_is_differentiable(name: str) -> None:
    x = mg.tensor(np.array([1.0, 2.0]), backend="numpy")
    there = x.to(name)
    assert there.backend == name
    assert not there.constant
    back = (there * there).to("numpy")
    assert back.backend == "numpy"
    (back * back).backward()
    assert isinstance(x.grad, np.ndarray)
    assert x.grad.tolist() == [4, 32]
    assert isinstance(there.grad, mg.backends.get_adapter(name).array_types)
    assert host(there.grad).tolist() == [4, 32]


@each_other
def test_to_twice_differentiable(name: str) -> None:
    x = mg.tensor(np.array([1.0, 2.0]), backend="numpy")
    (x.to(name) ** 3).to("numpy").sum().backward(create_graph=True)
    g = x.grad
    assert g.backend == "numpy"
    g.sum().backward()
    assert x.grad.tolist() == [6, 12]


def test_to_where_it_is() -> None:
    x = mg.tensor([1.0, 2.0])
    y = x.to(x.backend, device=x.device)
    (y * 2).backward()
    assert host(x.grad).tolist() == [2, 2]
    assert x.to().backend == x.backend


@each_other
def test_to_keeps_dtype_constant_and_values(name: str) -> None:
    for array in (np.array([1, 2]), np.array([1.0], np.float32), np.array(True), np.zeros((0, 2))):
        x = mg.tensor(array, backend="numpy")
        y = x.to(name)
        assert y.constant is x.constant
        assert host(y).dtype == array.dtype
        assert host(y).tolist() == array.tolist()


def test_device_and_backend_of_numpy() -> None:
    x = mg.tensor([1.0], backend="numpy")
    assert x.backend == "numpy"
    assert x.device == "cpu"


# --- mixing ------------------------------------------------------------------------------------
@plain
@each_other
@pytest.mark.parametrize("kind", ["tensor", "array", "list"])
def test_mixing_libraries_is_an_error_that_teaches(name: str, kind: str) -> None:
    x = mg.tensor(np.array([1.0, 2.0]), backend=name)
    there: dict[str, Any] = {
        "tensor": mg.tensor([3.0, 4.0]),
        "array": np.array([3.0, 4.0]),
        "list": [3.0, 4.0],
    }
    for operation in (
        lambda: x * there[kind],
        lambda: there[kind] * x if kind != "list" else mg.multiply(there[kind], x),
        lambda: x.__iadd__(there[kind]),
        lambda: mg.multiply(x, x, out=np.zeros(2)),
    ):
        with pytest.raises(TypeError) as caught:
            operation()
        assert name in str(caught.value)
    with pytest.raises(TypeError) as caught:
        _ = x * there[kind]
    message = str(caught.value)
    assert "multiply" in message
    assert f'.to("{name}")' in message or "set_backend" in message
    assert host(x).tolist() == [1, 2]


@plain
@pytest.mark.skipif(len(OTHERS) < 2, reason="needs two other backends")
def test_mixing_two_device_libraries() -> None:
    first, second = OTHERS[:2]
    a = mg.tensor(np.ones(2), backend=first)
    b = mg.tensor(np.ones(2), backend=second)
    with pytest.raises(TypeError) as caught:
        _ = a + b
    message = str(caught.value)
    assert "add" in message
    assert first in message
    assert second in message
    assert ".to(" in message
    with mg.backend(first), pytest.raises(TypeError):
        _ = a + b


@each_other
def test_implicit_conversion_to_numpy_is_refused(name: str) -> None:
    x = mg.tensor(np.ones(2), backend=name)
    with pytest.raises(TypeError, match="numpy"):
        np.asarray(x)


def test_selected_data_meets_labels_and_masks() -> None:
    """Index arrays and masks on the host go where the tensor is, once a backend is selected."""
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    picked = x[[0, 1], [1, 0]]
    assert host(picked).tolist() == [2, 3]
    picked.backward()
    assert host(x.grad).tolist() == [[0, 1], [1, 0]]
    x[raw(np.array([[True, False], [False, True]]))] = 0.0
    assert host(x).tolist() == [[0, 2], [3, 0]]


# --- one graph on two libraries ----------------------------------------------------------------
@each_other
@pytest.mark.parametrize("create_graph", [False, True])
def test_writes_and_views_on_both_sides_of_a_move(name: str, create_graph: bool) -> None:
    here = mg.tensor(0.0).backend
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    y = x * 2.0
    y[0] *= 3.0
    there = y.to(name)
    there[:, 0] = there[:, 1] * 5.0
    back = (there * there).to(here)
    back[1, 1] = 0.0
    (back[:, 0] + back[:, 1]).sum().backward(create_graph=create_graph)
    # back[:, 0] is 25 y1², back[0, 1] is y1² where y1 is the second column of y
    np.testing.assert_allclose(host(x.grad), [[0, 52 * 36 * 2], [0, 50 * 4 * 4]])
    if create_graph:
        (x.grad[0, 1] * 1.0).backward()
        np.testing.assert_allclose(host(x.grad), [[0, 52 * 36], [0, 0]])
