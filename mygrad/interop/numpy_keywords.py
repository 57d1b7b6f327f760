"""Keywords of NumPy's functions that mygrad's functions of the same name do not have.

``casting=``, ``signature=``, ``order=`` say how NumPy computes, and not what: the operands are cast
first as NumPy's loop would cast them, the result is copied into the layout that is asked for.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mygrad.arrays import adapter_of, get_adapter
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import as_operand, common_adapter
from mygrad.interop.arguments import has_variable, into, noted, on_data
from mygrad.interop.signatures import refused, translated
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["computed_as", "laid_out", "special"]

Function = Callable[..., Any]
HOW = ("casting", "signature", "sig", "dtype", "order", "where", "subok")
NUMBERS = (bool, int, float, complex)


def laid_out(t: Any, order: Any, name: str, like: Any = (), new: bool = False) -> Any:
    """A result in the layout that ``order=`` names; that of `like` decides about "A".

    `new` says that it was made of numbers and that nobody has it yet.
    """
    if order in (None, "K") or not isinstance(t, Handle):
        return t
    if order not in ("A", "C", "F"):
        raise ValueError(f"{name}: order={order!r} is not known; it is 'C', 'F', 'A' or 'K'")
    if type(t._data) is not np.ndarray:
        if order != "F" and _lies_in_order(t._data):
            return t
        raise refused(name, "order", "only NumPy's arrays let the layout be chosen here")
    arrays = [a._data if isinstance(a, Handle) else a for a in like]
    if order == "A":
        arrays = [a for a in arrays if isinstance(a, np.ndarray)]
        order = "F" if arrays and all(a.flags.fnc for a in arrays) else "C"
    if t._data.flags["F_CONTIGUOUS" if order == "F" else "C_CONTIGUOUS"]:
        return t
    if new:
        return Tensor(np.asarray(t._data, order=order), constant=t._constant, copy=False)
    return registry["copy"](t, order)


def _lies_in_order(array: Any) -> bool:
    """Whether an array of any library lies in memory as in C."""
    adapter = adapter_of(array)
    assert adapter is not None
    if not adapter.has_views:
        return True
    size = 1
    for n, stride in zip(array.shape[::-1], adapter.strides(array)[::-1], strict=True):
        if n > 1 and stride != size * array.dtype.itemsize:
            return False
        size *= n
    return True


# --- ufuncs ---------------------------------------------------------------------------------
def computed_as(
    name: str, ufunc: Any, function: Function, inputs: Any, out: Any, options: dict[str, Any]
) -> Any:
    """Call a function of ours with the casts that NumPy's ufunc would make.

    Parameters
    ----------
    name
        Of the ufunc, for errors.
    ufunc
        NumPy's: it knows which loop is to be run.
    function
        Ours, which is called with operands alone.
    inputs, out, options
        The arguments: operands, where to write, and NumPy's keywords.
    """
    if common_adapter([t for t in inputs if isinstance(t, Handle)], name) is not (
        get_adapter("numpy")
    ):
        option = next((n for n in options if n != "order"), None)
        if option is None and out is None:
            found = function(*inputs)
            parts = found if isinstance(found, tuple) else (found,)
            parts = tuple(laid_out(r, options["order"], name) for r in parts)
            return parts if isinstance(found, tuple) else parts[0]
        hint = "only NumPy's arrays let it be chosen; cast with mg.astype"
        raise refused(name, option or "order", hint)
    outs = out if isinstance(out, tuple) else (out,) * ufunc.nout
    how = {n: v for n, v in options.items() if n in ("casting", "signature", "sig", "dtype")}
    nothing = [t if type(t) in NUMBERS else _nothing(as_operand_tensor(t)) for t in inputs]
    held = {} if out is None else {"out": tuple(None if o is None else _nothing(o) for o in outs)}
    ufunc(*nothing, **held, **how)  # which raises if the casts are not allowed
    loop = _loop(ufunc, how)
    if axes := {n: v for n, v in options.items() if n not in HOW}:
        function = partial(function, **axes)
    operands = [
        t if dtype is None or getattr(t, "dtype", None) == dtype else _cast(t, dtype)
        for t, dtype in zip(inputs, loop, strict=True)
    ]
    result = function(*operands)
    if out is None:
        order = options.get("order")
        where = options.get("where", True)
        parts = result if isinstance(result, tuple) else (result,)
        if where is not True:  # what is elsewhere is nobody's matter, and has no gradient
            parts = tuple(registry["where"](where, r, 0) for r in parts)
        parts = tuple(laid_out(r, order, name, inputs) for r in parts)
        return parts if isinstance(result, tuple) else parts[0]
    mask = options.get("where", True)
    if mask is True:
        mask = None
    else:
        adapter = get_adapter("numpy")
        mask = np.array(as_operand(mask, adapter, name, inputs), copy=True)
    parts = tuple(
        r if o is None or r.dtype == o.dtype else _cast(r, o.dtype)
        for r, o in zip(result if isinstance(result, tuple) else (result,), outs, strict=True)
    )
    return into(out, parts if isinstance(result, tuple) else parts[0], name, mask)


def _nothing(a: Any) -> Any:
    """An array without elements, of that dtype and so many axes."""
    return np.empty((0,) * len(a.shape), a.dtype)


def _loop(ufunc: Any, how: dict[str, Any]) -> list[Any]:
    """The dtypes to which operands are cast; None where mygrad finds the same as NumPy."""
    given = how.get("signature", how.get("sig"))
    if given is None:
        return [how.get("dtype")] * ufunc.nin
    if isinstance(given, str):
        inner, _, results = given.partition("->")
        given = (*inner, *results) if results else (inner,)
    if len(given) == 1:
        return list(given) * ufunc.nin
    return list(given[: ufunc.nin])


def _cast(t: Any, dtype: Any) -> Any:
    constant = None if isinstance(t, Handle) and t._data.dtype.kind in "fc" else True
    return registry["astype"](as_operand_tensor(t), dtype, constant=constant)


# --- functions ------------------------------------------------------------------------------
def special(public: Any) -> dict[Any, Function]:
    """By NumPy's function, what takes all its keywords and calls ours; `public` has them."""

    def clip(a: Any, a_min: Any = NoValue, a_max: Any = NoValue, out: Any = None, *,
             min: Any = NoValue, max: Any = NoValue, **options: Any) -> Any:  # fmt: skip
        given = {n: v for n, v in (("a_min", a_min), ("a_max", a_max), ("min", min), ("max", max))
                 if v is not NoValue}  # fmt: skip
        options = {n: v for n, v in options.items() if not _is_default(n, v)}
        twice = len({n.removeprefix("a_") for n in given}) < len(given)  # which raises
        if not options or twice:
            return noted(public.clip(a, **given, out=out), out, (a, given), "numpy.clip")
        if out is None and "where" in options:
            raise refused("numpy.clip", "where", "without out= the rest of the result is undefined")
        low, high = (given.get(f"a_{n}", given.get(n)) for n in ("min", "max"))
        bounds = {"a_min": low, "a_max": high}
        there = {n: bound for n, bound in bounds.items() if bound is not None}
        if not there:
            return computed_as("numpy.clip", np.positive, public.positive, (a,), out, options)
        ufunc = CLIP if len(there) == 2 else np.maximum if "a_min" in there else np.minimum

        def clipped(t: Any, *edges: Any) -> Any:
            return public.clip(t, **dict(zip(there, edges, strict=True)))

        operands = (a, *there.values())
        result = computed_as("numpy.clip", ufunc, clipped, operands, out, options)
        return noted(result, out, operands, "numpy.clip")

    def einsum(
        *operands: Any, out: Any = None, optimize: Any = False, dtype: Any = None,
        order: Any = "K", casting: Any = None,
    ) -> Any:  # fmt: skip
        if casting is None:  # NumPy's products of matrices take more than its own loop
            casting = "same_kind" if optimize else "safe"
        if dtype is not None:
            places = (
                range(1, len(operands)) if isinstance(operands[0], str)
                else range(0, len(operands) - len(operands) % 2, 2)
            )  # fmt: skip
            operands = tuple(
                registry["astype"](as_operand_tensor(t), dtype, casting=casting)
                if k in places else t
                for k, t in enumerate(operands)
            )  # fmt: skip
        elif casting not in CASTS:
            raise ValueError(f"numpy.einsum: casting={casting!r} is not known")
        result = public.einsum(*operands, optimize=optimize, out=out)
        if out is not None:
            return noted(result, out, operands, "numpy.einsum")
        return laid_out(result, order, "numpy.einsum", operands)

    def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True,
                 retstep: bool = False, dtype: Any = None, axis: int = 0, *,
                 device: Any = None) -> Any:  # fmt: skip
        _on_the_host(device, "numpy.linspace")
        found = public.linspace(start, stop, num, endpoint, dtype=dtype, axis=axis)
        if not retstep:
            return found
        steps = num - 1 if endpoint else num
        difference = as_operand_tensor(stop) - start
        return found, difference * 1.0 / steps if steps > 0 else difference * float("nan")

    def averaged(theirs: Any) -> Function:
        name = f"numpy.{theirs.__name__}"
        ours = translated(theirs, getattr(public, theirs.__name__))

        def reduce(*args: Any, **options: Any) -> Any:
            given = inspect.signature(theirs).bind(*args, **options).arguments
            dtype = given.get("dtype")
            if dtype is None or np.dtype(dtype).kind not in "iub":
                return ours.by_name(*args, **options)
            out = given.pop("out", None)  # of integers, which are no smooth function of anything
            array = theirs(**{n: on_data(v) for n, v in given.items()})
            return into(out, as_operand_tensor(array), name)

        return reduce

    def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
        _on_the_host(device, "numpy.astype")
        return public.astype(x, dtype, copy=copy)

    def like(theirs: Any) -> Function:
        name, ours = f"numpy.{theirs.__name__}", getattr(public, theirs.__name__)

        def make(a: Any, dtype: Any = None, order: Any = "K", subok: bool = True,
                 shape: Any = None, *, device: Any = None) -> Any:  # fmt: skip
            _on_the_host(device, name)
            return laid_out(ours(a, dtype=dtype, shape=shape), order, name, (a,), new=True)

        return make

    def full_like(a: Any, fill_value: Any, dtype: Any = None, order: Any = "K",
                  subok: bool = True, shape: Any = None, *, device: Any = None) -> Any:  # fmt: skip
        _on_the_host(device, "numpy.full_like")
        made = public.full_like(a, fill_value, dtype=dtype, shape=shape)
        return laid_out(made, order, "numpy.full_like", (a,), new=not has_variable(fill_value))

    def ravel(a: Any, order: str = "C") -> Any:
        t = as_operand_tensor(a)
        if order == "K" and isinstance(t._data, np.ndarray):
            axes = sorted(range(t.ndim), key=lambda k: -abs(t._data.strides[k]))
            return public.ravel(public.transpose(t, axes))
        return public.ravel(t, _as_it_lies(t, order))

    def reshape(a: Any, /, shape: Any, order: str = "C", *, copy: Any = None) -> Any:
        t = as_operand_tensor(a)
        return public.reshape(t, shape, _as_it_lies(t, order), copy=copy)

    return {
        np.clip: clip, np.einsum: einsum, np.linspace: linspace, np.astype: astype,
        np.full_like: full_like, np.ravel: ravel, np.reshape: reshape,
        **{f: averaged(f) for f in (np.mean, np.std, np.var)},
        **{f: like(f) for f in (np.empty_like, np.ones_like, np.zeros_like)},
    }  # fmt: skip


NoValue: Any = np._NoValue  # type: ignore[attr-defined]
CLIP: Any = np._core.umath.clip  # type: ignore[attr-defined]
CASTS = ("no", "equiv", "safe", "same_kind", "unsafe")
DEFAULTS = {"casting": "same_kind", "order": "K", "where": True, "dtype": None, "out": None}


def _is_default(option: str, value: Any) -> bool:
    if option == "subok":  # no subclass of NumPy's arrays is among tensors
        return True
    default = DEFAULTS.get(option, NoValue)
    return value is default or (isinstance(value, str) and value == default)


def _on_the_host(device: Any, name: str) -> None:
    if device not in (None, "cpu"):
        raise refused(name, "device", "use t.to(device=...)")


def _as_it_lies(t: Any, order: str) -> str:
    """Order "A", as "F" or "C"."""
    if order == "A":
        if isinstance(t._data, np.ndarray):
            return "F" if t._data.flags.fnc else "C"
        if _lies_in_order(t._data):
            return "C"
    if order in ("A", "K") and not isinstance(t._data, np.ndarray):
        raise refused("numpy.reshape", "order", "of another library's arrays name 'C' or 'F'")
    return order
