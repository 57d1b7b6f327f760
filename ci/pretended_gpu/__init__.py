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

from . import build, versions
from .versions import ABSENT, KNOWN

__all__ = ["KNOWN", "Unsupported", "install", "runtime"]


class Unsupported(RuntimeError):
    """This machine, or this version of CuPy, cannot pretend; the message says why."""


runtime: Any = None
"""The compiled stand-in for CUDA's runtime, once installed: counts, listeners, devices."""


def install(devices: int = 1) -> ModuleType:
    """Put a pretended GPU under CuPy, and import CuPy.

    Parameters
    ----------
    devices
        How many there are; each owns the memory that was allocated on it.

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
    version = versions.cupy_version()
    if version is None:
        raise Unsupported("CuPy is not installed (pip install cupy-cuda13x)")
    minor = ".".join(version.split(".")[:2])
    if minor not in KNOWN:
        raise Unsupported(f"CuPy {version} is not known here, {', '.join(KNOWN)} are")
    missing = build.missing_tools()
    if missing:
        raise Unsupported(f"needs {', '.join(missing)} to compile")
    folder = build.build_runtime()
    runtime = build.load_runtime(folder)
    runtime.set_devices(devices)
    runtime.set_version(versions.cuda_version())
    # Accelerated reductions are compiled into CuPy; `host_routines` has NumPy do them.
    os.environ["CUPY_ACCELERATORS"] = ""
    os.environ["CUPY_CACHE_DIR"] = str(folder / "cupy-cache")
    versions.before_import(build.LIBRARIES)
    _replace_modules(ABSENT[minor])
    from . import host_routines, kernels

    kernels.install(runtime)
    host_routines.install(runtime)
    return import_module("cupy")


def _replace_modules(absent: set[str]) -> None:
    names = ("api.runtime", "api.driver", "libs.nvrtc")
    modules: Any = {n: import_module(f"cupy_backends.cuda.{n}") for n in names}
    missing = [name for n in names for name in runtime.install(n, modules[n].__pyx_capi__)]
    if set(missing) != absent:
        raise Unsupported(f"CuPy's modules have no {missing}, and {sorted(absent)} were expected")
    # Python code calls the modules' own functions, not the capsules.
    api = modules["api.runtime"]
    api._ensure_context = lambda: None
    api.getDeviceCount = runtime.device_count
    api.getDevice = runtime.current_device
    api.setDevice = runtime.select_device
    api.driverGetVersion = api.runtimeGetVersion = versions.cuda_version
    api.deviceGetAttribute = runtime.device_attribute
    api.getDeviceProperties = runtime.device_properties
    api.streamSynchronize = runtime.synchronize_stream
    api.deviceSynchronize = runtime.synchronize_device
