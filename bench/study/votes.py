"""Files of votes, checked at the door, and which raters can be relied on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from inpaintbench.errors import BenchError, visible
from inpaintbench.outside import read_as, read_json, read_text
from inpaintbench.report.numbers import percent
from inpaintbench.study.key import TRUTH, KeyPair, PairKind, StudyKey, read_key

RIGHT_SHARE = 0.8
"""Share of trivial pairs in which a rater has to choose the truth."""

FEWEST_TRIVIAL = 4
"""Trivial pairs below which nobody can tell whether a rater looked."""

CHANCE = 0.05
"""How seldom chance alone may contradict itself as often as a rater who is left out for that."""

Choice = Literal["left", "tie", "right"]


@dataclass(frozen=True)
class Vote:
    """A vote as the page wrote it: the name of the picture on the left, and what was chosen."""

    pair: str
    left: str
    choice: Choice
    seconds: float

    def __post_init__(self) -> None:
        """Refuse a time that isn't one."""
        if not 0 <= self.seconds < 1e9:
            raise ValueError(f"seconds must be from 0 to 1e9, not {self.seconds}")


@dataclass(frozen=True)
class VoteFile:
    """What a rater's browser saved."""

    format: Literal["inpaintbench-votes"]
    version: Literal[1]
    study: str
    rater: str
    name: str
    votes: tuple[Vote, ...]

    def __post_init__(self) -> None:
        """Refuse names that no page gives."""
        if not re.fullmatch("[0-9a-f]{16}", self.rater):
            raise ValueError(f"rater must be 16 hexadecimal digits, not {self.rater[:40]!r}")
        if len(self.name) > 60:
            raise ValueError("name is longer than 60 characters")


@dataclass(frozen=True)
class Answer:
    """A vote with what it was on: +1 where the pair's left result was chosen, 0 for can't say."""

    pair: KeyPair
    outcome: int
    chose_left: bool  # of the screen
    seconds: float


@dataclass(frozen=True, eq=False)
class Rater:
    """Somebody's votes, and how the attention checks went.

    Parameters
    ----------
    rater, name : str
        The page's name for them, and their own, or empty.
    answers : tuple of Answer
        In the order given.
    trivial, right : int
        Trivial pairs voted on, and those where the truth was chosen.
    repeats, kept_to : int
        Repeated pairs where both votes prefer a result, and those where it is the same one.
    left_out : str
        Why the votes don't count; empty where they do.
    """

    rater: str
    name: str
    answers: tuple[Answer, ...]
    trivial: int
    right: int
    repeats: int
    kept_to: int
    left_out: str

    @property
    def counted(self) -> tuple[Answer, ...]:
        """The votes on counted pairs."""
        return tuple(a for a in self.answers if a.pair.kind is PairKind.counted)


@dataclass(frozen=True, eq=False)
class Collected:
    """Studies with their votes.

    Parameters
    ----------
    keys : tuple of StudyKey
        The studies, of the same methods.
    raters : tuple of Rater
        In the order of their files.
    superseded : tuple of str
        Files that don't count: another of the same rater holds more votes, or as many and is
        named later.
    """

    keys: tuple[StudyKey, ...]
    raters: tuple[Rater, ...]
    superseded: tuple[str, ...]

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods compared."""
        return tuple(self.keys[0].methods)

    @property
    def kept(self) -> tuple[Rater, ...]:
        """The raters whose votes count."""
        return tuple(rater for rater in self.raters if not rater.left_out)

    @property
    def images(self) -> dict[str, str]:
        """Case → its image."""
        return {case: image for key in self.keys for case, image in key.images.items()}


def rule(checked: bool) -> str:
    """Say which raters count."""
    if not checked:
        return "The study has no attention checks: every rater counts."
    return (
        f"Left out are raters who chose the truth in fewer than {percent(RIGHT_SHARE)} of the "
        f"trivial pairs, who saw fewer than {FEWEST_TRIVIAL} of them, or who contradicted "
        "themselves on repeated pairs more often than chance would "
        f"(binomial test against ½, p < {CHANCE})."
    )


def number_of(count: int, noun: str) -> str:
    """Write a number of things: 1 vote, 2 votes."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def collect(paths: Sequence[Path]) -> Collected:
    """Read studies and files of votes.

    Parameters
    ----------
    paths : sequence of Path
        Folders of studies, at least one, and files of votes, at least one. Of several files of
        one rater the one with most votes counts, of equally many the last.

    Raises
    ------
    BenchError
        When a file isn't what a page of these studies saved: one line that names it.
    """
    keys = [read_key(path) for path in paths if path.is_dir()]
    files = [path for path in paths if not path.is_dir()]
    if not keys:
        raise BenchError("give the folder of a study, which holds its key.json")
    if not files:
        raise BenchError("give files of votes, as the page of the study saves them")
    for key in keys[1:]:
        if key.methods != keys[0].methods:
            raise BenchError("the studies compare different methods, or other versions of them")
    studies = {key.study: key for key in keys}
    found: dict[tuple[str, str], tuple[Path, VoteFile]] = {}
    superseded = []
    for path in files:
        read_json(path)  # refuses a key that is there twice
        votes = read_as(VoteFile, read_text(path), str(path))
        if votes.study not in studies:
            raise BenchError(
                f"{path}: holds votes of another study ({visible(votes.study)[:40]!r})"
            )
        _refuse_foreign(path, votes, studies[votes.study])
        earlier = found.get((votes.study, votes.rater))
        if earlier and len(earlier[1].votes) > len(votes.votes):
            superseded.append(path.name)
            continue
        if earlier:
            superseded.append(earlier[0].name)
        found[votes.study, votes.rater] = (path, votes)
    raters = tuple(_rater(votes, studies[votes.study]) for _, votes in found.values())
    return Collected(tuple(keys), raters, tuple(superseded))


