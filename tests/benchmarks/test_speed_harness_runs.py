"""What a whole run costs: workers, the harness around a method, the main process's memory."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import psutil
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from rich.console import Console

from inpaintbench.cli.report import publish
from inpaintbench.execution.progress import Progress
from inpaintbench.execution.run import Options, run
from inpaintbench.images.png import encode_png
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.planning.case import array_sha256
from inpaintbench.planning.plan import Plan, make_plan
from inpaintbench.storage.environment import Environment
from inpaintbench.storage.outcome import CaseFacts, CellOutcome, Score
from inpaintbench.storage.runs import read_run
from inpaintbench.storage.store import Store

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


class Watch(Progress):
    """Progress that times the quality pass, between its first and last cell, and reads memory."""

    def __init__(self) -> None:
        self.moments: list[float] = []
        self.memory: list[float] = []
        self._stage = ""

    def stage(self, name: str, total: int) -> None:
        self._stage = name

    def advance(self) -> None:
        if self._stage == "inpainting":
            self.moments.append(time.perf_counter())
            self.memory.append(psutil.Process().memory_info().rss / 1e6)

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
        # what the clock says of the method itself: a busy machine makes it longer than 0.1 s
        method = read_run(tmp_path / f"{turn}-1").cells["seconds"].iloc[8:].mean()
        overheads.append(1000 * (one - method))
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


def test_report_of_a_million_scores(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Write tables and figures of ten methods on 10,000 cases by ten metrics."""
    regions = [
        f"{name}[region={region}]"
        for name in ("psnr", "ssim", "mae")
        for region in ("hole", "boundary")
    ]
    planned = make_plan(
        Benchmark(
            name="million",
            datasets=("photos[size=64]",),
            masks=("large-regions", "small-holes", "lama-thick", "textures"),
            methods=tuple(f"telea[radius={radius}]" for radius in range(1, 11)),
            metrics=("psnr", "ssim", "mae", "known-change", *regions),
            limit=5,
            masks_per_sample=500,
        )
    )
    assert planned.cell_count * len(planned.metrics) == 1_000_000
    random = np.random.default_rng(0)
    here = Environment("synthetic", 2, 2**34, "cpu", "Linux")
    facts = CaseFacts(1, "synthetic", 64, 64, 3, "uint8", 0.25, 8.0, False, "1" * 64, "2" * 64)
    outcomes = []
    for level in range(len(planned.variants)):
        image = np.full((64, 64, 3), level, np.uint8)
        sha256 = array_sha256(image)
        outcomes.append(CellOutcome("done", None, "", sha256, 0.1, encode_png(image)))
    with Store.write(tmp_path / "run") as store, store.transaction():
        store.set_plan(planned)
        for case in planned.cases:
            coverage, thickness = random.uniform(0.05, 0.5), random.uniform(2, 30)
            store.add_case(case, replace(facts, coverage=coverage, thickness=thickness))
            for variant, done in zip(planned.variants, outcomes, strict=True):
                store.add_cell(case, variant, done, here)
            scores = [
                Score(case.id, done.output_sha256, metric.id, 0.1 * place + random.normal())
                for place, done in enumerate(outcomes)
                for metric in planned.metrics
            ]
            store.add_scores(scores, here)
    benchmark.pedantic(publish, (tmp_path / "run", tmp_path / "report"), rounds=1)
