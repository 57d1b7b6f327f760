"""The source text of derivative rules."""

from __future__ import annotations

import ast
import dis
import inspect
import linecache
import textwrap
from collections.abc import Iterator
from functools import lru_cache, partial
from types import CodeType, FunctionType
from typing import Any

__all__ = ["called_functions", "derivative_rules", "plain", "summary_of"]

NO_SOURCE = "(its source text is not available)"
MOST_HELPERS = 4


@lru_cache(maxsize=512)
def derivative_rules(operation: Any) -> tuple[tuple[str, str], ...]:
    """How an operation is differentiated, as it stands in its source.

    Parameters
    ----------
    operation
        A primitive of mygrad, or a subclass of `mygrad.operation_base.Operation`.

    Returns
    -------
    tuple of (str, str)
        What is differentiated by, and the text of the rule; then functions that the rules call.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.computational_graph.rules import derivative_rules
    >>> derivative_rules(mg.sin)
    (('by x', 'lambda g, x, xp: g * xp.cos(x)'),)
    """
    if isinstance(operation, type):
        return (("backward_var", _function_source(getattr(operation, "backward_var", None))),)
    texts: list[tuple[str, str]] = []
    functions: list[FunctionType] = []
    together = {k for rule in operation.joint_rules for k in rule.operands}
    for k, (name, entry) in enumerate(zip(operation.operand_names, operation.rules, strict=True)):
        if entry is None:
            if k not in together:
                texts.append((f"by {name}", "no derivative"))
            continue
        rule = plain(entry.function)
        functions.append(rule)
        by = f"by {name}[i]" if operation.variadic else f"by {name}"
        texts.append((by, source_of(rule)))
    for entry in operation.joint_rules:
        rule = plain(entry.function)
        functions.append(rule)
        by = ", ".join(operation.operand_names[k] for k in entry.operands)
        texts.append((f"by {by}", source_of(rule)))
    seen = set(functions)
    for function in functions:  # grows while helpers of helpers are found
        for helper in called_functions(function):
            if helper not in seen and len(seen) < len(operation.rules) + MOST_HELPERS:
                seen.add(helper)
                functions.append(helper)
                texts.append((f"with {helper.__name__}", source_of(helper)))
    return tuple(texts)


def summary_of(primitive: Any, k: int) -> str:
    """What the functions that make up the rule for an operand say of themselves.

    Parameters
    ----------
    primitive
        The operation.
    k
        The number of the operand.

    Returns
    -------
    str
        The first lines of their docstrings.
    """
    rules = [*primitive.rules, *primitive.joint_rules]
    number = 0 if primitive.variadic else k
    for entry in rules:
        if entry is not None and number in entry.operands:
            rule = plain(entry.function)
            if rule.__doc__:
                return _first_line(rule)
            said = {f.__name__.lstrip("_"): _first_line(f) for f in called_functions(rule)}
            texts = [f"{name}: {text}" for name, text in said.items() if text]
            return " ".join(texts) or f"by the rule of {primitive.name}"
    return ""


def _first_line(function: Any) -> str:
    return (function.__doc__ or "").strip().partition("\n")[0].replace("`", "")


def plain(function: Any) -> Any:
    """The function itself, without the arguments that are already given or wrappers around."""
    while isinstance(function, partial):
        function = function.func
    return inspect.unwrap(function)


def source_of(function: Any) -> str:
    """The text of a function; of a lambda that alone, not the statement around it."""
    if getattr(function, "__name__", "") == "<lambda>":
        return _lambda_source(function.__code__)
    return _function_source(function)


def _function_source(function: Any) -> str:
    try:
        return textwrap.dedent(inspect.getsource(function)).rstrip()
    except (OSError, TypeError, SyntaxError):
        return NO_SOURCE


@lru_cache(maxsize=64)
def _lambdas(filename: str) -> tuple[str, list[ast.Lambda]]:
    """The text of a file, and all lambdas in it."""
    text = "".join(linecache.getlines(filename))
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text, []
    return text, [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]


def _lambda_source(code: CodeType) -> str:
    text, lambdas = _lambdas(code.co_filename)
    on_line = [node for node in lambdas if node.lineno == code.co_firstlineno]
    if not on_line:
        return NO_SOURCE
    # Several may begin on one line: it is the one whose body holds most of the instructions,
    # and of nested ones the outermost of those.
    positions = [(line, column) for line, _, column, _ in code.co_positions() if line and column]
    node = max(on_line, key=lambda node: _held(node.body, positions))
    lines = (ast.get_source_segment(text, node) or NO_SOURCE).splitlines()
    rest = textwrap.indent(textwrap.dedent("\n".join(lines[1:])), "    ")
    return "\n".join([lines[0], rest]).rstrip()


def _held(body: ast.expr, positions: list[Any]) -> int:
    start = body.lineno, body.col_offset
    end = body.end_lineno, body.end_col_offset
    return sum(start <= position < end for position in positions)


def called_functions(function: FunctionType) -> Iterator[FunctionType]:
    """Plain functions of the same project that a function calls by a global name."""
    package = function.__module__.partition(".")[0]
    for instruction in dis.get_instructions(function.__code__):
        if instruction.opname == "LOAD_GLOBAL":
            found = function.__globals__.get(instruction.argval)
            if isinstance(found, FunctionType) and found.__module__.partition(".")[0] == package:
                yield found
