"""The safetensors format, by the package of that name: arrays as they lie, and a header in JSON.

The format is described at https://github.com/safetensors/safetensors#format.
"""

from __future__ import annotations

import json
from typing import Any, BinaryIO

import numpy as np

from mygrad.io.contents import VERSION, Contents, Refused

__all__ = ["looks_like_it", "read", "write"]

TABLE = "mygrad"  # the key of the table among the metadata
DTYPES = {
    "F16": "f2", "F32": "f4", "F64": "f8", "C64": "c8", "BOOL": "?",
    **{f"{kind}{8 * n}": f"{kind.lower()}{n}" for kind in "IU" for n in (1, 2, 4, 8)},
}  # fmt: skip


def package() -> Any:
    """The package, if it is installed."""
    try:
        import safetensors
    except ImportError as error:
        raise ImportError(
            "files whose name ends in .safetensors need the package safetensors: "
            "pip install safetensors; names that end in .npz need nothing"
        ) from error
    return safetensors


def write(file: BinaryIO, contents: Contents) -> None:
    """Write arrays and table into an open file."""
    package()
    from safetensors.numpy import save

    known = set(DTYPES.values())
    for name, array in contents.arrays.items():
        if array.dtype.newbyteorder("=").str[1:].replace("b1", "?") not in known:
            raise TypeError(
                f"mygrad.save: safetensors has no dtype {array.dtype}, which {name!r} is of; save "
                f"to a name that ends in .npz, or convert it with .astype"
            )
    # The package writes memory as it lies, whatever the strides.
    dense = {name: np.asarray(array, order="C") for name, array in contents.arrays.items()}
    file.write(save(dense, {TABLE: contents.table} if contents.table is not None else None))


def looks_like_it(start: bytes) -> bool:
    """Whether a file that begins so may be one: the length of the header, then the header."""
    return len(start) > 8 and start[8:9] == b"{"


def read(file: BinaryIO) -> Contents:
    """Read what `write`, or anything else that writes safetensors, has written."""
    content = file.read()
    try:
        found = package().deserialize(content)
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    except ImportError:
        raise
    except Exception as error:  # the package has an error of its own
        raise Refused(f"it is damaged or cut off ({error})") from error
    arrays = {}
    for name, spec in found:
        if spec["dtype"] not in DTYPES:
            raise Refused(f"{name!r} is of dtype {spec['dtype']}, which NumPy does not have")
        dtype = np.dtype(DTYPES[spec["dtype"]]).newbyteorder("<")
        arrays[name] = np.frombuffer(spec["data"], dtype).reshape(spec["shape"])
    return Contents(arrays, metadata.get(TABLE) or every(arrays))


def every(arrays: dict[str, Any]) -> str:
    """The table of a file that another program wrote: all of its arrays are tensors."""
    rows = [{"data": name} for name in arrays]
    return json.dumps({"version": VERSION, "form": "dict", "tensors": rows})
