"""Polynomials as vectors of coefficients, that of the highest power first."""

from __future__ import annotations

from typing import Any

from mygrad.arrays import adapter_of
from mygrad.arrays.portable import device_of
from mygrad.autodiff.primitive import primitive
from mygrad.math.arithmetic import add, divide, multiply, subtract
from mygrad.math.convolution import convolve
from mygrad.math.differences import in_floats
from mygrad.tensor_manip.array_shape import atleast_1d
from mygrad.tensor_manip.copying import astype, copy
from mygrad.tensor_manip.tensor_joining import concatenate, stack
from mygrad.tensors.base import Tensor, as_operand_tensor, as_operand_tensors

__all__ = [
    "polyadd", "polyder", "polydiv", "polyint", "polymul", "polysub", "polyval", "vander",
]  # fmt: skip


def library_of(t: Any) -> Any:
    adapter = adapter_of(t._data)
    assert adapter is not None
    return adapter.xp


def coefficients(p: Any, name: str) -> Any:
    """Coefficients as a vector."""
    p = atleast_1d(as_operand_tensor(p))
    if p.ndim != 1:
        raise ValueError(
            f"{name}: the coefficients of a polynomial are a vector, and not of the shape "
            f"{tuple(p.shape)}"
        )
    return p


def _falling(t: Any, last: int) -> Any:
    """The numbers from the count of these coefficients (and one less, for `last` = 0) down to 1.

    NumPy makes them integers of 64 bits, so that float32 becomes float64.
    """
    library = library_of(t)
    exact = library.isdtype(t.dtype, ("integral", "bool"))
    count = t.shape[0] - 1 + last
    numbers = library.arange(count, 0, -1, dtype=library.int64, device=device_of(t))
    return numbers if exact else library.astype(numbers, library.float64)


# --- values -----------------------------------------------------------------------------------
def slopes(p: Any, xp: Any) -> Any:
    """The coefficients of the derivative, in the dtype of these."""
    library = xp.adapter.xp
    dtype = p.dtype
    if library.isdtype(dtype, "complex floating"):
        dtype = library.real(library.zeros(0, dtype=dtype)).dtype
    return p[:-1] * library.arange(p.shape[0] - 1, 0, -1, dtype=dtype, device=device_of(p))


def by_coefficients(g: Any, x: Any, count: int, xp: Any) -> Any:
    """Sums of `g` times powers of `x`, the highest one first."""
    sums = []
    for k in range(count):
        sums.append(xp.sum(g))
        if k < count - 1:
            g = g * x
    return xp.stack(sums[::-1])


@primitive(
    p=lambda g, x, p_shape, xp: by_coefficients(g, x, p_shape[0], xp),
    x=lambda g, p, x, xp: g * xp.horner(slopes(p, xp), x) if p.shape[0] > 1 else 0.0 * g,
)
def horner(p: Any, x: Any, *, xp: Any) -> Any:
    """The values of a polynomial, by Horner's rule; see `polyval`.

    Parameters
    ----------
    p : ArrayLike
        A vector of coefficients, one at least.
    x : ArrayLike
        Where to evaluate it.

    Returns
    -------
    Tensor
    """
    x = x if hasattr(x, "shape") else xp.adapter.asarray(x, device=xp.adapter.device(p))
    y = xp.adapter.xp.zeros_like(x)
    for k in range(p.shape[0]):
        y = y * x + p[k]
    return y


def polyval(p: Any, x: Any, *, constant: bool | None = None) -> Tensor:
    """The values of a polynomial.

    Parameters
    ----------
    p : ArrayLike
        Its coefficients, that of the highest power first. With more than one axis, the first one
        counts powers, and the others broadcast against `x`.
    x : ArrayLike
        Where to evaluate it.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Of the shape of `x`.

    Raises
    ------
    TypeError
        `x` is a polynomial itself.

    Examples
    --------
    >>> import mygrad as mg
    >>> p, x = mg.tensor([3.0, 0.0, 1.0]), mg.tensor(5.0)
    >>> y = mg.polyval(p, x)
    >>> y
    Tensor(76.)
    >>> y.backward()
    >>> p.grad, x.grad
    (array([25.,  5.,  1.]), array(30.))
    """
    if type(x).__name__ == "poly1d":
        raise TypeError(
            "polyval: x= is a polynomial, and is to be numbers; put one polynomial into another "
            "with mg.polymul and mg.polyadd"
        )
    p, x = as_operand_tensors(p, x)
    if p.ndim == 1 and p.shape[0]:
        return horner(p, x, constant=constant)
    y = 0 * x
    for k in range(p.shape[0]):
        y = add(y * x, p[k], constant=constant if k == p.shape[0] - 1 else None)
    return y


