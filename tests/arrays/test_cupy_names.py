"""Without a GPU: what the CuPy adapter calls exists in CuPy and is called as CuPy wants it.

The adapter is read, not imported, since importing it asks for a device.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

cupy = pytest.importorskip("cupy", reason="cupy is not installed", exc_type=ImportError)

ROOT = Path(__file__).parent.parent.parent
SOURCES = sorted((ROOT / "backends" / "mygrad_cupy").rglob("*.py"))
TREES = [ast.parse(source.read_text(), str(source)) for source in SOURCES]
KERNELS = ("RawKernel", "RawModule")  # for others CuPy writes the source, around a formula
# The names that the adapter gives to arrays, whose own attributes are looked up too.
ARRAYS = {"array", "a", "b", "x", "result", "source", "storage", "target", "value", "values"}
ARRAYS |= {"total", "last", "numbers"}


def roots(tree: ast.AST) -> dict[str, str]:
    """What the names in a module stand for, as far as CuPy brings them."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.name.partition(".")[0] in ("cupy", "cupyx"):
                    found[name.asname or name.name.partition(".")[0]] = (
                        name.name if name.asname else name.name.partition(".")[0]
                    )
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module.partition(".")[0] in ("cupy", "cupyx"):
                for name in node.names:
                    found[name.asname or name.name] = f"{node.module}.{name.name}"
    return found


def chain_of(node: ast.AST, known: dict[str, str]) -> str | None:
    """``cupy.xxx.yyy`` where a node says so, whatever the name under which it was imported."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute):
        before = chain_of(node.value, known)
        return before and f"{before}.{node.attr}"
    return None


def resolve(chain: str) -> Any:
    """The object that a chain leads to; AttributeError if there is none."""
    first, *rest = chain.split(".")
    found, path = importlib.import_module(first), first
    for name in rest:
        path = f"{path}.{name}"
        if not hasattr(found, name):
            try:
                importlib.import_module(path)
            except ImportError as error:
                raise AttributeError(f"there is no {path}") from error
        found = getattr(found, name)
    return found


def complaint(call: ast.Call, function: Any) -> str | None:
    """What is wrong with the arguments of a call, judged by its signature or else its docs."""
    named = {k.arg: None for k in call.keywords if k.arg is not None}
    spread = len(named) < len(call.keywords) or any(isinstance(a, ast.Starred) for a in call.args)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        signature = None
    if signature is not None and not any(
        p.kind is p.VAR_KEYWORD for p in signature.parameters.values()
    ):
        try:
            (signature.bind_partial if spread else signature.bind)(
                *(None for a in call.args if not isinstance(a, ast.Starred)), **named
            )
        except TypeError as error:
            return str(error)
        return None
    documents = [function.__doc__ or ""]
    if isinstance(function, cupy.ufunc):
        documents.append(cupy.ufunc.__call__.__doc__)
    for name in named:
        if not any(re.search(rf"\b{name}\b\s*[=:(]", text) for text in documents):
            return f"its docs know no keyword {name!r}"
    return None


def complaints(tree: ast.AST) -> Iterator[str]:
    known = roots(tree)
    for node in ast.walk(tree):
        chain = chain_of(node, known)
        if chain is not None:
            try:
                resolve(chain)
            except ImportError:  # of a library of CUDA's that is not here
                continue
            except AttributeError as error:
                yield f"line {node.lineno}: {error}"  # type: ignore[attr-defined]
        if isinstance(node, ast.Call):
            called = chain_of(node.func, known)
            try:
                wrong = called and complaint(node, resolve(called))
            except (AttributeError, ImportError):
                continue
            if wrong:
                yield f"line {node.lineno}: {called}: {wrong}"


def array_complaints(tree: ast.AST) -> Iterator[str]:
    """Attributes of arrays, and of their ``data``, that CuPy's do not have."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        owner, of = node.value, cupy.ndarray
        if isinstance(owner, ast.Attribute) and owner.attr == "data":
            owner, of = owner.value, cupy.cuda.MemoryPointer
        if isinstance(owner, ast.Name) and owner.id in ARRAYS and not hasattr(of, node.attr):
            yield f"line {node.lineno}: {of.__name__} has no {node.attr!r}"


@pytest.mark.parametrize("tree", TREES, ids=[s.name for s in SOURCES])
def test_names_and_keywords(tree: ast.AST) -> None:
    assert list(complaints(tree)) == []
    assert list(array_complaints(tree)) == []


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import cupy\ncupy.cuda.nonsense()", "there is no cupy.cuda.nonsense"),
        ("import cupyx as cx\ncx.scatter_add(1, 2)", "missing a required argument"),
        ("import cupy\ncupy.argsort(1, stable=True)", "unexpected keyword argument 'stable'"),
        ("from cupy import add\nadd(1, 2, where=3)", "no keyword 'where'"),
        ("import cupy\ncupy.ndarray(1, buffer=2)", "no keyword 'buffer'"),
    ],
)
def test_mistakes_are_found(code: str, message: str) -> None:
    assert any(message in wrong for wrong in complaints(ast.parse(code)))


def test_there_is_something_to_look_at() -> None:
    assert sum(bool(roots(tree)) for tree in TREES) > len(TREES) / 2


def test_mistakes_with_arrays_are_found() -> None:
    tree = ast.parse("def f(array): return array.ctypes, array.data.nowhere, array.data.ptr")
    assert len(list(array_complaints(tree))) == 2


