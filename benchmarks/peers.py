"""The libraries that are timed, and the processes they live in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import venv
from io import BytesIO
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent

OURS = "mygrad"
REFERENCE = "numpy"
EARLIER = "earlier"
PEERS = {
    EARLIER: "mygrad, the commit given by --against",
    "torch": "PyTorch, eager",
    "torch-compile": "PyTorch, torch.compile",
    "jax": "JAX, eager",
    "jax-jit": "JAX, jit",
    "autograd": "autograd",
    "mygrad2": "MyGrad 2",
    "numpy": "hand-written NumPy",
    "cupy": "hand-written NumPy, on CuPy",
}
ON_REQUEST = (EARLIER, "torch-compile", "cupy")
"""Peers that are timed only where they are asked for."""
MYGRAD2_REQUIREMENTS = ("mygrad==2.5.0", "numba", "scipy")  # its GRU takes all three

ONE_THREAD = {
    **dict.fromkeys(
        (
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "MKL_NUM_THREADS",
            "NUMEXPR_NUM_THREADS",
            "NUMBA_NUM_THREADS",
            "VECLIB_MAXIMUM_THREADS",
            "NPROC",  # XLA's thread pools
            "DPCPP_CPU_NUM_CUS",  # SYCL on a CPU
        ),
        "1",
    ),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}


class PeerFailed(Exception):
    """A worker reported an exception, or ended."""


class Missing(Exception):
    """A library is not there; the message says why."""


class Peer:
    """One library in its own process.

    Parameters
    ----------
    name
        "mygrad", or a key of `PEERS`.
    interpreter
        The Python that has the library.
    backend
        The array library that ours works on; others follow as far as they can.
    folder
        Where results are handed over.
    checkout
        Where our own library is imported from.
    """

    def __init__(
        self, name: str, interpreter: str, backend: str, folder: Path, checkout: Path = CHECKOUT
    ) -> None:
        self.name = name
        self.results = folder / f"{name}.npz"
        self.complaints = tempfile.TemporaryFile("w+")
        environment = os.environ | ONE_THREAD
        if name == "mygrad2":
            environment.pop("PYTHONPATH", None)  # it may lead to ours
        elif name in (OURS, EARLIER):
            paths = [str(checkout), str(checkout / "backends"), environment.get("PYTHONPATH", "")]
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
            environment["MYGRAD_CHECKOUT"] = str(checkout)
        if name.startswith("jax") and backend == "numpy":
            environment["JAX_PLATFORMS"] = "cpu"
        self.process = subprocess.Popen(
            [interpreter, str(CHECKOUT / "benchmarks" / "worker.py"), name, backend, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.complaints,
            text=True,
            env=environment,
        )
        try:
            self.about = self._reply()
        except PeerFailed as error:
            self.close()
            raise Missing(str(error)) from None
        if "absent" in self.about:
            self.close()
            raise Missing(self.about["absent"])

    def ask(self, do: str, **parameters: Any) -> dict[str, Any]:
        """Let the worker do something; see `benchmarks.worker.Worker`."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps({"do": do, **parameters}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the reply says why
        reply = self._reply()
        if "error" in reply:
            raise PeerFailed(reply["error"])
        return reply

    def _reply(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        status = self.process.wait()
        raise PeerFailed(f"its process ended with status {status}: {self._last_complaint()}")

    def _last_complaint(self) -> str:
        self.complaints.seek(0)
        lines = self.complaints.read().strip().splitlines()
        return lines[-1] if lines else "no message"

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.complaints.close()


def earlier_checkout(commit: str, folder: Path) -> Path:
    """The files of a commit of this repository, in a folder below the given one."""
    checkout = folder / "checkout"
    checkout.mkdir()
    packed = subprocess.run(
        ["git", "archive", commit, "mygrad", "backends"], cwd=CHECKOUT, capture_output=True
    )
    if packed.returncode:
        raise Missing(f"git archive: {packed.stderr.decode().strip()}")
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(checkout, filter="data")
    return checkout


def mygrad2_interpreter(given: str | None) -> str:
    """A Python with MyGrad 2: the given one, or that of an environment made here and kept."""
    given = given or os.environ.get("MYGRAD2_PYTHON")
    if given:
        if not Path(given).exists():
            raise Missing(f"there is no interpreter {Path(given).name} at the given place")
        return given
    folder = CHECKOUT / ".venv-mygrad2"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    made = folder / "requirements.txt"  # written last: half an installation is begun again
    wanted = "\n".join(MYGRAD2_REQUIREMENTS)
    if made.exists() and made.read_text() == wanted:
        return str(python)
    print(f"making {folder.name} for MyGrad 2", file=sys.stderr, flush=True)
    try:
        venv.create(folder, with_pip=True, clear=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(f"no environment could be made: {error}") from None
    install = [str(python), "-m", "pip", "install", "-q", *MYGRAD2_REQUIREMENTS]
    done = subprocess.run(install, capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"pip: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    made.write_text(wanted)
    return str(python)
