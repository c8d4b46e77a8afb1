"""The table of docs/suites.md is what its command measures, and leaves no suite out."""

from __future__ import annotations

from pathlib import Path

import pytest
from mask_cases import SUITES

from inpaintbench.plugins import registry
from inpaintbench.standalone.suite_table import END, START, markdown_table, measure_suite

DOCUMENT = (Path(__file__).parent.parent / "docs" / "suites.md").read_text(encoding="utf-8")
ROWS = DOCUMENT.partition(START)[2].partition(END)[0].strip().splitlines()[2:]


def test_every_suite_and_kind_is_in_the_table() -> None:
    kinds: dict[str, list[str]] = {}
    suite = ""
    for row in ROWS:
        name, kind = (cell.strip(" `") for cell in row.split("|")[1:3])
        suite = name or suite
        kinds.setdefault(suite, []).append(kind or "default")
    made = {name: registry.masks().make(name) for name in SUITES}
    assert kinds == {name: list(suite.kinds) for name, suite in made.items()}


@pytest.mark.parametrize("name", ["lama-thin", "textures", "pixel-dropout"])
def test_the_numbers_are_those_that_the_command_measures(name: str) -> None:
    dataset = registry.datasets().make("photos")
    samples = [dataset.load(sample) for sample in dataset.ids()]
    table = markdown_table([measure_suite(registry.masks().make(name), samples, 200)])
    first = next(number for number, row in enumerate(ROWS) if row.startswith(f"| `{name}` |"))
    wanted = table.splitlines()[2:]
    assert ROWS[first : first + len(wanted)] == wanted
