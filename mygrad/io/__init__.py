"""Saving tensors to files, and loading them."""

from mygrad.io.saving import load, save

__all__ = ["load", "save"]
