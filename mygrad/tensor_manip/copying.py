"""Copies: plain ones, of another dtype, on another array library or device."""

from __future__ import annotations

import inspect
from typing import Any

from mygrad.arrays import adapter_of, get_adapter, selected_device
from mygrad.autodiff.namespace import namespace_of
from mygrad.autodiff.nodes import Handle, new_handle
from mygrad.autodiff.operands import floating, is_constant
from mygrad.autodiff.primitive import Primitive, primitive
from mygrad.autodiff.tape import apply, record_call, tracking
from mygrad.math.dtypes import is_complex
from mygrad.tensors.conversion import dtype_of

__all__ = ["astype", "conj", "copy", "imag", "real", "to"]


@primitive(a=lambda g: g, goes_first=True)
def copy(a: Any, order: str = "K", *, xp: Any) -> Any:
    """A copy; gradients flow back through it.

    Parameters
    ----------
    a : ArrayLike
        The tensor.
    order : {"K", "A", "C", "F"}
        The layout in memory, for libraries that let it be chosen: by default that of `a`. The
        method ``t.copy()`` gives a C-ordered copy, as that of NumPy's arrays does.

    Returns
    -------
    Tensor
        It shares no memory with `a`.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([1.0, 2.0])
    >>> mg.copy(x).backward()
    >>> x.grad
    array([1., 1.])
    """
    return xp.asarray(a, copy=True)


def _astype(x: Any, dtype: Any, casting: str = "unsafe", copy: bool = True, *, xp: Any) -> Any:
    """The same values in another dtype; gradients flow back through it.

    Parameters
    ----------
    x : ArrayLike
        The tensor.
    dtype : DTypeLike
        The data type. A tensor of integers or booleans is constant.
    casting : {"unsafe", "same_kind", "safe", "equiv", "no"}
        Which casts are allowed.
    copy : bool
        Whether to copy if `x` has that dtype already; it is returned itself if not.
    constant : bool, optional
        Whether derivatives stop here. By default a tensor of integers or booleans, which had to
        be constant, becomes a variable (a leaf) if it becomes floating-point.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.astype(mg.tensor([1.0, 2.0]), "float32")
    Tensor([1., 2.], dtype=float32)
    """
    adapter = xp.adapter
    dtype = dtype_of(adapter, dtype)
    same = x.dtype == dtype
    allowed = {"unsafe": True, "no": same, "equiv": same}.get(casting)
    if allowed is None:
        safe = casting == "safe"
        allowed = (adapter.xp if safe else adapter).can_cast(x.dtype, dtype)
    if not allowed:
        raise TypeError(f"casting {x.dtype} to {dtype} is not {casting!r}")
    if same and not copy:
        return x[...]
    return adapter.xp.astype(x, dtype, copy=True)


class _Cast(Primitive):
    """The cast to another dtype, which may make a variable of what had to be constant."""

    def __call__(self, *args: Any, constant: bool | None = None, **kw: Any) -> Any:
        (x,), (dtype, casting, copied) = self._bind(args, kw)
        result = apply(self, (x,), (dtype, casting, copied), constant)
        if not isinstance(x, Handle) or (constant is not None and constant is not x._constant):
            return result
        if result._data.dtype == x._data.dtype:
            return result if copied else x
        adapters = adapter_of(x._data), adapter_of(result._data)
        if constant is None and not floating[adapters[0], x._data.dtype]:
            if floating[adapters[1], result._data.dtype]:
                return new_handle(result._data, None, None, None, False)
        return result


_astype.__name__ = _astype.__qualname__ = "astype"
astype = _Cast(_astype, {"x": lambda g: g}, goes_first=True, may_view=True)


class _Move(Primitive):
    """The move to another library or device: its result and its operand have two adapters."""

    def __call__(  # type: ignore[override]
        self, x: Any, backend: str, device: Any = None, *, constant: bool | None = None
    ) -> Any:
        source, target = adapter_of(x._data if isinstance(x, Handle) else x), get_adapter(backend)
        if source is None:
            source = get_adapter("numpy")
            x = source.asarray(x)
        array = x._data if isinstance(x, Handle) else x
        home = source.device(array)
        if device is None and source is not target:
            device = selected_device(target)
        device = None if device is None else target.parse_device(device)
        if (
            isinstance(x, Handle)
            and source is target
            and (device is None or device == home)
            and constant in (None, x._constant)
        ):
            return x
        out = moved(array, backend, device)
        live = isinstance(x, Handle) and not x._constant
        constant = is_constant("to", constant, live, floating[target, out.dtype], out.dtype)
        if constant or not live or not tracking():
            return new_handle(out, None, None, None, constant)
        params = (backend, device, (source.name, home))
        return record_call(self, namespace_of(target), (x,), [array], out, params, 1)


def moved(array: Any, backend: str, device: Any) -> Any:
    """An array (or a tensor) on another library or device."""
    if isinstance(array, Handle):
        return to(array, backend, device)
    source, target = adapter_of(array), get_adapter(backend)
    assert source is not None
    if source is target:
        if device is None or source.device(array) == device:
            return source.xp.asarray(array, copy=True)
        return source.to_device(array, device)
    out = target.from_host(source.to_host(array), device)
    if type(out) not in target.array_types:
        out = target.asarray(out)
    return out


def _to(x: Any, backend: str, device: Any = None, home: Any = None) -> Any:
    """Move a tensor to another array library or device; gradients flow back through it.

    Parameters
    ----------
    x : ArrayLike
        The tensor.
    backend : str
        The name of the array library; see `available_backends`.
    device
        The device, as that library names it; the library's current one if not given.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        `x` itself if it is there already.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.to(mg.tensor([1.0, 2.0]), "numpy").backend
    'numpy'
    """
    return moved(x, backend, device)


_to.__name__ = _to.__qualname__ = "to"
to = _Move(_to, {"x": lambda g, home: moved(g, *home)})
to.__signature__ = inspect.signature(to.__call__)


@primitive(val=lambda g: g, may_view=True, goes_first=True)
def real(val: Any, *, xp: Any) -> Any:
    """The real part.

    Parameters
    ----------
    val : ArrayLike
        The tensor.

    Returns
    -------
    Tensor
        A view of `val` if it is real.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.real(mg.tensor([1.0 + 2.0j]))
    Tensor([1.])
    """
    if is_complex(val, xp):  # a copy: windows show all bytes of an element
        return xp.asarray(xp.adapter.xp.real(val), copy=True)
    return val[...]


def _by_imaginary(g: Any, val: Any, xp: Any) -> Any:
    """The adjoint of a number, of whose imaginary part `g` is (see docs/numerics.md)."""
    return g * -1j if is_complex(val, xp) else g * 0.0


@primitive(val=lambda g, val, xp: _by_imaginary(g, val, xp), goes_first=True)
def imag(val: Any, *, xp: Any) -> Any:
    """The imaginary part.

    Parameters
    ----------
    val : ArrayLike
        The tensor.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.imag(mg.tensor([1.0 + 2.0j]))
    Tensor([2.])
    """
    if is_complex(val, xp):
        return xp.asarray(xp.adapter.xp.imag(val), copy=True)
    return xp.zeros_like(val)


@primitive(x=lambda g, xp: xp.conj(g), goes_first=True, aliases=("conjugate",))
def conj(x: Any, *, xp: Any) -> Any:
    """The complex conjugate.

    Parameters
    ----------
    x : ArrayLike
        The tensor.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.conj(mg.tensor([1.0 + 2.0j]))
    Tensor([1.-2.j])
    """
    return xp.adapter.xp.conj(x) if is_complex(x, xp) else xp.asarray(x, copy=True)
