"""The smallest config that still fails: from one that does, in steps, the largest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cosim.drawing import float_of, without_null
from gen.config import Config, make_config
from gen.errors import ConfigError
from gen.schema import json_schema
from hdl.formats import (
    FloatFormat,
    Format,
    IntFormat,
    LogFormat,
    Specials,
    default_bias,
    parse_format,
)

__all__ = ["Fails", "shrink", "simpler"]

Fails = Callable[[Config], bool]


def shrink(config: Config, fails: Fails) -> Config:
    """Return a config that fails while none of its simplifications does.

    Parameters
    ----------
    config
        One that fails.
    fails
        Tells whether a config does; never asked twice about the same hardware.
    """
    known: dict[str, bool] = {config.config_hash: True}
    candidates = _simplifications(config)
    while (candidate := next(candidates, None)) is not None:
        key = candidate.config_hash
        if key not in known:
            known[key] = fails(candidate)
            if known[key]:
                config, candidates = candidate, _simplifications(candidate)
    return config


def simpler(name: str) -> list[str]:
    """Return the names of formats simpler than one, the simplest first.

    A format has fewer bits than another, or as many and is an integer, or has no special values,
    or the usual bias.
    """
    fmt = parse_format(name)
    found: list[Format] = [IntFormat(1, signed=False), IntFormat(2)]
    if isinstance(fmt, LogFormat):
        i, f = fmt.integer_bits, fmt.fraction_bits
        smaller = {(i, 0), (i, f // 2), (i, f - 1), (2, f), (i // 2, f), (i - 1, f)}
        found += [parse_format(f"log{i}.{f}") for i, f in smaller if i >= 2 and f >= 0]
    elif isinstance(fmt, IntFormat):
        widths = (fmt.bits // 2, fmt.bits - 1)
        found += [IntFormat(n, signed) for signed in (False, True) for n in widths if n > signed]
    elif isinstance(fmt, FloatFormat):
        e, m, specials = fmt.exponent_bits, fmt.mantissa_bits, fmt.specials
        unusual = fmt.bias - default_bias(e, specials)
        steps: list[tuple[int, int, Specials, int]] = [
            *((e, m, "none", 0) for e, m in ((1, 0), (2, 1), (e, m))),
            *((fewer, m // 2, specials, unusual) for fewer in (1, e // 2)),
            *((fewer, m, specials, unusual) for fewer in (1, e // 2, e - 1)),
            *((e, fewer, specials, unusual) for fewer in (0, m // 2, m - 1)),
            *((e, m, specials, less) for less in (0, unusual // 2)),
        ]
        found += [one for step in steps if (one := float_of(*step)) is not None]
    simpler = {one for one in found if _complexity(one) < _complexity(fmt)}
    return [one.name for one in sorted(simpler, key=_complexity)]


def _complexity(fmt: Any) -> tuple[int, ...]:
    if isinstance(fmt, IntFormat):
        return (fmt.bits, 0, fmt.signed)
    if not isinstance(fmt, FloatFormat):
        return (fmt.bits, 2)
    specials = ("none", "fn", "fnuz", "ieee").index(fmt.specials)  # by how many there are
    unusual = abs(fmt.bias - default_bias(fmt.exponent_bits, fmt.specials))
    return (fmt.bits, 1, specials, unusual, fmt.exponent_bits)


def _simplifications(config: Config) -> Iterator[Config]:
    """Yield the valid configs that are a step simpler: the largest steps first."""
    given = config.given()
    properties = json_schema(config.unit)["properties"]["params"]["properties"]
    optional = [key for key in given if "default" in properties[key]]
    changes: list[Mapping[str, Any]] = [dict.fromkeys(optional)]
    changes += [{key: None} for key in optional]
    for key, value in given.items():
        changes += [{key: less} for less in _lesser(value, without_null(properties[key]))]
    for change in changes:
        params = {key: value for key, value in {**given, **change}.items() if value is not None}
        if params == given:
            continue
        try:
            yield make_config(config.unit, params)
        except ConfigError:
            continue  # the step breaks a rule


def _lesser(value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    """Yield values of a parameter that are simpler than one, the simplest first."""
    if isinstance(value, Mapping):
        required = schema.get("required", ())
        for key in value.keys() - required:
            yield {other: part for other, part in value.items() if other != key}
        for key, part in value.items():
            for less in _lesser(part, without_null(schema["properties"][key])):
                yield {**value, key: less}
    elif schema.get("listed"):
        return
    elif "examples" in schema:
        yield from simpler(value)
    elif schema.get("type") == "integer":
        least = schema["minimum"]
        smaller = sorted({least, (least + value) // 2, value - 1})
        yield from (number for number in smaller if least <= number < value)
