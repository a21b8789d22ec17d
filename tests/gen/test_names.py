import pytest

from gen.names import KEYWORDS, check_name


@pytest.mark.parametrize("name", ["fma", "Fma_2", "a", "x" * 128])
def test_identifiers_are_fine(name: str) -> None:
    assert check_name(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "2fma",
        "_fma",
        "fma$",
        "fma-x",
        "fma x",
        "../fma",
        "a/b",
        "fma\n",
        "größe",
        "x" * 129,
        ".",
    ],
)
def test_anything_else_is_not(name: str) -> None:
    assert check_name(name) == (
        "must be 1 to 128 letters, digits and underscores, starting with a letter"
    )


@pytest.mark.parametrize("name", ["module", "wire", "logic", "endmodule", "uwire"])
def test_reserved_words_are_not(name: str) -> None:
    assert check_name(name) == "is a reserved word of Verilog"


def test_list_of_reserved_words_is_complete() -> None:
    assert len(KEYWORDS) == 248  # IEEE 1800-2017, table B.1
