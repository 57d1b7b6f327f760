"""Layers."""

from mygrad.nnet.layers.attention import scaled_dot_product_attention
from mygrad.nnet.layers.batchnorm import batchnorm
from mygrad.nnet.layers.conv import conv_nd, conv_transpose_nd
from mygrad.nnet.layers.dropout import dropout
from mygrad.nnet.layers.embedding import embedding
from mygrad.nnet.layers.group_norm import group_norm
from mygrad.nnet.layers.gru import gru
from mygrad.nnet.layers.layer_norm import layer_norm
from mygrad.nnet.layers.lstm import lstm
from mygrad.nnet.layers.pooling import adaptive_avg_pool, avg_pool, max_pool
from mygrad.nnet.layers.windows import sliding_window_view

__all__ = [
    "adaptive_avg_pool",
    "avg_pool",
    "batchnorm",
    "conv_nd",
    "conv_transpose_nd",
    "dropout",
    "embedding",
    "group_norm",
    "gru",
    "layer_norm",
    "lstm",
    "max_pool",
    "scaled_dot_product_attention",
    "sliding_window_view",
]
