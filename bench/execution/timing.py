"""The exclusive timing pass: one call at a time, repeats interleaved between methods.

Each variant gets a process of its own, started from nothing, so that its peak memory is its own.
Only one of them works at any time. Where other processes took more than what the timed call leaves
free, the machine was busy: the block is measured again, and what was measured on a busy machine
each time is marked so (`contended`). Time, memory and the work of others are measured outside the
method's process.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from inpaintbench.cores import cores
from inpaintbench.execution.cell import CellTask, call, load_as_planned
from inpaintbench.execution.failure import Failed
from inpaintbench.execution.method_process import ready
from inpaintbench.execution.pool import Pool
from inpaintbench.planning.benchmark import TimingSettings
from inpaintbench.planning.plan import Variant
from inpaintbench.storage.outcome import Failure, Timing

# Share of a processor that others may use beyond what is free before the machine counts as
# busy, and the granularity of the system's own accounting, in seconds.
_TOLERANCE = 0.1
_TICK = 0.03

# Times that a block measured on a busy machine is measured again before it is kept.
_RETRIES = 3


def time_call(task: CellTask) -> Timing | Failure:
    """Time one call, setting the method up before the first."""
    method = task.method
    try:
        loaded = load_as_planned(task.case, task.content)
        process = ready(method)
        if process.first_seconds is None:
            call(process, task, loaded)
        with suppress(OSError):  # the kernel's record of peak memory starts afresh, where it can
            Path(f"/proc/{process.pid}/clear_refs").write_text("5")
        before, start = _others_seconds(process.pid), time.perf_counter()
        returned = call(process, task, loaded, alone=True)
        wall = time.perf_counter() - start
        others = _others_seconds(process.pid) - before
        free = max(0, cores() - method.limits.threads)
    except Failed as error:
        return error.failure
    return Timing(
        returned.seconds,
        others > (free + _TOLERANCE) * wall + _TICK,
        method.limits.threads,
        process.setup_seconds,
        process.first_seconds or 0.0,
        max(0.0, process.memory("VmHWM") - process.baseline_bytes),
    )


def _others_seconds(pid: int) -> float:
    """Return the processor seconds that the machine has worked for others than this method.

    What the method started is its own, ended or not, and so is what this process does for it.
    """
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    # guests' time is part of user time as well
    guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    own: float = time.process_time()
    with suppress(psutil.Error):
        method = psutil.Process(pid)
        own += float(sum(method.cpu_times()[:4]))
        for child in method.children(recursive=True):
            with suppress(psutil.Error):
                own += float(sum(child.cpu_times()[:4]))
    return float(sum(times) - idle - guests - own)


@dataclass
class TimedCell:
    """A cell that is being timed: its repeats so far, or why it can't be."""

    variant: Variant
    task: CellTask
    timings: list[Timing] = field(default_factory=list)
    failure: Failure | None = None

    def wants_more(self, settings: TimingSettings) -> bool:
        """Whether another repeat pays: three at least, then as many as the time allows."""
        return self.failure is None and (len(self.timings) < 3 or self._spent < settings.seconds)

    def pays_again(self, settings: TimingSettings) -> bool:
        """Whether to measure again: too few quiet readings, and time left for more."""
        quiet = sum(not timing.contended for timing in self.timings)
        return (
            self.failure is None
            and quiet < min(3, settings.repeats)
            and self._spent < 2 * settings.seconds
        )

    @property
    def _spent(self) -> float:
        return math.fsum(timing.seconds for timing in self.timings)


def time_cells(
    blocks: Iterable[list[TimedCell]],
    settings: TimingSettings,
    announce: Callable[[TimedCell], None] = lambda cell: None,
) -> Iterator[TimedCell]:
    """Time cells and yield each when its repeats are complete; `announce` each call before.

    A block holds the cells of one case, whose repeats are shuffled and interleaved.
    """
    with Pool(1) as pool:
        for block in blocks:
            _time_block(block, settings, pool, announce)
            yield from block


def _time_block(
    block: list[TimedCell],
    settings: TimingSettings,
    pool: Pool,
    announce: Callable[[TimedCell], None],
) -> None:
    """Warm up, take the repeats of the cells of one case, and those of a busy machine again."""

    def call(cell: TimedCell, *, counts: bool) -> None:
        if cell.failure is not None:
            return
        announce(cell)
        timing = pool.run(time_call, cell.task, cell.task.method.longest)
        if isinstance(timing, Failure):
            cell.failure = timing
        elif counts:
            cell.timings.append(timing)

    def call_all(cells: list[TimedCell]) -> None:
        shuffle.shuffle(cells)
        for cell in cells:
            call(cell, counts=True)

    shuffle = random.Random(block[0].task.case.id)
    for _ in range(settings.warmup):
        for cell in block:
            call(cell, counts=False)
    for _ in range(settings.repeats):
        call_all([cell for cell in block if cell.wants_more(settings)])
    for _ in range(_RETRIES):
        call_all([cell for cell in block if cell.pays_again(settings)])
