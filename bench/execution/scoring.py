"""Score the outputs of one case in a worker process that keeps metrics and references ready."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Hashable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from inpaintbench.errors import BenchError
from inpaintbench.execution.cell import load_as_planned
from inpaintbench.execution.failure import Failed, failure_of
from inpaintbench.execution.pool import Pool
from inpaintbench.metrics.base import Metric, MetricUnavailable
from inpaintbench.metrics.scoring import score_group
from inpaintbench.planning.case import Case, Content
from inpaintbench.plugins import registry
from inpaintbench.storage.outcome import Failure, Score
from inpaintbench.storage.outputs import read_output

# Times in a row that a metric may end its process before it isn't tried again.
_PATIENCE = 3


@dataclass(frozen=True)
class ScoreTask:
    """The outputs of one case, by their digests, and the metrics, by specification, they lack.

    `content` is as in `CellTask`.
    """

    case: Case
    outputs: tuple[str, ...]
    metrics: tuple[str, ...]
    directory: str
    content: Content | None = None


@lru_cache(maxsize=64)
def _ready_metric(specification: str) -> Metric:
    metric = registry.metrics().make(specification)
    metric.setup()
    return metric


def missing_metrics(
    pool: Pool, specifications: Iterable[str], timeout: float | None = None
) -> dict[str, str]:
    """Set metrics up and return the unavailable ones, with the reason."""
    return {
        finished.task: found.message if isinstance(found, Failure) else found
        for finished in pool.map(_missing, specifications, timeout)
        if (found := finished.result)
    }


def _missing(specification: str) -> str:
    try:
        _ready_metric(specification)
    except MetricUnavailable as error:
        return str(error)
    except BaseException as error:
        return f"its set-up raised {failure_of(error).message}"
    return ""


def score_case(task: ScoreTask) -> list[Score]:
    """Score every output of a case; without a reference only with what needs none.

    A metric that raises scores NaN, with the reason, and so do all where the case can't be made as
    it was. An output that is damaged has no score at all.
    """
    metrics = [_ready_metric(text) for text in task.metrics]
    try:
        loaded = load_as_planned(task.case, task.content)
        has_reference = registry.datasets().make(task.case.dataset).has_reference
    except Failed as error:
        return [
            Score(task.case.id, sha256, metric.id, math.nan, error.failure.message)
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
    values = score_group(
        defined,
        loaded.image,
        loaded.mask,
        list(outputs.values()),
        raised,
        input=loaded.input,
        effect=loaded.effect,
    )
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
    """The cases to be scored, whatever a metric does to its process: a source of tasks.

    Where one ends it, the case's metrics are tried one by one, so that only the one to blame has
    no score. `ids` are those of metrics by their specifications.
    """

    def __init__(self, tasks: Iterable[ScoreTask], ids: dict[str, str]) -> None:
        self._tasks = iter(tasks)
        self._ids = ids
        self._alone: deque[ScoreTask] = deque()
        self._ends: Counter[str] = Counter()
        self._put_aside: dict[str, str] = {}

    def __call__(self, place: Hashable) -> ScoreTask | None:
        """Return the next task."""
        return self._alone.popleft() if self._alone else next(self._tasks, None)

    def scores(self, task: ScoreTask, result: list[Score] | Failure) -> list[Score]:
        """Return the scores that came of a task, and queue its metrics where one is to blame."""
        if not isinstance(result, Failure):
            self._ends.subtract({metric: self._ends[metric] for metric in task.metrics})
            return result
        reasons = {metric: self._put_aside.get(metric, "") for metric in task.metrics}
        if len(task.metrics) == 1:
            (metric,) = task.metrics
            reasons[metric] = result.message
            self._ends[metric] += 1
            if self._ends[metric] >= _PATIENCE:
                self._put_aside[metric] = f"{result.message} (not tried again)"
        self._alone += [replace(task, metrics=(m,)) for m, why in reasons.items() if not why]
        return [
            Score(task.case.id, sha256, self._ids[metric], math.nan, reason)
            for metric, reason in reasons.items()
            for sha256 in task.outputs
            if reason
        ]
