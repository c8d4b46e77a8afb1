"""The page of a method."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from inpaintbench.report import notes
from inpaintbench.report.numbers import MISSING, fixed
from inpaintbench.site.estimates import Shown, shown_mean_rank, shown_quality
from inpaintbench.site.highlights import Highlight
from inpaintbench.site.numbers import duration
from inpaintbench.site.pictures import CasePictures, ResultPictures
from inpaintbench.site.reproduction import replay_command, run_command
from inpaintbench.site.site import Site
from inpaintbench.statistics.scores import MetricInfo
from inpaintbench.statistics.standings import Entry
from inpaintbench.storage.environment import main_environment
from inpaintbench.storage.rows import RunRows

_CASES_NAMED = 8
"""Cases of a kind of failure that are linked; the rest is counted."""


@dataclass(frozen=True)
class _Example:
    """A best, median or worst case with its pictures."""

    word: str
    case: str
    title: str
    page: str
    value: str
    pictures: CasePictures | None
    result: ResultPictures | None
    width: int
    height: int


@dataclass(frozen=True)
class _Failure:
    kind: str
    message: str
    count: int
    cases: list[tuple[str, str]]
    more: int


@dataclass(frozen=True)
class _SuiteScores:
    """A row of the table of scores: every case, or the cases of a suite."""

    name: str
    rank: str
    cases: int
    finished: str
    scores: list[Shown]


def write_method(
    site: Site, entry: Entry, metric: MetricInfo | None, chosen: list[Highlight]
) -> None:
    """Write the page of a method.

    Parameters
    ----------
    site : Site
        The site.
    entry : Entry
        The method's line of the overall standing.
    metric : MetricInfo or None
        What examples are chosen by.
    chosen : list of Highlight
        Its examples.
    """
    summary, here = site.summary, site.summary.overall
    variant = summary.scores.variants.loc[entry.variant].to_dict()
    runtime = here.runtimes.of.get(entry.variant)
    timings = summary.rows.timings
    own = timings[timings["variant"] == entry.variant]
    site.renderer.page(
        "method.html",
        site.method_pages[entry.variant],
        section="methods",
        site=site,
        entry=entry,
        variant=variant,
        settings=_settings(str(variant["settings"])),
        metrics=[m for m in here.metrics if m.id in entry.qualities],
        suites=_suite_scores(site, entry),
        mean_rank=shown_mean_rank(entry, site.rank_digits),
        compared=len(here.support.compared),
        reached=here.support.reached,
        runtime=runtime,
        seconds=duration(runtime.median) if runtime else MISSING,
        quartiles=f"{duration(runtime.low_quartile)} – {duration(runtime.high_quartile)}"
        if runtime and runtime.cases > 1
        else "",
        memory=fixed(runtime.peak_bytes / 1e6, 0) if runtime else MISSING,
        setup=_median(own["setup_seconds"].to_numpy()),
        first=_median(own["first_seconds"].to_numpy()),
        examples=_examples(site, entry.variant, metric, chosen),
        example_metric=metric,
        failures=_failures(site, summary.rows, entry.variant),
        command=run_command(summary.rows, entry.variant),
        replay=replay_command(site.runs[0], chosen[0].case, entry.variant)
        if len(site.runs) == 1 and chosen
        else "",
        rule=here.support.rule(),
        provenance=_provenance(summary.rows, str(variant["key"])),
    )


def _settings(text: str) -> list[tuple[str, str]]:
    try:
        values: dict[str, Any] = json.loads(text)
    except ValueError:
        return [("settings", text)]
    return [(key, json.dumps(value).strip('"')) for key, value in values.items()]


def _suite_scores(site: Site, entry: Entry) -> list[_SuiteScores]:
    summary = site.summary
    metrics = [m for m in summary.overall.metrics if m.id in entry.qualities]
    found = []
    for name, here in [("All cases", summary.overall)] + [
        (str(suite.suite), suite) for suite in summary.suites
    ]:
        line = next(other for other in here.entries if other.variant == entry.variant)
        support = here.support
        found.append(
            _SuiteScores(
                name=name,
                rank=str(line.rank) if line.rank else MISSING,
                cases=len(support.cases),
                finished=f"{line.finished}/{support.reached}",
                scores=[shown_quality(line, m.id, site.digits[m.id]) for m in metrics],
            )
        )
    return found


def _examples(
    site: Site, variant: str, metric: MetricInfo | None, chosen: list[Highlight]
) -> list[tuple[str, list[_Example]]]:
    """Group a method's examples by suite."""
    if metric is None:
        return []
    cases = site.summary.scores.cases
    grouped: dict[str, list[_Example]] = {}
    for highlight in chosen:
        row = cases.loc[highlight.case]
        value = fixed(highlight.value, 1 if metric.unit == "dB" else 3)
        grouped.setdefault(highlight.suite, []).append(
            _Example(
                word=highlight.word,
                case=highlight.case,
                title=f"{row['dataset']} / {row['sample']}",
                page=site.case_pages[highlight.case],
                value=f"{metric.label} {value} {metric.unit}".strip(),
                pictures=site.pictures.of.get(highlight.case),
                result=site.pictures.result(highlight.case, variant),
                width=int(row["width"]),
                height=int(row["height"]),
            )
        )
    return list(grouped.items())


def _failures(site: Site, rows: RunRows, variant: str) -> list[_Failure]:
    cells = rows.cells[(rows.cells["variant"] == variant) & (rows.cells["status"] != "done")]
    found = []
    for (status, failure, message), group in cells.groupby(
        ["status", "failure", "message"], sort=False
    ):
        cases = [str(case) for case in group["case"]]
        found.append(
            _Failure(
                kind=str(failure if status == "failed" else status),
                message=str(message),
                count=len(cases),
                cases=[(case, site.case_pages[case]) for case in cases[:_CASES_NAMED]],
                more=max(0, len(cases) - _CASES_NAMED),
            )
        )
    return found


def _median(values: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    known = values[np.isfinite(values)]
    return duration(float(np.median(known))) if len(known) else MISSING


def _provenance(rows: RunRows, key: str) -> list[tuple[str, str]]:
    """Say what the method's results were made with."""
    return [("run", rows.name), ("output key", key), *notes.made_with(main_environment(rows))]
