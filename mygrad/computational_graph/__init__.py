"""Drawings of computational graphs.

`build_graph` draws with Graphviz, as in MyGrad 2. `view_graph` needs nothing but a browser (or
a notebook), and shows values, gradients and the derivative rules of operations.
"""

from mygrad.computational_graph.dot import build_graph
from mygrad.computational_graph.trace import trace
from mygrad.computational_graph.view import GraphView, view_graph

__all__ = ["GraphView", "build_graph", "trace", "view_graph"]
