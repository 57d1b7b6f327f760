r"""The three transforms that all others are made of, as primitives.

The matrix of the discrete Fourier transform, :math:`e^{-2\pi i jk/n}`, is symmetric. Adjoints are
transposes without conjugation (docs/numerics.md), so the adjoint of a transform is the same
transform. Where a transform leaves out the half of a spectrum that is the conjugate of the other,
its adjoint is the inverse one, up to a conjugate and to weights: what is left out counts twice.

The sums, and what ``norm`` means, are those of `numpy.fft` and of the array API standard.
"""

from __future__ import annotations

from typing import Any

from mygrad.arrays.portable import device_of
from mygrad.autodiff.namespace import composition
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.primitive import primitive
from mygrad.math.dtypes import floats, is_complex, real_only

__all__ = ["dft", "hermitian_dft", "real_dft"]

OPPOSITE = {"backward": "forward", "ortho": "ortho", "forward": "backward", None: "forward"}
"""The `norm` with which an inverse transform has the factor that a transform has with this one."""


def _fitted(g: Any, shape: tuple[int, ...], xp: Any) -> Any:
    """The adjoint of what brought an operand of this shape to the shape of `g`: cuts and zeros."""
    if tuple(g.shape) == shape:
        return g
    g = g[(*(slice(0, min(n, m)) for n, m in zip(shape, g.shape, strict=True)), ...)]
    widths = [(0, n - m) for n, m in zip(shape, g.shape, strict=True)]
    return xp.pad(g, widths) if any(behind for _, behind in widths) else g


def _as_complex(x: Any, xp: Any) -> Any:
    """The operand of a complex transform, as the library takes it."""
    if is_complex(x, xp) or xp.adapter.name == "numpy":  # which is faster for real numbers
        return x
    library = xp.adapter.xp
    narrow = library.isdtype(x.dtype, "real floating") and library.finfo(x.dtype).bits <= 32
    return library.astype(x, library.complex64 if narrow else library.complex128)


def _as_real(x: Any, xp: Any) -> Any:
    """The operand of a real transform, as the library takes it."""
    library = xp.adapter.xp
    if xp.adapter.name == "numpy" or library.isdtype(x.dtype, "real floating"):
        return x
    return library.astype(x, library.float64)


def _transformed(name: str, x: Any, axes: tuple[int, ...], lengths: Any, norm: Any, xp: Any) -> Any:
    """What the library's function of this name makes of `x`; for one axis, that for one."""
    if any(n == 0 for k, n in enumerate(x.shape) if k not in axes):
        return _of_no_rows(name, x, axes, lengths, xp)  # not every library can do that
    library = xp.adapter.xp.fft
    norm = "backward" if norm is None else norm
    if len(axes) == 1:
        return getattr(library, name)(x, n=lengths[0], axis=axes[0], norm=norm)
    return getattr(library, f"{name}n")(x, s=lengths, axes=axes, norm=norm)


def _of_no_rows(name: str, x: Any, axes: tuple[int, ...], lengths: Any, xp: Any) -> Any:
    library, shape = xp.adapter.xp, list(x.shape)
    for k, n in zip(axes, lengths, strict=True):
        shape[k] = n
    if name == "rfft":
        shape[axes[-1]] = lengths[-1] // 2 + 1
    out = library.zeros(tuple(shape), dtype=x.dtype, device=device_of(x))
    complexes = floats(out, xp) + 0j
    return library.real(complexes) if name == "irfft" else complexes


@primitive(
    x=lambda g, axes, norm, inverse, x_shape, xp: _fitted(
        xp.dft(g, axes, tuple(g.shape[k] for k in axes), norm, inverse), tuple(x_shape), xp
    )
)
def dft(
    x: Any, axes: tuple[int, ...], lengths: tuple[int, ...], norm: str | None = None,
    inverse: bool = False, *, xp: Any,
) -> Any:  # fmt: skip
    """The discrete Fourier transform over axes; see `mygrad.fft.fftn` and `mygrad.fft.ifftn`.

    Parameters
    ----------
    x : ArrayLike
        Real or complex.
    axes : tuple[int, ...]
        The axes, each once.
    lengths : tuple[int, ...]
        Their lengths in the result: before the transform, `x` is cut or filled up with zeros.
    norm : {"backward", "ortho", "forward"}
        Which of the two directions is divided by the number of points.
    inverse : bool
        Whether the exponent is positive.

    Returns
    -------
    Tensor
    """
    name = "ifft" if inverse else "fft"
    return _transformed(name, _as_complex(x, xp), axes, lengths, norm, xp)


@composition
def conjugate_half(g: Any, n: int, axis: int, middle: float, *, xp: Any) -> Any:
    """The conjugate of one half of a spectrum of `n` points; those that have a twin weighted."""
    library, spectrum = xp.adapter.xp, g._data if isinstance(g, Handle) else g
    k = library.arange(spectrum.shape[axis], device=device_of(spectrum))
    alone = (k == 0) | (2 * k == n)
    real = library.float32 if spectrum.dtype == library.complex64 else library.float64
    ones = library.ones(k.shape, dtype=real, device=device_of(spectrum))
    weights = library.where(alone, ones, middle * ones)
    shape = tuple(-1 if j == axis % g.ndim else 1 for j in range(g.ndim))
    return xp.conj(g) * library.reshape(weights, shape)


@primitive(
    x=lambda g, axes, lengths, norm, x_shape, xp: _fitted(
        xp.hermitian_dft(
            xp.conjugate_half(g, lengths[-1], axes[-1], 0.5), axes, lengths, OPPOSITE[norm]
        ),
        tuple(x_shape),
        xp,
    )
)
def real_dft(
    x: Any, axes: tuple[int, ...], lengths: tuple[int, ...], norm: str | None = None, *, xp: Any
) -> Any:
    """The Fourier transform of real numbers, one half of it; see `mygrad.fft.rfftn`.

    Parameters
    ----------
    x : ArrayLike
        Real.
    axes : tuple[int, ...]
        The axes, each once. The result has one half of the last one.
    lengths : tuple[int, ...]
        To how many points `x` is cut or filled up.
    norm : {"backward", "ortho", "forward"}
        Which of the two directions is divided by the number of points.

    Returns
    -------
    Tensor
    """
    real_only(x, xp, "rfft", "fft takes complex ones")
    return _transformed("rfft", _as_real(x, xp), axes, lengths, norm, xp)


@primitive(
    x=lambda g, axes, lengths, norm, x_shape, xp: _fitted(
        xp.conjugate_half(
            xp.real_dft(g, axes, lengths, OPPOSITE[norm]), lengths[-1], axes[-1], 2.0
        ),
        tuple(x_shape),
        xp,
    )
)
def hermitian_dft(
    x: Any, axes: tuple[int, ...], lengths: tuple[int, ...], norm: str | None = None, *, xp: Any
) -> Any:
    """The inverse of `real_dft`, from one half of a spectrum; see `mygrad.fft.irfftn`.

    Parameters
    ----------
    x : ArrayLike
        The half with frequencies that are not negative.
    axes : tuple[int, ...]
        The axes, each once. One half of the last one is there.
    lengths : tuple[int, ...]
        Their lengths in the result.
    norm : {"backward", "ortho", "forward"}
        Which of the two directions is divided by the number of points.

    Returns
    -------
    Tensor
        Real.
    """
    return _transformed("irfft", _as_complex(x, xp), axes, lengths, norm, xp)
