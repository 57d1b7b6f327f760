"""An import path of MyGrad 2; see `mygrad.nnet.layers.windows`."""

from mygrad.nnet.layers.windows import sliding_window_view

__all__ = ["sliding_window_view"]
