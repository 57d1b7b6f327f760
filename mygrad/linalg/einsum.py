"""Einstein summation, by matrix products."""

from __future__ import annotations

from typing import Any

from mygrad.autodiff.inplace import write_result
from mygrad.autodiff.primitive import primitive
from mygrad.tensors.base import Tensor, as_operand_tensors

__all__ = ["einsum"]

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _diagonals(g: Any, subscripts: str, target: str, shape: tuple[int, ...], xp: Any) -> Any:
    """Put `g` onto the diagonals that `take_diagonals` read, and zeros beside them."""
    library = xp.adapter.xp
    g = xp.permute_dims(g, tuple(target.index(c) for c in dict.fromkeys(subscripts)))
    seen: dict[str, int] = {}
    mask = None
    for k, c in enumerate(subscripts):
        if c not in seen:
            seen[c] = k
            continue
        g = xp.expand_dims(g, axis=k)
        index = library.arange(shape[k])
        first = library.reshape(index, tuple(-1 if j == seen[c] else 1 for j in range(len(shape))))
        again = library.reshape(index, tuple(-1 if j == k else 1 for j in range(len(shape))))
        mask = (first == again) if mask is None else mask & (first == again)
    return xp.where(mask, xp.broadcast_to(g, shape), 0.0)


@primitive(
    x=lambda g, subscripts, target, x_shape, xp: _diagonals(g, subscripts, target, x_shape, xp),
    may_view=True,
)
def take_diagonals(x: Any, subscripts: str, target: str, *, xp: Any) -> Any:
    """The diagonals over repeated letters: a view where the library gives one."""
    library = xp.adapter.xp
    while len(set(subscripts)) < len(subscripts):
        c = next(c for c in subscripts if subscripts.count(c) > 1)
        i = subscripts.index(c)
        j = subscripts.index(c, i + 1)
        order = [k for k in range(x.ndim) if k not in (i, j)] + [i, j]
        x = library.linalg.diagonal(library.permute_dims(x, tuple(order)))
        subscripts = "".join(subscripts[k] for k in order[:-2]) + c
    return library.permute_dims(x, tuple(subscripts.index(c) for c in target))


def _contracted(x: Any, y: Any, a: str, b: str, out: str, xp: Any) -> tuple[Any, str]:
    """The sum of products of two operands, over all letters that are not in `out`."""
    a_sum = tuple(k for k, c in enumerate(a) if c not in b and c not in out)
    b_sum = tuple(k for k, c in enumerate(b) if c not in a and c not in out)
    if a_sum:
        x, a = xp.sum(x, axis=a_sum), "".join(c for k, c in enumerate(a) if k not in a_sum)
    if b_sum:
        y, b = xp.sum(y, axis=b_sum), "".join(c for k, c in enumerate(b) if k not in b_sum)
    size = {**dict(zip(b, y.shape, strict=True)), **dict(zip(a, x.shape, strict=True))}
    for c, n in zip(b, y.shape, strict=True):
        if c in a and size[c] == 1:
            size[c] = n
    both = [c for c in a if c in b and c in out]
    gone = [c for c in a if c in b and c not in out]
    left = [c for c in a if c not in b]
    right = [c for c in b if c not in a]
    x = xp.permute_dims(x, tuple(a.index(c) for c in both + left + gone))
    y = xp.permute_dims(y, tuple(b.index(c) for c in both + gone + right))
    x = xp.broadcast_to(x, tuple(size[c] for c in both + left + gone))
    y = xp.broadcast_to(y, tuple(size[c] for c in both + gone + right))
    lead = tuple(size[c] for c in both)
    rows, inner, columns = (_product([size[c] for c in cs]) for cs in (left, gone, right))
    product = xp.matmul(
        xp.reshape(x, (*lead, rows, inner)), xp.reshape(y, (*lead, inner, columns))
    )
    letters = "".join(both + left + right)
    return xp.reshape(product, tuple(size[c] for c in letters)), letters


def _product(numbers: list[int]) -> int:
    total = 1
    for n in numbers:
        total *= n
    return total


def _evaluate(operands: Any, inputs: list[str], target: str, xp: Any) -> Any:
    """Contract operands from left to right."""
    result, letters = operands[0], inputs[0]
    for k in range(1, len(operands)):
        later = set(target).union(*inputs[k + 1 :])
        keep = "".join(c for c in dict.fromkeys(letters + inputs[k]) if c in later)
        result, letters = _contracted(result, operands[k], letters, inputs[k], keep, xp)
    gone = tuple(k for k, c in enumerate(letters) if c not in target)
    if gone:
        result = xp.sum(result, axis=gone)
        letters = "".join(c for c in letters if c in target)
    return xp.permute_dims(result, tuple(letters.index(c) for c in target)) if target else result


