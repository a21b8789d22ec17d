from __future__ import annotations

from synth.sheets import Sheet, page_of

SHEET = Sheet(
    "toy",
    "A <toy>",
    "What it is & is not.",
    ("format", "um2", "off"),
    [["a|b", "12.5", "+3 %"], ["c", None, "4 %"]],
)


def test_numbers_are_on_the_right_in_markdown() -> None:
    assert SHEET.markdown() == (
        "| format | um2 | off |\n| --- | ---: | ---: |\n| a\\|b | 12.5 | +3 % |\n| c | - | 4 % |\n"
    )


def test_what_is_not_known_is_empty_for_programs() -> None:
    assert SHEET.csv() == "format,um2,off\na|b,12.5,+3 %\nc,,4 %\n"


def test_a_column_without_any_number_is_text() -> None:
    sheet = Sheet("x", "x", "", ("a", "b"), [[None, "1"], [None, "n/a"]])
    assert sheet.markdown().splitlines()[1] == "| --- | --- |"
    assert Sheet("x", "x", "", ("a",), []).markdown() == "| a |\n| --- |\n"


def test_a_page_has_its_text_escaped_and_its_pictures_inside() -> None:
    page = page_of("T & t", [SHEET], {"a < b": '<?xml version="1.0"?><svg id="x"></svg>'}, "<hr>")
    assert "<h1>T &amp; t</h1>" in page
    assert '<svg id="x"></svg><figcaption>a &lt; b</figcaption>' in page
    assert "xml version" not in page
    assert '<h2 id="toy">A &lt;toy&gt;</h2>' in page
    assert "<td class=number>12.5</td>" in page
    assert page.endswith("<hr></body>\n</html>\n")
    assert "http" not in page