def vander(
    x: Any, N: int | None = None, increasing: bool = False, *, constant: bool | None = None
) -> Tensor:
    """The powers of numbers, as the columns of a matrix (that of Vandermonde).

    Parameters
    ----------
    x : ArrayLike
        A vector.
    N : int, optional
        The number of columns; by default as many as there are numbers.
    increasing : bool
        Whether the powers grow from left to right.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        Shape (len(x), N), in float64 where `x` is float32, as NumPy's.

    Raises
    ------
    ValueError
        `x` is no vector.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.vander(mg.tensor([2.0, 3.0]), 3)
    Tensor([[4., 2., 1.],
            [9., 3., 1.]])
    """
    x = as_operand_tensor(x)
    if x.ndim != 1:
        raise ValueError(f"vander: takes a vector, and was given the shape {tuple(x.shape)}")
    library = library_of(x)
    exact = library.isdtype(x.dtype, ("integral", "bool"))
    wide = library.complex128 if library.isdtype(x.dtype, "complex floating") else library.float64
    x = astype(x, library.int64 if exact else wide)
    ones = as_operand_tensor(library.ones_like(x._data))
    count = x.shape[0] if N is None else N
    columns: list[Any] = [ones, x][: max(count, 0)]
    while len(columns) < count:
        columns.append(columns[-1] * x)
    if not columns:
        return as_operand_tensor(
            library.zeros((x.shape[0], 0), dtype=x.dtype, device=device_of(x))
        )
    return stack(columns if increasing else columns[::-1], axis=1, constant=constant)


# --- arithmetic -------------------------------------------------------------------------------
def _aligned(a1: Any, a2: Any, name: str) -> tuple[Any, Any]:
    """Two vectors of coefficients, the shorter one with zeros in front."""
    a1, a2 = as_operand_tensors(a1, a2)
    a1, a2 = coefficients(a1, name), coefficients(a2, name)
    longest = max(a1.shape[0], a2.shape[0])

    def filled(t: Any) -> Any:
        if t.shape[0] == longest:
            return t
        library = library_of(t)
        missing = longest - t.shape[0]
        return concatenate([library.zeros(missing, dtype=t.dtype, device=device_of(t)), t])

    return filled(a1), filled(a2)


def polyadd(a1: Any, a2: Any, *, constant: bool | None = None) -> Tensor:
    """The sum of two polynomials.

    Parameters
    ----------
    a1, a2 : ArrayLike
        Their coefficients, that of the highest power first.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        The coefficients.

    Raises
    ------
    ValueError
        Coefficients are no vector.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.polyadd(mg.tensor([1.0, 2.0]), [9.0, 5.0, 4.0])
    Tensor([9., 6., 6.])
    """
    return add(*_aligned(a1, a2, "polyadd"), constant=constant)


def polysub(a1: Any, a2: Any, *, constant: bool | None = None) -> Tensor:
    """The difference of two polynomials.

    Parameters
    ----------
    a1, a2 : ArrayLike
        Their coefficients, that of the highest power first.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        The coefficients.

    Raises
    ------
    ValueError
        Coefficients are no vector.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.polysub(mg.tensor([1.0, 2.0]), [9.0, 5.0, 4.0])
    Tensor([-9., -4., -2.])
    """
    return subtract(*_aligned(a1, a2, "polysub"), constant=constant)


def nonzero_places(t: Any) -> list[int]:
    """The places of coefficients that are not 0."""
    adapter = adapter_of(t._data)
    assert adapter is not None
    return [k for k, given in enumerate(adapter.to_host(t != 0).tolist()) if given]


def _trimmed(p: Any, name: str) -> Any:
    """Coefficients from the first on that is not 0; the last one stays."""
    p = coefficients(p, name)
    places = nonzero_places(p)
    return p[min(places[0] if places else p.shape[0], p.shape[0] - 1) :]


def polymul(a1: Any, a2: Any, *, constant: bool | None = None) -> Tensor:
    """The product of two polynomials.

    Parameters
    ----------
    a1, a2 : ArrayLike
        Their coefficients, that of the highest power first. As in NumPy, zeros in front are left
        out: the derivative by them is 0.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        The coefficients.

    Raises
    ------
    ValueError
        Coefficients are no vector.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.polymul(mg.tensor([1.0, 2.0]), [9.0, 5.0, 1.0])
    Tensor([ 9., 23., 11.,  2.])
    """
    a1, a2 = as_operand_tensors(a1, a2)
    return convolve(_trimmed(a1, "polymul"), _trimmed(a2, "polymul"), constant=constant)


