"""Jacobians and Hessians: rows, columns, nested arguments and results, complex, several orders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from against_numpy import needs_solver
from gradcheck import host, raw

import mygrad as mg
from mygrad.transforms import jacobians

A = np.array([0.5, -1.0, 2.0])
# A batch has an axis before that of the mask, which array-api-strict does not select by.
masks_stand_alone_in_strict = pytest.mark.filterwarnings(
    "ignore:(?s)the rows of a jacobian .*masking is only specified"
)


def assert_close(found: Any, want: Any) -> None:
    np.testing.assert_allclose(host(found), np.asarray(want), rtol=1e-10, atol=1e-12)


def in_place(x: Any) -> Any:
    y = mg.exp(x) * 1.0
    y[1:] *= x[:-1]
    y[y > 1.0] += x[0] ** 2
    return y


def differences(f: Any, x: Any, step: float = 1e-6) -> Any:
    columns = []
    for k in range(x.size):
        move = np.zeros(x.size)
        move[k] = step
        move = move.reshape(x.shape)
        ahead, behind = (host(f(mg.tensor(p))) for p in (x + move, x - move))
        columns.append((ahead - behind) / (2 * step))
    return np.stack(columns, axis=-1).reshape((*columns[0].shape, *x.shape))


@masks_stand_alone_in_strict
@pytest.mark.parametrize("direction", ["rows", "columns"])
@pytest.mark.parametrize(
    "f", [in_place, lambda x: mg.sum(x**2) * x[:2], lambda x: mg.stack([x, x**2, mg.sin(x)])]
)
def test_both_directions(f: Any, direction: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jacobians, "goes_forward", lambda *_: direction == "columns")
    found = mg.jacobian(f)(raw(A))
    assert type(found) in mg.backends.selected_adapter().array_types
    np.testing.assert_allclose(host(found), differences(f, A), rtol=1e-7, atol=1e-8)


def test_the_cheaper_direction(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    for name in ("by_rows", "by_columns"):
        original = getattr(jacobians, name)

        def noted(call: Any, name: str = name, original: Any = original) -> Any:
            taken.append(name)
            return original(call)

        monkeypatch.setattr(jacobians, name, noted)
    mg.jacobian(lambda x: x[:2])(raw(A))
    mg.jacobian(lambda x: mg.concatenate([x, x]))(raw(A))
    assert taken == ["by_rows", "by_columns"]


@masks_stand_alone_in_strict
def test_rows_in_several_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where memory is short, one sweep takes a few rows."""
    whole = host(mg.jacobian(in_place)(raw(A)))
    monkeypatch.setattr(jacobians, "ELEMENTS", 6)
    assert_close(mg.jacobian(in_place)(raw(A)), whole)
    x = mg.tensor(A)
    assert_close(mg.jacobian(in_place)(x), whole)


def test_nested_arguments_and_results() -> None:
    def f(p: Any, k: Any) -> Any:
        return {"a": p["m"] @ p["v"] * k, "b": (mg.sum(p["m"]), 2.0)}

    m = np.arange(6.0).reshape(2, 3)
    found = mg.jacobian(f, argnums=(0, 1))({"m": raw(m), "v": raw(A)}, 3.0)
    by_p, by_k = found["a"]
    assert_close(by_p["m"], 3 * np.einsum("ij,k->ijk", np.eye(2), A))
    assert_close(by_p["v"], 3 * m)
    assert_close(by_k, m @ A)
    by_p, by_k = found["b"][0]
    assert_close(by_p["m"], np.ones((2, 3)))
    assert_close(by_p["v"], np.zeros(3))
    assert_close(by_k, 0.0)
    assert_close(found["b"][1][0]["m"], np.zeros((2, 3)))


def test_aux_and_empty() -> None:
    found, aux = mg.jacobian(lambda x: (x * 2, x), has_aux=True)(raw(A))
    assert_close(found, 2 * np.eye(3))
    assert_close(aux, A)
    assert host(mg.jacobian(lambda x: x * 2)(raw(np.ones((0,))))).shape == (0, 0)
    assert host(mg.jacobian(lambda x: x[:0])(raw(A))).shape == (0, 3)


