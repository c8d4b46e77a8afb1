"""Votes that simulated raters give in a study, as its page saves them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from inpaintbench.study.key import TRUTH, KeyPair, StudyKey

Chooser = Callable[[KeyPair], int]
"""What a rater chooses: 1 the pair's left result, -1 its right one, 0 neither."""


def ballot(key: StudyKey, number: int, choose: Chooser) -> dict[str, Any]:
    """Let rater `number` vote on all of a part; every second one sees the sides changed."""
    part = number % (1 + max(pair.part for pair in key.pairs))
    mirrored = number % 2 == 1
    votes = []
    for pair in key.pairs:
        if pair.part == part:
            side = choose(pair) * (-1 if mirrored else 1)
            votes.append(
                {
                    "pair": pair.token,
                    "left": pair.right_token if mirrored else pair.left_token,
                    "choice": {1: "left", 0: "tie", -1: "right"}[side],
                    "seconds": 2.5,
                }
            )
    return {
        "format": "inpaintbench-votes",
        "version": 1,
        "study": key.study,
        "rater": f"{number:016x}",
        "name": f"Rater {number}",
        "votes": votes,
    }


def write_ballots(folder: Path, key: StudyKey, choosers: list[Chooser]) -> list[Path]:
    """Write the votes of several raters."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"votes-{number}.json" for number in range(len(choosers))]
    for number, (path, choose) in enumerate(zip(paths, choosers, strict=True)):
        path.write_text(json.dumps(ballot(key, number, choose)), "utf-8")
    return paths


def by_quality(
    quality: Callable[[str, str], float], seed: int, *, noise: float = 1.0, tie: float = 0.2
) -> Chooser:
    """Choose by quality of (case, method) with logistic noise; sure of the truth."""
    random = np.random.default_rng(seed)

    def choose(pair: KeyPair) -> int:
        if TRUTH in (pair.left, pair.right):
            return 1 if pair.left == TRUTH else -1
        gain = quality(pair.case, pair.left) - quality(pair.case, pair.right)
        felt = gain + noise * random.logistic()
        return 0 if abs(felt) < tie else int(np.sign(felt))

    return choose


def at_random(seed: int) -> Chooser:
    """Choose without looking."""
    random = np.random.default_rng(seed)
    return lambda _: int(random.choice([-1, 1]))
