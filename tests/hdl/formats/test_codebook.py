import pytest

from hdl.formats import CodebookFormat, FormatError, parse_format


@pytest.mark.parametrize("name", ["nf4", "af4"])
def test_published_codebooks(name):
    fmt = parse_format(name)
    assert isinstance(fmt, CodebookFormat)
    assert fmt.bits == 4
    assert list(fmt.values) == sorted(fmt.values)
    assert (fmt.values[0], fmt.values[7], fmt.values[15]) == (-1.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("file", "text"),
    [("Book.txt", "0 -1 # first\n1e-1,\n2"), ("Book.json", "[0, -1, 0.1, 2]")],
)
def test_a_codebook_from_a_file(tmp_path, file, text):
    (tmp_path / file).write_text(text)
    name = f"codebook:{tmp_path / file}"
    fmt = parse_format(name)
    assert fmt == CodebookFormat(name, (0.0, -1.0, 0.1, 2.0))
    assert parse_format(fmt.name) == fmt
    assert fmt.is_signed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2 3", "a codebook has 2, 4, 8 .. 65536 values, this one 3"),
        ("1 1", "the values of a codebook are distinct"),
        ("1 inf", "a codebook has finite values only"),
        ("1 two", "not a list of numbers (could not convert string to float: 'two')"),
    ],
)
def test_what_is_no_codebook(tmp_path, text, message):
    (tmp_path / "book.txt").write_text(text)
    with pytest.raises(FormatError) as error:
        parse_format(f"codebook:{tmp_path}/book.txt")
    assert str(error.value) == f"codebook:{tmp_path}/book.txt: {message}"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FormatError, match=r"none\.txt: No such file or directory$"):
        parse_format(f"codebook:{tmp_path}/none.txt")
