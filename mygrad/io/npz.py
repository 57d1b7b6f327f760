"""NumPy's ``.npz``: a zip archive with one ``.npy`` in it for each array.

It is read entry by entry, and not by `numpy.load`: an array is made only when the entry is known
to hold as many bytes as its header says, and nothing is ever unpickled.
"""

from __future__ import annotations

import io
import math
import zipfile
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from mygrad.io.contents import Contents, Refused

__all__ = ["read", "write"]

TABLE = "mygrad.json"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same tensors make the same file, whenever they are saved


def write(file: BinaryIO, contents: Contents) -> None:
    """Write arrays and table into an open file."""
    with zipfile.ZipFile(file, "w", allowZip64=True) as archive:
        if contents.table is not None:  # first, so that it tells if others were lost
            archive.writestr(zipfile.ZipInfo(TABLE, EPOCH), contents.table)
        for name, array in contents.arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy", EPOCH), "w", force_zip64=True) as out:
                npy.write_array(out, array, allow_pickle=False)


def read(file: BinaryIO) -> Contents:
    """Read what `write`, or `numpy.savez`, has written."""
    arrays: dict[str, Any] = {}
    table = None
    try:
        with zipfile.ZipFile(file) as archive:
            for entry in archive.infolist():
                name = entry.filename.removesuffix(".npy")
                if name in arrays:
                    raise Refused(f"there are two arrays of the name {name!r}")
                if entry.filename == TABLE:
                    table = archive.read(entry).decode()
                elif entry.filename.endswith(".npy"):
                    arrays[name] = array_in(archive.read(entry), name)
                else:
                    raise Refused(f"it holds {entry.filename!r}, which is no array")
    except Refused:
        raise
    except Exception as error:  # zipfile, zlib and struct each have errors of their own
        raise Refused(f"it is damaged or cut off ({error})") from error
    return Contents(arrays, table)


def array_in(entry: bytes, name: str) -> Any:
    """The array of an ``.npy`` of this content."""
    stream = io.BytesIO(entry)
    version = npy.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise Refused(f"{name!r} is an .npy of version {version}, which no array of numbers needs")
    header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = header(stream)
    if dtype.kind not in "fiubc":
        raise Refused(f"{name!r} is of dtype {dtype}, and tensors hold numbers")
    start = stream.tell()
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(entry) - start:
        raise Refused(
            f"{name!r} is said to be {dtype}{list(shape)}, and has {len(entry) - start} bytes"
        )
    return np.ndarray(shape, dtype, entry, start, order="F" if fortran else "C")
