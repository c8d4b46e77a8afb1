"""Score the results on one reference and mask, sharing what belongs to the reference."""

from __future__ import annotations

import math
import numbers
import sys
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from inpaintbench.errors import BenchError, blamed
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
    *,
    input: Image | None = None,
    effect: Mask | None = None,
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
        Gets what a metric raised, or what is wrong with a value of it, which then scores NaN;
        without it, that is raised here.
    input, effect : arrays, optional
        As in `Result`.

    Returns
    -------
    list of list of float
        One row for each output, one value for each metric.

    Raises
    ------
    BenchError
        What a metric raised, in a line, or that a value isn't a number.
    ValueError
        When shapes or dtypes differ.
    """
    with _threads(len(sys.modules)).limit(limits=1):
        kept, scores = _bound(reference)
        results = [Result(output, mask, kept, input, effect) for output in outputs]
        columns = []
        for metric in metrics:
            try:
                if metric not in scores:
                    scores[metric] = metric.bind(kept)
                found = score_all(scores[metric], results)
                if len(found) != len(results):
                    raise BenchError(f"{metric.name} gave {len(found)} of {len(results)} scores")
                column = [_number(metric, value) for value in found]
            except BaseException as error:
                if raised is None or isinstance(error, KeyboardInterrupt):
                    with blamed(f"metric {metric.name}"):
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


def _number(metric: Metric, value: Any) -> float:
    """Return a metric's value, a number of any library, as what the database can hold."""
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        value = value.item()
    if not isinstance(value, numbers.Real):
        raise BenchError(f"{metric.name} returned a {type(value).__name__}, wanted a number")
    number = float(value)
    if 1e15 <= abs(number) < math.inf:
        raise BenchError(f"{metric.name} returned {number:g}, wanted a number below 10¹⁵, or inf")
    return number


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
