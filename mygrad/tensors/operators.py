"""The operators of tensors, and their methods: primitives whose first operand is the tensor."""

from __future__ import annotations

import operator
import sys
from typing import Any
from weakref import ref

from mygrad.arrays import adapter_of, by_type
from mygrad.autodiff.inplace import write_result
from mygrad.autodiff.nodes import Handle, Record, buffer_of, new_handle
from mygrad.autodiff.operands import (
    SCALARS,
    UnknownOperand,
    as_operand,
    common_adapter,
    declines,
    explain,
)
from mygrad.autodiff.primitive import Primitive, registry
from mygrad.autodiff.tape import apply, finish_record, note_reader, record_call, wrap_result
from mygrad.settings import recording
from mygrad.tensors.dialect import ASSIGNMENT, EXTRA, instruction, speaks, spoken

__all__ = ["install"]

_override = recording.override.get  # the process's default is to record
_imported = sys.modules

BINARY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide",
    "floordiv": "floor_divide", "mod": "remainder", "pow": "power", "matmul": "matmul",
}  # fmt: skip
UNARY = {"neg": "negative", "pos": "positive", "abs": "absolute"}
COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
BITWISE = ("and_", "or_", "xor", "lshift", "rshift")
METHODS = """
    sum prod mean var std max min cumsum cumprod round squeeze ravel flatten swapaxes moveaxis
    repeat astype conj conjugate
""".split()


def _operator(name: str) -> Any:
    """``apply(primitive, (x, y))``, with less to ask where `y` is a tensor like `x`, or a number.

    Small arrays are mostly overhead, and most operations on them come through here.
    """
    primitive = registry[name]

    def forward(x: Handle, y: Any) -> Any:
        a, b, live = x._data, y, 0 if x._constant else 1
        kind = type(a)
        if isinstance(y, Handle):
            b = y._data
            if type(b) is not kind:
                return unusual(primitive, x, y)
            if not y._constant:
                live |= 2
        elif type(y) not in SCALARS:  # a raw array, which has to be guarded, or something else
            return unusual(primitive, x, y)
        live &= primitive.differentiable
        adapter = by_type[kind]
        known = primitive.kernels.get(adapter)
        if known is None or not live:
            return unusual(primitive, x, y)
        try:
            out = known[0](a, b)
        except Exception as error:
            raise explain(error, primitive.name, (a, b)) from error
        if type(out) is not kind or out.dtype is not a.dtype or known[2]:
            return wrap_result(primitive, adapter, (x, y), (a, b), a, out, (), live)
        if _override() is False:
            return new_handle(out, None, None, None, False)
        plan = primitive.plans.get(live) or primitive.plan(live, 2)
        if plan.saves_shapes or (live != 3 and b is not y):
            return record_call(primitive, known[1], (x, y), (a, b), out, (), live)
        # What `record_call` does for any operands, for two variables, or one and a number.
        version = Record()
        version.locks = right = None
        version.checks = 0
        if plan.saves_all:
            version.values = (out if plan.saves_out else None, a, b)
        else:
            version.values = plan.select_saved((None, out, a, b, x, y))
        windows: list[Any] | None = None
        reader = ref(version) if plan.saves_any else None
        buffer = x._buffer or buffer_of(x)
        left = buffer.version
        if x._window is not None:
            windows = [x._window, None]
        if x._base is None:
            buffer.grad = None
        if plan.saves[0]:
            note_reader(buffer, version, reader)
        if live == 3:
            buffer = y._buffer or buffer_of(y)
            right = buffer.version
            if y._window is not None:
                windows = [None if windows is None else windows[0], y._window]
            if y._base is None:
                buffer.grad = None
            if plan.saves[1]:
                note_reader(buffer, version, reader)
        return finish_record(version, plan, known[1], out, (left, right), windows)

    forward.__name__ = name
    return forward


def unusual(primitive: Primitive, x: Handle, y: Any) -> Any:
    """``apply(primitive, (x, y))``, or the other side's turn where `y` asks for it."""
    try:
        return apply(primitive, (x, y))
    except UnknownOperand:
        if declines(type(y)):
            return NotImplemented
        raise