def test_complex() -> None:
    z = np.array([1 + 2j, 3.0])
    assert_close(mg.jacobian(lambda z: z**2, holomorphic=True)(raw(z)), np.diag(2 * z))
    assert_close(mg.jacobian(lambda z: mg.absolute(z) ** 2)(raw(z)), np.diag(2 * z.conj()))
    want = np.diag(1j * np.exp(1j * A))
    assert_close(mg.jacobian(lambda x: mg.exp(1j * x))(raw(A)), want)
    assert_close(mg.hessian(lambda z: mg.sum(z**3), holomorphic=True)(raw(z)), np.diag(6 * z))


def test_hessian_of_nested_arguments() -> None:
    found = mg.hessian(lambda p: mg.sum(p["a"] ** 2) * p["b"])({"a": raw(A), "b": 3.0})
    assert_close(found["a"]["a"], 6 * np.eye(3))
    assert_close(found["a"]["b"], 2 * A)
    assert_close(found["b"]["a"], 2 * A)
    assert_close(found["b"]["b"], 0.0)


def test_hessian_of_a_vector_function() -> None:
    found = mg.hessian(lambda x: mg.stack([x[0] * x[1], x[2] ** 2]))(raw(A))
    want = np.zeros((2, 3, 3))
    want[0, 0, 1] = want[0, 1, 0] = 1.0
    want[1, 2, 2] = 2.0
    assert_close(found, want)


def test_nested_in_one_another() -> None:
    """A Hessian inside of a function that is differentiated."""
    f = lambda x: mg.sum(mg.hessian(lambda y: mg.sum(y**4))(x))
    assert_close(mg.jacobian(f)(raw(A)), 24 * A)
    third = mg.jacobian(mg.hessian(lambda x: mg.sum(x**2) * x[0]))(raw(A))
    want = np.zeros((3, 3, 3))  # x₀³ + x₀ x₁² + x₀ x₂²
    want[0, 0, 0] = 6
    for k in (1, 2):
        want[0, k, k] = want[k, 0, k] = want[k, k, 0] = 2
    assert_close(third, want)


def test_on_the_tape() -> None:
    x = mg.tensor(A)
    j = mg.jacobian(lambda x: x**3)(x)
    assert isinstance(j, mg.Tensor)
    mg.sum(j * j).backward()
    assert_close(x.grad, 36 * A**3)


@needs_solver
def test_a_matrix_whose_determinant_is_a_constraint() -> None:
    """The Newton step of a real problem: the Hessian of a log determinant is A⁻¹ ⊗ A⁻¹."""
    m = np.array([[2.0, 0.3], [0.1, 1.5]])
    found = host(mg.hessian(lambda a: mg.linalg.slogdet(a)[1])(raw(m)))
    inverse = np.linalg.inv(m)
    np.testing.assert_allclose(found, -np.einsum("li,jk->ijkl", inverse, inverse), atol=1e-12)


@pytest.mark.numpy_only("the operation is written for NumPy's arrays")
def test_rules_that_cannot_take_many_adjoints() -> None:
    """Rows are pulled back one by one, with a warning, where a rule takes NumPy arrays alone."""

    class Cube(mg.operation_base.Operation):
        def __call__(self, x: Any) -> Any:
            self.variables = (x,)
            return x.data**3

        def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
            assert isinstance(grad, np.ndarray)
            return grad * 3 * self.variables[0].data ** 2

    with pytest.warns(mg.transforms.BatchLooped, match="one after the other"):
        found = mg.jacobian(lambda x: mg.execute_op(Cube, x) * x[0])(A)
    assert_close(found, differences_of_cubes())


def differences_of_cubes() -> Any:
    want = np.diag(3 * A**2 * A[0])
    want[:, 0] += A**3
    return want
