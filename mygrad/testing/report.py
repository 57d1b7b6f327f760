"""What a failed comparison of gradients says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Entry", "Mismatch"]

SHOWN = 5


@dataclass(frozen=True)
class Entry:
    """One entry of a gradient: where it is, what it is, what it should be, what is tolerated."""

    place: tuple[int, ...]
    got: complex
    want: complex
    tolerance: float

    @property
    def error(self) -> float:
        return float(abs(self.got - self.want))

    @property
    def is_wrong(self) -> bool:
        """Infinities are right where both are; so is nan."""
        if np.isfinite(self.got) and np.isfinite(self.want):
            return self.error > self.tolerance
        same_nan = np.isnan(self.got) and np.isnan(self.want)
        return not (same_nan or self.got == self.want)

    @property
    def badness(self) -> float:
        found = self.error / self.tolerance if self.tolerance else self.error
        return found if np.isfinite(found) else np.inf


@dataclass
class Mismatch:
    """All checked entries of the gradient by one variable, some of them wrong."""

    path: str
    entries: Sequence[Entry]
    remarks: list[str]

    @property
    def wrong(self) -> list[Entry]:
        """The wrong entries, worst first."""
        return sorted((e for e in self.entries if e.is_wrong), key=lambda e: -e.badness)

    def patterns(self) -> list[str]:
        """What all entries have in common that says what may have gone wrong."""
        got = np.asarray([e.got for e in self.entries])
        want = np.asarray([e.want for e in self.entries])
        room = np.asarray([e.tolerance for e in self.entries])
        if not (np.isfinite(got).all() and np.isfinite(want).all()):
            return []
        if not got.any():
            return [
                "no gradient arrived: does f turn the tensor into plain data on the way (t.data, "
                "t.item(), float(t), np.asarray(t)), or does a rule have no derivative?"
            ]
        if (abs(got - want.conj()) <= room).all():
            return [
                "it is the complex conjugate of what is expected: a rule returns the transpose, "
                "without conjugation (docs/numerics.md)"
            ]
        ratio = float(np.vdot(want, got).real / max(np.vdot(want, want).real, 1e-300))
        if len(got) > 1 and (abs(got - ratio * want) <= 2 * max(1, abs(ratio)) * room).all():
            return [f"it is {ratio:.6g} times what is expected, throughout"]
        return []

    def __str__(self) -> str:
        wrong = self.wrong
        share = len(wrong) / len(self.entries)
        lines = [
            f"by {self.path}: {len(wrong)} of {len(self.entries)} entries ({share:.0%}) differ"
        ]
        rows = [("", "got", "expected", "error", "tolerated")]
        for e in wrong[:SHOWN]:
            index = ", ".join(map(str, e.place))
            name = f"{self.path}[{index}]" if e.place else self.path
            rows.append(
                (name, number(e.got), number(e.want), f"{e.error:.3g}", f"{e.tolerance:.1g}")
            )
        widths = [max(len(row[k]) for row in rows) for k in range(5)]
        for row in rows:
            cells = [row[0].ljust(widths[0])]
            cells += [c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)]
            lines.append("    " + "  ".join(cells))
        if len(wrong) > SHOWN:
            lines.append(f"    and {len(wrong) - SHOWN} more")
        lines += [f"  - {remark}" for remark in (*self.patterns(), *self.remarks)]
        return "\n".join(lines)


def number(value: complex) -> str:
    """A number as reports show it."""
    return f"{value:.9g}" if isinstance(value, complex) else f"{float(value):.9g}"
