"""The ports of a unit: name, direction, width, and what the bits mean."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from amaranth.lib.wiring import In, Member, Out

from hdl.formats import Format

__all__ = ["Port", "Role", "data_port", "members", "random_port"]

Role = Literal["valid", "ready", "data", "control", "flags"]


@dataclass(frozen=True)
class Port:
    """One port of a unit, as the manifest lists it (clock and reset are not listed here).

    Attributes
    ----------
    name
        Name in the Verilog module.
    direction
        ``"in"`` or ``"out"``.
    width
        All bits of the port.
    role
        ``valid`` qualifies a cycle, ``ready`` (of streams only) says that whoever is behind takes
        what is offered in it, ``data`` carries codes of `format`, ``control`` steers the
        unit (``first``), ``flags`` reports exceptions.
    format
        Format of one lane; None for bits that stand for no number, and unless `role` is ``data``.
    lanes
        Number of codes side by side, lane 0 in the low bits.
    lsb
        Weight of the lowest bit as a power of two, beside what `format` says; None for 0.
    """

    name: str
    direction: Literal["in", "out"]
    width: int
    role: Role
    format: Format | None = None
    lanes: int = 1
    lsb: int | None = None


def data_port(
    name: str,
    direction: Literal["in", "out"],
    fmt: Format,
    lanes: int = 1,
    *,
    lsb: int | None = None,
) -> Port:
    """Return the port that carries `lanes` codes of `fmt`."""
    return Port(name, direction, fmt.bits * lanes, "data", fmt, lanes, lsb)


def random_port(bits: int) -> tuple[Port, ...]:
    """Return the port of the words of stochastic rounding, or none where they have no bits."""
    return (Port("rnd", "in", bits, "data"),) if bits else ()


def members(ports: Iterable[Port]) -> dict[str, Member]:
    """Return the signature members of a component with these ports."""
    return {port.name: (In if port.direction == "in" else Out)(port.width) for port in ports}
