"""Fixtures shared by the tests, their order, and how many processes they take."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import warm_commands
from threadpoolctl import threadpool_limits

from inpaintbench.cores import cores

ROOT = Path(__file__).resolve().parent.parent

Command = Callable[..., subprocess.CompletedProcess[str]]

# One environment with numpy alone, built once for all tests of methods that have their own.
os.environ["INPAINTBENCH_ENVIRONMENTS"] = str(ROOT / "build" / "environments")

# Where it is set, every command compiles all of the code.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Take a process more than there are cores: some tests mostly wait."""
    return min(cores() + 1, 4)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import, for the tests that run alone, only the files that have some."""
    if config.option.markexpr != "alone" or not collection_path.match("test_*.py"):
        return None
    return "mark.alone" not in collection_path.read_text(encoding="utf-8") or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slow tests last, or, over several processes, begin with the files that wait or are.

    None that takes long begins when the others are about to end.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        items.sort(key=lambda item: item.get_closest_marker("slow") is not None)
        return
    waiting, slow = (
        {item.path for item in items if item.get_closest_marker(mark)} for mark in ("waits", "slow")
    )
    items.sort(key=lambda item: (item.path not in waiting, item.path not in slow))


@pytest.fixture(scope="session", autouse="PYTEST_XDIST_WORKER" in os.environ)
def warm() -> Iterator[None]:
    """Start the process that commands are forked from, before a run starts one without imports.

    The tests themselves take one core, for what runs beside them.
    """
    warm_commands.start()
    with threadpool_limits(1):
        yield


@pytest.fixture
def command(tmp_path: Path, warm: None) -> Command:
    """Run ``inpaintbench`` as a person would, in an empty directory.

    Where nothing but the directory is out of the ordinary, imports are taken as done.
    """

    def run(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
        words = [str(argument) for argument in arguments]
        environment = {**os.environ, "COLUMNS": "120", "TERM": "dumb"}
        cwd = Path(options.pop("cwd", tmp_path))  # type: ignore[arg-type]
        if not options:
            ended = warm_commands.run_warm(words, cwd, environment)
            return subprocess.CompletedProcess(words, *ended)
        return subprocess.run(
            [sys.executable, "-m", "inpaintbench", *words],
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env=environment,
            **options,  # type: ignore[call-overload]
        )

    return run
