"""mygrad.nnet.layers, to type checkers. Written by ci/write_stubs.py from the declarations."""

from mygrad.nnet.layers.attention import scaled_dot_product_attention as scaled_dot_product_attention
from mygrad.nnet.layers.batchnorm import batchnorm as batchnorm
from mygrad.nnet.layers.conv import conv_transpose_nd as conv_transpose_nd
from mygrad.nnet.layers.dropout import dropout as dropout
from mygrad.nnet.layers.embedding import embedding as embedding
from mygrad.nnet.layers.group_norm import group_norm as group_norm
from mygrad.nnet.layers.gru import gru as gru
from mygrad.nnet.layers.layer_norm import layer_norm as layer_norm
from mygrad.nnet.layers.lstm import lstm as lstm
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
    dilation: int | Shape = ..., groups: int = ..., *, out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
def max_pool(
    x: ArrayLike, pool: Shape, stride: int | Shape, *, out: Any = ..., constant: bool | None = ...
) -> Tensor: ...
