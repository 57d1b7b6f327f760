"""What a view looks at, as an index that a user would have written."""

from __future__ import annotations

from typing import Any

__all__ = ["index_of"]


def index_of(
    layout: Any, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> str | None:
    """The basic index that a view of a buffer is, if it is one.

    Parameters
    ----------
    layout
        Of the buffer: its shape and strides, in bytes.
    offset, shape, strides
        Of the view.

    Returns
    -------
    str or None
        What stands in the brackets. None for what is no basic index: a transposed, a reshaped
        or a broadcast view.

    Examples
    --------
    >>> import numpy as np
    >>> from mygrad.computational_graph.regions import index_of
    >>> index_of(np.zeros((4, 3)), 24, (2, 3), (48, 8))
    '1::2'
    """
    base, steps = tuple(layout.shape), tuple(layout.strides)
    if 0 in shape or any(s <= 0 for s, n in zip(steps, base, strict=True) if n > 1):
        return None
    starts = [0] * len(base)
    rest = offset
    for k in sorted(range(len(base)), key=lambda k: -steps[k]):
        if base[k] > 1:
            starts[k], rest = divmod(rest, steps[k])
    if rest or any(start >= n for start, n in zip(starts, base, strict=True)):
        return None
    items: list[str] = []
    axis = 0
    for n, s in zip(shape, strides, strict=True):
        while axis < len(base) and not _fits(n, s, base[axis], steps[axis], starts[axis]):
            if n == 1 and len(shape) == len(base):
                break
            items.append(str(starts[axis]))
            axis += 1
        if axis == len(base):
            return None
        step = 1 if n == 1 else s // steps[axis]
        items.append(_slice(starts[axis], n, step, base[axis]))
        axis += 1
    items += [str(start) for start in starts[axis:]]
    while len(items) > 1 and items[-1] == ":":
        items.pop()
    return ", ".join(items) if items else None


def _fits(n: int, stride: int, length: int, step: int, start: int) -> bool:
    """Whether `n` elements `stride` apart are a slice of an axis."""
    if n == 1:
        return length == 1 or bool(stride and stride % step == 0)
    return bool(
        length > 1 and stride and stride % step == 0
        and 0 <= start + (n - 1) * (stride // step) < length
    )


def _slice(start: int, n: int, step: int, length: int) -> str:
    last = start + (n - 1) * step
    first = "" if start == (0 if step > 0 else length - 1) else str(start)
    stop = last + step
    end = "" if stop >= length or stop < 0 else str(stop)
    if n == 1:
        first, end = (str(start) if length > 1 else ""), (str(start + 1) if length > 1 else "")
    text = f"{first}:{end}"
    return text if step == 1 else f"{text}:{step}"
