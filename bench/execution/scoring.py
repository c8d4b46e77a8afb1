"""Score the outputs of one case in a worker process that keeps metrics and references ready."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from inpaintbench.metrics.base import Metric, MetricUnavailable
from inpaintbench.metrics.scoring import score_group
from inpaintbench.planning.case import Case, load
from inpaintbench.plugins import registry
from inpaintbench.storage.imagefile import read_output
from inpaintbench.storage.outcome import Score


@dataclass(frozen=True)
class ScoreTask:
    """The outputs of one case that wait for scores.

    Parameters
    ----------
    outputs : tuple of str
        Digests, which name the files in the run directory.
    metrics : tuple of str
        Specifications of the metrics.
    """

    case: Case
    outputs: tuple[str, ...]
    metrics: tuple[str, ...]
    directory: str


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
    return missing


def score_case(task: ScoreTask) -> list[Score]:
    """Score every output of a case; without a reference only with what needs none."""
    loaded = load(task.case)
    has_reference = registry.datasets().make(task.case.dataset).has_reference
    metrics = [_ready_metric(text) for text in task.metrics]
    defined = [metric for metric in metrics if has_reference or not metric.needs_reference]
    undefined = [metric for metric in metrics if metric not in defined]
    outputs = [read_output(Path(task.directory), sha256) for sha256 in task.outputs]
    values = score_group(defined, loaded.image, loaded.mask, outputs)
    return [
        Score(task.case.id, sha256, metric.id, value)
        for sha256, row in zip(task.outputs, values, strict=True)
        for metric, value in [
            *zip(defined, row, strict=True),
            *((metric, math.nan) for metric in undefined),
        ]
    ]
