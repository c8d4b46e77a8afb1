"""The plugins of the documents, as a person would paste them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Command

from inpaintbench.images.png import write_png
from inpaintbench.storage.runs import read_run

EXAMPLES = dict(
    re.findall(
        r"^```python\n# (\w+\.py)\n(.*?)^```",
        "".join(
            (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
            for page in ("extending", "object-removal")
        ),
        re.MULTILINE | re.DOTALL,
    )
)


@pytest.fixture
def pasted(tmp_path: Path) -> Path:
    """Paste the examples into files, with pictures of 48 × 40 pixels for the dataset."""
    for name, text in EXAMPLES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    y, x = np.mgrid[:40, :48]
    for number in range(2):
        pixels = np.stack([x * 5, y * 6, x + y + number], -1).astype(np.uint8)
        write_png(tmp_path / "paintings" / f"p{number}.png", pixels)
        write_png(tmp_path / "without" / f"{number}.png", pixels)
        pixels[10:20, 10:30] = (250, 20, 20)
        pixels[20:24, 8:30] //= 2
        write_png(tmp_path / "with" / f"{number}.png", pixels)
        car = np.zeros((40, 48, 1), np.uint8)
        car[10:20, 10:30] = 255
        write_png(tmp_path / "car" / f"{number}.png", car)
    return tmp_path


@pytest.mark.parametrize("name", [*EXAMPLES])
def test_a_plugin_takes_about_ten_lines(name: str) -> None:
    body = EXAMPLES[name].partition("@dataclass")[2]
    assert sum(bool(line.strip()) for line in body.splitlines()) <= 10


@pytest.mark.parametrize("method", ["./my_method.py", "./my_remover.py"])
def test_the_methods_keep_the_contract(command: Command, pasted: Path, method: str) -> None:
    ran = command("check", method, cwd=pasted)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_all_four_run_together(command: Command, pasted: Path) -> None:
    words = [*("-m", "./my_method.py", "-d", "./my_data.py", "--masks", "./my_suite.py")]
    words += ["--metric", "./my_metric.py", "--no-timing", "--no-report", "-o", "run"]
    ran = command("run", *words, cwd=pasted)
    assert ran.returncode == 0, ran.stderr
    rows = read_run(pasted / "run")
    assert rows.metrics[["metric", "unit", "higher_is_better"]].values.tolist() == [
        ["bias", "levels", False]
    ]
    assert rows.cases["suite"].str.endswith("my_suite.py").all()
    assert rows.scores["value"].between(0, 255).all()
    assert len(rows.scores) == len(rows.cases)


def test_a_remover_sees_the_objects_of_its_scenes(command: Command, pasted: Path) -> None:
    words = [*("-m", "./my_remover.py", "-m", "mean-fill"), "--masks", "paired", "--metric", "psnr"]
    words += ["-d", "./my_scenes.py", "--no-timing", "--no-report", "-o", "run"]
    ran = command("run", *words, cwd=pasted)
    assert ran.returncode == 0, ran.stderr
    rows = read_run(pasted / "run")
    assert (rows.cells["status"] == "done").all()
    assert set(rows.cases["prompt"]) == {"an empty street"}
    assert (rows.cases[["input_sha256", "effect_sha256"]] != "").all(axis=None)
