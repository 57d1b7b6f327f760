"""Exceptions and warnings that mygrad raises."""

from __future__ import annotations

__all__ = [
    "DisconnectedView",
    "GradientDetached",
    "InvalidBackprop",
    "InvalidGradient",
    "MyGradException",
]


class MyGradException(Exception):
    """The parent of mygrad's own exceptions."""


class InvalidGradient(MyGradException):
    """A derivative rule returned something that cannot be a gradient of its operand."""


class InvalidBackprop(MyGradException):
    """Back-propagation reached a part of a graph that was cleared before.

    Each ``backward()`` clears the graph it went through. Compute the result again, or
    differentiate with ``backward(create_graph=True)``, which clears nothing.
    """


class DisconnectedView(MyGradException):
    """A view does not look at the memory it is said to look at."""


class GradientDetached(UserWarning):
    """A tensor of a live graph was turned into something that carries no gradient.

    `mygrad.on_detach` turns it into an error, or silences it.
    """
