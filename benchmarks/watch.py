"""Counting what is asked of a real GPU, under the names that the pretended one has for it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from importlib import import_module
from typing import Any

__all__ = ["Watch"]

SIZE, PLACE, INT, UNSIGNED = ctypes.c_size_t, ctypes.c_ssize_t, ctypes.c_int, ctypes.c_uint
NOTHING = ctypes.py_object
COPIES = {0: "on_host", 1: "to_device", 2: "to_host", 3: "on_device", 4: "on_device"}
# module, function -> what it returns, what it takes, the event of a call
WATCHED: dict[tuple[str, str], tuple[Any, list[Any], Callable[..., str]]] = {
    ("driver", "launchKernel"): (
        NOTHING, [PLACE, *[UNSIGNED] * 7, PLACE, PLACE, PLACE, INT], lambda *a: "launch"
    ),
    ("runtime", "malloc"): (PLACE, [SIZE, INT], lambda *a: "allocate"),
    ("runtime", "memcpy"): (NOTHING, [PLACE, PLACE, SIZE, INT, INT], lambda *a: COPIES[a[3]]),
    ("runtime", "memcpyAsync"): (
        NOTHING, [PLACE, PLACE, SIZE, INT, PLACE, INT], lambda *a: COPIES[a[3]]
    ),
    ("runtime", "memset"): (NOTHING, [PLACE, INT, SIZE, INT], lambda *a: "fill"),
    ("runtime", "memsetAsync"): (NOTHING, [PLACE, INT, SIZE, PLACE, INT], lambda *a: "fill"),
    ("runtime", "deviceSynchronize"): (NOTHING, [INT], lambda *a: "synchronize"),
    ("runtime", "streamSynchronize"): (NOTHING, [PLACE, INT], lambda *a: "synchronize"),
    ("runtime", "eventSynchronize"): (NOTHING, [PLACE, INT], lambda *a: "synchronize"),
}  # fmt: skip


class Watch:
    """Tells a listener of launches, copies and so on; has to be made before CuPy is imported.

    CuPy's compiled modules take the functions of CUDA from capsules; a function that tells and
    then calls is put into each. What libraries launch by themselves (cuBLAS, CUB) goes unseen, and
    an error of CUDA ends the process.
    """

    def __init__(self) -> None:
        self._listener: Callable[[str, str, int], None] | None = None
        self._kept: list[Any] = []
        api = ctypes.pythonapi
        api.PyCapsule_GetName.restype, api.PyCapsule_GetName.argtypes = ctypes.c_char_p, [NOTHING]
        api.PyCapsule_GetPointer.restype = ctypes.c_void_p
        api.PyCapsule_GetPointer.argtypes = [NOTHING, ctypes.c_char_p]
        api.PyCapsule_New.restype = NOTHING
        api.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        for (module, name), (returned, taken, event) in WATCHED.items():
            capsules = vars(import_module(f"cupy_backends.cuda.api.{module}"))["__pyx_capi__"]
            signature = api.PyCapsule_GetName(capsules[name])
            prototype = ctypes.PYFUNCTYPE(returned, *taken)
            theirs = prototype(api.PyCapsule_GetPointer(capsules[name], signature))
            ours = prototype(self._telling(name, theirs, event))
            self._kept += [signature, theirs, ours]
            address = ctypes.cast(ours, ctypes.c_void_p)
            capsules[name] = api.PyCapsule_New(address, signature, None)

    def _telling(self, name: str, theirs: Any, event: Callable[..., str]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if self._listener is not None:
                self._listener(event(*arguments), name, 0)
            return theirs(*arguments)

        return call

    def set_listener(self, listener: Callable[[str, str, int], None] | None) -> None:
        """Name what is called with each event, as the pretended device's `set_listener`."""
        self._listener = listener
