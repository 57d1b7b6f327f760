"""What tests of programs, operations and adapters need: ``import mygrad.testing``.

`check_grads` compares derivatives with finite differences, `assert_allclose` compares tensors,
`check_backend` asks an adapter for an array library for everything that mygrad relies on.
`mygrad.testing.strategies` draws tensors, for tests with hypothesis.
"""

from mygrad.testing.backends import BackendReport, check_backend
from mygrad.testing.closeness import assert_allclose
from mygrad.testing.gradients import check_grads

__all__ = ["BackendReport", "assert_allclose", "check_backend", "check_grads"]
