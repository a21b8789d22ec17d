import numpy as np
import pytest

from cosim.golden import get_model
from cosim.vectors import vectors, write_vectors
from gen.config import make_config
from gen.errors import ConfigError

DOT = make_config("dot", {"a": "int3", "b": "uint2", "c": "int9", "y": "int10", "lanes": 2})
CODES = {
    "a": np.array([[1, 7], [2, 6]], np.uint8),
    "b": np.array([[3, 0], [1, 1]], np.uint8),
    "c": np.array([0x1FF, 5], np.uint16),
    "y": np.array([2, 5], np.uint16),
}


def test_the_answers_are_those_of_the_model():
    # Some 3300 are directed, the same for every seed.
    codes = vectors(DOT, 4000, seed=7)
    assert {name: column.shape for name, column in codes.items()} == {
        "a": (4000, 2),
        "b": (4000, 2),
        "c": (4000,),
        "y": (4000,),
    }
    expected = get_model("dot")(DOT.params_dict(), codes)
    assert (codes["y"] == expected["y"]).all()
    assert (codes["a"] != vectors(DOT, 4000, seed=8)["a"]).any()


def test_no_more_than_there_are():
    tiny = make_config("fma", {"a": "int2", "b": "int2", "c": "int2", "y": "int4"})
    assert len(vectors(tiny, 1000)["y"]) == 64


def test_npz(tmp_path):
    write_vectors(DOT, CODES, tmp_path / "v.npz")
    with np.load(tmp_path / "v.npz") as loaded:
        assert {name: loaded[name].tolist() for name in loaded.files} == {
            name: codes.tolist() for name, codes in CODES.items()
        }


def test_csv(tmp_path):
    write_vectors(DOT, CODES, tmp_path / "v.csv")
    assert (tmp_path / "v.csv").read_text() == (
        "a[0],a[1],b[0],b[1],c,y\n1,7,3,0,1ff,002\n2,6,1,1,005,005\n"
    )


def test_hex(tmp_path):
    write_vectors(DOT, CODES, tmp_path / "v.hex")
    # a = 111_001, b = 00_11, c = 1_1111_1111, y = 00_0000_0010; then 110_010 01_01 000000101 ...
    words = [0b111001_0011_111111111_0000000010, 0b110010_0101_000000101_0000000101]
    assert (tmp_path / "v.hex").read_text() == (
        "// dot2_int3_uint2_int10_c_int9: reg [28:0] vectors [0:1];\n"
        "// {a, b, c, y} = vectors[i]; widths 6, 4, 9, 10\n"
        + "".join(f"{word:08x}\n" for word in words)
    )


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(ConfigError) as error:
        write_vectors(DOT, CODES, tmp_path / "v.txt")
    assert str(error.value) == (f"{tmp_path}/v.txt: the suffix must be one of .npz, .hex, .csv")
    with pytest.raises(ConfigError, match="must be 1 or more, not 0"):
        vectors(DOT, 0)
