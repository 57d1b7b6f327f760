"""Arrays and dtypes of an array library, from what users hand in."""

from __future__ import annotations

from typing import Any

from mygrad.arrays import adapter_of, get_adapter, selected_adapter, selected_device
from mygrad.arrays.portable import numbers_alone
from mygrad.autodiff.lost_gradients import gradient_lost
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import SCALARS

__all__ = ["array_of", "dtype_of"]

_WITHOUT_MEMORY = (list, tuple, *SCALARS)  # that a tensor could share


def array_of(x: Any, dtype: Any, device: Any, backend: str | None) -> tuple[Any, Any, bool]:
    """An array for `x`, its adapter, and whether it may look at memory of the user's.

    On the host it has the machine's byte order, as all results of operations do: so a tensor and
    its gradient have one dtype, and it is what every array library knows.
    """
    theirs = adapter_of(x)
    host = get_adapter("numpy")
    source = theirs or host
    own = not isinstance(x, _WITHOUT_MEMORY if theirs is None else theirs.scalar_types)
    if own and source is not host:
        x = source.plain(x)
    elif source is host:
        kind = type(x).__name__
        if type(x) in (list, tuple) and numbers_alone(x):
            x = host.from_host(x)
        else:
            x = host.asarray(x if own else _plain(x))
        if x.dtype.kind not in "fiubc":
            raise TypeError(
                f"a tensor cannot be made of {kind} data (dtype {x.dtype}); it takes numbers, "
                f"arrays, and lists of them"
            )
        if not x.dtype.isnative:
            x, own = x.astype(x.dtype.newbyteorder("=")), False
    if backend is not None:
        adapter = get_adapter(backend)
    else:
        adapter = selected_adapter() if source is host else source
    if device is None and (adapter is not source or source is host):
        device = selected_device(adapter)
    if adapter is not source:
        array = adapter.from_host(x if source is host else source.to_host(x), device)
        own = False
    else:
        array = adapter.asarray(x)
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
        if not x._constant:
            gradient_lost("mg.tensor() took values out of a list of tensors; mg.stack keeps them")
        adapter = adapter_of(x._data)
        assert adapter is not None
        return adapter.to_host(x._data).tolist()
    return [_plain(v) for v in x] if isinstance(x, (list, tuple)) else x


def dtype_of(adapter: Any, dtype: Any) -> Any:
    """A dtype of the adapter's library, from anything that NumPy takes for one."""
    if adapter.name == "numpy":
        try:
            return adapter.asarray(0).astype(dtype).dtype.newbyteorder("=")
        except TypeError:
            numbers = isinstance(dtype, (int, float, complex, list, tuple, Handle))
            hint = "; several numbers go into one list or tuple" if numbers else ""
            raise TypeError(f"{dtype!r} is no data type of NumPy's{hint}") from None
    if isinstance(dtype, type) and dtype in (float, int, bool, complex):
        return adapter.asarray(dtype(0)).dtype
    name = dtype if isinstance(dtype, str) else getattr(dtype, "__name__", None) or str(dtype)
    return getattr(adapter.xp, name, dtype)
