"""Discrete Fourier transforms."""

from mygrad.fft.frequencies import *
from mygrad.fft.transforms import *

__all__ = [name for name, value in globals().items() if callable(value) and name[0] != "_"]
