"""What is said of a config that is refused: the key, its value, and the rule."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gen.params.base import Params, RuleError
from hdl.formats import FormatError

__all__ = ["first_error", "nearest", "shown"]


def _model_at(model: type[BaseModel], path: Sequence[Any]) -> type[BaseModel]:
    """Return the model of the table that a path of keys leads to."""
    for part in path:
        field = model.model_fields.get(str(part))
        kinds = (field.annotation, *get_args(field.annotation)) if field else ()
        inner = [one for one in kinds if isinstance(one, type) and issubclass(one, BaseModel)]
        if not inner:
            return model
        model = inner[0]
    return model


def first_error(error: ValidationError, model: type[BaseModel]) -> str:
    """Return the most telling of the errors as ``key = value: rule``."""
    errors = error.errors(include_url=False)
    # A misspelt key also leaves the right one missing: the key that is there is the one to show.
    details = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    key = ".".join(str(part) for part in details["loc"])
    key = key if key.isprintable() else json.dumps(key)
    kind = details["type"]
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, RuleError):
        # The whole model is the value here: look the parameter up in what the user gave.
        value = details["input"]
        for part in cause.key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        name = ".".join((*map(str, details["loc"]), cause.key))
        setting = name if value is None else f"{name} = {shown(value)}"
        return f"{setting}: {cause}"
    if kind == "missing":
        return f"{key}: missing; it has no default"
    if kind == "extra_forbidden":
        *path, last = details["loc"]
        table = _model_at(model, path)
        names = table.parameter_names() if issubclass(table, Params) else table.model_fields
        return f"{key}: no such key{nearest(str(last), names)}"
    rule = _rule(details, cause)
    if kind in ("model_type", "model_attributes_type"):
        rule = f"must be a table of {listed(list(_model_at(model, details['loc']).model_fields))}"
    return f"{key} = {shown(details['input'])}: {rule}"


def _rule(details: ErrorDetails, cause: object) -> str:
    """Return what is asked of a value that was refused."""
    value = details["input"]
    if isinstance(cause, FormatError):
        return str(cause).replace(f"unknown format {value!r}", "no such format")
    if isinstance(cause, ValueError):
        return str(cause)
    context = details.get("ctx", {})
    match details["type"]:
        case "literal_error":
            choices = re.findall(r"'([^']*)'", context["expected"])
            return f"must be {listed(choices)}{nearest(str(value), choices)}"
        case "greater_than_equal":
            return f"must be {context['ge']} or more"
        case "less_than_equal":
            return f"must be {context['le']} or less"
        case "int_type":
            return "must be an integer"
        case "bool_type":
            return "must be true or false"
        case "string_type":
            return "must be a string"
        case "dict_type":
            return "must be a table"
        case _:
            return details["msg"][:1].lower() + details["msg"][1:]


def shown(value: object) -> str:
    """Return a value as a config file would write it, shortened to fit a line."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except TypeError:  # a date, or anything else that TOML has and JSON has not
        text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def listed(choices: Sequence[str]) -> str:
    *most, last = choices
    return f"{', '.join(most)} or {last}" if most else last


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return a hint at the choice that looks most like `word`, or at all of them."""
    known = list(choices)
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.5)
    return f"; nearest: {near[0]}" if near else f"; there are {', '.join(known)}"
