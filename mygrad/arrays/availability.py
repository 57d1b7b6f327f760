"""Which array libraries can be used here."""

from __future__ import annotations

from dataclasses import dataclass

from mygrad.arrays.registry import get_adapter, names, remedy

__all__ = ["Availability", "available_backends"]


@dataclass(frozen=True)
class Availability:
    """Whether a backend can be used here and, if not, why and what to do.

    Parameters
    ----------
    name
        The name to select it by.
    available
        True if its arrays can be used now.
    reason
        Why it is not available; empty if it is.
    install
        How to install it; empty if it is installed, whether it can be used or not.
    """

    name: str
    available: bool
    reason: str = ""
    install: str = ""


def available_backends() -> dict[str, Availability]:
    """Which backends there are and, for those that cannot be used, why and how to install them.

    Returns
    -------
    dict[str, Availability]
        By name. Looking imports the libraries and asks each for a device.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.available_backends()["numpy"].available
    True
    """
    found = {}
    for name in names():
        try:
            adapter = get_adapter(name)
            adapter.asarray(0.0)  # a library without a device fails here
            adapter.synchronize()
        except Exception as error:
            missing = isinstance(error, ImportError) and error.name
            found[name] = Availability(name, False, str(error), remedy(name) if missing else "")
        else:
            found[name] = Availability(name, True)
    return found
