"""What all tests share: their cache, and what becomes of a test whose tool is missing."""

from __future__ import annotations

import os
import shutil

import pytest


def pytest_configure(config: pytest.Config) -> None:
    # Not the user's cache. Kept between runs: results are found by their content.
    cache = config.rootpath / "build" / "test-cache"
    os.environ["SLIPSTICK_CACHE"] = str(cache)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("tool"):
        missing = [tool for tool in mark.args if shutil.which(tool) is None]
        if missing and os.environ.get("CI"):
            pytest.fail(f"{', '.join(missing)} not found, and CI skips nothing", pytrace=False)
        if missing:
            pytest.skip(f"{', '.join(missing)} not found")
