"""Options that take several values in a row."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
import typer
from conftest import Command

from inpaintbench.cli.application import application
from inpaintbench.cli.several_values import divided, repeated


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("-m a b c", "-m a -m b -m c"),
        ("--method a b --limit 3 preset", "--method a --method b --limit 3 preset"),
        ("preset --method=a b -d x y", "preset --method=a --method b -d x -d y"),
        ("-ma b --timing", "-ma -m b --timing"),
        ("--method a b -- c d", "--method a --method b -- c d"),
        ("--limit 3", "--limit 3"),
        ("--method", "--method"),
        ("", ""),
    ],
)
def test_words_up_to_the_next_option_are_its_values(words: str, meaning: str) -> None:
    assert " ".join(repeated(words.split(), {"--method", "-m", "-d"})) == meaning


def test_run_takes_several_methods() -> None:
    words = "quick --dataset kodak --masks lama-thin lama-thick --method telea biharmonic --limit 9"
    command = typer.main.get_command(application).commands["run"]  # type: ignore[attr-defined]
    read = command.make_context("run", words.split()).params
    assert read["benchmark"] == "quick"
    assert list(read["dataset"]) == ["kodak"]
    assert list(read["masks"]) == ["lama-thin", "lama-thick"]
    assert list(read["method"]) == ["telea", "biharmonic"]
    assert read["limit"] == 9


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("-m a,b c", "-m a -m b c"),
        ("--method=a,b[x=1,y=2]", "--method=a --method=b[x=1,y=2]"),
        ("-m a[x=1,y=2],b", "-m a[x=1,y=2] -m b"),
        ("--out a,b", "--out a,b"),
        ("-m ,", "-m ,"),
        ("-m", "-m"),
    ],
)
def test_commas_divide_values(words: str, meaning: str) -> None:
    assert " ".join(divided(words.split(), {"--method", "-m", "-d"})) == meaning


def read(words: str) -> dict[str, Any]:
    """Read the words of a command as it does."""
    name, *rest = words.split()
    command = typer.main.get_command(application).commands[name]  # type: ignore[attr-defined]
    params: dict[str, Any] = command.make_context(name, rest).params
    return params


@pytest.mark.parametrize(
    "words",
    [
        "table leaderboard a b --method telea nearest --masks dust -o t.md",
        "table leaderboard a b -m telea,nearest --masks dust --output t.md",
        "table leaderboard a b --methods telea,nearest --masks=dust --out=t.md",
    ],
)
def test_every_spelling_means_the_same(words: str) -> None:
    found = read(words)
    assert [str(run) for run in found["runs"]] == ["a", "b"]
    assert list(found["method"]) == ["telea", "nearest"]
    assert list(found["masks"]) == ["dust"]
    assert str(found["output"]) == "t.md"


def test_an_argument_may_follow_an_option() -> None:
    found = read("table leaderboard -m telea run")
    assert [str(run) for run in found["runs"]] == ["run"]
    assert list(found["method"]) == ["telea"]


def test_help_shows_no_types_of_python_nor_old_spellings(command: Command) -> None:
    for name in ("run", "table", "figure", "leaderboard", "compare", "train", "export"):
        text = command(name, "--help").stdout
        assert "list[" not in text
        assert "--methods" not in text
        assert "--output" not in text
    assert "METHOD…" in command("run", "--help").stdout


def test_plain_inpaintbench_shows_help_and_a_near_miss_is_named(command: Command) -> None:
    assert command("--help").stdout in command(stdin=subprocess.DEVNULL).stdout
    assert "Did you mean 'run'?" in command("rnu").stderr


def test_lists_say_what_values_there_are(command: Command) -> None:
    listed = " ".join(command("list", "methods", "--long").stdout.split())
    assert "solver: scikit-image or direct = scikit-image" in listed
    assert "Literal" not in listed
