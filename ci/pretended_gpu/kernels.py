"""CuPy's generated kernels, compiled for the processor.

An elementwise kernel is a loop over all elements that a grid of threads shares: one thread runs it
whole. A reduction with a tree in shared memory is made one thread's, too. Other kernels that
synchronize get one fiber for each thread of a block.
"""

from __future__ import annotations

import ctypes
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import build

__all__ = ["install"]

KERNEL = re.compile(r'extern "C"\s+__global__\s+void\s+(?:__launch_bounds__\([^)]*\)\s*)?(\w+)')
TREE = re.compile(r"__shared__ char _sdata_raw\[(\d+) \* sizeof")
BARRIER = re.compile(r"__syncthreads|__syncwarp|__shfl")
DYNAMIC = re.compile(r"extern\s+__shared__\s+([^\[;]+)\[\];")
HEADERS = ("complex.cuh", "carray.cuh", "atomics.cuh", "math_constants.h")


class Kernels:
    """The sources that CuPy asked to have compiled, and what became of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources: dict[str, tuple[str, list[str]]] = {}
        self.libraries: dict[str, ctypes.CDLL] = {}

    def compile_module(
        self, source: str, options: Sequence[str] = (), *_: Any, **named: Any
    ) -> Any:
        """In the place of `cupy.cuda.compiler._compile_module_with_cache`."""
        from cupy.cuda import function

        defines = [option for option in options if option.startswith("-D")]
        key = hashlib.sha1(f"{source}{defines}".encode()).hexdigest()
        self.sources[key] = source, defines
        module = function.Module()
        module.load(key.encode())
        expressions = named.get("name_expressions")
        if expressions:
            module._set_mapping({name: name for name in expressions})
        return module

    def resolve(self, key: bytes, name: str) -> tuple[int, str]:
        """The address of a kernel, and how to run it (see `run_kernel` in runtime.c)."""
        source, defines = self.sources[key.decode()]
        text, mode = on_one_thread(source)
        library = self.folder / "kernels" / f"{key.decode()}.so"
        if not library.exists():
            entries = "\n".join(
                f'extern "C" void cpu_entry_{n}(void **a) {{ cpu_unpack({n}, a); }}'
                for n in KERNEL.findall(source)
            )
            build.compile_kernel(self.folder, f"{text}\n{entries}", defines, library)
        if key.decode() not in self.libraries:
            self.libraries[key.decode()] = ctypes.CDLL(str(library))
        entry = getattr(self.libraries[key.decode()], f"cpu_entry_{name}")
        address = ctypes.cast(entry, ctypes.c_void_p).value
        assert address is not None
        return address, mode


def on_one_thread(source: str) -> tuple[str, str]:
    """A kernel's source as C++, and "s" if one thread runs all of it, "f" if all threads do."""
    text = source
    for header in HEADERS:  # they are compiled already
        text = text.replace(f"#include <cupy/{header}>\n", "")
    text = DYNAMIC.sub(r"static \1[8192];", text)
    tree = TREE.search(source)
    if tree is None:
        return text, "f" if BARRIER.search(source) else "s"
    threads = tree[1]
    text = text.replace(f"_sdata_raw[{threads} *", "_sdata_raw[1 *")
    text = text.replace(f"= {threads} >> __popc", "= 1 >> __popc")
    text = text.replace(f"_block = {threads} / 2", "_block = 1 / 2")
    first = "unsigned int _tid = threadIdx.x;"
    return text.replace(first, f"{first} const_cast<int&>(_block_stride) = 1;"), "s"


def install(runtime: Any, folder: Path) -> None:
    """Have CuPy's compiler, and the stand-in for the driver, come here."""
    from cupy.cuda import compiler

    kernels = Kernels(folder)
    compiler._compile_module_with_cache = kernels.compile_module
    runtime.set_resolver(kernels.resolve)
