import os
from pathlib import Path

import pytest

from gen.errors import ConfigError
from gen.files import write_atomically


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_makes_the_directory_and_writes_every_file(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "deep"
    written = write_atomically(directory, {"a.v": b"one", "b.json": b"two"})
    assert written == [directory / "a.v", directory / "b.json"]
    assert contents(directory) == {"a.v": b"one", "b.json": b"two"}


def test_replaces_files_and_leaves_others_alone(tmp_path: Path) -> None:
    (tmp_path / "a.v").write_bytes(b"old")
    (tmp_path / "other").write_bytes(b"mine")
    write_atomically(tmp_path, {"a.v": b"new"})
    assert contents(tmp_path) == {"a.v": b"new", "other": b"mine"}


def test_restores_everything_when_one_file_cannot_be_placed(tmp_path: Path) -> None:
    (tmp_path / "a.v").write_bytes(b"old")
    (tmp_path / "c.json").mkdir()
    with pytest.raises(ConfigError, match=r"cannot write here: c\.json is a directory"):
        write_atomically(tmp_path, {"a.v": b"new", "b.f": b"new", "c.json": b"new"})
    assert sorted(os.listdir(tmp_path)) == ["a.v", "c.json"]
    assert (tmp_path / "a.v").read_bytes() == b"old"


def test_directory_below_a_file_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match="file/out: cannot write here: Not a directory"):
        write_atomically(tmp_path / "file" / "out", {"a.v": b""})
    assert contents(tmp_path) == {"file": b""}


def test_directories_made_for_a_failed_write_are_removed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="File name too long"):
        write_atomically(tmp_path / "new" / "deep", {"a" * 300: b""})
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("name", ["../a.v", "sub/a.v", "", ".", ".."])
def test_names_with_a_path_are_a_programming_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a plain file name"):
        write_atomically(tmp_path, {name: b""})
