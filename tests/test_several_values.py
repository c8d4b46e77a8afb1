"""Options that take several values in a row."""

from __future__ import annotations

import pytest
import typer

from inpaintbench.cli.application import application
from inpaintbench.cli.several_values import repeated


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
