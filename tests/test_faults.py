"""What the machine can do to a run: a full disk, a read-only folder, a lost output file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from conftest import Command

from inpaintbench.runs import read_run

ARGUMENTS = (
    *("run", "-d", "photos[size=96]", "--masks", "large-regions", "-m", "telea", "-m"),
    *("mean-fill", "--metric", "psnr", "--limit", "6", "--no-timing", "--jobs", "1"),
)

Mount = Callable[[str], None]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[Path, Mount]]:
    """Mount a small file system of its own, and return how to mount it again otherwise."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> None:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
            check=True,
            capture_output=True,
        )

    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs Linux and root")
    try:
        mount("size=400k")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no file system can be mounted here: {error.stderr.decode().strip()}")
    try:
        yield folder, mount
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def finished(run: Path) -> pd.DataFrame:
    return read_run(run).cells.drop(columns="seconds")


@pytest.mark.slow
def test_a_full_disk_stops_the_run_in_one_line_and_loses_nothing(
    command: Command, tmp_path: Path, disk: tuple[Path, Mount]
) -> None:
    folder, mount = disk
    ran = command(*ARGUMENTS, "--out", folder / "run")
    assert ran.returncode == 1
    said = [line for line in ran.stderr.splitlines() if line.startswith("inpaintbench:")]
    assert len(said) == 1
    assert "No space left" in said[0] or "disk is full" in said[0]
    assert "Traceback" not in ran.stderr
    mount("remount,size=100m")
    kept = finished(folder / "run")
    assert 0 < len(kept) < 12
    assert not list(folder.rglob("*.partial"))
    assert command(*ARGUMENTS, "--out", folder / "run").returncode == 0
    assert command(*ARGUMENTS, "--out", tmp_path / "whole").returncode == 0
    pd.testing.assert_frame_equal(finished(folder / "run"), finished(tmp_path / "whole"))
    merged = finished(folder / "run").merge(kept, on=list(kept.columns))
    assert len(merged) == len(kept), "what was committed before the disk was full is unchanged"


@pytest.mark.slow
def test_a_read_only_folder_is_one_clear_line(command: Command, disk: tuple[Path, Mount]) -> None:
    folder, mount = disk
    mount("remount,ro,size=400k")
    ran = command(*ARGUMENTS, "--out", folder / "run")
    assert ran.returncode == 1
    assert len(ran.stderr.strip().splitlines()) == 1
    assert "can't be written: Read-only file system" in ran.stderr


@pytest.mark.slow
def test_a_lost_output_is_named(command: Command, tmp_path: Path) -> None:
    assert command(*ARGUMENTS, "--out", "run").returncode == 0
    for output in (tmp_path / "run").glob("outputs/*/*.png"):
        output.unlink()
    again = command(*ARGUMENTS[:-2], "--metric", "mae", "--out", "run")
    assert again.returncode == 1
    assert "run again with --fresh" in again.stderr
    assert len([x for x in again.stderr.splitlines() if x.startswith("inpaintbench:")]) == 1
