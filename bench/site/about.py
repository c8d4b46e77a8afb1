"""The page about the run: how it is compared, where it comes from, and its data."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from inpaintbench.plugins.specification import without_folders
from inpaintbench.report import html, notes, tables
from inpaintbench.report.frames import pair_frame, standing_frame, suite_frame
from inpaintbench.report.kinds import TableKind
from inpaintbench.report.pictures import missing_words
from inpaintbench.site.site import Site
from inpaintbench.storage.rows import RunRows

_METHODS_IN_PAIRS = 15
"""With more methods, the table of all pairs is too long to read; it is offered as CSV alone."""


def write_about(site: Site) -> None:
    """Write ``about.html`` and the tables that it offers."""
    summary, rows = site.summary, site.summary.rows
    for name, frame in {
        "leaderboard": standing_frame([summary.overall]),
        "suites": suite_frame(summary.suites),
        "pairs": pair_frame([summary.overall], main=True),
        "cases": rows.cases,
        "scores": wide_scores(rows),
    }.items():
        site.folder.text(f"tables/{name}.csv", frame.to_csv(index=False, lineterminator="\n"))
    several = 1 < len(summary.overall.order) <= _METHODS_IN_PAIRS
    site.page(
        "about.html",
        "about.html",
        section="about",
        rules=tables.make(TableKind.leaderboard, summary).notes,
        metrics=rows.metrics.to_dict("records"),
        provenance=[(name, without_folders(text)) for name, text in notes.origin(rows)],
        missing=missing_words(site.pictures.missing.values()),
        # the table comes escaped
        pairs=Markup(html.write(tables.make(TableKind.pairs, summary))) if several else "",
    )


def wide_scores(rows: RunRows) -> pd.DataFrame:
    """Arrange scores with a row for each cell and a column for each metric."""
    scores = rows.scores.pivot(index=["case", "variant"], columns="metric", values="value")
    known = [metric for metric in rows.metrics["metric"] if metric in scores.columns]
    return rows.cells.drop(columns="seconds").merge(
        scores[known].reset_index(), on=["case", "variant"], how="left"
    )
