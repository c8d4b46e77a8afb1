"""What a run would do, without doing it."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Command

WORDS = ("run", "-d", "photos[size=64]", "--masks", "small-holes", "--metric", "psnr")
WORDS = (*WORDS, "--limit", "2", "--no-report", "-o", "run")


@pytest.mark.slow
def test_a_dry_run_says_what_would_be_run_and_writes_nothing(
    command: Command, tmp_path: Path
) -> None:
    ran = command(*WORDS, "-m", "telea", "--dry-run")
    assert ran.returncode == 0, ran.stderr
    assert "cells     2, 2 cases × 1 methods\n" in ran.stdout
    assert "not known, of no earlier run here: telea" in ran.stdout
    assert not list(tmp_path.iterdir())

    assert command(*WORDS, "-m", "telea", "--no-timing").returncode == 0
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    ran = command(*WORDS, "-m", "telea", "nearest", "--dry-run")
    assert "cells     4, 2 cases × 2 methods; 2 are done\n" in ran.stdout
    assert "for runtimes; not known, of no earlier run here: nearest" in ran.stdout
    again = command(*WORDS, "-m", "telea", "--dry-run", "--fresh")
    assert "are done" not in again.stdout
    now = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    assert now == before


def test_the_long_list_of_presets_says_what_they_hold(command: Command) -> None:
    told = " ".join(command("list", "presets", "--long").stdout.split())
    assert "photos[size=128], textures[size=128], medical-tiles[size=128]" in told
    assert "images: the first 9 of each dataset, at most" in told
    assert "criminisi" not in " ".join(command("list", "presets").stdout.split())
