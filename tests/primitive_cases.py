"""The one table of cases for primitives: where each is differentiable, and how it is called.

`UFUNCS` names the elementwise ones, with the interval that each operand is drawn from, at most.
`CASES` names all others, with example calls. `test_primitives` fails for a primitive with
derivative rules that is in neither.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cases_fft
import cases_linalg
import cases_sorting
import numpy as np
from cases_walk import cases_of_pad, cases_walk
from numpy.typing import NDArray

__all__ = ["CASES", "ELSEWHERE", "UFUNCS", "Case", "distinct", "operands_of", "some"]

Array = NDArray[Any]
Domain = tuple[float, float]

FEWER = float(os.environ.get("MYGRAD_PROGRAMS", "1"))


def some(calls: Sequence[Any], on_jax: int = 0) -> list[Any]:
    """All calls of a table; where JAX compiles each of them, every n-th.

    That is where ``MYGRAD_PROGRAMS`` is less than 1: n is its inverse, or `on_jax`. The calls of
    primitives, `CASES`, all run inside of `jax.jit` in tests/arrays/test_jit_primitives.py.
    """
    if os.environ.get("MYGRAD_TEST_BACKEND") != "jax" or FEWER >= 1:
        return list(calls)
    return list(calls[:: on_jax or round(1 / FEWER)])

REAL = (-2.0, 2.0)
POSITIVE = (0.3, 2.5)
UNIT = (-0.9, 0.9)

UFUNCS: dict[str, tuple[Domain, ...]] = {
    "absolute": (REAL,),
    "add": (REAL, REAL),
    "arccos": (UNIT,),
    "arccosh": ((1.2, 3.0),),
    "arccot": (POSITIVE,),
    "arccoth": ((1.2, 3.0),),
    "arccsc": ((1.2, 3.0),),
    "arccsch": (POSITIVE,),
    "arcsec": ((1.2, 3.0),),
    "arcsech": ((0.25, 0.8),),
    "arcsin": (UNIT,),
    "arcsinh": (REAL,),
    "arctan": (REAL,),
    "arctan2": (POSITIVE, REAL),
    "arctanh": (UNIT,),
    "cbrt": (POSITIVE,),
    "copysign": (REAL, REAL),
    "cos": (REAL,),
    "cosh": (REAL,),
    "cot": ((0.4, 2.6),),
    "coth": (POSITIVE,),
    "csc": ((0.4, 2.6),),
    "csch": (POSITIVE,),
    "deg2rad": (REAL,),
    "degrees": (REAL,),
    "divide": (REAL, POSITIVE),
    "exp": (REAL,),
    "exp2": (REAL,),
    "expm1": (REAL,),
    "fabs": (REAL,),
    "float_power": (POSITIVE, REAL),
    "fmax": (REAL, REAL),
    "fmin": (REAL, REAL),
    "fmod": ((-5.9, -4.6), (2.02, 2.2)),
    "gelu": (REAL,),
    "hard_sigmoid": ((-4.0, 4.0),),
    "hard_tanh": (REAL,),
    "hypot": (POSITIVE, REAL),
    "log": (POSITIVE,),
    "log10": (POSITIVE,),
    "log1p": (POSITIVE,),
    "log2": (POSITIVE,),
    "logaddexp": (REAL, REAL),
    "logaddexp2": (REAL, REAL),
    "maximum": (REAL, REAL),
    "minimum": (REAL, REAL),
    "mish": (REAL,),
    "multiply": (REAL, REAL),
    "negative": (REAL,),
    "positive": (REAL,),
    "power": (POSITIVE, REAL),
    "rad2deg": (REAL,),
    "radians": (REAL,),
    "reciprocal": (POSITIVE,),
    "remainder": ((4.6, 5.9), (2.02, 2.2)),
    "relu": (REAL,),
    "sec": ((-1.2, 1.2),),
    "sech": (REAL,),
    "selu": (REAL,),
    "sigmoid": (REAL,),
    "silu": (REAL,),
    "sin": (REAL,),
    "sinc": (REAL,),
    "sinh": (REAL,),
    "soft_sign": (REAL,),
    "softplus": (REAL,),
    "sqrt": (POSITIVE,),
    "square": (REAL,),
    "strict_absolute": (REAL,),
    "subtract": (REAL, REAL),
    "tan": ((-1.2, 1.2),),
    "tanh": (REAL,),
}

ELSEWHERE = {
    "custom_operation": "test_custom_operations",
    "heaviside": "test_every_numpy_function",  # by its second operand alone, and only at 0
    "normalize_channels": "test_nnet_against_torch",
    "normalize_rows": "test_nnet_against_torch",
    "to": "test_backend_selection",
    **cases_fft.ELSEWHERE,
}
"""Primitives with rules whose tests need more than a table, and where these are."""


@dataclass(frozen=True)
class Case:
    """One example call of a primitive.

    Attributes
    ----------
    shapes
        Of the differentiable operands.
    params
        Keyword arguments.
    domain
        The interval that the values are drawn from; no two values are equal.
    leading
        Arguments without derivative that go before the operands.
    extra
        Positional arguments that follow the operands.
    """

    shapes: tuple[tuple[int, ...], ...]
    params: dict[str, Any] = field(default_factory=dict)
    domain: Domain = (-1.0, 1.5)
    leading: tuple[Any, ...] = ()
    extra: tuple[Any, ...] = ()

    def __str__(self) -> str:
        shapes = "-".join("x".join(map(str, shape)) or "0d" for shape in self.shapes)
        params = ",".join(f"{k}={np.shape(v) or v}" for k, v in self.params.items())
        extra = ",".join(str(e) for e in self.extra)
        return " ".join(filter(None, (shapes, extra, params)))


def distinct(
    shapes: tuple[tuple[int, ...], ...], domains: tuple[Domain, ...], seed: int = 0
) -> list[Array]:
    """Random values from the domains; all those drawn from one domain differ clearly."""
    rng = np.random.default_rng(seed)
    sizes = [int(np.prod(shape)) for shape in shapes]
    cells = max(48, *sizes)
    drawn = []
    for k, (shape, (low, high)) in enumerate(zip(shapes, domains, strict=True)):
        places = rng.permutation(cells)[: sizes[k]] + (k + 0.5) / len(shapes)
        drawn.append(np.asarray((low + (high - low) * places / cells).reshape(shape)))
    return drawn


def operands_of(case: Case, seed: int = 0) -> list[Array]:
    """Operands for a case."""
    return distinct(case.shapes, (case.domain,) * len(case.shapes), seed)


def on(*shapes: tuple[int, ...], **params: Any) -> Case:
    """A case with these operand shapes and keyword arguments."""
    return Case(shapes, params)


def over(*shapes: tuple[int, ...], domain: Domain, **params: Any) -> Case:
    """A case with another domain."""
    return Case(shapes, params, domain)


def then(*shapes: tuple[int, ...], extra: tuple[Any, ...]) -> Case:
    """A case with positional arguments after the operands."""
    return Case(shapes, extra=extra)


def reductions(domain: Domain = (-1.0, 1.5)) -> list[Case]:
    """All, one, several and negative axes, kept and dropped; 0-d."""
    return [
        over((2, 3), domain=domain),
        over((2, 3), axis=1, domain=domain),
        over((2, 3, 2), axis=(0, -1), domain=domain),
        over((3, 2), axis=-2, keepdims=True, domain=domain),
        over((2, 1), axis=(0, 1), keepdims=True, domain=domain),
        over((), domain=domain),
    ]


def spreads() -> list[Case]:
    """Reductions that lose degrees of freedom."""
    return [
        on((5,)),
        on((2, 3), axis=1),
        on((2, 3, 2), axis=(0, -1)),
        on((3, 2), axis=0, keepdims=True, ddof=1),
    ]


def accumulations() -> list[Case]:
    return [on((4,)), on((2, 3), axis=1), on((2, 3), axis=-2), on((2, 3)), on((1,), axis=0)]


POOLED = np.array([[9.0, 1, 2, 9, 9, 3], [4, 9, 9, 5, 6, 9]])
LABELS = np.array([0, 2, 1])
PLACES = np.array([[0, 2], [1, 1]])
MASK = np.array([[True, False, True], [False, False, True]])

CASES: dict[str, list[Case]] = {
    # reductions
    "sum": reductions(),
    "mean": reductions(),
    "prod": [*reductions((0.4, 1.6)), over((2, 3), axis=1, domain=(-1.5, 1.5))],
    "max": reductions(),
    "min": reductions(),
    "var": spreads(),
    "std": spreads(),
    "cumsum": accumulations(),
    "cumprod": accumulations(),
    "cumulative_sum": [on((4,)), on((2, 3), axis=1)],
    "cumulative_prod": [on((4,)), on((2, 3), axis=1)],
    "logsumexp": reductions(),
    # linear algebra
    "matmul": [
        on((3,), (3,)),
        on((2, 3), (3,)),
        on((3,), (3, 2)),
        on((2, 3), (3, 2)),
        on((2, 1, 2, 3), (2, 3, 1)),
        on((3,), (2, 3, 2)),
        on((2, 2, 3), (3,)),
    ],
    "dot": [on((3,), (3,)), on((2, 3), (3, 2)), on((2, 3), (3,))],
    "vecdot": [on((3,), (3,)), on((2, 3), (3,)), on((2, 3), (2, 3), axis=-1)],
    "tensordot": [on((2, 3), (3, 2), axes=1), on((2, 3, 2), (3, 2, 2), axes=((1, 2), (0, 1)))],
    "outer": [on((2,), (3,))],
    "norm": [on((4,)), on((2, 3), axis=1), on((2, 3), axis=0, keepdims=True), on((3,), ord=3)],
    "vector_norm": [on((4,)), on((2, 3), axis=1), on((3,), ord=3)],
    "trace": [on((3, 3))],
    # shapes
    "reshape": [then((2, 3), extra=((3, 2),)), then((2, 3), extra=(-1,))],
    "permute_dims": [then((2, 3, 1), extra=((2, 0, 1),))],
    "transpose": [on((2, 3)), then((2, 3, 1), extra=((2, 0, 1),))],
    "matrix_transpose": [on((2, 3)), on((2, 3, 2))],
    "moveaxis": [then((2, 3, 1), extra=(0, -1)), then((2, 3, 1), extra=((0, 1), (2, 0)))],
    "swapaxes": [then((2, 3, 1), extra=(0, -1))],
    "squeeze": [on((2, 1, 3), axis=1), on((2, 1, 3, 1), axis=(1, 3))],
    "expand_dims": [on((2, 3), axis=1), on((2, 3), axis=-1), on((), axis=0)],
    "ravel": [on((2, 3)), on(())],
    "flip": [on((2, 3)), on((2, 3), axis=1)],
    "roll": [then((2, 3), extra=(2,)), on((2, 3), shift=1, axis=1), on((4,), shift=-1)],
    "repeat": [then((2, 3), extra=(2,)), on((2, 3), repeats=3, axis=1), on((2,), repeats=[2, 1])],
    "tile": [then((2, 3), extra=(2,)), then((2, 3), extra=((2, 1, 2),))],
    "broadcast_to": [then((3,), extra=((2, 3),)), then((2, 1), extra=((4, 2, 3),))],
    "atleast_1d": [on(()), on((2,))],
    "atleast_2d": [on(()), on((2,))],
    "atleast_3d": [on(()), on((2,))],
    "pad": [then((2, 3), extra=(1,)), then((2, 3), extra=(((1, 0), (0, 2)),))],
    "diagonal": [on((3, 3)), on((2, 3), offset=1)],
    "diag": [on((3,)), on((3, 3))],
    "tril": [on((3, 3)), on((2, 3), k=1)],
    "triu": [on((3, 3)), on((2, 3), k=-1)],
    # copying
    "copy": [on((2, 3)), on(())],
    "conj": [on((2, 3))],
    "real": [on((2, 3))],
    "imag": [on((2, 3))],
    "flatten": [on((2, 3)), on(())],
    "astype": [then((2, 3), extra=("float64",))],
    # joining
    "concat": [on((2,), (3,)), on((2, 3), (1, 3)), on((2, 1), (2, 2), axis=1)],
    "concatenate": [on((2,), (3,)), on((2, 3), (1, 3)), on((2, 1), (2, 2), axis=1)],
    "stack": [on((2, 3), (2, 3)), on((2, 3), (2, 3), axis=-1), on((), ())],
    # choosing
    "where": [
        Case(((2, 3), (2, 3)), leading=(MASK,)),
        Case(((3,), (2, 1)), leading=(MASK,)),
        Case(((), (2, 3)), leading=(MASK,)),
    ],
    "clip": [
        then((2, 3), extra=(-0.48, 0.72)),
        then((2, 3), extra=(None, 0.2)),
        on((2, 3), min=-0.22),
    ],
    "_clip": [on((2, 3), (3,), (2, 1)), on((4,), (4,), ())],
    "take": [then((4,), extra=(np.array([0, 2, 2]),)), on((2, 3), indices=[1, 0, 1], axis=1),
             on((2, 3), indices=[1, -5], axis=1, mode="wrap")],
    "take_along_axis": [then((2, 3), extra=(PLACES, 1))],
    "untake": [then((3,), extra=(np.array([0, 2, 2]), 0, (4,)))],
    "untake_along_axis": [then((2, 2), extra=(PLACES, 1, (2, 3)))],
    # neural networks
    "leaky_relu": [on((2, 3), slope=0.1)],
    "elu": [on((2, 3), alpha=0.7)],
    "softmax": [on((3,)), on((2, 3)), on((2, 3), axis=0)],
    "logsoftmax": [on((3,)), on((2, 3)), on((2, 3), axis=0)],
    "glu": [on((2, 4)), on((4, 3), axis=0)],
    "softmax_crossentropy": [then((3, 4), extra=(LABELS,))],
    "negative_log_likelihood": [then((3, 4), extra=(LABELS,))],
    "multiclass_hinge": [then((3, 4), extra=(LABELS,))],
    "ctc_step": [
        then((2, 3), (2, 3), extra=(MASK, np.array([[True], [False]]))),
        then((1, 1), (1, 1), extra=(np.array([[False]]), np.array([[True]]))),
    ],
    "entropy_beyond": [over((2, 3), (2, 3), domain=POSITIVE), over((2, 1), (3,), domain=POSITIVE)],
    "huber_curve": [on((2, 3), delta=0.61), on((), delta=2.0)],
    "logit_crossentropy": [on((2, 3), (2, 3), ()), on((2, 3), (3,), (2, 1))],
    "normal_cdf": [over((2, 3), domain=REAL), over((), domain=REAL)],
    "row_crossentropy": [then((3, 4), extra=(LABELS,))],
    "at_labels": [then((3, 4), extra=(LABELS,))],
    "focus": [over((2, 3), domain=POSITIVE, gamma=1.5), over((3,), domain=POSITIVE, gamma=1.0)],
    "label_hinge": [then((3, 4), (), extra=(LABELS,))],
    "put_at_labels": [then((3,), extra=(LABELS, 4))],
    "conv_nd": [
        on((2, 2, 5), (3, 2, 2), stride=1),
        on((1, 2, 6), (1, 2, 2), stride=2, padding=1, dilation=3),
        on((1, 2, 4, 5), (2, 2, 2, 3), stride=(2, 1), padding=(0, 1)),
        on((1, 1, 3, 3, 3), (1, 1, 2, 2, 2), stride=1),
    ],
    "avg_pool": [
        on((2, 6), pool=(2,)),
        on((5, 5), pool=(3, 2), stride=(2, 3), padding=(1, 0), count_include_pad=False),
        on((20,), pool=(20,)),
    ],
    "avg_unpool": [then((2, 3), extra=((2, 6), (2,), 2, 0, True))],
    "means_of_parts": [then((2, 5), extra=((3,),)), then((3, 4), extra=((2, 4),))],
    "mean_spread": [then((2, 3), extra=((2, 5), (3,)))],
    "dropped": [then((2, 3), extra=(MASK, 2.0))],
    "table_rows": [then((3, 2), extra=(np.array([[0, 2], [2, 1]]), None))],
    "max_pool": [on((2, 6), pool=(2,), stride=2), on((2, 5, 5), pool=(3, 2), stride=(2, 3))],
    "sliding_window_view": [
        on((6,), window_shape=(3,), step=1),
        on((2, 5, 4), window_shape=(3, 2), step=(2, 1)),
        on((7,), window_shape=(2,), step=2, dilation=3),
    ],
    "conv_input_gradient": [
        then((2, 3, 4), (3, 2, 2), extra=((2, 2, 5), 1, 0, 1)),
        then((1, 2, 2, 5), (2, 2, 2, 3), extra=((1, 2, 4, 5), (2, 1), (0, 1), 1)),
    ],
    "conv_filter_gradient": [
        then((2, 2, 5), (2, 3, 4), extra=((3, 2, 2), 1, 0, 1)),
        then((1, 2, 4, 5), (1, 2, 2, 5), extra=((2, 2, 2, 3), (2, 1), (0, 1), 1)),
    ],
    "max_unpool": [then((2, 3), extra=(POOLED, POOLED[:, ::2] * 0 + 9, (2,), 2))],
    "max_picked": [then((2, 6), extra=(POOLED, POOLED[:, ::2] * 0 + 9, (2,), 2))],
    "sliding_windows": [then((2, 5, 4), extra=((3, 2), (2, 1), None))],
    "fold_windows": [then((2, 3, 2, 3, 2), extra=((2, 5, 4), (3, 2), (2, 1), None))],
    "sum_of_products": [then((2, 3), (3, 2), extra=("ij,jk->ik",)), on((3,), subscripts="i->")],
    "take_diagonals": [then((3, 3), extra=("ii", "i")), then((2, 3, 2), extra=("iji", "ji"))],
    "gru_states": [on((2, 2, 1), *[(1, 2), (2, 2), (2,)] * 3, (2, 2))],
    "length": [on((4,)), on((2, 3), axis=1)],
    "p_norm": [
        on((4,), ord=3), on((2, 3), ord=0.5, axis=1), on((2, 3), ord=-1, axis=0, keepdims=True),
        on((4,), ord=1),
    ],
    "batchnorm": [on((4, 3)), on((3, 2, 2))],
    "group_norm": [on((2, 4), num_groups=2), on((1, 3, 2), num_groups=3)],
    "layer_norm": [on((4, 3)), on((3, 2, 2), axis=(0, 2))],
}
CASES |= cases_linalg.cases(on, then)
ELSEWHERE |= cases_linalg.ELSEWHERE
CASES |= cases_fft.cases(on, then)

CASES |= cases_sorting.cases()
CASES.update(cases_walk(Case))
CASES["pad"] += cases_of_pad(Case)
