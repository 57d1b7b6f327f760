"""Operations that users write as classes, in the form that MyGrad 2 gave them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradcheck import check_gradients, host, raw

import mygrad as mg
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


def test_first_order_operations_say_so() -> None:
    x = mg.tensor([1.0, 2.0])
    y = mg.execute_op(Cube, x)
    with pytest.raises(Exception, match=r"(?i)first.order|higher.order|create_graph"):
        y.backward(create_graph=True)
