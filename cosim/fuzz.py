"""Fuzzing of configs: draw any that the catalogue allows, check each, shrink one that fails.

Hypothesis could draw and shrink as well, but it is a tool of the tests and not of the installed
command, and its search tries hundreds of candidates, of which each is a build of seconds here: the
drawing below reads the same schema as every editor, and the shrinking takes large steps first.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, get_args

from cosim.failure import config_words
from cosim.results import Options, Result
from cosim.toolchain import find_compiler, find_verilator
from cosim.verify import verify, verify_all
from gen.catalog import UNITS
from gen.config import Config, make_config
from gen.errors import ConfigError
from gen.schema import json_schema
from hdl.formats import (
    BlockFormat,
    FixedFormat,
    FloatFormat,
    Format,
    FormatError,
    IntFormat,
    LogFormat,
    PositFormat,
    PowerFormat,
    SignMagnitudeFormat,
    Specials,
    default_bias,
    named_formats,
    parse_format,
)

__all__ = [
    "Outcome",
    "check",
    "draw",
    "draw_configs",
    "fuzz",
    "shrink",
    "shrink_failure",
    "simpler",
]

LARGEST = {"stages": 5, "lanes": 9, "rows": 3, "cols": 3}
"""Largest numbers to draw; of others, `SPREAD` values from the smallest on."""

SPREAD = 8

TILE_PRODUCTS = 48
"""Most products in a tile."""

_TOGETHER: Mapping[str, Mapping[str, Any]] = {
    "group": {"align": "window", "fraction_bits": None, "scale": None},
    "sticky": {"align": "window", "fraction_bits": None},
    "accumulator": {"accumulate": True, "overflow": "wrap"},
}
"""What goes with a parameter that is nothing without: a value, or None for any."""

WORD_BITS = 128
"""Widest exact sum to draw: wider ones are the same hardware and only take longer to build."""

OPTIONS = Options(vectors=1 << 16)
"""How to check a config: all vectors of up to 16 bits; of others, compiling takes the time."""

Fails = Callable[[Config], bool]


@dataclass(frozen=True)
class Outcome:
    """What came of a config.

    Attributes
    ----------
    config
        What was checked.
    result
        What the comparison gave; None if there was none.
    error
        Why there was none: what its generation or simulation stopped with.
    """

    config: Config
    result: Result | None
    error: str | None = None

    @property
    def verdict(self) -> str:
        """``pass``, ``mismatch`` or ``error``."""
        if self.result is None:
            return "error"
        return "pass" if self.result.passed else "mismatch"

    @property
    def words(self) -> list[str]:
        """Words of a command line that stand for the config."""
        return config_words(self.config)

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as JSON types."""
        return {
            "verdict": self.verdict,
            "config": self.config.config_dict(),
            "words": self.words,
            "error": self.error,
            "result": None if self.result is None else self.result.to_json(),
        }


def fuzz(
    count: int,
    seed: int,
    units: Iterable[str] = UNITS,
    options: Options | None = None,
) -> Iterator[Outcome]:
    """Draw configs and check them, one after the other.

    Parameters
    ----------
    count, seed
        How many configs, and where they start from.
    units
        Names of the units to draw from.
    options
        How to check each.

    Raises
    ------
    ConfigError
        If there is no such unit, or fewer configs than asked for.
    ToolError
        If there is no simulator or compiler; whatever else a config brings about is an outcome.
    """
    find_verilator()
    find_compiler()
    return check(list(draw_configs(count, seed, units)), options)


def draw_configs(count: int, seed: int, units: Iterable[str] = UNITS) -> Iterator[Config]:
    """Yield configs, no two alike, that depend on the arguments and the catalogue only."""
    names = list(units)
    random = Random(seed)
    seen: set[str] = set()
    for _ in range(count):
        config = next(
            (
                config
                for config in (draw(random.choice(names), random) for _ in range(1000))
                if config.config_hash not in seen
            ),
            None,
        )
        if config is None:
            raise ConfigError(f"fuzz: there are hardly more than {len(seen)} different configs")
        seen.add(config.config_hash)
        yield config


