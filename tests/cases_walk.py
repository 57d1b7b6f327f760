"""Cases of functions that put elements in, leave them out, choose, and repeat them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import mygrad as mg

__all__ = ["cases_of_pad", "cases_walk"]

MASK = np.array([[True, False, True], [False, True, True]])


def cases_walk(case: Callable[..., Any]) -> dict[str, list[Any]]:
    """Example calls, by name; `case` makes one of shapes, keyword arguments, and arguments."""
    one, two = ((3,),), ((2, 3),)
    return {
        "append": [case(((2, 3), (2,))), case(((2, 3), (1, 3)), {"axis": 0})],
        "apply_along_axis": [
            case(two, leading=(lambda line: line[0] * line, 1)),
            case(two, leading=(lambda line: mg.sum(line * line), 0)),
        ],
        "apply_over_axes": [case(((2, 3, 2),), leading=(mg.sum,), extra=((0, 2),))],
        "delete": [case(((4,),), extra=([0, -1],)), case(two, extra=(slice(0, 3, 2), 1))],
        "diagflat": [case(((2, 2),)), case(one, {"k": -1})],
        "extract": [case(two, leading=(MASK,))],
        "insert": [case(one, extra=([1, 3], [7.0, 8.0])), case(two, extra=(1, 2.5, 1))],
        "resize": [case(two, extra=((2, 2, 2),)), case(one, extra=(2,))],
        "rollaxis": [case(((2, 3, 4),), extra=(2,)), case(((2, 3, 4),), extra=(0, 3))],
        "trim_zeros": [case(one)],
    }


def cases_of_pad(case: Callable[..., Any]) -> list[Any]:
    """Modes that are made of other operations, of those that complex numbers have, too."""
    return [
        case(((2, 3),), extra=(((2, 1), (0, 3)), "linear_ramp")),
        case(((2, 3),), extra=(2, "mean")),
        case(((2, 3),), {"reflect_type": "odd"}, extra=((3, 4), "reflect")),
        case(((2, 3),), {"reflect_type": "odd"}, extra=((3, 4), "symmetric")),
    ]
