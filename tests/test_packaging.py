"""What a wheel carries: everything that a checkout runs with."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("slipstick", "hdl", "gen", "cosim", "synth")


def test_wheel_holds_every_file_of_the_packages_and_the_presets(tmp_path: Path) -> None:
    # From a copy: building must not leave anything in the working tree.
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("slipstick-*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        str(path.relative_to(ROOT)).replace("configs/presets", "gen/presets")
        for folder in (*PACKAGES, "configs/presets")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert any(path.startswith("gen/presets/") for path in expected)
    expected |= {"synth/study.toml", "cosim/digits.npz"}
    assert expected <= packed
