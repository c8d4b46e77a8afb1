"""Fixtures shared by the tests, their order, and how many processes they take."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from inpaintbench.cores import cores

ROOT = Path(__file__).resolve().parent.parent

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Take a process more than there are cores: some tests mostly wait."""
    return min(cores() + 1, 4)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slow tests last, or, over several processes, begin with those that wait."""
    several = "PYTEST_XDIST_WORKER" in os.environ
    first = "waits" if several else "slow"
    items.sort(key=lambda item: (item.get_closest_marker(first) is None) == several)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Run ``inpaintbench`` as a person would, in an empty directory."""

    def run(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "inpaintbench", *map(str, arguments)],
            cwd=options.pop("cwd", tmp_path),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env={**os.environ, "COLUMNS": "120", "TERM": "dumb"},
            **options,  # type: ignore[call-overload]
        )

    return run
