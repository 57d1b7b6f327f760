"""Nested lists, tuples, named tuples and dictionaries: taken apart into leaves, and put together.

A *leaf* is anything else: an array, a tensor, a number, an object. None has no leaves, so that what
is optional may be left out.

>>> leaves, structure = flatten({"w": 1.0, "layers": [(2.0, None), 3.0]})
>>> leaves
[1.0, 2.0, 3.0]
>>> structure.filled(["a", "b", "c"])
{'w': 'a', 'layers': [('b', None), 'c']}
>>> structure.paths("params")
["params['w']", "params['layers'][0][0]", "params['layers'][1]"]
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["CONTAINERS", "LEAF", "Structure", "flatten", "map_leaves"]


_NONE = type(None)
CONTAINERS = (list, tuple, dict, _NONE)


@dataclass(slots=True, unsafe_hash=True)  # frozen ones take three times as long to make
class Structure:
    """How leaves are nested; two are equal if their containers, keys and lengths are.

    The order of the leaves is that of the containers' items; in dictionaries that in which the
    keys were added.

    Attributes
    ----------
    kind
        The class of the container; None for a leaf, and for None its class.
    keys
        The keys of a dictionary, the fields of a named tuple, or 0, 1, ...
    parts
        The structure of each item.
    default
        What a ``defaultdict`` makes missing items with.
    """

    kind: type[Any] | None = None
    keys: tuple[Any, ...] = ()
    parts: tuple[Structure, ...] = ()
    default: Any = None

    @property
    def count(self) -> int:
        """How many leaves there are."""
        return 1 if self.kind is None else sum(part.count for part in self.parts)

    def filled(self, leaves: Sequence[Any]) -> Any:
        """The containers again, with these leaves.

        Raises
        ------
        ValueError
            There are more or fewer leaves than places.
        """
        if len(leaves) != self.count:
            raise ValueError(
                f"a structure of {self.count} leaves cannot be filled with {len(leaves)}"
            )
        return self._filled(iter(leaves))

    def _filled(self, leaves: Iterator[Any]) -> Any:
        kind = self.kind
        if kind is None:
            return next(leaves)
        items = [part._filled(leaves) for part in self.parts]
        if kind is _NONE:
            return None
        if issubclass(kind, defaultdict):
            return kind(self.default, zip(self.keys, items, strict=True))
        if issubclass(kind, dict):
            return kind(zip(self.keys, items, strict=True))
        return kind(*items) if hasattr(kind, "_fields") else kind(items)

    def paths(self, name: str) -> list[str]:
        """Where each leaf is, as a user writes it: ``params['w'][0]``."""
        if self.kind is None:
            return [name]
        return [
            path
            for key, part in zip(self.keys, self.parts, strict=True)
            for path in part.paths(self._path(name, key))
        ]

    def _path(self, name: str, key: Any) -> str:
        return f"{name}.{key}" if hasattr(self.kind, "_fields") else f"{name}[{key!r}]"

    def leaves_of(self, tree: Any, name: str, like: str) -> list[Any]:
        """The leaves of `tree`, which has to be nested in this way.

        Dictionaries may have their keys in another order. Lists, tuples and dictionaries of other
        classes are not taken for one another. At a leaf of this structure everything is a leaf.

        Parameters
        ----------
        tree
            What is taken apart.
        name, like
            What to call it, and what it has to be nested like, in errors.

        Raises
        ------
        TypeError
            There is another container, or none; the message says where.
        ValueError
            There are other keys, or more or fewer items.
        """
        if self.kind is None:
            return [tree]
        if type(tree) is not self.kind:
            found, wanted = ("None" if k is _NONE else k.__name__ for k in (type(tree), self.kind))
            raise TypeError(f"{name} is not nested like {like}: it is {found}, and not {wanted}")
        parts = dict(zip(self.keys, self.parts, strict=True))
        items = dict(_items(tree))
        if items.keys() != parts.keys():
            missing = [key for key in parts if key not in items]
            surplus = [key for key in items if key not in parts]
            if issubclass(self.kind, dict):
                lacks = ((name, missing), (like, surplus))
                why = [f"{one} has no {', '.join(map(repr, k))}" for one, k in lacks if k]
            else:
                why = [f"it has {len(items)} items", f"not {len(parts)}"]
            raise ValueError(f"{name} is not nested like {like}: {', and '.join(why)}")
        return [
            leaf
            for key, part in parts.items()
            for leaf in part.leaves_of(items[key], self._path(name, key), self._path(like, key))
        ]


LEAF = Structure()
"""The structure of what is no container."""


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves of nested containers, and how they were nested."""
    leaves: list[Any] = []
    return leaves, _taken_apart(tree, leaves)


def _taken_apart(tree: Any, leaves: list[Any]) -> Structure:
    if not isinstance(tree, CONTAINERS):
        leaves.append(tree)
        return LEAF
    items = _items(tree)
    return Structure(
        type(tree),
        tuple(key for key, _ in items),
        tuple(_taken_apart(item, leaves) for _, item in items),
        getattr(tree, "default_factory", None),
    )


def _items(tree: Any) -> list[tuple[Any, Any]]:
    """The items of a container, with their keys."""
    if tree is None:
        return []
    if isinstance(tree, dict):
        return list(tree.items())
    return list(zip(getattr(tree, "_fields", range(len(tree))), tree, strict=True))


def map_leaves(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Call a function with each leaf of `tree`, and with those in the same place of others.

    >>> map_leaves(lambda a, b: a + b, {"w": 1, "b": [2]}, {"b": [20], "w": 10})
    {'w': 11, 'b': [22]}
    """
    leaves, structure = flatten(tree)
    columns = [
        structure.leaves_of(other, f"tree {k}", "tree 1") for k, other in enumerate(others, 2)
    ]
    return structure.filled([function(*row) for row in zip(leaves, *columns, strict=True)])
