"""Einops on tensors: its functions look up by an array's type what to compute with.

Einops finds that among the subclasses of a class of its own, so it is told of tensors when it is
imported, whether that was before mygrad or comes after. It computes with NumPy's functions, which
tensors of all array libraries take. (`einops.array_api` asks for nothing: it goes by the standard.)
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from mygrad.autodiff.nodes import Handle

__all__ = ["install"]

BACKENDS = "einops._backends"


def declare(backends: ModuleType) -> None:
    """Tell einops, whose module this is, what to do with tensors."""

    class TensorBackend(backends.NumpyBackend):  # type: ignore[name-defined, misc]
        framework_name = "mygrad"

        def is_appropriate_type(self, tensor: Any) -> bool:
            return isinstance(tensor, Handle)

        def is_float_type(self, x: Any) -> bool:
            return x._adapter().xp.isdtype(x.dtype, "real floating")

        def to_numpy(self, x: Any) -> Any:
            return self.np.asarray(x)

    vars(backends)["_mygrad_backend"] = TensorBackend  # which keeps it alive


class _Import(MetaPathFinder):
    """Waits for the one import, and lets all others pass."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != BACKENDS or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is None or spec.loader is None:
            return spec
        run = spec.loader.exec_module

        def run_and_declare(module: ModuleType) -> None:
            run(module)
            declare(module)

        spec.loader.exec_module = run_and_declare  # type: ignore[method-assign]
        return spec


def install() -> None:
    """Tell einops of tensors, now or when it is imported."""
    backends = sys.modules.get(BACKENDS)
    if backends is not None:
        declare(backends)
    else:
        sys.meta_path.insert(0, _Import())
