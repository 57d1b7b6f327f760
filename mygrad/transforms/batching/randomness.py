"""Random numbers in a function that vmap batches."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from mygrad.transforms.batching.array import BatchDependence

__all__ = ["BatchedGenerator", "drawing"]

drawing: ContextVar[tuple[str, int]] = ContextVar("mygrad_drawing", default=("error", 0))
"""What the innermost vmap does about random numbers, and how many examples it has."""


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
        how, n = drawing.get()
        if how == "error":
            raise BatchDependence(
                "random numbers are drawn in a function that vmap batches, which calls it once: say "
                'whether they are to be others for each example, vmap(..., randomness="different"),'
                ' or the same, randomness="same"'
            )
        from mygrad.random import generator

        draw = getattr(generator(self._adapter.inner), name)
        if how == "same":
            return self._adapter.wrapped(draw(*args, **options), None)
        place = 1 if name == "integers" else 0
        if name == "integers":
            size = options.pop("size", args[2] if len(args) > 2 else None)
            args = args[:2]
        else:
            size = options.pop("size", args[0] if args else None)
            args = ()
        del place
        lengths = () if size is None else size if isinstance(size, tuple) else (size,)
        found = draw(*args, size=(n, *lengths), **options) if name == "integers" else draw(
            (n, *lengths), **options
        )  # fmt: skip
        return self._adapter.wrapped(found, n)
