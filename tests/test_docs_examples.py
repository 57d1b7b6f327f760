"""What the documentation shows: facts from MyGrad's pages, and every docstring's examples."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gradcheck import host

import mygrad as mg
from mygrad.interop.numpy_functions import handlers

numpy_only = pytest.mark.numpy_only("the documentation shows NumPy's arrays")
ROOT = Path(__file__).parent.parent
MODULES = sorted({"mygrad", *(m.name for m in pkgutil.walk_packages(mg.__path__, "mygrad."))})


# --- docstrings --------------------------------------------------------------------------------
@pytest.fixture(autouse=True)
def overrides_of_pages_end_with_them() -> Iterator[None]:
    """A page lets an operation of its own do the work of one of NumPy's functions."""
    before = dict(handlers())
    yield
    handlers().clear()
    handlers().update(before)


@numpy_only
@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str) -> None:
    if name.startswith("mygrad.compile"):
        pytest.importorskip("jax", reason="JAX is not installed, whose compiler mg.compile uses")
    module = importlib.import_module(name)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    failed, _ = doctest.testmod(module, optionflags=flags)
    assert not failed


PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]


@numpy_only
@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_examples_in_the_documentation(path: Path) -> None:
    """Sessions are compared with their output; blocks of Python without prompts are run."""
    if path.name in ("jax.md", "compile.md"):
        pytest.importorskip("jax", reason="JAX is not installed")
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    # the fence that closes a code block is no output of the last example
    text = re.sub(r"^```.*$", "", path.read_text(), flags=re.MULTILINE)
    test = doctest.DocTestParser().get_doctest(text, {}, path.name, str(path), 0)
    assert not doctest.DocTestRunner(optionflags=flags).run(test).failed
    for block in re.findall(r"^```python\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL):
        if ">>>" not in block:
            exec(compile(block, path.name, "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_links_of_the_documentation(path: Path) -> None:
    """What pages of the repository refer to is there."""
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_modules_that_the_documentation_names(path: Path) -> None:
    for name in re.findall(r"`((?:mygrad|backends|tests|ci|docs)/[\w/.-]*)`", path.read_text()):
        assert (ROOT / name).exists(), name


# --- the front page ----------------------------------------------------------------------------
@numpy_only
def test_a_tensor_in_a_numpy_function() -> None:
    x = mg.tensor([1.0, 2.0, 3.0])
    f = np.sum(x * x)
    assert isinstance(f, mg.Tensor)
    f.backward()
    np.testing.assert_array_equal(x.grad, [2.0, 4.0, 6.0])


@numpy_only
def test_a_ufunc_with_where_and_out() -> None:
    x = mg.tensor([1.0, 2.0, 3.0])
    y = mg.zeros_like(x)
    np.multiply(x, x, where=[True, False, True], out=y)
    y.backward()
    assert x.grad.tolist() == [2, 0, 6]


@numpy_only
def test_a_diagonal_by_einsum_is_a_view() -> None:
    x = mg.arange(9.0).reshape(3, 3)
    diagonal = np.einsum("ii->i", x)
    assert diagonal.tolist() == [0, 4, 8]
    assert np.shares_memory(x.data, diagonal.data)
    with mg.on_detach("ignore"):
        assert np.shares_memory(x, diagonal)
    diagonal *= -1
    assert x.tolist() == [[0, 1, 2], [3, -4, 5], [6, 7, -8]]
    (x**2).backward()
    assert x.grad.tolist() == [[0, 2, 4], [6, -8, 10], [12, 14, -16]]
    assert diagonal.grad.tolist() == [0, -8, -16]
    assert np.shares_memory(x.grad, diagonal.grad)


@numpy_only
def test_a_mask_as_index() -> None:
    x = mg.arange(9.0).reshape(3, 3)
    (x[x < 4] ** 2).backward()
    assert x.grad.tolist() == [[0, 2, 4], [6, 0, 0], [0, 0, 0]]


def test_array_likes_behave_as_constants() -> None:
    x = mg.tensor([1.0, 2.0, 3.0])
    (x * [-1.0, 0.0, 10]).backward()
    assert host(x.grad).tolist() == [-1, 0, 10]


# --- the introduction --------------------------------------------------------------------------
@numpy_only
def test_the_derivative_of_a_square() -> None:
    x = mg.tensor(3.0)
    f = np.square(x)
    assert repr(f) == "Tensor(9.)"
    f.backward()
    assert repr(x.grad) == "array(6.)"


@pytest.mark.raw_arithmetic
def test_gradient_descent() -> None:
    w = mg.tensor(10.0)
    seen = []
    for _ in range(10):
        loss = w**2
        loss.backward()
        w.data -= 0.3 * w.grad
        seen.append(w.item())
    np.testing.assert_allclose(seen, [10 * 0.4**k for k in range(1, 11)])


@numpy_only
def test_numpy_arrays_are_constants() -> None:
    x, y = mg.tensor([2.0, 2.0, 2.0]), np.array([1.0, 2.0, 3.0])
    f = x**y
    f.backward()
    assert x.grad.tolist() == [1, 4, 12]


@numpy_only
def test_the_hinge_loss() -> None:
    """Broadcasting, basic and advanced indices, a mask, and writes: against a plain loop."""
    rng = np.random.default_rng(0)
    scores, labels = 10 * rng.random((100, 10)), rng.integers(0, 10, 100)
    class_scores = mg.Tensor(scores)
    class_labels = (range(len(labels)), labels)
    correct = class_scores[class_labels]
    margins = class_scores - correct[:, np.newaxis] + 1.0
    margins[margins <= 0] = 0
    margins[class_labels] = 0
    loss = margins.sum() / class_scores.shape[0]
    loss.backward()
    want, total = np.zeros((100, 10)), 0.0
    for i, label in enumerate(labels):
        for j in range(10):
            margin = scores[i, j] - scores[i, label] + 1
            if j != label and margin > 0:
                total += margin / 100
                want[i, j] += 0.01
                want[i, label] -= 0.01
    np.testing.assert_allclose(loss.item(), total)
    np.testing.assert_allclose(class_scores.grad, want, atol=1e-15)


# --- the tutorial ------------------------------------------------------------------------------
def test_creating() -> None:
    assert repr(mg.tensor(0.0)) == "Tensor(0.)"
    assert repr(mg.tensor([1.0, 2.0, 3], dtype="float32")) == "Tensor([1., 2., 3.], dtype=float32)"
    assert mg.tensor([-2.0, -3.0], constant=True).constant
    assert repr(mg.linspace(0, 10, 5)) == "Tensor([ 0. ,  2.5,  5. ,  7.5, 10. ])"


def test_math_with_tensors() -> None:
    x = mg.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    assert host(x**2).tolist() == host(mg.square(x)).tolist() == [[0, 1, 4], [9, 16, 25]]
    root = mg.sqrt(x, constant=True)
    assert root.constant
    np.testing.assert_allclose(host(root), np.sqrt(np.arange(6.0).reshape(2, 3)))
    assert host(mg.matmul(x, x.T)).tolist() == [[5, 14], [14, 50]]
    assert host(x.sum(axis=1)).tolist() == host(mg.sum(x, axis=1)).tolist() == [3, 12]


def test_functions_of_one_and_several_variables() -> None:
    x = mg.tensor(10.0)
    (2 * x).backward()
    assert host(x.grad).tolist() == 2
    x, y = mg.tensor(10.0), mg.tensor(20.0)
    (x**2 + y).backward()
    assert (host(x.grad).tolist(), host(y.grad).tolist()) == (20, 1)
    x = mg.tensor([-1.0, 4.0, 6.0])
    mg.sum(x**2).backward()
    assert host(x.grad).tolist() == [-2, 8, 12]


def test_constants() -> None:
    constant, variable = mg.tensor(2.0, constant=True), mg.tensor(3.0)
    (variable**constant).backward()
    assert host(variable.grad).tolist() == 6
    assert constant.grad is None
    integers = mg.tensor([1, 2], dtype=int)
    assert integers.constant
    with pytest.raises(ValueError, match="Integer-valued tensors must be treated as constants"):
        mg.tensor([1, 2], dtype=int, constant=False)
    assert mg.sum([1.0, 2.0]).constant
    f = mg.sum(np.array([1.0, 2.0]))
    f.backward()
    assert f.constant
    assert f.grad is None


def test_reshaping() -> None:
    x = mg.tensor([1.0, 2.0, 3.0, 4.0])
    assert host(x.reshape(2, 2)).tolist() == [[1, 2], [3, 4]]
    x.shape = (2, 2)
    assert host(x).tolist() == [[1, 2], [3, 4]]
    assert host(x.T).tolist() == [[1, 3], [2, 4]]


def test_inspecting() -> None:
    x = mg.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    assert x.shape == (2, 3)
    assert x.ndim == 2
    assert x.size == 6
    assert not x.constant
    assert x.grad is None
    assert host(x.data).tolist() == host(mg.asarray(x)).tolist() == [[0, 1, 2], [3, 4, 5]]
