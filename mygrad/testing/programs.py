"""Programs that every adapter has to differentiate as NumPy's does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mygrad.autodiff.primitive import registry
from mygrad.nnet.activations import relu
from mygrad.nnet.layers import batchnorm, conv_nd, max_pool, sliding_window_view
from mygrad.nnet.losses import softmax_crossentropy
from mygrad.tensors.base import Tensor
from mygrad.tensors.switches import backend
from mygrad.testing.bench import Bench, check

__all__ = ["PROGRAMS", "Program"]

Program = Callable[..., Any]
SMALL = 0.25 + np.arange(12.0).reshape(3, 4) / 16
OTHER = np.cos(SMALL)

PROGRAMS: dict[str, tuple[Program, Sequence[Any], int, bool]] = {}
"""By name: the program, the values of its arguments, up to which order it is differentiated, and
whether it needs slices that run backwards."""


def program(
    *values: Any, order: int = 1, backwards: bool = False
) -> Callable[[Program], Program]:
    """Add a program to `PROGRAMS`, under the first line of its docstring."""

    def note(function: Program) -> Program:
        name = (function.__doc__ or function.__name__).partition("\n")[0].rstrip(".").lower()
        PROGRAMS[name] = function, values, order, backwards
        return function

    return note


def call(name: str, *args: Any, **options: Any) -> Any:
    """A primitive, by its name."""
    return registry[name](*args, **options)


# --- without writes -------------------------------------------------------------------------------
@program(SMALL, OTHER, order=2)
def elementwise(x: Any, y: Any) -> Any:
    """Elementwise functions."""
    return call("exp", x) * call("sin", y) / (1 + x * x) - call("maximum", x, y)


@program(SMALL, OTHER[0], np.array(2.0), order=2)
def broadcasting(x: Any, y: Any, z: Any) -> Any:
    """Broadcasting."""
    return (x * y + z) ** 2 * z


@program(SMALL, order=2)
def many_uses(x: Any) -> Any:
    """Many uses of one operand."""
    total = x * 1.0
    for k in range(5):
        total = total * x + k * x
    return total + x


@program(SMALL, OTHER, order=2)
def reductions(x: Any, y: Any) -> Any:
    """Sums, means and maxima."""
    return call("sum", x * y, axis=0) * call("mean", y) + call("max", x) * call("var", y)


@program(SMALL, order=2)
def product(x: Any) -> Any:
    """Products of all elements."""
    return call("prod", x, axis=0) * call("prod", x)


@program(SMALL, OTHER.T, order=2)
def products(x: Any, y: Any) -> Any:
    """Products of matrices."""
    return call("exp", call("matmul", x, y))


# --- views and writes -----------------------------------------------------------------------------
@program(SMALL, order=2)
def shapes(x: Any) -> Any:
    """Transposes and reshapes."""
    return call("reshape", x.T, (2, 6)) ** 2 * call("reshape", x, (2, 6))


@program(SMALL, order=2)
def slices(x: Any) -> Any:
    """Slices that overlap."""
    return x[1:, ::2] * x[:-1, 1::2] + x[1, 1:][::2] ** 2 + x[0, 1] * x[2, 3]


@program(SMALL, order=2, backwards=True)
def backward_slices(x: Any) -> Any:
    """Slices that run backwards."""
    z = x * 1.0
    z[::-1, 1] *= x[:, ::-1][:, 0]
    return z[1, ::-1][::2] ** 2 * x[::-2, :2]


@program(SMALL, OTHER, order=2)
def writes_through_views(x: Any, y: Any) -> Any:
    """Writes through views."""
    z = x * 1.0
    row, column = z[1], z[:, 2]
    row *= y[0]
    column[...] = y[:, 1] * z[:, 0]
    z[0] += z[1]
    return z**2


@program(SMALL[0], order=2)
def overlapping_update(x: Any) -> Any:
    """Updates from where they write to."""
    z = x * 1.0
    z[1:] += z[:-1] * z[1:]
    z[:2] *= z[2:]
    return z * z


@program(SMALL, OTHER, order=2)
def masks(x: Any, y: Any) -> Any:
    """Masks."""
    z = x * 1.0
    z[z > 0.5] = 0.0
    return call("where", y > 0.7, z * y, x) + call("sum", x[x < 0.4])


@program(SMALL, order=2)
def gathers(x: Any) -> Any:
    """Reads at repeated positions."""
    row = x[1]
    return row[[2, 0, 2]] ** 2 * x[[0, 1, 0], [1, 1, 1]]


@program(SMALL[0], OTHER[0, :3], order=2)
def scatters(x: Any, y: Any) -> Any:
    """Writes at repeated positions, the last of which stay."""
    z = x * 1.0
    z[[2, 0, 2]] = y * x[:3]
    return z**2


@program(SMALL[0])
def windows(x: Any) -> Any:
    """Windows whose elements share memory."""
    spread = call("broadcast_to", x, (3, 4))
    return call("sum", sliding_window_view(x, (2,), 1) ** 2) + call("sum", spread[1:] * spread[:-1])


# --- networks -------------------------------------------------------------------------------------
IMAGES = np.sin(np.arange(2 * 2 * 6 * 6.0)).reshape(2, 2, 6, 6)
FILTERS = np.cos(np.arange(3 * 2 * 3 * 3.0)).reshape(3, 2, 3, 3)


@program(IMAGES, FILTERS, np.ones(3), np.zeros(3), order=2)
def network(images: Any, filters: Any, gamma: Any, beta: Any) -> Any:
    """A convolutional network and its loss."""
    features = conv_nd(images, filters, stride=1, padding=1)
    features = relu(batchnorm(features, gamma=gamma, beta=beta, eps=1e-3))
    pooled = call("reshape", max_pool(features, (3, 3), 3), (2, 12))
    return softmax_crossentropy(pooled, np.array([3, 7]))


def derivatives(function: Program, values: Sequence[Any], order: int, name: str) -> list[Any]:
    """The result of a program and its gradients, on the host; second ones along a line."""
    with backend(name):
        leaves = [Tensor(np.asarray(a, "float64")) for a in values]
        found = []
        result = function(*leaves)
        found.append(result)
        result.backward(create_graph=order > 1)
        found += [t.grad for t in leaves]
        if order > 1:
            total: Any = 0.0
            for t in leaves:
                if t.grad is not None:
                    total = total + call("sum", t.grad * t * t)
                t.null_grad()
            total.backward()
            found += [t.grad for t in leaves]
    return [None if a is None else Tensor(a, constant=True, backend="numpy").data for a in found]


def runs_as_on_numpy(name: str) -> Callable[[Bench], None]:
    """A check that a program has the same result and derivatives as on NumPy."""
    function, values, order, backwards = PROGRAMS[name]

    def run(bench: Bench) -> None:
        if backwards:
            bench.need_negative_steps()
        want = derivatives(function, values, order, "numpy")
        got = derivatives(function, values, order, bench.adapter.name)
        count = len(values)
        names = ["the result", *(f"the gradient by argument {k}" for k in range(count))]
        names += [f"the second derivative by argument {k}" for k in range(count)]
        for what, a, b in zip(names, got, want, strict=False):
            if (a is None) != (b is None):
                raise AssertionError(f"{what} is {a}, and on NumPy {b}")
            if a is not None:
                same(np.asarray(a), np.asarray(b), what)

    return run


def same(got: Any, want: Any, what: str) -> None:
    """Raise unless two arrays agree up to rounding; say how many entries do not, and the worst."""
    if got.shape != want.shape or got.dtype != want.dtype:
        raise AssertionError(
            f"{what} is {got.dtype}{list(got.shape)}, and on NumPy {want.dtype}{list(want.shape)}"
        )
    wrong = ~np.isclose(got, want, 1e-9, 1e-11, equal_nan=True)
    if wrong.any():
        worst = np.unravel_index(np.argmax(np.where(wrong, abs(got - want), -1.0)), got.shape)
        raise AssertionError(
            f"{what} differs in {wrong.sum()} of {wrong.size} entries: at "
            f"{[int(k) for k in worst]} it is {got[worst]:.9g}, and on NumPy {want[worst]:.9g}"
        )


for _name in PROGRAMS:
    check("programs", _name)(runs_as_on_numpy(_name))
