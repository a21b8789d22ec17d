import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from gen.catalog import UNITS
from gen.config import (
    Config,
    load_config,
    make_config,
    presets,
    resolve,
    toml_value,
)
from gen.errors import ConfigError
from gen.names import check_name

FMA = {"a": "e4m3", "b": "e4m3", "c": "fp16", "y": "fp16"}
DOT = {"a": "int8", "b": "int8", "lanes": 4}


def write(directory: Path, text: str) -> Path:
    path = directory / "unit.toml"
    path.write_text(text)
    return path


def complaint(unit: str, params: dict[str, Any], name: str | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        make_config(unit, params, name)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_file_becomes_a_complete_config(tmp_path: Path) -> None:
    path = write(
        tmp_path, 'unit = "dot"\nname = "mac"\n[params]\na = "int8"\nb = "int8"\nlanes = 4\n'
    )
    config = load_config(path)
    assert config.config_dict() == {
        "unit": "dot",
        "name": "mac",
        "params": {"a": "int8", "b": "int8", "y": "int18", "lanes": 4, "c": None, "lsb": 0}
        | {"a_table": None, "b_table": None}
        | {"accumulate": False, "align": "exact", "fraction_bits": None, "gate_zero": False}
        | {"sticky": False, "group": None, "sparsity": None, "scale": None, "accumulator": "binary"}
        | {"rounding": "rne", "overflow": "wrap"}
        | {"subnormals": "ieee", "stages": 0, "objective": "balanced"},
    }


def test_formats_get_their_canonical_names() -> None:
    config = make_config("fma", {**FMA, "a": "float8_e4m3fn", "c": "Float16"})
    assert config.params_dict() == make_config("fma", FMA).params_dict()


@pytest.mark.parametrize(
    ("params", "overflow"),
    [
        ({"c": "fp16", "y": "fp16"}, "ieee"),
        ({"c": "int32", "y": "int32"}, "saturate"),
        ({"a": "int8", "b": "int8", "c": "int32", "y": "int32"}, "wrap"),
    ],
    ids=["float", "integer from floats", "integers"],
)
def test_default_overflow_follows_the_formats(params: dict[str, str], overflow: str) -> None:
    assert make_config("fma", {**FMA, **params}).params_dict()["overflow"] == overflow


def test_hash_is_that_of_the_hardware_not_of_the_spelling() -> None:
    config = make_config("dot", DOT)
    same = make_config("dot", {**DOT, "y": "int18", "overflow": "wrap", "stages": 0}, name="other")
    assert config.config_hash == same.config_hash
    assert config.config_hash != make_config("dot", {**DOT, "stages": 1}).config_hash


def test_hash_follows_the_entries_of_a_codebook_in_a_file(tmp_path: Path) -> None:
    book = tmp_path / "book.txt"
    words = [
        *["dot", f"a=codebook:{book}", "b=int8", "lanes=2", "y=int32"],
        *["a_table=int8", "name=trained"],
    ]
    hashes: list[str] = []
    for entries in ("-2 -1 1 2", "-3 -1 1 3", "-2 -1 1 2"):
        book.write_text(entries)
        hashes.append(resolve(words)[0].config_hash)
    assert hashes[0] == hashes[2] != hashes[1]


@pytest.mark.parametrize(
    ("unit", "params", "name"),
    [
        ("fma", {}, "fma_e4m3_e4m3_fp16_fp16"),
        (
            "fma",
            {"rounding": "rtz", "overflow": "saturate", "flags": True, "stages": 3},
            "fma_e4m3_e4m3_fp16_fp16_flags_rtz_saturate_s3",
        ),
        ("dot", {"lanes": 32}, "dot32_int8_int21"),
        ("dot", {"b": "uint8", "y": "int32"}, "dot4_int8_uint8_int32"),
        ("dot", {"c": "int32", "y": "int32"}, "dot4_int8_int32_c_int32"),
        ("dot", {"y": "fp32", "accumulate": True}, "dot4_int8_fp32_acc"),
        (
            "dot",
            {"y": "fp16", "subnormals": "flush", "objective": "area"},
            "dot4_int8_fp16_flush_area",
        ),
    ],
)
def test_derived_name_reads_like_the_parameters(
    unit: str, params: dict[str, Any], name: str
) -> None:
    assert make_config(unit, {**(FMA if unit == "fma" else DOT), **params}).name == name


def test_derived_names_are_unique_and_legal() -> None:
    names: dict[str, Config] = {}
    options = itertools.product(
        [{}, {"c": "int8"}, {"accumulate": True}],
        [{}, {"b": "int4"}, {"b": "fp16"}],
        ["int32", "fp32"],
        [{}, {"rounding": "rtz"}],
        [{}, {"overflow": "saturate"}],
        [{}, {"subnormals": "flush"}],
        [{}, {"stages": 3}],
        [{}, {"objective": "delay"}],
    )
    for addend, factor, y, *rest in options:
        params: dict[str, Any] = {**DOT, **addend, **factor, "y": y}
        for more in rest:
            params |= more
        config = make_config("dot", params)
        other = names.setdefault(config.name, config)
        assert other.config_hash == config.config_hash, config.name
        assert check_name(config.name) is None
    make_config(
        "fma",
        dict.fromkeys("abcy", "e11m19b1234ieee")
        | {"rounding": "rtz", "overflow": "saturate", "subnormals": "flush"}
        | {"stages": 64, "objective": "delay", "flags": True},
    )


@pytest.mark.parametrize("name", ["module", "../x", "2x", "", "x" * 129])
def test_illegal_names_are_refused(name: str) -> None:
    assert complaint("fma", FMA, name).startswith(f'command line: name = "{name[:50]}')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unit = fma\n", r"broken TOML: .*line 1"),
        ('unit = "fma"\n[params\n', r"broken TOML: .*line 2"),
        ('[params]\na = "int8"\n', "unit: missing; it has no default"),
        ('unit = "fma"\nparam = 1\n', "param: no such key; nearest: params"),
        ('unit = "fma"\nparams = 1\n', "params = 1: must be a table"),
        ('unit = "fma"\nname = 1\n', "name = 1: must be a string"),
        ("unit = 1\n", "unit = 1: must be a string"),
        ('unit = "dot"\na = "int8"\n', "a: is a parameter: it belongs under \\[params\\]"),
        ('\ufeffunit = "dot"\n', "a: missing"),
        ("a = " + "[" * 5000, "broken TOML: "),
        ('unit = "dot"\n[params]\nlanes = 1979-05-27\n', "a: missing"),
    ],
)
def test_mistakes_in_a_file_name_the_file(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.toml: cannot read it: No such file"):
        load_config(tmp_path / "no.toml")
    with pytest.raises(ConfigError, match="cannot read it: Is a directory"):
        load_config(tmp_path)
    path = tmp_path / "binary.toml"
    path.write_bytes(b'unit = "\xff"')
    with pytest.raises(ConfigError, match=r"not a text file in UTF-8 \(byte 8\)"):
        load_config(path)


def test_words_of_a_command_line(tmp_path: Path) -> None:
    path = write(
        tmp_path, 'unit = "fma"\nname = "own"\nparams = {a="int8",b="int8",c="int8",y="int32"}'
    )
    words = "fma a=e4m3 b=e4m3 c=fp16 y='fp16' flags=true dp4a int8-mac stages=2 name=mac"
    configs = resolve([*words.split(), str(path), str(path), "stages=1"])
    assert [config.name for config in configs] == [
        "fma_e4m3_e4m3_fp16_fp16_flags",
        "dp4a",
        "mac",
        "own",
        "fma_int8_int8_int8_int32_s1",
    ]
    assert configs[2].params_dict()["stages"] == 2


def test_defaults_are_derived_anew_when_a_preset_is_changed() -> None:
    (config,) = resolve(["dot32-int8", "lanes=4"])
    assert config.params_dict()["y"] == "int18"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("stages=1", "stages=1: no unit, preset or file before this parameter"),
        ("fam", "fam: no such unit, preset or file (.toml); nearest: fma"),
        ("dp4", "dp4: no such unit, preset or file (.toml); nearest: dp4a"),
        ("../etc/passwd_", "../etc/passwd_: no such unit, preset or file (.toml); "),
        ("fma a=int8 a=int8", "a = int8: given twice"),
        ("fma a=int8 a.b=int8", "a.b = int8: a already has a value"),
        ("fma name=3", "name = 3: must be a string"),
        ("dp4a scale.bits=3", "scale.kind: missing; it has no default"),
        ("dp4a scale.knd=mx", "scale.knd: no such key; nearest: kind"),
        (
            "dp4a scale.kind=mxx",
            'scale.kind = "mxx": must be vsq, mx, nvfp4 or channel; nearest: mx',
        ),
        ("dp4a scale.kind=mx scale.a=uint6", 'scale.a = "uint6": is no scale of kind mx; '),
        (
            "dp4a scale.kind=vsq scale.vector=3",
            "scale.vector = 3: of 3 lanes does not divide the 4",
        ),
        ("dp4a scale.kind=vsq scale.bits=33", "scale.bits = 33: must be 32 or less"),
        ("dp4a scale=mx", 'scale = "mx": must be a table of kind, a, b, bits or vector'),
        ("dp4a sparsity=2/4", 'sparsity = "2/4": is "N:M", N weights of every M; nearest: 2:4'),
        ("dp4a lanes", "lanes: a parameter needs a value: lanes=..."),
        ("dp4a name=x int8-mac name=x", "two different configs are named x"),
        ("fma a=" + "x" * 300, 'a = "xxxxx'),
    ],
)
def test_mistakes_on_a_command_line(words: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(words.split())
    assert str(caught.value).startswith(f"command line: {message}")


def test_mistake_in_a_file_is_not_blamed_on_the_command_line(tmp_path: Path) -> None:
    path = write(tmp_path, 'unit = "fma"\n')
    with pytest.raises(ConfigError, match=r"unit\.toml: a: missing"):
        resolve([str(path), "stages=1"])


def test_ready_made_configs_are_valid_and_commented() -> None:
    examples = (Path(__file__).parents[2] / "configs").glob("example-*.toml")
    ready_made = [*presets().values(), *examples]
    assert {"dp4a", "int8-mac", "fma-e4m3-fp16", "dot32-e4m3-fp32"} <= set(presets())
    names = [load_config(path).name for path in ready_made]
    assert len(set(names)) == len(names)
    assert all(path.read_text().startswith("# ") for path in ready_made)
    assert not set(presets()) & set(UNITS)


def test_tables_are_given_by_dotted_keys_or_in_braces(tmp_path: Path) -> None:
    words = ["dot", "a=int4", "b=int4", "lanes=64"]
    dotted = resolve([*words, "scale.kind=vsq", "scale.bits=6"])
    assert dotted == resolve([*words, 'scale={kind = "vsq", bits = 6}'])
    text = 'unit = "dot"\n[params]\na = "int4"\nb = "int4"\nlanes = 64\n'
    file = write(tmp_path, text + 'scale = {kind = "vsq", bits = 6}\n')
    assert resolve([str(file)])[0].params_dict() == dotted[0].params_dict()
    # A table changes key by key.
    (changed,) = resolve([str(file), "scale.bits=4"])
    assert changed.params_dict()["scale"]["bits"] == 4
    assert changed.params_dict()["scale"]["kind"] == "vsq"
    assert changed.config_hash != dotted[0].config_hash
    assert changed.name == "dot64_int4_int18_vsq_m4"


def test_tables_are_written_as_toml() -> None:
    assert toml_value({"kind": "mx", "bits": None, "vector": 4}) == '{kind = "mx", vector = 4}'
    assert toml_value(True) == "true"


def test_a_period_becomes_a_number_of_stages(tmp_path: Path) -> None:
    stages = [
        make_config("fma", {**FMA, "period": period}).params_dict()["stages"]
        for period in (4000, 2000, 1300)
    ]
    assert stages == sorted(stages)
    assert stages[0] == 0 < stages[-1]
    by_period = make_config("fma", {**FMA, "period": 1300})
    by_number = make_config("fma", {**FMA, "stages": stages[-1]})
    assert by_period.config_dict() == by_number.config_dict()
    assert by_period.config_hash == by_number.config_hash
    assert by_period.given() == by_number.given()
    # In a file it stays what it is, so that it fits whatever else is changed.
    file = tmp_path / "fast.toml"
    lines = (f"{key} = {json.dumps(value)}\n" for key, value in {**FMA, "period": 1300}.items())
    file.write_text('unit = "fma"\n[params]\n' + "".join(lines))
    assert resolve([str(file)])[0].params.period == 1300
    assert resolve([str(file), "objective=delay"])[0].params.stages <= stages[-1]
    assert resolve([str(file), "stages=1"])[0].params.stages == 1


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"period": 900, "stages": 2},
            "command line: period = 900: excludes stages: it decides their number",
        ),
        ({"period": 0}, "command line: period = 0: must be 1 or more"),
        ({"period": 10}, r"command line: period = 10: step \w+, which no register .*nearest: \d+0"),
        ({"period": 1000, "a": "int65"}, "command line: "),
    ],
    ids=["both", "zero", "short", "no unit"],
)
def test_periods_that_are_none(params: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_config("fma", {**FMA, **params})


def test_a_loop_bounds_the_period() -> None:
    mac = {"a": "e4m3", "b": "e4m3", "y": "fp32", "lanes": 2, "accumulate": True}
    with pytest.raises(ConfigError, match="the accumulator's loop, which no register divides"):
        make_config("dot", {**mac, "period": 200})
