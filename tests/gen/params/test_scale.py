import pytest
from pydantic import ValidationError

from gen.params.base import RuleError
from gen.params.scale import ScaleTable


@pytest.mark.parametrize(
    ("given", "lanes", "completed", "vectors", "words"),
    [
        ({"kind": "vsq"}, 64, ("uint6", "uint6", 16), 4, ("vsq",)),
        ({"kind": "mx"}, 64, ("e8m0", "e8m0", 32), 2, ("mx",)),
        ({"kind": "nvfp4"}, 8, ("ue4m3", "ue4m3", 8), 1, ("nvfp4",)),
        ({"kind": "channel"}, 64, ("uint8", "uint8", 64), 1, ("channel",)),
        (
            {"kind": "vsq", "a": "uint4", "bits": 5, "vector": 32},
            *(64, ("uint4", "uint4", 32), 2, ("vsq", "uint4", "v32", "m5")),
        ),
        (
            {"kind": "channel", "a": "e8m0", "b": "ue4m3"},
            *(4, ("e8m0", "ue4m3", 4), 1, ("channel", "e8m0", "ue4m3")),
        ),
    ],
)
def test_defaults_and_words(given, lanes, completed, vectors, words):
    table = ScaleTable.model_validate(given)
    assert table.complete_vector(lanes) == vectors
    assert (table.a, table.b, table.vector) == completed
    assert table.words(lanes) == words


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"kind": "vsq", "a": "e8m0"}, "is no scale of kind vsq; nearest: uint6"),
        ({"kind": "mx", "b": "ue4m3"}, "is no scale of kind mx; nearest: e8m0"),
        ({"kind": "channel", "a": "int8"}, "int8 is no scale: these are unsigned integers"),
        ({"kind": "channel", "a": "fp16"}, "fp16 is no scale: "),
        ({"kind": "channel", "a": "uint17"}, "uint17 is no scale: "),
    ],
)
def test_formats_that_are_no_scales(given, rule):
    with pytest.raises(ValidationError, match=rule):
        ScaleTable.model_validate(given)


@pytest.mark.parametrize(
    ("given", "lanes", "rule"),
    [
        ({"kind": "mx", "vector": 5}, 16, "of 5 lanes does not divide the 16 lanes"),
        ({"kind": "mx"}, 33, "of 32 lanes does not divide the 33 lanes"),
        ({"kind": "channel", "vector": 8}, 16, "is 16 with kind channel: all lanes"),
    ],
)
def test_vectors_that_do_not_fit(given, lanes, rule):
    with pytest.raises(RuleError, match=rule):
        ScaleTable.model_validate(given).complete_vector(lanes)
