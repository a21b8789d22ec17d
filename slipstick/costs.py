"""What a unit costs at work: `synth` prices what `cosim` knows the operands and answers of."""

from __future__ import annotations

from pathlib import Path

from cosim.operands import unit_of
from cosim.streams import stream_of
from gen.config import Config
from synth.energy import Workload, macs_of

__all__ = ["workload_of"]


def workload_of(config: Config, source: str | Path = "gaussian", *, seed: int = 1) -> Workload:
    """Return operands for a unit, and its golden answers, to measure its energy with.

    Parameters
    ----------
    config
        The unit.
    source
        ``gaussian``, ``uniform`` or an .npz file, see `cosim.streams.stream_of`.
    seed
        Where random operands start from.

    Raises
    ------
    ConfigError
        If the file does not fit the unit.
    """
    stream = stream_of(config, source, seed=seed)
    unit = unit_of(config)
    return Workload(
        name=str(source) if isinstance(source, str) else source.name,
        ports=unit.ports,
        latency=unit.latency,
        operands=stream.operands,
        expected=stream.expected,
        due=stream.due,
        streams=stream.streams,
        macs=macs_of(unit.params),
    )
