"""The exclusive timing pass: one call at a time, repeats interleaved between methods.

Each variant gets a process of its own, started from nothing, so that its peak memory is its own.
Only one of them works at any time. A reading is contended when other processes took more than
what the timed call leaves free of the machine; such a block is measured again, and what stays
contended is flagged.
"""

from __future__ import annotations

import gc
import math
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from inpaintbench.execution.cell import call, ready_method
from inpaintbench.execution.pool import Ended, Pool, open_pool
from inpaintbench.planning.benchmark import TimingSettings
from inpaintbench.planning.case import Case, load
from inpaintbench.planning.plan import Variant
from inpaintbench.storage.outcome import Timing

# Share of a processor that others may use beyond what is free before a reading is contended, and
# the granularity of the system's own accounting, in seconds.
_TOLERANCE = 0.1
_TICK = 0.03

# Times a contended block is measured again before it is kept and flagged.
_RETRIES = 3


@dataclass(frozen=True)
class TimingTask:
    """One call to be timed in the variant's own process."""

    case: Case
    method: str
    device: str
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
    failure: str = ""


@dataclass
class _ProcessState:
    """What a timing process remembers between its calls."""

    baseline_bytes: int
    setup_seconds: float
    first_seconds: float


_states: dict[str, _ProcessState] = {}


def time_call(task: TimingTask) -> Reading:
    """Time one call in this process, setting the method up before the first."""
    loaded = load(task.case)
    state = _states.get(task.method)
    if state is None:
        baseline = psutil.Process().memory_info().rss
        start = time.perf_counter()
        method = ready_method(task.method, task.device, task.case.seed)
        setup = time.perf_counter() - start
        hold_threads(task.threads)
        _, first = call(method, loaded)
        state = _states[task.method] = _ProcessState(baseline, setup, first)
    method = ready_method(task.method, task.device, task.case.seed)
    _reset_peak()
    gc.collect()
    gc.disable()
    _synchronise(task.device)
    busy_before, own_before = _machine_seconds(), time.process_time()
    start = time.perf_counter()
    try:
        _, seconds = call(method, loaded)
    finally:
        gc.enable()
    _synchronise(task.device)
    wall = time.perf_counter() - start
    others = (_machine_seconds() - busy_before) - (time.process_time() - own_before)
    return Reading(
        seconds=seconds if task.device == "cpu" else wall,
        contended=others > _allowance(wall, task.threads),
        setup_seconds=state.setup_seconds,
        first_seconds=state.first_seconds,
        peak_bytes=max(0.0, _peak_bytes() - state.baseline_bytes),
    )


def hold_threads(threads: int) -> None:
    """Hold the libraries that are loaded by now to a number of threads."""
    import cv2
    from threadpoolctl import threadpool_limits

    cv2.setNumThreads(threads)
    threadpool_limits(threads)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(threads)
    if numba := sys.modules.get("numba"):
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


def _synchronise(device: str) -> None:
    """Wait for an accelerator to finish what it was given."""
    if device != "cpu" and (torch := sys.modules.get("torch")):
        torch.cuda.synchronize(device)


def _machine_seconds() -> float:
    """Return the processor seconds that the whole machine has worked since it started."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0)) - _double_counted(times)


def _double_counted(times: object) -> float:
    """Guests' time is part of user time as well."""
    return float(getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0))


def _allowance(wall: float, threads: int) -> float:
    free = max(0, (os.cpu_count() or 1) - threads)
    return (free + _TOLERANCE) * wall + _TICK


def _reset_peak() -> None:
    """Start the kernel's record of peak memory afresh, where it can be."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_bytes() -> float:
    """Return the peak resident memory since the last reset (since the start, off Linux)."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) * 1024
    import resource

    scale = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale)


def time_cells(
    cells: list[tuple[Case, list[Variant]]],
    settings: TimingSettings,
    device: str,
    timeout: float,
    memory: int | None,
    announce: Callable[[Case, Variant], None] = lambda case, variant: None,
) -> Iterator[TimedCell]:
    """Time variants on cases and yield each cell when its repeats are complete.

    Parameters
    ----------
    cells : list of (Case, list of Variant)
        What to time; on one case, the variants' repeats are shuffled and interleaved.
    settings : TimingSettings
        Repeats, warm-up, threads and time limit.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    timeout : float
        Seconds after which a call is ended.
    memory : int, optional
        Bytes that each process may allocate.
    announce : callable
        Told of each call before it starts.
    """
    with ExitStack() as stack:
        pools: dict[str, Pool] = {}
        for case, variants in cells:
            for variant in variants:
                if variant.key not in pools:
                    pools[variant.key] = stack.enter_context(
                        open_pool(1, threads=settings.threads, memory=memory, method="spawn")
                    )
            block = _Block(case, variants, pools, settings, device, timeout, announce)
            yield from block.measure()


class _Block:
    """The variants of one case, their repeats interleaved."""

    def __init__(
        self,
        case: Case,
        variants: list[Variant],
        pools: dict[str, Pool],
        settings: TimingSettings,
        device: str,
        timeout: float,
        announce: Callable[[Case, Variant], None],
    ) -> None:
        self.case = case
        self.variants = variants
        self.pools = pools
        self.settings = settings
        self.device = device
        self.timeout = timeout
        self.announce = announce
        self.shuffle = random.Random(case.id)
        self.readings: dict[str, list[Reading]] = {v.key: [] for v in variants}
        self.failures: dict[str, str] = {}

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
            yield TimedCell(
                self.case,
                variant,
                tuple(self._timings(variant)),
                self.failures.get(variant.key, ""),
            )

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
        task = TimingTask(self.case, variant.specification, self.device, self.settings.threads)
        try:
            result = self.pools[variant.key].run(time_call, task, self.timeout)
        except Exception as error:  # what the method raised, told in a line
            self.failures[variant.key] = f"{type(error).__name__}: {error}"
            return None
        if isinstance(result, Ended):
            self.failures[variant.key] = f"{result.failure}: {result.message}"
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
