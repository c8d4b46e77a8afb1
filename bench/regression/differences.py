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

# Software that may be why figures moved, with its names for people.
_SOFTWARE = {"python": "Python", "system": "system", "inpaintbench": "inpaintbench"}


def case_differences(cases: CommonCases) -> list[Difference]:
    """Say which images and masks differ, and how many cases only one run has."""
    found = []
    for (dataset, _), group in cases.images_differ.groupby(
        ["dataset_base", "dataset_new"], sort=False
    ):
        found.append(
            Difference(
                "images",
                f"images of {plain_name(str(dataset))} differ in {_cases(len(group))}",
                NOT_COMPARED,
            )
        )
    for suite, group in cases.masks_differ.groupby("suite", sort=False):
        old, new = (set(group[f"suite_version_{run}"]) for run in ("base", "new"))
        version = (
            f"version {_listed(old)} → {_listed(new)}"
            if old != new
            else f"though both are of version {_listed(old)}: its draws, or the run's seed, changed"
        )
        found.append(
            Difference(
                "masks",
                f"masks of {suite} differ in {_cases(len(group))} ({version})",
                NOT_COMPARED,
            )
        )
    for number, run in ((cases.only_base, "BASE"), (cases.only_new, "NEW")):
        if number:
            found.append(Difference("cases", f"{_cases(number)} only in {run}", NOT_COMPARED))
    return found


def _cases(number: int) -> str:
    return f"{number} case{'' if number == 1 else 's'}"


def _listed(values: set[int]) -> str:
    return ", ".join(map(str, sorted(values)))


def metric_differences(base: pd.DataFrame, new: pd.DataFrame) -> list[Difference]:
    """Say which definitions of metrics only one run has; frames as ``rows.METRICS``."""
    found = []
    for ids, others, run in (
        (base, set(new["metric"]), "BASE"),
        (new, set(base["metric"]), "NEW"),
    ):
        found += [
            Difference("metric", f"metric {id} is only in {run}", NOT_COMPARED)
            for id in ids["metric"]
            if id not in others
        ]
    for metrics, run in ((base, "BASE"), (new, "NEW")):
        for id, reason in zip(metrics["metric"], metrics["missing"], strict=True):
            if reason:
                found.append(Difference("metric", f"{run} lacks {id} ({reason})", NOT_COMPARED))
    return found


def runtime_obstacles(base: RunRows, new: RunRows) -> list[Difference]:
    """Say why runtimes of two runs can't be compared; empty when they can."""
    for rows, run in ((base, "BASE"), (new, "NEW")):
        if rows.timings.empty:
            return [Difference("runtime", f"{run} has no timings", "runtimes aren't compared")]
    readings = [comparable_timings(rows, rows.timings) for rows in (base, new)]
    old, now = (found.machine for found in readings)
    found = []
    if old != now:
        text = f"machine: {old or 'unknown'} → {now or 'unknown'}"
        found.append(Difference("machine", text, "runtimes aren't compared"))
    threads = [sorted(set(reading.alone["threads"])) for reading in readings]
    if threads[0] != threads[1]:
        old, now = (", ".join(map(str, numbers)) for numbers in threads)
        found.append(
            Difference("threads", f"timed on {old} → {now} threads", "runtimes aren't compared")
        )
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
