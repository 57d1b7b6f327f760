"""Operations that users write as classes, in the form that MyGrad 2 gave them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, host, raw

import mygrad as mg
from mygrad import operation_base
from mygrad.operation_base import Operation


class Cube(Operation):
    """x³, as MyGrad's users write operations."""

    def __call__(self, x: Any) -> Any:
        self.variables = (x,)
        return x.data**3

    def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
        (x,) = self.variables
        return grad * 3 * x.data**2


class Scaled(Operation):
    """The sum of weighted operands: several variables, parameters, broadcasting."""

    def __call__(self, x: Any, y: Any, scale: float, *, shift: float = 0.0) -> Any:
        self.variables = (x, y)
        self.scale = scale
        return scale * x.data * y.data + shift

    def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
        x, y = self.variables
        return self.scale * grad * (y.data if index == 0 else x.data)


def test_operations_of_users() -> None:
    check_gradients(lambda x: mg.execute_op(Cube, x), [np.array([1.0, -2.0])])


def test_operations_with_arguments_and_broadcasting() -> None:
    def f(x: Any, y: Any) -> Any:
        return mg.execute_op(Scaled, x, y, op_args=(2.0,), op_kwargs={"shift": 1.0})

    check_gradients(f, [np.array([[1.0], [-2.0]]), np.array([3.0, 4.0, 5.0])])
    assert f(raw([1.0]), raw([2.0])).constant
    assert mg.execute_op(Cube, mg.tensor(2.0), constant=True).constant


def test_the_older_name_of_execute_op() -> None:
    x = mg.tensor([1.0, 2.0])
    mg.Tensor._op(Cube, x).backward()
    assert host(x.grad).tolist() == [3, 12]
    y = mg.Tensor._op(Scaled, x, x, op_args=(3.0,), op_kwargs={"shift": 1.0}, constant=False)
    assert host(y).tolist() == [4, 13]
    y.backward()
    assert host(x.grad).tolist() == [6, 12]


def test_a_write_never_changes_what_an_operation_kept() -> None:
    x = mg.tensor([1.0, 2.0])
    source = +x
    result = mg.execute_op(Cube, source)
    source[0] = 10.0  # the tensor moves to a buffer of its own
    assert host(source).tolist() == [10, 2]
    result.backward()
    assert host(x.grad).tolist() == [3, 12]


def test_a_write_to_the_result_never_changes_what_an_operation_kept() -> None:
    class Through(Cube):
        """Returns its operand's own array, and needs it again."""

        def __call__(self, x: Any) -> Any:
            self.variables = (x,)
            return x.data

        def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
            (x,) = self.variables
            return grad * x.data

    x = mg.tensor([1.0, 2.0])
    result = mg.execute_op(Through, x)
    doubled = result * 2.0
    result[0] = 10.0
    doubled.backward()
    assert host(x.grad).tolist() == [2, 4]


def test_first_order_operations_say_so() -> None:
    x = mg.tensor([1.0, 2.0])
    y = mg.execute_op(Cube, x)
    with pytest.raises(Exception, match=r"(?i)first.order|higher.order|create_graph"):
        y.backward(create_graph=True)


# --- the classes for ufuncs and for functions over axes ----------------------------------------
class Sine(operation_base.UnaryUfunc):
    numpy_ufunc = np.sin

    def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
        (x,) = self.variables
        return grad * np.cos(x.data)


class Product(operation_base.BinaryUfunc):
    numpy_ufunc = np.multiply

    def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
        return grad * self.variables[1 - index].data


class Total(operation_base.Sequential):
    numpy_func = staticmethod(np.sum)

    def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
        (x,) = self.variables
        if self.axis is not None and self.keepdims is not True:
            grad = np.expand_dims(grad, self.axis)
        return np.broadcast_to(grad, x.shape)


class Nothing(Cube):
    """Its operand gets no gradient."""

    def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
        raise operation_base.SkipGradient


class Doubled(Cube):
    """Each contribution is changed afterwards."""

    @staticmethod
    def grad_post_process_fn(grad: Any, var_shape: tuple[int, ...]) -> Any:
        assert grad.shape == var_shape
        return 2 * grad


numpys = pytest.mark.numpy_only("these classes call functions of NumPy")


@numpys
def test_ufuncs_of_users() -> None:
    x, y = np.array([0.3, -1.2, 2.0]), np.array([[2.0], [3.0]])
    check_gradients(lambda x: mg.execute_op(Sine, x), [x])
    check_gradients(lambda x, y: mg.execute_op(Product, x, y), [x, y])
    t = mg.tensor(x)
    options = {"where": np.array([True, False, True]), "out": np.zeros(3)}
    result = mg.execute_op(Sine, t, op_kwargs=options)
    np.testing.assert_allclose(result.data, np.sin(x) * [1, 0, 1])
    result.backward()
    np.testing.assert_allclose(t.grad, np.cos(x) * [1, 0, 1])


@numpys
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
@pytest.mark.parametrize("options", [{}, {"keepdims": True}, {"initial": 2.0}])
def test_functions_over_axes(axis: Any, options: dict[str, Any]) -> None:
    def f(x: Any) -> Any:
        return mg.execute_op(Total, x, op_kwargs={"axis": axis, **options})

    check_gradients(f, [np.arange(6.0).reshape(2, 3)])
    np.testing.assert_array_equal(host(f(np.ones((2, 3)))), np.ones((2, 3)).sum(axis, **options))


def test_skipped_and_processed_gradients() -> None:
    x = mg.tensor([1.0, 2.0])
    (mg.execute_op(Nothing, x) + x).backward()
    assert host(x.grad).tolist() == [1, 1]
    mg.execute_op(Doubled, x).backward()
    assert host(x.grad).tolist() == [6, 24]


def test_an_operation_into_out() -> None:
    x, out = mg.tensor([1.0, 2.0]), mg.zeros(2, dtype=float)
    assert mg.execute_op(Cube, x, out=out) is out
    assert host(out).tolist() == [1, 8]
    out.backward()
    assert host(x.grad).tolist() == [3, 12]


def test_operations_have_to_define_two_methods() -> None:
    class Half(Operation):
        def __call__(self, *input_vars: Any, **kwargs: Any) -> Any: ...

    with pytest.raises(TypeError, match="backward_var"):
        Half()  # type: ignore[abstract]
