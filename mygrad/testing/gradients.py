"""Comparing derivatives with finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mygrad.arrays import adapter_of, get_adapter
from mygrad.autodiff.nodes import buffer_of
from mygrad.autodiff.primitive import registry
from mygrad.tensors.base import Tensor
from mygrad.tensors.switches import backend, on_detach
from mygrad.testing.arguments import Arguments, outputs_of
from mygrad.testing.closeness import on_host
from mygrad.testing.differences import Differences
from mygrad.testing.modes import compare_batches, compare_tangents
from mygrad.testing.report import Entry, Mismatch
from mygrad.transforms.devices import Beside

__all__ = ["check_grads"]

Array = NDArray[Any]
MODES = ("vjp", "jvp", "vmap")
TOLERANCES = {2: (5e-2, 5e-2), 4: (2e-3, 2e-4), 8: (1e-6, 1e-7)}
"""By the size of a real number in bytes: rtol and atol of first derivatives."""
ORDINALS = {1: "gradient", 2: "second derivative", 3: "third derivative"}


def check_grads(
    f: Callable[..., Any],
    *args: Any,
    order: int = 1,
    modes: Sequence[str] | str = "vjp",
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    reference: Callable[..., Any] | None = None,
    seed: int = 0,
    max_entries: int | None = None,
) -> None:
    """Compare the derivatives of a function with central differences; raise where they differ.

    Parameters
    ----------
    f
        The function, of tensors. It returns a tensor of any shape, or a list, tuple or dictionary
        of tensors. It may write to its arguments in place. It is called many times, each time
        with new tensors.
    *args
        Its arguments: tensors, arrays of any library, and nested lists, tuples and dictionaries of
        them. It is differentiated by variables and by floating-point arrays. Constants,
        integers, Python numbers and everything else reach `f` as they are.
    order
        Up to which derivative: 2 also checks second derivatives (along a random direction, against
        differences of mygrad's first derivatives), and so on.
    modes
        How derivatives are computed, one of these or several: ``"vjp"``, by ``backward()``;
        ``"jvp"``, by `mygrad.jvp` along random directions; ``"vmap"``: whether `mygrad.vmap` of
        the function, and of its derivatives, is what a loop over examples gives.
    eps
        The step of the differences, 1e-3 by default; for arguments larger than 1 it grows with
        them.
    atol, rtol
        What is tolerated: ``atol + rtol * abs(expected)``, and what rounding does to differences.
        By default ``rtol=1e-6, atol=1e-7`` in float64; more for smaller dtypes, and ten times as
        much for each higher order.
    reference
        A function of NumPy arrays to take differences of in place of `f`.
    seed
        Of the random adjoints of results, and of directions.
    max_entries
        Check only so many entries of each argument, chosen at random.

    Raises
    ------
    AssertionError
        A derivative is wrong. The report has, by argument, the worst entries, the share of entries
        that are wrong, and what the reason may be.
    ValueError
        There is nothing to differentiate by, or no such mode.
    TypeError
        `f` returns something that is no tensor.

    Notes
    -----
    Differences are taken in double precision, whatever the dtypes of the arguments: on NumPy if all
    arguments are on the host, else where the arguments are. The gradient by a complex number
    a + ib is ∂L/∂a - i ∂L/∂b.

    Examples
    --------
    >>> import numpy as np, mygrad as mg
    >>> from mygrad.testing import check_grads
    >>> check_grads(lambda x, y: mg.sin(x) * y, np.ones((2, 1)), np.ones(3), order=2)

    A gradient that does not arrive:

    >>> def f(x):
    ...     return x * x.data
    >>> check_grads(f, mg.tensor([1.0, 2.0]))
    Traceback (most recent call last):
      ...
    AssertionError: check_grads: the gradient of f is not what differences say
    by x: 2 of 2 entries (100%) differ
               got  expected  error  tolerated
        x[1]     1         2      1      2e-06
        x[0]  0.75       1.5   0.75      2e-06
      - it is 0.5 times what is expected, throughout
    """
    wanted = (modes,) if isinstance(modes, str) else tuple(modes)
    for mode in wanted:
        if mode not in MODES:
            raise ValueError(
                f"check_grads: there is no mode {mode!r}; there are {', '.join(map(repr, MODES))}"
            )
    if order < 1 or not wanted:
        raise ValueError(f"check_grads checks derivatives of order 1, 2, ..., and not {order!r}")
    arguments = Arguments(f, args)
    if not arguments.variables:
        raise ValueError(
            "check_grads was given nothing to differentiate by: pass tensors that are variables, "
            "or arrays of floating-point numbers (Python numbers are handed on as they are)"
        )
    check = Check(f, arguments, reference, seed, eps, max_entries)
    size = min(v.values.real.dtype.itemsize for v in arguments.variables)
    usual_rtol, usual_atol = TOLERANCES[min(size, 8)]
    for n in range(1, order + 1):
        more = 10.0 ** (n - 1)
        tolerances = (
            usual_rtol * more if rtol is None else rtol,
            usual_atol * more if atol is None else atol,
        )
        if "vjp" in wanted:
            check.compare(n, *tolerances)
        if "jvp" in wanted:
            compare_tangents(check, n, *tolerances, like)
        if "vmap" in wanted:
            with Beside([v.tensor() for v in check.variables]):
                compare_batches(check, n, *tolerances, like)


class Check:
    """The derivatives of one function at one point, by mygrad and by differences."""

    def __init__(
        self,
        f: Callable[..., Any],
        arguments: Arguments,
        reference: Callable[..., Any] | None,
        seed: int,
        eps: float | None,
        max_entries: int | None,
    ) -> None:
        self.f, self.arguments, self.reference = f, arguments, reference
        self.variables = arguments.variables
        self.eps, self.max_entries = eps, max_entries
        self.rng = np.random.default_rng(seed)
        self.directions = [self.numbers(v.values.shape, v.values.dtype) for v in self.variables]
        self.adjoints: dict[int, list[Array | None]] = {}  # by order, one for each result
        self.writes = self.probed()

    def numbers(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Random numbers that every floating-point dtype has exactly, none close to zero."""
        parts = [self.rng.integers(4, 13, shape) / 8 for _ in range(2)]
        if np.dtype(dtype).kind == "c":
            return np.asarray(parts[0] + 1j * parts[1])
        return np.asarray(parts[0])

    # --- the function and its derivatives ---------------------------------------------------------
    def probed(self) -> bool:
        """Whether `f` writes to its arguments."""
        leaves = [v.tensor() for v in self.variables]
        before = [buffer_of(t).version for t in leaves]
        self.f(*self.arguments.filled(leaves, copied))
        return any(buffer_of(t).version is not v for t, v in zip(leaves, before, strict=True))

    def called(self, leaves: Sequence[Tensor]) -> list[Any]:
        """What `f` returns for these variables, which stay as they are."""
        given = [t.copy() for t in leaves] if self.writes else leaves
        return outputs_of(self.f(*self.arguments.filled(given, copied)))

    def results(self, leaves: Sequence[Tensor], order: int) -> list[Any]:
        """What is differentiated for this order: what `f` returns, or derivatives along a line."""
        if order == 1:
            return self.called(leaves)
        self.pull(self.results(leaves, order - 1), order - 1, create_graph=True)
        total: Any = 0.0
        for t, direction in zip(leaves, self.directions, strict=True):
            if isinstance(t.grad, Tensor):
                product = (t.grad * like(direction, t)).sum()
                total = total + (registry["real"](product) if is_complex(product) else product)
            t.null_grad()
        return [total]

    def pull(self, results: Sequence[Any], order: int, create_graph: bool = False) -> None:
        """Differentiate what `f` returned, weighted by the adjoints."""
        weighted = [
            (result, adjoint)
            for result, adjoint in zip(results, self.adjoints_of(results, order), strict=True)
            if adjoint is not None and isinstance(result, Tensor) and not result.constant
        ]
        if len(weighted) == 1:
            result, adjoint = weighted[0]
            result.backward(like(adjoint, result), create_graph=create_graph)
        elif weighted:
            total: Any = 0.0
            for result, adjoint in weighted:
                total = total + (result * like(adjoint, result)).sum()
            total.backward(create_graph=create_graph)

    def adjoints_of(self, results: Sequence[Any], order: int) -> list[Array | None]:
        """The adjoints of results: random numbers, the same ones each time; None for integers."""
        if order not in self.adjoints:
            found: list[Array | None] = []
            for result in results:
                values = on_host(result)
                kind = values.dtype.kind
                found.append(self.numbers(values.shape, values.dtype) if kind in "fc" else None)
            self.adjoints[order] = found
        return self.adjoints[order]

    # --- by mygrad --------------------------------------------------------------------------------
    def gradients(self, order: int) -> list[Array]:
        """The gradients, with zeros where there is none."""
        leaves = [v.tensor() for v in self.variables]
        results = self.results(leaves, order)
        for t in leaves:
            t.null_grad()
        self.pull(results, order)
        found = []
        for v, t in zip(self.variables, leaves, strict=True):
            grad = np.zeros_like(v.values) if t.grad is None else on_host(t.grad)
            if (grad.shape, grad.dtype) != (v.values.shape, v.values.dtype):
                raise AssertionError(
                    f"check_grads: the {ordinal(order)} of {name_of(self.f)} by {v.path} is "
                    f"{grad.dtype}{list(grad.shape)}, and {v.path} is "
                    f"{v.values.dtype}{list(v.values.shape)}"
                )
            found.append(grad)
        return found

    # --- by differences ---------------------------------------------------------------------------
    def values(self, order: int, point: Sequence[Array]) -> Array:
        """The results at a point in double precision, weighted by the adjoints, in a row."""
        on_this_host = not self.arguments.libraries - {"numpy"}
        with (
            backend("numpy") if on_this_host else nullcontext(),
            on_detach("ignore"),
            np.errstate(all="ignore"),
        ):
            if self.reference is not None and order == 1:
                given = self.arguments.filled([a.copy() for a in point], precise_array)
                results = outputs_of(self.reference(*given))
            else:
                results = self.results(self.precise(point), order)
            rows = [
                np.real(on_host(result) * adjoint).ravel().astype(np.float64)
                for result, adjoint in zip(results, self.adjoints_of(results, order), strict=True)
                if adjoint is not None
            ]
        return np.concatenate(rows) if rows else np.zeros(0)

    def precise(self, point: Sequence[Array]) -> list[Tensor]:
        return [
            Tensor(a, constant=False, backend=v.home[0], device=v.home[1])
            for v, a in zip(self.variables, point, strict=True)
        ]

    # --- the comparison ---------------------------------------------------------------------------
    def compare(self, order: int, rtol: float, atol: float) -> None:
        """Raise, with a report, if derivatives of this order differ."""
        differences = Differences(
            lambda point: self.values(order, point), [v.precise for v in self.variables], self.eps
        )
        gradients = self.gradients(order)
        found: list[Mismatch] = []
        for k, (v, gradient) in enumerate(zip(self.variables, gradients, strict=True)):
            entries = []
            for place in self.places(v.values.shape):
                want, noise = differences.derivative(k, place)
                tolerance = atol + rtol * abs(want) + 10 * noise
                entries.append(Entry(place, gradient[place].item(), want, tolerance))
            found.append(Mismatch(v.path, entries, []))
        if not any(mismatch.wrong for mismatch in found):
            return
        doubts = self.doubts(differences, gradients)
        for k, mismatch in enumerate(found):
            if mismatch.wrong and not doubts:
                mismatch.remarks += self.remarks(differences, k, mismatch.wrong[0])
        lines = [
            f"check_grads: the {ordinal(order)} of {name_of(self.f)} is not what differences say",
            *(str(mismatch) for mismatch in found if mismatch.wrong),
            *(f"  - {doubt}" for doubt in doubts),
        ]
        raise AssertionError("\n".join(lines))

    def places(self, shape: tuple[int, ...]) -> list[tuple[int, ...]]:
        """The entries to check."""
        places = list(np.ndindex(shape))
        if self.max_entries is not None and len(places) > self.max_entries:
            chosen = self.rng.choice(len(places), self.max_entries, replace=False)
            places = [places[k] for k in sorted(chosen)]
        return places

    def remarks(self, differences: Differences, k: int, worst: Entry) -> list[str]:
        """What is special about the point where the worst entry is."""
        if not np.isfinite(worst.want):
            return [
                f"differences leave the domain of f: at a distance of "
                f"{2 * differences.step_at(k, worst.place):.2g} it is nan or infinite; choose "
                f"another point, or a smaller eps="
            ]
        kink = differences.has_kink(k, worst.place)
        if kink is not None:
            return [
                f"f has a kink or a jump there: its slope is {kink[0]:.6g} on one side and "
                f"{kink[1]:.6g} on the other; choose another point"
            ]
        closer = Differences(differences.values, differences.point, differences.step / 8)
        other, noise = closer.derivative(k, worst.place)
        if abs(other - worst.want) > worst.tolerance + 10 * noise:
            return [
                f"the differences themselves depend on the step: {other:.6g} with "
                f"eps={closer.step:.2g}; f has a kink nearby, or bends fast"
            ]
        return []

    def doubts(self, differences: Differences, gradients: Sequence[Array]) -> list[str]:
        """What may be wrong with the function as a whole."""
        first, second = (differences.values(differences.point) for _ in range(2))
        if not np.array_equal(first, second, equal_nan=True):
            return [
                "f is not deterministic: called twice with the same arguments it returns different "
                "values; seed its random numbers, and keep nothing between calls"
            ]
        if any(gradient.any() for gradient in gradients):
            return []
        results = self.results([v.tensor() for v in self.variables], 1)
        if not any(isinstance(result, Tensor) for result in results):
            return ["f returns no tensor: it turns its arguments into plain data on the way"]
        if all(not isinstance(result, Tensor) or result.constant for result in results):
            return ["f returns a constant: its result does not depend on variables"]
        return []


def copied(value: Any) -> Any:
    """A constant for one call, which the function may write to."""
    if isinstance(value, Tensor):
        return Tensor(value, constant=True, backend=value.backend)
    adapter = adapter_of(value)
    assert adapter is not None
    return adapter.copy(value)


def precise_array(value: Any) -> Array:
    """A constant as a NumPy array, in double precision if it has a fraction."""
    values = on_host(value)
    wide = {"f": np.float64, "c": np.complex128}.get(values.dtype.kind, values.dtype)
    return values.astype(wide)


def like(values: Array, t: Tensor) -> Tensor:
    """A constant with these values, of the dtype and on the device of a tensor."""
    adapter = adapter_of(t._data)
    assert adapter is not None
    host = get_adapter("numpy").asarray(np.asarray(values))
    if not is_complex(t):
        host = host.real
    array = adapter.xp.astype(adapter.from_host(host, adapter.device(t._data)), t.dtype)
    return Tensor(array, constant=True, backend=adapter.name)


def is_complex(t: Tensor) -> bool:
    adapter = adapter_of(t._data)
    assert adapter is not None
    return bool(adapter.xp.isdtype(t.dtype, "complex floating"))


def ordinal(order: int) -> str:
    return ORDINALS.get(order, f"derivative of order {order}")


def name_of(f: Any) -> str:
    name = getattr(f, "__name__", None) or type(f).__name__
    return "f" if name == "<lambda>" else str(name)
