"""Reading Liberty, the format of cell libraries: its groups as a tree, its functions as tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

__all__ = ["Group", "LibertyError", "numbers", "parse", "truth_table"]


class LibertyError(ValueError):
    """The text is not Liberty; the message holds the line."""


@dataclass
class Group:
    """One ``kind (arguments) { ... }`` of the file.

    Attributes
    ----------
    kind
        What it describes: ``"library"``, ``"cell"``, ``"pin"``, ``"timing"``.
    name
        Its arguments as one string without quotes, ``""`` if there are none.
    simple
        ``attribute : value ;`` without quotes.
    complex
        ``attribute (arguments);``, the arguments as they were written.
    groups
        Groups inside, in the order of the file.
    """

    kind: str
    name: str
    simple: dict[str, str] = field(default_factory=dict)
    complex: dict[str, str] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)

    def all(self, *kinds: str) -> Iterator[Group]:
        """Yield the groups directly inside of one of these kinds."""
        return (group for group in self.groups if group.kind in kinds)

    def first(self, *kinds: str) -> Group | None:
        """Return the first group directly inside of one of these kinds."""
        return next(self.all(*kinds), None)


_STRING = r'"(?:[^"\\]|\\.)*"'
# A comment becomes a blank, so a string that holds "/*" has to be matched as a whole.
_COMMENT = re.compile(rf"({_STRING})|/\*.*?\*/|//[^\n]*|\\[ \t]*\r?(?=\n)", re.DOTALL)
# Whole statements, for speed: the tables, nine tenths of a file, are then one match each.
# Many files lack a semicolon here and there, so a line's end closes an attribute as well.
_STATEMENT = re.compile(
    rf"""[\s;]*(?:
      (?P<close>\}})
    | (?P<word>[A-Za-z_][\w.]*)\s*(?:
        :\s*(?:(?P<text>{_STRING})|(?P<value>[^;{{}}\n]*))
      | \((?P<arguments>(?:{_STRING}|[^()"])*)\)\s*(?P<open>\{{)?
      )
    )""",
    re.DOTALL | re.VERBOSE,
)


def parse(text: str) -> Group:
    """Parse a Liberty file and return its ``library`` group.

    Raises
    ------
    LibertyError
        If the text is not Liberty or does not end where its library ends.
    """
    # Line ends stay, for the sake of error messages.
    text = _COMMENT.sub(lambda match: match[1] or " " + "\n" * match[0].count("\n"), text)
    root = Group("file", "")
    stack = [root]
    position = 0
    while match := _STATEMENT.match(text, position):
        position = match.end()
        if match["close"]:
            if len(stack) == 1:
                raise LibertyError(f"line {_line(text, position)}: a '}}' that closes nothing")
            stack.pop()
        elif match["open"]:
            group = Group(match["word"], _unquoted(match["arguments"]))
            stack[-1].groups.append(group)
            stack.append(group)
        elif match["arguments"] is not None:
            stack[-1].complex[match["word"]] = match["arguments"]
        else:
            stack[-1].simple[match["word"]] = _unquoted(match["text"] or match["value"])
    rest = text[position:].lstrip("; \t\r\n")
    library = root.first("library")
    if library is None:
        raise LibertyError("there is no library group in it")
    if rest or len(stack) > 1:
        line = _line(text, len(text) - len(rest))
        problem = f"cannot read {rest[:30]!r}" if rest else f"{stack[-1].kind} is not closed"
        raise LibertyError(f"line {line}: {problem}")
    return library


def numbers(arguments: str) -> list[float]:
    """Return the numbers of a complex attribute: ``"1, 2", "3"`` is ``[1, 2, 3]``."""
    return [float(word) for word in re.split(r'[\s,"]+', arguments) if word]


def _unquoted(text: str) -> str:
    return text.strip().replace('"', "").strip()


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


_FUNCTION_TOKEN = re.compile(r"\s*([A-Za-z_][\w\[\].]*|[01!'^&*|+()])")


def truth_table(function: str, inputs: Sequence[str]) -> int:
    """Return what a Liberty function computes, as one integer.

    Bit ``i`` is its value where input ``k`` has the value of bit ``k`` of ``i``. Operators, the
    tightest first: ``!x`` and ``x'``; ``^``; ``&``, ``*`` or nothing; ``|`` or ``+``.

    Raises
    ------
    LibertyError
        If the function is malformed or uses another name.
    """
    parser = _Function(function, inputs)
    try:
        return parser.value()
    except RecursionError:
        raise parser.error() from None


class _Function:
    """A descent through the operators, each level returning its truth table."""

    def __init__(self, function: str, inputs: Sequence[str]) -> None:
        self.function = function
        self.tokens: list[str] = []
        position = 0
        while match := _FUNCTION_TOKEN.match(function, position):
            self.tokens.append(match[1])
            position = match.end()
        if function[position:].strip() or not self.tokens:
            raise self.error()
        rows = 1 << len(inputs)
        self.ones = (1 << rows) - 1
        self.constants = {"0": 0, "1": self.ones}
        for index, name in enumerate(inputs):
            self.constants[name] = sum(1 << row for row in range(rows) if row >> index & 1)

    def error(self) -> LibertyError:
        return LibertyError(f"not a function of the cell's inputs: {self.function!r}")

    def value(self) -> int:
        table = self.either()
        if self.tokens:
            raise self.error()
        return table

    def either(self) -> int:
        table = self.both()
        while self.take("|+"):
            table |= self.both()
        return table

    def both(self) -> int:
        table = self.differ()
        while self.take("&*") or (self.tokens and self.tokens[0] not in ")|+"):
            table &= self.differ()
        return table

    def differ(self) -> int:
        table = self.atom()
        while self.take("^"):
            table ^= self.atom()
        return table

    def atom(self) -> int:
        if self.take("!"):
            return self.ones ^ self.atom()
        if self.take("("):
            table = self.either()
            if not self.take(")"):
                raise self.error()
        elif self.tokens and self.tokens[0] in self.constants:
            table = self.constants[self.tokens.pop(0)]
        else:
            raise self.error()
        while self.take("'"):
            table ^= self.ones
        return table

    def take(self, operators: str) -> bool:
        """Consume the next token if it is one of these one-character operators."""
        if self.tokens and self.tokens[0] in operators:
            self.tokens.pop(0)
            return True
        return False
