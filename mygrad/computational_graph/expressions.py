"""Formulas as trees, and how they are written: as text, as LaTeX and as MathML.

A browser shows MathML by itself, so that a page with formulas needs nothing from outside.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from html import escape
from math import pi
from typing import Any, ClassVar

import numpy as np

__all__ = [
    "LATEX", "MATHML", "TEXT", "Call", "Derivative", "Expression", "Index", "Infix", "Name",
    "Notation", "Number", "Phrase", "Prefix", "Words", "size_of",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Name:
    """A tensor, an array or a parameter. `version` numbers what in-place writes made of it."""

    text: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A number that stands in a formula."""

    value: Any


@dataclass(frozen=True, slots=True)
class Words:
    """What is said in words."""

    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words and formulas, one after the other."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Derivative:
    """The derivative of one thing by another."""

    of: Expression
    by: Expression


@dataclass(frozen=True, slots=True)
class Prefix:
    """A sign in front of something: ``-`` or ``~``."""

    sign: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Infix:
    """Two things with a sign between, as Python writes it."""

    sign: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """A function of something. `options` are (name, text) pairs."""

    function: str
    operands: tuple[Expression, ...]
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Index:
    """Elements of something; `text` is what stands in the brackets."""

    operand: Expression
    text: str


Expression = Name | Number | Words | Phrase | Derivative | Prefix | Infix | Call | Index

BINDING = {
    "|": 1, "&": 2, "<": 3, ">": 3, "<=": 3, ">=": 3, "==": 3, "!=": 3, "+": 4, "-": 4,
    "*": 5, "/": 5, "//": 5, "%": 5, "@": 5, "**": 8,
}  # fmt: skip
"""How strongly signs bind; those of one strength are taken from left to right."""
SIGN, TIGHT = 6, 9
MINUS = "\N{MINUS SIGN}"
CONSTANTS = {0.6931471805599453: ("ln", "2"), 2.302585092994046: ("ln", "10"),
             pi / 180: ("pi/", "180"), 180 / pi: ("180/", "pi"), pi: ("pi", "")}  # fmt: skip
NAMED = {
    "sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh", "coth", "arcsin", "arccos",
    "arctan", "exp", "log", "max", "min",
}  # fmt: skip
"""Functions that LaTeX has a command for."""
SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def size_of(e: Expression) -> int:
    """How many parts a formula has."""
    match e:
        case Prefix(_, a) | Index(a, _):
            return 1 + size_of(a)
        case Infix(_, a, b):
            return 1 + size_of(a) + size_of(b)
        case Call(_, operands, _) | Phrase(operands):
            return 1 + sum(map(size_of, operands))
        case _:
            return 1