def draw(unit: str, random: Random) -> Config:
    """Return a random config of a unit.

    Every parameter gets a random value of the kind that the schema gives it; what breaks a rule or
    is too large is drawn again. Parameters that have their default are left out. A tile is drawn
    as one of its dot products.
    """
    if unit == "tile":
        return _draw_tile(random)
    params = json_schema(unit)["properties"]["params"]
    required = params.get("required", ())
    other = UNITS[unit].params.deciding_keys
    properties = {key: value for key, value in params["properties"].items() if key not in other}
    while True:
        formats = _Formats(random)
        # Options go together less often than they do not: half of them stay away.
        chosen = [key for key in properties if key in required or random.random() < 0.5]
        in_need = [
            key for key in chosen if _TOGETHER.get(key, {"": None}).keys() <= properties.keys()
        ]
        forced = _TOGETHER[random.choice(in_need)] if in_need else {}
        chosen += [key for key in forced if key not in chosen]
        drawn = {key: _value(key, properties[key], formats, random) for key in chosen}
        drawn |= {key: value for key, value in forced.items() if value is not None}
        given = {
            key: value
            for key, value in drawn.items()
            if "default" not in properties[key] or value != properties[key]["default"]
        }
        try:
            config = make_config(unit, given)
        except ConfigError:
            continue
        if _word_bits(config.params_dict()) <= WORD_BITS:
            return config


def _draw_tile(random: Random) -> Config:
    while True:
        given = draw(random.choice(("dot", "dot", "block_dot")), random).given()
        length = given.pop("lanes", 1) * given.pop("blocks", 1)
        fmt = parse_format(given["a"])
        if isinstance(fmt, BlockFormat):
            length *= fmt.length
        size = {"m": random.randint(1, 3), "n": random.randint(1, 3), "k": length}
        if size["m"] * size["n"] * length > TILE_PRODUCTS:
            size |= {"m": 1, "n": 1}
        if length <= TILE_PRODUCTS:
            try:
                return make_config("tile", given | size)
            except ConfigError:
                continue  # not every option of a dot product is one of a tile


def check(configs: Sequence[Config], options: Options | None = None) -> Iterator[Outcome]:
    """Yield what comes of each config; a config that cannot be generated or simulated is a find."""
    options = options or OPTIONS
    remaining = deque(configs)
    while remaining:
        try:
            for result in verify_all(tuple(remaining), options):
                yield Outcome(remaining.popleft(), result)
        except Exception:  # from this one, or from one that was being built ahead
            yield _check_one(remaining.popleft(), options)


def shrink_failure(outcome: Outcome, options: Options | None = None) -> Outcome:
    """Return the smallest config found that fails in the same way, checked with `options`."""
    options = options or OPTIONS
    with tempfile.TemporaryDirectory(prefix="slipstick-") as work:
        quiet = replace(options, directory=Path(work), waves=None)

        def fails(config: Config) -> bool:
            return _check_one(config, quiet).verdict == outcome.verdict

        smallest = shrink(outcome.config, fails)
    return _check_one(smallest, options)


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
        found += [one for step in steps if (one := _float(*step)) is not None]
    simpler = {one for one in found if _complexity(one) < _complexity(fmt)}
    return [one.name for one in sorted(simpler, key=_complexity)]


