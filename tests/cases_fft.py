"""Cases for Fourier transforms, signals, polynomials and numerical calculus."""

from __future__ import annotations

__all__ = ["ELSEWHERE"]

ELSEWHERE = dict.fromkeys(("dft", "hermitian_dft", "real_dft"), "test_fft")
"""Primitives whose results have another dtype than their operands, and where their tests are."""
