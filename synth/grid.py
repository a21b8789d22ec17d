"""Sweep files: which points there are."""

from __future__ import annotations

import ast
import hashlib
import itertools
import json
import operator
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gen.complaints import nearest
from gen.config import make_config
from gen.errors import ConfigError
from synth.libraries import BUILT_IN
from synth.recipes import Effort

__all__ = ["MOST_POINTS", "Point", "Sweep", "evaluate_rule", "load_sweep"]

MOST_POINTS = 1_000_000


@dataclass(frozen=True)
class Point:
    """One config with what to do with it.

    Attributes
    ----------
    key
        Hash of all that its result depends on: two points of one key are one.
    unit, name, params
        The config; the parameters as they were given.
    config_hash
        Of the config; empty if there is no such unit.
    options
        What to do: ``library``, ``period_ps``, ``effort``, ``energy``, ``operands``, ``seed``,
        ``vectors``.
    problem
        Why the parameters make no unit; empty if they do.
    """

    key: str
    unit: str
    name: str
    params: Mapping[str, Any]
    config_hash: str
    options: Mapping[str, Any]
    problem: str

    def job(self) -> dict[str, Any]:
        """Return what somebody who works on it has to know, as JSON types."""
        return {
            "key": self.key,
            "unit": self.unit,
            "name": self.name,
            "params": dict(self.params),
            "options": dict(self.options),
        }


@dataclass(frozen=True)
class Sweep:
    """The points of a sweep file, each once, in the order of its lists.

    `excluded` counts those that a constraint ruled out, `repeated` those that were there already.
    """

    points: tuple[Point, ...]
    excluded: int
    repeated: int


class _Synth(BaseModel):
    """Table ``[synth]``: what to measure. A list is one more axis of the grid."""

    model_config = ConfigDict(extra="forbid", strict=True)

    library: str | list[str] = "nangate45"
    period: float | int | list[float | int] | None = None
    effort: Effort = "quick"
    energy: bool = False
    operands: str | list[str] = "gaussian"
    seed: int = Field(default=1, ge=0)


class _Verify(BaseModel):
    """Table ``[verify]``: how many vectors to check each point with."""

    model_config = ConfigDict(extra="forbid", strict=True)

    vectors: int = Field(default=10_000, ge=1)