# --- memory ------------------------------------------------------------------------------------
MEMORY = """
import cupy, numpy as np
keep = []
def host_memory(size):  # CuPy makes and cuts arrays on it; only kernels would need a device
    keep.append(np.zeros(size + 8, np.uint8))
    memory = cupy.cuda.UnownedMemory(keep[-1].ctypes.data, size, keep[-1], 0)
    return cupy.cuda.MemoryPointer(memory, 0)
cupy.cuda.set_allocator(host_memory)
cupy.cuda.runtime.getDeviceCount = lambda: 1
cupy.zeros = cupy.empty
from mygrad_cupy import adapter
a = cupy.empty((4, 6))
w = adapter.window(a, 8, (2, 3), (96, 16))
assert (w.shape, w.strides, adapter.address(w)) == ((2, 3), (96, 16), adapter.address(a) + 8)
assert adapter.is_view(w, a) and adapter.is_view(a.reshape(24), a)
assert not adapter.is_view(cupy.empty(3), a)
assert adapter.owner(w) is adapter.owner(a) is not adapter.owner(cupy.empty(3))
assert adapter.overlaps(a[:2], a[1:]) and adapter.overlaps(a[::-1], a[3])
assert not adapter.overlaps(a[:, ::2], a[:, 1::2]) and not adapter.overlaps(a[:0], a)
for shape, strides in (((2, 3), (-24, 8)), ((3, 2), (8, 24)), ((0, 3), (24, 8)), ((), ())):
    x = adapter.allocate(shape, strides, a.dtype, None)
    assert (x.shape, x.strides, x.dtype) == (shape, strides, a.dtype)
    memory = x.data.mem
    lowest = x.data.ptr + sum((n - 1) * s for n, s in zip(shape, strides) if n and s < 0)
    assert lowest == memory.ptr and memory.size >= x.nbytes
windows = adapter.kernels["sliding_windows"](a, (2, 3), (1, 2))
seen = np.lib.stride_tricks.sliding_window_view(np.empty((4, 6)), (2, 3))[:, ::2]
assert (windows.shape, windows.strides) == (seen.shape, seen.strides)
print("done")
"""


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MYGRAD")}
    paths = os.pathsep.join([str(ROOT), str(ROOT / "backends"), *sys.path])
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, "PYTHONPATH": paths, **environment}, capture_output=True, text=True,
    )


def test_memory_is_cut_as_asked() -> None:
    ran = run(MEMORY, CUDA_VISIBLE_DEVICES="")
    assert ran.stdout == "done\n", ran.stderr


@pytest.mark.parametrize(
    ("hide", "reason"),
    [("pass", "CUDA device"), ("sys.modules['cupy'] = None", "CuPy is not installed")],
)
def test_without_cupy_or_a_device_the_reason_is_told(hide: str, reason: str) -> None:
    code = "import sys; {}; import mygrad as mg; found = mg.available_backends()['cupy'];"
    ran = run(f"{code.format(hide)} print(found.available, found.reason)", CUDA_VISIBLE_DEVICES="")
    assert ran.stdout.startswith("False"), ran.stderr
    assert reason in ran.stdout
    assert not ran.stderr


# --- kernels -----------------------------------------------------------------------------------
GENERATED = {
    "windows.py": "its sources depend on the call; tests/arrays/test_cupy_windows.py runs them",
    "reduction.py": "it compiles sources for each dtype, which test_cupy_columns.py runs",
    "rows.py": "it adds types to sources, which test_kernels_have_counterparts.py runs",
    "scatter.py": "its sources depend on the index, and test_scatter.py runs them",
}
"""Modules whose kernels are put together when they are called, and what is tested instead."""


def kernels() -> list[Any]:
    """The source of each kernel that the adapter's modules write out, for pytest."""
    found = []
    for source, tree in zip(SOURCES, TREES, strict=True):
        constants = {
            node.targets[0].id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for node in ast.walk(tree):
            chain = chain_of(node.func, roots(tree)) if isinstance(node, ast.Call) else None
            if chain is None or chain.rpartition(".")[2] not in KERNELS:
                continue
            assert isinstance(node, ast.Call)
            values: list[ast.expr] = [*node.args, *(k.value for k in node.keywords)]
            values = [constants.get(v.id, v) if isinstance(v, ast.Name) else v for v in values]
            texts = [v.value for v in values if isinstance(v, ast.Constant)]
            text = next((t for t in texts if isinstance(t, str) and "__global__" in t), None)
            generated = text is None and source.name in GENERATED
            marks = pytest.mark.skip(reason=GENERATED[source.name]) if generated else ()
            found.append(pytest.param(text, id=f"{source.name}:{node.lineno}", marks=marks))
    nothing = pytest.mark.skip(reason="the CuPy adapter has no hand-written kernel")
    return found or [pytest.param(None, marks=nothing, id="none")]


def compile_for_a_gpu(text: str, architecture: str = "sm_90") -> bytes:
    """Compile CUDA source with NVRTC, which needs neither a GPU nor a driver."""
    compiler = pytest.importorskip("cupy.cuda.compiler")
    try:
        cupy.cuda.nvrtc.getVersion()
    except Exception as error:
        pytest.skip(f"NVRTC cannot be loaded: {error}")
    program = compiler._NVRTCProgram(text, "kernel.cu", method="cubin")
    options = (f"-arch={architecture}", "-std=c++17", "-default-device")
    return program.compile((*options, f"-I{Path(cupy.__file__).parent / '_core/include'}"))[0]


@pytest.mark.parametrize("text", kernels())
def test_kernels_compile(text: str | None) -> None:
    assert text is not None, "this test cannot find the CUDA source of that kernel: teach it to"
    assert compile_for_a_gpu(text)


def test_the_compiler_tells_right_from_wrong() -> None:
    right = 'extern "C" __global__ void twice(float* x) { x[threadIdx.x] *= 2; }'
    assert compile_for_a_gpu(right)
    with pytest.raises(cupy.cuda.compiler.CompileException):
        compile_for_a_gpu(right.replace("threadIdx", "nowhere"))
