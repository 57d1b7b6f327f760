"""Convolution by cuDNN: what its package is asked to do, when, and what happens if it cannot.

A stand-in for the package takes the same calls and does what a graph says by the portable
functions, on the arrays at the addresses that it is given. Where the real package is installed,
the graphs are described to it, too: that needs no GPU. Nothing here shows that cuDNN runs.
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Iterator
from enum import Enum
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import mygrad as mg
from mygrad.arrays.sliding import Geometry
from mygrad.autodiff.namespace import Namespace, registry

adapter = mg.backends.selected_adapter()
if adapter.name != "cupy":
    pytest.skip(f"{adapter.name}: cuDNN is for CuPy", allow_module_level=True)

import cupy  # noqa: E402
import mygrad_cupy  # noqa: E402
from mygrad_cupy import cudnn  # noqa: E402

without_kernels = Namespace(type(adapter)())
Types = Enum("Types", "HALF FLOAT DOUBLE INT8")  # type: ignore[misc]
Notes = Enum("Notes", (*cudnn._EXCLUDED, "TENSOR_CORE", "STRICT_NAN_PROP"))  # type: ignore[misc]
CHARS = {Types.HALF: "e", Types.FLOAT: "f", Types.DOUBLE: "d"}


class Tensor:
    def __init__(self, dim: Any, stride: Any, data_type: Any, uid: Any) -> None:
        self.dim, self.stride, self.data_type, self.uid = dim, stride, data_type, uid
        self.is_output = False

    def set_output(self, value: bool) -> Tensor:
        self.is_output = value
        return self

    def __getattr__(self, name: str) -> Any:
        assert name in ("set_data_type", "set_uid", "set_dim", "set_stride")

        def setter(value: Any) -> Tensor:
            setattr(self, name[4:], value)
            return self

        return setter

    def array(self, pointer: int) -> Any:
        """The array at an address, as this describes it."""
        assert pointer % 16 == 0
        dtype = np.dtype(CHARS[self.data_type])
        reach = 1 + sum((n - 1) * s for n, s in zip(self.dim, self.stride, strict=True))
        here = cupy.cuda.Device().id
        memory = cupy.cuda.UnownedMemory(pointer, reach * dtype.itemsize, None, here)
        strides = [s * dtype.itemsize for s in self.stride]
        return cupy.ndarray(self.dim, dtype, cupy.cuda.MemoryPointer(memory, 0), strides)


class Graph:
    """A stand-in for ``cudnn.pygraph``; calls have to come in its order."""

    def __init__(
        self, *, name: str, io_data_type: Any, intermediate_data_type: Any,
        compute_data_type: Any, handle: Any,
    ) -> None:  # fmt: skip
        self.compute, self.handle = compute_data_type, handle
        self.steps: list[str] = []
        self.deselected: list[Any] = []

    def tensor(self, *, name: str, dim: Any, stride: Any, data_type: Any, uid: int) -> Tensor:
        return Tensor(dim, stride, data_type, uid)

    def conv_fprop(self, *, image: Tensor, weight: Tensor, **how: Any) -> Tensor:
        return self.operation("conv_nd", image, weight, **how)

    def conv_dgrad(self, *, loss: Tensor, filter: Tensor, **how: Any) -> Tensor:
        return self.operation("conv_input_gradient", loss, filter, **how)

    def conv_wgrad(self, *, image: Tensor, loss: Tensor, **how: Any) -> Tensor:
        return self.operation("conv_filter_gradient", image, loss, **how)

    def operation(
        self, function: str, a: Tensor, b: Tensor, *, padding: Any, stride: Any, dilation: Any,
        compute_data_type: Any, name: str,
    ) -> Tensor:  # fmt: skip
        assert compute_data_type == self.compute
        assert all(len(n) == len(a.dim) - 2 for n in (padding, stride, dilation))
        self.function, self.operands = function, (a, b)
        self.options = tuple(stride), tuple(padding), tuple(dilation)
        self.out = Tensor(None, None, None, None)
        return self.out

    def __getattr__(self, name: str) -> Any:
        order = ("validate", "build_operation_graph", "create_execution_plans",
                 "deselect_numeric_notes", "deselect_workspace_greater_than", "check_support",
                 "build_plans")  # fmt: skip
        assert name == order[len(self.steps)]

        def step(*args: Any) -> None:
            self.steps.append(name)
            if name == "deselect_numeric_notes":
                self.deselected = list(args[0])
            if name == "check_support" and len(self.operands[0].dim) == 5:
                raise RuntimeError("no engine for three axes")

        return step

    def get_workspace_size(self) -> int:
        return 100

    def execute(self, pointers: dict[int, int], workspace: int, *, handle: Any) -> None:
        assert workspace
        assert handle == self.handle
        assert self.out.is_output
        a, b = (t.array(pointers[t.uid]) for t in self.operands)
        shape = () if self.function == "conv_nd" else (tuple(self.out.dim),)
        function = registry[self.function].forward
        found = function(a, b, *shape, *self.options, xp=without_kernels)
        self.out.array(pointers[self.out.uid])[...] = found


class Package(SimpleNamespace):
    """A stand-in for the package."""

    def __init__(self) -> None:
        self.graphs: list[Graph] = []
        self.streams: list[int] = []
        super().__init__(
            data_type=Types,
            numerical_note=Notes,
            heur_mode=SimpleNamespace(A="A", FALLBACK="FALLBACK"),
            backend_version=lambda: 91900,
            create_handle=lambda: "handle",
            set_stream=lambda *, handle, stream: self.streams.append(stream),
        )

    def pygraph(self, **kw: Any) -> Graph:
        self.graphs.append(Graph(**kw))
        return self.graphs[-1]


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    library = cudnn._Library()
    library.enabled, library.package = True, Package()
    monkeypatch.setattr(cudnn, "_library", library)
    yield library.package
    mygrad_cupy.allow_tf32(False)


def operands(
    kind: str = "f4", axes: int = 2, count: int = 3
) -> tuple[Any, Any, Any, tuple[Any, ...]]:
    rng = np.random.default_rng(0)
    shapes = (count, 2, *(7, 5, 4)[:axes]), (4, 2, *(3, 3, 2)[:axes])
    x, w = (cupy.asarray(rng.integers(-2, 3, shape).astype(kind)) for shape in shapes)
    options = (2, 1, 1)[:axes], (1, 0, 1)[:axes], (1, 2, 1)[:axes]
    g = registry["conv_nd"].forward(x, w, *options, xp=without_kernels)
    return x, w, g, options


def calls(x: Any, w: Any, g: Any, options: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    return [
        ("conv_nd", x, w, *options),
        ("conv_input_gradient", g, w, x.shape, *options),
        ("conv_filter_gradient", x, g, w.shape, *options),
    ]


def check(*call: Any) -> None:
    name, *args = call
    got, want = adapter.kernels[name](*args), registry[name].forward(*args, xp=without_kernels)
    assert got.dtype == want.dtype
    assert got.flags.c_contiguous
    np.testing.assert_array_equal(got.get(), want.get(), name)


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
@pytest.mark.parametrize("axes", [1, 2])
def test_graphs_say_what_is_meant(package: Package, kind: str, axes: int) -> None:
    for call in calls(*operands(kind, axes)):
        check(*call)
    assert [g.function for g in package.graphs] == [
        "conv_nd", "conv_input_gradient", "conv_filter_gradient",
    ]  # fmt: skip
    assert {g.compute for g in package.graphs} == {Types.DOUBLE if kind == "f8" else Types.FLOAT}
    assert cudnn.status()["plans"] == 3
    assert cudnn.status()["declined"] == {}


def test_plans_are_made_once_and_the_oldest_go(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cudnn, "_PLANS", 3)
    for _ in range(3):
        for call in calls(*operands()):
            check(*call)
    assert len(package.graphs) == 3
    check(*calls(*operands(count=2))[0])
    assert len(package.graphs) == 4
    assert cudnn.status()["plans"] == 3
    check(*calls(*operands())[2])
    assert len(package.graphs) == 4  # used last, so it stayed
    check(*calls(*operands())[0])
    assert len(package.graphs) == 5


def test_the_stream_is_set_when_it_changes(package: Package) -> None:
    call = calls(*operands())[0]
    for _ in range(2):
        check(*call)
    before = cupy.cuda.get_current_stream().ptr
    assert package.streams == [before]
    with cupy.cuda.Stream(non_blocking=True) as stream:
        check(*call)
        check(*call)
    check(*call)
    assert package.streams == [before, *([stream.ptr, before] if stream.ptr != before else [])]


def test_precision_is_that_of_float32_unless_it_is_allowed_to_be_less(package: Package) -> None:
    x, w, _, options = operands()
    check("conv_nd", x, w, *options)
    mygrad_cupy.allow_tf32(True)
    check("conv_nd", x, w, *options)
    check("conv_nd", x.astype("f2"), w.astype("f2"), *options)
    exact, rounded, half = (set(graph.deselected) for graph in package.graphs)
    assert exact == {*Notes} - {Notes.STRICT_NAN_PROP}
    assert rounded == half == exact - {Notes.TENSOR_CORE}


def test_layouts(package: Package) -> None:
    """Channels last are taken as they are; what is dense in no way, or not aligned, is copied."""
    x, w, _, options = operands()
    last = cupy.moveaxis(cupy.moveaxis(x, 1, -1).copy(), -1, 1)
    unaligned = cupy.empty(x.size + 1, x.dtype)[1:].reshape(x.shape)
    unaligned[...] = x
    reversed_ = cupy.flip(cupy.flip(x).copy())
    spread = cupy.repeat(x, 2, -1)[..., ::2]
    for a in (x, last, unaligned, reversed_, spread):
        check("conv_nd", a, w, *options)
    assert len(package.graphs) == 2
    assert package.graphs[1].operands[0].stride == [70, 1, 10, 2]


def test_what_is_not_for_cudnn(package: Package) -> None:
    x, w, _, options = operands()
    check("conv_nd", x, w.astype("f8"), *options)
    check("conv_nd", x[:0], w, *options)
    check("conv_nd", cupy.ones((1, 1, 2, 2, 2, 2), "f4"), cupy.ones((1, 1, 1, 2, 1, 2), "f4"), 1)
    cudnn.use(False)
    check("conv_nd", x, w, *options)
    assert not package.graphs
    assert not cudnn.status()["enabled"]


def test_a_plan_that_cannot_be_built_is_not_tried_again(package: Package) -> None:
    for _ in range(2):
        for call in calls(*operands(axes=3)):
            check(*call)
    assert len(package.graphs) == 3
    status = cudnn.status()
    assert status["plans"] == 0
    assert list(status["declined"].values()) == ["RuntimeError: no engine for three axes"] * 3


def test_a_package_that_does_not_load_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> int:
        raise RuntimeError("no libcudnn")

    monkeypatch.setattr(cudnn, "_library", cudnn._Library())
    cudnn.use(True)
    monkeypatch.setitem(__import__("sys").modules, "cudnn", SimpleNamespace(backend_version=fails))
    for call in calls(*operands()):
        check(*call)
    assert cudnn.status()["missing"] == "RuntimeError: no libcudnn"
    monkeypatch.setattr(cudnn, "_library", cudnn._Library())
    cudnn.use(True)
    old = SimpleNamespace(backend_version=lambda: 8400)
    monkeypatch.setitem(__import__("sys").modules, "cudnn", old)
    assert cudnn.status()["missing"] == "cuDNN 8400 is older than 8500"


def test_without_a_handle_nothing_else_is_tried(package: Package) -> None:
    def fails() -> Any:
        raise RuntimeError("no driver")

    package.create_handle = fails
    for call in calls(*operands()):
        check(*call)
    status = cudnn.status()
    assert status["missing"] == "RuntimeError: no driver"
    assert len(status["declined"]) == 1


def test_gradients_of_layers(package: Package) -> None:
    """Through tensors, to second order, with graphs for everything."""
    rng = np.random.default_rng(0)
    x, w = (mg.tensor(rng.integers(-2, 3, s).astype("f8")) for s in ((2, 1, 4, 4), (2, 1, 2, 2)))
    y = mg.nnet.layers.conv_nd(x, w, stride=2)
    (y * y).sum().backward(create_graph=True)
    (x.grad * x.grad).sum().backward()
    assert {g.function for g in package.graphs} == {
        "conv_nd", "conv_input_gradient", "conv_filter_gradient",
    }  # fmt: skip
    assert cudnn.status()["declined"] == {}


# --- the real package -----------------------------------------------------------------------------
REAL = ("conv_fprop", "conv_dgrad", "conv_wgrad")


@pytest.fixture
def real() -> Any:
    package = pytest.importorskip("cudnn", reason="nvidia-cudnn-frontend is not installed")
    try:
        package.backend_version()
    except RuntimeError:
        pytest.skip("nvidia-cudnn-frontend is installed without cuDNN")
    return package


def test_the_real_package_has_what_is_called(real: Any) -> None:
    for name in ("create_handle", "set_stream", "backend_version", "pygraph", "heur_mode"):
        assert hasattr(real, name)
    assert {"A", "FALLBACK"} <= real.heur_mode.__members__.keys()
    assert {*cudnn._EXCLUDED, "TENSOR_CORE"} <= real.numerical_note.__members__.keys()
    assert set(cudnn._TYPES.values()) <= real.data_type.__members__.keys()
    steps = (
        "validate build_operation_graph create_execution_plans deselect_numeric_notes "
        "deselect_workspace_greater_than check_support build_plans get_workspace_size execute"
    )
    graph = real.pygraph()
    for name in steps.split():
        assert callable(getattr(graph, name)), name
    signature = inspect.signature(type(graph).execute)
    signature.bind(graph, {}, 0, handle=None)


@pytest.mark.parametrize("operation", REAL)
@pytest.mark.parametrize("char", sorted(cudnn._TYPES))
@pytest.mark.parametrize("axes", [2, 3])
def test_the_real_package_takes_our_graphs(real: Any, operation: str, char: str, axes: int) -> None:
    x, w, g, options = operands(char, axes)
    geometry = Geometry(x.shape, w.shape, *options)
    arrays = {"conv_fprop": (x, w, g), "conv_dgrad": (g, w, x), "conv_wgrad": (x, g, w)}[operation]
    key = cudnn._Key(
        operation,
        tuple(a.shape for a in arrays),
        tuple(cudnn._strides(a) for a in arrays),
        char,
        geometry.padding,
        geometry.stride,
        geometry.dilation,
        False,
        0,
    )
    graph = cudnn.described(real, key, None)
    try:
        graph.validate()
    except Exception as error:
        if "driver" in "".join(traceback.format_exception(error)):
            pytest.skip("this version of nvidia-cudnn-frontend validates with a driver only")
        raise
