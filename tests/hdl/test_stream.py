# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

from collections.abc import Callable, Iterator
from itertools import chain, repeat
from random import Random

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator
from numpy.typing import NDArray

from cosim.golden import get_model
from cosim.stimuli import get_stimuli
from gen.config import resolve
from gen.emit import unit_of, verilog_of
from hdl.dot import Dot
from hdl.formats import IntFormat
from hdl.stream import AxiStreamUnit, HandshakeUnit, StreamUnit
from tests.hdl.simulate import run_pipeline

Stalls = Callable[[Random], Iterator[bool]]


def always(_random: Random) -> Iterator[bool]:
    return repeat(False)


def at_random(random: Random) -> Iterator[bool]:
    return iter(lambda: random.random() < 0.5, None)


def in_bursts(random: Random) -> Iterator[bool]:
    """Long waits and long runs, so that the queue runs full and empty."""
    lengths = iter(lambda: random.randint(1, 24), None)
    return chain.from_iterable(repeat(k % 2 == 1, n) for k, n in enumerate(lengths))


def dot(stages: int, *, accumulate: bool = False) -> Dot:
    int4 = IntFormat(4)
    return Dot(int4, int4, IntFormat(12), 1, accumulate=accumulate, stages=stages)


def play(unit: StreamUnit, rows: list[dict[str, int]], stalls: tuple[Stalls, Stalls], cycles: int):
    """Return the results that came out, and how many operands went in."""
    random = Random(1)
    pause, refuse = (stall(random) for stall in stalls)
    results: list[int] = []
    taken = [0]

    async def drive(ctx):
        waiting = False
        for _ in range(cycles):
            # Whoever has offered something keeps offering it.
            waiting = taken[0] < len(rows) and (waiting or not next(pause))
            ctx.set(unit.operands.valid, waiting)
            if waiting:
                for name, value in rows[taken[0]].items():
                    ctx.set(unit.operands.payload[name], value)
            ctx.set(unit.results.ready, not next(refuse))
            await ctx.delay(1e-7)
            if waiting and ctx.get(unit.operands.ready):
                taken[0] += 1
                waiting = False
            if ctx.get(unit.results.valid) and ctx.get(unit.results.ready):
                results.append(ctx.get(unit.results.payload.y))
            await ctx.tick()

    # A combinational unit has no clock of its own.
    m = Module()
    m.submodules.unit = unit
    m.d.sync += Signal().eq(1)
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    return results, taken[0]


def check(unit: StreamUnit, stalls: tuple[Stalls, Stalls], cycles: int) -> int:
    """Play numbers of which every product differs from its neighbours, return how many came."""
    random = Random(2)
    rows = [{"a": random.randrange(16), "b": random.randrange(16)} for _ in range(cycles)]
    results, taken = play(unit, rows, stalls, cycles)

    def signed(code: int) -> int:
        return code - 16 if code > 7 else code

    expected = [signed(row["a"]) * signed(row["b"]) & 0xFFF for row in rows[:taken]]
    # In order, each once; what is missing is still on its way.
    assert results == expected[: len(results)]
    assert taken - len(results) <= max(unit.depth, 0)
    return len(results)


@pytest.mark.parametrize("stages", [0, 1, 4])
def test_one_operation_a_cycle_where_nobody_stalls(stages):
    unit = StreamUnit(dot(stages))
    assert check(unit, (always, always), 300) == 300 - unit.latency


@pytest.mark.parametrize("stages", [0, 3])
@pytest.mark.parametrize("stalls", [(at_random, at_random), (in_bursts, in_bursts)])
def test_nothing_is_lost_duplicated_or_reordered(stages, stalls):
    assert check(StreamUnit(dot(stages)), stalls, 2000) > 400


@pytest.mark.slow
def test_a_hundred_thousand_cycles_of_random_stalls():
    assert check(StreamUnit(dot(3)), (at_random, in_bursts), 100_000) > 20_000


@pytest.mark.parametrize("depth", [1, 2])
def test_a_short_queue_is_slow_and_right(depth):
    unit = StreamUnit(dot(3), depth)
    assert unit.depth == depth
    found = check(unit, (always, always), 300)
    assert found == pytest.approx(300 * depth / (unit.latency + 1), abs=3)


