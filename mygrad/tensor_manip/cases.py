"""Choosing among several tensors or functions, element by element."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.inplace import write_result
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.operands import floating
from mygrad.tensor_creation.filled import full, zeros_like
from mygrad.tensor_manip.array_shape import broadcast_arrays
from mygrad.tensor_manip.selecting import take_along_axis, where
from mygrad.tensor_manip.tensor_joining import stack
from mygrad.tensors.base import Tensor, as_operand_tensor, as_operand_tensors, stop_gradient

__all__ = ["choose", "piecewise", "select"]


def select(
    condlist: Sequence[Any],
    choicelist: Sequence[Any],
    default: Any = 0,
    *,
    constant: bool | None = None,
) -> Tensor:
    """Where the first of several conditions holds, the first of several tensors; and so on.

    Parameters
    ----------
    condlist : Sequence[ArrayLike]
        Booleans; the first that is true counts.
    choicelist : Sequence[ArrayLike]
        For each condition what to choose. All broadcast against one another.
    default : ArrayLike
        What to choose where no condition holds.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([-1.0, 2.0, 5.0])
    >>> mg.select([x < 0, x < 4], [-x, x * 10.0], 0.0)
    Tensor([ 1., 20.,  0.])
    """
    if len(condlist) != len(choicelist):
        raise ValueError(
            f"select: each condition needs one choice; there are {len(condlist)} of the first and "
            f"{len(choicelist)} of the other"
        )
    if not len(condlist):
        raise ValueError("select: there is no condition")
    conditions = as_operand_tensors(*condlist)
    for k, condition in enumerate(conditions):
        adapter = adapter_of(condition._data)
        assert adapter is not None
        if not adapter.xp.isdtype(condition.dtype, "bool"):
            raise TypeError(f"select: condition {k} is {condition.dtype}; conditions are booleans")
    result = _with_dtype(default, choicelist, adapter)
    for k in reversed(range(len(conditions))):
        last = constant if k == 0 else None
        result = where(conditions[k]._data, choicelist[k], result, constant=last)
    return result


def _with_dtype(default: Any, choices: Sequence[Any], adapter: Any) -> Any:
    """The default; a plain number in the dtype of all choices, so that two numbers do not make
    one of their own."""
    if not isinstance(default, (bool, int, float, complex)):
        return default
    plain = (int, float, complex)
    if all(type(c) in plain for c in choices):
        return default
    known = [c if type(c) in plain else as_operand_tensor(c).dtype for c in choices]
    return full((), default, adapter.xp.result_type(*known, default), constant=True)


def piecewise(
    x: Any,
    condlist: Any,
    funclist: Sequence[Any],
    *args: Any,
    constant: bool | None = None,
    **kw: Any,
) -> Tensor:
    """A function that is another one on each of several parts.

    Parameters
    ----------
    x : ArrayLike
        The operand.
    condlist : ArrayLike | Sequence[ArrayLike]
        Booleans of the shape of `x`; the last that is true counts.
    funclist : Sequence[Callable | ArrayLike]
        For each condition a function, which is called with the elements of `x` at which it holds,
        or a value. One more than there are conditions stands for all other elements.
    *args
        Further arguments of the functions.
    constant : bool, optional
        Whether the result is constant.
    **kw
        Further arguments of the functions.

    Returns
    -------
    Tensor
        Of the shape and the dtype of `x`. Derivatives are those of the functions, each on its
        part.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([-2.0, 3.0])
    >>> mg.piecewise(x, [x < 0, x >= 0], [lambda x: -x, lambda x: x**2]).backward()
    >>> x.grad
    array([-1.,  6.])
    """
    t = as_operand_tensor(x)
    adapter = adapter_of(t._data)
    assert adapter is not None
    xp = adapter.xp
    if not hasattr(condlist, "__len__") or (t.ndim and not _is_several(condlist)):
        condlist = [condlist]
    functions = list(funclist)

    def of_booleans(*conditions: Any) -> list[Any]:
        masks = [xp.astype(c, xp.bool) for c in conditions]
        masks = [xp.broadcast_to(mask, t.shape) if mask.ndim < t.ndim else mask for mask in masks]
        if len(functions) == len(masks) + 1:
            masks.append(~xp.any(xp.stack(masks), axis=0))
        return masks

    conditions = [c._data for c in as_operand_tensors(*condlist)]
    if len(functions) - len(conditions) not in (0, 1):
        raise ValueError(
            f"piecewise: each condition needs one function, and all other elements may have one "
            f"more; there are {len(conditions)} of the first and {len(functions)} of the other"
        )
    masks = adapter.following(of_booleans)(*conditions)
    pieces = []
    for mask, function in zip(masks, functions, strict=True):
        if not isinstance(function, Callable):  # type: ignore[arg-type]
            pieces.append((mask, function))
        elif bool(adapter.following(xp.any)(mask)):
            pieces.append((mask, function(t[mask], *args, **kw)))
    variable = any(isinstance(value, Handle) and not value._constant for _, value in pieces)
    if constant is None:
        constant = not (variable and floating[adapter, t.dtype])
    result = zeros_like(t, constant=constant)
    for mask, value in pieces:
        result[mask] = stop_gradient(value) if constant else value
    return result


def _is_several(condlist: Any) -> bool:
    """Whether conditions are several; one may stand for itself."""
    first = condlist[0]
    return isinstance(first, list) or getattr(first, "ndim", 0) > 0


def _choices(numbers: Any, count: int, mode: str, xp: Any) -> Any:
    """Which of so many choices numbers mean."""
    places = xp.astype(numbers, xp.int64)
    if mode == "wrap":
        return places % count
    if mode == "clip":
        return xp.clip(places, 0, count - 1)
    if bool(xp.any((places < 0) | (places >= count))):
        raise ValueError(
            f"choose: there are numbers that are none of the {count} choices; mode='clip' or "
            f"'wrap' makes them some"
        )
    return places


def choose(
    a: Any,
    choices: Any,
    out: Any = None,
    mode: str = "raise",
    *,
    constant: bool | None = None,
) -> Tensor:
    """For each element the number of the tensor from which to take it.

    Parameters
    ----------
    a : ArrayLike
        Integers; they have no derivative.
    choices : Sequence[ArrayLike]
        What to choose from; all broadcast against one another and against `a`. Of one tensor
        these are the parts along its first axis.
    out : Tensor | array, optional
        Where to write the result.
    mode : {"raise", "wrap", "clip"}
        What to do with numbers of no choice.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.choose([0, 1, 0], [mg.tensor([1.0, 2.0, 3.0]), -1.0])
    Tensor([ 1., -1.,  3.])
    """
    if isinstance(choices, Tensor) or adapter_of(choices) is not None:
        choices = as_operand_tensor(choices)
    numbers, *tensors = as_operand_tensors(a, *choices)
    adapter = adapter_of(numbers._data)
    assert adapter is not None
    xp = adapter.xp
    if not xp.isdtype(numbers.dtype, ("integral", "bool")):
        raise TypeError(f"choose: the numbers of choices are integers, and not {numbers.dtype}")
    if not tensors:
        raise ValueError("choose: there is nothing to choose from")
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f"choose: mode={mode!r} is not known; it is raise, wrap or clip")
    places = adapter.following(_choices)(numbers._data, len(tensors), mode, xp)
    whole, *parts = broadcast_arrays(as_operand_tensor(places, (numbers,)), *tensors)
    chosen = take_along_axis(stack(parts, constant=constant), whole._data[None, ...], 0)[0]
    if out is not None:
        return write_result(out, chosen, "choose", constant=constant)
    return chosen
