"""What a whole run costs: workers, the harness around a method, the main process's memory."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import psutil
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from rich.console import Console

from inpaintbench.benchmark import Benchmark
from inpaintbench.execution.run import Options, run
from inpaintbench.plan import Plan, make_plan
from inpaintbench.runs import read_run

ROUNDS = 3

BURN = '''
import time
from inpaintbench.methods.base import Method


class Burn(Method):
    """Work for a tenth of a second of processor time."""

    def inpaint(self, image, mask):
        end = time.process_time() + 0.1
        while time.process_time() < end:
            pass
        return image
'''


class Watch:
    """Progress that times the quality pass, between its first and last cell, and reads memory."""

    def __init__(self) -> None:
        self.moments: list[float] = []
        self.memory: list[float] = []
        self._stage = ""

    def stage(self, name: str, total: int) -> None:
        self._stage = name

    def current(self, what: str) -> None: ...

    def advance(self) -> None:
        if self._stage == "inpainting":
            self.moments.append(time.perf_counter())
            self.memory.append(psutil.Process().memory_info().rss / 1e6)

    def note(self, text: str) -> None: ...

    def seconds_a_cell(self, leave_out: int) -> float:
        """Return the mean time between cells, the first ones, which start workers, left out."""
        kept = self.moments[leave_out:]
        return (kept[-1] - kept[0]) / (len(kept) - 1)


def say(text: str) -> None:
    Console().print(f"\n{text}", highlight=False)


def plan(methods: tuple[str, ...], side: int, count: int) -> Plan:
    return make_plan(
        Benchmark(
            name="speed",
            datasets=(f"photos[size={side}]",),
            masks=("large-regions",),
            methods=methods,
            metrics=("psnr",),
            limit=5,
            masks_per_sample=count,
        )
    )


def watched(planned: Plan, directory: Path, jobs: int) -> Watch:
    watch = Watch()
    run(planned, directory, Options(jobs=jobs, timing=False), watch)
    return watch


def test_two_workers(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Compare the throughput of two workers with that of one, on a method that burns 0.1 s."""
    path = tmp_path / "burn.py"
    path.write_text(BURN)
    planned = plan((str(path),), 256, 12)
    ratios, overheads = [], []
    for turn in range(ROUNDS):
        one, two = (
            watched(planned, tmp_path / f"{turn}-{jobs}", jobs).seconds_a_cell(8) for jobs in (1, 2)
        )
        ratios.append(one / two)
        overheads.append(1000 * (one - 0.1))
    benchmark.extra_info["times the throughput"] = median(ratios)
    benchmark.extra_info["ms around a 100 ms method, one worker"] = median(overheads)
    say(
        f"two workers: {median(ratios):.2f} times the throughput of one; "
        f"one worker: {median(overheads):.1f} ms around a method of 100 ms"
    )
    benchmark.pedantic(watched, (planned, tmp_path / "again", 2), rounds=1)


def test_overhead_of_a_cell(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Time whole cells of methods that take next to nothing, with one worker."""
    methods = ("mean-fill", "telea", "nearest", "navier-stokes", "harmonic")
    planned = plan(methods, 256, 12)
    watch = watched(planned, tmp_path / "run", 1)
    inside = read_run(tmp_path / "run").cells["seconds"].mean()
    around = 1000 * (watch.seconds_a_cell(25) - inside)
    benchmark.extra_info["ms around a method"] = around
    say(f"256² cell: {around:.1f} ms beside the method's {1000 * inside:.1f} ms")
    benchmark.pedantic(watched, (planned, tmp_path / "again", 1), rounds=1)


@pytest.mark.parametrize("cells", [500, 2000])
def test_memory_of_the_main_process(
    benchmark: BenchmarkFixture, tmp_path: Path, cells: int
) -> None:
    """Read the main process's memory as a run grows."""
    methods = tuple(f"telea[radius={radius}]" for radius in (1, 2, 3, 4))
    planned = plan(methods, 64, cells // 20)
    assert planned.cell_count == cells
    watch = benchmark.pedantic(watched, (planned, tmp_path / "run", 2), rounds=1)
    parts = [watch.memory[int(part * (cells - 1))] for part in (0.1, 0.5, 1)]
    benchmark.extra_info["MB"] = parts
    say(f"{cells} cells: main process {', '.join(f'{part:.0f}' for part in parts)} MB")
