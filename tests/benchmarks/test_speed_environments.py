"""What an environment of its own costs a method: a call, beside the same one here, and the check.

Calls are taken in turn; the figures are medians of differences within each round.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from fills import damaged, hole, photograph
from pytest_benchmark.fixture import BenchmarkFixture
from rich.console import Console

from inpaintbench.environments.environment import provide
from inpaintbench.environments.header import read_header
from inpaintbench.execution.method_process import MethodProcess, MethodTask, describe_apart
from inpaintbench.execution.process import Limits
from inpaintbench.plugins import registry

HEADER = "# /// script\n# dependencies = []\n# ///\n"
FILL = '''
from inpaintbench.methods.base import Method


class Nothing(Method):
    """Fill nothing, so that all the time is what the call costs."""

    def inpaint(self, image, mask):
        return image.copy()
'''


def set_up(path: Path) -> MethodProcess:
    variant = describe_apart(str(path), "cpu")
    process = MethodProcess(Limits())
    process.set_up(MethodTask(variant.specification, variant.key, "cpu", 0, 60, 60))
    return process


@pytest.mark.parametrize("side", [256, 1024])
def test_a_call(benchmark: BenchmarkFixture, tmp_path: Path, side: int) -> None:
    """Call a method here, in a process of ours, and in an environment of its own."""
    paths = [tmp_path / "here.py", tmp_path / "apart.py"]
    for path, text in zip(paths, (FILL, HEADER + FILL), strict=True):
        path.write_text(text)
    mask = hole("box", side)
    image = damaged(np.tile(photograph(256), (side // 256, side // 256, 1)), mask)
    method = registry.make_method(str(paths[0]))
    ours, apart = map(set_up, paths)
    calls: tuple[Callable[[], object], ...] = (
        lambda: method.inpaint(image, mask),
        lambda: ours.call(image, mask, 0, 60),
        lambda: apart.call(image, mask, 0, 60),
    )
    rounds = []
    for _ in range(60):
        seconds = []
        for call in calls:
            start = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - start)
        rounds.append(seconds)
    for name, first in (("this process", 0), ("a process of ours", 1)):
        more = 1000 * median(each[2] - each[first] for each in rounds[10:])
        Console().print(f"{side}²: {more:.2f} ms more than in {name}")
    benchmark(calls[2])
    ours.end()
    apart.end()


def test_the_check_of_an_environment_that_is_there(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    path = tmp_path / "apart.py"
    path.write_text(HEADER + FILL)

    def check() -> None:
        header = read_header(path)
        assert header is not None
        provide(header)

    benchmark(check)
