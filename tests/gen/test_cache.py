import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gen.cache import cache_dir, cached
from gen.errors import ConfigError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLIPSTICK_CACHE", str(tmp_path / "cache"))
    return tmp_path


def write_answer(directory: Path) -> None:
    (directory / "answer").write_text("42")


def test_own_variable_wins_then_xdg_then_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "xdg"))
    monkeypatch.setenv("HOME", str(home))
    assert cache_dir() == home / "cache"
    monkeypatch.delenv("SLIPSTICK_CACHE")
    assert cache_dir() == home / "xdg" / "slipstick"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_dir() == home / ".cache" / "slipstick"


def test_builds_once() -> None:
    first = cached("model", "k1", write_answer)
    assert (first / "answer").read_text() == "42"

    def rebuild(directory: Path) -> None:
        raise AssertionError(f"built again in {directory}")

    assert cached("model", "k1", rebuild) == first == cache_dir() / "model" / "k1"


def test_failed_build_leaves_nothing_and_can_be_repeated() -> None:
    def fail(directory: Path) -> None:
        write_answer(directory)
        raise RuntimeError("compiler crashed")

    with pytest.raises(RuntimeError, match="compiler crashed"):
        cached("model", "k2", fail)
    assert [name for name in os.listdir(cache_dir() / "model") if "lock" not in name] == []
    assert (cached("model", "k2", write_answer) / "answer").is_file()


def test_killed_build_is_not_taken_for_complete(home: Path) -> None:
    program = (
        "import pathlib, sys, time\n"
        "from gen.cache import cached\n"
        "def build(directory):\n"
        "    (directory / 'half').write_text('')\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
        "cached('model', 'k3', build)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    result = cached("model", "k3", write_answer)
    assert os.listdir(result) == ["answer"]
    assert [name for name in os.listdir(cache_dir() / "model") if "building" in name] == []


def test_simultaneous_callers_share_one_build() -> None:
    builds: list[Path] = []

    def slow(directory: Path) -> None:
        builds.append(directory)
        time.sleep(0.05)
        write_answer(directory)

    threads = [threading.Thread(target=cached, args=("model", "k4", slow)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(builds) == 1


def test_unwritable_cache_is_the_users_to_mend(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("SLIPSTICK_CACHE", str(home / "file"))
    with pytest.raises(ConfigError, match=r"cannot write to the cache: .*; SLIPSTICK_CACHE names"):
        cached("model", "k5", write_answer)


@pytest.mark.parametrize("key", ["", ".", "..", "a/b", ".hidden"])
def test_keys_are_plain_names(key: str) -> None:
    with pytest.raises(ValueError, match="not a plain name"):
        cached("model", key, write_answer)
