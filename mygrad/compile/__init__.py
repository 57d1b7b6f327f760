"""`mygrad.compile`: functions of tensors, in-place writes and gradients included, as programs.

The function is called once with tracers in the place of arrays, and what it does to them becomes
one program of XLA's. From then on a call runs the program, and writes back what it changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from mygrad.compile.errors import CannotCompile
from mygrad.compile.function import Compiled, disabled

__all__ = ["CannotCompile", "Compiled", "compile"]


class _Compile:
    """Compile a function of tensors: record it once, and run it as one program from then on.

    Parameters
    ----------
    function
        What to compile. It takes tensors, arrays, Python's numbers and other values, in any nesting
        of lists, tuples and dictionaries, and returns such. Tensors that it meets by closure, as
        globals, or as attributes of objects are inputs; what it writes in place, and what it
        assigns to ``.grad``, ``.data``, attributes and entries of containers, is there afterwards.
        Left out, the call returns a decorator.
    dynamic
        Which of its arguments that are Python numbers are inputs of the program: True for all, or
        the names of parameters. For each value of the others a program of its own is made.
    fallback
        Whether a function that cannot be compiled runs eagerly, which is said once.
    maxsize
        How many programs are kept; the one that was not used for longest makes room.

    Returns
    -------
    Compiled
        A function that does the same, with ``cache_info()``, ``cache_clear()`` and ``explain()``.

    Raises
    ------
    CannotCompile
        When it is called: the function branches on values of tensors, turns them into numbers or
        NumPy arrays, or does something else that needs them. The message names the line.
    ImportError
        When it is called: JAX, whose compiler is used, is not installed.

    Examples
    --------
    >>> import mygrad as mg
    >>> w = mg.tensor([1.0, 2.0])
    >>> @mg.compile
    ... def step(x):
    ...     loss = ((w * x) ** 2).sum()
    ...     loss.backward()
    ...     w.data -= 0.25 * w.grad
    ...     return loss
    >>> step(mg.tensor([1.0, 1.0]))
    Tensor(5.)
    >>> w
    Tensor([0.5, 1. ])
    """

    disabled = staticmethod(disabled)
    CannotCompile = CannotCompile

    def __call__(
        self, function: Callable[..., Any] | None = None, *,
        dynamic: bool | Collection[str] = False, fallback: bool = False, maxsize: int = 64,
    ) -> Any:  # fmt: skip
        if function is None:
            return lambda f: self(f, dynamic=dynamic, fallback=fallback, maxsize=maxsize)
        if not callable(function):
            raise TypeError(f"mg.compile takes a function, and was given {function!r}")
        if isinstance(function, Compiled):
            return function
        return Compiled(function, dynamic, fallback, maxsize)

    def __repr__(self) -> str:
        return "<function mygrad.compile>"


compile = _Compile()
compile.__doc__ = _Compile.__doc__
