"""Trends in a history: where a figure changed its level, and the first commit that has it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inpaintbench.errors import BenchError
from inpaintbench.regression.verdicts import FINISHED, RUNTIME, SmallestEffects
from inpaintbench.statistics.bootstrap import Floats
from inpaintbench.statistics.scores import MetricInfo
from inpaintbench.storage.history import Figure, History
from inpaintbench.suggestion import did_you_mean

# What a change point must save, in units of log(runs): one false alarm in hundreds of series of
# nothing but noise, and a single new run is told from 4 standard deviations on.
_PENALTY = 5.0

# A series without noise counts as having this share of the smallest effect.
_LEAST_NOISE = 1 / 5

# Runs that a series must have: fewer don't tell a jump from noise.
_FEWEST_RUNS = 4

# Runs that must agree on a new level. Scores repeat exactly; a single slow run may be an accident.
_FEWEST_SCORES = 1
_FEWEST_RUNTIMES = 2


@dataclass(frozen=True)
class Point:
    """A run's figure: commit, ISO date and value."""

    commit: str
    date: str
    value: float


@dataclass(frozen=True)
class Change:
    """A change of level, mean score or median runtime, from the point of number `at` on."""

    at: int
    before: float
    after: float
    worse: bool


@dataclass(frozen=True)
class Trend:
    """A figure of a method over runs, oldest first, and where its level changed.

    All points are over the same cases. Of a runtime they are on the same machine, else `machine`
    is empty; an empty suite stands for all. A change is one of more than the smallest effect.
    """

    variant: str
    method: str
    metric: MetricInfo
    suite: str
    machine: str
    points: tuple[Point, ...]
    changes: tuple[Change, ...]


def read_trends(
    history: History, metrics: Sequence[str] = (), methods: Sequence[str] = ()
) -> list[Trend]:
    """Read the trends of a history.

    Parameters
    ----------
    history : History
        Open.
    metrics : sequence of str
        Ids, labels or names, ``runtime`` and ``finished`` among them; empty takes PSNR, SSIM,
        LPIPS, runtime and finished cells.
    methods : sequence of str
        Variants or names of methods; empty takes all.

    Raises
    ------
    BenchError
        When there is no such metric or method, or the library of change points is missing.
    """
    known = history.figures()
    _check("metric", metrics, [name for _, figure in known for name in _names(figure)])
    _check("method", methods, [name for _, f in known for name in (f.variant, f.method)])
    wanted = set(metrics) or {"PSNR", "SSIM", "LPIPS", RUNTIME, FINISHED}
    series: dict[tuple[Figure, str], list[Point]] = {}
    for entry, figure in known:
        named = not methods or set(methods) & {figure.variant, figure.method}
        if named and wanted & _names(figure):
            machine = entry.machine if figure.metric == RUNTIME else ""
            point = Point(entry.commit, entry.date, figure.value)
            series.setdefault((replace(figure, value=0.0), machine), []).append(point)
    found = []
    for (of, machine), points in series.items():
        metric = MetricInfo(of.metric, of.name, of.label, of.unit, of.higher_is_better, "")
        moved = tuple(changes(metric, [point.value for point in points]))
        found.append(Trend(of.variant, of.method, metric, of.suite, machine, tuple(points), moved))
    return found


def _names(figure: Figure) -> set[str]:
    return {figure.metric, figure.name, figure.label}


def _check(kind: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            every = sorted(set(known))
            raise BenchError(
                f"the history has no {kind} {name!r}{did_you_mean(name, every)} (it has: "
                f"{', '.join(every)})"
            )


def changes(metric: MetricInfo, values: Sequence[float]) -> list[Change]:
    """Find where the level of a series changes by more than the smallest effect that matters.

    Change points are those of PELT (Killick, Fearnhead and Eckley 2012), as implemented in
    ruptures. Noise is estimated from the differences of neighbours, so that a jump doesn't count
    as noise. Scores cost their squared distance from the level. Runtimes are taken as logarithms,
    cost their absolute distance, and need two runs for a level, so that single slow runs make
    none.

    Raises
    ------
    BenchError
        When ruptures isn't installed.
    """
    runtime = metric.id == RUNTIME
    signal: Floats = np.asarray(values, dtype=np.float64)
    signal = np.log(signal) if runtime else signal
    fewest = _FEWEST_RUNTIMES if runtime else _FEWEST_SCORES
    if len(signal) < _FEWEST_RUNS:
        return []
    effect = _effect(metric, float(np.mean(values)))
    level = np.median if runtime else np.mean
    found = []
    breaks = _breaks(signal, effect, "l1" if runtime else "l2", fewest)
    for start, at, end in zip(breaks, breaks[1:], breaks[2:], strict=False):
        before, after = float(level(signal[start:at])), float(level(signal[at:end]))
        if abs(after - before) > effect:
            levels = (math.exp(before), math.exp(after)) if runtime else (before, after)
            found.append(Change(at, *levels, worse=(after < before) == metric.higher_is_better))
    return found


def _effect(metric: MetricInfo, mean: float) -> float:
    if metric.id == RUNTIME:
        return math.log1p(SmallestEffects().runtime)
    return 0.0 if metric.id == FINISHED else SmallestEffects().of(metric, mean)


def _breaks(signal: Floats, effect: float, cost: str, fewest: int) -> list[int]:
    """Return the starts of the levels, and the end of the series."""
    try:
        from ruptures import Pelt
    except ImportError as error:
        raise BenchError(
            "change points need the library ruptures: pip install 'inpaintbench[history]'"
        ) from error
    # few differences may be small by chance, so the estimate from few is raised
    spread = np.median(np.abs(np.diff(signal))) * 1.4826 / math.sqrt(2) * (1 + 5 / len(signal))
    noise = max(float(spread), _LEAST_NOISE * effect, 1e-12)
    penalty = _PENALTY * math.log(len(signal))
    ends = Pelt(model=cost, min_size=fewest, jump=1).fit(signal / noise).predict(pen=penalty)
    return [0, *map(int, ends)]
