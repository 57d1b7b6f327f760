"""`logsumexp`, `softmax` and `log_softmax`: SciPy's values, all its parameters, and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, check_second_derivatives, host

import mygrad as mg

special = mg.special
A = np.array([[0.3, -1.2, 2.0], [1.4, 0.9, -0.4]])
B = np.array([[1.0, 2.0, 0.5], [0.7, 1.1, 3.0]])
SIGNED = np.array([[1.0, -2.0, 0.5], [0.7, 0.0, -3.0]])
INF = np.inf

OPTIONS: list[dict[str, Any]] = [
    {}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": (0, 1)}, {"axis": (1,)},
]  # fmt: skip


def expected(name: str, *args: Any, **options: Any) -> Any:
    library = pytest.importorskip("scipy.special")
    with np.errstate(all="ignore"):
        return getattr(library, name)(*args, **options)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_logsumexp(options: dict[str, Any]) -> None:
    for a, b in ((A, None), (A, B), (A, B[0]), (A[0], B)):
        leaves = [mg.tensor(a)] if b is None else [mg.tensor(a), mg.tensor(b)]
        got = special.logsumexp(leaves[0], b=leaves[1] if b is not None else None, **options)
        np.testing.assert_allclose(
            host(got), expected("logsumexp", a, b=b, **options), rtol=1e-14, atol=1e-15
        )
        assert got.base is None
        assert not got.constant

        def function(*given: Any, options: dict[str, Any] = options) -> Any:
            return special.logsumexp(given[0], b=given[1] if len(given) > 1 else None, **options)

        check_second_derivatives(function, [a] if b is None else [a, b])


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_logsumexp_with_signs(options: dict[str, Any]) -> None:
    """Where a factor is 0 the element does not count; negative ones make signs."""
    x = mg.tensor(A)
    got, sign = special.logsumexp(x, b=SIGNED, return_sign=True, **options)
    want, wanted_sign = expected("logsumexp", A, b=SIGNED, return_sign=True, **options)
    np.testing.assert_allclose(host(got), want, rtol=1e-13)
    np.testing.assert_array_equal(host(sign), wanted_sign)
    assert sign.constant
    assert not got.constant
    check_gradients(lambda a: special.logsumexp(a, b=SIGNED, return_sign=True, **options)[0], [A])
    check_gradients(  # by factors too, where none is 0
        lambda a, b: special.logsumexp(a, b=b, return_sign=True, **options)[0],
        [A, np.where(SIGNED == 0, 1.5, SIGNED)],
    )


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_logsumexp_at_the_edges() -> None:
    for a, b in (
        ([1000.0, 1000.0], None), ([-1000.0, -1001.0], [1.0, 2.0]), ([-INF, 0.5], [2.0, 1.0]),
        ([-INF, -INF], [1.0, 1.0]), ([INF, 0.5], [1.0, 1.0]), ([INF, 0.5], [0.0, 1.0]),
        ([0.5, 0.5], [1.0, -1.0]), (2.0, None), (2.0, 3.0),
    ):  # fmt: skip
        got = special.logsumexp(mg.tensor(a), b=b)
        np.testing.assert_allclose(host(got), expected("logsumexp", a, b=b), rtol=1e-14)
    x = mg.tensor([INF, 0.5])
    special.logsumexp(x, b=[0.0, 1.0]).backward()
    np.testing.assert_array_equal(host(x.grad), [0.0, 1.0])
    assert special.logsumexp(mg.tensor(A.astype("float32")), b=B.astype("float32")).dtype == (
        mg.tensor(A.astype("float32")).dtype
    )
    assert special.logsumexp(mg.tensor(A), b=B, constant=True).constant


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
def test_softmax(name: str, axis: Any) -> None:
    f = getattr(special, name)
    np.testing.assert_allclose(host(f(mg.tensor(A), axis)), expected(name, A, axis), rtol=1e-14)
    check_second_derivatives(lambda a: f(a, axis=axis), [A])


def test_complex_numbers_are_refused() -> None:
    for name in ("logsumexp", "softmax", "log_softmax"):
        with pytest.raises(TypeError, match="for real numbers"):
            getattr(special, name)(mg.tensor([1j, 2.0]))
    with pytest.raises(TypeError, match="for real numbers"):
        special.logsumexp(mg.tensor([1.0, 2.0]), b=mg.tensor([1j, 2.0]))
