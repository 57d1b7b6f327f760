"""Fourier transforms, under NumPy's names and with NumPy's arguments."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from mygrad.autodiff.inplace import write_result
from mygrad.autodiff.tape import apply
from mygrad.fft.dft import OPPOSITE, dft, hermitian_dft, real_dft
from mygrad.tensor_manip import conj, copy
from mygrad.tensors.axes import axis_number
from mygrad.tensors.base import Tensor, as_operand_tensor
from mygrad.typing import ArrayLike

__all__ = [
    "fft", "fft2", "fftn", "hfft", "ifft", "ifft2", "ifftn", "ihfft", "irfft", "irfft2", "irfftn",
    "rfft", "rfft2", "rfftn",
]  # fmt: skip

Lengths = Sequence[int] | None


# --- what the arguments mean ------------------------------------------------------------------
def _plan(
    name: str, a: Any, s: Any, axes: Any, norm: Any, half: bool = False
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes to transform, as numbers from 0, and their lengths in the result.

    `half` says that only one half of the last axis is given.
    """
    _check_norm(name, norm)
    if axes is None:
        axes = range(a.ndim) if s is None else range(-len(s), 0)
    places = tuple(axis_number(k, a.ndim, name) for k in axes)
    if s is not None and len(s) != len(places):
        raise ValueError(
            f"{name}: s={tuple(s)!r} has {len(s)} lengths, and there are {len(places)} axes to "
            f"transform"
        )
    lengths = [a.shape[k] if n in (-1, None) else operator.index(n) for k, n in zip(
        places, (None,) * len(places) if s is None else s, strict=True
    )]  # fmt: skip
    if half and places and (s is None or s[-1] is None):
        lengths[-1] = 2 * (a.shape[places[-1]] - 1)
    for k, n in zip(places, lengths, strict=True):
        if n < 1:
            raise ValueError(f"{name}: along axis {k} there are {n} points to transform")
    return places, tuple(lengths)


def _complex(
    name: str, a: Any, s: Any, axes: Any, norm: Any, out: Any, constant: bool | None
) -> Tensor:
    """A complex transform; one axis that is named twice is transformed twice, as NumPy does."""
    a = as_operand_tensor(a)
    axes, lengths = _plan(name, a, s, axes, norm)
    inverse = name.startswith("i")
    if axes and len(set(axes)) == len(axes):
        if out is None:
            return apply(dft, (a,), (axes, lengths, norm, inverse), constant)
        return dft(a, axes, lengths, norm, inverse, out=out, constant=constant)
    result = copy(a, constant=constant)
    for axis, n in zip(axes[::-1], lengths[::-1], strict=True):
        result = dft(result, (axis,), (n,), norm, inverse, constant=constant)
    return result if out is None else write_result(out, result, name, constant=constant)


def _real(
    name: str, a: Any, s: Any, axes: Any, norm: Any, out: Any, constant: bool | None
) -> Tensor:
    """The half of the transform of real numbers."""
    a = as_operand_tensor(a)
    axes, lengths = _plan(name, a, s, axes, norm)
    _check_some(name, axes)
    if len(set(axes)) == len(axes):
        if out is None:
            return apply(real_dft, (a,), (axes, lengths, norm), constant)
        return real_dft(a, axes, lengths, norm, out=out, constant=constant)
    result = real_dft(a, axes[-1:], lengths[-1:], norm, constant=constant)
    for axis, n in zip(axes[-2::-1], lengths[-2::-1], strict=True):
        result = dft(result, (axis,), (n,), norm, constant=constant)
    return result if out is None else write_result(out, result, name, constant=constant)


def _hermitian(
    name: str, a: Any, s: Any, axes: Any, norm: Any, out: Any, constant: bool | None
) -> Tensor:
    """Real numbers from the half of their transform."""
    a = as_operand_tensor(a)
    axes, lengths = _plan(name, a, s, axes, norm, half=True)
    _check_some(name, axes)
    if len(set(axes)) == len(axes):
        if out is None:
            return apply(hermitian_dft, (a,), (axes, lengths, norm), constant)
        return hermitian_dft(a, axes, lengths, norm, out=out, constant=constant)
    for axis, n in zip(axes[:-1], lengths[:-1], strict=True):
        a = dft(a, (axis,), (n,), norm, True, constant=constant)
    result = hermitian_dft(a, axes[-1:], lengths[-1:], norm, constant=constant)
    return result if out is None else write_result(out, result, name, constant=constant)


def _check_norm(name: str, norm: Any) -> None:
    if norm not in OPPOSITE:
        raise ValueError(f"{name}: norm= is 'backward', 'ortho' or 'forward', and not {norm!r}")


def _check_some(name: str, axes: tuple[int, ...]) -> None:
    if not axes:
        raise ValueError(f"{name}: a transform of real numbers needs one axis at least")


def _one(n: Any) -> Any:
    """The lengths for one axis; None where the length is that of the operand."""
    return None if n is None else (n,)


