"""Covariances and correlations of variables."""

from __future__ import annotations

from typing import Any

from mygrad.arrays import adapter_of
from mygrad.arrays.portable import is_true
from mygrad.math.arithmetic import add, divide, multiply
from mygrad.math.exp_log import sqrt
from mygrad.math.rounding import clip
from mygrad.math.sequential import sum as total
from mygrad.math.warned import warn
from mygrad.tensor_manip.array_shape import atleast_2d, expand_dims, ravel, squeeze
from mygrad.tensor_manip.copying import astype, conj, imag, real
from mygrad.tensor_manip.tensor_joining import concatenate
from mygrad.tensors.base import Tensor, as_operand_tensor, as_operand_tensors
from mygrad.tensors.conversion import dtype_of

__all__ = ["corrcoef", "cov"]


def _is_complex(t: Any) -> bool:
    return bool(adapter_of(t._data).xp.isdtype(t.dtype, "complex floating"))  # type: ignore[union-attr]


def _known(t: Any) -> bool:
    return adapter_of(t._data).knows(t._data)  # type: ignore[union-attr]


def _observations(m: Any, y: Any, rowvar: bool, dtype: Any, name: str) -> Any:
    """The observations, a row for each variable, in the dtype to compute in."""
    given = as_operand_tensors(m, *(() if y is None else (y,)))
    adapter = adapter_of(given[0]._data)
    assert adapter is not None
    library = adapter.xp
    if dtype is not None:
        dtype = dtype_of(adapter, dtype)
    elif any(map(_is_complex, given)):
        dtype = library.complex128
    else:
        dtype = library.float64
    rows: list[Any] = []
    for t in given:
        if t.ndim > 2:
            raise ValueError(
                f"{name}: observations are a vector, or a matrix with a row or a column for each "
                f"variable, and not of the shape {tuple(t.shape)}"
            )
        turned = not rowvar and t.ndim == 2 and not (rows and t.shape[0] == 1)
        t = atleast_2d(astype(t, dtype))
        rows.append(t.T if turned else t)
    return concatenate(rows, axis=0) if len(rows) > 1 else rows[0]


def _weights(given: Any, count: int, name: str, option: str, beside: Any) -> Any:
    """Weights of observations, as floating-point numbers."""
    t = as_operand_tensor(given, (beside,))
    if tuple(t.shape) != (count,):
        raise ValueError(
            f"{name}: {option}= has a weight for each of the {count} observations, and its shape "
            f"is {tuple(t.shape)}"
        )
    adapter = adapter_of(t._data)
    assert adapter is not None
    t = astype(t, adapter.xp.float64)
    whole = adapter.following(adapter.xp.round)(t._data)
    some = adapter.following(adapter.xp.any)
    if option == "fweights" and is_true(adapter, some(t != whole), unknown=False):
        raise TypeError(f"{name}: fweights= counts how often each was observed, in whole numbers")
    if is_true(adapter, some(t < 0), unknown=False):
        raise ValueError(f"{name}: {option}= has a negative weight")
    return t


