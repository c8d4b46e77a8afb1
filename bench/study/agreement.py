"""How well the metrics of a run predict the votes of a study."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from inpaintbench.errors import BenchError
from inpaintbench.images.files import write_whole
from inpaintbench.outside import read_as, read_text
from inpaintbench.statistics.bootstrap import FEWEST_IMAGES, LEVEL, SEED, Codes, Floats
from inpaintbench.statistics.choices import Choices, davidson
from inpaintbench.statistics.crossed import Crossed, crossed_means
from inpaintbench.statistics.ranks import RankInterval
from inpaintbench.statistics.scores import MetricInfo, read_scores
from inpaintbench.storage.rows import RunRows
from inpaintbench.study.results import choices_of
from inpaintbench.study.votes import Collected

AGREEMENT = "agreement.json"
"""Name of the file that the agreement of metrics with votes is written to."""

_DRAWS = 300
"""Draws of raters and images for the intervals of Kendall's τ."""


@dataclass(frozen=True)
class MetricAgreement:
    """A metric against the votes.

    Parameters
    ----------
    share, low, high : float
        Of the votes that prefer a result, how often the metric prefers it too; equal scores count
        half. With the 95 % interval, or None.
    rank, group :
        As in `results.Strength`, by tests of the differences in share.
    tau, tau_low, tau_high : float or None
        Kendall's τ-b of the methods' strengths and their mean scores on the cases of the votes.
    """

    metric: str
    label: str
    share: float
    low: float | None
    high: float | None
    rank: RankInterval
    group: str
    tau: float | None
    tau_low: float | None
    tau_high: float | None


@dataclass(frozen=True)
class AgreementResult:
    """Every metric that measures quality, the best predictor first.

    Parameters
    ----------
    votes : int
        That prefer a result, where every one of these metrics has both scores.
    without_scores : int
        Votes that prefer a result but lack a score.
    """

    format: Literal["inpaintbench-agreement"]
    version: Literal[1]
    run: str
    metrics: tuple[MetricAgreement, ...]
    votes: int
    without_scores: int
    raters: int
    images: int


def compare_with_metrics(collected: Collected, rows: RunRows) -> AgreementResult:
    """Compare the votes with the scores of a run.

    Raises
    ------
    BenchError
        When the run lacks the methods or cases of the study, or has no scores of them.
    """
    for key in collected.keys:
        key.refuse_other(rows)
    choices, scores = choices_of(collected), read_scores(rows)
    methods = list(collected.methods)
    cases = [a.pair.case for rater in collected.kept for a in rater.counted]
    metrics = [m for m in scores.metrics if m.measures_quality and m.id in scores.scored]
    if not metrics:
        raise BenchError(f"{rows.directory}: holds no scores that methods are ranked by")
    # (n, k, m): every score of each vote's case, more is better
    table = np.stack(
        [
            (1 if metric.higher_is_better else -1)
            * scores.values[metric.id].loc[cases, methods].to_numpy()
            for metric in metrics
        ],
        axis=1,
    )
    at = np.arange(len(choices))
    gain = table[at, :, choices.first] - table[at, :, choices.second]
    known = np.isfinite(gain).all(axis=1)
    decided = known & (choices.outcome != 0)
    if not decided.any():
        raise BenchError("no vote that prefers a result has its scores in the run")
    hits = (1 + np.sign(gain[decided]) * choices.outcome[decided, None]) / 2
    share = crossed_means(hits, choices.rater[decided], choices.image[decided])
    # a case counts once, however many votes it got
    once = np.unique(np.array(cases), return_index=True)[1]
    taus = _taus(choices, table[once], choices.image[once], len(methods))
    return AgreementResult(
        format="inpaintbench-agreement",
        version=1,
        run=rows.name,
        metrics=tuple(_results(metrics, share, taus)),
        votes=int(decided.sum()),
        without_scores=int((~known & (choices.outcome != 0)).sum()),
        raters=share.raters,
        images=share.images,
    )


def _results(
    metrics: list[MetricInfo], share: Crossed, taus: tuple[Floats, Floats]
) -> Iterator[MetricAgreement]:
    """Put the numbers of each metric together, the best predictor first."""
    low, high = (np.clip(bound, 0, 1) for bound in share.bounds)
    tau, drawn = taus
    enough = min(share.raters, share.images) >= FEWEST_IMAGES
    for i in share.order:
        draws = drawn[np.isfinite(drawn[:, i]), i] if enough else drawn[:0, i]
        ends = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist() if len(draws) else []
        yield MetricAgreement(
            metric=metrics[i].id,
            label=metrics[i].label,
            share=float(share.values[i]),
            low=float(low[i]) if enough else None,
            high=float(high[i]) if enough else None,
            rank=share.ranks[i],
            group=share.letters[i],
            tau=float(tau[i]) if np.isfinite(tau[i]) else None,
            tau_low=ends[0] if ends else None,
            tau_high=ends[1] if ends else None,
        )


def _taus(choices: Choices, scores: Floats, images: Codes, methods: int) -> tuple[Floats, Floats]:
    """Kendall's τ-b of strengths and mean scores, for each metric: (k,), and drawn: (d, k).

    Scores are (c, k, m), of c cases of these images; more is better.

    Raters and images are drawn again, each on their own (the pigeonhole bootstrap of Owen 2007):
    a vote counts as often as its rater was drawn, times its image.
    """
    random = np.random.default_rng(SEED)

    def taus(rater: Floats, image: Floats) -> Floats:
        weights = rater[choices.rater] * image[choices.image]
        model = davidson(choices.counts(methods, weights=weights), methods)
        weight = image[images, None, None] * np.isfinite(scores)
        means = (np.nan_to_num(scores) * weight).sum(axis=0) / weight.sum(axis=0)
        return kendall_tau(model.strengths, means)

    raters, many = int(choices.rater.max()) + 1, int(choices.image.max()) + 1
    with np.errstate(invalid="ignore", divide="ignore"):
        whole = taus(np.ones(raters), np.ones(many))
        drawn = []
        for _ in range(_DRAWS):
            again = [
                np.bincount(random.integers(size, size=size), minlength=size).astype(np.float64)
                for size in (raters, many)
            ]
            try:
                drawn.append(taus(*again))
            except BenchError:  # the votes drawn don't connect all methods
                continue
    return whole, np.array(drawn).reshape(-1, scores.shape[1])


def kendall_tau(one: Floats, others: Floats) -> Floats:
    """Return Kendall's τ-b of m values with each row of others: (m,), (k, m) → (k,)."""
    first, second = np.triu_indices(len(one), 1)
    sign = np.sign(one[first] - one[second])
    signs = np.sign(others[:, first] - others[:, second])
    both = np.sqrt((sign != 0).sum() * (signs != 0).sum(axis=1))
    tau: Floats = signs @ sign / both
    return tau


def write_agreement(directory: Path, result: AgreementResult) -> Path:
    """Write the agreement for `read_agreement`; return its file."""
    path = directory / AGREEMENT
    write_whole(path, json.dumps(asdict(result), indent=1, ensure_ascii=False) + "\n")
    return path


def read_agreement(directory: Path) -> AgreementResult | None:
    """Read what `inpaintbench study agreement` wrote; None where it wrote nothing.

    Raises
    ------
    BenchError
        When the file is damaged.
    """
    path = directory / AGREEMENT
    return read_as(AgreementResult, read_text(path), str(path)) if path.is_file() else None
