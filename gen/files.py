"""Writing a set of files so that either all of them appear or none."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from gen.errors import ConfigError

__all__ = ["write_atomically"]


def write_atomically(directory: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write `files` into `directory`, which is made if need be; replace what has the same names.

    The files are first written beside their destination and then renamed into place in the given
    order. If anything fails on the way, earlier contents come back and nothing new stays behind.

    Parameters
    ----------
    directory
        Where to write.
    files
        Contents by plain file name.

    Returns
    -------
    list of Path
        The written files, in the order of `files`.

    Raises
    ------
    ConfigError
        If the directory cannot be made or written.
    """
    for name in files:
        if name != os.path.basename(name) or name in ("", ".", ".."):
            raise ValueError(f"not a plain file name: {name!r}")
    try:
        return _write_all(directory, files)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"{directory}: cannot write here: {reason}") from error


def _write_all(directory: Path, files: Mapping[str, bytes]) -> list[Path]:
    made = _make_directories(directory)
    try:
        staging = Path(tempfile.mkdtemp(prefix=".writing-", dir=directory))
        try:
            for name, content in files.items():
                (staging / name).write_bytes(content)
            _move_in(staging, directory, list(files))
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except BaseException:
        for path in reversed(made):
            with suppress(OSError):  # somebody else uses it by now
                path.rmdir()
        raise
    return [directory / name for name in files]


def _make_directories(directory: Path) -> list[Path]:
    """Make `directory` and its parents; return those that were missing, outermost first."""
    missing: list[Path] = []
    for path in (directory, *directory.parents):
        if path.exists():
            break
        missing.insert(0, path)
    directory.mkdir(parents=True, exist_ok=True)
    return missing


def _move_in(staging: Path, directory: Path, names: list[str]) -> None:
    """Rename staged files to their places, keeping what they replace until all are there."""
    replaced = staging / ".replaced"
    replaced.mkdir()
    moved: list[str] = []
    try:
        for name in names:
            target = directory / name
            if target.is_dir() and not target.is_symlink():
                raise IsADirectoryError(0, f"{name} is a directory")
            if os.path.lexists(target):
                os.replace(target, replaced / name)
            moved.append(name)
            os.replace(staging / name, target)
    except BaseException:
        for name in reversed(moved):
            if os.path.lexists(replaced / name):
                os.replace(replaced / name, directory / name)
            else:
                (directory / name).unlink(missing_ok=True)
        raise
