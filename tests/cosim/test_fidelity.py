from __future__ import annotations

import numpy as np
import pytest

from cosim.digits import load_network
from cosim.fidelity import (
    best_scale,
    digits_accuracy,
    fidelity_of,
    format_facts,
    gaussian_tensor,
    in_format,
)
from cosim.golden.metrics import sqnr
from hdl.formats import parse_format


def test_int8_of_a_gaussian_loses_what_a_uniform_error_does() -> None:
    tensor = gaussian_tensor()
    scale = best_scale(tensor, parse_format("int8"))
    # The error of rounding is step^2 / 12; what little is beyond the clip adds a tenth to it.
    expected = -10 * np.log10(scale**2 / 12)
    assert expected - 0.6 < sqnr(tensor, in_format(tensor, "int8")) < expected


@pytest.mark.parametrize("name", ["int4", "e4m3", "log4.3", "posit8", "nf4", "e2m1"])
def test_the_best_scale_loses_no_more_than_that_of_the_largest(name: str) -> None:
    tensor = np.random.default_rng(2).laplace(size=(64, 64))
    best, plain = (sqnr(tensor, in_format(tensor, name, best=kind)) for kind in (True, False))
    assert best >= plain


def test_no_scale_near_the_best_is_better() -> None:
    tensor = np.random.default_rng(3).standard_normal(4096)
    fmt = parse_format("int4")
    found = sqnr(tensor, in_format(tensor, fmt))
    for clip in np.arange(1.5, 4.5, 0.01):
        codes = np.clip(np.rint(tensor / clip * 7), -8, 7)
        assert sqnr(tensor, codes * clip / 7) < found + 0.05


def test_powers_of_two_of_a_scale_are_all_the_same_to_a_float() -> None:
    tensor = gaussian_tensor()[:8]
    one, other = (sqnr(x, in_format(x, "e4m3")) for x in (tensor, tensor * 2.0**9))
    assert one == pytest.approx(other, abs=1e-9)


def test_nothing_is_lost_of_zeros() -> None:
    assert (in_format(np.zeros((2, 3)), "int8") == 0).all()


def test_what_formats_lose() -> None:
    told: list[tuple[int, int]] = []
    extra = {"mine": np.random.default_rng(1).standard_normal((4, 64))}
    fine, coarse, block = fidelity_of(
        ["int8", "e2m1", "mxfp4"], extra, progress=lambda done, count: told.append((done, count))
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert (fine.name, fine.bits, block.bits) == ("int8", 8, 4.25)
    assert set(fine.sqnr_db) == {"gaussian", "digits weights", "digits activations", "mine"}
    for name, decibels in fine.sqnr_db.items():
        assert decibels > coarse.sqnr_db[name] + 15
    assert fine.digits_accuracy > 0.965
    assert 0.93 < coarse.digits_accuracy < 0.97
    # The documentation's number; there is one way to scale a block.
    assert block.sqnr_db["gaussian"] == pytest.approx(18.8, abs=0.1)
    assert block.sqnr_max_db == block.sqnr_db


def test_facts_that_others_have_published() -> None:
    facts = format_facts()
    assert facts["int4 value"] == pytest.approx(100 / 3)  # between 1 and 2: 0.5 of 1.5
    assert facts["int4 quantized"] == pytest.approx(50)
    assert facts["log2.2 quantized"] == pytest.approx(100 * (2**0.25 - 1) / 2)
    assert facts["octav gaussian"] == pytest.approx(2.563, abs=0.01)
    assert facts["octav laplace"] == pytest.approx(5.027, abs=0.03)


def test_digits_with_two_formats() -> None:
    plain = load_network().accuracy(load_network().fp32_logits())
    for wide in ("fp32", "bf16", "int16", "posit16es2"):
        assert digits_accuracy(wide, wide) == pytest.approx(plain, abs=0.002)
    assert digits_accuracy("int2", "int2") < digits_accuracy("int2", "int8") < plain
    assert digits_accuracy("uint8", "int4") == pytest.approx(plain, abs=0.03)
