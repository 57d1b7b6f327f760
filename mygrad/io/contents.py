"""What a file of tensors holds, whatever its format: named arrays, and what they are to tensors.

A file has one entry for the values of each tensor and one for its gradient, if it has one. The
*table* says which is which. It is JSON::

    {"version": 1, "form": "dict", "tensors": [{"data": "w", "constant": false, "grad": "w.grad"}]}

The form is that of what `mygrad.load` returns: ``"tensor"``, ``"tuple"`` or ``"dict"``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mygrad.arrays import adapter_of
from mygrad.autodiff.nodes import Handle, buffer_of
from mygrad.tensors.base import Tensor

__all__ = ["Contents", "Refused", "contents_of", "tensors_of"]

VERSION = 1
FORMS = ("tensor", "tuple", "dict")


class Refused(ValueError):
    """A file that is not what it should be; whoever opened it adds its name."""


@dataclass
class Contents:
    """The arrays of a file by name, in host memory, and its table (None: it has none)."""

    arrays: dict[str, Any]
    table: str | None


def contents_of(named: Mapping[str, Tensor], form: str) -> Contents:
    """What a file with these tensors holds; copies everything to the host."""
    arrays: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    for name, tensor in named.items():
        row: dict[str, Any] = {"data": name, "constant": tensor.constant}
        put(arrays, name, tensor._data)
        grad = tensor.grad
        if grad is not None:
            row["grad"] = "grad" if form == "tensor" else f"{name}.grad"
            if row["grad"] in named:
                raise ValueError(
                    f"mygrad.save: the gradient of {name!r} is saved under {row['grad']!r}, which "
                    f"is the name of another tensor; name that one otherwise"
                )
            put(arrays, row["grad"], grad._data if isinstance(grad, Handle) else grad)
        rows.append(row)
    return Contents(arrays, json.dumps({"version": VERSION, "form": form, "tensors": rows}))


def put(arrays: dict[str, Any], name: str, array: Any) -> None:
    adapter = adapter_of(array)
    assert adapter is not None
    arrays[name] = np.asarray(adapter.to_host(array))


def tensors_of(contents: Contents, backend: str | None, device: Any) -> Any:
    """The tensors of a file, in the form in which they were saved.

    Raises
    ------
    Refused
        The table is none of `mygrad.save`'s, or does not fit the arrays.
    """
    form, rows = table_of(contents)
    left = set(contents.arrays)
    named: dict[str, Tensor] = {}
    for row in rows:
        for entry in [row[key] for key in ("data", "grad") if key in row]:
            if not isinstance(entry, str) or entry not in left:
                raise Refused(f"its table names the array {entry!r}, which is not there")
            left.remove(entry)
        named[row["data"]] = loaded(contents.arrays, row, backend, device)
    if left:
        raise Refused(f"the arrays {', '.join(sorted(left))} are not in its table")
    if form == "tensor":
        return next(iter(named.values()))
    return tuple(named.values()) if form == "tuple" else named


def table_of(contents: Contents) -> tuple[str, Sequence[dict[str, Any]]]:
    """The form of a file, and what each of its tensors is made of."""
    arrays = contents.arrays
    if contents.table is None:  # MyGrad 2 wrote it, or the first edition
        if "data" in arrays and set(arrays) <= {"data", "grad"}:
            return "tensor", [{name: name for name in arrays}]
        raise Refused(
            f"mygrad.save did not write it (it has {', '.join(sorted(arrays)) or 'no arrays'}); "
            f"numpy.load reads arrays, and mg.tensor makes tensors of them"
        )
    try:
        table = json.loads(contents.table)
        version, form, rows = table["version"], table["form"], table["tensors"]
        newer = type(version) is int and version > VERSION
        fits = version == VERSION and form in FORMS
        fits = fits and all(isinstance(row, dict) and "data" in row for row in rows)
    except (KeyError, TypeError, ValueError, RecursionError):
        newer = fits = False
    if newer:
        raise Refused(
            f"it is of version {version} of the format, and this mygrad knows {VERSION}; a newer "
            f"mygrad reads it"
        )
    if not fits or (form == "tensor" and len(rows) != 1):
        raise Refused("its table of contents is damaged")
    return form, rows


def loaded(
    arrays: Mapping[str, Any], row: Mapping[str, Any], backend: str | None, device: Any
) -> Tensor:
    """One tensor, and its gradient."""
    name, constant = row["data"], row.get("constant")
    data = arrays[name]
    if constant not in (None, True, False):
        raise Refused("its table of contents is damaged")
    if constant is False and data.dtype.kind not in "fc":
        raise Refused(f"{name!r} is a variable of dtype {data.dtype}, which has no derivative")
    tensor = Tensor(data, constant=constant, backend=backend, device=device)
    grad = None if "grad" not in row else arrays[row["grad"]]
    if grad is None:
        return tensor
    if tensor.constant:
        raise Refused(f"{name!r} is constant, and has a gradient")
    if grad.shape != data.shape or grad.dtype.newbyteorder("=") != data.dtype.newbyteorder("="):
        raise Refused(
            f"the gradient of {name!r} is {grad.dtype}{list(grad.shape)}, and the tensor "
            f"{data.dtype}{list(data.shape)}"
        )
    alike = np.empty_like(data)  # views of the tensor look at its gradient in the same way
    alike[...] = grad
    buffer_of(tensor).grad = Tensor(alike, backend=backend, device=device)._data
    return tensor
