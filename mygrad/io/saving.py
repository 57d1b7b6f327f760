"""`save` and `load`: one tensor, or any number of named ones."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from mygrad.io import npz, safetensors
from mygrad.io.contents import Refused, contents_of, tensors_of
from mygrad.io.replacing import replacing
from mygrad.tensors.base import Tensor

__all__ = ["load", "save"]

NPZ, SAFETENSORS = ".npz", ".safetensors"


def save(
    file: str | os.PathLike[str] | BinaryIO,
    *tensors: Tensor | Mapping[str, Tensor],
    **named: Tensor,
) -> None:
    """Save tensors to a file: values, dtypes, gradients, and whether they are constant.

    The format is NumPy's ``.npz``, or safetensors if the name of the file ends so (and the package
    of this name is installed). A file is written beside the one of that name and takes its place
    when it is complete; if saving fails, nothing has changed.

    Parameters
    ----------
    file
        The name of the file (``.npz`` is added if it has neither ending), or an open binary file,
        which gets an ``.npz``.
    *tensors
        One tensor, several, or a dictionary of tensors by name. Tensors are on any backend.
    **named
        Tensors by name. One alone of the name ``tensor`` is saved as if it had no name, because
        that is what the second argument of MyGrad 2's function is called.

    Raises
    ------
    TypeError
        Something else than a tensor was given, or safetensors does not know a dtype.
    ImportError
        The package safetensors is needed, and not installed.

    See Also
    --------
    load : Loads what was saved.

    Notes
    -----
    How tensors were computed is not saved, nor which of them are views of one another. Tensors
    without names are saved in the format of MyGrad 2, which can load a single one.

    Examples
    --------
    >>> import io, mygrad as mg
    >>> x = mg.tensor([1.0, 2.0])
    >>> (x * x).backward()
    >>> file = io.BytesIO()
    >>> mg.save(file, x)
    >>> _ = file.seek(0)
    >>> mg.load(file).grad
    array([2., 4.])

    Several tensors have names:

    >>> file = io.BytesIO()
    >>> mg.save(file, {"layer1.weight": x, "layer1.bias": mg.tensor(1.0)})
    >>> _ = file.seek(0)
    >>> mg.load(file)
    {'layer1.weight': Tensor([1., 2.]), 'layer1.bias': Tensor(1.)}
    """
    form, chosen = tensors_by_name(tensors, named)
    contents = contents_of(chosen, form)
    if not isinstance(file, (str, os.PathLike)):
        npz.write(file, contents)
        return
    path = Path(os.fspath(file))
    if path.name.endswith(SAFETENSORS):
        safetensors.package()
        with replacing(path) as stream:
            safetensors.write(stream, contents)
    else:
        with replacing(with_ending(path)) as stream:
            npz.write(stream, contents)


def tensors_by_name(
    tensors: tuple[Any, ...], named: dict[str, Any]
) -> tuple[str, dict[str, Tensor]]:
    """What a call of `save` asks for: the form of the file, and its tensors by name."""
    if len(tensors) == 1 and isinstance(tensors[0], Mapping):
        twice = sorted(tensors[0].keys() & named.keys())
        if twice:
            raise TypeError(f"mygrad.save was given two tensors of the name {twice[0]!r}")
        form, chosen = "dict", {**tensors[0], **named}
    elif tensors and named:
        raise TypeError(
            "mygrad.save takes tensors with names or without; give all of them names: "
            "mg.save(file, weight=w, bias=b)"
        )
    elif named:
        form, chosen = "dict", dict(named)
        if list(named) == ["tensor"]:
            form, chosen = "tensor", {"data": named["tensor"]}
    elif len(tensors) == 1:
        form, chosen = "tensor", {"data": tensors[0]}
    else:
        form, chosen = "tuple", {str(k): tensor for k, tensor in enumerate(tensors)}
    if not chosen:
        raise TypeError("mygrad.save was given no tensors: mg.save(file, weight=w, bias=b)")
    for name, tensor in chosen.items():
        check(name, tensor, form)
    return form, chosen


def check(name: Any, tensor: Any, form: str) -> None:
    """Raise for what is no tensor, and for what is no name."""
    which = "" if form == "tensor" else f" as {name!r}"
    if isinstance(tensor, (Mapping, list, tuple)):
        raise TypeError(
            f"mygrad.save requires a Tensor-type object, got type {type(tensor)}{which}; files are "
            f"flat: give each tensor a name with dots in it, such as 'layer1.weight'"
        )
    if not isinstance(tensor, Tensor):
        raise TypeError(
            f"mygrad.save requires a Tensor-type object, got type {type(tensor)}{which}; "
            f"mg.astensor makes one"
        )
    if not isinstance(name, str) or not name or "\0" in name or "\\" in name:
        raise TypeError(
            f"mygrad.save: names of tensors are text without zeros and backslashes, not {name!r}"
        )


def with_ending(path: Path) -> Path:
    """The name of the file that a name stands for, as for `numpy.savez`."""
    if path.name.endswith((NPZ, SAFETENSORS)):
        return path
    return path.with_name(path.name + NPZ)


def load(
    file: str | os.PathLike[str] | BinaryIO, *, backend: str | None = None, device: Any = None
) -> Any:
    """Load what `save` has saved: tensors, their gradients, and whether they are constant.

    Files of MyGrad 2 are read, too, and all safetensors files. Nothing in a file is ever executed:
    pickles are refused, and so is what is damaged, or does not fit together.

    Parameters
    ----------
    file
        The name that was given to `save` (``.npz`` may be left out), or an open binary file.
    backend
        The array library to put the tensors on, by name; the selected one if not given. It need
        not be the one that they were saved from.
    device
        The device to put them on.

    Returns
    -------
    Tensor or tuple of Tensor or dict of str to Tensor
        A tensor if one was saved without a name, a tuple if several were, and a dictionary if they
        had names.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        It is no file of `save`, or it is damaged.
    ImportError
        The package safetensors is needed, and not installed.

    See Also
    --------
    save : Saves tensors.

    Examples
    --------
    >>> import io, mygrad as mg
    >>> file = io.BytesIO()
    >>> mg.save(file, mg.tensor([1.0, 2.0]), mg.tensor(3))
    >>> _ = file.seek(0)
    >>> mg.load(file)
    (Tensor([1., 2.]), Tensor(3))
    """
    if not isinstance(file, (str, os.PathLike)):
        return read(file, "the file", backend, device)
    path = Path(os.fspath(file))
    found = next((p for p in (with_ending(path), path) if p.exists()), None)
    if found is None:
        names = dict.fromkeys(str(p) for p in (path, with_ending(path)))
        raise FileNotFoundError(f"mygrad.load: there is no file {' or '.join(names)}")
    with open(found, "rb") as stream:
        return read(stream, str(found), backend, device)


def read(stream: BinaryIO, name: str, backend: str | None, device: Any) -> Any:
    """Read a file in the format that its first bytes say it is in."""
    here = stream.tell()
    start = stream.read(9)
    stream.seek(here)
    try:
        if start.startswith((b"PK\3\4", b"PK\5\6")):
            contents = npz.read(stream)
        elif start.startswith(b"\x93NUMPY"):
            raise Refused("it is one array of numpy.save: mg.tensor(np.load(file)) makes a tensor")
        elif safetensors.looks_like_it(start) or name.endswith(SAFETENSORS):
            contents = safetensors.read(stream)
        else:
            what = "empty" if not start else "neither .npz nor safetensors"
            raise Refused(f"it is {what}; mygrad.save writes what can be loaded")
        return tensors_of(contents, backend, device)
    except Refused as error:
        raise ValueError(f"mygrad.load cannot read {name}: {error}") from error.__cause__
