"""A directory of results that cost time to make, each complete or absent."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from gen.errors import ConfigError

__all__ = ["cache_dir", "cached"]


def cache_dir() -> Path:
    """Return $SLIPSTICK_CACHE, else $XDG_CACHE_HOME/slipstick, else ~/.cache/slipstick."""
    chosen = os.environ.get("SLIPSTICK_CACHE")
    if chosen:
        return Path(chosen).absolute()
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():  # the XDG specification: a relative path is to be ignored
        base = Path("~/.cache").expanduser()
    return base / "slipstick"


def cached(kind: str, key: str, build: Callable[[Path], None]) -> Path:
    """Return the directory of `kind` and `key`, calling `build` to fill it if there is none yet.

    A result exists under its final name only when it is complete: it is built under another name
    and then renamed, while a lock keeps other processes from building the same one. Whatever a
    killed process left behind is removed by the next that builds the same result.

    Parameters
    ----------
    kind
        What sort of result it is, one word; a subdirectory of the cache.
    key
        Plain name that determines the result: a hash of everything it depends on.
    build
        Fills the empty directory it is given. The directory is renamed afterwards, so no file in
        it may hold its path.

    Raises
    ------
    ConfigError
        If the cache cannot be written.
    """
    for part in (kind, key):
        if part != os.path.basename(part) or part.startswith(".") or not part:
            raise ValueError(f"not a plain name: {part!r}")
    shelf = cache_dir() / kind
    result = shelf / key
    if result.is_dir():
        return result
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        lock_file = shelf / f".{key}.lock"
        lock_file.touch()
    except OSError as error:
        raise ConfigError(
            f"{shelf}: cannot write to the cache: {error.strerror or error}; "
            "SLIPSTICK_CACHE names another directory"
        ) from error
    with lock_file.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if result.is_dir():  # built by another process while this one waited
            return result
        for leftover in shelf.glob(f".{key}.building-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        # A fresh name every time: a tool that outlived its killed parent may still be writing
        # to the old one.
        scratch = Path(tempfile.mkdtemp(prefix=f".{key}.building-", dir=shelf))
        try:
            build(scratch)
            scratch.chmod(0o755)
            scratch.rename(result)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
    return result
