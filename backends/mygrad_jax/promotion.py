"""NumPy's dtypes of results, where a program is traced that stands for one on NumPy's arrays.

JAX gives ``int64 * float32`` as float32, and NumPy as float64; ``exp(int32)``, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["like_numpy"]

_TOGETHER = frozenset("concat concatenate einsum matmul outer stack tensordot vecdot".split())
"""Operations other than elementwise ones whose operands come to one dtype first."""


def like_numpy(
    function: Callable[..., Any], primitive: Any, tracing: Callable[[], Any], on_numpy: Any
) -> Callable[..., Any]:
    """A kernel that gives the dtypes of NumPy's while `tracing()` says so.

    Parameters
    ----------
    function
        The kernel, of JAX's arrays.
    primitive
        What it is a kernel of.
    tracing
        Returns something that is not None while a program for NumPy's arrays is traced.
    on_numpy
        Returns the kernel of NumPy's.
    """
    elementwise = primitive.broadcasts == "elements"
    if not elementwise and primitive.name not in _TOGETHER:
        return function

    def call(*args: Any, **options: Any) -> Any:
        if tracing() is None:
            return function(*args, **options)
        kinds = _dtypes(args)
        if len(set(kinds)) < 2 and all(kind.kind in "fc" for kind in kinds):
            return function(*args, **options)
        if not elementwise and kinds:
            return function(*_cast(args, np.result_type(*kinds)), **options)
        try:
            with np.errstate(all="ignore"):
                wanted = on_numpy()(*[_empty(a) for a in args], **_plain(options)).dtype
        except Exception:  # NumPy refuses, and says so in other words
            return function(*args, **options)
        if wanted.kind in "fc" and kinds:
            args = _cast(args, wanted)
        elif wanted.kind == "b" and kinds:  # a comparison
            args = _cast(args, np.result_type(*kinds))
        found = function(*args, **options)
        same = isinstance(found, tuple) or found.dtype == wanted  # some keep residuals, too
        return found if same else found.astype(wanted)

    return call


def _dtypes(args: Any) -> list[np.dtype[Any]]:
    found = []
    for a in args:
        if isinstance(a, (list, tuple)):
            found += _dtypes(a)
        elif hasattr(a, "dtype") and not _weak(a):
            found.append(np.dtype(a.dtype))
    return found


def _weak(a: Any) -> bool:
    """Whether it stands for a Python number."""
    return bool(getattr(a, "weak_type", False)) or (
        hasattr(a, "__jax_array__") and not hasattr(a, "weak_type")
    )


def _empty(a: Any) -> Any:
    """Something with the dtype of an operand, and without elements."""
    if isinstance(a, np.generic):
        return a
    if _weak(a):
        return {"b": True, "i": 1, "u": 1, "f": 1.0, "c": 1j}[np.dtype(a.dtype).kind]
    return np.empty((0,), np.dtype(a.dtype)) if hasattr(a, "dtype") else a


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    return {name: _empty(value) for name, value in options.items()}


def _cast(args: Any, dtype: Any) -> tuple[Any, ...]:
    """The operands in a dtype; truth values stay what they are, as they may be conditions."""
    return tuple(
        type(a)(_cast(a, dtype)) if isinstance(a, (list, tuple))
        else a.astype(dtype)
        if hasattr(a, "astype") and not _weak(a) and a.dtype not in (dtype, np.bool_)
        else a
        for a in args
    )  # fmt: skip
