"""The device that CuPy is made to believe in where there is none (`ci/pretended_gpu`).

What a GPU would compute is known without one: NumPy computes the same, and what CUDA refuses is
documented. These tests run where the suite runs on the pretended device.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mygrad as mg

pretended: Any = sys.modules.get("pretended_gpu")
pytestmark = pytest.mark.skipif(
    getattr(pretended, "runtime", None) is None, reason="is about the pretended GPU"
)


@pytest.fixture
def cupy() -> Any:
    return pytest.importorskip("cupy")


@pytest.fixture
def second_device(cupy: Any) -> Iterator[Any]:
    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("there is one device only")
    yield cupy.cuda.Device(1)
    assert cupy.cuda.runtime.getDevice() == 0


def raw(cupy: Any, body: str, arguments: str = "", preamble: str = "") -> Any:
    return cupy.RawKernel(
        f'{preamble}\nextern "C" __global__ void k({arguments}) {{ {body} }}', "k"
    )


@contextmanager
def events() -> Iterator[list[tuple[str, str, int]]]:
    heard: list[tuple[str, str, int]] = []
    pretended.runtime.set_listener(lambda *event: heard.append(event))
    try:
        yield heard
    finally:
        pretended.runtime.set_listener(None)


DTYPES = ["?", "i1", "u1", "i4", "i8", "f2", "f4", "f8", "c8", "c16"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_elementwise_kernels(cupy: Any, dtype: str) -> None:
    a = np.arange(24).reshape(2, 3, 4).astype(dtype)
    here, there = a[:, ::-1, ::2], cupy.asarray(a)[:, ::-1, ::2]
    got = there * there + there
    want = here * here + here
    assert got.dtype == want.dtype
    assert np.array_equal(got.get(), want)


@pytest.mark.parametrize("dtype", DTYPES[1:])
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 2)])
def test_reductions(cupy: Any, dtype: str, axis: Any) -> None:
    a = (np.arange(60) % 7).reshape(3, 4, 5).astype(dtype)
    for name in ("sum", "max", "argmax"):
        if name == "argmax" and isinstance(axis, tuple):
            continue
        got, want = getattr(cupy, name)(cupy.asarray(a), axis), getattr(np, name)(a, axis)
        assert np.array_equal(got.get(), want), name


def test_reductions_of_thousands(cupy: Any) -> None:
    a = np.arange(100_000, dtype="f8").reshape(100, 1000)
    assert np.array_equal(cupy.asarray(a).sum(0).get(), a.sum(0))
    assert cupy.asarray(a).sum().get() == a.sum()


def test_all_threads_of_a_kernel_run(cupy: Any) -> None:
    """A kernel may count on its grid, and need not loop over what is left."""
    kernel = raw(
        cupy,
        "int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) y[i] = fmaf(x[i], 2.f, 1.f);",
        "const float *__restrict__ x, float *__restrict__ y, int n",
    )
    x = cupy.arange(1000, dtype="f4")
    y = cupy.zeros(1000, "f4")
    kernel((4,), (256,), (x, y, np.int32(1000)))
    assert np.array_equal(y.get(), 2 * np.arange(1000) + 1)


def test_grids_and_blocks_of_three_dimensions(cupy: Any) -> None:
    kernel = raw(
        cupy,
        """
        int block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
        int thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
        atomicAdd(&y[block * blockDim.x * blockDim.y * blockDim.z + thread], block + thread);
        """,
        "int *y",
    )
    y = cupy.zeros((2 * 3 * 4, 5 * 6 * 7), "i4")
    kernel((2, 3, 4), (5, 6, 7), (y,))
    assert np.array_equal(y.get(), np.add.outer(np.arange(24), np.arange(210)))


def test_barriers_in_blocks_of_two_dimensions(cupy: Any) -> None:
    kernel = raw(
        cupy,
        """
        __shared__ double tile[8][9];
        int i = blockIdx.y * 8 + threadIdx.y, j = blockIdx.x * 8 + threadIdx.x;
        tile[threadIdx.y][threadIdx.x] = x[i * n + j];
        __syncthreads();
        i = blockIdx.x * 8 + threadIdx.y, j = blockIdx.y * 8 + threadIdx.x;
        y[i * n + j] = tile[threadIdx.x][threadIdx.y];
        """,
        "const double *x, double *y, int n",
    )
    x = cupy.random.default_rng(0).random((32, 32))
    y = cupy.empty_like(x)
    kernel((4, 4), (8, 8), (x, y, np.int32(32)))
    assert np.array_equal(y.get(), x.get().T)


def test_dynamic_shared_memory(cupy: Any) -> None:
    kernel = raw(
        cupy,
        """
        extern __shared__ __align__(16) unsigned char bytes[];
        double *all = (double *)bytes;
        int n = blockDim.x;
        all[threadIdx.x] = x[threadIdx.x];
        __syncthreads();
        y[threadIdx.x] = all[n - 1 - threadIdx.x];
        """,
        "const double *x, double *y",
    )
    x, y = cupy.arange(1024.0), cupy.zeros(1024)
    kernel((1,), (1024,), (x, y), shared_mem=8 * 1024)
    assert np.array_equal(y.get(), np.arange(1024.0)[::-1])
    with pytest.raises(RuntimeError, match="more shared memory"):
        kernel((1,), (32,), (x, y), shared_mem=100_000)
    kernel.max_dynamic_shared_size_bytes = 100_000
    kernel((1,), (32,), (x, y), shared_mem=100_000)
    assert np.array_equal(y[:32].get(), np.arange(32.0)[::-1])


@pytest.mark.parametrize(("dtype", "name"), [("i4", "int"), ("u4", "unsigned"), ("f2", "__half"),
                                         ("f4", "float"), ("f8", "double")])  # fmt: skip
def test_shuffles(cupy: Any, dtype: str, name: str) -> None:
    kernel = raw(
        cupy,
        f"""
        int t = threadIdx.y * blockDim.x + threadIdx.x, n = blockDim.x * blockDim.y;
        {name} v = x[t];
        y[t] = __shfl_sync(~0u, v, 3);
        y[n + t] = __shfl_xor_sync(~0u, v, 5);
        y[2 * n + t] = __shfl_up_sync(~0u, v, 2, 16);
        y[3 * n + t] = __shfl_down_sync(~0u, v, 3, 8);
        """,
        f"const {name} *x, {name} *y",
        "#include <cuda_fp16.h>",
    )
    x = np.arange(64).astype(dtype)
    y = cupy.zeros((4, 64), dtype)
    kernel((1,), (16, 4), (cupy.asarray(x), y))
    t = np.arange(64)
    up, down = np.where(t % 16 >= 2, t - 2, t), np.where(t % 8 < 5, t + 3, t)
    assert np.array_equal(y.get(), np.stack([x[t // 32 * 32 + 3], x[t ^ 5], x[up], x[down]]))


def test_votes(cupy: Any) -> None:
    kernel = raw(
        cupy,
        """
        int t = threadIdx.x;
        y[t] = __ballot_sync(~0u, x[t] > 0);
        y[64 + t] = __any_sync(~0u, x[t] > 40);
        y[128 + t] = __all_sync(~0u, x[t] < 40);
        y[192 + t] = __syncthreads_count(x[t] % 3 == 0);
        """,
        "const int *x, unsigned *y",
    )
    x = np.arange(64, dtype="i4")
    y = cupy.zeros((4, 64), "u4")
    kernel((1,), (64,), (cupy.asarray(x), y))
    first = np.arange(64) < 32
    want = [np.where(first, 0xFFFFFFFE, 0xFFFFFFFF), ~first, first, np.full(64, 22)]
    assert np.array_equal(y.get(), np.stack(want))


def test_part_of_a_warp_may_meet(cupy: Any) -> None:
    kernel = raw(
        cupy,
        """
        int t = threadIdx.x, v = t;
        if (t < 8) v = __shfl_xor_sync(0xff, v, 1);
        __syncthreads();
        y[t] = v;
        """,
        "int *y",
    )
    y = cupy.zeros(64, "i4")
    kernel((1,), (64,), (y,))
    t = np.arange(64)
    assert np.array_equal(y.get(), np.where(t < 8, t ^ 1, t))


def test_threads_that_wait_forever(cupy: Any) -> None:
    kernel = raw(cupy, "if (threadIdx.x == 3) __syncthreads(); else __syncwarp();")
    with pytest.raises(RuntimeError, match="wait for one another forever"):
        kernel((1,), (32,), ())


def test_a_block_that_is_too_large(cupy: Any) -> None:
    with pytest.raises(RuntimeError, match="no such block"):
        raw(cupy, "")((1,), (33, 32), ())


@pytest.mark.parametrize("sign", "+-*/")
def test_half_precision(cupy: Any, sign: str) -> None:
    kernel = raw(
        cupy,
        f"int i = threadIdx.x; y[i] = x[i] {sign} x[255 - i]; z[i] = __float2half(w[i]);",
        "const __half *x, const float *w, __half *y, half *z",
        "#include <cuda_fp16.h>",
    )
    w = np.random.default_rng(0).standard_normal(256).astype("f4")
    x = w.astype("f2")
    y, z = cupy.zeros(256, "f2"), cupy.zeros(256, "f2")
    kernel((1,), (256,), (cupy.asarray(x), cupy.asarray(w), y, z))
    assert np.array_equal(y.get(), {"+": np.add, "-": np.subtract, "*": np.multiply,
                                    "/": np.divide}[sign](x, x[::-1]))  # fmt: skip
    assert np.array_equal(z.get(), x)


@pytest.mark.parametrize(("dtype", "name"), [("i4", "int"), ("u8", "unsigned long long"),
                                         ("f4", "float"), ("f8", "double")])  # fmt: skip
def test_atomic_additions(cupy: Any, dtype: str, name: str) -> None:
    kernel = raw(cupy, f"atomicAdd(&y[threadIdx.x % 4], ({name})threadIdx.x);", f"{name} *y")
    y = cupy.zeros(4, dtype)
    kernel((3,), (128,), (y,))
    assert np.array_equal(y.get(), [3 * sum(range(k, 128, 4)) for k in range(4)])


def test_kernels_from_templates(cupy: Any) -> None:
    """Shared memory of two kernels is not the same, even where their names are."""
    source = """
    template <class T> __global__ void back(T *x) {
        __shared__ T all[SIZE];
        all[threadIdx.x] = x[threadIdx.x];
        __syncthreads();
        x[threadIdx.x] = all[SIZE - 1 - threadIdx.x];
    }"""
    for size in (32, 64):
        module = cupy.RawModule(
            code=f"#define SIZE {size}\n{source}", name_expressions=["back<int>", "back<double>"]
        )
        for name, dtype in (("back<int>", "i4"), ("back<double>", "f8")):
            x = cupy.arange(size, dtype=dtype)
            module.get_function(name)((1,), (size,), (x,))
            assert np.array_equal(x.get(), np.arange(size)[::-1])


@pytest.mark.parametrize(
    "head",
    [
        'extern "C" __global__ void k(',
        'extern "C" __global__ void __launch_bounds__(32) k(',
        'extern "C" __global__ __launch_bounds__(32, 2) void k(',
        'extern "C" { __global__ void k(',
    ],
)
def test_ways_to_declare_a_kernel(cupy: Any, head: str) -> None:
    end = "}" if "{" in head else ""
    x = cupy.zeros(3)
    cupy.RawKernel(f"{head}double *x) {{ x[threadIdx.x] = 2; }}{end}", "k")((1,), (3,), (x,))
    assert np.array_equal(x.get(), [2, 2, 2])


@pytest.mark.parametrize("dtype", ["i4", "f2", "f4", "f8", "c8", "c16"])
def test_matrix_products(cupy: Any, dtype: str) -> None:
    rng = np.random.default_rng(0)
    numbers = lambda *shape: rng.integers(-4, 5, shape).astype(dtype)
    a, b = numbers(3, 4, 5), numbers(3, 5, 2)
    x, y = numbers(5, 4), numbers(2, 5)
    there = cupy.asarray
    assert np.array_equal((there(a) @ there(b)).get(), a @ b)
    assert np.array_equal((there(a)[0] @ there(b)[0]).get(), a[0] @ b[0])
    assert np.array_equal((there(x).T @ there(y).T).get(), x.T @ y.T)
    assert np.array_equal((there(a) @ there(y).T).get(), a @ y.T)
    assert np.array_equal((there(a).transpose(0, 2, 1) @ there(a)).get(), a.transpose(0, 2, 1) @ a)
    assert np.array_equal((there(a)[:, :0] @ there(b)).get(), a[:, :0] @ b)


def test_a_thread_that_returns_ends_no_other(cupy: Any) -> None:
    """CuPy's search returns early for what is beyond the last edge, in a loop over elements."""
    edges, values = np.arange(4.0), np.array([5.0, 0.5, 1.0, 9.0, 2.5])
    found = cupy.searchsorted(cupy.asarray(edges), cupy.asarray(values), side="right")
    assert found.get().tolist() == np.searchsorted(edges, values, side="right").tolist()


