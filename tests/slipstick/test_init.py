"""The public names of `import slipstick`."""

from __future__ import annotations

import subprocess
import sys

import pytest

import slipstick


@pytest.mark.parametrize("name", slipstick.__all__)
def test_public_name_is_there(name: str) -> None:
    assert getattr(slipstick, name) is not None
    assert name in dir(slipstick)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'slipstick' has no attribute 'verfy'"):
        _ = slipstick.verfy


def test_import_loads_nothing_heavy() -> None:
    code = "import slipstick, sys; print({'amaranth', 'numpy', 'pydantic'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert answer.stdout == b"set()\n"