class _File(BaseModel):
    """The shape of a sweep file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    unit: str | None = None
    params: dict[str, Any] = {}
    grid: dict[str, list[Any]] = {}
    points: list[dict[str, Any]] = []
    constraints: list[str] = []
    synth: _Synth = _Synth()
    verify: _Verify | None = None


def load_sweep(path: str | Path) -> Sweep:
    """Read a sweep file and return its points.

    Every combination of the lists in ``[grid]``, with every table of ``[[points]]`` if there are
    any, on top of ``[params]``. A key of the grid that names several parameters, ``"a, b"``, has a
    list of lists: these vary together. ``unit`` may be one of the keys. Points for which one of the
    `constraints` does not hold are left out.

    Raises
    ------
    ConfigError
        If the file cannot be read or is no sweep, a constraint is none, or they leave no point.
    """
    source = str(path)
    file = _read(Path(path))
    points: dict[str, Point] = {}
    excluded = repeated = total = 0
    rules = [(text, _parse_rule(text, source)) for text in file.constraints]
    options = list(_options(file, Path(path)))
    for params in _combinations(file, source):
        unit = params.pop("unit", file.unit)
        if not isinstance(unit, str):
            raise ConfigError(f"{source}: unit: missing; a sweep file or its grid names one")
        total += 1
        if total * len(options) > MOST_POINTS:
            raise ConfigError(f"{source}: more than {MOST_POINTS:,} points")
        name, complete, config_hash, problem = _check(unit, params)
        known = {"unit": unit, **complete, **params}
        if not all(_holds(text, tree, known, problem, source) for text, tree in rules):
            excluded += 1
            continue
        for option in options:
            content = [config_hash or [unit, params], option]
            text = json.dumps(content, sort_keys=True, default=str)
            key = hashlib.sha256(text.encode()).hexdigest()
            repeated += key in points
            point = Point(key, unit, name, params, config_hash, option, problem)
            points.setdefault(key, point)
    if not points:
        raise ConfigError(f"{source}: constraints: none of {excluded:,} points is left")
    return Sweep(tuple(points.values()), excluded, repeated)


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(tomllib.loads(path.read_bytes().decode()))
    except OSError as error:
        raise ConfigError(f"{path}: cannot read it: {error.strerror}") from error
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in details["loc"])
        unknown = details["type"] == "extra_forbidden"
        rule = details["msg"][:1].lower() + details["msg"][1:]
        if unknown:
            known = _File.model_fields if len(details["loc"]) == 1 else ()
            rule = f"no such key{nearest(key, known) if known else ''}"
        raise ConfigError(f"{path}: {key}: {rule}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: broken TOML: {error}") from error


def _options(file: _File, path: Path) -> Iterator[dict[str, Any]]:
    synth = file.synth
    libraries = [
        name if name in BUILT_IN else _file_beside(name, path) for name in _listed(synth.library)
    ]
    operands = [
        _file_beside(name, path) if name.endswith(".npz") else name
        for name in _listed(synth.operands)
    ]
    for library, period, source in itertools.product(libraries, _listed(synth.period), operands):
        yield {
            "library": library,
            "period_ps": period,
            "effort": synth.effort,
            "energy": synth.energy,
            "operands": source,
            "seed": synth.seed,
            "vectors": file.verify.vectors if file.verify else 0,
        }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _file_beside(name: str, sweep: Path) -> str:
    """Return the whole path of a file that a sweep file names, from its own place on."""
    return str((sweep.parent / name).resolve())


def _combinations(file: _File, source: str) -> Iterator[dict[str, Any]]:
    axes: list[list[dict[str, Any]]] = []
    for key, values in file.grid.items():
        names = [name.strip() for name in key.split(",")]
        axis: list[dict[str, Any]] = []
        for value in values:
            together = value if len(names) > 1 else [value]
            if not isinstance(together, list) or len(together) != len(names):
                raise ConfigError(f"{source}: grid.{key}: each entry is a list of {len(names)}")
            axis.append(dict(zip(names, together, strict=True)))
        axes.append(axis)
    for start, *chosen in itertools.product(file.points or [{}], *axes):
        params: dict[str, Any] = {}
        for part in (file.params, start, *chosen):
            for name, value in part.items():
                _put(params, name, value)
        yield params


def _put(params: dict[str, Any], name: str, value: Any) -> None:
    """Set a parameter; dots in its name lead into tables."""
    *outer, last = name.split(".")
    for part in outer:
        inner = params.get(part)
        params[part] = params = dict(inner) if isinstance(inner, Mapping) else {}
    params[last] = value


def _check(unit: str, params: Mapping[str, Any]) -> tuple[str, dict[str, Any], str, str]:
    """Return name, complete parameters, hash, and what is wrong with a config."""
    try:
        config = make_config(unit, params, source="point")
    except ConfigError as error:
        return unit, {}, "", str(error)
    return config.name, config.params_dict(), config.config_hash, ""


def _parse_rule(text: str, source: str) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise ConfigError(f"{source}: constraints: {text!r} is no expression") from error


def _holds(text: str, tree: ast.expr, known: Mapping[str, Any], problem: str, source: str) -> bool:
    try:
        return bool(evaluate_rule(tree, known))
    except KeyError as error:
        if problem:  # a default that is not known; the point will say what is wrong with it
            return True
        raise ConfigError(f"{source}: constraints: {text!r}: no parameter {error}") from error
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ConfigError(f"{source}: constraints: {text!r}: {error}") from error


_OPERATORS: Mapping[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, choices: item in choices,
    ast.NotIn: lambda item, choices: item not in choices,
    ast.Not: operator.not_,
    ast.USub: operator.neg,
}


_WORDS = {"true": True, "false": False, "none": None}


def _compared(kinds: Sequence[ast.cmpop], sides: Sequence[Any]) -> bool:
    pairs = zip(kinds, itertools.pairwise(sides), strict=True)
    return all(_OPERATORS[type(kind)](*pair) for kind, pair in pairs)


def evaluate_rule(tree: ast.expr, known: Mapping[str, Any]) -> Any:
    """Return the value of an expression over parameters: arithmetic, comparisons, and, or, not.

    Raises
    ------
    KeyError
        If it names something that is not known.
    ValueError
        If it holds anything else, such as a call.
    """

    def value(node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=constant):
                return constant
            case ast.Name(id=name):
                return _WORDS[name] if name in _WORDS else known[name]
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [value(item) for item in items]
            case ast.BoolOp(op=kind, values=parts):
                combined = all if isinstance(kind, ast.And) else any
                return combined(value(part) for part in parts)
            case ast.UnaryOp(op=kind, operand=one) if type(kind) in _OPERATORS:
                return _OPERATORS[type(kind)](value(one))
            case ast.BinOp(left=left, op=kind, right=right) if type(kind) in _OPERATORS:
                return _OPERATORS[type(kind)](value(left), value(right))
            case ast.Compare(left=left, ops=kinds, comparators=rest):
                return _compared(kinds, [value(left), *(value(one) for one in rest)])
            case _:
                raise ValueError(f"{ast.unparse(node)}: not arithmetic or a comparison")

    return value(tree)
