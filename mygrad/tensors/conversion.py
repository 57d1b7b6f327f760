"""Arrays and dtypes of an array library, from what users hand in."""

from __future__ import annotations

from typing import Any

from mygrad.arrays import adapter_of, get_adapter, selected_adapter, selection
from mygrad.autodiff.lost_gradients import gradient_lost
from mygrad.autodiff.nodes import Handle

__all__ = ["array_of", "dtype_of"]


def array_of(x: Any, dtype: Any, device: Any, backend: str | None) -> tuple[Any, Any, bool]:
    """An array for `x`, its adapter, and whether the array is (a view of) the user's own."""
    theirs = adapter_of(x)
    chosen = selection()
    host = get_adapter("numpy")
    kind = type(x).__name__
    if theirs is None:
        x = host.asarray(_plain(x), dtype=None)
        if x.dtype.kind not in "fiubc":
            raise TypeError(
                f"a tensor cannot be made of {kind} data (dtype {x.dtype}); it takes numbers, "
                f"arrays, and lists of them"
            )
    if backend is not None:
        adapter = get_adapter(backend)
    elif theirs is None or theirs is host:
        adapter = selected_adapter()
        device = device if device is not None or chosen is None else chosen.device
    else:
        adapter = theirs
    source = theirs or host
    if adapter is not source:
        if source is not host:
            x = source.to_host(x)
        array = adapter.from_host(host.asarray(x), device)
        own = False
    else:
        array = adapter.asarray(x)
        own = theirs is not None and array is x
        if device is not None and adapter.device(array) != adapter.parse_device(device):
            array, own = adapter.to_device(array, device), False
    if dtype is not None:
        cast = adapter.xp.astype(array, dtype_of(adapter, dtype), copy=False)
        own = own and cast is array
        array = cast
    return array, adapter, own


def _plain(x: Any) -> Any:
    """Nested lists with tensors in them, with their values in place of the tensors."""
    if isinstance(x, Handle):
        gradient_lost("mg.tensor() took values out of tensors in a list; mg.stack keeps gradients")
        return x._data.tolist() if hasattr(x._data, "tolist") else x._data
    return [_plain(v) for v in x] if isinstance(x, (list, tuple)) else x


def dtype_of(adapter: Any, dtype: Any) -> Any:
    """A dtype of the adapter's library, from anything that NumPy takes for one."""
    if adapter.name == "numpy":
        return get_adapter("numpy").asarray(0).astype(dtype).dtype
    if isinstance(dtype, type) and dtype in (float, int, bool, complex):
        return adapter.asarray(dtype(0)).dtype
    name = dtype if isinstance(dtype, str) else getattr(dtype, "__name__", None) or str(dtype)
    return getattr(adapter.xp, name, dtype)
