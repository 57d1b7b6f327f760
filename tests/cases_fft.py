"""Cases for Fourier transforms, signals, polynomials and numerical calculus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["ELSEWHERE", "cases"]

ELSEWHERE = {
    **dict.fromkeys(("dft", "hermitian_dft", "real_dft"), "test_fft"),
    "polynomial_roots": "test_polynomials",
    "least_squares": "test_fitting",
}
"""Primitives whose results have a dtype of their own, or which need operands that fit together."""


def cases(on: Callable[..., Any], then: Callable[..., Any]) -> dict[str, list[Any]]:
    """Example calls, by primitive."""
    modes = ("full", "same", "valid")
    return {
        "convolve": [
            *(then((4,), (3,), extra=(mode,)) for mode in modes),
            on((2,), (5,), mode="same"),
            on((1,), (1,)),
        ],
        "correlate": [
            *(then((4,), (3,), extra=(mode,)) for mode in modes),
            on((3,), (4,), mode="same"),
            on((2,), (5,), mode="valid"),
        ],
        "horner": [on((4,), (2, 3)), on((1,), (2,)), on((3,), ())],
        "bessel_i": [on((2, 3)), on((3,), order=1), on((), order=4)],
        "pseudo_inverse": [then((3, 2), extra=(1e-6,)), then((2, 4), extra=(1e-6,))],
        "characteristic_polynomial": [on((3, 3)), on((1, 1))],
    }
