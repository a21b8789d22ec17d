"""Somebody's own operands: read from a file, answered by the golden model."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden import get_model
from cosim.unit import Codes, Unit
from gen.config import Config
from gen.emit import interface
from gen.errors import ConfigError

__all__ = ["answer", "as_npz", "load_operands", "unit_of"]


def load_operands(file: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays in an .npz file, by name.

    Raises
    ------
    ConfigError
        If it cannot be read, or holds anything but arrays of numbers.
    """
    try:
        # Opened here: numpy leaves a file open that it cannot read.
        with open(file, "rb") as stream, np.load(stream, allow_pickle=False) as loaded:
            return {name: loaded[name] for name in loaded.files}
    except OSError as error:
        raise ConfigError(f"{file}: cannot read it: {error.strerror or error}") from error
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{file}: not an .npz file with arrays of numbers") from error


def as_npz(codes: Codes) -> bytes:
    """Return the contents of an .npz file with codes by port."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **codes)
    return buffer.getvalue()


def unit_of(config: Config) -> Unit:
    """Return what is known of the unit of a config without its Verilog."""
    return Unit(interface(config), config.params_dict(), get_model(config.unit))


def answer(config: Config, operands: Mapping[str, Any], source: str) -> Codes:
    """Return what a unit must answer to operands, by port, in their order.

    Parameters
    ----------
    config
        The unit.
    operands
        As `cosim.unit.Unit.checked` takes them.
    source
        Where they come from, for error messages.

    Raises
    ------
    ConfigError
        If they do not fit the unit's ports.
    """
    unit = unit_of(config)
    codes, _ = unit.respond(unit.checked(operands, source))
    return codes
