"""Arrays that tensors can be written into: what ``np.zeros(n)`` makes under `mygrad.drop_in`.

A `DropInArray` is an array of NumPy's and nothing else until a variable is written into it. Then
a tensor takes over its memory: from there on the object does in Python what that tensor does, is
an instance of both classes, and holds nothing that compiled code could take for numbers, so that
no gradient is lost where NumPy asks nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mygrad.arrays import get_adapter
from mygrad.autodiff.nodes import Handle, buffer_of, view_of
from mygrad.autodiff.views import overlaps_itself
from mygrad.interop.arguments import has_variable, leaves
from mygrad.interop.numpy_inplace import IN_PLACE
from mygrad.settings import lock
from mygrad.tensors.base import Tensor, as_operand_tensor
from mygrad.tensors.leaving import others_code

__all__ = ["DropInArray", "as_drop_in", "as_is", "joined", "tensor_of"]



class _OnlyInPython:
    """The element of an array that became a tensor: what compiled code meets in it."""

    __slots__ = ()

    def _refuse(self) -> Any:
        raise TypeError(
            "compiled code, or a plain array that is written into, was given an array into which "
            "a variable was written under mg.drop_in: it would take the numbers and lose the "
            "gradient. Make the array that takes it inside mg.drop_in, too; or pass array.data if "
            "no gradient is to flow"
        )

    def __repr__(self) -> str:
        return "<an array that mg.drop_in made a tensor: array.data has its numbers>"

    __float__ = __complex__ = __int__ = __index__ = _refuse


_ONLY_IN_PYTHON = _OnlyInPython()
_plain_view = np.ndarray.view
_base_of = np.ndarray.base.__get__  # type: ignore[attr-defined]


class DropInArray(np.ndarray):  # type: ignore[type-arg]
    """An array of NumPy's that becomes a tensor when a variable is written into it."""

    _computes_as_arrays = True  # for the adapter: operators mean what they do for arrays
    _tensor: Any
    _root: DropInArray | None
    _memory: Any
    _part: tuple[DropInArray, str] | None

    def __array_finalize__(self, obj: Any) -> None:
        own = self.__dict__
        own["_tensor"] = own["_memory"] = own["_root"] = own["_part"] = None
        if type(obj) is DropInArray:
            root = _root_of(obj)
            array: np.ndarray[Any, Any] = self
            while isinstance(base := _base_of(array), np.ndarray):
                array = base
                if array is root:
                    break
            memory = root.__dict__["_memory"]
            if array is root or (memory is not None and _owner(array) is _owner(memory)):
                own["_root"] = root  # it is a view

    # --- as a tensor, once it is one ------------------------------------------------------
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self) if tensor_of(self) is None else Tensor

    def __getattr__(self, name: str) -> Any:
        t = None if name in ("_tensor", "_root") else tensor_of(self)
        if t is None:
            raise AttributeError(f"'numpy.ndarray' object has no attribute {name!r}")
        return getattr(t, name)

    def __getitem__(self, index: Any) -> Any:
        t = tensor_of(self)
        if t is not None:
            return t[as_is(index)]
        return as_drop_in(_plain_view(self, np.ndarray)[as_is(index)], (self,))

    def __setitem__(self, index: Any, value: Any) -> None:
        t = None if self.__dict__["_part"] else tensor_of(self)
        if t is None and not has_variable(as_is(value)):
            try:
                np.ndarray.__setitem__(self, as_is(index), as_is(value))
                return
            except ValueError:
                if np.ndarray.flags.__get__(self).writeable:  # type: ignore[attr-defined]
                    raise
        as_tensor(self)[as_is(index)] = joined(value)

    def __iter__(self) -> Any:
        return (self[k] for k in range(len(self)))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.get("out", ())
        _make_writeable((*out, inputs[0]) if method == "at" else out, (inputs, kwargs))
        arguments, options = as_is(inputs), as_is(kwargs)
        result = getattr(ufunc, method)(*arguments, **options)
        if out:
            return _given_back(result, out)
        return as_drop_in(result, inputs) if others_code.get() else result

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        first = args[:1] if func in IN_PLACE else ()
        _make_writeable((kwargs.get("out"), *first), (args, kwargs))
        result = func(*as_is(args), **as_is(kwargs))
        out = kwargs.get("out")
        if out is not None:
            return _given_back(result, out if isinstance(out, tuple) else (out,))
        return as_drop_in(result, (args, kwargs)) if others_code.get() else result

    def fill(self, value: Any) -> None:
        self[...] = value

    def put(self, indices: Any, values: Any, mode: Any = "raise") -> None:
        np.put(self, indices, values, mode)

    def setflags(self, *args: Any, **kwargs: Any) -> None:
        np.ndarray.setflags(self, *args, **kwargs)  # of this object, and of no view of it

    def __reduce_ex__(self, protocol: Any) -> Any:
        return as_is(self).__reduce_ex__(protocol)

    def __deepcopy__(self, memo: Any) -> Any:
        return as_is(self).__deepcopy__(memo)

    def __copy__(self) -> Any:
        return self.copy()


