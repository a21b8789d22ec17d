"""What a format is, and the registry that finds one by its name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

__all__ = [
    "Format",
    "FormatError",
    "alias_of",
    "aliases",
    "families",
    "is_alias",
    "named_formats",
    "parse_format",
    "register",
    "register_family",
]


class FormatError(ValueError):
    """A format name or a combination of field widths that describes no format."""


@dataclass(frozen=True)
class Format:
    """A set of codes with their values. Concrete kinds derive from it.

    Attributes
    ----------
    kind
        Family of the format, one word (``"int"``, ``"float"``).
    name
        Canonical short name; ``parse_format(f.name) == f``.
    bits
        Width of a code in bits.
    """

    kind: ClassVar[str] = ""

    @property
    def name(self) -> str:
        raise NotImplementedError

    @property
    def bits(self) -> int:
        raise NotImplementedError

    @property
    def is_signed(self) -> bool:
        """Whether the format has negative values."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.name


_NAMED: dict[str, Format] = {}
"""Formats with a name of their own, under the alias that users type."""

_ALIASES: dict[Format, str] = {}
"""The same the other way round."""

_OTHER_NAMES: dict[str, str] = {}
"""Names used by other people's libraries, each with our alias."""

_Builder = Callable[[re.Match[str]], Format]
_FAMILIES: list[tuple[str, re.Pattern[str], _Builder]] = []


def register(alias: str, fmt: Format, *others: str) -> None:
    """Give a format a name of its own.

    Parameters
    ----------
    alias
        Name that users type; it wins over every family's pattern.
    fmt
        The format.
    others
        What other libraries call it.
    """
    _NAMED[alias] = fmt
    _ALIASES.setdefault(fmt, alias)
    _OTHER_NAMES.update(dict.fromkeys(others, alias))


def register_family(example: str, pattern: str, build: _Builder) -> None:
    """Add a family of parameterised names to what `parse_format` understands.

    Parameters
    ----------
    example
        How such a name is written, for error messages: ``"int{2..64}"``.
    pattern
        Regular expression that a whole name must match.
    build
        Makes the format from the match; raises `FormatError` for widths that make no sense.
    """
    _FAMILIES.append((example, re.compile(pattern), build))


_WIDTHS = {
    width: formats
    for widths, formats in (
        (("fp8", "float8", "f8"), ["e4m3", "e5m2"]),
        (("fp6", "float6", "f6"), ["e2m3", "e3m2"]),
        (("fp4", "float4", "f4"), ["e2m1"]),
    )
    for width in widths
}
"""What somebody may mean who names a width, of which there are several formats."""


def parse_format(name: str) -> Format:
    """Return the format called `name`: an alias, another library's name or a parameterised name.

    Raises
    ------
    FormatError
        If no format has that name; the message holds the nearest names.
    """
    # What follows a colon is a file's name, whose case matters.
    stem, colon, rest = name.strip().partition(":")
    text = stem.lower() + colon + rest
    text = _OTHER_NAMES.get(text, text)
    if text in _NAMED:
        return _NAMED[text]
    for _, pattern, build in _FAMILIES:
        match = pattern.fullmatch(text)
        if match:
            return build(match)
    known = [*_NAMED, *_OTHER_NAMES, "int8", "int4", "int16", "int32", "uint8", "uint4"]
    near = _WIDTHS.get(text) or difflib.get_close_matches(text, known, n=3, cutoff=0.5)
    hint = (
        f"nearest: {', '.join(dict.fromkeys(_OTHER_NAMES.get(one, one) for one in near))}"
        if near
        else f"formats are {', '.join(_NAMED)}; {'; '.join(families())}"
    )
    raise FormatError(f"unknown format {name!r}; {hint}")


def named_formats() -> Iterator[tuple[str, Format]]:
    """Yield every alias with its format, in the order of the documentation's table."""
    yield from _NAMED.items()


def families() -> list[str]:
    """Return how parameterised names are written, a family each."""
    return [example for example, _, _ in _FAMILIES]


def alias_of(fmt: Format) -> str | None:
    """Return the name of its own that `fmt` has, if any."""
    return _ALIASES.get(fmt)


def is_alias(name: str) -> bool:
    """Return whether `name` is some format's name of its own."""
    return name in _NAMED


def aliases(fmt: Format) -> list[str]:
    """Return the other names (ml_dtypes, numpy, gfloat) under which `fmt` is known."""
    return [other for other, alias in _OTHER_NAMES.items() if _NAMED[alias] == fmt]
