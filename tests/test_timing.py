"""The exclusive timing pass reads what calls really cost."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from inpaintbench.execution.cell import CellTask
from inpaintbench.execution.method_process import MethodTask
from inpaintbench.execution.process import Limits
from inpaintbench.execution.timing import TimedCell, time_cells
from inpaintbench.planning.benchmark import Benchmark, TimingSettings
from inpaintbench.planning.case import Case
from inpaintbench.planning.plan import Plan, Variant, make_plan

pytestmark = pytest.mark.alone

METHODS = {
    "sleep": """
        import time
        time.sleep(0.05)
        return image
""",
    "burn": """
        import threading, time
        end = time.perf_counter() + 0.05
        def work():
            block = bytes(1 << 16)
            while time.perf_counter() < end:
                hash(block[1:])
        threads = [threading.Thread(target=work) for _ in range(2)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        return image
""",
    "hold": """
        import numpy
        return image + (numpy.ones(25_000_000).sum() < 0)
""",
    "fail": """
        raise RuntimeError("broken on purpose")
""",
}

BLOCKS = 4
"""Times that all repeats are taken again on a machine that others keep busy."""

TEMPLATE = '''
import time
from inpaintbench.methods.base import Method


class {name}(Method):
    """Cost a known amount."""

    def setup(self, device, seed):
        time.sleep(0.2)

    def inpaint(self, image, mask):
{body}
'''


def make(folder: Path, names: list[str], settings: TimingSettings) -> Plan:
    methods = []
    for name in names:
        path = folder / f"{name}.py"
        path.write_text(TEMPLATE.format(name=name.title(), body=METHODS[name]))
        methods.append(str(path))
    return make_plan(
        Benchmark(
            name="timing",
            datasets=("photos[size=32]",),
            masks=("large-regions",),
            methods=tuple(methods),
            metrics=("psnr",),
            limit=1,
            timing=settings,
        )
    )


def measure(plan: Plan) -> dict[str, TimedCell]:
    settings = plan.benchmark.timing
    limits = Limits(settings.threads)

    def cell(case: Case, v: Variant) -> TimedCell:
        method = MethodTask(v.specification, v.key, "cpu", 0, 30, 30, limits, timed=True)
        return TimedCell(v, CellTask(case, method))

    blocks = [[cell(case, v) for v in plan.variants] for case in plan.timed_cases()]
    return {cell.variant.label: cell for cell in time_cells(blocks, settings)}


@pytest.mark.slow
def test_a_sleeping_and_a_burning_method_read_fifty_milliseconds(tmp_path: Path) -> None:
    plan = make(tmp_path, ["sleep", "burn"], TimingSettings(repeats=9, threads=2))
    readings: dict[str, list[float]] = {"sleep": [], "burn": []}
    for _ in range(BLOCKS):
        for name, cell in measure(plan).items():
            assert cell.failure is None
            assert len(cell.timings) >= 9
            assert all(t.setup_seconds >= 0.2 for t in cell.timings)
            assert min(t.seconds for t in cell.timings) < 0.2, "setup is not part of a call"
            readings[name] += [t.seconds for t in cell.timings]
        # the lowest readings: those that nothing else on the machine stretched
        typical = {name: statistics.median(sorted(each)[:3]) for name, each in readings.items()}
        if typical == pytest.approx({"sleep": 0.05, "burn": 0.05}, rel=0.05):
            return
    pytest.fail(f"50 ms read as {typical} s")


@pytest.mark.slow
def test_peak_memory_is_the_calls_own(tmp_path: Path) -> None:
    plan = make(tmp_path, ["sleep", "hold"], TimingSettings(repeats=3))
    peaks = {name: max(t.peak_bytes for t in cell.timings) for name, cell in measure(plan).items()}
    assert peaks["hold"] == pytest.approx(200e6, rel=0.1)
    assert peaks["sleep"] < 20e6


@pytest.mark.slow
def test_a_method_that_fails_while_timed_stops_only_itself(tmp_path: Path) -> None:
    cells = measure(make(tmp_path, ["fail", "sleep"], TimingSettings(repeats=3)))
    assert "broken on purpose" in cells["fail"].failure.message
    assert cells["fail"].timings == []
    assert len(cells["sleep"].timings) >= 3


@pytest.mark.slow
def test_slow_methods_are_repeated_less(tmp_path: Path) -> None:
    settings = TimingSettings(repeats=30, seconds=0.2)
    cell = measure(make(tmp_path, ["sleep"], settings))["sleep"]
    assert 3 <= len(cell.timings) < 30
