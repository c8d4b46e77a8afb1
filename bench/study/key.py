"""The key of a study: what each picture of its page is. It never goes where raters can see it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Literal

from inpaintbench.errors import BenchError
from inpaintbench.images.files import write_whole
from inpaintbench.outside import read_as, read_text
from inpaintbench.storage.rows import RunRows

KEY = "key.json"
"""Name of the key's file in the folder of a study."""

TRUTH, FLOOR = "(truth)", "(floor)"
"""What a trivial pair shows: the true image, and its hole filled with the mean colour."""


class PairKind(StrEnum):
    """What a pair is for: to be counted, or to check that a rater looks."""

    counted = "counted"
    repeated = "repeated"  # a counted pair of the same part again, with its sides changed
    trivial = "trivial"


@dataclass(frozen=True)
class StudyCase:
    """A case of the run that pairs are drawn from; `sample` and `dataset` name its image."""

    case: str
    dataset: str
    sample: str
    suite: str
    coverage: float
    has_reference: bool

    @property
    def image(self) -> str:
        """What cases with different holes in one image share."""
        return f"{self.dataset}/{self.sample}"


@dataclass(frozen=True)
class Pair:
    """Two results of a case, on their sides: the methods, or `TRUTH` and `FLOOR`."""

    kind: PairKind
    case: str
    left: str
    right: str

    @property
    def turned(self) -> Pair:
        """The same with its sides changed."""
        return replace(self, left=self.right, right=self.left)


@dataclass(frozen=True)
class KeyPair(Pair):
    """A pair as the page has it.

    Parameters
    ----------
    token : str
        Its name on the page.
    part : int
        The part of the study that it's in; a rater sees one part.
    left_token, right_token : str
        Names of their pictures on the page.
    """

    token: str
    part: int
    left_token: str
    right_token: str


@dataclass(frozen=True)
class Look:
    """What raters see beside the pictures.

    Parameters
    ----------
    pixels : bool
        Whether small pictures are enlarged pixel by pixel, and not smoothly.
    original : bool
        Whether the true picture may be asked for.
    """

    title: str = "Comparing pictures"
    question: str = "Which of the two looks more natural?"
    pixels: bool = False
    original: bool = False


@dataclass(frozen=True)
class StudyKey:
    """A study.

    Parameters
    ----------
    study : str
        Its name on the page and in votes, random.
    run : str
        Run directory.
    methods : dict of str to str
        Variant → the key of its results in the run.
    """

    format: Literal["inpaintbench-study"]
    version: Literal[1]
    study: str
    run: str
    look: Look
    seed: int
    methods: dict[str, str]
    cases: tuple[StudyCase, ...]
    pairs: tuple[KeyPair, ...]

    @cached_property
    def by_token(self) -> dict[str, KeyPair]:
        """Pairs by their name on the page."""
        return {pair.token: pair for pair in self.pairs}

    @property
    def counted(self) -> list[KeyPair]:
        """The pairs that aren't checks."""
        return [pair for pair in self.pairs if pair.kind is PairKind.counted]

    @cached_property
    def images(self) -> dict[str, str]:
        """Case → its image."""
        return {case.case: case.image for case in self.cases}

    def refuse_other(self, rows: RunRows) -> None:
        """Refuse a run that isn't the study's.

        Raises
        ------
        BenchError
            When it lacks a method, has another version of it, or lacks a case.
        """
        here = rows.variants.set_index("variant")["key"].to_dict()
        cases = set(rows.cases["case"])
        methods = [name for name, key in self.methods.items() if here.get(name) != key]
        lacking = [f"method {name!r}" for name in methods]
        lacking += [f"case {case}" for case in self.images if case not in cases]
        if lacking:
            raise BenchError(f"{rows.directory}: isn't the run of the study: it lacks {lacking[0]}")


def write_key(directory: Path, key: StudyKey) -> None:
    """Write the key into the folder of its study."""
    write_whole(directory / KEY, json.dumps(asdict(key), indent=1, ensure_ascii=False) + "\n")


def read_key(directory: Path) -> StudyKey:
    """Read the key of a study.

    Raises
    ------
    BenchError
        When there is none, or it isn't what `write_key` wrote.
    """
    path = directory / KEY
    if not path.is_file():
        raise BenchError(
            f"{directory}: holds no study (no {KEY}); make one: inpaintbench study make"
        )
    key = read_as(StudyKey, read_text(path), str(path))
    known = {*key.methods, TRUTH, FLOOR}
    for pair in key.pairs:
        if not {pair.left, pair.right} <= known or pair.case not in key.images:
            raise BenchError(
                f"{path}: pair {pair.token!r} names a method or case that it doesn't list"
            )
    return key
