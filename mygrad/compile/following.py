"""What Python objects do not tell of themselves while a function is traced.

Lists that are appended to get a stand-in which notes whether anybody reads them; sets, queues and
iterators are looked at before and after.
"""

from __future__ import annotations

import operator
import types
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["AppendedList", "put_back", "same_state", "state_of", "watched"]


class AppendedList(list[Any]):
    """A list that is appended to, which notes whether it is used in other ways, too.

    Attributes
    ----------
    of
        The list that it stands for.
    read
        Whether somebody looked at its length or its items.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, of: list[Any]) -> None:
        super().__init__(of)
        self.of, self.read = of, False

    def items(self) -> list[Any]:
        """What is in it, which is no use of it."""
        return [list.__getitem__(self, k) for k in range(list.__len__(self))]


def _noting(name: str) -> Callable[..., Any]:
    method = getattr(list, name)

    def call(self: AppendedList, *args: Any, **kwargs: Any) -> Any:
        self.read = True
        return method(self, *args, **kwargs)

    call.__name__ = name
    return call


for _name in (
    "__len__ __iter__ __getitem__ __setitem__ __delitem__ __contains__ __reversed__ __eq__ __ne__ "
    "__lt__ __le__ __gt__ __ge__ __add__ __mul__ __rmul__ __imul__ __repr__ clear copy count index "
    "insert pop remove reverse sort"
).split():
    setattr(AppendedList, _name, _noting(_name))


def watched(value: Any) -> bool:
    """Whether an object has a state that is not seen where it is held."""
    return isinstance(value, (set, deque, bytearray, types.GeneratorType)) or (
        isinstance(value, Iterator) and type(value).__module__ in ("builtins", "itertools")
    )


def state_of(value: Any) -> Any:
    """Something that is another one after an object has changed; all of it, for containers."""
    if isinstance(value, (set, deque, bytearray)):
        return list(value)
    if isinstance(value, types.GeneratorType):
        return None if value.gi_frame is None else value.gi_frame.f_lasti
    if type(value).__module__ == "itertools":
        return repr(value)
    return operator.length_hint(value, -1)


def same_state(before: Any, after: Any) -> bool:
    """Whether two states are one: the very same objects, for containers."""
    if isinstance(before, list):
        return len(before) == len(after) and all(map(operator.is_, before, after))
    return bool(before == after)


def put_back(value: Any, before: Any) -> None:
    """Give a container the items again that it had."""
    value.clear()
    value.extend(before) if not isinstance(value, set) else value.update(before)