def polydiv(u: Any, v: Any, *, constant: bool | None = None) -> tuple[Tensor, Tensor]:
    """The quotient of two polynomials, and what remains.

    Parameters
    ----------
    u, v : ArrayLike
        The coefficients of the dividend and of the divisor, that of the highest power first.
    constant : bool, optional
        Whether the results are constant.

    Returns
    -------
    tuple[Tensor, Tensor]
        The coefficients of both. As in NumPy, those in front of the remainder that are not larger
        than 1e-8 are left out; while JAX traces a program, they stay.

    Raises
    ------
    ValueError
        Coefficients are no vector.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.polydiv(mg.tensor([3.0, 5.0, 2.0]), [2.0, 1.0])
    (Tensor([1.5 , 1.75]), Tensor([0.25]))
    """
    u, v = as_operand_tensors(u, v)
    u, v = (in_floats(coefficients(t, "polydiv")) for t in (u, v))
    library = library_of(u)
    u = astype(u, library.result_type(u.dtype, v.dtype))
    steps, width = u.shape[0] - v.shape[0] + 1, v.shape[0]
    scale, rest = 1.0 / v[0], copy(u)
    digits = []
    for k in range(steps):
        digit = scale * rest[k]
        digits.append(astype(digit, u.dtype))
        rest[k : k + width] -= digit * v
    zero = library.zeros(1, dtype=u.dtype, device=device_of(u))
    quotient = stack(digits, constant=constant) if digits else as_operand_tensor(zero)
    adapter = adapter_of(rest._data)
    assert adapter is not None
    start, sizes = 0, []
    if adapter.knows(rest._data):
        sizes = abs(adapter.to_host(rest._data)).tolist()
    while start < len(sizes) - 1 and sizes[start] <= 1e-8:
        start += 1
    return quotient, copy(rest[start:], constant=constant)


# --- calculus ---------------------------------------------------------------------------------
def polyder(p: Any, m: int = 1, *, constant: bool | None = None) -> Tensor:
    """The derivative of a polynomial.

    Parameters
    ----------
    p : ArrayLike
        Its coefficients, that of the highest power first.
    m : int
        How often to differentiate.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        The coefficients.

    Raises
    ------
    ValueError
        `m` is negative, or the coefficients are no vector.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.polyder(mg.tensor([1.0, 1.0, 1.0]))
    Tensor([2., 1.])
    """
    if m < 0:
        raise ValueError(f"polyder: m= says how often to differentiate, and is {m}; see polyint")
    p = coefficients(p, "polyder")
    for _ in range(m):
        p = multiply(p[:-1], _falling(p, 0), constant=constant) if p.shape[0] else p
    return p


def polyint(p: Any, m: int = 1, k: Any = None, *, constant: bool | None = None) -> Tensor:
    """An antiderivative of a polynomial.

    Parameters
    ----------
    p : ArrayLike
        Its coefficients, that of the highest power first.
    m : int
        How often to integrate.
    k : Any, optional
        The constants of integration, one for each time, or one for all; 0 by default.
    constant : bool, optional
        Whether the result is constant.

    Returns
    -------
    Tensor
        The coefficients.

    Raises
    ------
    ValueError
        `m` is negative, there are fewer constants than `m`, or the coefficients are no vector.

    Examples
    --------
    >>> import mygrad as mg
    >>> mg.polyint(mg.tensor([2.0, 1.0]), k=[5.0])
    Tensor([1., 1., 5.])
    """
    if m < 0:
        raise ValueError(f"polyint: m= says how often to integrate, and is {m}; see polyder")
    p, constants = as_operand_tensors(p, 0.0 if k is None else k)
    p, constants = coefficients(p, "polyint"), in_floats(coefficients(constants, "polyint"))
    if constants.shape[0] not in (1,) and constants.shape[0] < m:
        raise ValueError(
            f"polyint: k= has {constants.shape[0]} constants, and there are {m} integrations; "
            f"give one for each, or one for all"
        )
    for j in range(m):
        one = constants[:1] if constants.shape[0] == 1 else constants[j : j + 1]
        p = in_floats(p)
        raised = divide(p, _falling(p, 1)) if p.shape[0] else p
        p = concatenate([raised, one], constant=constant)
    return p
