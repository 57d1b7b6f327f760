"""Arrays as one vector of numbers on the host, for solvers that know nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from mygrad.arrays import Adapter, adapter_of, get_adapter

__all__ = ["Pieces"]

Array = Any


class Pieces:
    """How some arrays lie one behind the other in a vector: NumPy's, on the host, of float64.

    The arrays may be of several libraries and on several devices. They are copied to the host and
    back, which is what such a solver asks for.

    Parameters
    ----------
    arrays
        Arrays of real floating-point numbers.
    names
        What to call each of them in errors.

    Attributes
    ----------
    size
        How many numbers there are.

    Raises
    ------
    TypeError
        One of them is no array, or has integers, booleans, or complex numbers.
    """

    def __init__(self, arrays: Sequence[Array], names: Sequence[str]) -> None:
        self.host = get_adapter("numpy").xp
        self.places: list[tuple[Adapter, Any, Any, tuple[int, ...]]] = []
        for array, name in zip(arrays, names, strict=True):
            adapter = adapter_of(array)
            kind = "a " + type(array).__name__ if adapter is None else str(array.dtype)
            if adapter is None or not adapter.xp.isdtype(array.dtype, "real floating"):
                raise TypeError(
                    f"{name} is {kind}; a solver takes vectors of real numbers, so that it has to "
                    f"be an array of floats (a complex one as its real and its imaginary part)"
                )
            place = adapter, array.dtype, adapter.device(array), tuple(array.shape)
            self.places.append(place)
        self.size = sum(prod(shape) for *_, shape in self.places)

    def vector(self, arrays: Sequence[Array]) -> Any:
        """The numbers of arrays of these shapes."""
        host = self.host
        parts = [
            host.reshape(host.asarray(adapter.to_host(array), dtype=host.float64), (-1,))
            for (adapter, *_), array in zip(self.places, arrays, strict=True)
        ]
        return host.concat(parts) if parts else host.zeros(0)

    def arrays(self, vector: Any) -> list[Array]:
        """New arrays with these numbers, of the dtypes that they had and where they were."""
        found, start = [], 0
        for adapter, dtype, device, shape in self.places:
            stop = start + prod(shape)
            part = self.host.reshape(vector[start:stop], shape)
            if adapter.xp.finfo(dtype).bits < 64:  # there may be devices without float64
                part = self.host.astype(part, self.host.float32)
            found.append(adapter.xp.astype(adapter.from_host(part, device), dtype, copy=True))
            start = stop
        return found
