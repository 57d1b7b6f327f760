"""Compiling the stand-ins for CUDA's runtime and libraries; kept until a source changes."""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["build_headers", "build_runtime", "compile_kernel", "load_runtime", "missing_tools"]

HERE = Path(__file__).resolve().parent
LIBRARIES = ("cublas", "curand", "cusparse")
GEMM = re.compile(r"^(cublasGemmEx|cublasGemmStridedBatchedEx|cublas[SDCZ]gemmBatched)$")
NOT_SUPPORTED = 15
"""What cuBLAS returns of a function that it does not have."""
COMPUTES = re.compile(r"^cublas(?!Create|Destroy|Get|Set)")
CFLAGS = ("-O1", "-shared", "-fPIC", "-w")
# What a kernel costs is what g++ costs to start: flags and headers are chosen for that. Static
# variables of templates are shared memory, which no two kernels may share: hence no-gnu-unique.
CXXFLAGS = (
    "-std=gnu++17", "-O0", "-fPIC", "-w", "-fno-gnu-unique", "-fno-exceptions", "-fno-rtti",
    "-fno-threadsafe-statics", "-fno-asynchronous-unwind-tables",
)  # fmt: skip


def missing_tools() -> list[str]:
    """What is not on this machine and is needed."""
    missing = [tool for tool in ("gcc", "g++", "ld", "nm", "readelf") if shutil.which(tool) is None]
    if not Path(sysconfig.get_paths()["include"], "Python.h").exists():
        missing.append("Python's headers")
    return missing


def _site(package: str) -> Path:
    found = importlib.util.find_spec(package)
    assert found is not None and found.origin is not None
    return Path(found.origin).parent


def _includes() -> list[str]:
    return [f"-I{HERE / 'include'}", f"-I{_site('cupy') / '_core' / 'include'}"]


def _kept_in(kind: str, sources: Iterable[Path], *more: object) -> Path:
    """A folder for what is compiled, of its own for each state of the sources."""
    state = hashlib.sha1("\n".join(map(str, (*more, _run("g++", "--version")))).encode())
    for path in sorted(sources):
        state.update(path.name.encode() + path.read_bytes())
    base = os.environ.get("PRETENDED_GPU_CACHE") or Path.home() / ".cache" / "pretended-gpu"
    return Path(base) / f"{kind}-{state.hexdigest()[:16]}"


@contextmanager
def _made_once(folder: Path) -> Iterator[Path | None]:
    """A folder to fill, which becomes `folder` when it is full; None if that is there already."""
    if folder.exists():
        yield None
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        yield part
        with suppress(OSError):  # another process was faster
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _run(*command: str | Path, **options: Any) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, **options
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def _stubs(library: str, module: Path) -> str:
    """The functions of a library that CuPy's module of that name wants.

    Those of cuBLAS that would compute something say that they do not, lest memory that nobody has
    written to is taken for a result.
    """
    symbols = _run("nm", "-D", "--undefined-only", module).split()
    names = {symbol.partition("@")[0] for symbol in symbols if symbol.startswith(library)}
    return "".join(
        f"int {name}(void) {{ return {NOT_SUPPORTED if COMPUTES.match(name) else 0}; }}\n"
        for name in sorted(names)
        if not GEMM.match(name)
    )


def build_runtime() -> Path:
    """The folder of the stand-ins for CUDA's runtime and libraries."""
    modules = {n: next(_site("cupy_backends").glob(f"cuda/libs/{n}.*.so")) for n in LIBRARIES}
    folder = _kept_in(
        "runtime", HERE.glob("*.[ch]"), CFLAGS, NOT_SUPPORTED, sys.version, *modules.values()
    )
    with _made_once(folder) as part:
        if part is None:
            return folder
        for library, module in modules.items():
            (part / f"{library}.c").write_text(_stubs(library, module))
            sources = [part / f"{library}.c", *([HERE / "gemm.c"] if library == "cublas" else [])]
            wanted = re.search(rf"\[(lib{library}\.so\.\d+)\]", _run("readelf", "-d", module))
            assert wanted is not None
            soname = f"-Wl,-soname,{wanted[1]}"
            _run("gcc", *CFLAGS, "-O2", soname, *sources, "-o", part / f"lib{library}.so")
        sources = [HERE / "runtime.c", HERE / "threads.c"]
        python = f"-I{sysconfig.get_paths()['include']}"
        _run("gcc", *CFLAGS, python, *sources, "-o", part / "pretended_cuda.so")
    return folder


def load_runtime(folder: Path) -> Any:
    """The stand-in for the runtime; its symbols, and those of the libraries, are for all to see."""
    path = folder / "pretended_cuda.so"
    spec = importlib.util.spec_from_file_location("pretended_cuda", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for each in (path, *(folder / f"lib{library}.so" for library in LIBRARIES)):
        ctypes.CDLL(str(each), mode=ctypes.RTLD_GLOBAL)
    return module


def build_headers() -> Path:
    """The folder of the compiled headers, and of the kernels that were compiled with them."""
    theirs = _site("cupy") / "_core" / "include" / "cupy"
    headers = [*(HERE / "include").rglob("*.h"), *theirs.glob("*.*h"), *theirs.glob("complex/*.h")]
    folder = _kept_in("kernels", headers, CXXFLAGS)
    with _made_once(folder) as part:
        if part is not None:
            header = shutil.copy(HERE / "include" / "cuda_on_cpu.h", part)
            _run("g++", *CXXFLAGS, *_includes(), "-x", "c++-header", header, "-o", f"{header}.gch")
    return folder


@cache
def _libgcc() -> str:
    return _run("gcc", "-print-libgcc-file-name").strip()


def compile_kernel(folder: Path, source: str, options: Sequence[str] = ()) -> Path:
    """CUDA C++, rewritten for the processor, as a library, which is kept in the folder."""
    key = hashlib.sha1(f"{source}{options}".encode()).hexdigest()
    library = folder / f"{key}.so"
    if library.exists():
        return library
    with tempfile.TemporaryDirectory(dir=folder) as part:
        compiled, linked = Path(part, "kernel.o"), Path(part, "kernel.so")
        header = folder / "cuda_on_cpu.h"
        _run("g++", *CXXFLAGS, *_includes(), *options, "-include", header, "-c", "-x", "c++", "-",
             "-o", compiled, input=source)  # fmt: skip
        # g++ would take as long to call the linker as to compile the kernel.
        _run("ld", "-shared", "-Bsymbolic", compiled, _libgcc(), "-o", linked)
        linked.replace(library)
    return library
