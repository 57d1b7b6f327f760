"""What a function can reach: the tensors, arrays and numbers that a call of it may read or change.

The walk begins at the function and its arguments and goes where Python code can go: closures,
defaults, the globals that the code names, containers, attributes. Of installed libraries it walks
the objects, and not the code. Everything met is written down in a *signature*, so that two walks
with one signature are two calls that one program serves.
"""

from __future__ import annotations

import dis
import enum
import functools
import gc
import sys
import types
from collections import deque
from collections.abc import Callable, Iterator
from operator import is_
from typing import Any
from weakref import ReferenceType

import numpy as np

from mygrad.autodiff.nodes import Handle
from mygrad.autodiff.primitive import Primitive
from mygrad.compile.errors import CannotCompile, is_library
from mygrad.compile.following import watched
from mygrad.compile.libraries import is_array

__all__ = ["NUMBERS", "Place", "Reached", "reach"]

NUMBERS = (int, float)  # and not bool: it chooses between programs
_VALUES = (int, float, complex, bool, str, bytes, type(None), type(...), np.generic, np.dtype)
_OPAQUE = (
    types.ModuleType, types.CodeType, types.FrameType, types.TracebackType, ReferenceType,
    types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType,
    types.GetSetDescriptorType, types.MemberDescriptorType, np.ufunc, np.random.Generator,
    np.random.RandomState, property, staticmethod, classmethod,
)  # fmt: skip
_MACHINERY = ("mygrad.arrays.", "mygrad.autodiff.", "jax.", "jaxlib.", "inspect.", "typing.")
"""Modules and packages whose objects hold nothing that a compiled function could change."""
_MOST = 50_000


class Place:
    """Something that holds values: a container, the attributes of an object, a closure's cell.

    Attributes
    ----------
    owner
        What is changed to change a value.
    keys
        Under which the values are; for lists and tuples their positions.
    values
        What was there at the time of the walk.
    path
        What a user would write for it.
    parent
        Of tuples, which never change: the place that holds them, and the key there.
    grown
        Of lists: whether they are only appended to, so that what is in them does not matter.
    read
        Of lists: whether they are appended to and read.
    """

    __slots__ = ("grown", "keys", "kind", "owner", "parent", "path", "read", "values")

    def __init__(
        self, kind: str, owner: Any, keys: Any, values: Any, path: str, parent: Any = None
    ) -> None:
        self.kind, self.owner, self.path, self.parent = kind, owner, path, parent
        self.keys, self.values = list(keys), list(values)
        self.grown = self.read = False

    def present(self) -> tuple[list[Any], list[Any]]:
        """The keys and values that are there now."""
        kind, owner = self.kind, self.owner
        if kind == "dict":
            return list(owner.keys()), list(owner.values())
        if kind in ("list", "tuple"):
            return list(range(len(owner))), list(owner)
        if kind == "names":
            return self.keys, [owner.get(key) for key in self.keys]
        if kind == "cell":
            try:
                return self.keys, [owner.cell_contents]
            except ValueError:
                return self.keys, [None]
        if kind == "attributes":
            return self.keys, [getattr(owner, key, None) for key in self.keys]
        return self.keys, list(self.values)

    def now(self, key: Any) -> Any:
        """What is there now under a key."""
        if self.kind == "attributes":
            return getattr(self.owner, key)
        if self.kind == "cell":
            return self.owner.cell_contents
        owner = self.parent[0].now(self.parent[1]) if self.kind == "tuple" else self.owner
        return owner[key]

    def put(self, key: Any, value: Any) -> None:
        """Put a value there."""
        kind, owner = self.kind, self.owner
        if kind in ("dict", "names", "list"):
            owner[key] = value
        elif kind == "cell":
            owner.cell_contents = value
        elif kind == "attributes":
            setattr(owner, key, value)
        elif kind == "tuple":
            items = list(owner)
            items[key] = value
            make = type(owner)
            self.owner = make(*items) if hasattr(make, "_fields") else make(items)
            self.parent[0].put(self.parent[1], self.owner)
        else:
            raise CannotCompile(f"what {self.path} holds cannot be replaced")

    def restore(self, keys: list[Any], values: list[Any]) -> None:
        """Put back what was there, and take away what was not."""
        if self.kind == "dict":
            present = self.owner
            if list(present.keys()) != keys or not all(map(is_, present.values(), values)):
                present.clear()
                present.update(zip(keys, values, strict=True))
        elif self.kind == "list":
            self.owner[:] = values
        elif self.kind == "tuple":
            return
        else:
            _, present = self.present()
            for key, value, now in zip(keys, values, present, strict=True):
                if now is not value:
                    self.put(key, value)

    def name(self, key: Any) -> str:
        """What a user would write for a value."""
        if self.kind == "cell":
            return self.path
        if self.kind == "names":
            return f"{self.path}{key}"
        if self.kind == "attributes" or self.path.endswith("."):
            return f"{self.path.rstrip('.')}.{key}"
        return f"{self.path}[{key!r}]"


