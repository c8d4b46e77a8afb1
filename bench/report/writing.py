"""Write every table and figure of a run into a directory."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from inpaintbench.folder import REPORT_FILES, Folder
from inpaintbench.images.files import write_whole
from inpaintbench.report import tables
from inpaintbench.report.figures import NothingToShow, Request, applied, draw, save
from inpaintbench.report.frames import quality_frame
from inpaintbench.report.kinds import REPORT_TABLES, FigureKind, Format, TableKind
from inpaintbench.report.pictures import Pictures
from inpaintbench.report.posterior import has_exact_answers
from inpaintbench.report.summary import Summary
from inpaintbench.storage.rows import RunRows


def write_report(
    summary: Summary, directory: Path, pictures: Pictures | None, state: str = ""
) -> list[Path]:
    """Write the tables and figures of a run.

    Tables go to ``tables/`` (CSV in full precision, Markdown, LaTeX, HTML), figures in the paper
    style over two columns to ``figures/`` (PNG and PDF), with ``captions.txt``, which says too
    why others aren't drawn. What an earlier report left that this run can't fill is removed.

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
    _write_tables(summary, folder)
    _write_figures(summary, folder, pictures)
    return folder.finish(state)


def _write_tables(summary: Summary, folder: Folder) -> None:
    """Write the tables that say something in every format."""
    finished = len(summary.rows.cells) and (summary.rows.cells["status"] == "done").all()
    says_nothing = {
        TableKind.failures: finished,
        TableKind.draws: not summary.draws,
        TableKind.posterior: not has_exact_answers(summary),
        TableKind.coverage: len(summary.coverages) < 2,
        TableKind.thickness: len(summary.thicknesses) < 2,
        TableKind.suites: summary.overall.ranking is None,
        TableKind.pairs: summary.overall.ranking is None,
    }
    for kind in REPORT_TABLES:
        if says_nothing.get(kind):
            continue
        styles = {tables.usual_intervals(format) for format in Format}
        made = {style: tables.make(kind, summary, style) for style in styles}
        for format in Format:
            text = tables.render(made[tables.usual_intervals(format)], format)
            folder.text(f"tables/{kind}{format.suffix}", text)
    standings = [summary.overall, *summary.suites, *summary.groups]
    text = quality_frame(standings).to_csv(index=False, lineterminator="\n")
    folder.text("tables/quality.csv", text)


def _write_figures(summary: Summary, folder: Folder, pictures: Pictures | None) -> None:
    captions = []
    request = Request(summary, pictures=pictures)
    with applied(request.style):
        for kind in FigureKind:
            try:
                drawing = draw(kind, request)
            except NothingToShow as reason:
                captions.append(f"{kind}: not drawn: {reason}\n")
                continue
            for suffix in (".png", ".pdf"):
                save(drawing.figure, folder.place(f"figures/{kind}{suffix}"))
            captions.append(f"{kind}: {drawing.caption}\n")
    folder.text("figures/captions.txt", "\n".join(captions))


def write_provenance(rows: RunRows, directory: Path) -> Path:
    """Write where a run's rows come from into ``provenance.json`` beside them."""
    path = directory / "provenance.json"
    known = asdict(rows.provenance)
    content = {
        "name": rows.name,
        **{name: value for name, value in known.items() if value},
        "environments": [{"id": id} | asdict(made) for id, made in rows.environments.items()],
    }
    write_whole(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return path
