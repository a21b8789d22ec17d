import re

import pytest

from gen.params.scalar import identifier, scalar


@pytest.mark.parametrize(
    ("name", "canonical"), [("float8_e4m3fn", "e4m3"), ("Q4.4", "q4.4"), ("posit8", "posit8es2")]
)
def test_canonical_names(name, canonical):
    assert scalar(name) == canonical


def test_names_for_verilog():
    assert identifier("codebook:my table.txt") == "codebook_my_table_txt"
    assert identifier("uq0.16") == "uq0_16"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mxfp4", "mxfp4 is a block format: its codes are elements and scales"),
        ("e11m4ieee", "e11m4ieee has more than 10 exponent bits"),
        ("e4m3b900", "e4m3b900 has values beyond 2^+-500"),
    ],
)
def test_formats_beyond_the_golden_models(name, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        scalar(name)
