# amaranth: UnusedElaboratable=no
# A unit may be made only to be asked for its ports and latency.
"""The catalogue of units: what each is called, takes, and is built by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from gen.params.base import Params
from gen.params.block_dot import BlockDotParams
from gen.params.block_quantize import BlockQuantizeParams
from gen.params.blocks import two_numbers
from gen.params.convert import ConvertParams
from gen.params.dot import DotParams
from gen.params.fma import FmaParams
from gen.params.log_add import LogAddParams
from gen.params.log_dot import LogDotParams
from gen.params.quantize import QuantizeParams
from gen.params.sparse_mux import SparseMuxParams
from gen.params.systolic import SystolicParams
from gen.params.tile import TileParams
from gen.params.vector_scale import VectorScaleParams
from hdl.formats import parse_format

if TYPE_CHECKING:
    from hdl.block_dot import BlockDot
    from hdl.block_quantize import BlockQuantize
    from hdl.convert import Convert
    from hdl.dot import Dot
    from hdl.fma import Fma
    from hdl.log_add import LogAdd
    from hdl.log_dot import LogDot
    from hdl.outer_dot import OuterDot
    from hdl.quantize import Quantize
    from hdl.sparse_dot import SparseDot
    from hdl.sparse_mux import SparseMux
    from hdl.systolic import Systolic
    from hdl.tile import Tile
    from hdl.vector_scale import VectorScale

    Unit = (
        Fma
        | Dot
        | SparseDot
        | Convert
        | Quantize
        | SparseMux
        | VectorScale
        | BlockDot
        | OuterDot
        | LogDot
        | LogAdd
        | Tile
        | Systolic
        | BlockQuantize
    )
__all__ = ["UNITS", "UnitEntry"]

# Units are imported where they are built, not here: loading amaranth takes longer than everything
# else that a command like `slipstick list` does.


def _fma(params: FmaParams) -> Unit:
    from hdl.fma import Fma

    return Fma(**params.constructor_arguments())


def _dot(params: DotParams) -> Dot | BlockDot | SparseDot:
    from hdl.block_dot import BlockDot
    from hdl.dot import Dot

    return _selected(params, Dot if params.scale is None else BlockDot)


def _convert(params: ConvertParams) -> Unit:
    from hdl.convert import Convert

    return Convert(**params.constructor_arguments())


def _quantize(params: QuantizeParams) -> Unit:
    from hdl.quantize import Quantize

    return Quantize(**params.constructor_arguments())


def _sparse_mux(params: SparseMuxParams) -> Unit:
    from hdl.sparse_mux import SparseMux

    return SparseMux(**params.constructor_arguments())


def _log_dot(params: LogDotParams) -> Unit:
    from hdl.log_dot import LogDot

    return LogDot(**params.constructor_arguments())


def _vector_scale(params: VectorScaleParams) -> Unit:
    from hdl.vector_scale import VectorScale

    return VectorScale(**params.constructor_arguments())


def _block_dot(params: BlockDotParams) -> BlockDot | SparseDot:
    from hdl.block_dot import BlockDot

    return cast("BlockDot | SparseDot", _selected(params, BlockDot))


def _scaled_block_dot(params: BlockDotParams) -> Unit:
    if params.outer is None:
        return _block_dot(params)
    from hdl.outer_dot import OuterDot, stages_behind

    behind = stages_behind(params.stages)
    dot = _block_dot(params.model_copy(update={"stages": params.stages - behind}))
    return OuterDot(dot, parse_format(params.outer), behind, params.objective)


def _selected(
    params: DotParams | BlockDotParams, component: type[Dot] | type[BlockDot]
) -> Dot | BlockDot | SparseDot:
    """Return a dot product, where weights are sparse behind a selection of its operands."""
    arguments = params.constructor_arguments()
    if params.sparsity is None:
        return component(**arguments)
    from hdl.sparse_dot import SparseDot

    front = min(1, params.stages)
    arguments["stages"] = params.stages - front
    dense = component(**arguments)
    return SparseDot(dense, *two_numbers(params.sparsity), front)


def _block_quantize(params: BlockQuantizeParams) -> Unit:
    from hdl.block_quantize import BlockQuantize

    return BlockQuantize(**params.constructor_arguments())


def _tile(params: TileParams) -> Unit:
    from hdl.tile import Tile

    dot = params.dot
    return Tile(
        params.m, params.n, lambda: _dot(dot) if isinstance(dot, DotParams) else _block_dot(dot)
    )


def _systolic(params: SystolicParams) -> Unit:
    from hdl.systolic import Systolic

    return Systolic(**params.constructor_arguments())


def _log_add(params: LogAddParams) -> Unit:
    from hdl.log_add import LogAdd

    return LogAdd(**params.constructor_arguments())


@dataclass(frozen=True)
class UnitEntry:
    """One unit.

    Attributes
    ----------
    name
        The word that names it everywhere: config, golden model, stimuli.
    summary
        What it does, in a few words.
    params
        Its parameters.
    component
        Makes the hardware from parameters.
    """

    name: str
    summary: str
    params: type[Params]
    component: Callable[[Any], Unit]


UNITS: Mapping[str, UnitEntry] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            UnitEntry("fma", "fused multiply-add of any formats: a * b + c", FmaParams, _fma),
            UnitEntry("dot", "dot product of two vectors, exact before rounding", DotParams, _dot),
            UnitEntry("convert", "one number format to another", ConvertParams, _convert),
            UnitEntry("quantize", "a number times a scale", QuantizeParams, _quantize),
            UnitEntry(
                "block_quantize",
                "vectors into elements that share a scale",
                BlockQuantizeParams,
                _block_quantize,
            ),
            UnitEntry(
                "sparse_mux", "operands that sparse weights meet", SparseMuxParams, _sparse_mux
            ),
            UnitEntry(
                "block_dot",
                "dot product of two vectors in block formats",
                BlockDotParams,
                _scaled_block_dot,
            ),
            UnitEntry(
                "vector_scale",
                "a partial sum times the scales of two vectors",
                VectorScaleParams,
                _vector_scale,
            ),
            UnitEntry("tile", "a step of a matrix product", TileParams, _tile),
            UnitEntry("systolic", "systolic array of multiply-adds", SystolicParams, _systolic),
            UnitEntry(
                "log_dot", "dot product of log numbers, summed in bins", LogDotParams, _log_dot
            ),
            UnitEntry("log_add", "sum of two log numbers", LogAddParams, _log_add),
        )
    }
)
"""Every unit, by name."""
