"""Write every table and figure of a run into a directory, with a page that shows them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from inpaintbench.report import html, tables
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


def write_report(summary: Summary, directory: Path, pictures: Pictures | None) -> list[Path]:
    """Write the tables and figures of a run.

    Tables go to ``tables/`` (CSV in full precision, Markdown, LaTeX, HTML), figures in the paper
    style over two columns to ``figures/`` (PNG and PDF), and ``index.html`` shows them all.
    What an earlier report left that this run can't fill is removed.

    Parameters
    ----------
    summary : Summary
        The run.
    directory : Path
        Where to write; made where it isn't there.
    pictures : Pictures or None
        Its pictures; None leaves the picture grid out.

    Returns
    -------
    list of Path
        Every file written.
    """
    written, shown = _write_tables(summary, directory / "tables")
    figures, drawn, absent = _write_figures(summary, directory / "figures", pictures)
    written += figures
    page = directory / "index.html"
    _write(page, _page(summary.rows, shown, drawn, absent))
    _remove_outdated(directory, written)
    return [*written, page]


def _write_tables(summary: Summary, directory: Path) -> tuple[list[Path], list[_WrittenTable]]:
    written, shown = [], []
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
            path = directory / f"{kind}{format.suffix}"
            _write(path, tables.render(made[tables.usual_intervals(format)], format))
            written.append(path)
        page = html.write(made[tables.usual_intervals(Format.html)])
        shown.append(_WrittenTable(kind, page, tuple(format.suffix for format in Format)))
    path = directory / "quality.csv"
    standings = [summary.overall, *summary.suites, *summary.groups]
    _write(path, quality_frame(standings).to_csv(index=False, lineterminator="\n"))
    return [*written, path], shown


def _write_figures(
    summary: Summary, directory: Path, pictures: Pictures | None
) -> tuple[list[Path], list[_WrittenFigure], list[tuple[str, str]]]:
    written, drawn, absent = [], [], []
    request = Request(summary, pictures=pictures)
    with applied(request.style):
        for kind in FigureKind:
            try:
                drawing = draw(kind, request)
            except NothingToShow as reason:
                absent.append((str(kind), str(reason)))
                continue
            for suffix in (".png", ".pdf"):
                path = directory / f"{kind}{suffix}"
                save(drawing.figure, path)
                written.append(path)
            drawn.append(_WrittenFigure(kind, drawing.caption))
    return written, drawn, absent


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
        provenance=list(rows.provenance.items()),
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _remove_outdated(directory: Path, written: list[Path]) -> None:
    """Remove the tables and figures of an earlier report that weren't written again."""
    names = [f"tables/{kind}{format.suffix}" for kind in REPORT_TABLES for format in Format]
    names += [f"figures/{kind}{suffix}" for kind in FigureKind for suffix in (".png", ".pdf")]
    for path in (directory / name for name in names):
        if path not in written:
            path.unlink(missing_ok=True)
