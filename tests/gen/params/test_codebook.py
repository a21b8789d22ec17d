import json
import re

import pytest
from pydantic import BaseModel, ValidationError

from gen.config import make_config
from gen.errors import ConfigError
from gen.params.base import RuleError
from gen.params.codebook import FactorFormat, TableFormat, check_tables, factor_name


class Both(BaseModel):
    a: FactorFormat
    table: TableFormat


def test_canonical_names():
    both = Both(a="NF4", table="float8_e4m3fn")
    assert (both.a, both.table) == ("nf4", "e4m3")


@pytest.mark.parametrize(
    ("a", "table", "message"),
    [
        ("log4.3", "int8", "log4.3 is neither an integer nor a float"),
        ("nf4", "e8m0", "e8m0 is neither an integer nor a float"),
        ("nf4", "fp32", "an entry has at most 16 bits, fp32 has 32"),
    ],
)
def test_formats_that_do_not_do(a, table, message):
    with pytest.raises(ValidationError, match=re.escape(message)):
        Both(a=a, table=table)


def test_a_codebook_too_large(tmp_path):
    file = tmp_path / "large.json"
    file.write_text(json.dumps(list(range(8192))))
    with pytest.raises(ValidationError, match=r"a codebook has at most 4096 entries, .* 8192"):
        Both(a=f"codebook:{file}", table="int16")


def test_codebooks_and_they_only_have_tables():
    check_tables({"a": ("nf4", "q1.7"), "b": ("int8", None)})
    with pytest.raises(
        RuleError, match=r"^is needed with the codebook nf4: .* q1.7, fp16 or e4m3$"
    ):
        check_tables({"a": ("nf4", None)})
    with pytest.raises(RuleError, match=r"^needs a codebook, for example nf4, as a$"):
        check_tables({"a": ("int8", "q1.7")})


def test_names_for_verilog():
    assert factor_name("nf4", "q1.7") == "nf4_as_q1_7"
    assert factor_name("e4m3", None) == "e4m3"


def test_defaults_of_a_dot_product():
    params = {"a": "int8", "b": "nf4", "b_table": "q1.7", "lanes": 4}
    config = make_config("dot", params)
    # 4 * 128 * 128 = 2^16 in units of 2^-7, and a sign.
    assert config.name == "dot4_int8_nf4_as_q1_7_int18_lsbm7"
    assert config.params_dict()["overflow"] == "saturate"
    with pytest.raises(ConfigError, match=r"with a fixed operand .q1.7., int20 takes saturate"):
        make_config("dot", params | {"y": "int20", "overflow": "wrap"})
    integer = make_config("dot", params | {"b_table": "int4"}).params_dict()
    assert (integer["lsb"], integer["overflow"]) == (0, "wrap")
    window = {"a": "e4m3", "y": "fp32", "align": "window", "fraction_bits": 9}
    with pytest.raises(ConfigError, match=r"q1.7 has no exponent to align by"):
        make_config("dot", params | window)
