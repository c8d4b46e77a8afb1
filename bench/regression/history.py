"""What the history keeps of a run: mean scores, runtimes and finished cells."""

from __future__ import annotations

import hashlib
import math
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd

from inpaintbench.errors import BenchError, one_line
from inpaintbench.outside import read_json
from inpaintbench.planning.case import Content
from inpaintbench.regression.runtimes import case_medians
from inpaintbench.regression.verdicts import FINISHED_CELLS, RUNTIMES
from inpaintbench.statistics.runtimes import comparable_timings
from inpaintbench.statistics.scores import MetricInfo, Scores, read_scores
from inpaintbench.storage.history import Entry, Figure
from inpaintbench.storage.rows import RunRows, main_environment


def entry_of(rows: RunRows, commit: str = "", date: str = "") -> Entry:
    """Say what a run is in the history; `commit` and `date` replace what the run recorded.

    Raises
    ------
    BenchError
        When the run didn't record its date and none is given.
    """
    made = main_environment(rows)
    when = date or rows.provenance.started
    if not when:
        raise BenchError(f"{rows.directory}: doesn't say when it was run; give --date")
    timed = comparable_timings(rows, rows.timings).machine
    return Entry(rows.name, commit or made.code, when, timed or made.machine)


def figures_of(rows: RunRows, machine: str) -> list[Figure]:
    """Summarise a run: mean scores, finished cells and runtimes of each method and suite."""
    scores = read_scores(rows)
    suites = scores.suites()
    found = []
    for suite in ["", *suites] if len(suites) > 1 else suites:
        found += _score_figures(scores.where(suite=suite or None), suite)
    return found + _runtime_figures(rows, scores, machine)


def _score_figures(scores: Scores, suite: str) -> list[Figure]:
    digests = _content(scores)
    found = []
    for variant, method in scores.variants["method"].items():
        named = str(variant), str(method)
        reached = scores.status[variant] != ""
        if reached.any():
            share = float(scores.done.loc[reached, str(variant)].mean())
            found.append(_figure(*named, FINISHED_CELLS, suite, _support(digests[reached]), share))
        for metric in scores.metrics:
            own = scores.values[metric.id][variant].dropna()
            if len(own):
                support = _support(digests[own.index])
                found.append(_figure(*named, metric, suite, support, float(own.mean())))
    return found


def _content(scores: Scores) -> pd.Series[str]:
    """Join what each case holds in a text; what few cases have stands last, empty elsewhere."""
    return scores.cases[[field.name for field in fields(Content)]].agg("".join, axis=1)


def _runtime_figures(rows: RunRows, scores: Scores, machine: str) -> list[Figure]:
    digests = _content(scores)
    threads = ",".join(map(str, comparable_timings(rows, rows.timings).threads))
    found = []
    for variant, medians in case_medians(rows).items():
        own = medians.dropna()
        support = _support(digests[own.index], machine, threads)
        method = str(scores.variants.loc[variant, "method"])
        found.append(_figure(str(variant), method, RUNTIMES, "", support, float(np.median(own))))
    return found


def _figure(
    variant: str, method: str, metric: MetricInfo, suite: str, support: str, value: float
) -> Figure:
    known = metric.id, metric.name, metric.label, metric.unit, metric.higher_is_better
    return Figure(variant, method, *known, suite, support, value)


def _support(digests: pd.Series[str], *others: str) -> str:
    parts = "\x1f".join((*sorted(digests), *others))
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def read_benchmark_json(path: Path, commit: str = "") -> tuple[Entry, list[Figure]]:
    """Read runtimes from the JSON that pytest-benchmark writes.

    Raises
    ------
    BenchError
        When it isn't that.
    """
    content = read_json(path)
    try:
        machine = content["machine_info"]
        processor = machine.get("cpu", {}).get("brand_raw") or machine["machine"]
        info = content["commit_info"]
        mark = "-dirty" if info.get("dirty") else ""
        known = f"{str(info.get('id') or '')[:12]}{mark}"
        entry = Entry("pytest-benchmark", commit or known, content["datetime"], f"{processor}")
        support = _support(pd.Series(dtype=str), processor)
        figures = [
            _figure(b["fullname"], b["name"], RUNTIMES, "", support, float(b["stats"]["median"]))
            for b in content["benchmarks"]
        ]
        names = (text for figure in figures for text in (figure.variant, figure.method))
        texts = [entry.commit, entry.date, *names]
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("a name, a commit or the date isn't a text")
        if not all(math.isfinite(figure.value) and figure.value >= 0 for figure in figures):
            raise ValueError("a runtime isn't a number of seconds")
        twice = len(figures) - len({figure.variant for figure in figures})
        if twice:
            raise ValueError(f"{twice} of its benchmarks are there twice")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise BenchError(f"{path}: isn't JSON of pytest-benchmark ({one_line(error)})") from error
    return entry, figures
