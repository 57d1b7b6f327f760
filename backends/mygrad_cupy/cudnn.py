"""Convolution by cuDNN, where NVIDIA's Python package for it is installed.

Install it by ``pip install 'mygrad[cudnn]'``. It is asked first; where it is missing, or has no
plan for a call, the kernels of `mygrad_cupy.convolution` do the work, without a warning: `status`
tells which and why. ``use(False)``, or the environment variable ``MYGRAD_CUDNN=0``, turns it off.

A graph of one operation is built once for each combination of operation, shapes, strides, dtype,
filter movement, precision and device; building takes milliseconds, a call microseconds. The
plans that were used last are kept. The workspace comes from CuPy's memory pool.

Plans have to do what our kernels do: float32 is not rounded to TF32 unless `allow_tf32` says so,
sums of float16 are taken in float32, results do not change from run to run, and each result
depends on its own window only, which excludes FFT and Winograd's method. One thing may differ:
whether zeros of the padding are multiplied with filters that are not finite, which makes NaN.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from math import prod
from typing import Any, NamedTuple

import cupy

from mygrad.arrays.sliding import Geometry
from mygrad_cupy.gemm import tf32_allowed

__all__ = ["convolved", "status", "use"]

_PLANS = 512
_WORKSPACE = 1 << 30
_ALIGNED = 16  # bytes: plans may load so many at once
_OLDEST = 8500  # the oldest cuDNN that the package works with
_FIRST, _SECOND, _RESULT = 1, 2, 3  # names of the three arrays of a graph

_OPERANDS = {
    "conv_fprop": ("image", "weight"),
    "conv_dgrad": ("loss", "filter"),
    "conv_wgrad": ("image", "loss"),
}
"""By operation of cuDNN, what it calls its operands."""

_EXCLUDED = (
    "DOWN_CONVERT_INPUTS", "REDUCED_PRECISION_REDUCTION", "NONDETERMINISTIC", "FFT", "WINOGRAD",
    "WINOGRAD_TILE_4x4", "WINOGRAD_TILE_6x6", "WINOGRAD_TILE_13x13",
)  # fmt: skip
_TYPES = {"e": "HALF", "f": "FLOAT", "d": "DOUBLE"}


class _Key(NamedTuple):
    """What a plan is made for: shapes and strides of the operands and of the result."""

    operation: str
    shapes: tuple[tuple[int, ...], ...]
    strides: tuple[tuple[int, ...], ...]
    char: str
    padding: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    tf32: bool
    device: int


class _Plan(NamedTuple):
    graph: Any
    workspace: int


class _Library:
    """The package, if it works here, and the plans that were made with it."""

    def __init__(self) -> None:
        self.enabled = os.environ.get("MYGRAD_CUDNN", "1") != "0"
        self.package: Any = None
        self.missing: str | None = None
        self.plans: OrderedDict[_Key, _Plan | str] = OrderedDict()
        self.lock = threading.RLock()
        self.handles: dict[int, tuple[Any, list[int]]] = {}  # with the stream that is set

    def works(self) -> bool:
        """Whether to ask cuDNN; looks for it the first time."""
        if self.package is None and self.missing is None and self.enabled:
            with self.lock:
                self._load()
        return self.enabled and self.package is not None

    def _load(self) -> None:
        try:
            import cudnn

            version = cudnn.backend_version()
        except Exception as error:  # the package finds the libraries itself, in many ways
            self.missing = f"{type(error).__name__}: {error}"
            return
        if version < _OLDEST:
            self.missing = f"cuDNN {version} is older than {_OLDEST}"
        else:
            self.package = cudnn

    def run(self, key: _Key, pointers: dict[int, int]) -> bool:
        """Do what the key says on arrays at these addresses; False if there is no plan for it.

        Any reason will do not to have one, and is remembered: our kernels do the work then, or
        say what is wrong with the device.
        """
        with self.lock:  # neither handles nor graphs serve two threads at once
            found = self.plans.get(key)
            if not isinstance(found, str):
                try:
                    handle = self._handle(key.device)
                    found = found or self._built(key, handle)
                    workspace = cupy.cuda.alloc(max(found.workspace, 1))
                    found.graph.execute(pointers, workspace.ptr, handle=handle)
                except Exception as error:
                    found = f"{type(error).__name__}: {error}"
            self.plans[key] = found
            self.plans.move_to_end(key)
            while len(self.plans) > _PLANS:
                self.plans.popitem(last=False)
        return not isinstance(found, str)

    def _handle(self, device: int) -> Any:
        """The handle of this device, set to CuPy's current stream."""
        if device not in self.handles:
            try:
                with cupy.cuda.Device(device):
                    self.handles[device] = self.package.create_handle(), []
            except Exception as error:
                self.package, self.missing = None, f"{type(error).__name__}: {error}"
                raise
        handle, streams = self.handles[device]
        stream = cupy.cuda.get_current_stream().ptr
        if streams != [stream]:  # setting it takes as long as launching a kernel
            self.package.set_stream(handle=handle, stream=stream)
            streams[:] = [stream]
        return handle

    def _built(self, key: _Key, handle: Any) -> _Plan:
        package = self.package
        graph = described(package, key, handle)
        graph.validate()
        graph.build_operation_graph()
        graph.create_execution_plans([package.heur_mode.A, package.heur_mode.FALLBACK])
        excluded = set(_EXCLUDED)
        if key.char == "f" and not key.tf32:
            excluded.add("TENSOR_CORE")  # which for float32 means TF32
        notes = package.numerical_note.__members__
        graph.deselect_numeric_notes([note for name, note in notes.items() if name in excluded])
        graph.deselect_workspace_greater_than(_WORKSPACE)
        graph.check_support()
        graph.build_plans()
        return _Plan(graph, graph.get_workspace_size())


