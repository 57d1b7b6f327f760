"""Operations of users: declared as functions with rules, or written as classes.

`primitive`, `ufunc` and `kernel_for` declare operations; the guide is
``docs/writing-operations.md``. `Operation` and its subclasses are how programs for MyGrad 2 write
them.
"""

from mygrad.operation_base.classes import (
    BinaryUfunc,
    Operation,
    Sequential,
    SkipGradient,
    Ufunc,
    UnaryUfunc,
    execute_op,
    install,
)
from mygrad.operation_base.declarations import kernel_for, primitive, ufunc

__all__ = [
    "BinaryUfunc", "Operation", "Sequential", "SkipGradient", "Ufunc", "UnaryUfunc", "execute_op",
    "install", "kernel_for", "primitive", "ufunc",
]  # fmt: skip
