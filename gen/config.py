"""Configurations: from a TOML file, a preset or words of a command line to one checked object."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from gen.catalog import UNITS, UnitEntry
from gen.errors import ConfigError
from gen.names import NAME_PATTERN, check_name
from gen.params.base import Params, RuleError
from gen.version import __version__
from hdl.formats import FormatError

__all__ = [
    "Config",
    "Parameter",
    "json_schema",
    "load_config",
    "make_config",
    "parameters_of",
    "presets",
    "resolve",
    "toml_value",
]

COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Config:
    """What to build: a unit with all its parameters, checked and complete.

    Attributes
    ----------
    unit
        Name of the unit.
    name
        Name of the Verilog module, and of the files.
    params
        Every parameter, defaults filled in, formats under their canonical names.
    """

    unit: str
    name: str
    params: Params

    def params_dict(self) -> dict[str, Any]:
        """Return the parameters as JSON types, every key present that decides something itself."""
        values = self.params.model_dump(mode="json")
        return {key: values[key] for key in self.params.parameter_names() if key in values}

    def config_dict(self) -> dict[str, Any]:
        """Return the config as JSON types, in the shape of a config file."""
        return {"unit": self.unit, "name": self.name, "params": self.params_dict()}

    def given(self) -> dict[str, Any]:
        """Return the parameters that were given, without the defaults that completed them.

        A period has become a number of stages.
        """
        return self.params.model_dump(mode="json", exclude_unset=True)

    @property
    def config_hash(self) -> str:
        """Hash of all that decides what the hardware does: unit, parameters, slipstick's version.

        Not of the name: two names for the same hardware share their results.
        """
        content = {"unit": self.unit, "params": self.params_dict(), "version": __version__}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def make_config(
    unit: str,
    params: Mapping[str, Any],
    name: str | None = None,
    source: str = COMMAND_LINE,
) -> Config:
    """Check the parameters of a unit.

    Parameters
    ----------
    unit
        Name of a unit in the catalogue.
    params
        Parameters as in ``[params]`` of a config file; those left out take their defaults.
    name
        Name of the module; derived from the parameters if left out.
    source
        Where the parameters come from, for error messages.

    Raises
    ------
    ConfigError
        If the unit, a key, a value or the name is not allowed.
    """
    entry = UNITS.get(unit)
    if entry is None:
        raise ConfigError(f"{source}: unit = {_show(unit)}: no such unit{_nearest(unit, UNITS)}")
    try:
        checked = entry.params.model_validate(dict(params))
    except ValidationError as error:
        raise ConfigError(f"{source}: {_first_error(error, entry.params)}") from None
    if checked.period is not None:
        checked = _with_stages(entry, checked, source)
    if name is None:
        name = "_".join((checked.base_name, *checked.suffixes))
    problem = check_name(name)
    if problem:
        raise ConfigError(f"{source}: name = {_show(name)}: {problem}")
    return Config(unit, name, checked)


def _with_stages(entry: UnitEntry, params: Params, source: str) -> Params:
    """Return parameters with the number of stages that their period asks for."""
    # Loading amaranth takes longer than all else here.
    from hdl.pipeline import REGISTER_PS, segment_ps, stages_for, steps_of

    shown = f"{source}: period = {params.period}"
    if "stages" in params.model_fields_set:
        raise ConfigError(f"{shown}: excludes stages: it decides their number")
    assert params.period is not None
    try:
        steps = steps_of(entry.component(params))
    except ValueError as error:
        raise ConfigError(f"{source}: {error}") from error
    delays = list(steps.values())
    keeps_sum = bool(getattr(params, "accumulate", False))
    estimate = partial(segment_ps, delays, objective=params.objective, keeps_sum=keeps_sum)
    stages = stages_for(delays, params.period, params.objective, keeps_sum=keeps_sum)
    if stages is None:
        slowest = max(steps, key=lambda step: steps[step])
        loop = keeps_sum and slowest == list(steps)[-1]
        what = "the accumulator's loop" if loop else f"step {slowest}"
        nearest = 10 * ceil(estimate(stages=len(delays) - 1) / 10)
        raise ConfigError(
            f"{shown}: {what}, which no register divides, takes about "
            f"{estimate(stages=len(delays) - 1):.0f} ps (registers: {REGISTER_PS:.0f} ps of it); "
            f"nearest: {nearest}"
        )
    return params.model_copy(update={"stages": stages})


class _File(BaseModel):
    """The shape of a config file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    unit: str
    name: str | None = None
    params: dict[str, Any] = {}


def load_config(path: str | Path) -> Config:
    """Read a config file.

    Raises
    ------
    ConfigError
        If there is no such file, it is not TOML, or what it says is not allowed.
    """
    source = str(path)
    try:
        text = Path(path).read_bytes().decode()
    except OSError as error:
        raise ConfigError(f"{source}: cannot read it: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{source}: not a text file in UTF-8 (byte {error.start})") from error
    try:
        content = _File.model_validate(tomllib.loads(text))
    except ValidationError as error:
        raise ConfigError(f"{source}: {_first_error(error, _File)}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{source}: broken TOML: {error}") from error
    return make_config(content.unit, content.params, content.name, source)