def described(package: Any, key: _Key, handle: Any) -> Any:
    """The graph for a key: one convolution, nothing decided yet."""
    own = package.data_type.__members__[_TYPES[key.char]]
    wide = package.data_type.DOUBLE if key.char == "d" else package.data_type.FLOAT
    graph = package.pygraph(
        name=key.operation,
        io_data_type=own,
        intermediate_data_type=wide,
        compute_data_type=wide,
        handle=handle,
    )
    operands = {
        name: graph.tensor(
            name=name, dim=list(shape), stride=list(strides), data_type=own, uid=uid
        )
        for name, uid, shape, strides in zip(
            _OPERANDS[key.operation], (_FIRST, _SECOND), key.shapes, key.strides, strict=False
        )
    }  # fmt: skip
    convolution = getattr(graph, key.operation)(
        **operands,
        padding=list(key.padding),
        stride=list(key.stride),
        dilation=list(key.dilation),
        compute_data_type=wide,
        name=key.operation,
    )
    convolution.set_output(True).set_data_type(own).set_uid(_RESULT)
    convolution.set_dim(list(key.shapes[2])).set_stride(list(key.strides[2]))
    return graph


_library = _Library()


def use(enabled: bool) -> None:
    """Say whether cuDNN is asked, where it is installed; it is at first.

    Parameters
    ----------
    enabled
        False leaves all convolutions to the kernels of this package.

    Examples
    --------
    >>> from mygrad_cupy import cudnn  # doctest: +SKIP
    >>> cudnn.use(False)  # doctest: +SKIP
    """
    _library.enabled = bool(enabled)


def status() -> dict[str, Any]:
    """What cuDNN does for convolutions in this process.

    Returns
    -------
    dict
        ``"enabled"``: whether it is asked. ``"version"``: that of cuDNN, or None. ``"missing"``:
        why it cannot be used, or None. ``"plans"``: how many calls of different shapes and
        options it has plans for. ``"declined"``: by operation, shapes, dtype and so on, why there
        is none; these are left to the kernels of this package.

    Examples
    --------
    >>> from mygrad_cupy import cudnn  # doctest: +SKIP
    >>> cudnn.status()["missing"]  # doctest: +SKIP
    """
    _library.works()
    package = _library.package
    with _library.lock:
        declined = {str(k): p for k, p in _library.plans.items() if isinstance(p, str)}
        return {
            "enabled": _library.enabled,
            "version": None if package is None else package.backend_version(),
            "missing": _library.missing,
            "plans": len(_library.plans) - len(declined),
            "declined": declined,
        }


def convolved(operation: str, a: Any, b: Any, shape: Any, geometry: Geometry) -> Any:
    """A convolution or one of its gradients by cuDNN, or None if it is not for cuDNN.

    Parameters
    ----------
    operation
        "conv_fprop" of an input and filters, "conv_dgrad" of an adjoint and filters, or
        "conv_wgrad" of an input and an adjoint.
    a, b
        The operands: not empty.
    shape
        The shape of the result.
    geometry
        How the filters move.

    Returns
    -------
    array or None
        The result, C-contiguous.
    """
    axes = len(geometry.filter)
    if axes > 3 or a.dtype != b.dtype or a.dtype.char not in _TYPES or not _library.works():
        return None
    out = cupy.empty(shape, a.dtype)
    moved = geometry.padding, geometry.stride, geometry.dilation
    arrays = [_laid_out(a), _laid_out(b), out]
    if axes == 1:  # an image of one row, for which there are more plans
        arrays = [array[:, :, None] for array in arrays]
        moved = (0, *moved[0]), (1, *moved[1]), (1, *moved[2])
    key = _Key(
        operation,
        tuple(array.shape for array in arrays),
        tuple(_strides(array) for array in arrays),
        a.dtype.char,
        *moved,
        tf32_allowed(),
        a.device.id,
    )
    names = _FIRST, _SECOND, _RESULT
    addresses = {name: array.data.ptr for name, array in zip(names, arrays, strict=True)}
    return out if _library.run(key, addresses) else None


def _laid_out(a: Any) -> Any:
    """The array, or a copy if it is neither C-contiguous nor has channels last, or not aligned."""
    dense = a.flags.c_contiguous or cupy.moveaxis(a, 1, -1).flags.c_contiguous
    return a if dense and a.data.ptr % _ALIGNED == 0 else cupy.array(a, order="C")


def _strides(a: Any) -> tuple[int, ...]:
    """Strides in elements; along axes of length 1 as if the array were C-contiguous."""
    strides = [step // a.itemsize for step in a.strides]
    for axis in reversed(range(a.ndim)):
        if a.shape[axis] == 1:
            strides[axis] = prod(a.shape[axis + 1 :])
    return tuple(strides)
