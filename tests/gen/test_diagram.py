from xml.etree import ElementTree

import pytest

from gen.config import resolve
from gen.diagram import Dataflow, Edge, dataflow, diagram

MULTIPLY_ADD = "fma a=e4m3 b=e4m3 c=fp16 y=fp16"


def flow_of(words: str) -> Dataflow:
    (config,) = resolve(words.split())
    return dataflow(config)


def columns_of(flow: Dataflow) -> list[list[str]]:
    return [[flow.blocks[block].title for block in column] for column in flow.columns]


def named(flow: Dataflow, edges: tuple[Edge, ...]) -> set[tuple[str, str, int]]:
    return {
        (flow.blocks[edge.source].name, flow.blocks[edge.target].name, edge.registers)
        for edge in edges
    }


def test_blocks_stand_behind_what_feeds_them() -> None:
    flow = flow_of(MULTIPLY_ADD)
    assert columns_of(flow) == [
        ["a", "b", "c"],
        ["unpack x 2", "unpack_c"],
        ["align"],
        ["multiply_add"],
        ["normalize"],
        ["pack"],
        ["y"],
    ]
    assert ("pack", "y", 0) in named(flow, flow.edges)
    # `pack` needs the special cases from `unpack`, too; but so does all between them.
    assert ("unpack", "pack", 0) not in named(flow, flow.edges)
    assert flow.feedback == ()


def test_registers_are_counted_along_the_way() -> None:
    flow = flow_of(f"{MULTIPLY_ADD} stages=3")
    assert sum(edge.registers for edge in flow.edges if edge.source > 3) == 3


def test_accumulator_flows_back() -> None:
    flow = flow_of("dot a=int8 b=int8 y=int32 lanes=4 accumulate=true")
    assert [(source, registers) for source, _, registers in named(flow, flow.feedback)] == [
        ("accumulate", 1)
    ]


@pytest.mark.parametrize("words", [MULTIPLY_ADD, "dot a=int8 b=int8 y=int32 lanes=4 c=int32"])
def test_picture_has_every_block_within_its_frame(words: str) -> None:
    (config,) = resolve(words.split())
    root = ElementTree.fromstring(diagram(config))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    svg = "{http://www.w3.org/2000/svg}"
    assert [text.text for text in root.iter(f"{svg}text")] == [
        block.title for block in dataflow(config).blocks
    ]
    for box in root.iter(f"{svg}rect"):
        left, top = float(box.get("x", 0)), float(box.get("y", 0))
        assert 0 <= left <= left + float(box.attrib["width"]) <= width
        assert 0 <= top <= top + float(box.attrib["height"]) <= height
