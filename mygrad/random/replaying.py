"""Random numbers drawn a second time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import numpy as np

from mygrad import random

__all__ = ["Start"]

_starts = count(1)


class Start:
    """A point in the sequences of random numbers, from which they can be drawn again.

    NumPy's global state is kept and set again. Generators of other libraries and devices cannot be
    copied in general: what is drawn there inside of `once` and `again` comes from generators of
    their own, which begin with a seed of this start.
    """

    def __init__(self) -> None:
        self._state: Any = np.random.get_state(legacy=False)
        self._seed = (0 if random._seed is None else random._seed * 1_000_003) + next(_starts)
        self._seed %= 2**31

    @contextmanager
    def once(self) -> Iterator[None]:
        """Draw from here on for the first time."""
        others, seed = dict(random._generators), random._seed
        for key in [key for key in others if key[0] != "numpy"]:
            del random._generators[key]
        random._seed = self._seed
        try:
            yield
        finally:
            random._seed = seed
            random._generators.update(others)
            for key in [key for key in random._generators if key not in others]:
                if key[0] != "numpy":
                    del random._generators[key]

    @contextmanager
    def again(self) -> Iterator[None]:
        """Draw the same numbers again, and then go on from where we are."""
        present = np.random.get_state(legacy=False)
        np.random.set_state(self._state)
        try:
            with self.once():
                yield
        finally:
            np.random.set_state(present)