def test_an_accumulator_sees_no_gaps():
    unit = StreamUnit(dot(2, accumulate=True))
    rows = [{"a": 1, "b": 1, "first": int(k % 10 == 0)} for k in range(200)]
    results, taken = play(unit, rows, (at_random, in_bursts), 700)
    assert taken == 200
    assert results == [k % 10 + 1 for k in range(len(results))]
    assert len(results) > 190


def packed(codes: NDArray[np.unsignedinteger], bits: int) -> list[int]:
    """Return the rows of an array as the words on a port."""
    rows = codes.reshape(len(codes), -1).tolist()
    return [sum(code << bits * lane for lane, code in enumerate(row)) for row in rows]


@pytest.mark.parametrize("stalls", [(always, always), (at_random, in_bursts)])
@pytest.mark.parametrize(
    "words",
    ["tile m=2 n=2 k=2 a=int4 b=int4 y=int12 accumulate=true stages=1"]
    + [f"systolic rows=2 cols=2 a=int4 b=int4 y=int10 c=int8 stages={stages}" for stages in (0, 1)],
)
def test_matrices_in_streams(words, stalls):
    (config,) = resolve(words.split())
    unit = unit_of(config)
    ports = {port.name: port for port in unit.ports}
    params = config.params_dict()
    chosen = get_stimuli(config.unit).random(params, 150, np.random.default_rng(3))
    words_of = {
        name: packed(codes, ports[name].width // ports[name].lanes)
        for name, codes in chosen.items()
    }
    rows = [dict(zip(words_of, row, strict=True)) for row in zip(*words_of.values(), strict=True)]
    results, taken = play(StreamUnit(unit), rows, stalls, 600)
    y = get_model(config.unit)(params, chosen)["y"]
    assert taken == 150
    assert results == packed(y, ports["y"].width // ports["y"].lanes)


def test_the_ports_of_the_unit_with_a_ready_on_either_side():
    unit = HandshakeUnit(dot(2))
    assert (unit.latency, unit.depth) == (3, 4)
    names = ["in_valid", "in_ready", "a", "b", "out_valid", "out_ready", "y"]
    assert [port.name for port in unit.ports] == names
    cycles = [{"in_valid": 1, "a": k, "b": 3, "out_ready": 0} for k in range(1, 7)]
    cycles += [{"in_valid": 0, "out_ready": 0}] * 4 + [{"out_ready": 1}] * 6
    seen = run_pipeline(unit, cycles, "in_ready", "out_valid", "y")
    # Four have a place, then nothing is taken until somebody wants results.
    assert [ready for ready, _, _ in seen[:7]] == [1, 1, 1, 1, 0, 0, 0]
    assert [valid for _, valid, _ in seen[:10]] == [0, 0, 0] + [1] * 7
    assert [y for _, valid, y in seen[10:] if valid] == [3, 6, 9, 12]


def test_axi_transfers_carry_the_ports_side_by_side():
    unit = AxiStreamUnit(dot(1, accumulate=True))
    offsets = {port.name: offset for port, offset in unit.fields["s_axis_tdata"]}
    assert offsets == {"first": 0, "a": 1, "b": 5}
    cycles = [
        {"s_axis_tvalid": 1, "s_axis_tdata": first | a << 1 | b << 5, "m_axis_tready": 1}
        for first, a, b in ((1, 2, 3), (0, 7, 7), (1, 1, 15))
    ]
    idle = {"s_axis_tvalid": 0}
    seen = run_pipeline(unit, [*cycles, *[idle] * 4], "m_axis_tvalid", "m_axis_tdata")
    assert [data for valid, data in seen if valid] == [6, 55, 0xFFF]


def test_axi_names_and_whole_bytes():
    unit = AxiStreamUnit(dot(1))
    verilog = verilog_of(unit, "axi_dot")
    for port in ("s_axis_tdata", "s_axis_tvalid", "s_axis_tready", "m_axis_tready"):
        assert port in verilog
    assert len(unit.s_axis_tdata) == 8
    assert len(unit.m_axis_tdata) == 16


def test_a_queue_has_a_place():
    with pytest.raises(ValueError, match=r"^depth = 0: a queue has 1 place or more$"):
        StreamUnit(dot(1), 0)