def _root_of(array: DropInArray) -> DropInArray:
    """The array whose memory this one looks at: itself, if that is its own."""
    root: DropInArray | None = array.__dict__["_root"]
    return array if root is None else root


def tensor_of(array: DropInArray) -> Any:
    """The tensor that looks at the memory of an array; None before a variable is written."""
    own = array.__dict__
    if own["_part"] is not None:
        both, name = own["_part"]
        whole = tensor_of(both)
        return None if whole is None else getattr(whole, name)
    t = own["_tensor"]
    if t is None:
        whole = _root_of(array).__dict__["_tensor"]
        if whole is not None:
            with lock:
                if own["_tensor"] is None:  # a view, which is met for the first time since then
                    own["_tensor"] = _view(whole, array, _root_of(array).__dict__["_memory"])
                    _hide(array)
            t = own["_tensor"]
    return t


def as_tensor(array: DropInArray) -> Any:
    """The tensor for an array into which a variable is about to be written."""
    root = _root_of(array)
    own = root.__dict__
    if own["_part"] is not None:
        raise TypeError(
            "a variable cannot be written into the real or imaginary part of a complex array; "
            "write both: array[...] = real + 1j * imag"
        )
    with lock:
        if own["_tensor"] is None:
            memory = own["_memory"]
            if memory is None:  # made by compiled code, as an array like one of these
                memory = _plain_view(root, np.ndarray)
            whole = Tensor(memory, constant=False, copy=False)
            buffer_of(whole)
            same = memory.shape == np.ndarray.shape.__get__(root)  # type: ignore[attr-defined]
            own["_tensor"] = whole if same else _view(whole, root, memory)
            _hide(root)
    return tensor_of(array)


def _view(whole: Any, array: DropInArray, memory: Any) -> Any:
    """The tensor that looks at what `array` does of the memory of the tensor `whole`."""
    told = np.ndarray.__array_interface__.__get__(array)  # type: ignore[attr-defined]
    if memory is None:
        return view_of(whole, _plain_view(array, np.ndarray), False)
    source = whole._data
    source = source if source.flags.c_contiguous else source.T
    offset = told["data"][0] - memory.__array_interface__["data"][0]
    strides = np.ndarray.strides.__get__(array)  # type: ignore[attr-defined]
    seen: Any = np.ndarray(told["shape"], source.dtype, source, offset, strides)
    return view_of(whole, seen, False, overlaps_itself(seen.shape, strides))


def _hide(array: DropInArray) -> None:
    """Leave nothing in `array` itself that compiled code could read as numbers.

    The memory, at which views and the tensor look, is kept.
    """
    own = array.__dict__
    memory = _root_of(array).__dict__["_memory"]
    if memory is not None:
        own["_memory"] = memory
        nothing: Any = (1, (), np.dtype(object), False, [_ONLY_IN_PYTHON])
        np.ndarray.__setstate__(array, nothing)


def _make_writeable(targets: tuple[Any, ...], arguments: Any) -> None:
    """Make tensors of what is to be written, if there are variables, or if a graph needs it.

    (A graph then keeps the values that it read; an array alone would be read-only.)
    """
    variables = has_variable(as_is(arguments))
    for target in targets:
        if type(target) is not DropInArray:
            continue
        if tensor_of(target) is None or target.__dict__["_part"]:
            if variables or not np.ndarray.flags.__get__(target).writeable:  # type: ignore[attr-defined]
                as_tensor(target)


def as_is(tree: Any) -> Any:
    """(Nested) arguments with tensors, or plain arrays, in place of what may become tensors."""
    kind = type(tree)
    if kind is DropInArray:
        t = tensor_of(tree)
        return _plain_view(tree, np.ndarray) if t is None else t
    if kind in (tuple, list):
        return kind(as_is(branch) for branch in tree)
    return {key: as_is(branch) for key, branch in tree.items()} if kind is dict else tree