class Methods:
    """The compiled methods of an object; its copies have none.

    Attributes
    ----------
    bound
        By the id of what was compiled for the class.
    """

    __slots__ = ("bound",)

    def __init__(self) -> None:
        self.bound: dict[int, Any] = {}

    def __reduce__(self) -> Any:
        return Methods, ()


class Reached:
    """What a walk met.

    Attributes
    ----------
    places
        Where values are held.
    tensors, arrays
        Tensors, by their paths; and raw NumPy arrays, with the places that hold them.
    numbers
        Where Python numbers are: (place, key, value).
    generators
        NumPy's generators of random numbers.
    watched
        Sets, queues and iterators: (path, object).
    signature
        All that decides which program serves a call, but for what is asked of tensors and arrays.
    """

    def __init__(self) -> None:
        self.places: list[Place] = []
        self.tensors: list[tuple[str, Any]] = []
        self.arrays: list[tuple[Place, Any, Any]] = []
        self.numbers: list[tuple[Place, Any, Any]] = []
        self.generators: list[Any] = []
        self.watched: list[tuple[str, Any]] = []
        self.signature: list[Any] = []
        self.optimizers: set[int] = set()
        self.changing: set[str] = set()
        self.more: Any = ()  # what the walk began at beside the function
        self.kept: list[Any] = []  # whose ids are in the signature


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of a function, and of those that are made in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


@functools.lru_cache(1000)
def _names(code: types.CodeType) -> tuple[frozenset[str], frozenset[str]]:
    """The names that code has, and those of them that are globals."""
    names: set[str] = set()
    spaces: set[str] = set()
    for part in _codes(code):
        names.update(part.co_names)
        for step in dis.get_instructions(part):
            if step.opname.endswith(("_GLOBAL", "LOAD_NAME")):
                spaces.add(step.argval)
    return frozenset(names), frozenset(spaces)


