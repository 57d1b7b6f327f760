"""mygrad.linalg, to type checkers. Written by ci/write_stubs.py from the declarations."""

from mygrad import matmul as matmul
from mygrad.linalg.einsum import einsum as einsum
from mygrad.linalg.norms import norm as norm
from mygrad.linalg.products import dot as dot
from mygrad.linalg.products import inner as inner
from mygrad.linalg.products import multi_matmul as multi_matmul
from mygrad.linalg.products import outer as outer
from mygrad.linalg.products import tensordot as tensordot
from mygrad.linalg.products import vdot as vdot

__all__: list[str]
