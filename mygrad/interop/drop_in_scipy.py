"""What `mg.drop_in` has in place of SciPy's transforms, which are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mygrad.interop.arguments import has_variable
from mygrad.interop.drop_in_arrays import as_drop_in, as_is
from mygrad.tensors.leaving import others_code
from mygrad.tensors.switches import Override

__all__ = ["TRANSFORMS"]

Function = Callable[..., Any]


def _of_arrays(original: Function, *args: Any, **options: Any) -> Any:
    """What SciPy makes of plain arrays. It pads in arrays that must be NumPy's own class."""
    with Override(others_code, False):
        result = original(*args, **options)
    return as_drop_in(result, args)


def _fourier(theirs: Function) -> Callable[[Function], Function]:
    """A transform of ``scipy.fft``, as `theirs` of NumPy's where there is a tensor."""

    def wrapped(original: Function) -> Function:
        def function(x: Any, *args: Any, **options: Any) -> Any:
            x = as_is(x)
            if not has_variable(x):
                return _of_arrays(original, x, *args, **options)
            for name in ("overwrite_x", "workers", "plan"):  # how it is computed, and not what
                options.pop(name, None)
            return theirs(x, *args[:3], **options)

        return function

    return wrapped


def _of_cosines(original: Function) -> Function:
    """A transform to cosines or sines, by the matrix that it is: each row that of a unit vector.

    That takes the square of the length, in memory too.
    """

    def function(
        x: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None,
        overwrite_x: bool = False, workers: int | None = None, orthogonalize: bool | None = None,
    ) -> Any:  # fmt: skip
        x = as_is(x)
        if not has_variable(x):
            given = (x, type, n, axis, norm, overwrite_x, workers, orthogonalize)
            return _of_arrays(original, *given)
        units = np.eye(x.shape[axis], dtype=x.dtype)
        matrix = _of_arrays(original, units, type, n, 1, norm, orthogonalize=orthogonalize)
        return np.moveaxis(np.tensordot(x, matrix, (axis, 0)), -1, axis)

    return function


FOURIER = """fft ifft rfft irfft hfft ihfft fft2 ifft2 rfft2 irfft2
fftn ifftn rfftn irfftn""".split()
TRANSFORMS: dict[str, Callable[[Function], Function]] = {
    **{name: _fourier(getattr(np.fft, name)) for name in FOURIER},
    **dict.fromkeys(("dct", "idct", "dst", "idst"), _of_cosines),
}
"""By name in ``scipy.fft``, what makes the function that does its work inside."""
