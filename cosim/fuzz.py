"""Fuzzing of configs: draw any that the catalogue allows, check each, shrink one that fails.

Hypothesis could draw and shrink as well, but it is a tool of the tests and not of the installed
command, and its search tries hundreds of candidates, of which each is a build of seconds here:
`cosim.drawing` reads the same schema as every editor, and `cosim.shrinking` takes large steps
first.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cosim.drawing import draw_configs
from cosim.failure import config_words
from cosim.results import Options, Result
from cosim.shrinking import shrink
from cosim.toolchain import find_compiler, find_verilator
from cosim.verify import verify, verify_all
from gen.catalog import UNITS
from gen.config import Config

__all__ = ["OPTIONS", "Outcome", "check", "fuzz", "shrink_failure"]

OPTIONS = Options(vectors=1 << 16)
"""How to check a config: all vectors of up to 16 bits; of others, compiling takes the time."""


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


def _check_one(config: Config, options: Options) -> Outcome:
    try:
        return Outcome(config, verify(config, options))
    except Exception as error:
        return Outcome(config, None, f"{type(error).__name__}: {error}")
