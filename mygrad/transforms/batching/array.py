"""Arrays that hold an example for each place of a batch, and show the shape of one example."""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import prod
from typing import Any, NoReturn

from mygrad.autodiff.nodes import Handle, new_handle
from mygrad.autodiff.operands import SCALARS
from mygrad.errors import MyGradException

__all__ = ["BatchDependence", "BatchedArray", "OneAtATime", "batch_of", "opened"]

Array = Any


class BatchDependence(MyGradException):
    """What was asked for is another thing for each example of a batch: a branch, a shape."""


class OneAtATime(BatchDependence):
    """What was asked for takes one example at a time by its nature: a solver of SciPy's, say."""


class BatchedArray:
    """An array for each example of a batch.

    Its adapter has a class of it of its own, so that the type says which library and how many axes
    of batches lie below. It never changes.

    Attributes
    ----------
    value
        An array of the adapter's ``inner`` library, or a tensor on one. The first axis is that of
        the batch.
    n
        How many examples there are; None where `value` is the same for all, and has no such axis.
    shape, dtype
        Of one example.
    lies
        The strides, in bytes, that windows on it count with; None for those of C order.
    uncut
        Where this is cut from the graphs of tensors inside, because it is constant by wish, the
        same array with them: a view hands that back to its base when it is written to.
    """

    __slots__ = ("__weakref__", "dtype", "lies", "n", "shape", "uncut", "value")

    adapter: Any

    def __init__(self, value: Any, n: int | None = None, lies: Any = None) -> None:
        self.value = value
        self.n = n
        self.shape = tuple(value.shape) if n is None else tuple(value.shape[1:])
        self.dtype = value.dtype
        self.lies = lies
        self.uncut: Any = None

    @property
    def ndim(self) -> int:
        """The number of axes of one example."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements of one example."""
        return prod(self.shape)

    @property
    def itemsize(self) -> int:
        """The size of one element in bytes."""
        return int(self.adapter.host_dtype(self.dtype).itemsize)

    @property
    def nbytes(self) -> int:
        """The size of one example in bytes."""
        return self.size * self.itemsize

    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes between neighbouring elements of one example, as windows count them."""
        return self.adapter.strides(self)  # type: ignore[no-any-return]

    @property
    def device(self) -> Any:
        """The device that holds the elements."""
        return self.adapter.device(self)

    @property
    def T(self) -> Any:
        """The example with its axes in reverse order."""
        return self.adapter.xp.permute_dims(self, tuple(range(self.ndim))[::-1])

    @property
    def mT(self) -> Any:
        """The example with its last two axes swapped."""
        return self.adapter.xp.matrix_transpose(self)

    @property
    def real(self) -> Any:
        """The real part."""
        return self.adapter.functions.real(self)

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return self.adapter.functions.imag(self)

    def __repr__(self) -> str:
        of = "the same for all examples" if self.n is None else f"for {self.n} examples"
        return f"array(<batched: {self.dtype}{list(self.shape)}, {of}>)"

    # --- parts ------------------------------------------------------------------------------------
    def __getitem__(self, index: Any) -> Any:
        return self.adapter.part(self, index)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d array")
        return self.shape[0]

    def __iter__(self) -> Any:
        return (self[k] for k in range(len(self)))

    def _seen_through(self, window: Any) -> Any:
        """What a window on a buffer shows of this, which is its adjoint."""
        array = self.adapter.lying(self, window.layout.strides)
        return self.adapter.window(array, window.offset, window.shape, window.strides)

    # --- one number, which it is only without a batch ---------------------------------------------
    def _refuse(self, how: str) -> NoReturn:
        raise BatchDependence(
            f"{how} of a value that vmap batches is another one for each example, and a program "
            f"runs once for all of them. Choose by mg.where(condition, a, b) in place of `if`, "
            f"compute with arrays in place of numbers, and look at values outside of vmap"
        )

    def _number(self, kind: Callable[[Any], Any], how: str) -> Any:
        if self.n is not None:
            self._refuse(how)
        return kind(self.value)

    def __bool__(self) -> bool:
        return bool(self._number(bool, "the truth"))

    def __float__(self) -> float:
        return float(self._number(float, "float()"))

    def __int__(self) -> int:
        return int(self._number(int, "int()"))

    def __complex__(self) -> complex:
        return complex(self._number(complex, "complex()"))

    def __index__(self) -> int:
        return int(self._number(operator.index, "an index made"))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        self._refuse("a NumPy array")

    # --- other people's functions -----------------------------------------------------------------
    def _tensor(self) -> Any:
        return new_handle(self, None, None, None, True)

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
        tensors = [a._tensor() if isinstance(a, BatchedArray) else a for a in operands]
        return self._tensor().__array_ufunc__(ufunc, method, *tensors, **options)

    def __array_function__(self, function: Any, types: Any, args: Any, kw: Any) -> Any:
        args, kw = as_tensors(args), as_tensors(kw)
        types = tuple({*types} - {type(self)} | {type(self._tensor())})
        return self._tensor().__array_function__(function, types, args, kw)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"batched arrays have no {name}")
        return getattr(self._tensor(), name)

    __hash__ = None  # type: ignore[assignment]


def as_tensors(tree: Any) -> Any:
    """Nested arguments with constant tensors in the place of batched arrays."""
    if isinstance(tree, BatchedArray):
        return tree._tensor()
    if isinstance(tree, (list, tuple)):
        return type(tree)([as_tensors(item) for item in tree])
    if isinstance(tree, dict):
        return {name: as_tensors(item) for name, item in tree.items()}
    return tree


def batch_of(tree: Any) -> int | None:
    """How many examples there are in (nested) arguments; None where nothing is batched."""
    if isinstance(tree, BatchedArray):
        return tree.n
    if type(tree) is not tuple and not isinstance(tree, (list, tuple)):
        return None
    found: int | None = None
    for item in tree:
        n = item.n if isinstance(item, BatchedArray) else (
            batch_of(item) if isinstance(item, (list, tuple)) else None
        )  # fmt: skip
        if n is not None:
            if found is not None and n != found:
                raise ValueError(
                    f"batches of {found} and of {n} examples meet: one of them has left the vmap "
                    f"that made it. Return values from the function in place of keeping them"
                )
            found = n
    return found


def opened(tree: Any) -> Any:
    """Nested arguments with what is inside of batched arrays in their place."""
    if isinstance(tree, BatchedArray):
        return tree.value
    if isinstance(tree, (list, tuple)):
        return type(tree)([opened(item) for item in tree])
    return tree


OPERATORS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "power",
    "floordiv": "floor_divide", "mod": "remainder", "lt": "less", "le": "less_equal",
    "gt": "greater", "ge": "greater_equal", "eq": "equal", "ne": "not_equal", "and": "bitwise_and",
    "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift", "matmul": "matmul",
}  # fmt: skip


def _binary(symbol: str, name: str) -> tuple[Any, Any]:
    plain = getattr(operator, f"__{symbol}__")
    elementwise = symbol != "matmul"

    def forward(self: BatchedArray, other: Any) -> Any:
        a = self.value
        if elementwise and not self.adapter.follows and not isinstance(a, Handle):
            if type(other) in SCALARS:
                return self.adapter.wrapped(plain(a, other), self.n)
            if type(other) is type(self):
                b, n = other.value, self.n
                alike = n == other.n and len(self.shape) == len(other.shape)
                if alike or (other.n is None and len(self.shape) >= len(other.shape)):
                    if not isinstance(b, Handle):
                        return self.adapter.wrapped(plain(a, b), n)
        if self.adapter.takes(other):
            return getattr(self.adapter.functions, name)(self, other)
        return NotImplemented

    def reflected(self: BatchedArray, other: Any) -> Any:
        if not self.adapter.takes(other):
            return NotImplemented
        return getattr(self.adapter.functions, name)(other, self)

    return forward, reflected


for _symbol, _name in OPERATORS.items():
    _forward, _reflected = _binary(_symbol, _name)
    setattr(BatchedArray, f"__{_symbol}__", _forward)
    if _symbol not in ("lt", "le", "gt", "ge", "eq", "ne"):
        setattr(BatchedArray, f"__r{_symbol}__", _reflected)
for _symbol, _name in {
    "neg": "negative", "pos": "positive", "abs": "abs", "invert": "bitwise_invert"
}.items():  # fmt: skip
    setattr(
        BatchedArray,
        f"__{_symbol}__",
        lambda self, name=_name: getattr(self.adapter.functions, name)(self),
    )
