from pathlib import Path

from gen.errors import ToolError


def test_tool_error_says_which_tool_and_keeps_the_log() -> None:
    error = ToolError("yosys", "exit code 1", log=Path("yosys.log"), tail="ERROR: no such cell")
    assert str(error) == "yosys: exit code 1"
    assert (error.tool, error.log, error.tail) == (
        "yosys",
        Path("yosys.log"),
        "ERROR: no such cell",
    )
