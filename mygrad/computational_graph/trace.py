"""The computational graph of a tensor, as plain nodes that renderers can draw.

`trace` is the one place here that knows how graphs are recorded (`mygrad.autodiff`); what it
returns knows nothing of records, and the renderers know nothing else.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mygrad.arrays import adapter_of
from mygrad.autodiff.nodes import CLEARED, Handle
from mygrad.computational_graph.rules import derivative_rules

__all__ = [
    "Graph", "Node", "OperationNode", "TensorNode", "Tracer", "look_of", "reads_elements",
    "recorded", "trace", "why_no_graph",
]  # fmt: skip

VIEW_RULE = (
    "A view looks at memory of its base. Its gradient is the same view\n"
    "of the gradient of its base: nothing is computed, nothing is copied."
)
READ_RULE = (
    "The elements that were read were copied. The gradient of the copy is\n"
    "added into those elements of the gradient of the tensor."
)
WRITE_RULE = (
    "The value takes the gradient of the elements that were written.\n"
    "The tensor as it was before gets the rest, with zeros there."
)
ADD_RULE = (
    "The value was added to the elements: it gets their gradient.\n"
    "The tensor as it was before gets the whole gradient."
)
SUBTRACT_RULE = (
    "The value was subtracted from the elements: it gets minus their gradient.\n"
    "The tensor as it was before gets the whole gradient."
)


@dataclass(slots=True, eq=False)
class TensorNode:
    """A tensor, or an array or a number that an operation was called with.

    Attributes
    ----------
    key
        Its place in ``Graph.nodes``.
    name
        What the user calls it; None if `names` does not have it.
    constant
        Whether derivatives stop here.
    raw
        Whether the user passed an array or a number, and no tensor.
    shape, dtype
        None for constants that were written somewhere, of which nothing is recorded.
    value
        The array or number, where somebody still holds it.
    grad
        The gradient, if there is one now.
    creator
        The key of the operation that made it.
    before
        The name of the tensor whose memory this was, before an in-place write changed it.
    note
        What else there is to say.
    """

    key: int
    name: str | None = None
    constant: bool = False
    raw: bool = False
    shape: tuple[int, ...] | None = None
    dtype: Any = None
    value: Any = None
    grad: Any = None
    creator: int | None = None
    before: str | None = None
    note: str = ""


@dataclass(slots=True, eq=False)
class OperationNode:
    """An operation, a view, a read or an in-place write.

    Attributes
    ----------
    key
        Its place in ``Graph.nodes``.
    name
        As in `mygrad`, or the name of the user's `mygrad.operation_base.Operation`.
    kind
        ``"operation"``, ``"view"``, ``"read"`` (of elements, which are copied) or ``"write"``.
    inputs
        (what the operand is called, the key of its node) pairs.
    output
        The key of the tensor that it made.
    details
        (name, text) pairs: its parameters.
    rules
        (title, text) pairs: how it is differentiated.
    when
        A number that grows in the order of the computation; 0 where that is not recorded.
    """

    key: int
    name: str
    kind: str
    inputs: list[tuple[str, int]]
    output: int
    details: list[tuple[str, str]] = field(default_factory=list)
    rules: tuple[tuple[str, str], ...] = ()
    when: int = 0


Node = TensorNode | OperationNode


@dataclass(slots=True, eq=False)
class Graph:
    """What a tensor was computed from.

    Attributes
    ----------
    nodes
        Tensors and operations; a node's ``key`` is its place here.
    result
        The key of the tensor that was asked about.
    cut
        Whether there is more of the graph than was asked for.
    empty
        Why there is no operation in it; "" where there is one.
    """

    nodes: list[Node]
    result: int
    cut: bool = False
    empty: str = ""

    @property
    def operations(self) -> list[OperationNode]:
        """The operations."""
        return [n for n in self.nodes if isinstance(n, OperationNode)]

    @property
    def tensors(self) -> list[TensorNode]:
        """The tensors, arrays and numbers."""
        return [n for n in self.nodes if isinstance(n, TensorNode)]

    @property
    def edges(self) -> list[tuple[int, int]]:
        """(from, to) pairs in the direction of the computation; ``x * x`` has two from `x`."""
        pairs: list[tuple[int, int]] = []
        for op in self.operations:
            pairs += [(key, op.key) for _, key in op.inputs]
            pairs.append((op.key, op.output))
        return pairs


def trace(
    fin: Any, names: Mapping[str, Any] | None = None, *, limit: int | None = None
) -> Graph:
    """Collect what a tensor was computed from.

    Parameters
    ----------
    fin
        The tensor.
    names
        Tensors and arrays by name, ``locals()`` for example.
    limit
        About how many nodes to stop at; those nearest to `fin` are collected first.

    Returns
    -------
    Graph

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.computational_graph import trace
    >>> x = mg.tensor([1.0, 2.0])
    >>> [op.name for op in trace(mg.sum(x * x), {"x": x}).operations]
    ['sum', 'multiply']
    """
    check(fin, names)
    return Tracer(fin, names or {}).run(limit)


def check(fin: Any, names: Any) -> None:
    """Raise where what is to be drawn is no tensor, or names are not given by name."""
    if not isinstance(fin, Handle):
        raise TypeError(f"fin= has to be a mygrad tensor, and is of type {type(fin).__name__}")
    if names is not None and not isinstance(names, Mapping):
        raise TypeError(
            f"names= has to be a dictionary of tensors by name, such as locals(), and is a "
            f"{type(names).__name__}"
        )


class Tracer:
    """Goes from a tensor back through what was recorded, breadth first and without recursion.

    A tensor in the graph is what a window shows of a version of a buffer: (version, look) says
    which, and `look` is None for all of it.
    """

    def __init__(self, fin: Any, names: Mapping[str, Any]) -> None:
        self.nodes: list[Node] = []
        self.found: dict[Any, TensorNode] = {}
        self.pending: deque[tuple[TensorNode, Any]] = deque()
        self.names: dict[Any, str] = {}
        self.values: dict[Any, Any] = {}
        self.constants: dict[int, Any] = {}
        self.fin = fin
        # Records hold arrays, and not many: the values of the others are those of tensors that
        # the user still has. Nothing leads to them but the garbage collector.
        for t in gc.get_objects():
            if issubclass(type(t), Handle):
                try:
                    self._meet(t, None)
                except (AttributeError, RuntimeError):  # half made, or a stand-in without values
                    pass
        for name, value in names.items():
            if isinstance(value, Handle):
                self._meet(value, name)
            elif adapter_of(value) is not None:
                self.names.setdefault(id(value), name)
                self.names.setdefault(("raw", id(value)), name)

    def _meet(self, t: Any, name: str | None) -> None:
        """Remember the name and the value of a tensor that is at hand."""
        if name is not None:
            self.names.setdefault(id(t._data), name)
        version = None if t._buffer is None else t._buffer.version
        if t._constant:
            self.constants[id(t._data)] = t
        if version is None or t._constant:
            return
        self.values.setdefault((version, look_of(t._window)), t._data)
        if name is not None:
            self.names.setdefault((version, look_of(t._window)), name)
            if t._window is None:
                self.names.setdefault(("buffer", id(t._buffer)), name)

    def run(self, limit: int | None) -> Graph:
        t = self.fin
        version = None if t._buffer is None else t._buffer.version
        if t._constant:
            result = self._constant(t)
        elif version is None:
            result = self._tensor(t._data.shape, t._data.dtype, t._data)
            result.name = self.names.get(id(t._data))
            result.grad = _raw(t.grad)
        else:
            result = self._seen(version, t._window)
        cut = False
        while self.pending:
            node, version = self.pending.popleft()
            if limit is not None and len(self.nodes) >= limit:
                node.note = "not all of the graph is drawn: more comes before this"
                cut = True
            elif not hasattr(version, "parents"):
                self._origin(node, version)
            elif hasattr(version, "primitive"):
                self._record(node, version)
            else:
                self._write(node, version)
        why = "" if len(self.nodes) > 1 else why_no_graph(t)
        return Graph(self.nodes, result.key, cut, why)

    # --- nodes ------------------------------------------------------------------------
    def _tensor(self, shape: Any, dtype: Any, value: Any = None) -> TensorNode:
        shape = None if shape is None else tuple(shape)
        node = TensorNode(len(self.nodes), shape=shape, dtype=dtype, value=value)
        self.nodes.append(node)
        return node

    def _operation(self, name: str, kind: str, output: TensorNode) -> OperationNode:
        op = OperationNode(len(self.nodes), name, kind, [], output.key)
        output.creator = op.key
        self.nodes.append(op)
        return op

    def _seen(self, version: Any, window: Any, value: Any = None) -> TensorNode:
        """The node of what `window` shows of a version; `value` if somebody kept it."""
        if hasattr(window, "index"):  # read through integer arrays or a mask
            window, value = window.window, None
        version, window = recorded(version, window)
        key = version, look_of(window)
        node = self.found.get(key)
        if node is not None:
            if node.value is None:
                node.value = value
            return node
        if value is None:
            value = self.values.get(key)
        if window is None:
            node = self._tensor(version.shape, version.dtype, value)
        else:
            node = self._tensor(window.shape, version.dtype, value)
        self.found[key] = node
        node.name = self.names.get(key)
        buffer = version.buffer()
        newest = buffer is not None and buffer.version is version
        if newest and buffer.grad is not None:
            grad = _raw(buffer.grad)
            node.grad = grad if window is None else window.look(grad)
        if node.name is None and buffer is not None and not newest and window is None:
            node.before = self.names.get(("buffer", id(buffer)))
        if window is not None:
            op = self._operation("view", "view", node)
            op.rules = (("", VIEW_RULE),)
            op.inputs.append(("base", self._seen(version, None).key))
        elif version.seq and version.parents is CLEARED:
            node.note = "the graph before this was cleared by a backward()"
        elif version.seq:
            self.pending.append((node, version))
        return node

    def _constant(self, value: Any = None) -> TensorNode:
        """The node of an operand that no derivative flows to; None if nothing is known of it."""
        tensor = value if isinstance(value, Handle) else self.constants.get(id(value))
        value = _raw(value)
        array = adapter_of(value) is not None
        node = self.found.get(id(value)) if array else None
        if node is not None:
            return node
        dtype = getattr(value, "dtype", None if value is None else type(value).__name__)
        if isinstance(value, (list, tuple)):
            value = np.asarray(value)
        shape = () if isinstance(value, (bool, int, float, complex)) else None
        node = self._tensor(getattr(value, "shape", shape), dtype, value)
        node.constant = True
        node.raw = value is not None and tensor is None
        if array:
            self.found[id(value)] = node
            node.name = self.names.get(id(value))
            node.raw = node.raw or ("raw", id(value)) in self.names
        if value is None:
            node.note = "its value was not recorded"
        origin = getattr(tensor, "creator", None)
        if origin is not None:
            self.pending.append((node, origin))
        return node

    # --- what was recorded ------------------------------------------------------------
    def _origin(self, node: TensorNode, origin: Any) -> None:
        """Draw the operation that made a constant."""
        primitive = origin.primitive
        op = self._operation(primitive.name, "operation", node)
        op.rules = derivative_rules(primitive)
        for k, t in enumerate(origin.variables):
            op.inputs.append((_called(primitive, k), self._constant(t).key))

    def _record(self, node: TensorNode, record: Any) -> None:
        """Draw the operation that made `node`."""
        primitive, values = record.primitive, record.values
        positions = primitive.positions
        if values and values[0] is not None and node.value is None:
            node.value = values[0]
        if reads_elements(record):
            op = self._operation("getitem", "read", node)
            op.rules, op.when = (("", READ_RULE),), record.seq
            window = record.windows[0]
            if not hasattr(window, "index"):  # one element: no need to draw how it is found
                window = None
            op.inputs.append(("tensor", self._seen(record.parents[0], window).key))
            return
        operation = None
        if "operation" in positions and values:  # a class that a user wrote
            operation = values[positions["operation"]]
        name = primitive.name if operation is None else type(operation).__name__
        op = self._operation(name, "operation", node)
        rule_of: Any = primitive if operation is None else type(operation)
        op.rules, op.when = derivative_rules(rule_of), record.seq
        first, windows = primitive.first_operand, record.windows
        for k, parent in enumerate(record.parents):
            kept = values[first + k] if len(values) > first else None
            if parent is None:
                operand = self._constant(kept)
            else:
                operand = self._seen(parent, windows[k] if windows else None, kept)
            op.inputs.append((_called(primitive, k), operand.key))
        if operation is None:
            names, defaults = primitive.param_names, primitive.defaults
            for name, value, default in zip(names, values[1:], defaults, strict=False):
                if value is not default and not _same(value, default):
                    op.details.append((name, _short(value)))
        if record.mask is not None:
            op.details.append(("where", _short(record.mask)))

    def _write(self, node: TensorNode, write: Any) -> None:
        """Draw the in-place write that made `node`."""
        sign = write.sign
        name = ("setitem", "add in place", "subtract in place")[sign]
        op = self._operation(name, "write", node)
        op.rules = (("", (WRITE_RULE, ADD_RULE, SUBTRACT_RULE)[sign]),)
        op.when = write.seq
        old, source = write.parents
        if old is not None:
            op.inputs.append(("tensor", self._seen(old, None).key))
        value = self._constant() if source is None else self._seen(source, write.value_window)
        op.inputs.append(("value", value.key))
        if write.index is not None:
            op.details.append(("index", "arrays"))
        elif write.window is not None:
            shape = tuple(write.window.shape)
            op.details.append(("region", str(shape) if shape else "one element"))
        if write.mask is not None:
            op.details.append(("where", _short(write.mask)))


def why_no_graph(t: Any) -> str:
    """Why nothing is known of how a tensor was computed; "" where something is."""
    version = None if t._buffer is None else t._buffer.version
    if t._constant:
        return (
            "It is a constant, and nothing is recorded of how it was computed."
            if t.creator is None
            else ""
        )
    if version is not None and version.seq:
        return ""
    if version is not None and version.stopped:
        return (
            f"Its graph is gone: backward() was called, which clears the graph when it has "
            f"differentiated it (this tensor was made by {version.stopped}). Compute it again and "
            f"call this before backward(), or call backward(create_graph=True), which clears "
            f"nothing."
        )
    return (
        "It is a leaf: it was computed from nothing. If it was computed, then under "
        "mg.no_autodiff, or clear_graph() has let go of its graph."
    )


def _called(primitive: Any, k: int) -> str:
    names = primitive.operand_names
    return f"{names[0]}[{k}]" if primitive.variadic else names[k]


def recorded(version: Any, window: Any) -> tuple[Any, Any]:
    """What the user's program recorded, for what a sweep made to stand for it (`create_graph`)."""
    while _is_stand_in(version):
        if version.windows is None:
            version = version.parents[0]
        elif window is None:
            version, window = version.parents[0], version.windows[0]
        else:
            break
    return version, window


def look_of(window: Any) -> Any:
    """How a window looks at its buffer, as something that can be compared."""
    return None if window is None else (window.offset, tuple(window.shape), tuple(window.strides))


def _is_copy(version: Any) -> bool:
    """Whether the engine, and no call of `mygrad.copy`, recorded this copy."""
    return (
        hasattr(version, "primitive")
        and version.parents is not CLEARED
        and not version.values
        and version.primitive.name == "copy"
    )


def reads_elements(version: Any) -> bool:
    """Whether this is what ``t[index]`` read: one element, or elements through arrays."""
    windows = version.windows
    return (
        _is_copy(version)
        and windows is not None
        and (hasattr(windows[0], "index") or not version.shape)
    )


def _is_stand_in(version: Any) -> bool:
    """Whether this stands for another version, in a sweep on tensors."""
    return _is_copy(version) and not reads_elements(version)


def _raw(array: Any) -> Any:
    return array._data if isinstance(array, Handle) else array


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and adapter_of(value) is None and value == default


def _short(value: Any) -> str:
    if adapter_of(value) is not None:
        return f"array of shape {tuple(value.shape)}"
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
