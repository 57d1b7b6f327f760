"""What is asked of the arguments of other libraries' functions, and done with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mygrad.arrays import Adapter, adapter_of, by_type, get_adapter
from mygrad.autodiff.guard import adopt
from mygrad.autodiff.inplace import write_result
from mygrad.autodiff.lost_gradients import gradient_lost
from mygrad.autodiff.nodes import Handle, new_handle, view_of
from mygrad.autodiff.operands import common_adapter, floating
from mygrad.autodiff.views import overlaps_itself
from mygrad.tensors.leaving import handed_out
from mygrad.tensors.names_elsewhere import FUNCTIONS

__all__ = [
    "as_constants", "defers", "has_variable", "into", "leaves", "not_of_numbers", "noted",
    "on_arrays", "on_data", "on_raw", "without_derivative",
]  # fmt: skip


def leaves(tree: Any) -> Iterator[Any]:
    """All that is not a tuple, list or dictionary in (nested) arguments."""
    if isinstance(tree, (tuple, list)):
        for branch in tree:
            yield from leaves(branch)
    elif isinstance(tree, dict):
        yield from leaves(list(tree.values()))
    else:
        yield tree


def has_variable(tree: Any) -> bool:
    """Whether there is a tensor that is no constant among (nested) arguments."""
    return any(isinstance(leaf, Handle) and not leaf._constant for leaf in leaves(tree))


def _mapped(tree: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(tree, Handle):
        return change(tree)
    if type(tree) in (tuple, list):
        return type(tree)(_mapped(branch, change) for branch in tree)
    return {k: _mapped(v, change) for k, v in tree.items()} if type(tree) is dict else tree


def on_data(tree: Any) -> Any:
    """(Nested) arguments with the arrays in place of tensors that users get: ``t.data``."""
    return _mapped(tree, _data)


def _data(t: Any) -> Any:
    data = t.data
    return data._data if isinstance(data, type(t)) else data  # compiled functions give a tensor


def on_arrays(tree: Any) -> Any:
    """(Nested) arguments with mygrad's own arrays in place of tensors, which nobody may keep."""
    return _mapped(tree, lambda t: t._data)


def defers(kind: type, protocol: str, ours: tuple[Any, ...]) -> bool:
    """Whether an operand of this type, which is nobody's that mygrad knows, goes before tensors."""
    theirs = getattr(kind, protocol, None)
    known = theirs is None or theirs in ours
    if getattr(kind, "_computes_as_arrays", False):  # what drop_in makes: may be a tensor itself
        return True
    return not known and not any(parent in by_type for parent in kind.__mro__)


def without_derivative(name: str) -> TypeError:
    instead = FUNCTIONS.get(name.rpartition(".")[2], "write it with functions that mygrad has")
    return TypeError(
        f"{name} has no derivative in mygrad, so it does not take tensors that are not constant: "
        f"{instead}, or pass `t.data` (mg.asarray(t)) if no gradient is to flow through it"
    )


def not_of_numbers(name: str, kind: str) -> TypeError:
    return TypeError(
        f"{name} is a function of {kind}, and tensors hold numbers; give it arrays of {kind}"
    )


def on_raw(name: str, function: Callable[..., Any], tree: Any) -> tuple[Adapter, Any]:
    """The adapter of the tensors among arguments, and what to call: its library's function."""
    adapter = common_adapter([t for t in leaves(tree) if isinstance(t, Handle)], name)
    if adapter is get_adapter("numpy") or name.startswith(f"{adapter.name}."):
        return adapter, function
    found = getattr(adapter.xp, name.rpartition(".")[2], None)
    if found is None:
        raise TypeError(
            f"{name} is a function of NumPy that {adapter.name} does not have; nothing is "
            f'moved to the host behind your back: use `t.to("numpy")`'
        )
    return adapter, found


def as_constants(result: Any, operands: Any) -> Any:
    """A result with constant tensors in place of floating-point arrays.

    Arrays that look at the memory of an operand become views of it, whatever their dtype: what
    is written through them is a write like any other.
    """
    if isinstance(result, (tuple, list)):
        parts = [as_constants(branch, operands) for branch in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    adapter = adapter_of(result)
    if adapter is None:
        return result
    if type(result) in adapter.array_types:
        for operand in leaves(operands):
            array = operand._data if isinstance(operand, Handle) else operand
            if type(array) in adapter.array_types and adapter.overlaps(result, array):
                return _view(operand, result, adapter)
    if not floating[adapter, result.dtype]:
        return result
    return new_handle(adapter.asarray(result), None, None, None, True)


def _view(operand: Any, result: Any, adapter: Adapter) -> Any:
    """A constant tensor for `result`, which looks at the memory of `operand`."""
    if not isinstance(operand, Handle):
        t = new_handle(result, None, None, None, True)
        adopt(t, result, adapter)
        return t
    if result.dtype != operand._data.dtype:  # the parts of complex numbers, say
        return new_handle(adapter.copy(result), None, None, None, True)
    folds = overlaps_itself(result.shape, adapter.strides(result))
    return view_of(operand, result, True, folds)


def into(out: Any, results: Any, name: str, mask: Any = None) -> Any:
    """Results, written into ``out=`` by way of the tape where that is given.

    Parameters
    ----------
    out
        None; a tensor or array; or a tuple with one, or None, for each result.
    results
        A tensor or raw array, or a tuple of them.
    name
        Of the function, for errors.
    mask
        Where to write.

    Returns
    -------
    Any
        What stands in `out`: tensors for tensors, the arrays themselves for results that were
        raw; results for which there is none are as they were.
    """
    if out is None:
        return handed_out(results)
    if isinstance(results, (tuple, list)):
        outs = out if isinstance(out, (tuple, list)) else (out,)
        if len(outs) != len(results):
            raise ValueError(f"{name}: out= has to be a tuple of {len(results)}, one each")
        written = (into(o, r, name, mask) for o, r in zip(outs, results, strict=True))
        return tuple(written)
    target = out[0] if isinstance(out, tuple) and len(out) == 1 else out
    if isinstance(results, Handle):
        return write_result(target, results, name, mask)
    adapter = adapter_of(results)
    if adapter is None:
        return results
    constant = new_handle(adapter.asarray(results), None, None, None, True)
    write_result(target, constant, name, mask)
    return target


def noted(result: Any, out: Any, inputs: Any, name: str) -> Any:
    """A result of variables; it says so if somebody's array holds it now, without the gradient.

    ``array += t`` is no such case: the name is the tensor's from there on.
    """
    for target in out if isinstance(out, tuple) else (out,):
        held = target is not None and not isinstance(target, Handle) and has_variable(result)
        if held and has_variable(inputs) and not any(target is t for t in inputs):
            gradient_lost(
                f"{name}(..., out=array): the tensor that it returns has a gradient, and the "
                f"array has none; make it a tensor first (mg.tensor), or use what is returned"
            )
    return result
