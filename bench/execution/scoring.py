"""Score the outputs of one case in a worker process that keeps metrics and references ready."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from inpaintbench.errors import BenchError
from inpaintbench.execution.cell import load_as_planned
from inpaintbench.execution.failure import failure_of
from inpaintbench.execution.pool import Ended
from inpaintbench.metrics.base import Metric, MetricUnavailable
from inpaintbench.metrics.scoring import score_group
from inpaintbench.planning.case import Case, CaseUnavailable
from inpaintbench.plugins import registry
from inpaintbench.storage.outcome import Score
from inpaintbench.storage.outputs import read_output

# Times in a row that a metric may end its process before it isn't tried again.
_PATIENCE = 3


@dataclass(frozen=True)
class ScoreTask:
    """The outputs of one case that wait for scores.

    Parameters
    ----------
    outputs : tuple of str
        Digests, which name the files in the run directory.
    metrics : tuple of str
        Specifications of the metrics.
    digests : tuple of (str, str)
        As in `CellTask`.
    """

    case: Case
    outputs: tuple[str, ...]
    metrics: tuple[str, ...]
    directory: str
    digests: tuple[str, str] = ("", "")


@lru_cache(maxsize=64)
def _ready_metric(specification: str) -> Metric:
    metric = registry.metrics().make(specification)
    metric.setup()
    return metric


def check_metrics(specifications: tuple[str, ...]) -> dict[str, str]:
    """Set metrics up and return those that can't be had, with the reason."""
    missing = {}
    for specification in specifications:
        try:
            _ready_metric(specification)
        except MetricUnavailable as error:
            missing[specification] = str(error)
        except BaseException as error:
            missing[specification] = f"its set-up raised {failure_of(error).message}"
    return missing


def score_case(task: ScoreTask) -> list[Score]:
    """Score every output of a case; without a reference only with what needs none.

    A metric that raises scores NaN, with the reason, and so do all where the case can't be made as
    it was. An output that is damaged has no score at all.
    """
    metrics = [_ready_metric(text) for text in task.metrics]
    try:
        loaded = load_as_planned(task.case, task.digests)
        has_reference = registry.datasets().make(task.case.dataset).has_reference
    except CaseUnavailable as error:
        reason = failure_of(error.cause).message
        return [
            Score(task.case.id, sha256, metric.id, math.nan, reason)
            for sha256 in task.outputs
            for metric in metrics
        ]
    defined = [metric for metric in metrics if has_reference or not metric.needs_reference]
    undefined = [metric for metric in metrics if metric not in defined]
    outputs = {}
    for sha256 in task.outputs:
        with suppress(BenchError):
            outputs[sha256] = read_output(Path(task.directory), sha256, loaded.image.shape)
    raised: dict[Metric, BaseException] = {}
    values = score_group(defined, loaded.image, loaded.mask, list(outputs.values()), raised)
    reasons = {metric: failure_of(error).message for metric, error in raised.items()}
    return [
        Score(task.case.id, sha256, metric.id, value, reasons.get(metric, ""))
        for sha256, row in zip(outputs, values, strict=True)
        for metric, value in [
            *zip(defined, row, strict=True),
            *((metric, math.nan) for metric in undefined),
        ]
    ]


class ScoreQueue:
    """The cases to be scored, whatever a metric does to its process.

    Where one ends it, the case's metrics are tried one by one, so that only the one to blame has
    no score.

    Parameters
    ----------
    tasks : iterable of ScoreTask
        The cases.
    ids : dict of str to str
        Specification of a metric → its id.
    """

    def __init__(self, tasks: Iterable[ScoreTask], ids: dict[str, str]) -> None:
        self._tasks = iter(tasks)
        self._ids = ids
        self._alone: deque[ScoreTask] = deque()
        self._ends: dict[str, int] = {}
        self._put_aside: dict[str, str] = {}

    def take(self, worker: object) -> ScoreTask | None:
        """Return the next task."""
        if self._alone:
            return self._alone.popleft()
        return next(self._tasks, None)

    def scores(self, task: ScoreTask, result: list[Score] | Ended) -> list[Score]:
        """Return the scores that came of a task, after `take` gives those to be tried again."""
        if not isinstance(result, Ended):
            self._ends |= dict.fromkeys(task.metrics, 0)
            return result
        if len(task.metrics) > 1:
            tried = [metric for metric in task.metrics if metric not in self._put_aside]
            self._alone += [replace(task, metrics=(metric,)) for metric in tried]
            given_up = [metric for metric in task.metrics if metric in self._put_aside]
            return [s for m in given_up for s in self._without(task, m, self._put_aside[m])]
        (metric,) = task.metrics
        self._ends[metric] = self._ends.get(metric, 0) + 1
        if self._ends[metric] >= _PATIENCE:
            self._put_aside[metric] = f"{result.message} (not tried again)"
        return self._without(task, metric, result.message)

    def _without(self, task: ScoreTask, metric: str, reason: str) -> list[Score]:
        return [
            Score(task.case.id, sha256, self._ids[metric], math.nan, reason)
            for sha256 in task.outputs
        ]
