"""Several draws of a stochastic method: their mean, and the best of them in each case."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from inpaintbench.methods.base import Method
from inpaintbench.plugins import registry
from inpaintbench.statistics.scores import Scores


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
    found: dict[tuple[str, str], dict[str, bool]] = {}
    numbers: dict[str, Sequence[str]] = {}
    for method, variants in scores.variants.reset_index().groupby("method", sort=False):
        if len(variants) > 1:
            numbers[method] = _draw_parameters(method)
            for variant, settings in zip(variants["variant"], variants["settings"], strict=True):
                shared = json.loads(settings)
                # the first draw that the harness numbers is the method without a number
                numbered = [shared.pop(name) for name in numbers[method] if name in shared]
                alike = found.setdefault((method, json.dumps(shared, sort_keys=True)), {})
                alike[variant] = bool(numbered)
    return [
        _summarise(scores, _without_number(next(iter(alike)), numbers[method]), list(alike))
        for (method, _), alike in found.items()
        if len(alike) > 1 and any(alike.values())
    ]


def _draw_parameters(method: str) -> Sequence[str]:
    """Ask a method which of its parameters number its draws; of one that isn't here, the usual."""
    return registry.methods().plugins.get(method, Method).draw_parameters


def _without_number(variant: str, parameters: Sequence[str] = Method.draw_parameters) -> str:
    """Take the number of the draw out of a variant's name; it is a whole number."""
    shared = re.sub(rf"(?<=[\[,])(?:{'|'.join(parameters)})=\d+,?", "", variant)
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
