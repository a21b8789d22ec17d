from __future__ import annotations

from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gen.errors import ConfigError, ToolError
from synth.libraries import Library, load_library
from synth.mapping import Mapper, map_at_once
from synth.netlist import Netlist
from synth.recipes import Recipe, candidates, outline


@pytest.fixture(scope="module")
def nangate() -> Library:
    return load_library("nangate45")


def simulate(
    netlist: Netlist, library: Library, inputs: dict[str, NDArray[np.int64]]
) -> NDArray[np.int64]:
    """Return output `y` of a combinational netlist, cell by cell from their functions."""
    values: dict[int, NDArray[np.int64]] = {}
    for port, net in netlist.inputs.items():
        name, _, index = port.partition("[")
        values[net] = inputs[name] >> int(index.rstrip("]") or 0) & 1
    driver = {
        instance.nets[pin]: (instance, pin)
        for instance in netlist.instances
        for pin in library.cells[instance.cell].outputs
        if pin in instance.nets
    }
    graph = {
        net: [n for p, n in instance.nets.items() if p in library.cells[instance.cell].inputs]
        for net, (instance, _) in driver.items()
    }
    for net in TopologicalSorter(graph).static_order():
        if net in values:
            continue
        instance, pin = driver[net]
        cell = library.cells[instance.cell]
        row = np.sum([values[instance.nets[p]] << k for k, p in enumerate(cell.inputs)], axis=0)
        function = cell.pins[pin].function
        assert function is not None
        values[net] = function >> row & 1
    bits = ((port.partition("[")[2].rstrip("]"), net) for port, net in netlist.outputs.items())
    return np.sum([values[net] << int(index) for index, net in bits], axis=0)


MAC = """
module mac (input signed [7:0] a, b, input signed [15:0] c, output signed [16:0] y);
  assign y = a * b + c;
endmodule
"""


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(recipe, id=recipe.name)
        for objective in ("area", "balanced", "delay")
        for recipe in candidates(objective)
    ],
)
def test_every_recipe_keeps_the_function(recipe: Recipe, nangate: Library, tmp_path: Path) -> None:
    mapper = Mapper(tmp_path, MAC, "mac", nangate)
    assert mapper.multiplies
    mapped = mapper.flat(recipe, "mapped", 1.0)
    rng = np.random.default_rng(1)
    a, b = rng.integers(-128, 128, (2, 4096))
    c = rng.integers(-(1 << 15), 1 << 15, 4096)
    got = simulate(mapped.netlist, nangate, {"a": a, "b": b, "c": c})
    np.testing.assert_array_equal(got, (a * b + c) & 0x1FFFF)
    cells = {instance.cell for instance in mapped.netlist.instances}
    assert ("FA_X1" in cells) == recipe.full_adders
    assert mapped.abc_delay_ps is not None


HIERARCHY = """
module leaf (input [3:0] a, b, output [4:0] s); assign s = a + b; endmodule
module pair (input [3:0] a, b, output [5:0] s);
  wire [4:0] x, z;
  leaf one (a, b, x);
  leaf two (b, a, z);
  assign s = x + z;
endmodule
module top (input clk, input [3:0] a, b, output reg [5:0] y);
  wire [5:0] p, q;
  pair pair_0 (a, b, p);
  pair pair_1 (b, a, q);
  always @(posedge clk) y <= p ^ q;
endmodule
"""


def test_by_block_keeps_the_children_of_the_top_and_nothing_below(
    nangate: Library, tmp_path: Path
) -> None:
    mapper = Mapper(tmp_path, HIERARCHY, "top", nangate)
    assert not mapper.multiplies
    modules = mapper.by_block(candidates("balanced")[1], "blocks", 1.0)
    assert set(modules) == {"top", "pair"}
    kinds = [cell["type"] for cell in modules["top"]["cells"].values()]
    assert kinds.count("pair") == 2
    assert kinds.count("DFF_X1") == 6


def test_all_at_once_is_the_same_as_one_by_one(nangate: Library, tmp_path: Path) -> None:
    tried = (*candidates("area", effort="quick"), *candidates("balanced", effort="quick"))
    for name in ("apart", "together"):
        (tmp_path / name).mkdir()
    mapper = Mapper(tmp_path / "apart", HIERARCHY, "top", nangate)
    apart = [mapper.flat(recipe, f"flat{n}", 1.0) for n, recipe in enumerate(tried)]
    blocks = mapper.by_block(outline("area"), "blocks", 1.0)
    mapped, modules = map_at_once(
        *(tmp_path / "together", HIERARCHY, "top", nangate),
        recipes=tried,
        outline=outline("area"),
        target_ps=1.0,
    )
    assert [one.abc_delay_ps for one in mapped] == [one.abc_delay_ps for one in apart]
    assert [_kinds(one.netlist) for one in mapped] == [_kinds(one.netlist) for one in apart]
    for name, module in blocks.items():
        kinds = [Counter(c["type"] for c in m["cells"].values()) for m in (module, modules[name])]
        assert kinds[0] == kinds[1]


def _kinds(netlist: Netlist) -> Counter[str]:
    return Counter(instance.cell for instance in netlist.instances)


def test_slang_reads_more(nangate: Library, tmp_path: Path) -> None:
    text = """
    package p; typedef struct packed { logic [1:0] hi, lo; } two; endpackage
    module top import p::*; (input two a, output logic [1:0] y); always_comb y = a.hi ^ a.lo;
    endmodule
    """
    mapper = Mapper(tmp_path, text, "top", nangate, frontend="slang")
    mapped = mapper.flat(candidates("area")[1], "mapped", 1.0)
    assert [instance.cell for instance in mapped.netlist.instances] == ["XOR2_X1", "XOR2_X1"]


def test_initial_values_are_ignored(nangate: Library, tmp_path: Path) -> None:
    text = "module top (input clk, d, output reg q = 1); always @(posedge clk) q <= d; endmodule"
    mapped = Mapper(tmp_path, text, "top", nangate).flat(candidates("area")[1], "mapped", 1.0)
    assert [instance.cell for instance in mapped.netlist.instances] == ["DFF_X1"]


def test_broken_verilog_is_named(nangate: Library, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"yosys: design\.v:1: syntax error") as caught:
        Mapper(tmp_path, "module top (", "top", nangate)
    assert caught.value.log == tmp_path / "read.log"


def test_a_missing_module_is_named(nangate: Library, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="Module `nowhere' not found"):
        Mapper(tmp_path, "module top; endmodule", "nowhere", nangate)


def test_registers_without_flip_flops(tmp_path: Path) -> None:
    # A library of gates only.
    text = load_library("nangate45").path.read_text()
    text = text.replace("\tff (", "\tff_no_more (")
    path = tmp_path / "gates.lib"
    path.write_text(text)
    library = load_library(path)
    assert not library.has_flip_flop
    text = "module top (input clk, d, output reg q); always @(posedge clk) q <= d; endmodule"
    mapper = Mapper(tmp_path, text, "top", library)
    with pytest.raises(ConfigError, match=r"the library has no cell for \$_DFF_P_ in top"):
        mapper.flat(candidates("area")[1], "mapped", 1.0)


def test_a_time_limit(nangate: Library, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"gave no result within 0\.01 s"):
        Mapper(tmp_path, MAC, "mac", nangate, timeout=0.01)
