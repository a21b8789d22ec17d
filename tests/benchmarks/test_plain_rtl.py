"""The plain descriptions answer as the units do: they are what the units are compared with."""

from pathlib import Path

import pytest

from benchmarks.plain_rtl import plain_verilog
from cosim.verify import Options, verify
from gen.config import resolve


@pytest.mark.parametrize(
    "words",
    [
        "dot a=int8 b=uint4 lanes=3 c=int9 y=int16",
        "dot a=e4m3 b=e4m3 lanes=2",
        "dot a=e5m2 b=e2m1 lanes=2 y=fp16 c=e4m3",
        "fma a=e4m3 b=e5m2 c=bf16 y=fp16",
        "fma a=bf16 b=bf16 c=fp32 y=fp32",
    ],
)
def test_same_answers(words: str, tmp_path: Path) -> None:
    (config,) = resolve(words.split())
    path = tmp_path / "plain.v"
    path.write_text(plain_verilog(config.name, config.params_dict()))
    result = verify(config, Options(vectors=20_000, verilog=path, directory=tmp_path))
    assert result.vectors == 20_000
    assert result.mismatches == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("dot a=e4m3 b=e4m3 y=fp16 lanes=2 rounding=rtz", "rounding = rtz: there is no plain"),
        ("fma a=e4m3 b=int8 c=fp16 y=fp16", "integers mixed with floats"),
        ("dot a=e4m3 b=e4m3 c=fp32 y=fp32 lanes=2", "an addend of a wide range"),
        ("dot a=e4m3 b=e4m3 y=int9 lanes=2", "a rounded fixed-point result"),
    ],
)
def test_what_has_no_plain_description(words: str, message: str) -> None:
    (config,) = resolve(words.split())
    with pytest.raises(ValueError, match=f"^{message}"):
        plain_verilog("plain", config.params_dict())
