"""CuPy's generated kernels, compiled for the processor.

An elementwise kernel is a loop over all elements that a grid of threads shares: one thread runs it
whole. A reduction with a tree in shared memory is made one thread's, too. All threads of another
kernel run, one after another; where they synchronize, those of a block have a fiber each.
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

BOUNDS = r"(?:__launch_bounds__\([^)]*\)\s*)?"
KERNEL = re.compile(
    rf'(template\s*<[^>]*>\s*)?(extern "C"\s+)?__global__\s+{BOUNDS}void\s+{BOUNDS}(\w+)'
)
C_BLOCK = re.compile(r'extern "C"\s*\{')
TREE = re.compile(r"__shared__ char _sdata_raw\[(\d+) \* sizeof")
BARRIER = re.compile(r"__(syncthreads|syncwarp|shfl|ballot_sync|any_sync|all_sync)")
DYNAMIC = re.compile(r"extern\s+__shared__\s+([^\[;]+?)(\w+)\s*\[\s*\]\s*;")
HEADERS = ("complex.cuh", "carray.cuh", "atomics.cuh", "math_constants.h")


class Kernels:
    """The sources that CuPy asked to have compiled, and what became of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources: dict[str, tuple[str, list[str], list[str]]] = {}
        self.libraries: dict[str, ctypes.CDLL] = {}

    def compile_module(
        self, source: str, options: Sequence[str] = (), *_: Any, **named: Any
    ) -> Any:
        """In the place of `cupy.cuda.compiler._compile_module_with_cache`."""
        from cupy.cuda import function

        defines = [option for option in options if option.startswith("-D")]
        instances = list(named.get("name_expressions") or ())  # of templates
        key = hashlib.sha1(f"{source}{defines}{instances}".encode()).hexdigest()
        self.sources[key] = source, defines, c_kernels(source) + instances
        module = function.Module()
        module.load(key.encode())
        if instances:
            module._set_mapping({name: name for name in instances})
        return module

    def resolve(self, key: bytes, name: str) -> tuple[int, str]:
        """The address of a kernel, and how to run it (see `run_kernel` in threads.h)."""
        source, defines, names = self.sources[key.decode()]
        text, mode = for_the_processor(source)
        if key.decode() not in self.libraries:
            entries = "".join(
                f'extern "C" void cpu_entry_{k}(void **a, CpuSeen seen) {{\n'
                f"    cpu_unpack({each}, a, seen);\n}}\n"
                for k, each in enumerate(names)
            )
            library = build.compile_kernel(self.folder, f"{text}\n{entries}", defines)
            self.libraries[key.decode()] = ctypes.CDLL(str(library))
        entry = getattr(self.libraries[key.decode()], f"cpu_entry_{names.index(name)}")
        address = ctypes.cast(entry, ctypes.c_void_p).value
        assert address is not None
        return address, mode


def c_kernels(source: str) -> list[str]:
    """The kernels that a source has by plain names."""
    block = C_BLOCK.search(source) is not None
    return [name for template, c, name in KERNEL.findall(source) if c or (block and not template)]


def for_the_processor(source: str) -> tuple[str, str]:
    """A kernel's source as C++, and which threads run it: one ("1"), all, or all in fibers."""
    text = source
    for header in HEADERS:  # they are compiled already
        text = text.replace(f"#include <cupy/{header}>\n", "")
    text = DYNAMIC.sub(r"static \1*const \2 = (\1*)cpu_dynamic_shared;", text)
    tree = TREE.search(source)
    if tree is None:
        if BARRIER.search(source):
            return text, "fibers"
        alone = "CUPY_FOR(" in source and "threadIdx" not in source and "blockIdx" not in source
        alone = alone and "return;" not in source  # which ends a thread, and not what others do
        return text, "1" if alone else "all"
    threads = tree[1]
    text = text.replace(f"_sdata_raw[{threads} *", "_sdata_raw[1 *")
    text = text.replace(f"= {threads} >> __popc", "= 1 >> __popc")
    text = text.replace(f"_block = {threads} / 2", "_block = 1 / 2")
    first = "unsigned int _tid = threadIdx.x;"
    return text.replace(first, f"{first} const_cast<int&>(_block_stride) = 1;"), "1"


def install(runtime: Any) -> None:
    """Have CuPy's compiler, and the stand-in for the driver, come here."""
    from cupy.cuda import compiler

    kernels = Kernels(build.build_headers())
    compiler._compile_module_with_cache = kernels.compile_module
    compiler._nvrtc_version = runtime.version() // 1000, 0  # there is no NVRTC to ask
    runtime.set_resolver(kernels.resolve)
