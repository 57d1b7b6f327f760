"""What mygrad asks of an array library.

An *adapter* lends the autodiff core the arrays of one library: their types, the namespace (as in
the array API standard), and what the standard leaves out: addresses, windows on memory,
scatter-add, locking. ``docs/writing-adapters.md`` has one, `mygrad.testing` checks them.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

__all__ = ["Adapter"]

Array = Any


class Adapter:
    """What an array library lends to mygrad. Subclass it, fill it in, register an instance.

    Attributes
    ----------
    name
        The import name of the library, and the name by which users select it.
    array_types
        The types of its arrays; operands of these types are handed to `xp`.
    scalar_types
        Types that its functions return in place of 0-d arrays (NumPy's scalars).
    xp
        The library's namespace, complying with the array API standard.
    has_views
        Whether slices share memory and arrays change in place; else it is an `ImmutableAdapter`.
    can_lock
        Whether `set_writeable` can protect an array against writes.
    elements_are_copies
        Whether ``x[i]``, where it selects one element, is a copy (NumPy) or a 0-d view.
    kernels
        Fast versions of primitives and compositions, by name, called as those without ``xp``.
    partial_kernels
        Those that may return NotImplemented, which leaves a call to the portable function.
    many_devices
        Whether there are several, one of them current, and functions have to follow their arrays.
    unshared
        Where even a small copy costs much, a function of (arrays by key, nested other arrays): by
        key, those in memory that no other array sees, and copies that are made together. Else None.
    """

    name: str = ""
    array_types: tuple[type, ...] = ()
    scalar_types: tuple[type, ...] = ()
    xp: Any = None
    has_views: bool = True
    can_lock: bool = False
    elements_are_copies: bool = False
    kernels: dict[str, Callable[..., Any]]
    partial_kernels: frozenset[str] = frozenset()
    many_devices: bool = False
    batches: Any = None  # itself, if its arrays have axes that they do not show (`mygrad.vmap`)
    put: Callable[..., Array]
    seen: Callable[..., Any]
    seen_by: Callable[..., Any]
    shown: Callable[..., Array]
    noted: Callable[..., Any]
    handed_out: Callable[..., Any]
    take_over: Callable[..., Array]
    updated: Callable[..., Array]
    unshared: Callable[[dict[Any, Any], Any], dict[Any, Any]] | None = None

    def __init__(self) -> None:
        self.kernels = {}

    def __repr__(self) -> str:
        return f"<mygrad adapter {self.name!r}>"

    def implement(self, primitive: Any) -> Callable[..., Any]:
        """How a primitive is computed: its forward function on arrays, with its residuals."""
        return primitive.compute(self)  # type: ignore[no-any-return]

    # --- to and from the host, devices ------------------------------------------------
    def from_host(self, array: Any, device: Any = None) -> Array:
        """Copy a NumPy array to this library (to `device`, or to the current one)."""
        raise NotImplementedError(f"the adapter {self.name!r} cannot take host arrays")

    def to_host(self, array: Array) -> Any:
        """Copy an array of this library to a NumPy array."""
        raise NotImplementedError(f"the adapter {self.name!r} cannot hand arrays to the host")

    def device(self, array: Array) -> Any:
        """The device that holds `array`, as the user would name it in ``device=``."""
        return array.device

    def parse_device(self, device: Any) -> Any:
        """What `device` returns for arrays there, from anything that users call it by."""
        return device

    def to_device(self, array: Array, device: Any) -> Array:
        """A copy of `array` on a device of the same library."""
        return array.to_device(device)

    def synchronize(self) -> None:
        """Wait until the device has done all work that was queued."""

    def go_to(self, device: Any) -> Any:
        """Make a device the current one (None: leave it); return the one that was before."""

    def common_device(self, operands: Any, name: str = "") -> Any:
        """The device of all arrays among `operands`; None without arrays, an error for several."""

    def following(self, function: Callable[..., Any], name: str = "") -> Callable[..., Any]:
        """`function`, made to compute on the common device of the arrays in its arguments."""
        return function

    def check_in_place(self) -> None:
        """Raise where ``a += b`` makes a new array, which would lose sums, unless that is said."""
        array = same = self.asarray([1.0])
        array += 1.0
        if self.has_views and array is not same:
            raise TypeError(f"`a += b` makes new arrays in {self.name}: has_views has to be False")

    # --- memory -----------------------------------------------------------------------
    def address(self, array: Array) -> int:
        """The memory address, in bytes, of the first element."""
        raise NotImplementedError(f"the adapter {self.name!r} has no address()")

    def strides(self, array: Array) -> tuple[int, ...]:
        """Bytes between neighbouring elements, for each axis."""
        raise NotImplementedError(f"the adapter {self.name!r} has no strides()")

    def window(
        self, array: Array, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> Array:
        """A view of the memory of `array`: `offset` bytes from its first element.

        `array` is C-contiguous, or was made by `allocate`. The window lies inside its memory.
        """
        raise NotImplementedError(f"the adapter {self.name!r} has no window()")

    def allocate(
        self, shape: tuple[int, ...], strides: tuple[int, ...], dtype: Any, device: Any
    ) -> Array:
        """Zeros of this shape and with exactly these strides (in bytes, negative ones too)."""
        raise NotImplementedError(f"the adapter {self.name!r} has no allocate()")

    def owner(self, array: Array) -> Any:
        """The object that owns the memory of `array`: one object for all of its views."""
        raise NotImplementedError(f"the adapter {self.name!r} has no owner()")

    def is_view(self, result: Array, source: Array) -> bool:
        """Whether `result`, just computed from `source`, looks at the memory of `source`."""
        raise NotImplementedError(f"the adapter {self.name!r} has no is_view()")

    def overlaps(self, a: Array, b: Array) -> bool:
        """Whether a write to one could change the other. May say True when in doubt."""
        raise NotImplementedError(f"the adapter {self.name!r} has no overlaps()")

    def plain(self, array: Array) -> Array:
        """An operand, a view or copy of it; TypeError for subclasses that would lose meaning."""
        return array

    def set_writeable(self, array: Array, flag: bool) -> None:
        """Lock or unlock an array against writes; only called where `can_lock` is True."""

    def is_writeable(self, array: Array) -> bool:
        """Whether the array may be written to, and so has to be locked (if it can be)."""
        return True

    # --- writing ----------------------------------------------------------------------
    def knows(self, array: Array) -> bool:
        """Whether the values of an array can be looked at: not while a program is traced."""
        return True

    def assign(self, target: Array, index: Any, value: Any) -> Array:
        """``target[index] = value``; among repeated positions the last one wins.

        Returns `target`, which has changed, or the array that takes its place.
        """
        target[index] = value
        return target

    def masks_ufunc(self, function: Any) -> bool:
        """Whether a function of the namespace takes ``out=`` and ``where=`` as NumPy's do."""
        return False

    def can_cast(self, source: Any, target: Any) -> bool:
        """Whether in-place updates may cast dtype `source` to `target` ("same kind")."""
        return True

    def last_occurrences(self, index: Any, shape: tuple[int, ...]) -> Array | None:
        """Which elements of ``array[index] = values`` stay, where positions repeat.

        Returns a boolean array that broadcasts to the shape of ``array[index]``, or None if no
        position can repeat (no integer array in the index).
        """
        items = index if isinstance(index, tuple) else (index,)
        arrays = [i for i in items if type(i) in self.array_types]
        if not any(self.xp.isdtype(i.dtype, "integral") for i in arrays):
            return None
        places = self.xp.reshape(self.xp.arange(prod(shape)), shape)[index]
        flat = self.xp.reshape(places, (-1,))
        order = self.xp.arange(prod(places.shape))
        last = self.xp.zeros(max(prod(shape), 1), dtype=order.dtype)
        last = self.assign(last, flat, order)
        return self.xp.reshape(last[flat] == order, places.shape)

    def scatter_add(self, target: Array, index: Any, values: Array) -> Array:
        """Add `values` into ``target[index]``; repeated positions add up. Returns as `assign`."""
        raise NotImplementedError(f"the adapter {self.name!r} has no scatter_add()")

    # --- arrays from other things -----------------------------------------------------
    def asarray(self, value: Any, dtype: Any = None, device: Any = None) -> Array:
        """An array from a scalar, a list, or an array of this library (no copy if possible)."""
        return self.xp.asarray(value, dtype=dtype, device=device)

    def copy(self, array: Array) -> Array:
        """A copy of an array, or of a scalar that a function returned, as an array."""
        return self.asarray(self.xp.asarray(array, copy=True))

    def rng(self, seed: Any = None) -> Any:
        """A generator with NumPy's ``random``, ``standard_normal`` and ``integers``."""
        raise NotImplementedError(f"the adapter {self.name!r} has no rng()")
