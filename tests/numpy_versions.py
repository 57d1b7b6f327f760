"""What tests compare with NumPy where its versions differ."""

from __future__ import annotations

import numpy as np
import pytest

__all__ = ["is_at_least", "since_numpy"]


def is_at_least(version: str) -> bool:
    """Whether NumPy is of this version (as in ``"2.4"``) or newer."""
    return tuple(map(int, np.__version__.split(".")[:2])) >= tuple(map(int, version.split(".")))


def since_numpy(version: str) -> pytest.MarkDecorator:
    """A mark for what NumPy does so since a version."""
    return pytest.mark.skipif(
        not is_at_least(version), reason=f"NumPy does it so since {version}, and this is older"
    )