def digits(value: Any) -> str:
    """A number as people write it: without a fraction where there is none."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 1e16 else f"{number:.5g}"
    return str(value)


class Notation(ABC):
    """A way to write formulas."""

    signs: ClassVar[dict[str, str]]
    stacks = True
    """Whether quotients are written as fractions."""

    def write(self, e: Expression, binding: int = 0) -> str:
        """A formula; in parentheses if it binds less than what is around it.

        Parameters
        ----------
        e
            The formula.
        binding
            How strongly what is around it binds.

        Returns
        -------
        str
        """
        match e:
            case Name(text, version):
                return self.name(text, version)
            case Number(value):
                text, least = self.number(value)
                return self.fenced(text) if least < binding else text
            case Words(text):
                return self.words(text)
            case Phrase(parts):
                text = "".join(map(self.write, parts))
                return self.fenced(text) if binding else text
            case Derivative(of, by):
                text = self.derivative(self.write(of, TIGHT), self.write(by, TIGHT))
                return self.fenced(text) if binding >= BINDING["**"] else text
            case Prefix(sign, operand):
                text = self.signs["neg" if sign == "-" else sign] + self.write(operand, SIGN)
                return self.fenced(text) if binding >= SIGN else text
            case Infix("/", Derivative() as g, right) if self.stacks:  # no fraction in fractions
                return self.write(Infix("*", g, Infix("/", Number(1), right)), binding)
            case Infix("/", left, right) if self.stacks:
                text = self.fraction(self.write(left), self.write(right))
                return self.fenced(text) if binding >= BINDING["**"] else text
            case Infix("**", base, exponent):
                text = self.power(self.write(base, TIGHT), exponent)
                return self.fenced(text) if binding >= TIGHT else text
            case Infix(sign, left, right):
                own = BINDING[sign]
                text = f"{self.write(left, own)}{self.signs[sign]}{self.write(right, own + 1)}"
                return self.fenced(text) if own < binding else text
            case Index(operand, inside):
                return self.index(self.write(operand, TIGHT), inside)
            case Call("sqrt", (operand,), ()):
                return self.root(operand)
            case Call("abs" | "absolute", (operand,), ()):
                return self.absolute(self.write(operand))
            case Call("matrix_transpose", (operand,), ()):
                return self.transposed(self.write(operand, TIGHT))
            case Call("where", (condition, yes, no), ()):
                return self.cases(self.write(condition), self.write(yes), self.write(no))
            case Call(function, operands, options):
                shown = [self.write(part) for part in operands]
                shown += [self.option(name, text) for name, text in options]
                return self.called(function, shown)

    def equation(self, left: Expression, right: Expression) -> str:
        """``left = right``."""
        return self.write(left) + self.signs["="] + self.write(right)

    @abstractmethod
    def name(self, text: str, version: int | None) -> str: ...
    @abstractmethod
    def number(self, value: Any) -> tuple[str, int]: ...
    @abstractmethod
    def words(self, text: str) -> str: ...
    @abstractmethod
    def derivative(self, of: str, by: str) -> str: ...
    @abstractmethod
    def fenced(self, inside: str) -> str: ...
    @abstractmethod
    def fraction(self, above: str, below: str) -> str: ...
    @abstractmethod
    def power(self, base: str, exponent: Expression) -> str: ...
    @abstractmethod
    def root(self, operand: Expression) -> str: ...
    @abstractmethod
    def absolute(self, inside: str) -> str: ...
    @abstractmethod
    def transposed(self, operand: str) -> str: ...
    @abstractmethod
    def index(self, operand: str, inside: str) -> str: ...
    @abstractmethod
    def cases(self, condition: str, yes: str, no: str) -> str: ...
    @abstractmethod
    def option(self, name: str, text: str) -> str: ...
    @abstractmethod
    def called(self, function: str, parts: list[str]) -> str: ...


class Text(Notation):
    """Formulas in one line of plain text."""

    stacks = False
    signs: ClassVar = {
        "|": " or ", "&": " and ", "<": " < ", ">": " > ", "<=": " ≤ ", ">=": " ≥ ", "==": " = ",
        "!=": " ≠ ", "+": " + ", "-": f" {MINUS} ", "*": " · ", "/": " / ", "//": " // ",
        "%": " mod ", "@": " @ ", "neg": MINUS, "~": "not ", "=": " = ",
    }  # fmt: skip

    def name(self, text: str, version: int | None) -> str:
        return text if version is None else f"{text}⟨{version}⟩"

    def number(self, value: Any) -> tuple[str, int]:
        if isinstance(value, float) and value in CONSTANTS:
            first, second = CONSTANTS[value]
            text = f"ln {second}" if first == "ln" else (first + second).replace("pi", "π")
            return text, BINDING["*"]
        text = digits(value).replace("-", MINUS)
        return text, SIGN - 1 if text.startswith(MINUS) else TIGHT

    def words(self, text: str) -> str:
        return text

    def derivative(self, of: str, by: str) -> str:
        return f"∂{of}/∂{by}"

    def fenced(self, inside: str) -> str:
        return f"({inside})"

    def fraction(self, above: str, below: str) -> str:
        return f"{above} / {below}"

    def power(self, base: str, exponent: Expression) -> str:
        text = self.write(exponent, TIGHT)
        if isinstance(exponent, Number) and re.fullmatch(r"\d{1,2}", text):
            return base + text.translate(SUPERSCRIPT)
        return f"{base}^{text}"

    def root(self, operand: Expression) -> str:
        return "√" + self.write(operand, TIGHT)

    def absolute(self, inside: str) -> str:
        return f"|{inside}|"

    def transposed(self, operand: str) -> str:
        return operand + "ᵀ"

    def index(self, operand: str, inside: str) -> str:
        return f"{operand}[{inside}]"

    def cases(self, condition: str, yes: str, no: str) -> str:
        return f"({yes} where {condition}, else {no})"

    def option(self, name: str, text: str) -> str:
        return f"{name}={text}"

    def called(self, function: str, parts: list[str]) -> str:
        return f"{function}({', '.join(parts)})"


class Latex(Notation):
    """Formulas in LaTeX, with the commands that MathJax and KaTeX have, too."""

    signs: ClassVar = {
        "|": r" \lor ", "&": r" \land ", "<": " < ", ">": " > ", "<=": r" \le ", ">=": r" \ge ",
        "==": " = ", "!=": r" \ne ", "+": " + ", "-": " - ", "*": r" \cdot ", "/": " / ",
        "//": r" \div ", "%": r" \bmod ", "@": r" \, ", "neg": "-", "~": r"\lnot ", "=": " &= ",
    }  # fmt: skip
    special: ClassVar = {
        "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
        "⟨": r"$\langle$", "⟩": r"$\rangle$",
    }  # fmt: skip

    def plain(self, text: str) -> str:
        """Text with what LaTeX would take for markup escaped."""
        return re.sub(
            r"[\\^~#$%&_{}⟨⟩]", lambda m: self.special.get(m[0], "\\" + m[0]), text
        )

    def name(self, text: str, version: int | None) -> str:
        letter = re.fullmatch(r"([A-Za-z])_?(\d*)", text)
        if letter:
            written = letter[1] + (f"_{{{letter[2]}}}" if letter[2] else "")
        else:
            upright = "mathrm" if re.fullmatch(r"\w+", text) else "text"
            written = rf"\{upright}{{{self.plain(text)}}}"
        return written if version is None else rf"{written}^{{\langle {version} \rangle}}"

    def number(self, value: Any) -> tuple[str, int]:
        if isinstance(value, float) and value in CONSTANTS:
            first, second = CONSTANTS[value]
            text = rf"\ln {second}" if first == "ln" else (first + second).replace("pi", r"\pi")
            return text, BINDING["*"]
        text = digits(value)
        mantissa, e, exponent = text.partition("e")
        if e and exponent.lstrip("+-").isdigit():
            return rf"{mantissa} \cdot 10^{{{int(exponent)}}}", BINDING["*"]
        if "inf" in text:
            text = text.replace("inf", r"\infty")
        return text, SIGN - 1 if text.startswith("-") else TIGHT

    def words(self, text: str) -> str:
        return rf"\text{{{self.plain(text)}}}"

    def derivative(self, of: str, by: str) -> str:
        return rf"\frac{{\partial {of}}}{{\partial {by}}}"

    def fenced(self, inside: str) -> str:
        return rf"\left({inside}\right)"

    def fraction(self, above: str, below: str) -> str:
        return rf"\frac{{{above}}}{{{below}}}"

    def power(self, base: str, exponent: Expression) -> str:
        return rf"{{{base}}}^{{{self.write(exponent)}}}"

    def root(self, operand: Expression) -> str:
        return rf"\sqrt{{{self.write(operand)}}}"

    def absolute(self, inside: str) -> str:
        return rf"\left|{inside}\right|"

    def transposed(self, operand: str) -> str:
        return rf"{{{operand}}}^{{\mathsf{{T}}}}"

    def index(self, operand: str, inside: str) -> str:
        return rf"{operand}\left[{self.option_text(inside)}\right]"

    def cases(self, condition: str, yes: str, no: str) -> str:
        return (
            rf"\begin{{cases}} {yes} & \text{{where }} {condition} \\ "
            rf"{no} & \text{{else}} \end{{cases}}"
        )

    def option_text(self, text: str) -> str:
        return rf"\texttt{{{self.plain(text)}}}"

    def option(self, name: str, text: str) -> str:
        return self.option_text(f"{name}={text}")

    def called(self, function: str, parts: list[str]) -> str:
        word = function if function in NAMED else ""
        command = f"\\{word}" if word else rf"\operatorname{{{self.plain(function)}}}"
        return command + self.fenced(", ".join(parts))


class MathML(Notation):
    """Formulas in MathML Core, which browsers show."""

    signs: ClassVar = {
        sign: f"<mo>{escape(text)}</mo>"
        for sign, text in {
            "|": "\N{LOGICAL OR}",
            "&": "∧", "<": "<", ">": ">", "<=": "≤", ">=": "≥", "==": "=", "!=": "≠",
            "+": "+", "-": MINUS, "*": "·", "/": "/", "//": "÷", "%": "mod", "@": "\u2062",
            "neg": MINUS, "~": "¬", "=": "=",
        }.items()
    }  # fmt: skip
    signs["@"] = '<mspace width="0.25em"/>'

    def name(self, text: str, version: int | None) -> str:
        letter = re.fullmatch(r"([A-Za-z])_?(\d+)", text)
        if letter:
            written = f"<msub><mi>{letter[1]}</mi><mn>{letter[2]}</mn></msub>"
        else:
            written = f"<mi>{escape(text)}</mi>"
        if version is None:
            return written
        return f"<msup><mrow>{written}</mrow><mtext>⟨{version}⟩</mtext></msup>"

    def number(self, value: Any) -> tuple[str, int]:
        text, binding = TEXT.number(value)
        return f"<mn>{escape(text)}</mn>", binding

    def words(self, text: str) -> str:
        return f"<mtext>{escape(text).replace(' ', '&#160;')}</mtext>"

    def derivative(self, of: str, by: str) -> str:
        return self.fraction(f"<mo>∂</mo>{of}", f"<mo>∂</mo>{by}")

    def fenced(self, inside: str) -> str:
        return f"<mrow><mo>(</mo>{inside}<mo>)</mo></mrow>"

    def fraction(self, above: str, below: str) -> str:
        return f"<mfrac><mrow>{above}</mrow><mrow>{below}</mrow></mfrac>"

    def power(self, base: str, exponent: Expression) -> str:
        return f"<msup><mrow>{base}</mrow><mrow>{self.write(exponent)}</mrow></msup>"

    def root(self, operand: Expression) -> str:
        return f"<msqrt>{self.write(operand)}</msqrt>"

    def absolute(self, inside: str) -> str:
        return f"<mrow><mo>|</mo>{inside}<mo>|</mo></mrow>"

    def transposed(self, operand: str) -> str:
        return f"<msup><mrow>{operand}</mrow><mi>T</mi></msup>"

    def index(self, operand: str, inside: str) -> str:
        return f"<mrow>{operand}<mtext>[{escape(inside)}]</mtext></mrow>"

    def cases(self, condition: str, yes: str, no: str) -> str:
        rows = ((yes, f"<mtext>where&#160;</mtext>{condition}"), (no, "<mtext>else</mtext>"))
        cells = "".join(
            f'<mtr><mtd style="text-align: left">{value}</mtd>'
            f'<mtd style="text-align: left">{when}</mtd></mtr>'
            for value, when in rows
        )
        return f"<mrow><mo>{{</mo><mtable>{cells}</mtable></mrow>"

    def option(self, name: str, text: str) -> str:
        return f"<mtext>{escape(name)}={escape(text)}</mtext>"

    def called(self, function: str, parts: list[str]) -> str:
        inside = "<mo>,</mo>".join(parts)
        return f'<mrow><mi mathvariant="normal">{escape(function)}</mi>{self.fenced(inside)}</mrow>'


TEXT, LATEX, MATHML = Text(), Latex(), MathML()
