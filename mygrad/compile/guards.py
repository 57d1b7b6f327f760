"""Whether what a compiled function met is still there; each call asks that first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from keyword import iskeyword
from operator import attrgetter, getitem
from typing import Any, NamedTuple

__all__ = ["Guards", "Question", "attribute", "contents", "follows", "item", "of_tensor"]

_OFTEN = 100
"""How many calls pay for an expression: a question takes Python some 10 us to compile, and is
answered 0.1 us sooner."""


class Question(NamedTuple):
    """What is at a place, said in two ways: by a function of an owner and a key, and in Python.

    The text has ``{owner}``, and ``{key}`` if it does not say the key itself.
    """

    look: Callable[[Any, Any], Any]
    owner: Any
    key: Any
    text: str


def item(owner: Any, key: Any) -> Question:
    """An element of a container."""
    return Question(getitem, owner, key, "{owner}[{key}]")


def attribute(owner: Any, name: str) -> Question:
    """An attribute, of any name."""
    if name.isascii() and name.isidentifier() and not iskeyword(name):
        return Question(getattr, owner, name, "{owner}." + name)
    return Question(getattr, owner, name, "getattr({owner}, {key})")


def contents(cell: Any, name: Any) -> Question:
    """What a function has by closure."""
    return Question(getattr, cell, "cell_contents", "{owner}.cell_contents")


def of_tensor(tensors: list[Any], k: int, path: str) -> Question:
    """What a path of attributes leads to, of a tensor that another one may take the place of."""

    def look(tensors: list[Any], k: int) -> Any:
        return attrgetter(path)(tensors[k])

    return Question(look, tensors, k, f"{{owner}}[{k}].{path}")


def follows(library: Any) -> Question:
    """Whether data on the host go to a library."""
    return Question(lambda library, _: library.follows(), library, None, "{owner}.follows()")


class Guards:
    """Places, and the objects that were there.

    The first calls go through a list of questions. Where there are many calls, all questions become
    one expression of Python's, which has its answer in a quarter of the time::

        len(a) == 2 and a[b] is there[0] and c.weight is there[1] and d[0]._data is there[2] ...

    Attributes
    ----------
    there
        The objects, in the order of the questions. Elements may be replaced.
    """

    def __init__(
        self, questions: Sequence[Question], there: list[Any], sized: Sequence[tuple[Any, int]]
    ) -> None:
        self.there = there
        self._questions, self._sized = questions, sized
        self._calls = 0
        self._expression: Callable[[], bool] | None = None

    def hold(self) -> bool:
        """Whether the same objects are there, and containers are as long as they were."""
        try:
            if self._expression is not None:
                return self._expression()
            self._calls += 1
            if self._calls == _OFTEN:
                self._expression = self._compiled()
            return all(len(owner) == size for owner, size in self._sized) and all(
                look(owner, key) is there
                for (look, owner, key, _), there in zip(self._questions, self.there, strict=True)
            )
        except (AttributeError, KeyError, IndexError, ValueError):  # something is not there
            return False

    def _compiled(self) -> Callable[[], bool]:
        """The questions as one expression; the objects that it names are defaults of parameters."""
        names: dict[int, str] = {}
        objects: dict[str, Any] = {}

        def name(of: Any) -> str:
            if id(of) not in names:
                names[id(of)] = f"_{len(names)}"
                objects[names[id(of)]] = of
            return names[id(of)]

        there = name(self.there)
        terms = [f"len({name(owner)}) == {size}" for owner, size in self._sized]
        for k, (_, owner, key, text) in enumerate(self._questions):
            said = text.format(owner=name(owner), key=name(key) if "{key}" in text else "")
            terms.append(f"{said} is {there}[{k}]")
        parameters = ", ".join(f"{name}={name}" for name in objects)
        expression: Callable[[], bool] = eval(
            f"lambda {parameters}: {' and '.join(terms) or True}", objects
        )
        return expression