def _by_operand(g: Any, operands: Any, subscripts: str, i: int, xp: Any) -> Any:
    inputs, target = subscripts.split("->")
    terms = inputs.split(",")
    mine = terms.pop(i)
    others = [t for k, t in enumerate(operands) if k != i]
    present = set(target).union(*terms)
    wanted = "".join(c for c in mine if c in present)
    part = _evaluate([g, *others], [target, *terms], wanted, xp)
    for k, c in enumerate(mine):
        if c not in present:  # summed over in this operand alone
            part = xp.expand_dims(part, axis=k)
    shape = tuple(
        n if c not in present else m
        for n, m, c in zip(operands[i].shape, part.shape, mine, strict=True)
    )
    return xp.broadcast_to(part, shape)


@primitive(
    factors=lambda g, factors, subscripts, i, xp: _by_operand(g, factors, subscripts, i, xp),
    variadic=True,
)
def sum_of_products(factors: Any, subscripts: str, *, xp: Any) -> Any:
    """Einsum over operands without repeated letters or ellipses; closed under its rule."""
    inputs, target = subscripts.split("->")
    return _evaluate(factors, inputs.split(","), target, xp)


def _spelled_out(subscripts: str, ndims: list[int]) -> tuple[list[str], str]:
    """Subscripts with letters in place of ``...`` and of an implicit output."""
    inputs, arrow, target = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ndims):
        raise ValueError(
            f"einsum: the subscripts {subscripts!r} are for {len(terms)} operands, and there "
            f"are {len(ndims)}"
        )
    free = [c for c in LETTERS if c not in inputs]
    spared = [n - len(t) + 3 for t, n in zip(terms, ndims, strict=True) if "..." in t]
    longest = max(spared, default=0)
    dots = "".join(free[:longest])
    full = []
    for term, ndim in zip(terms, ndims, strict=True):
        if "..." in term:
            count = ndim - len(term) + 3
            term = term.replace("...", dots[len(dots) - count :] if count else "")
        if len(term) != ndim:
            raise ValueError(
                f"einsum: the term {term!r} of {subscripts!r} names {len(term)} axes, and its "
                f"operand has {ndim}"
            )
        full.append(term)
    joined = "".join(full)
    if not arrow:
        target = dots + "".join(
            sorted(c for c in set(joined) if joined.count(c) == 1 and c not in dots)
        )
    else:
        target = target.replace("...", dots)
    unknown = [c for c in target if c not in joined]
    if unknown:
        raise ValueError(f"einsum: no input of {subscripts!r} has the {unknown[0]!r} of the output")
    return full, target


def einsum(
    subscripts: Any,
    *operands: Any,
    optimize: Any = False,
    out: Any = None,
    constant: bool | None = None,
) -> Tensor:
    """Sum of products in Einstein's notation.

    Parameters
    ----------
    subscripts
        A letter for each axis of each operand, and of the result behind ``->``; letters that
        the result lacks are summed over. ``...`` stands for any axes, which broadcast. Without
        ``->`` the result has the letters that occur once, in alphabetical order.
    *operands
        Tensors or arrays.
    optimize
        Accepted for NumPy's sake: products are always computed two operands at a time, as
        matrix products.
    out
        Where to write the result.
    constant
        Whether the result is constant.

    Returns
    -------
    Tensor
        A view of the operand where nothing is summed and there is one operand.

    Examples
    --------
    >>> import mygrad as mg
    >>> x = mg.arange(9.0).reshape(3, 3)
    >>> mg.einsum("ii->i", x)
    Tensor([0., 4., 8.])
    >>> mg.einsum("ij,j", x, [1.0, 0.0, 0.0])
    Tensor([0., 3., 6.])
    """
    if not isinstance(subscripts, str):
        operands = (subscripts, *operands)
        lists = [tuple(k) for k in operands[1::2]]
        terms = [
            "".join("..." if c is Ellipsis else LETTERS[c] for c in term) for term in lists
        ]
        count = len(operands) // 2
        target = "->" + "".join(
            "..." if c is Ellipsis else LETTERS[c] for c in operands[-1]
        ) if len(operands) % 2 else ""
        subscripts = ",".join(terms[:count]) + target
        operands = operands[: 2 * count : 2]
    tensors = as_operand_tensors(*operands)
    terms, target = _spelled_out(subscripts, [t.ndim for t in tensors])
    for k, term in enumerate(terms):
        unique = "".join(dict.fromkeys(term))
        if len(unique) < len(term):
            tensors[k] = take_diagonals(tensors[k], term, unique)
            terms[k] = unique
    if len(tensors) == 1 and len(terms[0]) == len(target):
        order = tuple(terms[0].index(c) for c in target)
        view = tensors[0].transpose(order, constant=constant) if order else (
            tensors[0].reshape((), constant=constant)
        )
        return view if out is None else write_result(out, view, "einsum")
    size: dict[str, int] = {}
    for term, t in zip(terms, tensors, strict=True):
        for c, n in zip(term, t.shape, strict=True):
            if size.setdefault(c, n) != n and 1 not in (n, size[c]):
                raise ValueError(
                    f"einsum: the letter {c!r} of {subscripts!r} stands for axes of lengths "
                    f"{size[c]} and {n}"
                )
    return sum_of_products(tensors, f"{','.join(terms)}->{target}", out=out, constant=constant)
