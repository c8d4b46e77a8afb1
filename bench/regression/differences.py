"""What differs between two runs beside what is measured, and what can't be compared for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inpaintbench.regression.matching import CommonCases
from inpaintbench.regression.verdicts import Difference
from inpaintbench.statistics.runtimes import comparable_timings
from inpaintbench.statistics.scores import plain_name
from inpaintbench.storage.rows import RunRows, main_environment

if TYPE_CHECKING:
    import pandas as pd

NOT_COMPARED = "not compared"
_UNTIMED = "runtimes aren't compared"

# Software that may be why figures moved, with its names for people.
_SOFTWARE = {"python": "Python", "system": "system", "inpaintbench": "inpaintbench"}


def case_differences(cases: CommonCases) -> list[Difference]:
    """Say which images and masks differ, and how many cases only one run has."""
    found = []
    images = cases.images_differ.groupby(["dataset_base", "dataset_new"], sort=False)
    for (dataset, _), group in images:
        text = f"images of {plain_name(str(dataset))} differ in {_cases(len(group))}"
        found.append(Difference("images", text, NOT_COMPARED))
    for suite, group in cases.masks_differ.groupby("suite", sort=False):
        old, new = (
            ", ".join(map(str, sorted(set(group[f"suite_version_{run}"]))))
            for run in ("base", "new")
        )
        version = (
            f"version {old} → {new}"
            if old != new
            else f"though both are of version {old}: its draws, or the run's seed, changed"
        )
        text = f"masks of {suite} differ in {_cases(len(group))} ({version})"
        found.append(Difference("masks", text, NOT_COMPARED))
    for number, run in ((cases.only_base, "BASE"), (cases.only_new, "NEW")):
        if number:
            found.append(Difference("cases", f"{_cases(number)} only in {run}", NOT_COMPARED))
    return found


def _cases(number: int) -> str:
    return f"{number} case{'' if number == 1 else 's'}"


def metric_differences(base: pd.DataFrame, new: pd.DataFrame) -> list[Difference]:
    """Say which definitions of metrics only one run has; frames as ``rows.METRICS``."""
    both = set(base["metric"]) & set(new["metric"])
    texts = [
        f"metric {id} is only in {run}"
        for metrics, run in ((base, "BASE"), (new, "NEW"))
        for id in metrics["metric"]
        if id not in both
    ]
    texts += [
        f"{run} lacks {id} ({reason})"
        for metrics, run in ((base, "BASE"), (new, "NEW"))
        for id, reason in zip(metrics["metric"], metrics["missing"], strict=True)
        if reason
    ]
    return [Difference("metric", text, NOT_COMPARED) for text in texts]


def runtime_obstacles(base: RunRows, new: RunRows) -> list[Difference]:
    """Say why runtimes of two runs can't be compared; empty when they can."""
    for rows, run in ((base, "BASE"), (new, "NEW")):
        if rows.timings.empty:
            return [Difference("runtime", f"{run} has no timings", _UNTIMED)]
    old, now = (comparable_timings(rows, rows.timings) for rows in (base, new))
    found = []
    if old.machine != now.machine:
        text = f"machine: {old.machine or 'unknown'} → {now.machine or 'unknown'}"
        found.append(Difference("machine", text, _UNTIMED))
    if old.threads != now.threads:
        before, after = (", ".join(map(str, readings.threads)) for readings in (old, now))
        found.append(Difference("threads", f"timed on {before} → {after} threads", _UNTIMED))
    return found


def software_differences(base: RunRows, new: RunRows) -> list[Difference]:
    """Say which versions differ; they may be why figures moved, and stop no comparison."""
    old, now = main_environment(base), main_environment(new)
    versions = [(name, getattr(old, key), getattr(now, key)) for key, name in _SOFTWARE.items()]
    versions += [
        (name, version, now.libraries.get(name, "")) for name, version in old.libraries.items()
    ]
    return [
        Difference("libraries" if name in old.libraries else name, f"{name}: {before} → {after}")
        for name, before, after in versions
        if before and after and before != after
    ]