class _Walk:
    def __init__(self, changing: set[str], grown: set[Any]) -> None:
        self.found = Reached()
        self.seen: dict[int, int] = {}
        self.todo: deque[tuple[Any, ...]] = deque()
        self.changing, self.grown = changing, grown
        self.found.changing = changing
        self.names: set[str] = set()
        self.classes: list[tuple[type, str]] = []
        self.methods: set[int] = set()

    def run(self) -> Reached:
        while self.todo:
            while self.todo:
                step, *args = self.todo.popleft()
                step(*args)
                if len(self.seen) > _MOST:
                    raise CannotCompile(
                        f"the function reaches more than {_MOST:,} objects, the last of them at "
                        f"{args[-1]!r}: let it reach what it needs alone"
                    )
            self.look_at_classes()
        return self.found

    def look_at_classes(self) -> None:
        """The methods that are called by names that the code has."""
        for kind, path in tuple(self.classes):
            for parent in kind.__mro__:
                for name, value in tuple(vars(parent).items()):
                    dunder = name.startswith("__") and name not in ("__call__", "__init__")
                    function = getattr(value, "__func__", None) or getattr(value, "fget", value)
                    if (
                        id(function) in self.methods
                        or dunder
                        or name not in self.names | {"__call__"}
                    ):
                        continue
                    if isinstance(function, types.FunctionType):
                        self.methods.add(id(function))
                        self.value(function, f"{path}.{name}")

    def place(self, place: Place) -> None:
        found = self.found
        found.places.append(place)
        place.read = ("read", place.path) in self.grown
        if place.kind == "list" and place.path in self.grown and not place.read:
            place.grown = True
            found.signature.append(("grown", place.path))
            return
        found.signature.append((place.kind, tuple(map(_key, place.keys))))
        for key, value in zip(place.keys, place.values, strict=True):
            kind = type(value)
            if is_array(value) and kind is not np.memmap:
                found.signature.append("array")
                found.arrays.append((place, key, value))
                if value.dtype.hasobject:
                    self.objects(value, place.name(key))
            elif kind in NUMBERS:
                name = place.name(key)
                if name in self.changing:
                    found.signature.append(("number", kind))
                else:
                    found.signature.append((kind, repr(value)))
                found.numbers.append((place, key, value))
            else:
                self.value(value, place.name(key), (place, key))

    def value(self, value: Any, path: str, parent: Any = None) -> None:
        """Write a value down, and what it holds for later."""
        found, kind = self.found, type(value)
        if isinstance(value, (_VALUES, enum.Enum)):
            found.signature.append((kind, repr(value)))
            return
        known = self.seen.get(id(value))
        if known is not None:
            found.signature.append(("seen", known))
            return
        self.seen[id(value)] = len(self.seen)
        if isinstance(value, Methods):
            return
        if isinstance(value, Handle):
            found.signature.append("tensor")
            found.tensors.append((path, value))
            return
        self.found.kept.append(value)
        if watched(value):
            found.watched.append((path, value))
        if isinstance(value, ReferenceType):
            found.signature.append("reference")
            self.todo.append((self.value, value(), f"{path}()"))
            return
        if isinstance(value, _OPAQUE):
            if isinstance(value, (np.random.Generator, np.random.RandomState)):
                found.generators.append(value)
            found.signature.append(id(value))
            if isinstance(value, types.BuiltinFunctionType):
                owner = value.__self__
                if owner is not None and not isinstance(owner, types.ModuleType):
                    self.todo.append((self.value, owner, f"{path}.__self__"))
            return
        if isinstance(value, tuple):
            found.signature.append((kind, len(value)))
            place = Place("tuple", value, range(len(value)), value, path, parent)
            self.todo.append((self.place, place))
        elif isinstance(value, list):
            found.signature.append((kind, id(value)) if kind is not list else list)
            self.todo.append((self.place, Place("list", value, range(len(value)), value, path)))
        elif isinstance(value, dict):
            found.signature.append(kind)
            self.todo.append((self.place, Place("dict", value, value.keys(), value.values(), path)))
        elif isinstance(value, (set, frozenset, deque)):
            found.signature.append((kind, len(value)))
            self.referents(value, path)
        elif isinstance(value, types.FunctionType):
            found.signature.append(id(value.__code__))
            self.function(value, path)
        elif isinstance(value, types.MethodType):
            found.signature.append("method")
            self.todo.append((self.value, value.__func__, path))
            self.todo.append((self.value, value.__self__, f"{path}.__self__"))
        elif isinstance(value, functools.partial):
            found.signature.append("partial")
            for name in ("func", "args", "keywords"):
                self.todo.append((self.value, getattr(value, name), f"{path}.{name}"))
        elif isinstance(value, types.CellType):
            found.signature.append("cell")
            self.cell(value, path)
        elif isinstance(value, type):
            found.signature.append(id(value))
            self.type(value, path)
        else:
            found.signature.append(id(kind))
            self.instance(value, path)

    def function(self, function: Any, path: str) -> None:
        inner = getattr(function, "__wrapped__", None)
        if inner is not None:
            self.todo.append((self.value, inner, path))
        if function.__closure__:
            for name, cell in zip(function.__code__.co_freevars, function.__closure__, strict=True):
                self.todo.append((self.value, cell, name))
        for name, default in (function.__kwdefaults__ or {}).items():
            self.todo.append((self.value, default, f"{path}.{name}"))
        if function.__defaults__:
            self.todo.append((self.value, function.__defaults__, f"{path}.__defaults__",
                              (Place("attributes", function, ["__defaults__"], [None], path),
                               "__defaults__")))  # fmt: skip
        code = function.__code__
        if is_library(code.co_filename):
            return
        names, spaces = _names(code)
        self.names |= names
        space = function.__globals__
        keys = sorted(n for n in spaces if n in space)
        values = [space[n] for n in keys]
        self.todo.append((self.place, Place("names", space, keys, values, "")))
        for module in values:
            if isinstance(module, types.ModuleType) and not is_library(
                getattr(module, "__file__", None) or "<none>"
            ):
                inside = vars(module)
                keys = sorted(n for n in names if n in inside)
                path = module.__name__ + "."
                place = Place("names", inside, keys, [inside[n] for n in keys], path)
                self.todo.append((self.place, place))

    def cell(self, cell: Any, path: str) -> None:
        try:
            self.todo.append(
                (self.place, Place("cell", cell, ["cell"], [cell.cell_contents], path))
            )
        except ValueError:  # nothing is in it yet
            pass

    def type(self, kind: type, path: str) -> None:
        module = sys.modules.get(kind.__module__)
        if is_library(getattr(module, "__file__", None) or "<none>") and module is not None:
            return
        if kind.__module__ == "builtins":
            return
        self.classes.append((kind, path))
        for parent in kind.__mro__[:-1]:
            keys = [
                key for key, value in vars(parent).items()
                if not key.startswith("__") and not callable(value)
                and not hasattr(value, "__get__") and key != "_abc_impl"
            ]  # fmt: skip
            if keys:
                values = [vars(parent)[key] for key in keys]
                place = Place("attributes", parent, keys, values, parent.__name__)
                self.todo.append((self.place, place))

    def instance(self, value: Any, path: str) -> None:
        module = type(value).__module__
        if module == "mygrad.compile.function":  # another compiled function
            self.value(value._function, path)
            return
        if isinstance(value, Primitive) or f"{module}.".startswith(_MACHINERY):
            self.found.signature.append(id(value))
            return
        self.value(type(value), type(value).__name__)
        if module == "builtins":
            self.referents(value, path)
            return
        space = getattr(value, "__dict__", None)
        if type(space) is dict:
            if module.startswith("mygrad.optim"):
                self.found.optimizers.add(id(space))
            place = Place("dict", space, space.keys(), space.values(), f"{path}.")
            self.todo.append((self.place, place))
        names = [
            name
            for parent in type(value).__mro__
            for name in _slots(parent)
            if hasattr(value, name)
        ]
        if names:
            values = [getattr(value, name) for name in names]
            self.todo.append((self.place, Place("attributes", value, names, values, path)))
        if space is None and not names:
            self.referents(value, path)

    def objects(self, array: Any, path: str) -> None:
        """The objects in an array of NumPy's."""
        flat = array.reshape(-1)
        if array.dtype == object and np.shares_memory(flat, array):
            place = Place("list", flat, range(flat.size), flat.tolist(), path)
            self.todo.append((self.place, place))

    def referents(self, value: Any, path: str) -> None:
        if not gc.is_tracked(value):
            return
        for held in gc.get_referents(value):
            if not isinstance(held, (type, *_OPAQUE)) and gc.is_tracked(held):
                self.todo.append((self.value, held, f"{path}(...)"))
            elif isinstance(held, np.ndarray):
                self.found.signature.append(id(held))


def _slots(kind: type) -> tuple[str, ...]:
    slots = vars(kind).get("__slots__", ())
    slots = (slots,) if isinstance(slots, str) else tuple(slots)
    return tuple(name for name in slots if name not in ("__weakref__", "__dict__"))


def _key(key: Any) -> Any:
    return key if isinstance(key, (str, int)) else repr(key)


def reach(
    function: Callable[..., Any], changing: set[str], grown: set[str], more: Any = ()
) -> Reached:
    """Walk from a function, and from `more` values: (path, value).

    `changing` are the paths of numbers that are inputs, and `grown` those of lists that are only
    appended to.
    """
    walk = _Walk(changing, grown)
    walk.found.more = more
    walk.value(function, getattr(function, "__name__", "function"))
    for path, value in more:
        walk.value(value, path)
    return walk.run()
