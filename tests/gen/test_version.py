import re

from gen.version import __version__


def test_version_is_one_that_python_and_fusesoc_understand() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
