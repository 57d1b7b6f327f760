"""Dropout: random elements become zero."""

from __future__ import annotations

from numbers import Real
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.autodiff.primitive import primitive
from mygrad.math.arithmetic import positive
from mygrad.math.dtypes import floats
from mygrad.random import generator
from mygrad.tensors.base import Tensor, as_operand_tensor

__all__ = ["check_probability", "dropout", "drawn_mask"]


@primitive(x=lambda g, kept, factor, xp: xp.dropped(g, kept, factor), kept=None)
def dropped(x: Any, kept: Any, factor: float, *, xp: Any) -> Any:
    """``factor * x`` where `kept` is true, and 0 elsewhere."""
    return xp.where(kept, floats(x, xp) * factor, 0.0)


def check_probability(p: Any, name: str, what: str = "p") -> float:
    """The probability as a float, if it is one."""
    if not isinstance(p, Real) or not 0 <= float(p) <= 1:
        raise ValueError(
            f"{name}: {what} is the probability to drop an element, a number from 0 to 1, and "
            f"not {p!r}"
        )
    return float(p)


def drawn_mask(shape: tuple[int, ...], p: float, like: Any) -> Any:
    """A raw mask, beside the array `like`, that is false with probability `p`."""
    adapter = adapter_of(like)
    assert adapter is not None
    numbers = generator(adapter, adapter.device(like)).random(shape)
    if type(numbers) not in adapter.array_types:  # one of NumPy's numbers
        numbers = adapter.asarray(numbers)
    return adapter.following(lambda drawn: drawn >= p)(numbers)


def dropout(
    x: Any, p: float = 0.5, training: bool = True, *, constant: bool | None = None
) -> Tensor:
    """Set random elements to zero, and divide the others by the probability to be kept.

    So the expected value of each element stays what it was, and there is nothing to do where a
    network is used and not trained.

    Parameters
    ----------
    x
        A tensor or array.
    p
        The probability with which an element becomes zero, from 0 to 1.
    training
        Whether to drop anything; if not, `x` is returned as it is.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        The shape of `x`. It is `x` itself where nothing is dropped.

    Raises
    ------
    ValueError
        `p` is no probability.

    Notes
    -----
    Srivastava et al., *Dropout: a simple way to prevent neural networks from overfitting*, JMLR 15,
    2014. The random numbers are those of `mygrad.random`, and so of `mygrad.random.seed`. A dropped
    element is 0 also where `x` is infinite or nan. For a mask that several calls share, drop from
    ``mg.ones(...)`` once and multiply.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.layers import dropout
    >>> mg.random.seed(0)
    >>> x = mg.ones((6,))
    >>> dropout(x, 0.5).tolist()
    [2.0, 2.0, 2.0, 2.0, 0.0, 2.0]
    >>> dropout(x, 0.5, training=False) is x
    True
    """
    p = check_probability(p, "dropout")
    x = as_operand_tensor(x)
    if not training or not p:
        return x if constant is None else positive(x, constant=constant)
    kept = drawn_mask(tuple(x.shape), p, x._data)
    return dropped(x, kept, 1 / (1 - p) if p < 1 else 1.0, constant=constant)
