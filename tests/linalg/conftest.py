"""Linear algebra on CuPy is cuSOLVER's, which no pretended device has."""

from __future__ import annotations

import pytest
from cases_linalg import without_solver

PRODUCTS = (
    "cross",
    "kron",
    "diagonal",
    "trace",
    "vecdot",
    "matvec",
    "vecmat",
    "multi_dot",
    "outer",
)
"""What the names of derivatives that need none contain."""


def pytest_runtest_setup(item: pytest.Item) -> None:
    name = item.name.partition("[")[2] if item.path.stem == "test_derivatives" else ""
    if not any(product in name for product in PRODUCTS) and without_solver():
        pytest.skip("cuSOLVER is not installed")
