import importlib.util
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.config import resolve

FOLDER = Path(__file__).parents[3] / "examples" / "gpu"


@pytest.fixture(scope="module")
def record() -> Any:
    spec = importlib.util.spec_from_file_location("record", FOLDER / "record.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["record"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_python_and_cuda_know_the_same_instructions(record: Any) -> None:
    names = re.findall(r'\{"([\w-]+)", \S+ \d\},', (FOLDER / "record.cu").read_text())
    assert sorted(names) == sorted(record.INSTRUCTIONS)


def test_elements_lie_side_by_side(record: Any) -> None:
    rng = np.random.default_rng(1)
    instruction = record.INSTRUCTIONS["mma-tf32"]
    codes = record.operands(instruction, 8, rng)
    tiles: Any = np.frombuffer(record.pack(instruction, codes, rng), record.TILE)
    words = tiles["a"].view(np.uint32)
    assert np.array_equal(words >> 13, codes["a"])
    assert not (words & 0x1FFF).any()
    columns = np.ascontiguousarray(tiles["b"][:, :, : record.ROW_BYTES]).view(np.uint32)
    assert np.array_equal(columns >> 13, codes["b"])


def test_sparse_columns_hold_what_the_metadata_select(record: Any) -> None:
    rng = np.random.default_rng(1)
    instruction = record.INSTRUCTIONS["mma-sp-f16"]
    codes = record.operands(instruction, 64, rng)
    tiles: Any = np.frombuffer(record.pack(instruction, codes, rng), record.TILE)
    assert set(tiles["meta"]) == {0x4, 0x8, 0x9, 0xC, 0xD, 0xE}  # CUTLASS's legal ones
    for tile, b in zip(tiles, codes["b"], strict=True):
        groups = np.ascontiguousarray(tile["b"]).view(np.uint16).reshape(8, 8, 4)
        positions = [int(tile["meta"]) & 3, int(tile["meta"]) >> 2]
        assert np.array_equal(groups[:, :, positions].reshape(8, 16), b)


def test_operands_reach_what_is_hard(record: Any) -> None:
    codes = record.operands(record.INSTRUCTIONS["mma-e4m3-e4m3"], 400, np.random.default_rng(1))
    assert {0x7F, 0xFF, 0x00, 0x01} <= set(codes["a"].ravel().tolist())  # NaN, zero, subnormal
    assert (codes["c"] == 0).any()
    last = codes["a"][300:]
    assert np.array_equal(last[:, :, 16:31], last[:, :, :15] ^ 0x80)


@pytest.mark.parametrize("capability", [80, 89, 90, 100])
def test_presets_exist(record: Any, capability: int) -> None:
    found = [record.preset_of(one, capability) for one in record.INSTRUCTIONS.values()]
    assert any(found)
    for words in filter(None, found):
        assert len(resolve(words.split())) == 1


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")
@pytest.mark.parametrize("capability", [80, 89, 90])
def test_program_compiles(record: Any, capability: int, tmp_path: Path) -> None:
    assert record.compile_program(capability, tmp_path).is_file()
