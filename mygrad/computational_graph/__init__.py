"""Drawings of computational graphs.

`build_graph` draws with Graphviz, as in MyGrad 2. `view_graph` needs nothing but a browser (or
a notebook), and shows values, gradients and the derivative rules of operations. `explain` writes
the chain rule of a computation down, step by step.
"""

from mygrad.computational_graph.chain_rule import explain
from mygrad.computational_graph.dot import build_graph
from mygrad.computational_graph.explanation import Explanation
from mygrad.computational_graph.trace import trace
from mygrad.computational_graph.view import GraphView, view_graph

__all__ = ["Explanation", "GraphView", "build_graph", "explain", "trace", "view_graph"]
