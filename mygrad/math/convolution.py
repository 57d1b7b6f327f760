r"""Convolution and correlation of two vectors.

A convolution is linear in each of its operands, and its adjoint by one of them is the correlation
of the adjoint with the other one: with the vectors reversed, a convolution again.
"""

from __future__ import annotations

from typing import Any

from mygrad.arrays.portable import device_of
from mygrad.autodiff.operands import device_beside
from mygrad.autodiff.primitive import primitive
from mygrad.math.dtypes import is_complex

__all__ = ["convolve", "correlate"]

MODES = ("valid", "same", "full")


def _mode(mode: Any, name: str) -> str:
    """The mode by its name; NumPy also takes numbers, and letters that names begin with."""
    if isinstance(mode, int) and mode in (0, 1, 2):
        return MODES[mode]
    for known in MODES:
        if isinstance(mode, str) and mode and known.startswith(mode.lower()):
            return known
    raise ValueError(f"{name}: mode= is 'full', 'same' or 'valid', and not {mode!r}")


def _range(n: int, m: int, mode: str, reverses: bool = False) -> tuple[int, int]:
    """Where in the full convolution of vectors of these lengths a mode begins and ends.

    `reverses` is for correlations of a shorter vector with a longer one: NumPy exchanges them,
    and reverses what comes out, so that the middle of "same" is rounded to the other side.
    """
    short, long = min(n, m), max(n, m)
    if mode == "full":
        return 0, n + m - 1
    if mode == "valid":
        return short - 1, long
    start = short // 2 if reverses and n < m else (short - 1) // 2
    return start, start + long


def _length(shape: tuple[int, ...]) -> int:
    return shape[0] if shape else 1


def _vector(x: Any, beside: Any, xp: Any) -> Any:
    """An operand, which may be a number, as a vector where the other operand is."""
    if hasattr(x, "shape"):
        return xp.reshape(x, (-1,))
    return xp.adapter.asarray([x], device=device_beside((beside,), xp.adapter))


def _adjoint(g: Any, other: Any, shape: Any, ends: tuple[int, int], count: int, xp: Any) -> Any:
    """The adjoint of one operand of a convolution; `count` is the length of the full one."""
    start, stop = ends
    if stop - start < count:
        g = xp.pad(g, [(start, count - stop)])
    return xp.reshape(xp.convolve(g, xp.flip(other, axis=0), "valid"), tuple(shape))


def _convolution_rule(g: Any, other: Any, shape: Any, mode: Any, xp: Any) -> Any:
    other = _vector(other, g, xp)
    n, m = _length(shape), other.shape[0]
    return _adjoint(g, other, shape, _range(n, m, _mode(mode, "convolve")), n + m - 1, xp)


def _direct(a: Any, v: Any, ends: tuple[int, int], xp: Any) -> Any:
    """A convolution, for libraries that have none: the shorter vector is a row of weights."""
    library = xp.adapter.xp
    if a.shape[0] < v.shape[0]:
        a, v = v, a
    n, m = a.shape[0], v.shape[0]
    dtype = library.result_type(a.dtype, v.dtype)
    zeros = library.zeros(m - 1, dtype=dtype, device=device_of(a))
    padded = library.concat([zeros, library.astype(a, dtype), zeros])
    out = library.zeros(n + m - 1, dtype=dtype, device=device_of(a))
    for k in range(m):
        out = out + v[k] * padded[m - 1 - k : m - 1 - k + n + m - 1]
    return out[ends[0] : ends[1]]


def _kept(found: Any, a: Any, v: Any, library: Any) -> bool:
    """Whether a library has added up integers as such; JAX makes floating-point numbers of them."""
    whole = ("bool", "integral")
    if library.isdtype(found.dtype, whole):
        return True
    return not (library.isdtype(a.dtype, whole) and library.isdtype(v.dtype, whole))