def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None,
    fweights: Any = None, aweights: Any = None, *, dtype: Any = None, constant: bool | None = None,
) -> Tensor:  # fmt: skip
    r"""The covariances of variables.

    .. math:: C_{ij} = \sum_{k=1}^n (x_{ik} - \bar x_i) (x_{jk} - \bar x_j)^* / (n - 1)

    Parameters
    ----------
    m : ArrayLike
        Observations, a row for each variable and a column for each observation; or a vector.
    y : Any, optional
        Observations of more variables.
    rowvar : bool
        Whether each row is a variable; otherwise each column is.
    bias : bool
        Whether to divide by n, and not by n - 1.
    ddof : int, optional
        What to subtract from n; goes before `bias`.
    fweights : Any, optional
        How often each was observed: whole numbers.
    aweights : Any, optional
        How much each observation counts.
    dtype : DTypeLike, optional
        The data type to compute in; float64 or complex128 by default, as NumPy's.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Shape (p, p) for p variables, () for one. Differentiable by `m`, `y` and `aweights`.

    Raises
    ------
    ValueError
        There are more than two axes, a wrong number of weights, or a negative one; `ddof` is no
        integer.
    TypeError
        `fweights` are no whole numbers.

    Warns
    -----
    RuntimeWarning
        No degree of freedom is left.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]])
    >>> mg.cov(x)
    Tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    return _cov("cov", m, y, rowvar, bias, ddof, fweights, aweights, dtype, constant)


def _cov(
    name: str, m: Any, y: Any, rowvar: bool, bias: bool, ddof: Any, fweights: Any, aweights: Any,
    dtype: Any, constant: bool | None,
) -> Any:  # fmt: skip
    if ddof is not None and ddof != int(ddof):
        raise ValueError(f"{name}: ddof= is an integer, and not {ddof!r}")
    rows = _observations(m, y, rowvar, dtype, name)
    count = rows.shape[1]
    ddof = (0 if bias else 1) if ddof is None else ddof
    w: Any = None
    if fweights is not None:
        w = _weights(fweights, count, name, "fweights", rows)
    if aweights is not None:
        aweights = _weights(aweights, count, name, "aweights", rows)
        w = aweights if w is None else w * aweights
    if w is None:
        size: Any = count
        mean = divide(total(rows, axis=1), float(count) if count else float("nan"))
        freedom = count - ddof
    else:
        size = total(w)
        mean = divide(total(rows * w, axis=1), size)
        if ddof == 0:
            freedom = size
        elif aweights is None:
            freedom = size - ddof
        else:
            freedom = size - ddof * total(w * aweights) / size
    if w is not None and not _known(freedom):
        freedom = clip(freedom, 0.0, None)
    elif float(getattr(freedom, "_data", freedom)) <= 0:
        warn("Degrees of freedom <= 0 for slice", RuntimeWarning)
        freedom = 0.0
    centred = astype(rows - expand_dims(mean, axis=1), rows.dtype)
    other = centred if w is None else centred * w
    other = conj(other) if _is_complex(other) else other
    products = centred @ other.T
    scaled = multiply(products, _reciprocal(freedom, products), constant=constant)
    gone = tuple(k for k in range(2) if scaled.shape[k] == 1)
    return squeeze(scaled, axis=gone) if gone else scaled


def _reciprocal(freedom: Any, products: Any) -> Any:
    if isinstance(freedom, Tensor):
        return 1 / freedom
    return 1 / freedom if freedom else float("inf")


def corrcoef(
    x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None,
    constant: bool | None = None,
) -> Tensor:  # fmt: skip
    r"""The correlation coefficients of variables, :math:`C_{ij} / \sqrt{C_{ii} C_{jj}}`.

    Parameters
    ----------
    x : ArrayLike
        Observations, a row for each variable and a column for each observation; or a vector.
    y : Any, optional
        Observations of more variables.
    rowvar : bool
        Whether each row is a variable; otherwise each column is.
    dtype : DTypeLike, optional
        The data type to compute in; float64 or complex128 by default, as NumPy's.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Shape (p, p) for p variables, () for one.

    Notes
    -----
    What rounding moves out of [-1, 1] is moved back, and has the derivative 0.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.corrcoef(mg.tensor([[0.0, 1.0, 2.0], [1.0, 3.0, 2.0]]))
    Tensor([[1. , 0.5],
            [0.5, 1. ]])
    """
    c = _cov("corrcoef", x, y, rowvar, False, None, None, None, dtype, None)
    if not c.ndim:
        return divide(c, c, constant=constant)
    spread = ravel(c)[:: c.shape[0] + 1]  # the diagonal
    spread = sqrt(real(spread) if _is_complex(c) else spread)
    c = c / expand_dims(spread, axis=1) / spread
    if _is_complex(c):
        parts = clip(real(c), -1, 1), clip(imag(c), -1, 1)
        return add(parts[0], 1j * parts[1], constant=constant)
    return clip(c, -1, 1, constant=constant)
