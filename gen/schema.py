"""What parameters units have: as JSON Schema for editors, one by one for the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gen.catalog import UNITS
from gen.names import NAME_PATTERN

__all__ = ["Parameter", "json_schema", "parameters_of"]


def json_schema(unit: str) -> dict[str, Any]:
    """Return the JSON Schema of a config file for `unit`, for editors and for `show`."""
    entry = UNITS[unit]
    params = entry.params.model_json_schema()
    # Tables in it, which pydantic describes apart, stand where they belong.
    properties = _inlined(params["properties"], params.pop("$defs", {}))
    params["properties"] = {name: properties[name] for name in entry.params.parameter_names()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": unit,
        "description": entry.summary,
        "type": "object",
        "properties": {
            "unit": {"const": unit, "description": "what to build"},
            "name": {
                "type": "string",
                "pattern": NAME_PATTERN,
                "description": "name of the Verilog module; derived from params if left out",
            },
            "params": params,
        },
        "required": ["unit", "params"],
        "additionalProperties": False,
    }


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a JSON Schema with definitions instead of references to them."""
    if isinstance(schema, list):
        return [_inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {key: _inlined(part, definitions) for key, part in schema.items()}


@dataclass(frozen=True)
class Parameter:
    """A parameter of a unit as the command line takes it.

    Attributes
    ----------
    key
        Its name; of one in a table, after the table's and a dot.
    schema
        JSON Schema of its value, without null for those that may be left out.
    required
        Whether it has no default; in a table, whether the table needs it.
    """

    key: str
    schema: Mapping[str, Any]
    required: bool

    @property
    def default(self) -> Any:
        """Its default; None for none."""
        return self.schema.get("default")

    @property
    def values(self) -> str:
        """The values that it may have, in a few words."""
        schema = self.schema
        if "enum" in schema:
            return ", ".join(schema["enum"])
        if "const" in schema:
            return schema["const"]
        if "examples" in schema:
            return ", ".join((*schema["examples"], "..."))
        if schema["type"] == "integer":
            return f"{schema['minimum']} to {schema['maximum']}"
        return "true, false" if schema["type"] == "boolean" else schema["type"]

    @property
    def need(self) -> str:
        """Where it has to be given: ``required``, or ``needed in`` a table; empty if nowhere."""
        if not self.required:
            return ""
        table = self.key.rpartition(".")[0]
        return f"needed in {table}" if table else "required"


def parameters_of(unit: str) -> list[Parameter]:
    """Return all parameters of a unit, those of its tables in place of these."""
    return list(_parameters(json_schema(unit)["properties"]["params"], ""))


def _parameters(table: Mapping[str, Any], prefix: str) -> Iterator[Parameter]:
    for key, schema in table["properties"].items():
        inner = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), {})
        value = {k: v for k, v in schema.items() if k != "anyOf"} | inner
        if value.get("type") == "object":
            yield from _parameters(value, f"{prefix}{key}.")
        else:
            about = {"description": schema["description"]} if "description" in schema else {}
            yield Parameter(prefix + key, value | about, key in table.get("required", ()))
