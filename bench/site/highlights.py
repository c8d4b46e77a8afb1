"""Which cases stand for a method: its best, median and worst of each mask suite."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inpaintbench.report.summary import Summary
from inpaintbench.statistics.scores import MetricInfo

WORDS = ("best", "median", "worst")


@dataclass(frozen=True)
class Highlight:
    """A case that stands for a method in a suite: its ``best``, ``median`` or ``worst``."""

    word: str
    suite: str
    case: str
    value: float


def highlights(summary: Summary, metric: MetricInfo) -> dict[str, list[Highlight]]:
    """Choose each method's best, median and worst case of each suite by a metric."""
    table = summary.scores.values[metric.id]
    suites = summary.scores.cases["suite"].to_numpy()
    chosen: dict[str, list[Highlight]] = {str(variant): [] for variant in table.columns}
    for suite in summary.scores.suites():
        part = table[suites == suite]
        for variant in table.columns:
            own = part[variant].dropna()
            if own.empty:
                continue
            values = own.to_numpy()
            order = np.argsort(-values if metric.higher_is_better else values, kind="stable")
            places = dict.fromkeys((0, (len(order) - 1) // 2, len(order) - 1))
            for word, place in zip(WORDS, places, strict=False):
                row = int(order[place])
                chosen[str(variant)].append(
                    Highlight(word, suite, str(own.index[row]), float(values[row]))
                )
    return chosen


def cells_with_pictures(
    summary: Summary, chosen: dict[str, list[Highlight]], most: int
) -> dict[str, list[str]]:
    """Choose the results that are shown as pictures: case → variants.

    Those that stand for a method come first, then whole cases, by turns from each dataset and
    suite, while there is room for all results of a case: at most `most` results.
    """
    if most <= 0:
        return {}
    done = summary.scores.done
    wanted: dict[str, set[str]] = {}
    count = 0
    for entry in summary.overall.entries:
        for highlight in chosen.get(entry.variant, []):
            if count >= most:
                break
            here = wanted.setdefault(highlight.case, set())
            count += entry.variant not in here
            here.add(entry.variant)
    for case in _by_turns(summary):
        every = {str(variant) for variant in done.columns[done.loc[case]]}
        more = len(every - wanted.get(case, set()))
        if count + more > most:
            break
        wanted[case] = every | wanted.get(case, set())
        count += more
    order = [entry.variant for entry in summary.overall.entries]
    return {
        case: [variant for variant in order if variant in wanted[case]]
        for case in map(str, summary.scores.cases.index)
        if case in wanted
    }


def _by_turns(summary: Summary) -> list[str]:
    """Order cases so that any number of the first ones holds every dataset and suite alike."""
    cases = summary.scores.cases
    turn = cases.groupby(["dataset", "suite"], sort=False).cumcount()
    return [str(case) for case in turn.sort_values(kind="stable").index]
