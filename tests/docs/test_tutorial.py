"""Does what the tutorial says, word for word."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"


def blocks() -> Iterator[tuple[str, str]]:
    """Yield the language and the text of every code block."""
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        yield match[1], match[2]


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield the commands of a console block, with what each prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def normalized(output: str) -> list[str]:
    """Return the lines that matter, without times and what is blank at the end of a line."""
    lines = [re.sub(r"\d+\.\d s$", "some s", line.rstrip()) for line in output.splitlines()]
    return [line for line in lines if line]


@pytest.mark.slow
def test_tutorial_word_for_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    scripts = sysconfig.get_path("scripts")
    environment = {
        "HOME": str(tmp_path / "home"),
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "LANG": "C.UTF-8",
    }
    seen: set[str] = set()
    for language, text in blocks():
        seen.add(language)
        if language == "toml":
            first, _, rest = text.partition("\n")
            (tmp_path / first.removeprefix("# ")).write_text(rest)
        elif language == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(text, PAGE.name, "exec"), {})
            assert printed.getvalue().split() == re.findall(r"print\(.*\)  # (.*)", text)
        elif language == "console":
            for command, expected in commands(text):
                run = subprocess.run(
                    command,
                    shell=True,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert run.returncode == 0, f"{command}\n{run.stdout}{run.stderr}"
                assert normalized(run.stdout) == normalized(expected), command
    assert seen == {"sh", "toml", "console", "python"}
