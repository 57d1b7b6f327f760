"""Random numbers in compiled functions: a key goes in, and what is drawn depends on it."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["TracedGenerator", "fresh_key", "undrawn"]


class TracedGenerator:
    """A generator whose numbers come from a key, with what is asked of NumPy's."""

    def __init__(self, source: Any, seed: Any) -> None:
        self._source, self._count = source, 0
        self._seed = 0 if seed is None else seed

    def _key(self) -> Any:
        import jax

        self._count += 1
        self._source.used = True
        key = jax.random.wrap_key_data(self._source.key, impl="threefry2x32")
        return jax.random.fold_in(jax.random.fold_in(key, self._seed & 0x7FFFFFFF), self._count)

    def random(self, size: Any = None) -> Any:
        import jax

        return jax.random.uniform(self._key(), _lengths(size), "float64")

    def standard_normal(self, size: Any = None) -> Any:
        import jax

        return jax.random.normal(self._key(), _lengths(size), "float64")

    def integers(self, low: Any, high: Any = None, size: Any = None) -> Any:
        import jax

        low, high = (0, low) if high is None else (low, high)
        return jax.random.randint(self._key(), _lengths(size), low, high, "int64")

    def __getattr__(self, name: str) -> Any:
        from mygrad.compile.errors import CannotCompile

        raise CannotCompile(
            f"in a compiled function random numbers are drawn by mg.random, and {name} is not "
            f"there: draw them outside, and hand them over"
        )


class Source:
    """The key of a call, while it is traced.

    Attributes
    ----------
    used
        Whether something was drawn.
    elements_are_copies
        What the adapter of the tracers has to say of that, which stands for another one's.
    handed_out
        What users get of a raw array: `mygrad.compile.substitution.HandedOut`.
    """

    handed_out: Any

    def __init__(self, key: Any, elements_are_copies: bool = True) -> None:
        self.key, self.used = key, False
        self.elements_are_copies = elements_are_copies

    def rng(self, seed: Any) -> TracedGenerator:
        return TracedGenerator(self, seed)


def _lengths(size: Any) -> tuple[int, ...]:
    return () if size is None else size if isinstance(size, tuple) else (size,)


def fresh_key() -> Any:
    """A key for a call, from the sequence that `mygrad.random.seed` begins."""
    return np.random.randint(0, 1 << 32, 2, np.uint32)  # type: ignore[call-overload]


def undrawn(generators: Any) -> Any:
    """The state of what must not be drawn from while tracing."""
    import random

    legacy = np.random.get_state(legacy=False)
    state = legacy["state"]  # type: ignore[call-overload, index]
    return (
        random.getstate()[1], state["pos"], state["key"][:3].tobytes(),
        [repr(g.bit_generator.state) if hasattr(g, "bit_generator") else g.get_state()[2]
         for g in generators],
    )  # fmt: skip