def _float(
    exponent_bits: int, mantissa_bits: int, specials: Specials, unusual: int
) -> FloatFormat | None:
    """Return a float whose bias is so far from the usual one, or None if there is none."""
    if exponent_bits < 1:
        return None
    bias = max(0, default_bias(exponent_bits, specials) + unusual)
    try:
        return FloatFormat(exponent_bits, mantissa_bits, bias, specials)
    except FormatError:
        return None


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
        changes += [{key: less} for less in _lesser(value, _without_null(properties[key]))]
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
            for less in _lesser(part, _without_null(schema["properties"][key])):
                yield {**value, key: less}
    elif schema.get("listed"):
        return
    elif "examples" in schema:
        yield from simpler(value)
    elif schema.get("type") == "integer":
        least = schema["minimum"]
        smaller = sorted({least, (least + value) // 2, value - 1})
        yield from (number for number in smaller if least <= number < value)


def _check_one(config: Config, options: Options) -> Outcome:
    try:
        return Outcome(config, verify(config, options))
    except Exception as error:
        return Outcome(config, None, f"{type(error).__name__}: {error}")


def _value(key: str, schema: Mapping[str, Any], formats: _Formats, random: Random) -> Any:
    """Return a random value of what a JSON Schema allows."""
    if "anyOf" in schema:
        inner = _without_null(schema)
        return None if random.random() < 0.5 else _value(key, inner, formats, random)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return random.choice(schema["enum"])
    if schema.get("listed"):
        return random.choice(schema["examples"])
    if "examples" in schema:  # a format
        return formats.draw(schema["examples"])
    match schema["type"]:
        case "boolean":
            return random.random() < 0.5
        case "integer":
            least = schema["minimum"]
            largest = LARGEST.get(key, least + SPREAD - 1)
            return random.randint(least, min(largest, schema.get("maximum", largest)))
        case "object":
            inner, required = schema["properties"], schema.get("required", ())
            keys = [key for key in inner if key in required or random.random() < 0.25]
            return {key: _value(key, inner[key], formats, random) for key in keys}
        case other:
            raise NotImplementedError(f"fuzz: {key}: cannot draw a {other}")


def _without_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)


class _Formats:
    """Draws the formats of one config: integers only, or any mixture with some used twice."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._integers = random.random() < 0.2
        self._drawn: list[str] = []

    def draw(self, examples: Sequence[str]) -> str:
        """Return the name of a format of one of the kinds that there are examples of."""
        random = self._random
        kinds = {type(parse_format(name)) for name in examples}
        if kinds == {LogFormat}:
            return f"log{random.randint(2, 5)}.{random.randint(0, 4)}"
        others = sorted(kinds - {IntFormat, FloatFormat}, key=lambda kind: kind.kind)
        if others and random.random() < 0.3:
            return self._other(random.choice(others))
        if self._drawn and random.random() < 0.25:
            return random.choice(self._drawn)
        kind = random.random()
        if self._integers or kind < 0.2:
            fmt = self._integer()
        elif kind < 0.5:
            fmt = random.choice(_NAMED_FLOATS)
        else:
            fmt = self._float()
        self._drawn.append(fmt.name)
        return fmt.name

    def _other(self, kind: type[Format]) -> str:
        random = self._random
        if kind is FixedFormat:
            integer_bits, fraction_bits = random.randint(1, 8), random.randint(0, 8)
            return f"{random.choice(('', 'u'))}q{integer_bits}.{fraction_bits}"
        if kind is SignMagnitudeFormat:
            return f"sm{random.randint(2, 12)}"
        if kind is PositFormat:
            return f"posit{random.randint(4, 10)}es{random.randint(0, 2)}"
        if kind is LogFormat:
            return f"log{random.randint(2, 4)}.{random.randint(0, 4)}"
        return "e8m0" if kind is PowerFormat else random.choice(("nf4", "af4"))

    def _integer(self) -> IntFormat:
        signed = self._random.random() < 0.6
        return IntFormat(self._random.randint(1 + signed, self._random.choice((4, 9, 24))), signed)

    def _float(self) -> FloatFormat:
        """Return a float of few bits, odd in every way that there is."""
        random = self._random
        while True:
            unusual = random.randint(-6, 6) if random.random() < 0.3 else 0
            specials = random.choice(get_args(Specials))
            found = _float(random.randint(1, 6), random.randint(0, 7), specials, unusual)
            if found is not None:
                return found


_NAMED_FLOATS = [
    fmt for _, fmt in named_formats() if isinstance(fmt, FloatFormat) and fmt.is_signed
]


def _word_bits(params: Mapping[str, Any]) -> int:
    """Return about how many bits hold the exact sum of products and addends."""
    extents = {
        key: _extent(params.get(f"{key}_table") or params[key])
        for key in ("a", "b", "c", "y" if params.get("accumulate") else "c")
        if params.get(key) is not None
    }
    product = [extents.pop(key) for key in ("a", "b") if key in extents]
    terms = [*extents.values(), (sum(low for low, _ in product), sum(high for _, high in product))]
    lanes = params.get("lanes", 1)
    return max(high for _, high in terms) - min(low for low, _ in terms) + lanes.bit_length()


def _extent(name: str) -> tuple[int, int]:
    """Return the weights of the lowest bit of any value and of the bit above the highest."""
    fmt = parse_format(name)
    if isinstance(fmt, FloatFormat):
        return fmt.min_ulp_exponent, fmt.max_exponent + 1
    return 0, 0 if isinstance(fmt, BlockFormat) else fmt.bits
