"""Universal functions: elementwise primitives, with the keywords and methods of NumPy's ufuncs."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mygrad.arrays import Adapter
from mygrad.autodiff.inplace import write_result
from mygrad.autodiff.operands import SCALARS, as_operand, common_adapter, floating
from mygrad.autodiff.primitive import Primitive, Rule, registry
from mygrad.autodiff.tape import apply
from mygrad.math import ufunc_methods

__all__ = ["Elementwise", "Ufunc", "ufunc"]


class Ufunc(Primitive):
    """What NumPy calls a ufunc: its attributes, and its methods, which tensors go through."""

    only_applies = True
    """Whether calling it with operands alone is `apply`, and nothing else."""

    at = ufunc_methods.at
    accumulate = ufunc_methods.accumulate
    outer = ufunc_methods.outer
    reduce = ufunc_methods.reduce
    reduceat = ufunc_methods.reduceat

    @property
    def nin(self) -> int:
        """The number of operands."""
        return len(self.operand_names)

    @property
    def nout(self) -> int:
        """The number of results."""
        return 1

    @property
    def nargs(self) -> int:
        """The number of operands and results."""
        return self.nin + self.nout

    @property
    def identity(self) -> Any:
        """What leaves the other operand as it is, as NumPy has it; None if nothing does."""
        return getattr(self._numpy, "identity", None)

    @property
    def signature(self) -> str | None:
        """Which axes of the operands belong together, as NumPy writes it; None if none do."""
        return getattr(self._numpy, "signature", None)

    @property
    def types(self) -> list[str]:
        """The dtypes that NumPy's function of this name has loops for, and tensors can have."""
        loops = getattr(self._numpy, "types", [])
        return [loop for loop in loops if not set(loop) & set("mMO")]

    @property
    def ntypes(self) -> int:
        """How many these are."""
        return len(self.types)

    def resolve_dtypes(self, dtypes: Any, **options: Any) -> Any:
        """The dtypes in which NumPy's function of this name computes with operands of `dtypes`."""
        if self._numpy is None:
            raise NotImplementedError(
                f"{self.name}.resolve_dtypes: NumPy has no ufunc {self.name}, to ask for its dtypes"
            )
        return self._numpy.resolve_dtypes(dtypes, **options)

    @property
    def _numpy(self) -> Any:
        # The adapter's namespace hides some ufuncs behind functions of the standard.
        found = getattr(sys.modules.get("numpy"), self.name, None) if self.is_ours else None
        return found if hasattr(found, "resolve_dtypes") else None


class Elementwise(Ufunc):
    """An elementwise operation, with NumPy's ``out=``, ``where=`` and ``dtype=``.

    Its forward function is that of the library, wherever the library has one of that name.
    The body of the declaration, if there is one, is the composition for libraries without.
    """

    def __init__(
        self, forward: Callable[..., Any], rules: Mapping[str, Rule | None], **options: Any
    ) -> None:
        super().__init__(forward, rules, broadcasts="elements", **options)
        if self.param_names:
            raise TypeError(
                f"the declaration of {self.name} says nothing of its operand "
                f"{self.param_names[0]!r}: give it a rule, or None if it has no derivative"
            )

    def _public_signature(self, parameters: Any) -> inspect.Signature:
        signature = inspect.signature(_ufunc_tail)
        kept = [p for n, p in parameters.items() if n != "xp"]
        return inspect.Signature(kept + list(signature.parameters.values()))

    def compute(self, adapter: Adapter) -> Callable[..., Any]:
        kernel = None
        if not self.goes_first:
            kernel = adapter.kernels.get(self.name)
            for name in (self.name, *self.aliases):
                kernel = kernel or getattr(adapter.xp, name, None)
        kernel = kernel or _on_arrays(super().compute(adapter), adapter)
        if self.name in ROUNDING:
            kernel = _of_integers_too(kernel, adapter)
        return adapter.following(kernel)

    def masks_itself(self, adapter: Adapter) -> bool:
        return not self.goes_first and adapter.masks_ufunc(getattr(adapter.xp, self.name, None))

    def __call__(  # type: ignore[override]
        self,
        *operands: Any,
        out: Any = None,
        where: Any = True,
        dtype: Any = None,
        constant: bool | None = None,
        **named: Any,
    ) -> Any:
        if named:
            operands = self._with_named(operands, named)
        count = len(self.operand_names)
        if len(operands) == count + 1 and out is None:
            *operands, out = operands  # type: ignore[assignment]
        if len(operands) != count:
            raise TypeError(
                f"{self.name}() takes {count} operands, and was given {len(operands)}"
            )
        if out is None and where is True and dtype is None:
            return apply(self, operands, (), constant)
        if dtype is not None:
            operands = tuple(
                t if type(t) in SCALARS else registry["astype"](t, dtype, casting="same_kind")
                for t in operands
            )
        mask = None
        if where is not True:
            adapter = common_adapter(operands, self.name)
            mask = adapter.xp.asarray(as_operand(where, adapter, self.name, operands), copy=True)
        if out is None:
            return apply(self, tuple(operands), (), constant, mask)
        result = apply(self, tuple(operands), (), None, mask)
        return write_result(out, result, self.name, mask, constant)

    def _with_named(self, operands: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """The operands, with those that were given by name."""
        for name in self.operand_names[len(operands) :]:
            if name in named:
                operands = (*operands, named.pop(name))
        for name in named:
            if name in self.operand_names:
                raise TypeError(f"{self.name}() was given the argument {name!r} twice")
            takes = ", ".join(self.__signature__.parameters)
            raise TypeError(f"{self.name}() has no argument {name!r}; it takes {takes}")
        return operands


ROUNDING = ("ceil", "floor", "trunc")
"""Functions for which some libraries hand out an array of integers as it is."""


def _of_integers_too(rounded: Callable[..., Any], adapter: Adapter) -> Callable[..., Any]:
    """A rounding function, with a copy of what it leaves as it is."""

    def function(x: Any) -> Any:
        found = rounded(x)
        return adapter.copy(x) if found is x else found

    return function


def _on_arrays(composed: Callable[..., Any], adapter: Adapter) -> Callable[..., Any]:
    """A composition on arrays alone: numbers among its operands become arrays for it."""

    def function(*operands: Any) -> Any:
        first = next((a for a in operands if type(a) in adapter.array_types), None)
        if first is None:
            return composed(*operands)
        weak = first.dtype if floating[adapter, first.dtype] else None
        device = adapter.device(first)
        return composed(*[
            a if type(a) in adapter.array_types else adapter.asarray(a, dtype=weak, device=device)
            for a in operands
        ])

    return function


def _ufunc_tail(
    out: Any = None, *, where: Any = True, dtype: Any = None, constant: bool | None = None
) -> None:
    """The parameters that every ufunc has after its operands."""


def ufunc(
    aliases: Sequence[str] = (), goes_first: bool = False, **rules: Rule | None
) -> Callable[[Callable[..., Any]], Elementwise]:
    """Declare an elementwise operation: a rule for each operand, None for no derivative."""
    return lambda forward: Elementwise(forward, rules, aliases=aliases, goes_first=goes_first)
