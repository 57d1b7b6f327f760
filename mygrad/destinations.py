"""``out=``: results that are written into arrays and tensors that are there already."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.guard import adopt
from mygrad.autodiff.memory import Handle, new_handle
from mygrad.autodiff.tape import write
from mygrad.backends import adapter_of
from mygrad.operands import floating

__all__ = ["into"]


def into(out: Any, result: Handle, name: str, mask: Any = None) -> Any:
    """Write a result into ``out=``, and return that as a tensor."""
    if isinstance(out, tuple):
        (out,) = out
    adapter = adapter_of(result._data)
    assert adapter is not None
    if not isinstance(out, Handle):
        if adapter_of(out) is not adapter:
            raise TypeError(
                f"{name}: out= has to be a tensor or an array of {adapter.name}, and is a "
                f"{type(out).__name__}"
            )
        memory, out = out, new_handle(out, None, None, None, not floating[adapter, out.dtype])
        adopt(out, memory, adapter)
    if not adapter.can_cast(result._data.dtype, out._data.dtype):
        raise TypeError(
            f"{name}: a result of dtype {result._data.dtype} cannot be written to out= of dtype "
            f"{out._data.dtype}; give an out= of that dtype"
        )
    if result._data.ndim > out._data.ndim:
        raise ValueError(
            f"{name}: out= of shape {tuple(out._data.shape)} cannot take a result of shape "
            f"{tuple(result._data.shape)}"
        )
    write(out, None, result, mask=mask, name=f"{name}(..., out=)")
    return out
