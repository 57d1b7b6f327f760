"""What a program is, and what is known about its result."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import CodeType

import numpy as np

__all__ = ["Expected", "Program"]


@dataclass(frozen=True)
class Program:
    """Statements that compute a number ``loss``, in one or more phases.

    The statements use ``mg``, the arrays by their names, and ``leaf(array, layout, constant)``,
    which makes a tensor without copying from a raw array that is laid out as told.

    Attributes
    ----------
    seed
        Where it comes from; the weights of second derivatives depend on it too.
    arrays
        Raw NumPy arrays: values of leaves (A..), constants (K..), masks (M..), indices (I..).
    phases
        The statements of each phase. A phase begins with ``loss = 0.0`` and ends with
        ``loss.backward()``.
    between
        Writes that happen after the gradients were computed and before they are differentiated.
    """

    seed: int
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    phases: tuple[tuple[str, ...], ...] = ()
    between: tuple[str, ...] = ()

    def weights(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """The factors of the gradient of tensor `name`, whose weighted sum is differentiated."""
        rng = np.random.default_rng([self.seed, zlib.crc32(name.encode())])
        return np.asarray(rng.integers(-9, 10, size=shape) / 4.0)

    @cached_property
    def code(self) -> tuple[CodeType, ...]:
        """The phases, compiled."""
        return tuple(
            compile("\n".join(phase), f"<program {self.seed}, phase {k}>", "exec")
            for k, phase in enumerate(self.phases)
        )

    @cached_property
    def code_between(self) -> CodeType:
        """The statements of `between`, compiled."""
        return compile("\n".join(self.between), f"<program {self.seed}, between>", "exec")

    def without(self, phase: int, k: int) -> Program:
        """The program without one statement; phase -1 is `between`."""
        if phase < 0:
            return replace(self, between=self.between[:k] + self.between[k + 1 :])
        phases = list(self.phases)
        phases[phase] = phases[phase][:k] + phases[phase][k + 1 :]
        return replace(self, phases=tuple(phases))

    def __str__(self) -> str:
        text = "\n".join(s for phase in (*self.phases, self.between) for s in phase)
        lines = [f"# program {self.seed}"]
        for name, array in self.arrays.items():
            if name in text:
                values = f"np.array({array.tolist()})" if array.size else f"np.zeros({array.shape})"
                lines.append(f"{name} = {values}")
        for phase in self.phases:
            lines += ["loss = 0.0", *phase, "loss.backward()"]
        if self.between:
            lines += ["# before the gradients are differentiated (create_graph=True):"]
            lines += self.between
        return "\n".join(lines)


@dataclass
class Expected:
    """What is known about one tensor at the end of a phase.

    Attributes
    ----------
    value
        Its elements.
    constant
        Whether it is constant.
    grad
        The derivative of the loss by its current value; None if the loss does not depend on it.
    buffer
        The same number for all tensors on the same memory.
    owner
        Whether it owns that memory, so that its base is None.
    places
        Where in that memory its elements lie.
    second
        The derivative of the weighted sum of all gradients; None as for `grad`.
    """

    value: np.ndarray
    constant: bool
    grad: np.ndarray | None
    buffer: int
    owner: bool
    places: np.ndarray
    second: np.ndarray | None = None
