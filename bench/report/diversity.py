"""How far the draws of a stochastic method differ: LPIPS between their pictures."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

from inpaintbench.errors import BenchError
from inpaintbench.metrics.base import MetricUnavailable, Result
from inpaintbench.metrics.lpips import LPIPS
from inpaintbench.report.pictures import CheckedPictures, composite
from inpaintbench.statistics.draws import Draws
from inpaintbench.storage.rows import RunRows
from inpaintbench.storage.runs import RunPictures
from inpaintbench.storage.store import Store


def diversity(rows: RunRows, draws: Draws) -> float:
    """Average LPIPS between the composites of all pairs of draws; NaN without their pictures."""
    metric, distances = LPIPS(), []
    try:
        metric.setup()
        with Store.read(rows.directory) as store:
            pictures = CheckedPictures(RunPictures(store), rows.cases)
            for case in draws.cases:
                truth, hole = pictures.reference(case), pictures.mask(case)
                composites = [
                    composite(pictures.output(case, variant), truth, hole)
                    for variant in draws.variants
                ]
                scores = [metric.bind(composite) for composite in composites[:-1]]
                distances += [
                    scores[i](Result(composites[j], hole, composites[i]))
                    for i, j in combinations(range(len(composites)), 2)
                ]
    except (BenchError, MetricUnavailable):
        return math.nan
    return float(np.mean(distances)) if distances else math.nan
