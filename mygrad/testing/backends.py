"""The conformance test for adapters of array libraries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import mygrad.testing.conformance
import mygrad.testing.kernels
import mygrad.testing.programs
import mygrad.testing.results  # noqa: F401 -- they add checks, too
from mygrad.arrays import Adapter, register_backend
from mygrad.testing.bench import CHECKS, Bench, Skip

__all__ = ["BackendReport", "check_backend"]


@dataclass
class BackendReport:
    """What `check_backend` has found; ``str`` of it is meant to be read.

    Parameters
    ----------
    adapter
        The adapter that was checked.
    passed
        The checks that it passed: (section, name).
    failed
        By check: what is wrong.
    skipped
        By check: why it does not apply.
    """

    adapter: Adapter
    passed: list[tuple[str, str]] = field(default_factory=list)
    failed: dict[tuple[str, str], str] = field(default_factory=dict)
    skipped: dict[tuple[str, str], str] = field(default_factory=dict)

    def __str__(self) -> str:
        count = len(self.passed) + len(self.failed)
        verdict = (
            f"{len(self.failed)} of {count} checks failed"
            if self.failed
            else (f"all {count} checks passed")
        )
        lines = [f"{self.adapter!r}: {verdict}"]
        lines += self._listed(self.failed)
        if self.skipped:
            lines += ["not checked:", *self._listed(self.skipped)]
        return "\n".join(lines)

    @staticmethod
    def _listed(remarks: dict[tuple[str, str], str]) -> Iterator[str]:
        section = None
        for (where, name), remark in remarks.items():
            if where != section:
                section = where
                yield f"  {where}"
            yield f"    {name}: " + remark.strip().replace("\n", "\n      ")


def check_backend(adapter: Adapter, *, other_device: Any = None) -> BackendReport:
    """Check that an adapter does all that mygrad relies on; raise with a report if not.

    Parameters
    ----------
    adapter
        The adapter. It is registered, as `mygrad.register_backend` does.
    other_device
        A second device of the library, as users name it in ``device=``, to move arrays to.

    Returns
    -------
    BackendReport
        What was checked, and what was not and why. ``print`` it.

    Raises
    ------
    AssertionError
        Something is wrong. The message is the report: what each hook did, and what it should do.

    Notes
    -----
    What is checked, in this order: the declaration; the way to the host and back; devices; memory
    (addresses, strides, windows, allocation, owners, overlap); locking; writing; random numbers;
    kernels, against the portable functions that they stand in for; and programs with views,
    writes and second derivatives, against the same programs on NumPy.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.testing import check_backend
    >>> report = check_backend(mg.get_adapter("numpy"))
    >>> report.failed
    {}
    """
    if not isinstance(adapter, Adapter):
        raise TypeError(
            f"check_backend takes an adapter, an instance of a subclass of mygrad.Adapter, and was "
            f"given a {type(adapter).__name__}"
        )
    register_backend(adapter)
    bench, report = Bench(adapter, other_device), BackendReport(adapter)
    for section, checks in CHECKS.items():
        for name, check in checks.items():
            try:
                check(bench)
            except Skip as reason:
                report.skipped[section, name] = str(reason)
            except AssertionError as error:
                report.failed[section, name] = str(error)
            except Exception as error:
                missing = isinstance(error, NotImplementedError) and not str(error)
                report.failed[section, name] = (
                    "a hook that it needs is not implemented"
                    if missing
                    else f"{type(error).__name__}: {error}"
                )
            else:
                report.passed.append((section, name))
    if report.failed:
        raise AssertionError(f"check_backend: {report}")
    return report