@pytest.mark.parametrize("dtype", ["i4", "f4", "f8"])
def test_sorts(cupy: Any, dtype: str) -> None:
    a = np.random.default_rng(0).permutation(60).reshape(3, 4, 5).astype(dtype)
    for axis in (0, 1, 2):
        assert np.array_equal(cupy.sort(cupy.asarray(a), axis).get(), np.sort(a, axis))
        assert np.array_equal(cupy.argsort(cupy.asarray(a), axis).get(), np.argsort(a, axis))


def test_memory_that_was_never_allocated(cupy: Any) -> None:
    kernel = raw(cupy, "*x = 1;", "double *x")
    host = np.zeros(1)
    with pytest.raises(RuntimeError, match=r"argument 0 of the kernel k .* never allocated"):
        kernel((1,), (1,), (host.ctypes.data,))
    assert host[0] == 0


def test_memory_that_was_freed(cupy: Any) -> None:
    kernel = raw(cupy, "*x = 1;", "double *x")
    memory = cupy.cuda.Memory(64)
    address = memory.ptr
    kernel((1,), (1,), (address,))
    del memory
    with pytest.raises(RuntimeError, match="was freed"):
        kernel((1,), (1,), (address,))


def test_views_past_the_end_of_their_memory(cupy: Any) -> None:
    pointer = cupy.cuda.MemoryPointer(cupy.cuda.Memory(64), 0)
    assert cupy.ndarray((8,), "f8", pointer).fill(0) is None
    too_large = cupy.ndarray((9,), "f8", pointer)
    with pytest.raises(RuntimeError, match="past the end of an allocation of 64 bytes"):
        too_large.fill(0)


