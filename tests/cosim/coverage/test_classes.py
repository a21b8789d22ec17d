"""Classes of codes."""

import numpy as np
import pytest

from cosim.coverage import classes
from cosim.coverage.classes import class_names, classify
from cosim.stimuli.operands import corner_codes
from hdl.formats import parse_format


def named(fmt, *codes):
    names = class_names(fmt)
    array = np.array(codes, dtype=corner_codes(fmt).dtype)
    return [names[k] for k in classify(array, fmt)]


def test_codes_of_fp16_by_hand():
    assert named("fp16", 0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x3C00, 0x7BFF) == [
        "+zero",
        "-zero",
        "+subnormal",
        "-subnormal",
        "+least normal",
        "+number",
        "+largest",
    ]
    assert named("fp16", 0xFC00, 0x7E00, 0xFE01, 0x7C01, 0xFDFF) == [
        "-infinity",
        "+quiet NaN",
        "-quiet NaN",
        "+signaling NaN",
        "-signaling NaN",
    ]


def test_codes_of_e4m3_have_one_nan_and_no_infinity():
    assert named("e4m3", 0x7E, 0x7F, 0xFF) == ["+largest", "+quiet NaN", "-quiet NaN"]
    assert len(class_names("e4m3")) == 12


def test_fnuz_has_one_zero_and_one_nan():
    assert named("e4m3fnuz", 0x00, 0x80, 0x7F) == ["+zero", "-quiet NaN", "+largest"]


def test_integers():
    assert named("int4", 0, 5, 7, 8, 9) == ["+zero", "+number", "+largest", "-largest", "-number"]
    assert class_names("uint8") == ("+zero", "+number", "+largest")


def test_a_format_without_room_lacks_classes():
    # e1m0: zeros, and one number of each sign, which is the largest.
    assert class_names("e1m0") == ("+zero", "-zero", "+largest", "-largest")


@pytest.mark.parametrize("name", ["fp16", "bf16", "e4m3", "e5m2fnuz", "e1m5", "int16", "uint9"])
def test_corner_codes_meet_every_class(name, monkeypatch):
    everything = class_names(name)
    monkeypatch.setattr(classes, "_TABLE_BITS", 0)
    assert class_names(name) == everything


@pytest.mark.parametrize("name", ["e4m3", "e5m2", "e2m1", "int8", "uint5"])
def test_every_code_has_a_class(name):
    codes = np.arange(1 << parse_format(name).bits).astype(corner_codes(name).dtype)
    assert set(np.unique(classify(codes, name))) == set(range(len(class_names(name))))