def _refuse_foreign(path: Path, votes: VoteFile, key: StudyKey) -> None:
    """Refuse votes that the page of a study can't have made."""
    seen: set[str] = set()
    parts: set[int] = set()
    for vote in votes.votes:
        pair = key.by_token.get(vote.pair)
        if pair is None:
            raise BenchError(f"{path}: the study has no pair {vote.pair[:40]!r}")
        if vote.left not in (pair.left_token, pair.right_token):
            raise BenchError(f"{path}: pair {vote.pair!r} has no picture {vote.left[:40]!r}")
        if vote.pair in seen:
            raise BenchError(f"{path}: votes twice on pair {vote.pair!r}")
        seen.add(vote.pair)
        parts.add(pair.part)
    if len(parts) > 1:
        raise BenchError(f"{path}: votes on several parts of the study; a rater sees one")


def _rater(votes: VoteFile, key: StudyKey) -> Rater:
    """Turn a file's votes to the sides of the key, and check the rater's attention."""
    answers = []
    for vote in votes.votes:
        pair = key.by_token[vote.pair]
        outcome = {"left": 1, "tie": 0, "right": -1}[vote.choice]
        turned = vote.left == pair.right_token
        outcome = -outcome if turned else outcome
        answers.append(Answer(pair, outcome, vote.choice == "left", vote.seconds))
    trivial = [a for a in answers if a.pair.kind is PairKind.trivial]
    right = sum(_chosen(a) == TRUTH for a in trivial)
    first = {
        (a.pair.case, a.pair.left, a.pair.right): _chosen(a)
        for a in answers
        if a.pair.kind is PairKind.counted
    }
    twice = [
        (_chosen(a), first.get((a.pair.case, a.pair.right, a.pair.left), ""))
        for a in answers
        if a.pair.kind is PairKind.repeated
    ]
    repeats = [both for both in twice if all(both)]
    kept_to = sum(one == other for one, other in repeats)
    checked = any(pair.kind is PairKind.trivial for pair in key.pairs)
    reason = _left_out(len(trivial), right, len(repeats), kept_to) if checked else ""
    name = visible(votes.name)
    return Rater(
        votes.rater, name, tuple(answers), len(trivial), right, len(repeats), kept_to, reason
    )


def _chosen(answer: Answer) -> str:
    """Name what was chosen; empty for can't say."""
    return {1: answer.pair.left, 0: "", -1: answer.pair.right}[answer.outcome]


def _left_out(trivial: int, right: int, repeats: int, kept_to: int) -> str:
    from scipy.stats import binom

    if trivial < FEWEST_TRIVIAL:
        return f"saw {number_of(trivial, 'trivial pair')}"
    if right < RIGHT_SHARE * trivial:
        return f"chose the truth in {right} of {trivial} trivial pairs"
    if binom.sf(repeats - kept_to - 1, repeats, 0.5) < CHANCE:
        return f"contradicted themselves on {repeats - kept_to} of {repeats} repeated pairs"
    return ""
