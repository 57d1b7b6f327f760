"""Strategies for hypothesis: tensors of any shape, on memory of any kind, and indices into them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mygrad.autodiff.primitive import registry
from mygrad.tensors.base import Tensor

try:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as arrays
except ImportError as error:
    raise ImportError(
        'mygrad.testing.strategies needs hypothesis: pip install hypothesis, or "mygrad[test]"'
    ) from error

__all__ = ["LAYOUTS", "indices", "laid_out", "shapes", "tensors"]

LAYOUTS = ("whole", "transposed", "reversed", "strided", "part")
"""How a tensor may lie in memory; all but the first are views of a larger or turned tensor."""


def laid_out(values: NDArray[Any], layout: str, constant: bool | None = None) -> Tensor:
    """Make a tensor with these values that lies in memory as asked.

    Parameters
    ----------
    values
        The values.
    layout
        One of `LAYOUTS`: ``"whole"`` is a leaf; the others are views of one, which is the ``base``
        of the tensor (a tensor of no dimensions is a view of itself).
    constant
        As in `mygrad.tensor`.

    Returns
    -------
    Tensor
        On the selected backend.

    Examples
    --------
    >>> import numpy as np
    >>> from mygrad.testing.strategies import laid_out
    >>> view = laid_out(np.array([1.0, 2.0]), "strided")
    >>> view, view.base
    (Tensor([1., 2.]), Tensor([1., 0., 2., 0.]))
    """
    if layout not in LAYOUTS:
        raise ValueError(f"there is no layout {layout!r}; there are {', '.join(LAYOUTS)}")
    axes = values.ndim
    if layout == "whole":
        return Tensor(values, constant=constant)
    if layout == "transposed":
        leaf = Tensor(values.T.copy(), constant=constant)
        return registry["permute_dims"](leaf, tuple(reversed(range(axes))))
    if layout == "reversed":
        leaf = Tensor(np.flip(values).copy(), constant=constant)
        return leaf[(*[slice(None, None, -1)] * axes, ...)]
    step, start = (2, 0) if layout == "strided" else (1, 1)
    seen = tuple(slice(start, start + step * n, step) for n in values.shape)
    wide = np.zeros([max(start, 0) * 2 + step * n for n in values.shape], values.dtype)
    wide[seen] = values
    return Tensor(wide, constant=constant)[(*seen, ...)]


def shapes(
    min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = 4
) -> st.SearchStrategy[tuple[int, ...]]:
    """Draw shapes of tensors, those without dimensions and without elements among them.

    Parameters
    ----------
    min_dims, max_dims
        The least and the largest number of axes.
    min_side, max_side
        The least and the largest length of an axis.

    Returns
    -------
    SearchStrategy
        Of tuples.

    Examples
    --------
    >>> from mygrad.testing.strategies import shapes
    >>> len(shapes(min_dims=2, max_dims=2).example())  # doctest: +SKIP
    2
    """
    return arrays.array_shapes(
        min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side
    )


@st.composite
def tensors(
    draw: st.DrawFn,
    shape: Any = None,
    dtype: Any = "float64",
    elements: st.SearchStrategy[Any] | None = None,
    constant: bool | None = None,
    views: bool = True,
) -> Tensor:
    """Draw tensors on the selected backend.

    Parameters
    ----------
    shape
        A shape, or a strategy for shapes; any of `shapes` if not given.
    dtype
        A dtype, or a strategy for dtypes.
    elements
        A strategy for the elements; by default multiples of 1/16 from -4 to 4, which every
        floating-point dtype has.
    constant
        As in `mygrad.tensor`.
    views
        Whether some of the tensors are views: turned, reversed, with gaps, parts of a larger
        tensor, or broadcast (which are read-only).

    Returns
    -------
    SearchStrategy
        Of tensors.

    Examples
    --------
    >>> from hypothesis import given
    >>> from mygrad.testing.strategies import tensors
    >>> @given(tensors(shape=(2, 3)))
    ... def test(x):
    ...     assert x.shape == (2, 3)
    >>> test()
    """
    wanted = shapes() if shape is None else shape
    found = tuple(draw(wanted) if isinstance(wanted, st.SearchStrategy) else wanted)
    kind = np.dtype(draw(dtype) if isinstance(dtype, st.SearchStrategy) else dtype)
    layouts = (*LAYOUTS, "broadcast") if views else LAYOUTS[:1]
    layout = draw(st.sampled_from(layouts))
    own = tuple(1 if layout == "broadcast" and draw(st.booleans()) else n for n in found)
    values = draw(
        arrays.arrays(kind, own, elements=sixteenths(kind) if elements is None else elements)
    )
    if layout == "broadcast":
        return registry["broadcast_to"](Tensor(values, constant=constant), found)
    return laid_out(values, layout, constant)


def sixteenths(dtype: np.dtype[Any]) -> st.SearchStrategy[Any]:
    """Numbers that are exact in every dtype of this kind."""
    whole = st.integers(-64, 64)
    if dtype.kind == "c":
        return st.builds(lambda a, b: complex(a / 16, b / 16), whole, whole)
    if dtype.kind == "f":
        return whole.map(lambda n: n / 16)
    return st.booleans() if dtype.kind == "b" else st.integers(0 if dtype.kind == "u" else -9, 9)


def indices(shape: tuple[int, ...], advanced: bool = True) -> st.SearchStrategy[Any]:
    """Draw indices into a tensor of this shape.

    Parameters
    ----------
    shape
        The shape.
    advanced
        Whether there are masks, and arrays of integers for all axes, among them; without, only
        slices, integers, ``...`` and ``None``.

    Returns
    -------
    SearchStrategy
        Of what goes between brackets, with NumPy arrays in it.

    Examples
    --------
    >>> from hypothesis import given
    >>> from mygrad.testing.strategies import indices, tensors
    >>> @given(tensors(shape=(2, 3)), indices((2, 3)))
    ... def test(x, index):
    ...     assert x[index].shape == x.data[index].shape
    >>> test()
    """
    found: st.SearchStrategy[Any] = arrays.basic_indices(shape, allow_newaxis=True)
    if advanced:
        found = found | arrays.arrays(bool, shape)
        if shape and 0 not in shape:
            found = found | arrays.integer_array_indices(shape)
    return found