def _reflected(name: str) -> Any:
    function = registry[name]
    return lambda self, other: apply(function, (other, self))


def _in_place(name: str) -> Any:
    function = registry[name]

    def update(self: Handle, other: Any) -> Any:
        return function(self, other, out=self)

    return update


def _unary(name: str) -> Any:
    function = registry[name]
    return lambda self: apply(function, (self,), function.defaults)


def _comparison(compare: Any) -> Any:
    equal = compare is operator.eq

    def compared(self: Handle, other: Any) -> Any:
        adapter = adapter_of(self._data)
        assert adapter is not None
        if equal and type(other) is int and "cupy" in _imported:
            # CuPy 13 asks so in ``array[...] = t``, to fill the array with zeros without `t`.
            if instruction(sys._getframe(1)) in ASSIGNMENT:
                return False
        left = self._data
        if isinstance(other, Handle) and type(other._data) is not type(left):
            adapter = common_adapter((self, other), compare.__name__)
            left = as_operand(self, adapter, compare.__name__)
        try:
            operand = as_operand(other, adapter, compare.__name__, (self,))
        except UnknownOperand:
            if declines(type(other)):
                return NotImplemented
            if compare not in (operator.eq, operator.ne) or adapter_of(other) is not None:
                raise
            if adapter.name == "numpy":
                return compare(self._data, other)  # element by element, as for arrays
            return adapter.xp.full(self._data.shape, compare is operator.ne)
        result = adapter.following(compare, compare.__name__)(left, operand)
        if (spoken or EXTRA in _imported) and speaks(sys._getframe(1)):
            return _constant(result, adapter)
        return result if adapter.has_views else adapter.handed_out(result)

    return compared


def _constant(array: Any, adapter: Any) -> Any:
    return new_handle(adapter.asarray(array), None, None, None, True)


def _bitwise(function: Any) -> tuple[Any, Any, Any]:
    """An operator of integers and booleans, reflected, and in place: its results are constants."""
    name = function.__name__.rstrip("_")

    def computed(self: Handle, other: Any, reflected: bool = False) -> Any:
        adapter = adapter_of(self._data)
        assert adapter is not None
        try:
            operands = self._data, as_operand(other, adapter, name, (self,))
        except UnknownOperand:
            if declines(type(other)):
                return NotImplemented
            raise
        try:
            result = adapter.following(function, name)(*operands[:: -1 if reflected else 1])
        except Exception as error:  # of numbers that are no integers, say
            raise explain(error, name, operands) from error
        return _constant(result, adapter)

    def in_place(self: Handle, other: Any) -> Any:
        result = computed(self, other)
        return result if result is NotImplemented else write_result(self, result, f"i{name}")

    return computed, lambda self, other: computed(self, other, True), in_place


def _inverted(self: Any) -> Any:
    adapter = adapter_of(self._data)
    assert adapter is not None
    try:
        return _constant(adapter.following(operator.invert)(self._data), adapter)
    except Exception as error:
        raise explain(error, "invert", (self._data,)) from error


def install(cls: Any) -> None:
    """Give tensors their operators and methods, once the primitives are declared."""
    for symbol, name in BINARY.items():
        setattr(cls, f"__{symbol}__", _operator(name))
        setattr(cls, f"__r{symbol}__", _reflected(name))
        if symbol not in ("add", "sub"):  # which are writes that add
            setattr(cls, f"__i{symbol}__", _in_place(name))
    for symbol, name in UNARY.items():
        setattr(cls, f"__{symbol}__", _unary(name))
    for symbol in COMPARISONS:
        setattr(cls, f"__{symbol}__", _comparison(getattr(operator, symbol)))
    for symbol in BITWISE:
        forms = _bitwise(getattr(operator, symbol))
        for prefix, form in zip(("", "r", "i"), forms, strict=True):
            setattr(cls, f"__{prefix}{symbol.rstrip('_')}__", form)
    cls.__invert__ = _inverted
    for name in METHODS:
        setattr(cls, name, registry[name])