def presets() -> dict[str, Path]:
    """Return the ready-made configs that come with slipstick, by name."""
    here = Path(__file__).parent
    # An installed wheel carries them inside this package, a checkout in their own folder.
    installed, checkout = here / "presets", here.parent / "configs" / "presets"
    directory = installed if installed.is_dir() else checkout
    return {path.stem: path for path in sorted(directory.glob("*.toml"))}


def resolve(words: Sequence[str]) -> list[Config]:
    """Return the configs that the words of a command line stand for.

    A word is a file (``conf/mac.toml``), a preset (``dp4a``), a unit (``fma``), or ``key=value``,
    which sets a parameter of the last config named before it; values are written as in TOML, and
    strings may do without their quotes. Dots in a key nest, ``name=`` names the module. A file or a
    preset whose parameters are changed loses the name it gives itself.

    Raises
    ------
    ConfigError
        If a word is none of these or a config is not allowed.
    """
    configs: list[_Words] = []
    for word in words:
        key, equals, value = word.partition("=")
        if equals and not os.path.isfile(word):
            if not configs:
                raise ConfigError(
                    f"{COMMAND_LINE}: {word}: no unit, preset or file before this parameter"
                )
            configs[-1].settings.append((key, value))
        else:
            configs.append(_Words(word))
    resolved = [config.resolve() for config in configs]
    by_name: dict[str, Config] = {}
    for config in resolved:
        if by_name.setdefault(config.name, config) != config:
            raise ConfigError(f"{COMMAND_LINE}: two different configs are named {config.name}")
    return resolved


class _Words:
    """A config on the command line: what it starts from, and what is set on top."""

    def __init__(self, start: str) -> None:
        self.start = start
        self.settings: list[tuple[str, str]] = []

    def resolve(self) -> Config:
        changes: dict[str, Any] = {}
        for key, value in self.settings:
            _put(changes, key, value)
        name = changes.pop("name", None)
        if not isinstance(name, str | None):
            raise ConfigError(f"{COMMAND_LINE}: name = {_show(name)}: must be a string")
        if self.start in UNITS:
            return make_config(self.start, changes, name)
        base = load_config(_find(self.start))  # complains about the file before any change
        if not changes:
            return make_config(base.unit, _as_written(base), name or base.name)
        given = _as_written(base)
        if {"stages", "period"} & changes.keys():  # either takes the place of the other
            given = {key: value for key, value in given.items() if key not in ("stages", "period")}
        return make_config(base.unit, _merged(given, changes), name)


def _as_written(config: Config) -> dict[str, Any]:
    """Return the parameters that a config was made of, a period as such."""
    given = config.given()
    if config.params.period is not None:
        del given["stages"]
        given["period"] = config.params.period
    return given


def _find(word: str) -> Path:
    """Return the file that `word` names, itself or as a preset."""
    known = presets()
    if word in known:
        return known[word]
    if word.endswith(".toml") or os.path.isfile(word):
        return Path(word)
    choices = [*UNITS, *known]
    raise ConfigError(
        f"{COMMAND_LINE}: {word}: no such unit, preset or file (.toml){_nearest(word, choices)}"
    )


def _put(table: dict[str, Any], key: str, value: str) -> None:
    """Set a dotted `key` of `table`."""
    *outer, last = key.split(".")
    for part in outer:
        inner = table.setdefault(part, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"{COMMAND_LINE}: {key} = {value}: {part} already has a value")
        table = inner
    if last in table:
        raise ConfigError(f"{COMMAND_LINE}: {key} = {value}: given twice")
    table[last] = _value(value)


def _value(text: str) -> Any:
    """Return what `text` means in TOML, or the text itself: a string without quotes."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `changes` on top, table by table."""
    result = dict(base)
    for key, value in changes.items():
        old: Any = base.get(key)
        both_tables = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[key] = _merged(old, value) if both_tables else value
    return result


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


def toml_value(value: Any) -> str:
    """Return a value as a config file has it, a table in braces; in it, None is left out."""
    if isinstance(value, Mapping):
        items = (f"{key} = {toml_value(v)}" for key, v in value.items() if v is not None)
        return "{" + ", ".join(items) + "}"
    return json.dumps(value)


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


def _first_error(error: ValidationError, model: type[BaseModel]) -> str:
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
        shown = name if value is None else f"{name} = {_show(value)}"
        return f"{shown}: {cause}"
    if kind == "missing":
        return f"{key}: missing; it has no default"
    if kind == "extra_forbidden":
        *path, last = details["loc"]
        table = _model_at(model, path)
        names = table.parameter_names() if issubclass(table, Params) else table.model_fields
        return f"{key}: no such key{_nearest(str(last), names)}"
    rule = _rule(details, cause)
    if kind in ("model_type", "model_attributes_type"):
        rule = f"must be a table of {_listed(list(_model_at(model, details['loc']).model_fields))}"
    return f"{key} = {_show(details['input'])}: {rule}"


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
            return f"must be {_listed(choices)}{_nearest(str(value), choices)}"
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


def _show(value: object) -> str:
    """Return a value as a config file would write it, shortened to fit a line."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except TypeError:  # a date, or anything else that TOML has and JSON has not
        text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _listed(choices: Sequence[str]) -> str:
    *most, last = choices
    return f"{', '.join(most)} or {last}" if most else last


def _nearest(word: str, choices: Iterable[str]) -> str:
    """Return a hint at the choice that looks most like `word`, or at all of them."""
    known = list(choices)
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.5)
    return f"; nearest: {near[0]}" if near else f"; there are {', '.join(known)}"
