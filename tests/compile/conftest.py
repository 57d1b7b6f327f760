"""On a pretended CUDA device compiled functions are run by JAX's programs for the processor.

JAX knows nothing of the device that CuPy is made to believe in (`ci/pretended_gpu`). Its memory is
host memory, though, so three things are replaced, here and nowhere else: which of JAX's devices a
program is made for, how the memory of a CuPy array is lent to JAX (DLPack would look for a CUDA
device; the pointer does), and the pretended device is told which memory JAX has allocated. All
else, CuPy's part above all, is what runs on a GPU. What this cannot show: that JAX's CUDA programs
run, DLPack, streams, and who waits for whom.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from ctypes import c_char
from typing import Any
from weakref import finalize

import numpy as np
import pytest
from programs import BACKEND

pretended: Any = getattr(sys.modules.get("pretended_gpu"), "runtime", None)
real_cuda_device: Any = None


@pytest.fixture
def cuda_device() -> Any:
    """The function that looks for a CUDA device of JAX's."""
    return real_cuda_device


@pytest.fixture(autouse=True, scope="session")
def programs_for_the_pretended_device() -> Iterator[None]:
    """What is replaced; on other backends nothing is."""
    if importlib.util.find_spec("jax") is None:
        yield
        return
    import jax

    if pretended is None:
        if BACKEND.startswith("cupy"):
            try:
                jax.local_devices(backend="cuda")
            except RuntimeError:
                pytest.skip("JAX has no CUDA device here: it wants jax[cuda13], or jax[cuda12]")
        yield
        return
    from mygrad.compile import engine, libraries

    def cuda_device(number: int) -> Any:
        return jax.local_devices(backend="cpu")[0]

    def lent(array: Any, device: Any) -> Any:
        memory = (c_char * array.nbytes).from_address(array.data.ptr)
        memory.held = array
        return np.ndarray(array.shape, array.dtype, memory)

    real = libraries.OnDevice.memory_at

    def memory_at(self: Any, pointer: int, size: int) -> Any:
        memory = real(self, pointer, size)
        pretended.lend(pointer, size, self.number)
        finalize(memory, pretended.take_back, pointer).atexit = False
        return memory

    global real_cuda_device
    real_cuda_device = engine.cuda_device
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "cuda_device", cuda_device)
        patch.setattr(engine, "lent", lent)
        patch.setattr(libraries.OnDevice, "memory_at", memory_at)
        yield