def test_memory_of_another_device(cupy: Any, second_device: Any) -> None:
    x = cupy.ones((4, 4))
    kernel = raw(cupy, "*x = 1;", "double *x")
    wrong: list[Callable[[], Any]] = [
        lambda: kernel((1,), (1,), (x,)),
        lambda: x.data.memset(0, 8),
        lambda: pretended.host_routines._sort(np.dtype("f8"), x.data.ptr, 0, (4, 4)),
    ]
    with second_device:
        for function in wrong:
            with pytest.raises(RuntimeError, match="memory of device 0 on device 1"):
                function()
        with pytest.raises(ValueError, match="different from the current device"):
            x + 1  # CuPy looks for itself
        with pytest.raises(cupy.cuda.cublas.CUBLASError):
            x @ x
    assert np.array_equal(x.get(), np.ones((4, 4)))
    assert np.array_equal((x @ x).get(), np.full((4, 4), 4.0))


def test_copies_between_devices(cupy: Any, second_device: Any) -> None:
    x = cupy.arange(6.0)
    with second_device:
        y = cupy.asarray(x)
        assert y.device == second_device and y.data.ptr != x.data.ptr
        assert np.array_equal(x.get(), np.arange(6.0))
        y.data.copy_from_device(x.data, x.nbytes)
    assert np.array_equal(y.get(), np.arange(6.0))


