"""Several draws of a stochastic method: their mean, and the best of them in each case."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from inpaintbench.statistics.scores import Scores

DRAW_PARAMETERS = ("draw", "seed")
"""Parameters that number the draws of a method."""


@dataclass(frozen=True, eq=False)
class Draws:
    """Variants of one method that differ in the number of the draw alone.

    Parameters
    ----------
    method : str
        The method, with the parameters that the draws share.
    variants : tuple of str
        The draws, in the order of the run.
    cases : Index
        The cases that every draw finished.
    mean, best : mapping of str to float
        Metric id → score averaged over draws and cases; score of the best draw of each case,
        averaged over cases. NaN where there is none.
    """

    method: str
    variants: tuple[str, ...]
    cases: pd.Index[str]
    mean: Mapping[str, float]
    best: Mapping[str, float]


def read_draws(scores: Scores) -> list[Draws]:
    """Find the methods that were run with several draws."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in scores.variants.reset_index().to_dict("records"):
        shared = json.loads(row["settings"])
        numbered = [shared.pop(name) for name in DRAW_PARAMETERS if name in shared]
        if numbered:
            key = (row["method"], json.dumps(shared, sort_keys=True))
            found.setdefault(key, []).append(row["variant"])
    return [
        _summarise(scores, _without_number(variants[0]), variants)
        for variants in found.values()
        if len(variants) > 1
    ]


def _without_number(variant: str) -> str:
    """Take the number of the draw out of a variant's name; it is a whole number."""
    numbered = "|".join(DRAW_PARAMETERS)
    shared = re.sub(rf"(?<=[\[,])(?:{numbered})=\d+,?", "", variant)
    return shared.replace(",]", "]").removesuffix("[]")


def _summarise(scores: Scores, method: str, variants: list[str]) -> Draws:
    done = scores.done[variants].all(axis=1)
    cases = scores.done.index[done]
    mean, best = {}, {}
    for metric in scores.metrics:
        values = scores.values[metric.id].loc[cases, variants]
        whole = values[values.notna().all(axis=1)]
        mean[metric.id] = float(whole.mean(axis=1).mean())
        favourite = whole.max(axis=1) if metric.higher_is_better else whole.min(axis=1)
        best[metric.id] = float(favourite.mean())
    return Draws(method, tuple(variants), cases, mean, best)