def _vectors(a: Any, v: Any, name: str, xp: Any) -> tuple[Any, Any]:
    library = xp.adapter.xp
    vectors, device = [], device_beside((a, v), xp.adapter)
    for x in (a, v):
        x = x if hasattr(x, "shape") else xp.adapter.asarray(x, device=device)
        if x.ndim > 1 or 0 in x.shape:
            raise ValueError(
                f"{name}: takes two vectors of one element at least, and was given one of the "
                f"shape {tuple(x.shape)}"
            )
        vectors.append(library.reshape(x, (-1,)))
    return vectors[0], vectors[1]


@primitive(
    a=lambda g, v, mode, a_shape, xp: _convolution_rule(g, v, a_shape, mode, xp),
    v=lambda g, a, mode, v_shape, xp: _convolution_rule(g, a, v_shape, mode, xp),
    goes_first=True,
)
def convolve(a: Any, v: Any, mode: Any = "full", *, xp: Any) -> Any:
    r"""The convolution of two vectors, :math:`c_k = \sum_i a_i v_{k-i}`.

    Parameters
    ----------
    a, v : ArrayLike
        Vectors of N and M elements, real or complex.
    mode : {"full", "same", "valid"}
        All N + M - 1 sums; the max(N, M) in the middle; or those in which no element is missing.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        An operand has two axes or more, or no element; there is no such `mode`.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([1.0, 2.0, 3.0])
    >>> mg.convolve(x, [0.0, 1.0, 0.5])
    Tensor([0. , 1. , 2.5, 4. , 1.5])
    """
    mode = _mode(mode, "convolve")
    a, v = _vectors(a, v, "convolve", xp)
    theirs = getattr(xp.adapter.xp, "convolve", None)
    if theirs is not None and _kept(found := theirs(a, v, mode), a, v, xp.adapter.xp):
        return found
    return _direct(a, v, _range(a.shape[0], v.shape[0], mode), xp)


def _correlation_rules(g: Any, other: Any, shape: Any, mode: Any, by_second: bool, xp: Any) -> Any:
    """A correlation is the convolution with the second vector reversed and conjugated."""
    other = _vector(other, g, xp)
    n, m = _length(shape), other.shape[0]
    first, second = (m, n) if by_second else (n, m)
    ends = _range(first, second, _mode(mode, "correlate"), reverses=True)
    if not by_second:
        turned = xp.conj(other) if is_complex(other, xp) else other
        return _adjoint(g, xp.flip(turned, axis=0), shape, ends, n + m - 1, xp)
    found = xp.flip(_adjoint(g, other, (n,), ends, n + m - 1, xp), axis=0)
    return xp.reshape(xp.conj(found) if is_complex(found, xp) else found, tuple(shape))


@primitive(
    a=lambda g, v, mode, a_shape, xp: _correlation_rules(g, v, a_shape, mode, False, xp),
    v=lambda g, a, mode, v_shape, xp: _correlation_rules(g, a, v_shape, mode, True, xp),
    goes_first=True,
)
def correlate(a: Any, v: Any, mode: Any = "valid", *, xp: Any) -> Any:
    r"""The correlation of two vectors, :math:`c_k = \sum_i a_{i+k} \bar v_i`.

    Parameters
    ----------
    a, v : ArrayLike
        Vectors of N and M elements, real or complex; `v` is conjugated.
    mode : {"valid", "same", "full"}
        The sums in which no element is missing; the max(N, M) in the middle; or all N + M - 1.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        An operand has two axes or more, or no element; there is no such `mode`.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([1.0, 2.0, 3.0])
    >>> mg.correlate(x, [0.0, 1.0, 0.5], mode="same")
    Tensor([2. , 3.5, 3. ])
    """
    mode = _mode(mode, "correlate")
    a, v = _vectors(a, v, "correlate", xp)
    library = xp.adapter.xp
    theirs = getattr(library, "correlate", None)
    if theirs is not None and _kept(found := theirs(a, v, mode), a, v, library):
        return found
    turned = library.flip(library.conj(v) if is_complex(v, xp) else v, axis=0)
    return _direct(a, turned, _range(a.shape[0], v.shape[0], mode, reverses=True), xp)
