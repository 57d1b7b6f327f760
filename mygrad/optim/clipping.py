"""Gradients that are kept from becoming too large, between ``backward()`` and a step."""

from __future__ import annotations

from math import inf
from typing import Any

from mygrad.arrays import Adapter, by_type
from mygrad.autodiff.namespace import composition, namespace_of, tensor_namespace_of
from mygrad.autodiff.nodes import Handle
from mygrad.optim.optimizer import accumulator_dtype
from mygrad.optim.parameters import named_parameters
from mygrad.tensors.base import Tensor

__all__ = ["clip_by_norm", "clip_by_value"]

Array = Any


@composition
def power_sum(g: Array, dtype: Any, order: float, *, xp: Any) -> Array:
    """The sum of the absolute values to this power; their largest for infinity; 0-d."""
    g = g if g.dtype == dtype else xp.astype(g, dtype)
    if order == 2:
        return xp.sum(g * g)
    size = xp.abs(g)
    return xp.max(size) if order == inf else xp.sum(size**order)


@composition
def norm_and_scale(parts: list[Array], bound: float, order: float, *, xp: Any) -> tuple[Any, Any]:
    """The norm that these parts of it give, and the factor that brings it down to the bound."""
    norm = parts[0]
    for part in parts[1:]:
        norm = xp.maximum(norm, part) if order == inf else norm + part
    if order != inf:
        norm = xp.sqrt(norm) if order == 2 else norm ** (1 / order)
    # A norm of 0 stays; one of nan makes all of them nan, so that it is not overlooked.
    return norm, bound / xp.maximum(norm, bound)


@composition
def scaled(g: Array, scale: Array, *, xp: Any) -> Array:
    """``g *= scale`` in the dtype of `g`, for a 0-d `scale`."""
    g *= scale if scale.dtype == g.dtype else xp.astype(scale, g.dtype)
    return g


@composition
def clipped(g: Array, bound: float, *, xp: Any) -> Array:
    """`g` with its elements between these bounds."""
    return xp.clip(g, -bound, bound)


def clip_by_norm(parameters: Any, bound: float, *, order: float = 2.0) -> Array:
    """Scale all gradients by one factor so that their norm, taken together, is at most `bound`.

    Their direction stays. Gradients that are small enough stay as they are, bit for bit, and
    nothing waits for a GPU: the norm is compared where it is.

    Parameters
    ----------
    parameters
        Tensors: nested lists, tuples, dicts and objects of them, as for `Optimizer`. Those without
        a gradient count as 0.
    bound
        The largest norm to leave.
    order
        The order of the norm: 2 (Euclidean), ``inf`` (the largest absolute value), or another
        number from 1 on.

    Returns
    -------
    array
        The norm before, 0-d, of the library and on the device of the gradients. One that is nan or
        infinite makes the gradients nan (infinite: nan or 0): look at it where that may happen.

    Raises
    ------
    ValueError
        The bound is not positive, there is no gradient, or they are on several devices.

    Notes
    -----
    From [1]_. The norm of gradients of 16 bits is computed in float32.

    References
    ----------
    .. [1] R. Pascanu, T. Mikolov and Y. Bengio, *On the difficulty of training recurrent neural
       networks*, ICML 2013, arXiv:1211.5063.

    Examples
    --------
    >>> import mygrad as mg
    >>> x, y = mg.tensor([3.0]), mg.tensor([4.0])
    >>> (x**2 / 2 + y**2 / 2).backward()
    >>> mg.optim.clip_by_norm([x, y], 1.0)
    array(5.)
    >>> x.grad, y.grad
    (array([0.6]), array([0.8]))
    """
    order = float(order)
    if not bound > 0 or order < 1:
        raise ValueError(
            f"clip_by_norm: the bound has to be positive and the order from 1 on, and they are "
            f"{bound!r} and {order!r}"
        )
    found = _with_gradients(parameters, "clip_by_norm")
    places = {(by_type[type(t._data)], str(by_type[type(t._data)].device(t._data))) for t in found}
    if len(places) > 1:
        listed = ", ".join(sorted(f"{adapter.name} ({device})" for adapter, device in places))
        raise ValueError(
            f"clip_by_norm: the gradients are on several devices: {listed}; move the parameters to "
            f"one, or clip those of each device for themselves"
        )
    xp = _namespace(found)
    parts = [
        xp.power_sum(t.grad, accumulator_dtype(t._data, by_type[type(t._data)]), order)
        for t in found
    ]
    norm, scale = xp.norm_and_scale(parts, float(bound), order)
    for t in found:
        t.grad = xp.scaled(t.grad, scale)
    return norm if isinstance(norm, Handle) else by_type[type(found[0]._data)].asarray(norm)


def clip_by_value(parameters: Any, bound: float) -> None:
    """Bring every element of the gradients between ``-bound`` and `bound`.

    Parameters
    ----------
    parameters
        Tensors: nested lists, tuples, dicts and objects of them, as for `Optimizer`. Those without
        a gradient are left alone.
    bound
        The largest absolute value to leave.

    Raises
    ------
    ValueError
        The bound is not positive, or there is no gradient.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([1.0, -30.0])
    >>> (x**2).backward()
    >>> mg.optim.clip_by_value(x, 5.0)
    >>> x.grad
    array([ 2., -5.])
    """
    if not bound > 0:
        raise ValueError(f"clip_by_value: the bound has to be positive, and is {bound!r}")
    for t in _with_gradients(parameters, "clip_by_value"):
        t.grad = _namespace([t]).clipped(t.grad, float(bound))


def _with_gradients(parameters: Any, function: str) -> list[Tensor]:
    found = [t for t in named_parameters(parameters, function).values() if t.grad is not None]
    if not found:
        raise ValueError(f"{function}: no parameter has a gradient; call it after backward()")
    return found


def _namespace(found: list[Tensor]) -> Any:
    """The one for these gradients, which are tensors after ``backward(create_graph=True)``."""
    adapter: Adapter = by_type[type(found[0]._data)]
    on_tensors = any(isinstance(t.grad, Handle) for t in found)
    return tensor_namespace_of(adapter) if on_tensors else namespace_of(adapter)
