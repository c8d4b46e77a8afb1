"""The exclusive timing pass: one call at a time, repeats interleaved between methods.

Each variant gets a process of its own, started from nothing, so that its peak memory is its own.
Only one of them works at any time. A reading is contended when other processes took more than
what the timed call leaves free of the machine; such a block is measured again, and what stays
contended is flagged. Time, memory and contention are measured outside the method's process.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from inpaintbench.execution.cell import CellTask, environment_here, load_as_planned, seed_of
from inpaintbench.execution.failure import failure_of
from inpaintbench.execution.method_process import MethodFailed, MethodProcess
from inpaintbench.execution.pool import Ended, Pool, open_pool
from inpaintbench.execution.process import Limits
from inpaintbench.planning.benchmark import TimingSettings
from inpaintbench.planning.case import Case, CaseUnavailable
from inpaintbench.planning.plan import Variant
from inpaintbench.storage.outcome import Failure, Timing

# Share of a processor that others may use beyond what is free before a reading is contended, and
# the granularity of the system's own accounting, in seconds.
_TOLERANCE = 0.1
_TICK = 0.03

# Times a contended block is measured again before it is kept and flagged.
_RETRIES = 3

# Seconds beyond set-up, first and timed call after which the process that watches them is stuck.
_MARGIN = 120.0


@dataclass(frozen=True)
class TimingTask:
    """One call to be timed in the variant's own process."""

    cell: CellTask
    threads: int


@dataclass(frozen=True)
class Reading:
    """What one call cost; times in seconds, memory in bytes."""

    seconds: float
    contended: bool
    setup_seconds: float
    first_seconds: float
    peak_bytes: float


@dataclass(frozen=True)
class TimedCell:
    """A cell that was timed, or why it could not be."""

    case: Case
    variant: Variant
    timings: tuple[Timing, ...]
    failure: Failure | None = None


@dataclass
class _Timed:
    """A variant's process and what is remembered of it between its calls."""

    process: MethodProcess
    baseline_bytes: float
    setup_seconds: float = 0.0
    first_seconds: float = 0.0


_timed: dict[str, _Timed] = {}


def time_call(task: TimingTask) -> Reading | Failure:
    """Time one call, setting the method up before the first."""
    try:
        return _read(task)
    except MethodFailed as error:
        return error.failure
    except CaseUnavailable as error:
        return failure_of(error.cause, error.kind)


