"""Real, unmodified CuPy on a machine without a GPU, for tests.

``install()`` has to run before CuPy is imported. From then on device memory is host memory, and the
kernels that CuPy generates are compiled by g++ and run on the processor. CuPy's memory pool,
argument checks, dtype rules, views, dispatch, reductions and errors are its own code. What is
replaced, and what this cannot show, is said in docs/pretended-gpu.md.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType
from typing import Any

from . import build

__all__ = ["KNOWN", "Unsupported", "install", "runtime"]

KNOWN = ("14.2",)
"""The versions of CuPy (major.minor) whose internals are known here."""


class Unsupported(RuntimeError):
    """This machine, or this version of CuPy, cannot pretend; the message says why."""


runtime: Any = None
"""The compiled stand-in for CUDA's runtime, once installed: counts, listeners, devices."""


def install(devices: int = 1) -> ModuleType:
    """Put a pretended GPU under CuPy, and import CuPy.

    Parameters
    ----------
    devices
        How many there are; all of them are the same host memory.

    Returns
    -------
    module
        CuPy.

    Raises
    ------
    Unsupported
        There is no CuPy, it is of another version, or there is no compiler.
    """
    global runtime
    if runtime is not None:
        runtime.set_devices(devices)
        return import_module("cupy")
    version = build.cupy_version()
    if version is None:
        raise Unsupported("CuPy is not installed (pip install cupy-cuda13x)")
    if not version.startswith(KNOWN):
        raise Unsupported(f"CuPy {version} is not known here, {', '.join(KNOWN)} are")
    missing = build.missing_tools()
    if missing:
        raise Unsupported(f"needs {', '.join(missing)} to compile")
    folder = build.build()
    runtime = build.load(folder)
    runtime.set_devices(devices)
    # Accelerated reductions are compiled into CuPy; `host_routines` has NumPy do them.
    os.environ["CUPY_ACCELERATORS"] = ""
    os.environ["CUPY_CACHE_DIR"] = str(folder / "cupy-cache")
    _no_library_search()
    _replace_modules()
    from . import host_routines, kernels

    kernels.install(runtime, folder)
    host_routines.install(runtime)
    return import_module("cupy")


def _no_library_search() -> None:
    """CuPy 14 looks for CUDA's libraries with a finder of NVIDIA's; they are loaded already."""
    finder: Any = import_module("cuda.pathfinder")
    finder.load_nvidia_dynamic_lib = lambda *args, **kwargs: None


def _replace_modules() -> None:
    names = ("runtime", "driver")
    modules: Any = {n: import_module(f"cupy_backends.cuda.api.{n}") for n in names}
    for name, module in modules.items():
        runtime.install(name, module.__pyx_capi__)
    # Python code calls the modules' own functions, not the capsules.
    api = modules["runtime"]
    api._ensure_context = lambda: None
    api.getDeviceCount = runtime.device_count
    api.getDevice = runtime.current_device
    api.setDevice = runtime.select_device
    api.driverGetVersion = api.runtimeGetVersion = lambda: 13000
    api.deviceGetAttribute = runtime.device_attribute
    api.getDeviceProperties = runtime.device_properties
    api.streamSynchronize = runtime.synchronize_stream
    api.deviceSynchronize = runtime.synchronize_device


