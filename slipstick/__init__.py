"""Generate, prove and price the arithmetic of deep-learning accelerators.

The names here are the public ones; each is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gen.version import __version__

if TYPE_CHECKING:
    from cosim.golden import convert, decode, dequantize, dot, encode, fma, quantize
    from cosim.verify import verify
    from gen.config import load_config, make_config
    from gen.emit import generate, write
    from gen.errors import ConfigError, ToolError
    from hdl.formats import parse_format
    from synth.flow import synthesize

__all__ = [
    "ConfigError",
    "ToolError",
    "__version__",
    "convert",
    "decode",
    "dequantize",
    "dot",
    "encode",
    "fma",
    "generate",
    "load_config",
    "make_config",
    "parse_format",
    "quantize",
    "synthesize",
    "verify",
    "write",
]

_HOMES = {
    "cosim.golden": ("convert", "decode", "dequantize", "dot", "encode", "fma", "quantize"),
    "cosim.verify": ("verify",),
    "gen.config": ("load_config", "make_config"),
    "gen.emit": ("generate", "write"),
    "gen.errors": ("ConfigError", "ToolError"),
    "hdl.formats": ("parse_format",),
    "synth.flow": ("synthesize",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
