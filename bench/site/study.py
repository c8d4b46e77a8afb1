"""The page of a study: what people chose, and how well metrics predict it."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from inpaintbench.errors import BenchError
from inpaintbench.report import html
from inpaintbench.report.figures.style import STYLES, applied
from inpaintbench.report.kinds import StyleName
from inpaintbench.site.plots import write_plot
from inpaintbench.site.site import Site
from inpaintbench.storage.rows import RunRows
from inpaintbench.study import tables
from inpaintbench.study.agreement import AgreementResult, read_agreement
from inpaintbench.study.results import StudyResult, read_fit


def read_study(directory: Path, rows: RunRows) -> tuple[StudyResult, AgreementResult | None]:
    """Read what people said of the methods of a run, and how well metrics predict it, if known.

    Raises
    ------
    BenchError
        When it is of a method that the site doesn't show, or the files are missing or damaged.
    """
    result = read_fit(directory)
    here = set(rows.variants["variant"])
    for one in result.strengths:
        if one.method not in here:
            raise BenchError(
                f"{directory}: isn't a study of these methods: the site has no {one.method!r}"
            )
    return result, read_agreement(directory)


def write_study(site: Site, result: StudyResult, agreement: AgreementResult | None) -> None:
    """Write ``study.html`` and the tables that it offers."""
    with applied(STYLES[StyleName.web]):
        figure = tables.strength_figure(result, StyleName.web)
        plot = write_plot(site.folder, "strengths", "Strengths", tables.caption(result), figure)
    made = [tables.strength_table(result)]
    if agreement:
        made.append(tables.agreement_table(agreement))
    for table in made:
        site.folder.text(
            f"tables/{table.kind}.csv", table.frame.to_csv(index=False, lineterminator="\n")
        )
    site.page(
        "study.html",
        "study.html",
        section="study",
        result=result,
        plot=plot,
        # tables come escaped
        tables=[(table.kind, Markup(html.write(table))) for table in made],
    )