def as_drop_in(result: Any, sources: Any = ()) -> Any:
    """A result of plain arrays as one that tensors can be written into, where that makes sense.

    Views of one of the `sources` belong to it: a variable that is written into one is seen by all.
    """
    if isinstance(result, (tuple, list)):
        parts = [as_drop_in(part, sources) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    if type(result) is not np.ndarray or result.dtype.kind not in "fc":
        return result
    owner = _owner(result)
    for source in leaves(sources):
        if type(source) is DropInArray:
            root = _root_of(source)
            if _owner(_memory_of(root)) is owner:
                if result.dtype != np.ndarray.dtype.__get__(root):  # type: ignore[attr-defined]
                    return result  # the real part of complex numbers, say
                array = _plain_view(result, DropInArray)
                array.__dict__["_root"] = root  # whose tensor is that of all views
                return array
    flags = result.flags
    if not (flags.c_contiguous or flags.f_contiguous) or not flags.writeable:
        return result
    array = _plain_view(result, DropInArray)
    array.__dict__["_memory"] = result
    return array


def _memory_of(root: DropInArray) -> Any:
    memory = root.__dict__["_memory"]
    return root if memory is None else memory


def _owner(array: Any) -> Any:
    return get_adapter("numpy").owner(array)


def _given_back(result: Any, out: tuple[Any, ...]) -> Any:
    """What a function that wrote into ``out=`` returns: what was given, as it is now."""
    if not isinstance(result, tuple):
        return as_is(out[0]) if isinstance(result, Handle) else out[0]
    return tuple(r if o is None else o for r, o in zip(result, out, strict=True))


def joined(value: Any) -> Any:
    """A value as an array library takes it: nested lists with variables become one tensor."""
    value = as_is(value)
    if type(value) in (list, tuple) and has_variable(value):
        return _stacked(value)
    return value


def _stacked(values: Any) -> Any:
    parts: list[Any] = []
    for value in values:
        if type(value) in (list, tuple):
            parts.append(_stacked(value) if has_variable(value) else np.array(value))
        elif isinstance(value, Handle):
            parts.append(value)
        else:  # Python's numbers as well: in lists they count as NumPy's, with their dtypes
            parts.append(as_operand_tensor(np.asarray(value)))
    return np.stack(parts)


# --- attributes and methods of arrays -----------------------------------------------------
def _method(name: str) -> Callable[..., Any]:
    def method(self: DropInArray, *args: Any, **kwargs: Any) -> Any:
        t = tensor_of(self)
        if t is None and has_variable(as_is(kwargs.get("out"))):
            t = np.asarray(self)
        given, options = as_is(args), as_is(kwargs)
        if t is None and has_variable(given) and hasattr(np, name):  # ``array.dot(tensor)``
            result = getattr(np, name)(as_is(self), *given, **options)
        else:
            result = getattr(as_is(self) if t is None else t, name)(*given, **options)
        return as_drop_in(result, (self,)) if others_code.get() else result

    method.__name__ = name
    return method


def _attribute(name: str) -> property:
    descriptor = getattr(np.ndarray, name)

    def get(self: DropInArray) -> Any:
        t = tensor_of(self)
        if t is not None:
            return getattr(t, name)
        if name not in ("real", "imag") or not np.iscomplexobj(_plain_view(self, np.ndarray)):
            return descriptor.__get__(self)
        part = _plain_view(descriptor.__get__(_plain_view(self, np.ndarray)), DropInArray)
        part.__dict__["_part"] = self, name
        return part

    def put(self: DropInArray, value: Any) -> None:
        t = tensor_of(self)
        if t is None and has_variable(as_is(value)):
            t = as_tensor(self)
        if t is None:
            descriptor.__set__(self, as_is(value))
        else:
            setattr(t, name, joined(value))

    return property(get, put)


def _slot(name: str) -> property:
    """What the core asks of a tensor."""

    def get(self: DropInArray) -> Any:
        return getattr(tensor_of(self), name)  # None has none of these, as arrays have not

    def put(self: DropInArray, value: Any) -> None:
        setattr(tensor_of(self), name, value)

    return property(get, put)


_SPECIAL = """__bool__ __float__ __int__ __complex__ __index__ __len__ __contains__ __format__
__repr__ __str__ __dlpack__ __dlpack_device__ __array_namespace__ __reduce__""".split()

for _name in [*(n for n in dir(np.ndarray) if not n.startswith("_")), *_SPECIAL]:
    if _name not in DropInArray.__dict__:
        _make = _method if callable(getattr(np.ndarray, _name)) else _attribute
        setattr(DropInArray, _name, _make(_name))
for _name in ("_data", "_buffer", "_window", "_base", "_constant", "_extras"):
    setattr(DropInArray, _name, _slot(_name))
