"""What NumPy's functions do on tensors: ``mg.supports(np.pad)``."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np

from mygrad.autodiff.primitive import Primitive
from mygrad.interop import numpy_functions, numpy_ufuncs
from mygrad.interop.differentiable import DIFFERENTIABLE, NOT_ON, REFUSED_KEYWORDS
from mygrad.tensors.names_elsewhere import FUNCTIONS

__all__ = ["Support", "supports"]


@dataclass(frozen=True)
class Support:
    """What one of NumPy's functions does on tensors.

    Attributes
    ----------
    name
        The function, as ``numpy.pad``.
    kind
        ``"differentiable"``; ``"without derivative"`` (NumPy's values, which do not depend smoothly
        on anything); ``"refused"``, where variables raise; or ``"a user's"``, done by a plain
        function that somebody registered with `implements_numpy_override`.
    by
        The parameters by which it differentiates.
    keywords
        The parameters with a default that may be given.
    refused
        Those that raise.
    done_by
        What does the work, as ``mygrad.pad``; None where NumPy's function does it on the arrays.
    not_on
        The backends on which it raises.
    instead
        What to use, where it is refused.
    """

    name: str
    kind: str
    by: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    done_by: str | None = None
    not_on: tuple[str, ...] = ()
    instead: str = ""

    def __bool__(self) -> bool:
        return self.kind == "differentiable"

    def __str__(self) -> str:
        if self.kind == "refused":
            return f"{self.name} is refused for variables: {self.instead}"
        if self.kind == "a user's":
            return f"{self.name} is done by {self.done_by}, as far as that goes"
        does = f"differentiates by {', '.join(self.by)}" if self else "has no derivative"
        parts = [f"{self.name} {does}"]
        if self.done_by:
            parts.append(f"done by {self.done_by}")
        if self.keywords:
            parts.append(f"takes {', '.join(f'{k}=' for k in self.keywords)}")
        if self.refused:
            parts.append(f"refuses {', '.join(f'{k}=' for k in self.refused)}")
        if self.not_on:
            parts.append(f"not on {', '.join(self.not_on)}")
        return "; ".join(parts)

    __repr__ = __str__


def supports(function: Any) -> Support:
    """What a function or ufunc of NumPy (or a ufunc of SciPy) does when it is given tensors.

    Parameters
    ----------
    function : Callable
        ``np.pad``, ``np.add``, ``np.linalg.inv``, ...

    Returns
    -------
    Support
        It is true if the function differentiates, and prints as a sentence.

    Raises
    ------
    TypeError
        It is no function that NumPy lets a class override: it never asks tensors. What it does
        with them depends on the functions that it calls.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> mg.supports(np.flip)
    numpy.flip differentiates by m; done by mygrad.flip; takes axis=
    >>> bool(mg.supports(np.argmax))
    False
    """
    if isinstance(function, np.ufunc):
        name = numpy_ufuncs.origin(function)
        short = name.rpartition(".")[2]
        raw = short in numpy_ufuncs.RAW
        ours = None if raw else numpy_ufuncs.counterpart(name)
        if function.ntypes == 0:
            return Support(name, "refused", instead="it is a function of strings")
    elif hasattr(function, "_implementation") or function in numpy_functions.handlers():
        name = f"{function.__module__}.{function.__name__}"
        handler = numpy_functions.handlers().get(function)
        ours = handler.ours if handler else None
        short = function.__name__
        raw = handler is None and function.__module__ == "numpy" and short in numpy_functions.RAW
        for start, kind in numpy_functions.NOT_OF_NUMBERS.items():
            if name.startswith(start):
                return Support(name, "refused", instead=f"it is a function of {kind}")
    else:
        raise TypeError(
            f"{getattr(function, '__name__', function)!s} is no function of NumPy that asks "
            f"tensors; it does what the functions do that it calls"
        )
    if ours is None and not raw:
        instead = FUNCTIONS.get(short, "write it with functions that mygrad has")
        return Support(name, "refused", instead=instead)
    module = getattr(ours, "__module__", None) or ""
    if ours is not None and not isinstance(ours, Primitive) and module.split(".")[0] != "mygrad":
        return Support(name, "a user's", done_by=f"{module}.{ours.__name__}")
    by = tuple(DIFFERENTIABLE[name].split()) if name in DIFFERENTIABLE else _declared(ours)
    refused = tuple(REFUSED_KEYWORDS.get(name, "").split())
    keywords = tuple(k for k in keywords_of(function) if k not in refused)
    not_on = tuple(backend for backend, names in NOT_ON.items() if name in names.split())
    kind = "differentiable" if by else "without derivative"
    done_by = None if raw else _called(function, name)
    return Support(name, kind, by, keywords, refused, done_by, not_on)


def keywords_of(function: Any) -> list[str]:
    """The parameters with a default that say something; "like" and "device" are NumPy's matter."""
    if isinstance(function, np.ufunc):
        elementwise = ["where"] if function.signature is None else ["axes"]
        return ["out", *elementwise, "casting", "order", "dtype", "subok"]
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.default is not p.empty and p.name != "like"]


def _declared(ours: Any) -> tuple[str, ...]:
    """The operands of a primitive that have a derivative."""
    if not isinstance(ours, Primitive):
        return ()
    live = ours.differentiable
    return tuple(n for k, n in enumerate(ours.operand_names) if live < 0 or live >> k & 1)


def _called(function: Any, name: str) -> str | None:
    """The function of mygrad that has the name of NumPy's, if there is one."""
    room, _, short = name.removeprefix("numpy.").rpartition(".")
    room = room.removeprefix("scipy.")
    owner = getattr(numpy_functions.public(), room, None) if room else numpy_functions.public()
    found = getattr(owner, short, None)
    if not callable(found) or found is function or isinstance(found, np.ufunc):
        return None
    if (getattr(found, "__module__", "") or "").startswith("numpy"):
        return None
    return ".".join(part for part in ("mygrad", room, short) if part)
