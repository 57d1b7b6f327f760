"""mygrad.linalg, to type checkers. Written by ci/write_stubs.py from the declarations."""

from mygrad import matmul as matmul
from mygrad import matrix_transpose as matrix_transpose
from mygrad.linalg.determinants import slogdet as slogdet
from mygrad.linalg.eigenvalues import eig as eig
from mygrad.linalg.eigenvalues import eigh as eigh
from mygrad.linalg.eigenvalues import eigvals as eigvals
from mygrad.linalg.eigenvalues import eigvalsh as eigvalsh
from mygrad.linalg.einsum import einsum as einsum
from mygrad.linalg.factorizations import qr as qr
from mygrad.linalg.factorizations import svd as svd
from mygrad.linalg.factorizations import svdvals as svdvals
from mygrad.linalg.norms import cond as cond
from mygrad.linalg.norms import matrix_norm as matrix_norm
from mygrad.linalg.norms import matrix_rank as matrix_rank
from mygrad.linalg.norms import norm as norm
from mygrad.linalg.norms import vector_norm as vector_norm
from mygrad.linalg.products import dot as dot
from mygrad.linalg.products import inner as inner
from mygrad.linalg.products import multi_matmul as multi_matmul
from mygrad.linalg.products import tensordot as tensordot
from mygrad.linalg.products import vdot as vdot
from mygrad.linalg.solving import lstsq as lstsq
from mygrad.linalg.solving import matrix_power as matrix_power
from mygrad.linalg.solving import pinv as pinv
from mygrad.linalg.solving import tensorinv as tensorinv
from mygrad.linalg.solving import tensorsolve as tensorsolve
from mygrad.linalg.standard import cross as cross
from mygrad.linalg.standard import diagonal as diagonal
from mygrad.linalg.standard import outer as outer
from mygrad.linalg.standard import trace as trace
from mygrad.linalg.vectors import kron as kron
from mygrad.linalg.vectors import matvec as matvec
from mygrad.linalg.vectors import multi_dot as multi_dot
from mygrad.linalg.vectors import vecdot as vecdot
from mygrad.linalg.vectors import vecmat as vecmat
from mygrad.tensors.base import Tensor
from mygrad.typing import ArrayLike
from typing import Any

__all__: list[str]
def cholesky(
    a: ArrayLike, upper: bool = ..., *, out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def det(a: ArrayLike, *, out: Any = ..., constant: bool | None = ...) -> Tensor: ...
def inv(a: ArrayLike, *, out: Any = ..., constant: bool | None = ...) -> Tensor: ...
def solve(a: ArrayLike, b: ArrayLike, *, out: Any = ..., constant: bool | None = ...) -> Tensor: ...
