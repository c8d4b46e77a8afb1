"""What the votes of a study say of the methods: strengths, ranks, raters, agreement."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from inpaintbench.errors import BenchError
from inpaintbench.images.files import write_whole
from inpaintbench.outside import read_as, read_text
from inpaintbench.statistics.choices import Choices, strengths, unanimity
from inpaintbench.statistics.ranks import RankInterval
from inpaintbench.study.votes import Collected, Rater, number_of, rule

FIT = "fit.json"
"""Name of the file that a fit is written to."""


@dataclass(frozen=True)
class Strength:
    """A method in the eyes of the raters.

    Parameters
    ----------
    strength, low, high : float
        In logits, the mean over methods being 0, with the 95 % interval or None: a difference of
        1 means chosen e times as often as the other.
    rank : RankInterval
        Given who is demonstrably better than whom.
    group : str
        Letters: methods that share one can't be told apart.
    chosen, tied, passed_over : int
        Votes on pairs with it.
    """

    method: str
    strength: float
    low: float | None
    high: float | None
    rank: RankInterval
    group: str
    chosen: int
    tied: int
    passed_over: int


@dataclass(frozen=True)
class PairResult:
    """Votes between two methods, and whether their strengths can be told apart."""

    method: str
    other: str
    chosen: int
    tied: int
    other_chosen: int
    told_apart: bool


@dataclass(frozen=True)
class RaterResult:
    """A rater; `trivial` to `left_out` as in `votes.Rater`, shares and seconds of all votes."""

    rater: str
    name: str
    votes: int
    trivial: int
    right: int
    repeats: int
    kept_to: int
    left_side: float | None
    cant_say: float | None
    seconds: float | None
    left_out: str


@dataclass(frozen=True)
class StudyResult:
    """A fitted study.

    Parameters
    ----------
    strengths : tuple of Strength
        Best first.
    ties : float
        Share of votes in which methods of equal strength are tied.
    votes, images, cases : int
        That count.
    alpha, agreement : float or None
        As in `choices.Unanimity`; None where votes on the same pairs don't tell.
    left_side : float or None
        Share of choices that are of the picture on the left of the screen.
    finite : bool
        As in `choices.Model`.
    rule : str
        Which raters count.
    superseded : tuple of str
        As in `votes.Collected`.
    """

    format: Literal["inpaintbench-fit"]
    version: Literal[1]
    question: str
    strengths: tuple[Strength, ...]
    pairs: tuple[PairResult, ...]
    raters: tuple[RaterResult, ...]
    ties: float
    votes: int
    images: int
    cases: int
    alpha: float | None
    agreement: float | None
    left_side: float | None
    finite: bool
    rule: str
    superseded: tuple[str, ...]

    @property
    def counted_raters(self) -> int:
        """Raters whose votes count."""
        return sum(not rater.left_out for rater in self.raters)


def choices_of(collected: Collected) -> Choices:
    """Arrange the counted votes of the raters that count.

    Raises
    ------
    BenchError
        When there is none.
    """
    number = {method: i for i, method in enumerate(collected.methods)}
    images: dict[str, int] = {}
    of_case = collected.images
    rows = [
        (
            number[answer.pair.left],
            number[answer.pair.right],
            answer.outcome,
            rater,
            images.setdefault(of_case[answer.pair.case], len(images)),
        )
        for rater, one in enumerate(collected.kept)
        for answer in one.counted
    ]
    if not rows and collected.kept:
        raise BenchError("no votes are left: none of the raters who count voted on a counted pair")
    if not rows:
        raise BenchError(
            f"no votes are left: of {number_of(len(collected.raters), 'rater')} none counts"
            + "".join(f"; {r.rater} {r.left_out}" for r in collected.raters[:3])
        )
    return Choices(*np.array(rows, np.int64).T)


def fit(collected: Collected) -> StudyResult:
    """Fit the strengths of the methods to the votes.

    Raises
    ------
    BenchError
        When no votes are left, or they don't connect all methods.
    """
    methods = collected.methods
    choices = choices_of(collected)
    model, crossed = strengths(choices, len(methods))
    low, high = crossed.bounds
    counts = choices.counts(len(methods)).astype(int)
    table = np.zeros((3, len(methods), len(methods)), int)
    first, second = np.triu_indices(len(methods), 1)
    table[:, first, second], table[:, second, first] = counts.T, counts.T[::-1]
    totals = table.sum(axis=2)
    answers = [answer for rater in collected.kept for answer in rater.counted]
    cases = {answer.pair.case for answer in answers}
    numbers: dict[tuple[str, ...], int] = {}
    pairs = [(a.pair.case, *sorted((a.pair.left, a.pair.right))) for a in answers]
    same_pair = np.array([numbers.setdefault(pair, len(numbers)) for pair in pairs])
    agreement = unanimity(
        choices.outcome * np.where(choices.first < choices.second, 1, -1), same_pair
    )
    checked = any(len(key.counted) < len(key.pairs) for key in collected.keys)
    return StudyResult(
        format="inpaintbench-fit",
        version=1,
        question=collected.keys[0].look.question,
        strengths=tuple(
            Strength(
                method=methods[i],
                strength=float(crossed.values[i]),
                low=_known(low[i]),
                high=_known(high[i]),
                rank=crossed.ranks[i],
                group=crossed.letters[i],
                chosen=int(totals[0, i]),
                tied=int(totals[1, i]),
                passed_over=int(totals[2, i]),
            )
            for i in crossed.order
        ),
        pairs=tuple(
            PairResult(
                method=methods[i],
                other=methods[j],
                chosen=int(table[0, i, j]),
                tied=int(table[1, i, j]),
                other_chosen=int(table[2, i, j]),
                told_apart=bool(crossed.apart[i, j]),
            )
            for place, i in enumerate(crossed.order)
            for j in crossed.order[place + 1 :]
        ),
        raters=tuple(map(_rater_result, collected.raters)),
        ties=model.ties / (2 + model.ties) if choices.outcome.any() else 1.0,
        votes=len(choices),
        images=len(np.unique(choices.image)),
        cases=len(cases),
        alpha=_known(agreement.alpha),
        agreement=_known(agreement.share),
        left_side=_mean([a.chose_left for a in answers if a.outcome]),
        finite=model.finite,
        rule=rule(checked),
        superseded=collected.superseded,
    )


def _rater_result(rater: Rater) -> RaterResult:
    seconds = [answer.seconds for answer in rater.answers]
    return RaterResult(
        rater=rater.rater,
        name=rater.name,
        votes=len(rater.answers),
        trivial=rater.trivial,
        right=rater.right,
        repeats=rater.repeats,
        kept_to=rater.kept_to,
        left_side=_mean([answer.chose_left for answer in rater.answers if answer.outcome]),
        cant_say=_mean([answer.outcome == 0 for answer in rater.answers]),
        seconds=float(np.median(seconds)) if seconds else None,
        left_out=rater.left_out,
    )


def _mean(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None


def _known(value: float) -> float | None:
    """Return a number, or None where it isn't one, as JSON has it."""
    return float(value) if math.isfinite(value) else None


def write_fit(directory: Path, result: StudyResult) -> Path:
    """Write a fit for `read_fit`; return its file."""
    path = directory / FIT
    write_whole(path, json.dumps(asdict(result), indent=1, ensure_ascii=False) + "\n")
    return path


def read_fit(directory: Path) -> StudyResult:
    """Read what `inpaintbench study fit` wrote into a directory.

    Raises
    ------
    BenchError
        When it holds no fit, or a damaged one.
    """
    path = directory / FIT
    if not path.is_file():
        raise BenchError(f"{directory}: holds no {FIT}; make it: inpaintbench study fit")
    return read_as(StudyResult, read_text(path), str(path))
