"""Explanations as text, as LaTeX and as HTML."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from mygrad.arrays import adapter_of
from mygrad.computational_graph.expressions import (
    LATEX,
    MATHML,
    TEXT,
    Derivative,
    Expression,
    Words,
)

__all__ = ["as_html", "as_latex", "as_text", "printed"]

KINDS = {"read": "read of elements", "write": "in-place write"}


def printed(value: Any) -> str:
    """An array as text, abbreviated if it is large; "" for None."""
    if value is None:
        return ""
    adapter = adapter_of(value)
    array = np.asarray(value if adapter is None else adapter.to_host(value))
    if not array.ndim:
        number = array[()]
        return f"{number:.6g}" if array.dtype.kind in "fc" else str(number)
    return np.array2string(array, precision=4, threshold=24, edgeitems=2, max_line_width=60)


def from_steps(numbers: list[int]) -> str:
    """``step 2``, or ``steps 1, 3 and 4``."""
    if not numbers:
        return ""
    if len(numbers) == 1:
        return f"step {numbers[0]}"
    return f"steps {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def lines_of(explanation: Any, step: Any) -> list[tuple[str, list[tuple[Any, ...]]]]:
    """What there is to say of a step: (label, lines), and each line (left, sign, right, note).

    The notations write it; `left` and `right` are formulas, or text for values.
    """
    made = [(step.result, "=", step.formula, "")]
    if step.value:
        made.append((None, "=", step.value, ""))
    g = Derivative(explanation.result, step.result)
    note = f"added up from {from_steps(step.parts)}" if len(step.parts) > 1 else ""
    label = f"{step.name} in place" if step.kind == "write" and step.name == "out" else step.name
    lines: list[tuple[str, list[tuple[Any, ...]]]] = [
        (label, made), ("arrives", [(g, "=", printed(step.adjoint), note)]),
    ]  # fmt: skip
    for flow in step.flows:
        by = Derivative(explanation.result, flow.to)
        sign = "=" if flow.total else "+="
        rows: list[tuple[Any, ...]] = []
        # (Of the result itself it would be written like the whole derivative, which it is not.)
        inner = step.result != explanation.result
        if inner and flow.local is not None and not _is_one(flow.local):
            rows.append((Derivative(step.result, flow.to), "=", flow.local, ""))
        if flow.formula is None:
            rows.append((by, sign, Words(flow.words), ""))
        else:
            rows.append((by, sign, flow.formula, flow.words))
        rows.append((None, "=", printed(flow.value), ""))
        lines.append((f"back to {TEXT.write(flow.to)}", rows))
    return lines


def _is_one(e: Expression) -> bool:
    return getattr(e, "value", None) == 1


def opening(explanation: Any) -> str:
    name = TEXT.write(explanation.result)
    return f"The chain rule of {name}, from the result back to the leaves."


def meaning(explanation: Any) -> str:
    """What the derivatives are derivatives of, where the result is no number."""
    if explanation.scalar:
        return ""
    name = TEXT.write(explanation.result)
    return f"∂{name}/∂x is the derivative of the sum of all elements of {name} by x."


def left_out(explanation: Any) -> str:
    n = explanation.left_out
    return f"{n} more step{'s' * (n > 1)}; explain(..., limit={len(explanation) + n}) shows all."


# --- text -----------------------------------------------------------------------------------
def as_text(explanation: Any) -> str:
    """An explanation as lines of text."""
    name = TEXT.write(explanation.result)
    if explanation.note:
        return f"{name} = {_hung(explanation.value, len(name) + 3)}\n{explanation.note}"
    first = Derivative(explanation.result, explanation.result)
    value = _hung(explanation.value, len(name) + 3)
    joint = "\n" if "\n" in value else ", "
    ones = "1" if explanation.scalar else "1 everywhere"
    out = [opening(explanation), f"{name} = {value}{joint}and {TEXT.write(first)} = {ones}."]
    if not explanation.scalar:
        out.append(meaning(explanation))
    for step in explanation.steps:
        out += ["", *_text_of(explanation, step)]
    if explanation.left_out:
        out += ["", f"... {left_out(explanation)}"]
    if explanation.leaves:
        out += ["", "Leaves, and what backward() leaves in their .grad:"]
        out += _text_of_leaves(explanation)
    return "\n".join(out)


def _text_of(explanation: Any, step: Any) -> list[str]:
    blocks = lines_of(explanation, step)
    number = f"{step.number}. "
    labels = [number + blocks[0][0], *(" " * len(number) + label for label, _ in blocks[1:])]
    room = max(map(len, labels)) + 2
    out = []
    for label, (_, rows) in zip(labels, blocks, strict=True):
        indent = 0
        for k, (left, sign, right, note) in enumerate(rows):
            start = label.ljust(room) if not k else " " * room
            if left is not None:
                head = TEXT.write(left) + f" {sign} "
                indent = len(head)
            else:
                head = " " * (indent - 2) + "= "
            body = right if isinstance(right, str) else TEXT.write(right)
            body = _hung(body, room + len(head)) + (f"  ({note})" if note else "")
            out.append(start + head + body)
    return out


def _text_of_leaves(explanation: Any) -> list[str]:
    rows = []
    for leaf in explanation.leaves:
        name = TEXT.write(leaf.symbol)
        value = leaf.value
        if "\n" in value:
            value = f"array of shape {tuple(leaf.adjoint.shape)}"
        rows.append(f"   {name} = {value}" if value else f"   {name}")
    room = max(map(len, rows)) + 2
    room = max(min(room, 40), 15)
    out = []
    for row, leaf in zip(rows, explanation.leaves, strict=True):
        head = f"{TEXT.write(Derivative(explanation.result, leaf.symbol))} = "
        start = row.ljust(room) if len(row) < room else row + "\n" + " " * room
        source = f", from {from_steps(leaf.parts)}" if leaf.parts else ""
        out.append(start + head + _hung(printed(leaf.adjoint), room + len(head)) + source)
        if leaf.note:
            out.append(f"   ({leaf.note})")
    return out


def _hung(text: str, indent: int) -> str:
    """Lines after the first, moved to the right."""
    return text.replace("\n", "\n" + " " * indent)


# --- LaTeX ----------------------------------------------------------------------------------
def as_latex(explanation: Any) -> str:
    """An explanation as LaTeX: one ``aligned`` block."""
    if explanation.note:
        return LATEX.words(explanation.note)
    rows = []
    for step in explanation.steps:
        for k, (label, lines) in enumerate(lines_of(explanation, step)):
            said = label if k else f"{step.number}. {label}"
            for j, (left, sign, right, note) in enumerate(lines):
                head = LATEX.write(left) if left is not None else ""
                body = _latex_value(right) if isinstance(right, str) else LATEX.write(right)
                equals = r" \mathrel{+}= " if sign == "+=" else " = "
                first = LATEX.words(said) if not j and not (k and label == "arrives") else ""
                more = rf" \quad {LATEX.words(note)}" if note else ""
                rows.append(f"{first} & & {head} &{equals}{body}{more}")
        rows[-1] += r" \\[6pt]"
    for leaf in explanation.leaves:
        head = LATEX.write(Derivative(explanation.result, leaf.symbol))
        source = rf" \quad {LATEX.words('from ' + from_steps(leaf.parts))}" if leaf.parts else ""
        rows.append(
            rf"{LATEX.words('leaf')} & & {head} & = {_latex_value(printed(leaf.adjoint))}{source}"
        )
    if explanation.left_out:
        rows.append(LATEX.words(left_out(explanation)))
    text = ""
    for row in rows:
        text += row + ("\n" if row.endswith("pt]") else " \\\\\n")
    return "\\begin{aligned}\n" + text.removesuffix(" \\\\\n") + "\n\\end{aligned}"


def _latex_value(text: str) -> str:
    """A printed array as a matrix."""
    if not text.startswith("["):
        return LATEX.number(float(text))[0] if _is_number(text) else LATEX.words(text)
    rows = []
    for line in text.splitlines():
        cells = line.replace("[", " ").replace("]", " ").split()
        rows.append(" & ".join(r"\cdots" if c == "..." else _cell(c) for c in cells))
    if not any(rows):
        return LATEX.words(text)
    return r"\begin{bmatrix} " + r" \\ ".join(row for row in rows if row) + r" \end{bmatrix}"


def _cell(text: str) -> str:
    return LATEX.number(float(text))[0] if _is_number(text) else LATEX.words(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# --- HTML -----------------------------------------------------------------------------------
STYLE = """
.mygrad-explanation { --ink: #1d2430; --soft: #5d6778; --line: #d5dae2; --ground: #fafbfc;
  --op: #2c66ab; --op-ink: #fff; --write: #b4530f; --leaf: #e2f3e7; --leaf-line: #35884f;
  color: var(--ink); background: var(--ground); font: 14px/1.5 system-ui, sans-serif;
  padding: 14px 18px; border-radius: 8px; max-width: 960px; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { .mygrad-explanation { --ink: #e4e8ee; --soft: #9aa5b5;
  --line: #343c49; --ground: #14181f; --op: #3b7bc8; --write: #c8651d; --leaf: #1b3a27;
  --leaf-line: #5fbf80; } }
.mygrad-explanation > p { margin: 0 0 10px; }
.mygrad-explanation ol { list-style: none; margin: 0; padding: 0; }
.mygrad-explanation li { border-top: 1px solid var(--line); padding: 9px 0 10px; }
.mygrad-explanation h4 { margin: 0 0 6px; font-size: 13px; font-weight: 600; }
.mygrad-explanation h4 b { display: inline-block; padding: 0 10px; border-radius: 11px;
  background: var(--op); color: var(--op-ink); font: 600 12.5px/22px ui-monospace,
  "DejaVu Sans Mono", Menlo, monospace; margin-right: 8px; }
.mygrad-explanation h4 b.write { background: var(--write); }
.mygrad-explanation h4 b.view, .mygrad-explanation h4 b.read { background: none;
  color: var(--op); box-shadow: inset 0 0 0 1.2px var(--op); }
.mygrad-explanation h4 b.leaf { background: var(--leaf); color: var(--ink);
  box-shadow: inset 0 0 0 1.2px var(--leaf-line); }
.mygrad-explanation h4 span, .mygrad-explanation .note { color: var(--soft); font-weight: 400;
  font-size: 12.5px; }
.mygrad-explanation table { border-collapse: collapse; margin: 0; background: none; color: inherit;
  font-size: inherit; }
.mygrad-explanation tr, .mygrad-explanation tr:nth-child(even) { background: none; }
.mygrad-explanation td { padding: 3px 6px 3px 0; text-align: left; vertical-align: middle;
  border: 0; color: inherit; background: none; max-width: none; }
.mygrad-explanation td.label { color: var(--soft); padding-right: 18px; white-space: nowrap;
  min-width: 84px; }
.mygrad-explanation td.left { text-align: right; padding-right: 4px; white-space: nowrap; }
.mygrad-explanation math { font-size: 1.1em; }
.mygrad-explanation pre { display: inline-block; vertical-align: middle; margin: 0; padding: 0;
  background: none; border: 0; color: inherit; font: 12.5px/1.4 ui-monospace, "DejaVu Sans Mono",
  Menlo, monospace; white-space: pre; }
""".strip()


def as_html(explanation: Any) -> str:
    """An explanation as a piece of HTML, with formulas in MathML."""
    out = [f'<div class="mygrad-explanation"><style>{STYLE}</style>']
    result = explanation.result
    if explanation.note:
        value = _rows_of_html([("", [(result, "=", explanation.value, "")])])
        return "".join([*out, value, f'<p class="note">{escape(explanation.note)}</p></div>'])
    out.append(f"<p>{escape(opening(explanation))} ")
    ones = "1" if explanation.scalar else "1 everywhere"
    start = MATHML.write(Derivative(result, result)) + f"<mo>=</mo><mtext>{ones}</mtext>"
    out.append(f"It starts with {_math(start)}. {escape(meaning(explanation))}</p><ol>")
    for step in explanation.steps:
        (name, made), *others = lines_of(explanation, step)
        kind = KINDS.get(step.kind, "")
        out.append(
            f'<li><h4><b class="{step.kind}">{step.number}. {escape(name)}</b>'
            f"<span>{kind}</span></h4>"
        )
        out.append(_rows_of_html([("computed", made), *others]))
        out.append("</li>")
    out.append("</ol>")
    if explanation.left_out:
        out.append(f'<p class="note">… {escape(left_out(explanation))}</p>')
    if explanation.leaves:
        out.append('<ol><li><h4><b class="leaf">leaves</b><span>and what backward() leaves in '
                   "their .grad</span></h4>")  # fmt: skip
        rows = []
        for leaf in explanation.leaves:
            note = f"from {from_steps(leaf.parts)}" if leaf.parts else ""
            note = "; ".join(filter(None, (note, leaf.note)))
            by = Derivative(result, leaf.symbol)
            lines = [(by, "=", printed(leaf.adjoint), note)]
            if leaf.value:
                lines.insert(0, (leaf.symbol, "=", leaf.value, ""))
            rows.append((TEXT.write(leaf.symbol), lines))
        out.append(_rows_of_html(rows) + "</li></ol>")
    out.append("</div>")
    return "".join(out)


def _rows_of_html(blocks: list[tuple[str, list[tuple[Any, ...]]]]) -> str:
    rows = []
    for label, lines in blocks:
        for k, (left, sign, right, note) in enumerate(lines):
            first = escape(label) if not k else ""
            head = "" if left is None else _math(MATHML.write(left))
            if isinstance(right, str):
                body = f"<pre>{escape(right)}</pre>"
            else:
                body = _math(MATHML.write(right))
            said = f' <span class="note">{escape(note)}</span>' if note else ""
            rows.append(
                f'<tr><td class="label">{first}</td><td class="left">{head}</td>'
                f'<td class="left">{escape(sign)}</td><td>{body}{said}</td></tr>'
            )
    return f"<table>{''.join(rows)}</table>"


def _math(inside: str) -> str:
    return f'<math displaystyle="true"><mrow>{inside}</mrow></math>'