def test_streams_belong_to_a_device(cupy: Any, second_device: Any) -> None:
    with second_device:
        stream = cupy.cuda.Stream(non_blocking=True)
    with pytest.raises(RuntimeError, match=r"stream .*device"), stream:
        cupy.ones(3)


def test_events_are_counted_and_heard(cupy: Any) -> None:
    x = cupy.ones((3, 3))
    before = pretended.runtime.counts()
    with events() as heard:
        y = x * 2 + 1
        z = x @ x
        host = y.get()
        cupy.asarray(host)
    after = pretended.runtime.counts()
    kinds = [kind for kind, _, _ in heard]
    assert {k: after[k] - before[k] for k in ("launch", "to_host", "to_device")} == {
        "launch": 3, "to_host": 1, "to_device": 1,
    }  # fmt: skip
    assert kinds.count("launch") == 3 and kinds.count("to_host") == kinds.count("to_device") == 1
    names = [what for kind, what, _ in heard if kind == "launch"]
    assert names[-1] == "gemm" and "multiply" in names[0] and "add" in names[1]
    assert z.shape == (3, 3)
    x + 1
    assert len(kinds) == len(heard), "nobody listens any more"


def test_fresh_memory_is_no_zeros(cupy: Any) -> None:
    pool = cupy.cuda.MemoryPool()
    with cupy.cuda.using_allocator(pool.malloc):
        assert cupy.empty(10, "u1").get().all()


