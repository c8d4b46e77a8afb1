"""Fixtures shared by the tests, and their order: fast ones first."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

Command = Callable[..., subprocess.CompletedProcess[str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests marked slow after all others."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


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
