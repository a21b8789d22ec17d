"""Verilog expressions, as text that can be combined and broken into lines safely."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

__all__ = [
    "Expression",
    "atom",
    "binary",
    "choice",
    "concatenation",
    "constant",
    "fill",
    "layout",
    "unary",
]

LINE = 100

_INVERSE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_ASSOCIATIVE = frozenset({"&", "|", "^", "+"})


@dataclass(frozen=True)
class Expression:
    """An expression.

    Attributes
    ----------
    text
        The expression on one line.
    rank
        0: never needs parentheses, 1: begins with a unary operator, 2: has a binary operator or a
        choice outermost.
    operator
        That outermost operator.
    operands
        What it is applied to.
    """

    text: str
    rank: int = 0
    operator: str = ""
    operands: tuple[Expression, ...] = ()

    def enclosed(self, rank: int = 1) -> str:
        """Return the text, in parentheses if its rank is above `rank`."""
        return f"({self.text})" if self.rank > rank else self.text


def atom(text: str) -> Expression:
    """Return a name, or anything else that never needs parentheses."""
    return Expression(text)


def constant(bits: str, *, is_number: bool = False) -> Expression:
    """Return a sized constant: decimal if it stands for a number, else binary or hexadecimal."""
    width = len(bits)
    if "x" in bits or width == 1:
        return atom(f"{width}'b{bits}")
    value = int(bits, 2)
    if is_number or value == 0:
        return atom(f"{width}'d{value}")
    if width <= 4:
        return atom(f"{width}'b{bits}")
    return atom(f"{width}'h{value:0{(width + 3) // 4}x}")


def unary(operator: str, operand: Expression) -> Expression:
    """Return a unary operator's result; the complement of a comparison is the opposite one."""
    if operator == "~" and operand.operator in _INVERSE:
        return binary(_INVERSE[operand.operator], *operand.operands)
    # A reduction is easily mistaken for the binary operator, as in "a & &b".
    rank = 1 if operator in ("~", "-") else 2
    return Expression(f"{operator}{operand.enclosed(0)}", rank, operator, (operand,))


def binary(operator: str, left: Expression, right: Expression) -> Expression:
    """Return a binary operator's result."""
    texts = [
        side.text
        if operator in _ASSOCIATIVE and side.operator == operator and len(side.operands) == 2
        else side.enclosed()
        for side in (left, right)
    ]
    return Expression(f" {operator} ".join(texts), 2, operator, (left, right))


def choice(condition: Expression, value: Expression, otherwise: Expression) -> Expression:
    """Return ``condition ? value : otherwise``."""
    tail = otherwise.text if otherwise.operator == "?" else otherwise.enclosed()
    text = f"{condition.enclosed()} ? {value.enclosed()} : {tail}"
    return Expression(text, 2, "?", (condition, value, otherwise))


def concatenation(parts: Sequence[Expression]) -> Expression:
    """Return ``{parts[0], parts[1], ...}``, equal neighbours written once with their number."""
    if len(parts) == 1:
        return parts[0]
    items: list[Expression] = []
    for part, group in groupby(parts):
        count = len(list(group))
        items.append(atom(f"{{{count}{{{part.text}}}}}") if count > 1 else part)
    if len(items) == 1:
        return items[0]
    return Expression(f"{{{', '.join(map(_item, items))}}}", 0, "{}", tuple(items))


def _item(expression: Expression) -> str:
    """Return the text of an expression between commas."""
    return expression.enclosed() if expression.operator == "?" else expression.text


def layout(start: str, expression: Expression, end: str = ";") -> list[str]:
    """Return ``start expression end`` on as many lines as it takes."""
    line = f"{start}{expression.text}{end}"
    if len(line) <= LINE:
        return [line]
    indent = " " * (len(start) - len(start.lstrip()))
    deeper = f"{indent}    "
    if expression.operator == "{}":
        *items, last = (_item(operand) for operand in expression.operands)
        rows = fill(deeper, [*(f"{item}," for item in items), last], deeper)
        return [f"{start}{{", *rows, f"{indent}}}{end}"]
    if expression.operator != "?":
        return fill(start, _pieces(expression, end), deeper)
    lines = [start.rstrip()] if start.strip() else []
    while expression.operator == "?":
        condition, value, expression = expression.operands
        lines += layout(deeper, atom(f"{condition.enclosed()} ? {value.enclosed()}"), " :")
    return [*lines, *layout(deeper, atom(expression.enclosed()), end)]


def _pieces(expression: Expression, end: str) -> list[str]:
    """Return the operands of a binary operator, each with the operator before it."""
    pieces: list[str] = []
    while len(expression.operands) == 2 and expression.operator in _ASSOCIATIVE:
        left, right = expression.operands
        pieces.insert(0, f"{expression.operator} {right.enclosed()}{end}")
        end = ""
        if left.operator not in ("", expression.operator):
            return [left.enclosed(), *pieces]
        expression = left
    return [f"{expression.enclosed() if pieces else expression.text}{end}", *pieces]


def fill(start: str, pieces: Iterable[str], indent: str) -> list[str]:
    """Return the pieces side by side, as many on a line as there is room for."""
    lines = [start]
    for piece in pieces:
        glue = "" if lines[-1].endswith((" ", "(")) else " "
        if len(lines[-1]) + len(glue) + len(piece) <= LINE:
            lines[-1] += glue + piece
        else:
            lines += textwrap.wrap(
                piece,
                LINE,
                initial_indent=indent,
                subsequent_indent=f"{indent}    ",
                break_long_words=False,
                break_on_hyphens=False,
            )
    return [line.rstrip() for line in lines if line.strip()]
