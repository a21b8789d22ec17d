"""Configurations: from a TOML file, a preset or words of a command line to one checked object."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from gen.catalog import UNITS, UnitEntry
from gen.complaints import first_error, nearest, shown
from gen.errors import ConfigError
from gen.names import check_name
from gen.params.base import Params
from gen.version import __version__
from hdl.formats import CodebookFormat, parse_format

__all__ = [
    "Config",
    "load_config",
    "make_config",
    "presets",
    "resolve",
    "toml_value",
]

COMMAND_LINE = "command line"

_PARAMETERS = frozenset(
    name for entry in UNITS.values() for name in entry.params.parameter_names()
) - {*UNITS}
"""Parameters of any unit."""


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

        Not of the name: two names for the same hardware share their results. Of codebooks that are
        read from files it is the entries that count.
        """
        params = self.params_dict()
        content = {"unit": self.unit, "params": params, "version": __version__}
        if tables := dict(_tables_in(params)):
            content["tables"] = tables
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _tables_in(value: Any) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Yield name and entries of the codebooks that are named in parameters by their files."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _tables_in(inner)
    elif isinstance(value, str) and value.startswith("codebook:"):
        book = parse_format(value)
        assert isinstance(book, CodebookFormat)
        yield value, book.values


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
        raise ConfigError(f"{source}: unit = {shown(unit)}: no such unit{nearest(unit, UNITS)}")
    try:
        checked = entry.params.model_validate(dict(params))
    except ValidationError as error:
        raise ConfigError(f"{source}: {first_error(error, entry.params)}") from None
    if checked.period is not None:
        checked = _with_stages(entry, checked, source)
    if name is None:
        name = "_".join((checked.base_name, *checked.suffixes))
    problem = check_name(name)
    if problem:
        raise ConfigError(f"{source}: name = {shown(name)}: {problem}")
    return Config(unit, name, checked)


def _with_stages(entry: UnitEntry, params: Params, source: str) -> Params:
    """Return parameters with the number of stages that their period asks for."""
    # Loading amaranth takes longer than all else here.
    from hdl.pipeline import REGISTER_PS, segment_ps, stages_for, steps_of

    setting = f"{source}: period = {params.period}"
    if "stages" in params.model_fields_set:
        raise ConfigError(f"{setting}: excludes stages: it decides their number")
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
        possible = 10 * ceil(estimate(stages=len(delays) - 1) / 10)
        raise ConfigError(
            f"{setting}: {what}, which no register divides, takes about "
            f"{estimate(stages=len(delays) - 1):.0f} ps (registers: {REGISTER_PS:.0f} ps of it); "
            f"nearest: {possible}"
        )
    return params.model_copy(update={"stages": stages})


class _File(BaseModel):
    """The shape of a config file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    unit: str
    name: str | None = None
    params: dict[str, Any] = {}


def _check_place(tables: Mapping[str, Any], source: str) -> None:
    """Raise `ConfigError` if a parameter stands outside of its table."""
    unit = tables.get("unit")
    entry = UNITS.get(unit) if isinstance(unit, str) else None
    names = entry.params.parameter_names() if entry else []
    for key in tables:
        if key in names:
            raise ConfigError(f"{source}: {key}: is a parameter: it belongs under [params]")


def load_config(path: str | Path) -> Config:
    """Read a config file.

    Raises
    ------
    ConfigError
        If there is no such file, it is not TOML, or what it says is not allowed.
    """
    source = str(path)
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{source}: cannot read it: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{source}: not a text file in UTF-8 (byte {error.start})") from error
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{source}: broken TOML: {error}") from error
    _check_place(tables, source)
    try:
        content = _File.model_validate(tables)
    except ValidationError as error:
        raise ConfigError(f"{source}: {first_error(error, _File)}") from None
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
        elif configs and word in _PARAMETERS and not os.path.isfile(word):
            raise ConfigError(f"{COMMAND_LINE}: {word}: a parameter needs a value: {word}=...")
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
            raise ConfigError(f"{COMMAND_LINE}: name = {shown(name)}: must be a string")
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
        f"{COMMAND_LINE}: {word}: no such unit, preset or file (.toml){nearest(word, choices)}"
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


def toml_value(value: Any) -> str:
    """Return a value as a config file has it, a table in braces; in it, None is left out."""
    if isinstance(value, Mapping):
        items = (f"{key} = {toml_value(v)}" for key, v in value.items() if v is not None)
        return "{" + ", ".join(items) + "}"
    return json.dumps(value)
