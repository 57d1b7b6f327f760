"""Operands: whose arrays they are, and what may be computed with what.

Tensors and device arrays are never moved behind the user's back. Python and NumPy scalars go
everywhere; data on the host goes to the backend that the user selected, if one is selected.
"""

from __future__ import annotations

from typing import Any

from mygrad.arrays import (  # isort: skip
    Adapter, adapter_of, get_adapter, selected_adapter, selected_device, selection,
)  # fmt: skip
from mygrad.autodiff.nodes import Handle

__all__ = [
    "SCALARS", "UnknownOperand", "as_operand", "as_operands", "common_adapter", "device_beside",
    "explain", "floating", "is_constant",
]  # fmt: skip

Array = Any
SCALARS = frozenset((float, int, complex, bool))


class _FloatingDtypes(dict[Any, Any]):
    """Whether a dtype can carry derivatives, None if it holds no numbers; filled when first met."""

    def __missing__(self, key: tuple[Adapter, Any]) -> bool | None:
        adapter, dtype = key
        adapter.check_in_place()
        number = adapter.xp.isdtype(dtype, ("numeric", "bool"))
        floats = adapter.xp.isdtype(dtype, ("real floating", "complex floating"))
        return self.setdefault(key, floats if number else None)


floating = _FloatingDtypes()


def is_constant(
    name: str, asked: bool | None, live: int, differentiable: bool | None, dtype: Any
) -> bool:
    """Whether a result is constant, given what the user asked for and what it came from."""
    if differentiable is None:
        raise TypeError(f"{name}: tensors hold numbers, and dtype {dtype} holds none")
    if asked is None:
        return not (live and differentiable)
    if type(asked) is not bool:
        raise TypeError(f"{name}: constant= is None, True or False, and is {asked!r}")
    if not asked and not differentiable:
        raise ValueError(
            f"Integer-valued tensors must be treated as constants: {name} gives {dtype}, which has "
            f"no derivative. Leave constant=False out, or use a floating-point dtype"
        )
    return asked


def common_adapter(operands: Any, name: str) -> Adapter:
    """The adapter for operands: that of their tensors, else of their arrays.

    An adapter among the operands stands for arrays of its library.
    """
    found: Adapter | None = None
    host: Adapter | None = None
    for operand in operands:
        if isinstance(operand, Handle):
            adapter: Any = adapter_of(operand._data)
        elif isinstance(operand, Adapter):
            adapter = operand
        elif type(operand) in SCALARS or (adapter := adapter_of(operand)) is None:
            continue
        elif adapter.name == "numpy":
            host = adapter
            continue
        if found and found.batches and found.batches.lifts(adapter):
            continue
        if found not in (None, adapter) and not (adapter.batches and adapter.batches.lifts(found)):
            raise TypeError(
                f"{name}: its operands are on different array libraries, {found.name} and "
                f"{adapter.name}. Nothing is moved behind your back: move one of them with "
                f'`.to("{found.name}")`'
            )
        found = adapter
    return found or ((chosen := selection()) and chosen.adapter) or host or selected_adapter()


class UnknownOperand(TypeError):
    """An operand of a type that mygrad cannot take."""


def as_operand(value: Any, adapter: Adapter, name: str, beside: Any = ()) -> Array:
    """An operand for `adapter`: an array, or a Python scalar as it is.

    Data on the host go to the device of the first array or tensor among those `beside` them.
    """
    kind = type(value)
    if isinstance(value, Handle):
        if adapter_of(value._data) is not adapter:  # it is lifted, or told what to do
            return common_adapter((adapter, value), name).batches.lift(value, name, adapter)
        return value._data
    if kind in SCALARS:
        return value
    theirs = adapter_of(value)
    if theirs is not None:
        try:
            if floating[theirs, value.dtype] is None:
                raise TypeError(f"its dtype is {value.dtype}, and tensors hold numbers")
            if not issubclass(kind, theirs.scalar_types):
                value = theirs.plain(value)
        except TypeError as error:
            raise UnknownOperand(f"{name} cannot take an operand: {error}") from None
    if theirs is adapter:
        return value
    if adapter.batches and adapter.batches.lifts(theirs):
        return adapter.batches.lift(value)
    host = get_adapter("numpy")
    if theirs is host and not value.ndim:  # a NumPy scalar goes anywhere, as NumPy hands it over
        return adapter.from_host(host.asarray(value), device_beside(beside, adapter))
    followed = (chosen := selection()) is not None and chosen.adapter is adapter
    if theirs is None or theirs is host:
        if adapter is host or followed:
            array = None if declines(kind) else host.asarray(value)
            if array is None or array.dtype.kind not in "fiubc":
                raise UnknownOperand(
                    f"{name} cannot take an operand of type {kind.__module__}."
                    f"{kind.__qualname__}; it takes tensors, arrays, numbers and lists of them"
                )
            if adapter is host:  # a buffer cannot be locked, so its memory is not looked at
                return array if kind in (list, tuple) else host.copy(array)
            return adapter.from_host(array, device_beside(beside, adapter))
    select = f', or select the backend with mg.set_backend("{adapter.name}")'
    raise TypeError(
        f"{name}: one operand is on the array library {adapter.name}, another is "
        f"{'data on the host' if theirs is None else 'an array of ' + theirs.name} "
        f"({kind.__module__}.{kind.__qualname__}). Nothing is moved behind your back: move it "
        f'with mg.tensor(value).to("{adapter.name}"){select if theirs in (None, host) else ""}'
    )


def device_beside(operands: Any, adapter: Adapter) -> Any:
    """The device of the first array of `adapter` among these, else what the user selected."""
    for array in [getattr(t, "_data", t) for t in operands]:
        if type(array) in adapter.array_types:
            return adapter.device(array)
    return selected_device(adapter)


def declines(kind: type) -> bool:
    """Whether a type says, in NumPy's way, that arrays are to leave operators to it."""
    return getattr(kind, "__array_ufunc__", declines) is None


def as_operands(values: Any, adapter: Adapter, name: str) -> list[Array]:
    """The operands of one call. Among Python scalars alone the widest becomes an array."""
    arrays = [as_operand(value, adapter, name, values) for value in values]
    if arrays and all(type(a) in SCALARS for a in arrays):
        widths = [(bool, int, float, complex).index(type(a)) for a in arrays]
        k = widths.index(max(widths))
        arrays[k] = adapter.asarray(arrays[k], device=selected_device(adapter))
    return arrays


def explain(error: Exception, name: str, arrays: Any) -> Exception:
    """The same kind of error, saying in which operation, for which operands; or a note of that."""
    operands = ", ".join(
        f"{a.dtype}{list(a.shape)}" if hasattr(a, "shape") else repr(a) for a in arrays
    )
    hint = "; mg.why_read_only(array) says why" if "read-only" in str(error) else ""
    text = f"{error}{hint}".removeprefix(f"{name}: ")  # operations may name themselves
    named = str(name).replace(".", "").isidentifier()
    call = f"{name}({operands})" if named else f"{name}, with {operands}"
    kinds = [kind for kind in (ValueError, TypeError, IndexError) if isinstance(error, kind)]
    kind = kinds[0] if len(kinds) == 1 else type(error)  # NumPy's AxisError is of two
    if kinds or kind in (RuntimeError, NotImplementedError):
        return kind(f"{call}: {text}")
    error.add_note(f"in {call}")  # its class may be what somebody waits for
    raise error
