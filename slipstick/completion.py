"""What a shell may complete in a CONFIG: units, presets, files, parameters and their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from gen.catalog import UNITS
from gen.config import presets
from gen.schema import parameters_of
from hdl.formats import named_formats

__all__ = ["complete_config"]


def complete_config(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return what may stand where `incomplete` does, after the words that are there already.

    Bash takes ``a=e4m3`` for three words, other shells for one; both are understood.
    """
    words = list(context.params.get(parameter.name or "") or ())
    unit = next((word for word in words if word in UNITS), None)
    key, equals, value = incomplete.rpartition("=")
    if unit and equals and key:
        return _items(f"{key}=", _values(unit, key), value)
    if unit and incomplete == "=" and words:
        return _items("", _values(unit, words[-1]), "")
    if unit and len(words) > 1 and words[-1] == "=":
        return _items("", _values(unit, words[-2]), incomplete)
    if unit:
        taken = {word.partition("=")[0] for word in words}
        # With values: bash would put a space after a bare `rounding=`.
        choices = [
            f"{key}={value}"
            for key, schema in _parameters(unit).items()
            if key not in taken
            for value in _allowed(schema, examples=True) or [""]
        ]
        return _items("", choices, incomplete)
    names = [
        *(CompletionItem(unit.name, help=unit.summary) for unit in UNITS.values()),
        *(CompletionItem(name) for name in presets()),
    ]
    return [item for item in names if item.value.startswith(incomplete)] + [
        CompletionItem(incomplete, type="file")
    ]


def _items(prefix: str, values: Sequence[str], begin: str) -> list[CompletionItem]:
    return [CompletionItem(prefix + value) for value in values if value.startswith(begin)]


def _parameters(unit: str) -> dict[str, Mapping[str, Any]]:
    return {one.key: one.schema for one in parameters_of(unit)}


def _values(unit: str, key: str) -> list[str]:
    return _allowed(_parameters(unit).get(key, {}))


def _allowed(schema: Mapping[str, Any], *, examples: bool = False) -> list[str]:
    """Return the values of a parameter that can be listed; of formats just examples, if asked."""
    allowed = list(schema.get("enum", ()))
    if "const" in schema:
        allowed.append(str(schema["const"]))
    if schema.get("type") == "boolean":
        allowed += ("true", "false")
    if schema.get("listed"):
        allowed += schema["examples"]
    elif schema.get("type") == "string" and "examples" in schema:  # a format
        allowed += schema["examples"] if examples else [name for name, _ in named_formats()]
    return allowed
