"""Exceptions of mygrad, and warnings, which `mygrad.on_detach` turns into errors or silences."""

from __future__ import annotations

__all__ = [
    "DisconnectedView", "GradientDetached", "GradientStopped", "InvalidBackprop",
    "InvalidGradient", "MyGradException", "NothingToDifferentiate",
]  # fmt: skip


class MyGradException(Exception):
    """The parent of mygrad's own exceptions."""


class InvalidGradient(MyGradException):
    """A derivative rule returned something that cannot be a gradient of its operand."""


class InvalidBackprop(MyGradException):
    """Back-propagation reached a part of a graph that was cleared before.

    Each ``backward()`` clears the graph it went through, but for ``create_graph=True``.
    """


class DisconnectedView(MyGradException):
    """A view does not look at the memory it is said to look at."""


class GradientDetached(UserWarning):
    """A variable was turned into something that carries no gradient."""


class GradientStopped(UserWarning):
    """A gradient ended at a tensor whose own graph an earlier ``backward()`` cleared."""


class NothingToDifferentiate(UserWarning):
    """``backward()`` did nothing: on a constant, or under `mygrad.no_autodiff`."""
