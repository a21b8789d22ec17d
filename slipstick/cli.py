"""The command line: finds the command, and turns what goes wrong into a line and an exit code."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module

import click
from click.shell_completion import shell_complete

from gen.errors import ConfigError, ToolError
from gen.version import __version__

__all__ = ["COMMANDS", "main"]

COMMANDS = {
    "list": "Units, formats and presets.",
    "show": "What a unit takes and computes, or the ports and latency of a config.",
    "formats": "Number formats: bits, range, error, pictures.",
    "generate": "Write Verilog with its manifest.",
    "verify": "Simulate the Verilog and compare every bit with the golden model.",
    "fuzz": "Verify random configs, and shrink one that fails.",
    "prove": "Prove that the Verilog computes what a plain description of it does.",
    "mutate": "Plant faults in the Verilog and count those that the vectors find.",
    "vectors": "Write operands and golden results for another testbench.",
    "golden": "Run the golden model on operands of your own.",
    "quantize": "Quantize a tensor and say what is lost.",
    "compare-silicon": "Hold a dot product against what a tensor core has answered.",
    "synth": "Synthesize: area, cells, delay and energy.",
    "sweep": "Price a grid of configs into a database, on all cores or a cluster.",
    "study": "Compare number formats: what they lose and what they cost.",
    "report": "Show what a sweep found: table, plots, and a page to choose from.",
    "doctor": "Say which tools are found and what to install.",
}
"""Every command with its line of help, so that `--help` need not load them."""


COMPLETION = "_SLIPSTICK_COMPLETE"
"""Environment variable by which a shell asks for completions, and a user for the shell's script."""


class _Group(click.Group):
    """A group that loads a command when it runs: most are slow to import."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        if cmd_name not in COMMANDS:
            near = get_close_matches(cmd_name, COMMANDS, n=1)
            hint = f"; nearest: {near[0]}" if near else ""
            ctx.fail(f"no such command: {cmd_name}{hint}")
        return import_module(f"slipstick.commands.{cmd_name.replace('-', '_')}").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="CONFIG is a TOML file, a preset, or a unit with its parameters: fma a=e4m3 b=e4m3 "
    "c=fp32 y=fp32. Exit codes: 0 fine, 1 a check failed, 2 wrong usage or config, 3 a tool is "
    "missing or failed.",
)
@click.version_option(__version__, "-V", "--version", message="slipstick %(version)s")
def cli() -> None:
    """Generate, prove and price the arithmetic of deep-learning accelerators."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments
        The words after ``slipstick``; those of this process if left out.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return _run(words)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.exceptions.NoArgsIsHelpError as help_text:
        click.echo(help_text.format_message(), err=True)
        return 2
    except click.UsageError as error:
        name = error.ctx.command_path if error.ctx else "slipstick"
        message = error.format_message().rstrip(".")
        return _fail(2, f"{message[:1].lower()}{message[1:]} (see `{name} --help`)")
    except ConfigError as error:
        return _fail(2, str(error))
    except ToolError as error:
        details = [f"log: {error.log}"] if error.log else []
        return _fail(3, str(error), *details, *error.tail.splitlines())
    except (KeyboardInterrupt, click.Abort):
        warnings.simplefilter("ignore")  # of objects that were not used any more
        return _fail(130, "interrupted")
    except MemoryError:
        return _fail(2, "not enough memory for this many vectors or lanes")
    except BrokenPipeError:
        _discard_output()
        return 141  # as a process that SIGPIPE ended
    except OSError as error:
        return _fail_to_write(error)


def _run(words: list[str]) -> int:
    if request := os.environ.get(COMPLETION):
        return shell_complete(cli, {}, "slipstick", COMPLETION, request)
    with cli.make_context("slipstick", words) as context:
        code = cli.invoke(context) or 0
    sys.stdout.flush()
    return code


def _discard_output() -> None:
    """Send what is still buffered nowhere: Python would complain about it on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail_to_write(error: OSError) -> int:
    try:
        sys.stdout.flush()
    except OSError:
        _discard_output()
    place = f"{error.filename}: " if error.filename else ""
    return _fail(2, f"{place}{error.strerror or error}")


def _fail(code: int, message: str, *details: str) -> int:
    lines = (f"slipstick: error: {message}", *(f"  {line}" for line in details))
    click.echo("\n".join(lines), err=True)
    return code
