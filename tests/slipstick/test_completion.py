import click
import pytest

from slipstick.cli import COMPLETION, main
from slipstick.completion import complete_config


def completions(words: list[str], incomplete: str) -> list[str]:
    parameter = click.Argument(["config"], nargs=-1)
    context = click.Context(click.Command("verify", params=[parameter]))
    context.params["config"] = tuple(words)
    items = complete_config(context, parameter, incomplete)
    return [item.value for item in items if item.type == "plain"]


@pytest.mark.parametrize(
    ("words", "incomplete", "some", "none"),
    [
        ([], "f", ["fma", "fma-e4m3-fp16"], ["dot"]),
        (["fma"], "rou", ["rounding=rne", "rounding=rtz"], ["overflow=ieee"]),
        (["fma"], "", ["a=e4m3", "stages=", "flags=true"], ["lanes="]),
        (["fma", "flags=true"], "", ["a=e4m3"], ["flags=false"]),
        (["fma"], "a=e5", ["a=e5m2", "a=e5m2fnuz"], ["a=e4m3"]),
        (["dot"], "sc", ["scale.kind=mx", "scale.a=uint6"], ["scale="]),
        (["dot"], "scale.kind=", ["scale.kind=vsq"], []),
        (["dot"], "sparsity=", ["sparsity=2:4"], ["sparsity=e4m3"]),
        # What bash makes of `a=e5`.
        (["fma", "a", "="], "e5", ["e5m2"], ["e4m3"]),
        (["fma", "rounding"], "=", ["rne", "rdn"], []),
    ],
)
def test_words_that_fit(
    words: list[str], incomplete: str, some: list[str], none: list[str]
) -> None:
    found = completions(words, incomplete)
    assert set(some) <= set(found)
    assert not set(none) & set(found)


def test_files_may_stand_for_a_config() -> None:
    parameter = click.Argument(["config"], nargs=-1)
    context = click.Context(click.Command("verify", params=[parameter]))
    assert complete_config(context, parameter, "ma")[-1].type == "file"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_their_script(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(COMPLETION, f"{shell}_source")
    assert main([]) == 0
    assert f"{shell}_complete" in capsys.readouterr().out