# --- one axis ---------------------------------------------------------------------------------
def fft(
    a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None,
    *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    r"""The discrete Fourier transform along an axis.

    .. math:: A_k = \sum_{m=0}^{n-1} a_m e^{-2\pi i mk/n}

    Parameters
    ----------
    a : ArrayLike
        Real or complex.
    n : int, optional
        The number of points: `a` is cut or filled up with zeros; by default its length.
    axis : int
        Along which axis.
    norm : {"backward", "ortho", "forward"}, optional
        Which direction is divided by n: the inverse one (by default), both by the square root of
        n, or this one.
    out : Tensor | array, optional
        Where to write the result.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Complex; complex64 for float32.

    Raises
    ------
    ValueError
        There is no such axis or `norm`, or no point to transform.

    Notes
    -----
    Its adjoint is the same transform of the adjoint (see docs/numerics.md for the convention of
    complex gradients).

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([1.0, 2.0, 3.0, 4.0])
    >>> spectrum = mg.fft.fft(x)
    >>> spectrum
    Tensor([10.+0.j, -2.+2.j, -2.+0.j, -2.-2.j])
    >>> (abs(spectrum) ** 2).backward()  # by Parseval's theorem 8 x
    >>> x.grad
    array([ 8., 16., 24., 32.])
    """
    return _complex("fft", a, _one(n), (axis,), norm, out, constant)


def ifft(
    a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None,
    *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """The inverse of `fft`.

    Parameters
    ----------
    a : ArrayLike
        Real or complex.
    n : int, optional
        The number of points: `a` is cut or filled up with zeros; by default its length.
    axis : int
        Along which axis.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor | array, optional
        Where to write the result.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Complex.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fft.ifft(mg.fft.fft(mg.tensor([1.0, 2.0, 3.0, 4.0]))).real
    Tensor([1., 2., 3., 4.])
    """
    return _complex("ifft", a, _one(n), (axis,), norm, out, constant)


def rfft(
    a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None,
    *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """The Fourier transform of real numbers: the half with frequencies that are not negative.

    Parameters
    ----------
    a : ArrayLike
        Real.
    n : int, optional
        The number of points: `a` is cut or filled up with zeros; by default its length.
    axis : int
        Along which axis.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor | array, optional
        Where to write the result.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Complex, with ``n // 2 + 1`` entries along the axis.

    Raises
    ------
    TypeError
        `a` is complex.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fft.rfft(mg.tensor([1.0, 2.0, 3.0, 4.0]))
    Tensor([10.+0.j, -2.+2.j, -2.+0.j])
    """
    return _real("rfft", a, _one(n), (axis,), norm, out, constant)


def irfft(
    a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None,
    *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """The inverse of `rfft`.

    Parameters
    ----------
    a : ArrayLike
        The half of a spectrum with frequencies that are not negative. What it has in the
        imaginary part of frequency 0 (and of the highest one, if `n` is even) does not count.
    n : int, optional
        The number of points of the result; ``2 * (m - 1)`` for m entries by default.
    axis : int
        Along which axis.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor | array, optional
        Where to write the result.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Real.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fft.irfft(mg.tensor([10.0 + 0.0j, -2.0 + 2.0j, -2.0 + 0.0j]))
    Tensor([1., 2., 3., 4.])
    """
    return _hermitian("irfft", a, _one(n), (axis,), norm, out, constant)


def hfft(
    a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None,
    *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """The Fourier transform of a signal that is the conjugate of itself reversed: a real spectrum.

    Parameters
    ----------
    a : ArrayLike
        One half of the signal.
    n : int, optional
        The number of points of the result; ``2 * (m - 1)`` for m entries by default.
    axis : int
        Along which axis.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor | array, optional
        Where to write the result.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Real.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fft.hfft(mg.tensor([1.0, 2.0, 3.0]))
    Tensor([ 8., -2.,  0., -2.])
    """
    _check_norm("hfft", norm)
    a = conj(as_operand_tensor(a))
    return _hermitian("hfft", a, _one(n), (axis,), OPPOSITE[norm], out, constant)


def ihfft(
    a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None,
    *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """The inverse of `hfft`.

    Parameters
    ----------
    a : ArrayLike
        A real spectrum.
    n : int, optional
        The number of points: `a` is cut or filled up with zeros; by default its length.
    axis : int
        Along which axis.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor | array, optional
        Where to write the result.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Complex, with ``n // 2 + 1`` entries along the axis.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fft.ihfft(mg.tensor([8.0, -2.0, 0.0, -2.0])).real
    Tensor([1., 2., 3.])
    """
    _check_norm("ihfft", norm)
    half = _real("ihfft", a, _one(n), (axis,), OPPOSITE[norm], None, constant)
    return conj(half, out=out, constant=constant)


# --- several axes -----------------------------------------------------------------------------
def fftn(
    a: ArrayLike, s: Lengths = None, axes: Lengths = None, norm: str | None = None,
    out: Any = None, *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """The discrete Fourier transform over several axes.

    Parameters
    ----------
    a : ArrayLike
        Real or complex.
    s : Sequence[int], optional
        The number of points along each axis, to which `a` is cut or filled up; -1 is its length.
    axes : Sequence[int], optional
        Over which axes; the last ones if there are lengths, else all. An axis that is named twice
        is transformed twice.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor | array, optional
        Where to write the result.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Complex.

    Raises
    ------
    ValueError
        There is no such axis or `norm`, or `s` has another length than `axes`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fft.fftn(mg.tensor([[1.0, 2.0], [3.0, 4.0]])).real
    Tensor([[10., -2.],
            [-4.,  0.]])
    """
    return _complex("fftn", a, s, axes, norm, out, constant)


def ifftn(
    a: ArrayLike, s: Lengths = None, axes: Lengths = None, norm: str | None = None,
    out: Any = None, *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """The inverse of `fftn`.

    Parameters
    ----------
    a : ArrayLike
        Real or complex.
    s, axes, norm, out, constant
        As for `fftn`.

    Returns
    -------
    Tensor
        Complex.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fft.ifftn(mg.tensor([[10.0, -2.0], [-4.0, 0.0]])).real
    Tensor([[1., 2.],
            [3., 4.]])
    """
    return _complex("ifftn", a, s, axes, norm, out, constant)


def rfftn(
    a: ArrayLike, s: Lengths = None, axes: Lengths = None, norm: str | None = None,
    out: Any = None, *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """The Fourier transform of real numbers over several axes: one half along the last of them.

    Parameters
    ----------
    a : ArrayLike
        Real.
    s, axes, norm, out, constant
        As for `fftn`.

    Returns
    -------
    Tensor
        Complex, with ``n // 2 + 1`` entries along the last of the axes.

    Raises
    ------
    TypeError
        `a` is complex.
    ValueError
        There is no axis to transform; or as for `fftn`.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fft.rfftn(mg.ones((4, 6))).shape
    (4, 4)
    """
    return _real("rfftn", a, s, axes, norm, out, constant)


def irfftn(
    a: ArrayLike, s: Lengths = None, axes: Lengths = None, norm: str | None = None,
    out: Any = None, *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """The inverse of `rfftn`.

    Parameters
    ----------
    a : ArrayLike
        A spectrum, one half of it along the last of the axes.
    s : Sequence[int], optional
        The lengths of the result; along the last of the axes ``2 * (m - 1)`` for m entries by
        default.
    axes, norm, out, constant
        As for `fftn`.

    Returns
    -------
    Tensor
        Real.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fft.irfftn(mg.fft.rfftn(mg.tensor([[1.0, 2.0], [3.0, 4.0]])))
    Tensor([[1., 2.],
            [3., 4.]])
    """
    return _hermitian("irfftn", a, s, axes, norm, out, constant)


def fft2(
    a: ArrayLike, s: Lengths = None, axes: Lengths = (-2, -1), norm: str | None = None,
    out: Any = None, *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """`fftn` over two axes, by default the last ones.

    Parameters
    ----------
    a : ArrayLike
        Real or complex.
    s, axes, norm, out, constant
        As for `fftn`.

    Returns
    -------
    Tensor
        Complex.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fft.fft2(mg.ones((3, 4, 4))).shape
    (3, 4, 4)
    """
    return _complex("fft2", a, s, axes, norm, out, constant)


def ifft2(
    a: ArrayLike, s: Lengths = None, axes: Lengths = (-2, -1), norm: str | None = None,
    out: Any = None, *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """`ifftn` over two axes, by default the last ones.

    Parameters
    ----------
    a : ArrayLike
        Real or complex.
    s, axes, norm, out, constant
        As for `fftn`.

    Returns
    -------
    Tensor
        Complex.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fft.ifft2(mg.tensor([[10.0, -2.0], [-4.0, 0.0]])).real
    Tensor([[1., 2.],
            [3., 4.]])
    """
    return _complex("ifft2", a, s, axes, norm, out, constant)


def rfft2(
    a: ArrayLike, s: Lengths = None, axes: Lengths = (-2, -1), norm: str | None = None,
    out: Any = None, *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """`rfftn` over two axes, by default the last ones.

    Parameters
    ----------
    a : ArrayLike
        Real.
    s, axes, norm, out, constant
        As for `fftn`.

    Returns
    -------
    Tensor
        Complex, with one half along the last of the axes.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fft.rfft2(mg.ones((3, 4, 4))).shape
    (3, 4, 3)
    """
    return _real("rfft2", a, s, axes, norm, out, constant)


def irfft2(
    a: ArrayLike, s: Lengths = None, axes: Lengths = (-2, -1), norm: str | None = None,
    out: Any = None, *, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    """`irfftn` over two axes, by default the last ones.

    Parameters
    ----------
    a : ArrayLike
        A spectrum, one half of it along the last of the axes.
    s, axes, norm, out, constant
        As for `irfftn`.

    Returns
    -------
    Tensor
        Real.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.fft.irfft2(mg.fft.rfft2(mg.ones((3, 4, 4)))).shape
    (3, 4, 4)
    """
    return _hermitian("irfft2", a, s, axes, norm, out, constant)
