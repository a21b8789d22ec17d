"""Does what the first three answers of the how-to page say."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "howto.md"
ANSWERS = ("get a dot product into my Verilog", "decide between formats", "use a format of my own")


def answer(title: str) -> str:
    """Return the part of the page under a heading."""
    (part,) = (p for p in re.split(r"^## \.\.\. ", PAGE.read_text(), flags=re.M) if title in p[:80])
    return part


def code(text: str, language: str) -> str:
    return "".join(re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


@pytest.mark.slow
@pytest.mark.parametrize("title", ANSWERS, ids=["a_dot_product", "a_tensor", "e3m3"])
def test_an_answer_works(title: str, tmp_path: Path) -> None:
    text = answer(title)
    if toml := code(text, "toml"):
        (tmp_path / "dot8.toml").write_text(toml)
    np.save(tmp_path / "weights.npy", np.random.default_rng(1).laplace(size=(8, 64)))
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    commands = [shlex.split(line, comments=True) for line in code(text, "sh").splitlines()]
    assert len(commands) >= 2
    for command in commands:
        run = subprocess.run(
            command,
            cwd=tmp_path,
            env=os.environ | {"PATH": path},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        assert run.stdout
    if instance := code(text, "verilog"):
        ports = set(re.findall(r"\.(\w+)\(", instance))
        module = (tmp_path / "rtl" / "dot8_e5m2.v").read_text()
        header = module[module.index("module dot8_e5m2 (") :].partition(");")[0]
        assert ports == set(re.findall(r"(\w+),?$", header, re.MULTILINE)) - {"("}