def test_unknown_versions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretended, "runtime", None)
    monkeypatch.setattr(pretended.versions, "cupy_version", lambda: "99.1.0")
    with pytest.raises(pretended.Unsupported, match=r"CuPy 99\.1\.0 is not known here"):
        pretended.install()
    monkeypatch.setattr(pretended.versions, "cupy_version", lambda: None)
    with pytest.raises(pretended.Unsupported, match="not installed"):
        pretended.install()


def test_missing_compilers_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretended, "runtime", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(pretended.Unsupported, match=r"needs gcc, g\+\+, "):
        pretended.install()


def test_kernels_are_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    build = pretended.build
    folder = build.build_headers()
    source = 'extern "C" int kept_kernel(void) { return 1; }'
    library = build.compile_kernel(folder, source)

    def compiles(*command: Any, **options: Any) -> str:
        raise RuntimeError("something is compiled")

    monkeypatch.setattr(build, "_run", compiles)
    assert build.compile_kernel(folder, source) == library
    with pytest.raises(RuntimeError, match="something is compiled"):
        build.compile_kernel(folder, f"{source} // {library}")


WATCHED = """
import pretended_gpu
from benchmarks.watch import Watch
from collections import Counter

replace, watched, pretended = pretended_gpu._replace_modules, Counter(), Counter()

def replace_and_watch(absent):
    global watch
    replace(absent)
    watch = Watch()

pretended_gpu._replace_modules = replace_and_watch
cupy = pretended_gpu.install()
watch.set_listener(lambda event, name, size: watched.update([event]))
pretended_gpu.runtime.set_listener(lambda event, name, size: pretended.update([event]))
x = cupy.arange(1000.0)
y = (x * 2 + 1).sum()
z = cupy.zeros(5)
kept = y.get(), cupy.asarray([1, 2]), x.copy()
cupy.cuda.Stream.null.synchronize()
assert watched == pretended, (watched, pretended)
assert {"launch", "allocate", "to_device", "to_host", "fill", "synchronize"} <= set(watched)
"""


def test_the_watch_of_real_gpus_sees_what_the_pretended_one_counts() -> None:
    """`benchmarks.launches --real` counts by other means; here both count the same calls."""
    root = Path(__file__).resolve().parent.parent
    path = os.pathsep.join([str(root), str(root / "ci")])
    done = subprocess.run(
        [sys.executable, "-c", WATCHED],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_what_cublas_does_not_compute_here_is_an_error(cupy: Any) -> None:
    """CuPy hands stacks of matrices to cuBLAS, and single ones to cuSOLVER."""
    stack = cupy.asarray(np.array([[[2.0, 1.0], [1.0, 3.0]], [[1.0, 0.5], [0.2, 2.0]]]))
    for compute in (cupy.linalg.inv, lambda a: cupy.linalg.solve(a, a), lambda a: mg.linalg.inv(a)):
        with pytest.raises(cupy.cuda.cublas.CUBLASError, match="NOT_SUPPORTED"):
            compute(stack)
