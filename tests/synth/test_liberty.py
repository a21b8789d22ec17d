from __future__ import annotations

import pytest

from synth.liberty import LibertyError, numbers, parse, truth_table


def test_groups_attributes_and_names() -> None:
    library = parse('library ("mine") { a : "x y" ; b : 1.5; c (1, "2"); cell (N) { area : 2; } }')
    assert (library.kind, library.name) == ("library", "mine")
    assert library.simple == {"a": "x y", "b": "1.5"}
    assert library.complex == {"c": '1, "2"'}
    assert [(cell.kind, cell.name, cell.simple) for cell in library.groups] == [
        ("cell", "N", {"area": "2"})
    ]


def test_comments_are_no_part_of_it_but_strings_are() -> None:
    text = 'library (l) { /* cell (A) { } */ a : "/* kept */"; // b : 1;\n c : 2; }'
    assert parse(text).simple == {"a": "/* kept */", "c": "2"}


def test_a_line_end_closes_an_attribute_without_semicolon() -> None:
    assert parse("library (l) {\n a : 1\n b : 2 }").simple == {"a": "1", "b": "2"}


def test_values_continue_over_lines() -> None:
    library = parse('library (l) { t () { values ("1, 2", \\\n  "3, 4"); } }')
    table = library.first("t")
    assert table is not None
    assert numbers(table.complex["values"]) == [1, 2, 3, 4]


def test_first_and_all_pick_by_kind() -> None:
    library = parse("library (l) { cell (A) {} pin (B) {} cell (C) {} }")
    assert [group.name for group in library.all("cell")] == ["A", "C"]
    assert library.first("bus") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no library group in it"),
        ("root:x:0:0:root:/root:/bin/bash", "there is no library group in it"),
        ("library (l) {\n cell (A) {\n", "line 3: cell is not closed"),
        ("library (l) {\n}\n}", "line 3: a '}' that closes nothing"),
        ("library (l) {\n /* \n */ a : 1;\n ??? }", "line 4: cannot read '??? }'"),
    ],
    ids=["empty", "another file", "unclosed", "closed twice", "garbage"],
)
def test_what_is_not_liberty(text: str, message: str) -> None:
    with pytest.raises(LibertyError) as caught:
        parse(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("function", "table"),
    [
        ("A", 0b1010),
        ("!A", 0b0101),
        ("A'", 0b0101),
        ("A & B", 0b1000),
        ("A * B", 0b1000),
        ("A B", 0b1000),
        ("A | B", 0b1110),
        ("A + B", 0b1110),
        ("A ^ B", 0b0110),
        ("!(A B)", 0b0111),
        ("(A B)'", 0b0111),
        ("!A + A B", 0b1101),  # not, and, or: the tightest first
        ("A ^ B A", 0b0010),  # exclusive or before and
        ("1", 0b1111),
        ("0", 0b0000),
    ],
)
def test_functions(function: str, table: int) -> None:
    assert truth_table(function, ["A", "B"]) == table


def test_majority_and_parity_of_three() -> None:
    assert truth_table("((A & B) | (CI & (A | B)))", ["A", "B", "CI"]) == 0b11101000
    assert truth_table("A ^ B ^ CI", ["A", "B", "CI"]) == 0b10010110


@pytest.mark.parametrize("function", ["", "A &", "(A", "A)", "A # B", "IQ", "& A"])
def test_what_is_no_function_of_the_inputs(function: str) -> None:
    with pytest.raises(LibertyError) as caught:
        truth_table(function, ["A", "B"])
    assert str(caught.value) == f"not a function of the cell's inputs: {function!r}"


def test_a_function_nested_beyond_reason() -> None:
    with pytest.raises(LibertyError, match="not a function"):
        truth_table("(" * 5000 + "A" + ")" * 5000, ["A"])