def _read(task: TimingTask) -> Reading:
    method = task.cell.method
    loaded = load_as_planned(task.cell.case, task.cell.digests)
    seed, damaged = seed_of(task.cell.case), loaded.damaged
    timed = _timed.get(method.key)
    if timed is None or not timed.process.alive:
        process = MethodProcess(Limits(task.threads, task.cell.memory), "spawn")
        process.wait(method.setup_timeout)
        timed = _timed[method.key] = _Timed(process, _bytes(process.pid, "VmRSS"))
        timed.setup_seconds = process.set_up(method, hold_threads=True)
        timed.first_seconds = process.call(damaged, loaded.mask, seed, method.timeout).seconds
    with suppress(OSError):  # the kernel's record of peak memory starts afresh, where it can
        Path(f"/proc/{timed.process.pid}/clear_refs").write_text("5")
    before, start = _others_seconds(timed.process.pid), time.perf_counter()
    returned = timed.process.call(damaged, loaded.mask, seed, method.timeout, alone=True)
    wall = time.perf_counter() - start
    others = _others_seconds(timed.process.pid) - before
    return Reading(
        seconds=returned.seconds,
        contended=others > _allowance(wall, task.threads),
        setup_seconds=timed.setup_seconds,
        first_seconds=timed.first_seconds,
        peak_bytes=max(0.0, _bytes(timed.process.pid, "VmHWM") - timed.baseline_bytes),
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


def _bytes(pid: int, name: str) -> float:
    """Return a process's resident memory: now, or at its peak since the last reset."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith(f"{name}:"):
                return float(line.split()[1]) * 1024
    with suppress(psutil.Error):  # off Linux, where no peak is to be had
        return float(psutil.Process(pid).memory_info().rss)
    return math.nan


def _allowance(wall: float, threads: int) -> float:
    free = max(0, environment_here("cpu", ()).cores - threads)
    return (free + _TOLERANCE) * wall + _TICK


def time_cells(
    cells: list[tuple[Case, list[Variant]]],
    settings: TimingSettings,
    task: Callable[[Case, Variant], CellTask],
    announce: Callable[[Case, Variant], None] = lambda case, variant: None,
) -> Iterator[TimedCell]:
    """Time variants on cases and yield each cell when its repeats are complete.

    Parameters
    ----------
    cells : list of (Case, list of Variant)
        What to time; on one case, the variants' repeats are shuffled and interleaved.
    settings : TimingSettings
        Repeats, warm-up, threads and time limit.
    task : callable
        Says how a cell is run.
    announce : callable
        Told of each call before it starts.
    """
    with open_pool(1) as pool:
        for case, variants in cells:
            tasks = {v.key: TimingTask(task(case, v), settings.threads) for v in variants}
            yield from _Block(case, variants, tasks, pool, settings, announce).measure()


@dataclass(eq=False)
class _Block:
    """The variants of one case, their repeats interleaved."""

    case: Case
    variants: list[Variant]
    tasks: dict[str, TimingTask]
    pool: Pool
    settings: TimingSettings
    announce: Callable[[Case, Variant], None]

    def __post_init__(self) -> None:
        self.shuffle = random.Random(self.case.id)
        self.readings: dict[str, list[Reading]] = {v.key: [] for v in self.variants}
        self.failures: dict[str, Failure] = {}

    def measure(self) -> Iterator[TimedCell]:
        """Warm up, take the repeats, take contended ones again, and yield the cells."""
        for _ in range(self.settings.warmup):
            for variant in self.variants:
                self._read(variant)
        for _ in range(self.settings.repeats):
            self._round([v for v in self.variants if self._wants_more(v)])
        for _ in range(_RETRIES):
            again = [v for v in self.variants if self._pays_again(v)]
            if not again:
                break
            self._round(again)
        for variant in self.variants:
            failure = self.failures.get(variant.key)
            timings = () if failure else tuple(self._timings(variant))
            yield TimedCell(self.case, variant, timings, failure)

    def _round(self, variants: list[Variant]) -> None:
        self.shuffle.shuffle(variants)
        for variant in variants:
            reading = self._read(variant)
            if reading is not None:
                self.readings[variant.key].append(reading)

    def _read(self, variant: Variant) -> Reading | None:
        if variant.key in self.failures:
            return None
        self.announce(self.case, variant)
        task = self.tasks[variant.key]
        method = task.cell.method
        limit = 2 * method.setup_timeout + 2 * method.timeout + _MARGIN
        result = self.pool.run(time_call, task, limit)
        if isinstance(result, Ended):
            result = Failure(result.failure, result.message, printed=result.printed)
        if isinstance(result, Failure):
            self.failures[variant.key] = result
            return None
        return result

    def _wants_more(self, variant: Variant) -> bool:
        """Whether another repeat pays: three at least, then as many as the time allows."""
        readings = self.readings[variant.key]
        spent = math.fsum(r.seconds for r in readings)
        return len(readings) < 3 or spent < self.settings.seconds

    def _pays_again(self, variant: Variant) -> bool:
        """Whether to measure again: too few quiet readings, and time left for more."""
        readings = self.readings[variant.key]
        quiet = sum(not r.contended for r in readings)
        spent = math.fsum(r.seconds for r in readings)
        return (
            variant.key not in self.failures
            and quiet < min(3, self.settings.repeats)
            and spent < 2 * self.settings.seconds
        )

    def _timings(self, variant: Variant) -> Iterator[Timing]:
        for repeat, reading in enumerate(self.readings[variant.key]):
            yield Timing(
                self.case.id,
                variant.key,
                repeat,
                reading.seconds,
                reading.contended,
                self.settings.threads,
                reading.setup_seconds,
                reading.first_seconds,
                reading.peak_bytes,
            )
