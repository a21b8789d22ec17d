from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cosim.golden import encode
from cosim.silicon import Recording, compare, load_recording
from gen.config import make_config
from gen.errors import ConfigError

STEP = {"a": "e4m3", "b": "e4m3", "c": "fp32", "y": "fp32", "lanes": 4, "rounding": "rtz"}
CONFIG = make_config("dot", STEP | {"align": "window", "fraction_bits": 25})


def recording_of_integers() -> Recording:
    """Small integers, so that every sum of any order is exact in FP32."""
    rng = np.random.default_rng(1)
    a = rng.integers(-8, 9, (5, 3, 8)).astype(float)
    b = rng.integers(-8, 9, (5, 2, 8)).astype(float)
    c = rng.integers(-99, 100, (5, 3, 2)).astype(np.float32)
    y = (np.einsum("tmk,tnk->tmn", a, b) + c).astype(np.float32)
    return Recording(
        "",
        "integers",
        "numpy",
        encode(a, "e4m3"),
        encode(b, "e4m3"),
        c.view(np.uint32),
        y.view(np.uint32),
    )


def test_a_chain_of_steps_gives_what_was_recorded() -> None:
    comparison = compare(recording_of_integers(), CONFIG, "integers")
    assert (comparison.vectors, comparison.mismatches, comparison.first) == (30, 0, None)
    assert [result.vectors for result in comparison.verilog] == [30, 30]
    assert comparison.passed


def test_the_first_wrong_result_is_shown() -> None:
    recording = recording_of_integers()
    recording.y[2, 1, 0] ^= 1
    comparison = compare(recording, CONFIG, "integers")
    assert comparison.mismatches == 1
    assert not comparison.passed
    assert comparison.first is not None
    assert comparison.first["a"] == recording.a[2, 1].tolist()
    assert comparison.first["b"] == recording.b[2, 0].tolist()
    assert comparison.first["want"] == comparison.first["silicon"] ^ 1


def test_narrow_results_lie_in_the_upper_bits_of_a_register() -> None:
    # 1 + 2^-13 is a number of 13 mantissa bits: 0x3f800400 as FP32.
    recording = Recording(
        *("", "one", "numpy"),
        encode(np.array([[[1.0, 2.0**-4]]]), "e4m3"),
        encode(np.array([[[1.0, 2.0**-9]]]), "e4m3"),
        np.zeros((1, 1, 1), np.uint32),
        np.full((1, 1, 1), 0x3F80_0400, np.uint32),
    )
    params = STEP | {"y": "e8m13ieee", "lanes": 2, "align": "window", "fraction_bits": 13}
    assert compare(recording, make_config("dot", params), "one").passed


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (STEP | {"lanes": 3}, "integers: 8 products are no multiple of lanes = 3"),
        (STEP | {"c": None}, "dot4_e4m3_fp32_rtz: takes a dot with c = fp32 or int32"),
        (STEP | {"a": "e2m1"}, "integers: a: codes of more than 4 bits, e2m1's"),
    ],
)
def test_configs_that_do_not_fit(params: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compare(recording_of_integers(), make_config("dot", params), "integers")
    assert str(caught.value) == message


def test_files(tmp_path: Path) -> None:
    recording = recording_of_integers()
    file = tmp_path / "recording.npz"
    arrays: dict[str, Any] = {key: np.asarray(value) for key, value in vars(recording).items()}
    np.savez(file, **arrays)
    again = load_recording(file)
    assert again.instruction == "integers"
    assert np.array_equal(again.y, recording.y)
    np.savez(file, a=recording.a)
    with pytest.raises(ConfigError, match="preset: no such array: this is not a recording"):
        load_recording(file)
    arrays["y"] = recording.y[1:]
    np.savez(file, **arrays)
    with pytest.raises(ConfigError, match="shapes do not fit"):
        load_recording(file)
