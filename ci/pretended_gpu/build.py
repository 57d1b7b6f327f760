"""Compiling the stand-ins for CUDA's runtime and libraries; kept until a source changes."""

from __future__ import annotations

import ctypes
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["build", "compile_kernel", "cupy_version", "load", "missing_tools"]

HERE = Path(__file__).resolve().parent
LIBRARIES = {"cublas": 13, "curand": 10, "cusolver": 12, "cusparse": 12}
GEMM = re.compile(r"^(cublasGemmEx|cublasGemmStridedBatchedEx|cublas[SDCZ]gemmBatched)$")
CFLAGS = ("-O1", "-shared", "-fPIC", "-w")
CXXFLAGS = ("-std=gnu++17", "-O0", "-fPIC", "-w")


def cupy_version() -> str | None:
    """The version of the installed CuPy, found without importing it."""
    for name in ("cupy-cuda13x", "cupy-cuda12x", "cupy"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def missing_tools() -> list[str]:
    """What is not on this machine and is needed."""
    missing = [tool for tool in ("gcc", "g++", "nm") if shutil.which(tool) is None]
    if not Path(sysconfig.get_paths()["include"], "Python.h").exists():
        missing.append("Python's headers")
    return missing


def _site(package: str) -> Path:
    found = importlib.util.find_spec(package)
    assert found is not None and found.origin is not None
    return Path(found.origin).parent


def _cupy_headers() -> Path:
    return _site("cupy") / "_core" / "include"


def _kept_in() -> Path:
    """A folder for what is compiled, of its own for each state of the sources."""
    sources = sorted(p for p in HERE.rglob("*") if p.suffix in (".c", ".h", ".py"))
    state = hashlib.sha1(b"".join(p.read_bytes() for p in sources))
    state.update(f"{cupy_version()} {sys.version}".encode())
    base = os.environ.get("PRETENDED_GPU_CACHE") or Path.home() / ".cache" / "pretended-gpu"
    return Path(base) / state.hexdigest()[:16]


def _run(*command: str | Path, **options: Any) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, **options
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def _stubs(library: str) -> Iterator[str]:
    """The functions of a library that CuPy's module of that name wants."""
    (module,) = _site("cupy_backends").glob(f"cuda/libs/{library}.*.so")
    for line in _run("nm", "-D", "--undefined-only", module).splitlines():
        name = line.split()[-1].partition("@")[0]
        if name.startswith(library) and not GEMM.match(name):
            yield f"int {name}(void) {{ return 0; }}"


def build() -> Path:
    """Compile what is not compiled yet; returns the folder."""
    folder = _kept_in()
    if (folder / "done").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for library, number in LIBRARIES.items():
        stubs = folder / f"{library}.c"
        stubs.write_text("\n".join(sorted(set(_stubs(library)))) + "\n")
        sources = [stubs, HERE / "gemm.c"] if library == "cublas" else [stubs]
        name = f"lib{library}.so.{number}"
        _run("gcc", *CFLAGS, "-O2", f"-Wl,-soname,{name}", *sources, "-o", folder / name)
    include = f"-I{sysconfig.get_paths()['include']}"
    _run("gcc", *CFLAGS, include, HERE / "runtime.c", "-o", folder / "pretended_cuda.so")
    shutil.copy(HERE / "include" / "cuda_on_cpu.h", folder / "cuda_on_cpu.h")
    _run(
        "g++", *CXXFLAGS, "-x", "c++-header", folder / "cuda_on_cpu.h",
        "-o", folder / "cuda_on_cpu.h.gch", f"-I{HERE / 'include'}", f"-I{_cupy_headers()}",
    )  # fmt: skip
    (folder / "kernels").mkdir(exist_ok=True)
    (folder / "done").touch()
    return folder


def load(folder: Path) -> Any:
    """The stand-in for the runtime; its symbols, and those of the libraries, are for all to see."""
    path = folder / "pretended_cuda.so"
    spec = importlib.util.spec_from_file_location("pretended_cuda", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    libraries = [folder / f"lib{library}.so.{number}" for library, number in LIBRARIES.items()]
    for each in (path, *libraries):
        ctypes.CDLL(str(each), mode=ctypes.RTLD_GLOBAL)
    return module


def compile_kernel(folder: Path, source: str, options: list[str], target: Path) -> None:
    """Compile CUDA C++, rewritten for the processor, to a library."""
    part = target.with_suffix(f".{os.getpid()}")  # another process may compile the same
    _run(
        "g++", *CXXFLAGS, "-shared", "-x", "c++", "-include", folder / "cuda_on_cpu.h",
        f"-I{HERE / 'include'}", f"-I{_cupy_headers()}", *options, "-", "-o", part,
        input=source,
    )  # fmt: skip
    part.replace(target)
