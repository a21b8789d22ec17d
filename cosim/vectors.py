"""Stimuli and the answers to them, for somebody else's testbench."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from cosim.operands import as_npz, unit_of
from cosim.plan import plan_vectors
from cosim.unit import Codes, Unit
from gen.config import Config
from gen.errors import ConfigError
from gen.files import write_atomically

__all__ = ["vectors", "write_vectors"]


def vectors(config: Config, count: int, seed: int = 1) -> Codes:
    """Return operands and results by port, those that `verify` checks a unit with.

    For a unit with a state they are consecutive cycles, from the reset on; otherwise everything
    there is if that is no more than `count`.

    Parameters
    ----------
    config
        The unit.
    count
        How many.
    seed
        Where the random ones start from.

    Returns
    -------
    dict
        Codes by port: shape (n,), or (n, lanes) for a port of several lanes.
    """
    if count < 1:
        raise ConfigError(f"{config.name}: the number of vectors must be 1 or more, not {count}")
    unit = unit_of(config)
    plan = plan_vectors(unit, config.unit, count, seed, exhaustive=False)
    chunks = [chunk.operands for chunk in plan.chunks]
    operands = {
        port["name"]: np.concatenate([chunk[port["name"]] for chunk in chunks])
        for port in unit.operands
    }
    expected, _ = unit.respond(operands)
    return operands | expected


def write_vectors(config: Config, codes: Codes, file: Path) -> None:
    """Write what `vectors` returned, in the form that the file's suffix asks for.

    ``.npz``: an array for every port. ``.csv``: a column for every lane, in hexadecimal.
    ``.hex``: a word for every vector, for ``$readmemh``, with all ports in it side by side.

    Raises
    ------
    ConfigError
        If the suffix is another or the file cannot be written.
    """
    form = _FORMS.get(file.suffix)
    if form is None:
        raise ConfigError(f"{file}: the suffix must be one of {', '.join(_FORMS)}")
    write_atomically(file.parent, {file.name: form(unit_of(config), codes)})


def _npz(_unit: Unit, codes: Codes) -> bytes:
    return as_npz(codes)


def _csv(unit: Unit, codes: Codes) -> bytes:
    names: list[str] = []
    columns: list[list[str]] = []
    for name, bits, lanes in _columns(unit, codes):
        names += [name] if len(lanes) == 1 else [f"{name}[{lane}]" for lane in range(len(lanes))]
        columns += [[f"{code:0{_digits(bits)}x}" for code in lane] for lane in lanes]
    rows = [names, *zip(*columns, strict=True)]
    return "".join(",".join(row) + "\n" for row in rows).encode()


def _hex(unit: Unit, codes: Codes) -> bytes:
    # The first port on top, as in a concatenation; lane 0 of each at the bottom.
    ports = list(_columns(unit, codes))
    words = [0] * len(ports[0][2][0])
    for _, bits, lanes in ports:
        for lane in reversed(lanes):
            words = [word << bits | code for word, code in zip(words, lane, strict=True)]
    names = ", ".join(name for name, _, _ in ports)
    widths = [bits * len(lanes) for _, bits, lanes in ports]
    header = (
        f"// {unit.manifest['name']}: reg [{sum(widths) - 1}:0] vectors [0:{len(words) - 1}];\n"
        f"// {{{names}}} = vectors[i]; widths {', '.join(map(str, widths))}\n"
    )
    return (header + "".join(f"{word:0{_digits(sum(widths))}x}\n" for word in words)).encode()


def _columns(unit: Unit, codes: Codes) -> Iterator[tuple[str, int, list[list[int]]]]:
    """Yield the name of each port, the bits of a lane, and the codes lane by lane."""
    for port in [*unit.operands, *unit.results]:
        lanes = codes[port["name"]].reshape(-1, port["lanes"]).T
        yield port["name"], port["width"] // port["lanes"], lanes.tolist()


def _digits(bits: int) -> int:
    return -(-bits // 4)


_FORMS: dict[str, Callable[[Unit, Codes], bytes]] = {
    ".npz": lambda _unit, codes: as_npz(codes),
    ".hex": _hex,
    ".csv": _csv,
}
