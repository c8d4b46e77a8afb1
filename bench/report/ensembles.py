"""Read the draws of stochastic methods and score them against the truth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from inpaintbench.errors import BenchError
from inpaintbench.images.types import Image, Mask
from inpaintbench.metrics.base import MetricUnavailable, Result
from inpaintbench.metrics.difference import top
from inpaintbench.metrics.lpips import LPIPS
from inpaintbench.report.pictures import CheckedPictures, composite
from inpaintbench.statistics.bootstrap import Floats
from inpaintbench.statistics.draws import Draws
from inpaintbench.statistics.probabilistic import Calibration, DrawScores
from inpaintbench.statistics.scores import Scores
from inpaintbench.storage.rows import RunRows
from inpaintbench.storage.runs import RunPictures
from inpaintbench.storage.store import Store


@dataclass(frozen=True, eq=False)
class Ensemble:
    """What the pictures of a method's draws tell.

    Parameters
    ----------
    scores : DrawScores
        Over the cases that every draw finished.
    calibration : Calibration
        How the truth ranks among the draws.
    diversity : float
        LPIPS between the composites of a draw and the next, averaged; NaN without LPIPS.
    """

    scores: DrawScores
    calibration: Calibration
    diversity: float


def read_ensemble(rows: RunRows, scores: Scores, draws: Draws) -> Ensemble | None:
    """Read the pictures of draws; None as for `read_draw_scores`."""
    found = read_draw_scores(rows, draws.variants, draws.cases)
    if found is None:
        return None
    calibration = Calibration(found.ranks, found.mean_ranks, scores.images(draws.cases))
    return Ensemble(found, calibration, _diversity(rows, draws))


def read_draw_scores(
    rows: RunRows, variants: Sequence[str], cases: pd.Index[str]
) -> DrawScores | None:
    """Score the outputs of variants, as draws of one method, in the holes of cases.

    None without a case, or where a picture isn't here: of several runs, it may be another's.
    """

    def values(pixels: Image, hole: Mask) -> Floats:
        inside = pixels[hole].ravel().astype(np.float64)
        return inside * (255 / top(pixels.dtype))

    if not len(cases):
        return None
    try:
        return DrawScores.of(
            (np.stack([values(output, hole) for output in outputs]), values(truth, hole))
            for outputs, truth, hole in _pictures(rows, variants, cases)
        )
    except (BenchError, KeyError):
        return None


def _pictures(
    rows: RunRows, variants: Sequence[str], cases: pd.Index[str]
) -> Iterator[tuple[list[Image], Image, Mask]]:
    """Read each case: outputs, reference, mask."""
    with Store.read(rows.directory) as store:
        pictures = CheckedPictures(RunPictures(store), rows.cases)
        for case in cases:
            outputs = [pictures.output(case, variant) for variant in variants]
            yield outputs, pictures.reference(case), pictures.mask(case)


def _diversity(rows: RunRows, draws: Draws) -> float:
    """Average LPIPS between the composites of each draw and the next; NaN without LPIPS."""
    metric, distances = LPIPS(), []
    try:
        metric.setup()
    except MetricUnavailable:
        return math.nan
    for outputs, truth, hole in _pictures(rows, draws.variants, draws.cases):
        # in a ring: of all pairs, whose number is a square, the mean is expected to be the same
        composites = [composite(output, truth, hole) for output in outputs]
        distances += [
            metric.bind(one)(Result(other, hole, one))
            for one, other in pairwise([*composites, composites[0]])
        ]
    return float(np.mean(distances))
