"""Types for annotations."""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, Union, runtime_checkable

if TYPE_CHECKING:
    from mygrad.tensors.base import Tensor

__all__ = ["ArrayLike", "DTypeLike", "DTypeLikeReals", "Index", "Mask", "Real", "Shape"]


@runtime_checkable
class ImplementsArray(Protocol):
    """An array of any library."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""

    @property
    def dtype(self) -> Any:
        """The data type of the elements."""


Real = int | float
Shape = Sequence[int]
ArrayLike = Union["Tensor", ImplementsArray, complex, Sequence[Any]]
DTypeLike = TypeVar("DTypeLike")
DTypeLikeReals = type | str | Any | None
Mask = TypeVar("Mask")
Index = int | None | slice | EllipsisType | ImplementsArray | Sequence[Any] | tuple[Any, ...]
