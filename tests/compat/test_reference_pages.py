"""The programs of MyGrad's pages, and networks in the style they teach, give the same numbers.

What is compared with was written down from MyGrad 2.5.0.
"""

from __future__ import annotations

import doctest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, host, raw

import mygrad as mg
from mygrad.nnet.activations import relu, tanh
from mygrad.nnet.losses import softmax_crossentropy

PAGES = Path(__file__).parent / "reference_examples.txt"


@pytest.mark.numpy_only("the pages show NumPy's arrays")
@pytest.mark.filterwarnings("ignore::mygrad.errors.NothingToDifferentiate")  # they show that
@pytest.mark.filterwarnings("error")
def test_pages() -> None:
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    examples = doctest.DocTestParser().get_doctest(PAGES.read_text(), {}, "pages", str(PAGES), 0)
    assert not doctest.DocTestRunner(optionflags=flags).run(examples).failed


def test_the_graph_of_the_introduction() -> None:
    pytest.importorskip("graphviz")
    from mygrad.computational_graph import build_graph

    x = mg.tensor(2)
    y = mg.tensor(3)
    f = x * y
    g = f + x - 2
    source = build_graph(g, names=locals()).source  # type: ignore[union-attr]
    for label in ("x", "y", "f", "g", "Multiply", "Add", "Subtract"):
        assert f"label={label}" in source


# --- networks ----------------------------------------------------------------------------------
@pytest.mark.raw_arithmetic
def test_a_perceptron() -> None:
    rng = np.random.RandomState(0)
    x = rng.randn(20, 2)
    labels = (x[:, 0] * x[:, 1] > 0).astype(int)
    W1, b1 = mg.tensor(rng.randn(2, 8) / 2), mg.zeros((8,), dtype=np.float64)
    W2, b2 = mg.tensor(rng.randn(8, 2) / 2), mg.zeros((2,), dtype=np.float64)
    x = raw(x)
    losses = []
    for _ in range(5):
        scores = mg.matmul(relu(mg.matmul(x, W1) + b1), W2) + b2
        loss = softmax_crossentropy(scores, raw(labels))
        loss.backward()
        losses.append(loss.item())
        for p in (W1, b1, W2, b2):
            p.data -= 0.5 * p.grad
    np.testing.assert_allclose(
        losses,
        [0.814603969806624, 0.7383025985626348, 0.7046803114224616, 0.6886434199734783,
         0.6804830077654715],
        rtol=1e-9,
    )  # fmt: skip
    np.testing.assert_allclose(
        [host(p).sum() for p in (W1, b1, W2, b2)],
        [-3.9622443363553805, -0.32277771538821276, -2.7942835071423553, 0.0],
        rtol=1e-9,
        atol=1e-12,
    )


class RNN:
    """A plain recurrent network, from scratch."""

    def __init__(self, dim_in: int, dim_h: int, dim_out: int, rng: np.random.RandomState) -> None:
        self.Wx = mg.tensor(rng.randn(dim_in, dim_h) * 0.5)
        self.Wh = mg.tensor(rng.randn(dim_h, dim_h) * 0.5)
        self.b = mg.tensor(np.zeros(dim_h))
        self.Wy = mg.tensor(rng.randn(dim_h, dim_out) * 0.5)

    def __call__(self, x: Any) -> mg.Tensor:
        h: Any = raw(np.zeros((x.shape[1], self.Wh.shape[0])))
        for t in range(x.shape[0]):
            h = tanh(mg.matmul(x[t, ...], self.Wx) + mg.matmul(h, self.Wh) + self.b)
        return h @ self.Wy

    @property
    def parameters(self) -> tuple[mg.Tensor, ...]:
        return self.Wx, self.Wh, self.b, self.Wy


@pytest.mark.raw_arithmetic
def test_a_recurrent_network_from_scratch() -> None:
    rng = np.random.RandomState(1)
    model = RNN(3, 4, 2, rng)
    x, labels = raw(rng.randn(6, 5, 3)), raw(rng.randint(0, 2, 5))
    losses = []
    for _ in range(5):
        loss = softmax_crossentropy(model(x), labels)
        loss.backward()
        losses.append(loss.item())
        for p in model.parameters:
            p.data -= 0.3 * p.grad
        loss.null_gradients()
    np.testing.assert_allclose(
        losses,
        [0.6901997909565426, 0.663743116562008, 0.6411583583318178, 0.6191445638799583,
         0.5957204664597835],
        rtol=1e-9,
    )  # fmt: skip
    np.testing.assert_allclose(
        [host(p).sum() for p in model.parameters],
        [-0.7962402893444387, -0.2729810074540886, -0.3232464317971424, -1.5211179814215778],
        rtol=1e-9,
    )


# --- functions of other packages ---------------------------------------------------------------
def lambdified(write: Callable[[Any, Any, Any], Any]) -> Callable[..., Any]:
    """A function of two variables that SymPy wrote in NumPy's functions."""
    sympy = pytest.importorskip("sympy")
    a, b = sympy.symbols("a b")
    return sympy.lambdify((a, b), write(sympy, a, b), "numpy")


@pytest.mark.numpy_only("SymPy writes NumPy's functions")
@pytest.mark.filterwarnings("error::mygrad.errors.GradientDetached")
@pytest.mark.parametrize(
    "write",
    [
        lambda s, a, b: s.sin(a) * s.exp(b) + s.sqrt(a * b),
        lambda s, a, b: s.sinh(a) + s.atan2(a, b) * s.log(b) - s.tanh(a * b),
        lambda s, a, b: s.Min(a, b, 2) * s.Max(a, b**2) + s.Abs(a - b),
        lambda s, a, b: s.Heaviside(a - 1) * b + s.sign(a) * a + s.Rational(1, 3) * b,
    ],
    ids=["sin*exp+sqrt", "hyperbolic/atan2/log", "Min/Max/Abs", "Heaviside/sign/rational"],
)
def test_lambdify(write: Callable[[Any, Any, Any], Any]) -> None:
    f = lambdified(write)
    check_gradients(f, [np.array(1.3), np.array(0.7)])
    check_gradients(f, [np.array([1.3, 0.2]), np.array([0.7, 4.0])])


@pytest.mark.numpy_only("SymPy writes NumPy's functions")
def test_lambdify_a_list_with_common_subexpressions() -> None:
    sympy = pytest.importorskip("sympy")
    a, b = sympy.symbols("a b")
    f = sympy.lambdify((a, b), [sympy.sin(a * b), sympy.exp(a * b) * a], "numpy", cse=True)
    check_gradients(lambda x, y: sum(f(x, y)), [np.array(1.3), np.array(0.7)])


@pytest.mark.numpy_only("scikit-learn asks for NumPy's arrays")
def test_scikit_learns_dot() -> None:
    extmath = pytest.importorskip("sklearn.utils.extmath")
    left, right = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4) / 10
    check_gradients(extmath.safe_sparse_dot, [left, right])
