"""Score the results on one reference and mask, sharing what belongs to the reference."""

from __future__ import annotations

import math
import sys
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from inpaintbench.images.types import Image, Mask, contiguous
from inpaintbench.metrics.base import GroupScore, Metric, Result, Score

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

KEPT_REFERENCES = 2
"""References whose bound metrics are kept, so that further masks on one image reuse them."""


_kept: deque[tuple[Image, dict[Metric, Score]]] = deque(maxlen=KEPT_REFERENCES)
"""References, and what metrics were bound to them when first asked for."""


def score_group(
    metrics: Sequence[Metric],
    reference: Image,
    mask: Mask,
    outputs: Sequence[Image],
    raised: dict[Metric, BaseException] | None = None,
) -> list[list[float]]:
    """Score outputs for one reference and mask.

    The scores don't depend on what was scored before, nor on how many processes share the work:
    the numerical libraries are held to one thread, and each output is computed apart.

    Parameters
    ----------
    metrics : sequence of Metric
        Set up (``metric.setup()``).
    reference : (H, W, C) array of uint8 or uint16
    mask : (H, W) array of bool
        True = hole.
    outputs : sequence of (H, W, C) array
        Of the reference's shape and dtype.
    raised : dict of Metric to BaseException, optional
        Gets what a metric raised, which then scores NaN; without it, that is raised here.

    Returns
    -------
    list of list of float
        One row for each output, one value for each metric.

    Raises
    ------
    ValueError
        When shapes or dtypes differ.
    """
    with _threads(len(sys.modules)).limit(limits=1):
        kept, scores = _bound(reference)
        results = [Result(output, mask, kept) for output in outputs]
        columns = []
        for metric in metrics:
            try:
                if metric not in scores:
                    scores[metric] = metric.bind(kept)
                column = score_all(scores[metric], results)
            except BaseException as error:
                if raised is None or isinstance(error, KeyboardInterrupt):
                    raise
                raised[metric] = error
                column = [math.nan] * len(results)
            columns.append(column)
        return [[column[i] for column in columns] for i in range(len(results))]


def score_all(score: Score, results: Sequence[Result]) -> list[float]:
    """Score results on the reference that a scoring function is bound to, together if it can."""
    if isinstance(score, GroupScore):
        return score.group(results)
    return [score(result) for result in results]


def _bound(reference: Image) -> tuple[Image, dict[Metric, Score]]:
    """Return a reference, one of the last few or new, and the metrics bound to it."""
    for image, scores in _kept:
        if image is reference or (
            image.dtype == reference.dtype and np.array_equal(image, reference)
        ):
            return image, scores
    _kept.append((contiguous(reference), {}))
    return _kept[-1]


@lru_cache(maxsize=1)
def _threads(modules: int) -> ThreadpoolController:
    """Return what sets thread counts; made anew when something was imported since."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
