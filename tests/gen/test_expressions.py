import pytest

from gen.expressions import (
    Expression,
    atom,
    binary,
    choice,
    concatenation,
    constant,
    layout,
    unary,
)

A, B, C = atom("a"), atom("b"), atom("c")


@pytest.mark.parametrize(
    ("bits", "is_number", "text"),
    [
        ("1", False, "1'b1"),
        ("1", True, "1'b1"),
        ("0110", False, "4'b0110"),
        ("0110", True, "4'd6"),
        ("0" * 9, False, "9'd0"),
        ("000011110", False, "9'h01e"),
        ("000011110", True, "9'd30"),
        ("1x0", False, "3'b1x0"),
    ],
)
def test_constants_have_their_width(bits: str, is_number: bool, text: str) -> None:
    assert constant(bits, is_number=is_number).text == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (binary("&", A, binary("|", B, C)), "a & (b | c)"),
        (binary("&", binary("&", A, B), C), "a & b & c"),
        (binary("&", A, binary("&", B, C)), "a & b & c"),
        (binary("-", A, binary("-", B, C)), "a - (b - c)"),
        (binary("&", unary("~", A), unary("|", B)), "~a & (|b)"),
        (binary("|", A, unary("|", B)), "a | (|b)"),
        (unary("~", unary("&", A)), "~(&a)"),
        (unary("~", unary("~", A)), "~(~a)"),
        (unary("~", binary("==", A, B)), "a != b"),
        (unary("~", binary("<", A, B)), "a >= b"),
        (unary("-", binary("+", A, B)), "-(a + b)"),
        (choice(A, B, choice(binary("==", B, C), A, C)), "a ? b : (b == c) ? a : c"),
        (choice(choice(A, B, C), binary("+", A, B), C), "(a ? b : c) ? (a + b) : c"),
        (binary("+", choice(A, B, C), A), "(a ? b : c) + a"),
        (concatenation([A]), "a"),
        (concatenation([A, A, A]), "{3{a}}"),
        (concatenation([A, B, B, choice(A, B, C)]), "{a, {2{b}}, (a ? b : c)}"),
    ],
)
def test_parentheses_are_where_a_reader_wants_them(expression: Expression, text: str) -> None:
    assert expression.text == text


def test_short_assignment_is_one_line() -> None:
    assert layout("    assign y = ", binary("+", A, B)) == ["    assign y = a + b;"]


LONG = [atom(f"{letter * 30}") for letter in "abcd"]


def test_long_sum_breaks_before_operators() -> None:
    total = binary("|", binary("|", binary("|", LONG[0], LONG[1]), LONG[2]), LONG[3])
    assert layout("    assign y = ", total) == [
        f"    assign y = {'a' * 30} | {'b' * 30}",
        f"        | {'c' * 30} | {'d' * 30};",
    ]


def test_long_choice_has_one_alternative_on_a_line() -> None:
    expression = choice(A, LONG[0], choice(B, LONG[1], choice(C, LONG[2], LONG[3])))
    assert layout("    assign y = ", expression) == [
        "    assign y =",
        f"        a ? {'a' * 30} :",
        f"        b ? {'b' * 30} :",
        f"        c ? {'c' * 30} :",
        f"        {'d' * 30};",
    ]


def test_long_concatenation_is_filled_between_braces() -> None:
    assert layout("    assign y = ", concatenation(LONG)) == [
        "    assign y = {",
        f"        {'a' * 30}, {'b' * 30},",
        f"        {'c' * 30}, {'d' * 30}",
        "    };",
    ]
