"""How notebooks show tensors."""

from __future__ import annotations

from html import escape
from typing import Any

from mygrad.arrays import adapter_of

__all__ = ["html_of"]

STYLE = (
    ".mygrad-tensor{--ink:#1d2430;--soft:#5d6778;--line:#b4bcc9;--ground:#fafbfc;"
    "display:inline-block;max-width:100%;box-sizing:border-box;padding:6px 11px;color:var(--ink);"
    "background:var(--ground);border:1px solid var(--line);border-radius:6px;overflow:auto}"
    "@media(prefers-color-scheme:dark){.mygrad-tensor{--ink:#e4e8ee;--soft:#9aa5b5;"
    "--line:#56606f;--ground:#14181f}}"
    ".mygrad-tensor pre{margin:0;padding:0;background:none;border:0;color:inherit;"
    'font:12.5px/1.4 ui-monospace,"DejaVu Sans Mono",Menlo,monospace;white-space:pre}'
    ".mygrad-tensor small{color:var(--soft);font:12px/1.6 system-ui,sans-serif}"
)


def html_of(t: Any) -> str | None:
    """A tensor as a piece of HTML: its values, abbreviated as in ``repr``, and what it is.

    Parameters
    ----------
    t
        The tensor.

    Returns
    -------
    str or None
        Complete in itself, for light and dark pages; None for a result whose values were freed.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.tensors.display import html_of
    >>> "shape (2,)" in html_of(mg.tensor([1.0, 2.0]))
    True
    """
    try:
        facts = " · ".join(map(escape, _facts(t)))
    except RuntimeError:  # it stands in for a result that is gone; its `repr` says so
        return None
    return (
        f'<div class="mygrad-tensor"><style>{STYLE}</style><pre>{escape(repr(t))}</pre>'
        f"<small>{facts}</small></div>"
    )


def _facts(t: Any) -> list[str]:
    """What there is to know of a tensor besides its values; nothing that has to be computed."""
    array = t._data
    adapter = adapter_of(array)
    assert adapter is not None
    facts = [f"shape {tuple(array.shape)}", str(array.dtype)]
    facts.append(f"{adapter.name}, device {adapter.device(array)}")
    if t._constant:
        facts.append("constant")
    else:
        has_gradient = t._buffer is not None and t._buffer.grad is not None
        facts += ["variable", "has a gradient" if has_gradient else "no gradient"]
    maker = _maker(t)
    if maker:
        facts.append(f"made by {maker}")
    elif t._base is not None:
        facts.append("view")
    elif not t._constant:
        facts.append("leaf")
    return facts


def _maker(t: Any) -> str:
    """The operation that made a tensor, or its memory if it is a view."""
    creator = t.creator
    if creator is None:
        return ""
    record = getattr(creator, "record", creator)
    primitive = getattr(record, "primitive", None)
    if primitive is None:
        return "an in-place write"
    if "operation" in primitive.positions:  # it passes for an instance of the user's class
        return str(creator.__class__.__name__)
    return f"{primitive.name}, a view of its result" if t._base is not None else primitive.name
