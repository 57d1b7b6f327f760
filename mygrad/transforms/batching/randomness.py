"""Random numbers in a function that vmap batches."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from mygrad.random import generator
from mygrad.transforms.batching.array import BatchDependence

__all__ = ["BatchedGenerator", "drawing"]

drawing: ContextVar[tuple[tuple[str, int], ...]] = ContextVar("mygrad_drawing", default=())
"""For each vmap that runs, from the outermost: what it does about random numbers, and how many
examples it has."""


class BatchedGenerator:
    """A generator whose numbers are others for each example, or the same, as `drawing` says."""

    def __init__(self, adapter: Any, seed: Any) -> None:
        self._adapter = adapter
        self._seed = seed
        self._numbers: Any = None

    def __getattr__(self, name: str) -> Any:
        def draw(*args: Any, **options: Any) -> Any:
            return self._drawn(name, *args, **options)

        return draw

    def _drawn(self, name: str, *args: Any, **options: Any) -> Any:
        how, n = drawing.get()[self._adapter.depth - 1]
        if how == "error":
            raise BatchDependence(
                "random numbers are drawn in a function that vmap batches, which calls it once: "
                'say whether they are to be others for each example, randomness="different", or '
                'the same for all, randomness="same"'
            )
        draw = getattr(generator(self._adapter.inner), name)
        if how == "same":
            return self._adapter.wrapped(draw(*args, **options), None)
        bounds, sizes = (args[:2], args[2:]) if name == "integers" else ((), args)
        size = options.pop("size", sizes[0] if sizes else None)
        lengths = () if size is None else size if isinstance(size, tuple) else (size,)
        return self._adapter.wrapped(draw(*bounds, size=(n, *lengths), **options), n)
