"""PyTorch's tensors as arrays of mygrad: writable, with views, on the CPU and on CUDA devices.

PyTorch's own autograd has no part in it: tensors that require gradients are refused.
"""

from __future__ import annotations

from functools import partial
from math import prod
from types import SimpleNamespace
from typing import Any

import array_api_compat.torch  # the functions of the standard, made of PyTorch's
import numpy as np
import torch

import mygrad as mg
from mygrad.arrays.standard import only_the_standard

__all__ = ["adapter"]


class TorchAdapter(mg.Adapter):
    """What mygrad needs of PyTorch beyond the functions of the array API standard."""

    name = "torch"
    array_types = (torch.Tensor,)
    xp = only_the_standard(array_api_compat.torch)

    # to and from the host
    def from_host(self, array: Any, device: Any = None) -> torch.Tensor:
        native = np.array(array, dtype=array.dtype.newbyteorder("="), order="C")
        return torch.from_numpy(native).to(device or torch.get_default_device())

    def to_host(self, array: torch.Tensor) -> Any:
        return array.numpy(force=True).copy()

    # devices
    def parse_device(self, device: Any) -> torch.device:
        return torch.empty(0, device=device).device  # "cuda" is the current one, "cuda:0", say

    def to_device(self, array: torch.Tensor, device: Any) -> torch.Tensor:
        return array.to(device, copy=True)

    def synchronize(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    # memory
    def address(self, array: torch.Tensor) -> int:
        start = array.untyped_storage().data_ptr()  # `array.data_ptr()` of an empty one is 0
        return start + array.storage_offset() * array.itemsize

    def strides(self, array: torch.Tensor) -> tuple[int, ...]:
        return tuple(step * array.itemsize for step in array.stride())

    def window(self, array: torch.Tensor, offset: int, shape: Any, strides: Any) -> torch.Tensor:
        steps = [step // array.itemsize for step in strides]
        first = array.storage_offset() + offset // array.itemsize
        return array.as_strided(shape, steps, first)

    def allocate(self, shape: Any, strides: Any, dtype: Any, device: Any) -> torch.Tensor:
        steps = [step // dtype.itemsize for step in strides]
        reach = sum((n - 1) * step for n, step in zip(shape, steps, strict=True))
        length = reach + 1 if prod(shape) else 0
        return torch.zeros(length, dtype=dtype, device=device).as_strided(shape, steps)

    def owner(self, array: torch.Tensor) -> Any:
        return array.untyped_storage()

    def is_view(self, result: torch.Tensor, source: torch.Tensor) -> bool:
        return result.untyped_storage() is source.untyped_storage()

    def overlaps(self, a: torch.Tensor, b: torch.Tensor) -> bool:
        return self.is_view(a, b)  # it may say True when in doubt

    def plain(self, array: torch.Tensor) -> torch.Tensor:
        if array.requires_grad:
            raise TypeError(
                "a torch tensor requires gradients, and those of PyTorch and of mygrad know "
                "nothing of one another; take array.detach()"
            )
        return array.as_subclass(torch.Tensor).resolve_conj().resolve_neg()

    # writing
    can_cast = staticmethod(torch.can_cast)

    def assign(self, target: torch.Tensor, index: Any, value: Any) -> torch.Tensor:
        places = places_of(index, target.shape)
        if places is not None and isinstance(value, torch.Tensor):
            # Where a position repeats, all of its values become the last one.
            value = value.broadcast_to(places.shape).reshape(-1)[last_at(places)]
        target[index] = value
        return target

    def last_occurrences(self, index: Any, shape: Any) -> torch.Tensor | None:
        places = places_of(index, shape)
        return None if places is None else last_at(places) == numbers(places.shape, places.device)

    def scatter_add(self, target: torch.Tensor, index: Any, values: Any) -> torch.Tensor:
        places = numbers(target.shape, target.device)[index]
        values = torch.as_tensor(values, dtype=target.dtype, device=target.device)
        return target.put_(places, values.broadcast_to(places.shape), accumulate=True)

    # arrays from other things
    def rng(self, seed: int | None = None) -> Any:
        bits = torch.Generator(torch.get_default_device())
        bits.seed() if seed is None else bits.manual_seed(seed)
        here: Any = {"generator": bits, "device": bits.device}
        return SimpleNamespace(
            random=partial(torch.rand, dtype=torch.float64, **here),
            standard_normal=partial(torch.randn, dtype=torch.float64, **here),
            integers=partial(torch.randint, **here),
        )


def numbers(shape: Any, device: Any) -> torch.Tensor:
    """The numbers of the elements of an array, in this shape."""
    return torch.arange(prod(shape), device=device).reshape(shape)


def places_of(index: Any, shape: Any) -> torch.Tensor | None:
    """The numbers of the elements that an index reads; None if none can be read twice."""
    for item in index if isinstance(index, tuple) else (index,):
        if isinstance(item, torch.Tensor) and item.dtype is not torch.bool:
            return numbers(shape, item.device)[index]
    return None


def last_at(places: torch.Tensor) -> torch.Tensor:
    """For each number in an array, where in it that number comes last."""
    flat = places.reshape(-1)
    last = flat.new_zeros(int(flat.max()) + 1 if len(flat) else 0)
    order = torch.arange(len(flat), device=flat.device)
    return last.scatter_reduce(0, flat, order, "amax")[places]


adapter = TorchAdapter()
# PyTorch's return the array itself, or a view of it that holds other numbers than its memory.
adapter.kernels["positive"] = torch.clone
adapter.kernels["conj"] = lambda x: x.conj_physical() if x.is_complex() else x.clone()
adapter.kernels["sigmoid"] = torch.sigmoid  # at once what mygrad makes of several functions
