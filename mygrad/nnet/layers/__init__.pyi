"""mygrad.nnet.layers, to type checkers. Written by ci/write_stubs.py from the declarations."""

from mygrad.nnet.layers.batchnorm import batchnorm as batchnorm
from mygrad.nnet.layers.dropout import dropout as dropout
from mygrad.nnet.layers.embedding import embedding as embedding
from mygrad.nnet.layers.gru import gru as gru
from mygrad.nnet.layers.layer_norm import layer_norm as layer_norm
from mygrad.nnet.layers.pooling import adaptive_avg_pool as adaptive_avg_pool
from mygrad.nnet.layers.windows import sliding_window_view as sliding_window_view
from mygrad.tensors.base import Tensor
from mygrad.typing import ArrayLike
from mygrad.typing import Shape
from typing import Any

__all__: list[str]
def avg_pool(
    x: ArrayLike, pool: Shape, stride: int | Shape = ..., padding: int | Shape = ...,
    count_include_pad: bool = ..., *, out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def conv_nd(
    x: ArrayLike, filter_bank: ArrayLike, stride: int | Shape, padding: int | Shape = ...,
    dilation: int | Shape = ..., *, out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def max_pool(
    x: ArrayLike, pool: Shape, stride: int | Shape, *, out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
