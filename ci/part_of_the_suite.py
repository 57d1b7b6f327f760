"""A plugin of pytest that keeps the K-th of N parts of the tests: ``PART=K/N pytest -p ...``.

A test's part depends on its name alone, so that parts may run at different times and on different
machines, and together are the suite.
"""

from __future__ import annotations

import os
from typing import Any
from zlib import crc32


def part_of(name: str, parts: int) -> int:
    """The part, from 1 on, of the test of that name."""
    return crc32(name.encode()) % parts + 1


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    part, parts = map(int, os.environ.get("PART", "1/1").split("/"))
    others = [item for item in items if part_of(item.nodeid, parts) != part]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if part_of(item.nodeid, parts) == part]
