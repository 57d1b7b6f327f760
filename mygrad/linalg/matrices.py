"""What operations on matrices share: their declaration, and parts that their rules are made of.

The derivatives are by now textbook: M. Giles, *Collected matrix derivative results for forward
and reverse mode algorithmic differentiation* (2008); S. F. Walter and L. Lehmann, *Algorithmic
differentiation of linear algebra functions* (2010); for complex matrices see Z.-Q. Wan and
S.-X. Zhang, *Automatic differentiation for complex valued SVD* (2019).

These formulas are written for the adjoint A' with dL = Re tr(A'ᴴ dA). The adjoints of mygrad are
its conjugates (see docs/numerics.md), so rules that are not holomorphic conjugate what they are
given and what they return.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mygrad.arrays import adapter_of
from mygrad.arrays.portable import device_of
from mygrad.autodiff.namespace import tensor_namespace_of
from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.primitive import OPTIONS, Primitive, primitive
from mygrad.autodiff.tape import apply
from mygrad.errors import InvalidGradient
from mygrad.math.dtypes import is_complex

__all__ = [
    "MatrixOperation", "by_triangle", "check_gauge", "columns", "conjugate", "conjugate_transpose",
    "copied_across", "diagonal_of", "from_diagonal", "library_abs", "linalg_error",
    "matrix_operation", "on_diagonal", "packed", "part_of", "precision", "quotient", "raw",
    "real_part", "rounding", "rows", "same_dtype", "triangular_inverse", "unit", "unpacked",
    "xp_of",
]  # fmt: skip


class MatrixOperation(Primitive):
    """A primitive whose errors are of the class that the library raised, `LinAlgError` mostly.

    Attributes
    ----------
    called
        The public function that it does the work of, which errors name.
    """

    called: str

    def __call__(self, *args: Any, **kw: Any) -> Any:
        try:
            return super().__call__(*args, **kw)
        except (ValueError, TypeError) as error:
            cause = error.__cause__
            if not isinstance(cause, (ValueError, TypeError)):
                raise
            text = str(error).replace(f"{self.name}(", f"linalg.{self.called}(", 1)
            raise type(cause)(text) from cause


def matrix_operation(called: str, **declaration: Any) -> Callable[[Any], MatrixOperation]:
    """Declare an operation on matrices, as `mygrad.autodiff.primitive.primitive` does."""
    options = {name: declaration.pop(name) for name in OPTIONS & declaration.keys()}

    def declare(forward: Callable[..., Any]) -> MatrixOperation:
        operation = MatrixOperation(forward, declaration, **options)
        operation.called = called
        return operation

    return declare


def xp_of(t: Any) -> Any:
    """The namespace for tensors on the library of `t`."""
    adapter = adapter_of(t._data)
    assert adapter is not None
    return tensor_namespace_of(adapter)


def linalg_error(message: str, t: Any) -> Exception:
    """The `LinAlgError` of the library of `t`, or a ValueError, which that is a kind of."""
    kind = getattr(xp_of(t).adapter.xp.linalg, "LinAlgError", ValueError)
    error: Exception = kind(message)
    return error


def same_dtype(x: Any, like: Any, xp: Any) -> Any:
    """`x` in the dtype of `like`."""
    return x if x.dtype == like.dtype else xp.astype(x, like.dtype)


def raw(x: Any) -> Any:
    """The array in a tensor, for what is decided by values: masks, and which way to compute."""
    return x._data if isinstance(x, Handle) else x


def conjugate(x: Any, xp: Any) -> Any:
    """The complex conjugate; real arrays as they are."""
    return xp.conj(x) if is_complex(x, xp) else x


def conjugate_transpose(x: Any, xp: Any) -> Any:
    """The conjugate transpose of matrices: a view of real ones."""
    return xp.matrix_transpose(conjugate(x, xp))


def real_part(x: Any, xp: Any) -> Any:
    """The real part; real arrays as they are."""
    return xp.real(x) if is_complex(x, xp) else x


def columns(v: Any, xp: Any) -> Any:
    """Vectors as columns: what scales the rows of a matrix."""
    return xp.expand_dims(v, axis=-1)


def rows(v: Any, xp: Any) -> Any:
    """Vectors as rows: what scales the columns of a matrix."""
    return xp.expand_dims(v, axis=-2)


def unit(x: Any, n: int, xp: Any) -> Any:
    """The unit matrix, a raw array of the dtype and on the device of `x`."""
    x = raw(x)
    return xp.adapter.xp.eye(n, dtype=x.dtype, device=device_of(x))


def on_diagonal(x: Any, n: int, xp: Any) -> Any:
    """A raw mask: the diagonal of a square matrix."""
    library = xp.adapter.xp
    places = library.arange(n, device=device_of(x))
    return library.expand_dims(places, axis=-1) == places


def diagonal_of(x: Any, xp: Any) -> Any:
    """The diagonals of square matrices."""
    return xp.sum(xp.where(on_diagonal(x, x.shape[-1], xp), x, 0.0), axis=-1)


def from_diagonal(v: Any, beside: Any, xp: Any) -> Any:
    """Square matrices with `v` on the diagonal, and the elements of `beside` off it."""
    return xp.where(on_diagonal(v, v.shape[-1], xp), columns(v, xp), beside)


def by_triangle(hermitian: Any, upper: bool, xp: Any) -> Any:
    """The adjoint of what is read as a Hermitian matrix, of which one triangle is looked at.

    Parameters
    ----------
    hermitian
        The adjoint among Hermitian matrices: itself one.
    upper
        Whether the upper triangle was looked at.
    xp
        The namespace.

    Returns
    -------
    Array
        An element off the diagonal stands for itself and for its mirror image: it has the
        adjoints of both. The imaginary parts of the diagonal are not looked at.
    """
    cut, off = (xp.triu, 1) if upper else (xp.tril, -1)
    one = cut(hermitian, k=off)
    if not is_complex(hermitian, xp):
        return cut(hermitian) + one
    middle = same_dtype(xp.real(diagonal_of(hermitian, xp)), hermitian, xp)
    return from_diagonal(middle, 2.0 * one, xp)


def copied_across(x: Any, xp: Any) -> Any:
    """The Hermitian matrix with the lower triangle of `x`, and the real part of its diagonal."""
    lower = xp.tril(x, k=-1)
    if not is_complex(x, xp):
        return lower + xp.matrix_transpose(xp.tril(x))
    middle = same_dtype(xp.real(diagonal_of(x, xp)), x, xp)
    return from_diagonal(middle, lower + conjugate_transpose(lower, xp), xp)


# --- degeneracy and gauge -----------------------------------------------------------------
def precision(x: Any, xp: Any) -> float:
    """The relative spacing of numbers of the dtype of `x`."""
    return float(xp.adapter.xp.finfo(raw(x).dtype).eps)


def rounding(values: Any, n: int, xp: Any) -> Any:
    """How far apart eigenvalues or singular values may be by rounding alone; a column."""
    library, values = xp.adapter.xp, library_abs(values, xp)
    if 0 in values.shape:
        return library.sum(values, axis=-1, keepdims=True)
    return n * precision(values, xp) * library.max(values, axis=-1, keepdims=True)


def library_abs(x: Any, xp: Any) -> Any:
    """Absolute values, a raw array."""
    return xp.adapter.xp.abs(raw(x))


def quotient(numerator: Any, gap: Any, closed: Any, asked: Any, xp: Any) -> Any:
    """``numerator / gap``; where the gap is closed, 0 if nothing is asked for and nan otherwise.

    Parameters
    ----------
    numerator, gap
        Arrays.
    closed
        A raw mask: where the gap is not known to differ from 0.
    asked
        A raw mask: where anything depends on the quotient.
    xp
        The namespace.

    Returns
    -------
    Array
    """
    library = xp.adapter.xp
    safe = numerator / xp.where(closed, 1.0, gap)
    unknown = closed & asked
    if not xp.adapter.knows(unknown) or bool(library.any(unknown)):
        safe = xp.where(unknown, library.nan, safe)
    return xp.where(closed & ~asked, 0.0, safe)


def check_gauge(part: Any, g: Any, message: str, xp: Any) -> None:
    """Raise if an adjoint depends on what the result leaves open.

    Parameters
    ----------
    part
        What has to be 0, up to rounding, for adjoints of functions that do not depend on it.
    g
        The adjoints of all results.
    message
        What the function depends on.
    xp
        The namespace.
    """
    library = xp.adapter.xp
    part, size = library_abs(part, xp), library_abs(g, xp)
    if 0 in part.shape:
        return
    # The third root of the precision: rounding errors are far below it, dependence is far above.
    # Where nothing depends on anything all of `g` may be rounding errors of larger numbers.
    eps = precision(size, xp)
    if bool(library.max(part) > eps ** (1 / 3) * library.max(size) + 1000 * eps):
        raise InvalidGradient(message)


# --- several results of one operation -----------------------------------------------------
def packed(parts: Sequence[Any], trailing: Sequence[int], xp: Any) -> Any:
    """Several results as one array, flat but for the leading axes that all of them have.

    So one record stands for a factorization: its factors are views of what it made, its rule sees
    the adjoints of all of them at once, and second derivatives go through the factors that are
    there, without another factorization.

    Parameters
    ----------
    parts
        Raw arrays; the last has the dtype of the whole.
    trailing
        For each, how many axes are its own.
    xp
        The namespace.

    Returns
    -------
    Array
    """
    flat = []
    for part, n in zip(parts, trailing, strict=True):
        lead = tuple(part.shape[: part.ndim - n])
        size = 1
        for length in part.shape[part.ndim - n :]:
            size *= length
        flat.append(xp.reshape(same_dtype(part, parts[-1], xp), (*lead, size)))
    return xp.concat(flat, axis=-1)


def unpacked(whole: Any, shapes: Sequence[tuple[int, ...]], xp: Any) -> list[Any]:
    """The parts of `packed`, by their own shapes."""
    found, start = [], 0
    for shape in shapes:
        if isinstance(whole, Handle):
            found.append(apply(part_of, (whole,), (start, shape)))
        else:
            found.append(part_of.forward(whole, start, shape, xp=xp))
        start += _size(shape)
    return found


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


def _put_back(g: Any, whole_shape: tuple[int, ...], start: int, shape: Any, xp: Any) -> Any:
    lead, size = tuple(whole_shape[:-1]), _size(shape)
    zeros = [
        xp.adapter.xp.zeros((*lead, n), dtype=raw(g).dtype, device=device_of(g))
        for n in (start, whole_shape[-1] - start - size)
    ]
    return xp.concat([zeros[0], xp.reshape(g, (*lead, size)), zeros[1]], axis=-1)


@primitive(
    whole=lambda g, start, shape, whole_shape, xp: _put_back(g, whole_shape, start, shape, xp),
    may_view=True,
)
def part_of(whole: Any, start: int, shape: tuple[int, ...], *, xp: Any) -> Any:
    """One of several results that are packed in an array: a view of it."""
    piece = whole[..., start : start + _size(shape)]
    return xp.adapter.xp.reshape(piece, (*whole.shape[:-1], *shape))


# --- triangular matrices ------------------------------------------------------------------
LEAF = 80
"""Up to this size triangular matrices are inverted like any others."""


@primitive(
    x=lambda g, out, xp: (
        -xp.tril(xp.matmul(xp.matrix_transpose(out), xp.matmul(g, xp.matrix_transpose(out))))
    )
)
def triangular_inverse(x: Any, *, xp: Any) -> Any:
    """The inverses of lower triangular matrices, in n³/3 multiplications, mostly of blocks.

    With [[a, 0], [b, c]] inverted goes [[1/a, 0], [-1/c b 1/a, 1/c]].
    """
    n, library = x.shape[-1], xp.adapter.xp
    if n <= LEAF:
        return library.tril(library.linalg.inv(x)) if n else xp.asarray(x, copy=True)
    h = n // 2
    first = xp.triangular_inverse(x[..., :h, :h])
    last = xp.triangular_inverse(x[..., h:, h:])
    corner = -xp.matmul(last, xp.matmul(x[..., h:, :h], first))
    beside = xp.zeros_like(xp.matrix_transpose(corner))
    upper = xp.concat([first, beside], axis=-1)
    return xp.concat([upper, xp.concat([corner, last], axis=-1)], axis=-2)
