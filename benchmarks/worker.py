"""The process in which one library lives: ``python worker.py PEER BACKEND FOLDER``.

It reads requests from stdin and answers on stdout, one JSON object a line; arrays go through
files in FOLDER. It is run as a file, and the checkout is put on the path only after the library
was imported: the checkout holds a package ``mygrad``, and so does MyGrad 2.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
MODULES = {
    "jax-jit": "jax", "mygrad2": "mygrad", "earlier": "mygrad", "torch-compile": "torch",
}  # fmt: skip


class Library:
    """The few things that differ between libraries, apart from the programs."""

    def __init__(self, peer: str, backend: str) -> None:
        self.peer = peer
        if backend == "cupy" and os.environ.get("PRETENDED_GPUS"):
            sys.path.append(str(CHECKOUT / "ci"))
            import_module("pretended_gpu").install()
        self.module = import_module(MODULES.get(peer, peer))
        self.wait = lambda result: None  # until `result` is there
        self.synchronize = lambda: None
        self.device = "cpu"
        getattr(self, "_start_" + peer.partition("-")[0], lambda backend: None)(backend)

    def _start_mygrad(self, backend: str) -> None:
        if Path(os.environ["MYGRAD_CHECKOUT"]) not in Path(self.module.__file__).parents:
            raise ImportError(f"{self.module.__file__} is not of this checkout")
        if backend != "numpy":
            self.module.set_backend(backend)
            self.synchronize = self.module.get_adapter(backend).synchronize
            self.device = self._device(import_module(backend))

    _start_earlier = _start_mygrad

    def _device(self, xp: Any) -> str:
        """The array library and what it runs on, in words."""
        if self.module.backends.selected_adapter().name == "cupy":
            name = xp.cuda.runtime.getDeviceProperties(xp.cuda.Device().id)["name"].decode()
        else:
            name = xp.asarray(0).sycl_device.name
        return f"{name} ({xp.__name__} {xp.__version__})"

    def _start_mygrad2(self, backend: str) -> None:
        if not self.module.__version__.startswith("2."):
            raise ImportError(f"this interpreter has mygrad {self.module.__version__}")

    def _start_torch(self, backend: str) -> None:
        self.module.set_num_threads(1)
        self.module.set_num_interop_threads(1)
        if backend == "cupy" and self.module.cuda.is_available():
            self.module.set_default_device("cuda")
            self.synchronize = self.module.cuda.synchronize
            self.device = "cuda"

    def _start_cupy(self, backend: str) -> None:
        self.synchronize = self.module.cuda.Device().synchronize
        name = self.module.cuda.runtime.getDeviceProperties(0)["name"].decode()
        self.device = f"{name} (cupy {self.module.__version__})"

    def _start_jax(self, backend: str) -> None:
        self.module.config.update("jax_enable_x64", True)
        self.wait = self.module.block_until_ready  # otherwise only the dispatch is timed
        self.device = self.module.default_backend()

    def program(self, workload: Any, arrays: dict[str, Any]) -> Any:
        program = workload.program(self.peer)
        if self.peer == "torch-compile":
            return self.module.compile(program(**arrays))
        if self.peer == "cupy":
            # The program of NumPy, with CuPy by the name of np; this process runs no other.
            vars(sys.modules[program.__module__])["np"] = self.module
            return program(**{name: self.module.asarray(a) for name, a in arrays.items()})
        if self.module.__name__ == "jax":
            jit = self.module.jit if self.peer == "jax-jit" else lambda function: function
            return program(jit, **arrays)
        return program(**arrays)


def host(value: Any) -> Any:
    """A result as a NumPy array; a list of equal shapes becomes one array."""
    import numpy as np

    if isinstance(value, list):
        return np.stack([host(item) for item in value])
    if hasattr(value, "detach") and hasattr(value, "cpu"):  # PyTorch
        value = value.detach().cpu().numpy()
    if hasattr(value, "backward") and hasattr(value, "data"):  # mygrad
        value = value.data
    if hasattr(value, "get"):  # CuPy
        value = value.get()
    elif hasattr(value, "asnumpy"):  # dpnp
        value = value.asnumpy()
    return np.array(value)


class Worker:
    def __init__(self, library: Library, folder: Path) -> None:
        from benchmarks.workloads import workloads

        self.peer_library = library
        self.folder = folder
        self.workloads = workloads()
        self.step: Any = None

    def prepare(self, workload: str, double: bool = False) -> dict[str, Any]:
        """Run two steps, file their results, say what the second took.

        Two, because the second shows whether state (gradients, updated parameters) is handed
        on rightly, and because the first one compiles.
        """
        import numpy as np

        from benchmarks.workloads import Absent

        self.step = None
        chosen = self.workloads[workload]
        vars(sys.modules[chosen.arrays.__module__])["np"] = np  # may have been replaced
        arrays = chosen.arrays()
        if double:
            arrays = {k: a.astype("f8") if a.dtype.kind == "f" else a for k, a in arrays.items()}
        self.step = self.peer_library.program(chosen, arrays)
        try:
            results = [host(value) for value in self.step()]
        except (AttributeError, NotImplementedError, TypeError) as error:
            if self.peer_library.peer != "cupy":
                raise
            raise Absent(f"CuPy cannot run it: {error}") from error
        seconds = self.round(1)["seconds"]
        results += [host(value) for value in self.last]
        self.last = ()
        np.savez(self.folder / f"{self.peer_library.peer}.npz", *results)
        return {"seconds": seconds}

    def round(self, repetitions: int) -> dict[str, Any]:
        """Seconds a step, and how many seconds of processor time went into each of them."""
        step, wait = self.step, self.peer_library.wait
        processor, start = time.process_time(), time.perf_counter()
        for _ in range(repetitions):
            last = step()
            wait(last)
        self.peer_library.synchronize()
        seconds = time.perf_counter() - start
        processor = time.process_time() - processor
        self.last = last
        return {"seconds": seconds / repetitions, "processor": processor / seconds}

    def calibrate(self, seconds: float) -> dict[str, Any]:
        """How many repetitions take about that long."""
        count = 1
        while True:
            taken = self.round(count)["seconds"]
            if count * taken >= seconds / 4:
                self.last = ()
                return {"repetitions": max(1, round(seconds / taken))}
            count *= 4

    def drop(self) -> dict[str, Any]:
        """Free what the workload held."""
        self.step, self.last = None, ()
        gc.collect()
        return {}


def main() -> None:
    peer, backend, folder = sys.argv[1:]
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print must not mix with the replies

    sys.path.pop(0)  # the folder of this file
    try:
        library = Library(peer, backend)
    except Exception as error:
        replies.write(json.dumps({"absent": f"{type(error).__name__}: {error}"}) + "\n")
        return
    sys.path.insert(0, str(CHECKOUT))
    worker = Worker(library, Path(folder))
    from benchmarks.workloads import Absent

    numpy = import_module("numpy")
    about = {
        "version": getattr(library.module, "__version__", "?"),
        "numpy": numpy.__version__,
        "python": platform.python_version(),
        "device": library.device,
    }
    replies.write(json.dumps(about) + "\n")
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = getattr(worker, request.pop("do"))(**request)
        except Absent as reason:
            reply = {"absent": str(reason)}
        except Exception as error:
            traceback.print_exc()
            reply = {"error": f"{type(error).__name__}: {error}"}
        replies.write(json.dumps(reply) + "\n")


if __name__ == "__main__":
    main()
