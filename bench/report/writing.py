"""Write every table and figure of a run into a directory, with a page that shows them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from inpaintbench.folder import REPORT_FILES, Folder
from inpaintbench.report import html, notes, tables
from inpaintbench.report.figures import NothingToShow, Request, applied, draw, save
from inpaintbench.report.frames import quality_frame
from inpaintbench.report.kinds import REPORT_TABLES, FigureKind, Format, TableKind
from inpaintbench.report.pictures import Pictures
from inpaintbench.report.summary import Summary
from inpaintbench.storage.rows import RunRows

_STYLES = {tables.usual_intervals(format) for format in Format}
"""How the formats show intervals."""


@dataclass(frozen=True)
class _WrittenTable:
    """A table as the page shows it."""

    kind: str
    html: str
    suffixes: tuple[str, ...]

    @property
    def first(self) -> bool:
        """Whether it stands at the top of the page."""
        return self.kind == TableKind.leaderboard


@dataclass(frozen=True)
class _WrittenFigure:
    kind: str
    caption: str


def write_report(
    summary: Summary, directory: Path, pictures: Pictures | None, state: str = ""
) -> list[Path]:
    """Write the tables and figures of a run.

    Tables go to ``tables/`` (CSV in full precision, Markdown, LaTeX, HTML), figures in the paper
    style over two columns to ``figures/`` (PNG and PDF), and ``index.html`` shows them all.
    What an earlier report left that this run can't fill is removed.

    Parameters
    ----------
    summary : Summary
        The run.
    directory : Path
        Where to write; made where it isn't there. What else lies there is left alone.
    pictures : Pictures or None
        Its pictures; None leaves the picture grid out.
    state : str
        State of the run's database, for `folder.made_from`.

    Returns
    -------
    list of Path
        Every file written.
    """
    folder = Folder(directory, REPORT_FILES)
    shown = _write_tables(summary, folder)
    drawn, absent = _write_figures(summary, folder, pictures)
    folder.text("index.html", _page(summary.rows, shown, drawn, absent))
    return folder.finish(state)


def _write_tables(summary: Summary, folder: Folder) -> list[_WrittenTable]:
    shown = []
    finished = len(summary.rows.cells) and (summary.rows.cells["status"] == "done").all()
    says_nothing = {
        TableKind.failures: finished,
        TableKind.draws: not summary.draws,
        TableKind.coverage: len(summary.coverages) < 2,
        TableKind.thickness: len(summary.thicknesses) < 2,
        TableKind.suites: summary.overall.ranking is None,
        TableKind.pairs: summary.overall.ranking is None,
    }
    for kind in REPORT_TABLES:
        if says_nothing.get(kind):
            continue
        made = {style: tables.make(kind, summary, style) for style in _STYLES}
        for format in Format:
            text = tables.render(made[tables.usual_intervals(format)], format)
            folder.text(f"tables/{kind}{format.suffix}", text)
        page = html.write(made[tables.usual_intervals(Format.html)])
        shown.append(_WrittenTable(kind, page, tuple(format.suffix for format in Format)))
    standings = [summary.overall, *summary.suites, *summary.groups]
    text = quality_frame(standings).to_csv(index=False, lineterminator="\n")
    folder.text("tables/quality.csv", text)
    return shown


def _write_figures(
    summary: Summary, folder: Folder, pictures: Pictures | None
) -> tuple[list[_WrittenFigure], list[tuple[str, str]]]:
    drawn, absent = [], []
    request = Request(summary, pictures=pictures)
    with applied(request.style):
        for kind in FigureKind:
            try:
                drawing = draw(kind, request)
            except NothingToShow as reason:
                absent.append((str(kind), str(reason)))
                continue
            for suffix in (".png", ".pdf"):
                save(drawing.figure, folder.place(f"figures/{kind}{suffix}"))
            drawn.append(_WrittenFigure(kind, drawing.caption))
    return drawn, absent


def _page(
    rows: RunRows,
    shown: list[_WrittenTable],
    drawn: list[_WrittenFigure],
    absent: list[tuple[str, str]],
) -> str:
    from jinja2 import Environment, PackageLoader
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("inpaintbench.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # the tables come escaped
    safe = [replace(table, html=Markup(table.html)) for table in shown]
    return environment.get_template("overview.html").render(
        name=rows.name,
        tables=safe,
        figures=drawn,
        absent=absent,
        provenance=notes.origin(rows),
    )
