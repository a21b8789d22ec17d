"""Random configs of units: any that the catalogue allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any, get_args

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

__all__ = ["WORD_BITS", "draw", "draw_configs", "float_of", "without_null", "word_bits"]

LARGEST = {"stages": 5, "lanes": 9, "rows": 3, "cols": 3}
"""Largest numbers to draw; of others, `SPREAD` values from the smallest on."""

SPREAD = 8

MOST_ATTEMPTS = 1000
"""Attempts at a config with an option that is wanted, before any will do."""

TILE_PRODUCTS = 48
"""Most products in a tile."""

_TOGETHER: Mapping[str, Mapping[str, Any]] = {
    "group": {"align": "window", "fraction_bits": None, "scale": None},
    "sticky": {"align": "window", "fraction_bits": None},
    "accumulator": {"accumulate": True, "overflow": "wrap"},
    "random_bits": {"rounding": "stochastic"},
}
"""What goes with a parameter that is nothing without: a value, or None for any."""

_SCALES = ("scale_a", "scale_b")
"""Formats that are both of unsigned integers, or both not."""

WORD_BITS = 128
"""Widest exact sum to draw: wider ones are the same hardware and only take longer to build."""


def draw_configs(count: int, seed: int, units: Iterable[str] = UNITS) -> Iterator[Config]:
    """Yield configs, no two alike, that depend on the arguments and the catalogue only.

    Units take turns, in another order each time, so that all have about as many.

    Raises
    ------
    ConfigError
        If there are hardly as many configs.
    """
    names = list(units)
    random = Random(seed)
    seen: set[str] = set()
    turn: list[str] = []
    for _ in range(count):
        turn = turn or random.sample(names, len(names))
        unit = turn.pop()
        drawn = (draw(unit, random) for _ in range(1000))
        config = next((config for config in drawn if config.config_hash not in seen), None)
        if config is None:
            raise ConfigError(f"fuzz: there are hardly more than {len(seen)} different configs")
        seen.add(config.config_hash)
        yield config


def draw(unit: str, random: Random) -> Config:
    """Return a random config of a unit.

    Every parameter gets a random value of the kind that the schema gives it; what breaks a rule or
    is too large is drawn again. Half of the configs are about one option, which they have, so that
    options that go with few others come up too. Parameters that have their default are left out. A
    tile is drawn as one of its dot products.
    """
    if unit == "tile":
        return _draw_tile(random)
    params = json_schema(unit)["properties"]["params"]
    required = params.get("required", ())
    other = UNITS[unit].params.deciding_keys
    properties = {key: value for key, value in params["properties"].items() if key not in other}
    wanted: dict[str, Any] = {}
    if random.random() < 0.5:
        wanted = _option(properties, required, random)
    attempts = 0
    while True:
        attempts += 1
        if attempts == MOST_ATTEMPTS:
            wanted = {}
        try:
            config = make_config(unit, _given(properties, required, wanted, random))
        except ConfigError:
            continue
        drawn = config.params_dict()
        # An option that is wanted has the value that it is to have, or any but its default.
        lacks = any(
            drawn[key] != value if value is not None else drawn[key] == properties[key]["default"]
            for key, value in wanted.items()
        )
        if not lacks and word_bits(drawn) <= WORD_BITS:
            return config


def _option(
    properties: Mapping[str, Any], required: Sequence[str], random: Random
) -> dict[str, Any]:
    """Return one parameter that need not be there, with a value of it, or None for any."""
    key = random.choice([key for key in properties if key not in required])
    choices = [
        value
        for value in without_null(properties[key]).get("enum", ())
        if value != properties[key]["default"]
    ]
    return {key: random.choice(choices) if choices else None}


def _given(
    properties: Mapping[str, Any],
    required: Sequence[str],
    wanted: Mapping[str, Any],
    random: Random,
) -> dict[str, Any]:
    """Return parameters, drawn one by one; whether they go together is not known."""
    formats = _Formats(random)
    # Options go together less often than they do not: half of them stay away, and more of those
    # that bring others with them.
    rates = {key: 0.2 if key in _TOGETHER else 0.5 for key in properties}
    chosen = [
        key
        for key, rate in rates.items()
        if key in required or key in wanted or random.random() < rate
    ]
    in_need = [key for key in chosen if _TOGETHER.get(key, {"": None}).keys() <= properties.keys()]
    if in_need:
        in_need = [key for key in in_need if key in wanted] or in_need
    forced = _TOGETHER[random.choice(in_need)] if in_need else {}
    chosen += [key for key in forced if key not in chosen]
    drawn = {key: _value(key, properties[key], formats, random) for key in chosen}
    drawn |= {key: value for key, value in forced.items() if value is not None}
    drawn |= {key: value for key, value in wanted.items() if value is not None}
    return {
        key: value
        for key, value in drawn.items()
        if "default" not in properties[key] or value != properties[key]["default"]
    }


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


def _value(key: str, schema: Mapping[str, Any], formats: _Formats, random: Random) -> Any:
    """Return a random value of what a JSON Schema allows."""
    if "anyOf" in schema:
        inner = without_null(schema)
        return None if random.random() < 0.5 else _value(key, inner, formats, random)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return random.choice(schema["enum"])
    if schema.get("listed"):
        return random.choice(schema["examples"])
    if "examples" in schema:  # a format
        return formats.scale() if key in _SCALES else formats.draw(schema["examples"])
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


def without_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a JSON Schema allows beside null."""
    return next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)


def float_of(
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


class _Formats:
    """Draws the formats of one config: integers only, or any mixture with some used twice."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._integers = random.random() < 0.2
        self._has_integer_scales = random.random() < 0.5
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

    def scale(self) -> str:
        """Return the name of a format of scales, all of one config of the same kind."""
        if self._has_integer_scales:
            return f"uint{self._random.randint(1, self._random.choice((4, 9, 16)))}"
        return self._random.choice(("e8m0", "ue4m3"))

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
            found = float_of(random.randint(1, 6), random.randint(0, 7), specials, unusual)
            if found is not None:
                return found


_NAMED_FLOATS = [
    fmt for _, fmt in named_formats() if isinstance(fmt, FloatFormat) and fmt.is_signed
]


def word_bits(params: Mapping[str, Any]) -> int:
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
