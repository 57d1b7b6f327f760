"""Types for annotations."""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, Union, runtime_checkable

if TYPE_CHECKING:
    from mygrad.tensors.base import Tensor

__all__ = [
    "ArrayLike", "AxisLike", "BinaryUfunc", "DTypeLike", "DTypeLikeReals", "Index", "Mask", "Real",
    "Shape", "UnaryUfunc",
]  # fmt: skip


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
AxisLike = int | Sequence[int] | None
ArrayLike = Union["Tensor", ImplementsArray, complex, Sequence[Any]]
# Tensors are not there yet: this is where `typing.get_type_hints` finds them.
ArrayLike.__args__[0].__forward_module__ = "mygrad.tensors.base"  # type: ignore[attr-defined]
DTypeLike = TypeVar("DTypeLike")
DTypeLikeReals = type | str | Any | None
Mask = TypeVar("Mask")
Index = int | None | slice | EllipsisType | ImplementsArray | Sequence[Any] | tuple[Any, ...]


class _Ufunc(Protocol):
    """What universal functions have besides being called; see NumPy's ``ufunc``."""

    __name__: str
    __doc__: str
    nin: int
    nout: int
    nargs: int
    ntypes: int
    identity: Any
    signature: str | None
    types: list[str]

    def at(self, a: Any, indices: Any, b: Any = ..., /) -> None: ...
    def accumulate(self, array: Any, axis: int = ..., dtype: Any = ..., out: Any = ...) -> Tensor:
        ...
    def outer(self, A: Any, B: Any, /, **kwargs: Any) -> Tensor: ...
    def reduce(self, array: Any, axis: Any = ..., dtype: Any = ..., out: Any = ...,
               keepdims: bool = ..., initial: Any = ..., where: Any = ...) -> Tensor: ...
    def reduceat(self, array: Any, indices: Any, axis: int = ..., dtype: Any = ...,
                 out: Any = ...) -> Tensor: ...
    def resolve_dtypes(self, dtypes: Any, **options: Any) -> Any: ...


class UnaryUfunc(_Ufunc, Protocol):
    """A universal function of one operand."""

    def __call__(self, x: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
                 dtype: DTypeLikeReals = ..., constant: bool | None = ...) -> Tensor: ...


class BinaryUfunc(_Ufunc, Protocol):
    """A universal function of two operands."""

    def __call__(self, x1: ArrayLike, x2: ArrayLike, out: Any = ..., *, where: ArrayLike = ...,
                 dtype: DTypeLikeReals = ..., constant: bool | None = ...) -> Tensor: ...
