"""Write what a study found into a directory: tables, a figure, and JSON to read again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from inpaintbench.images.files import write_whole
from inpaintbench.report import markdown
from inpaintbench.report.figures.style import STYLES, applied, save
from inpaintbench.report.kinds import StyleName
from inpaintbench.report.table import Table
from inpaintbench.study import tables
from inpaintbench.study.agreement import AgreementResult, write_agreement
from inpaintbench.study.results import StudyResult, write_fit

if TYPE_CHECKING:
    import pandas as pd


def write_results(directory: Path, result: StudyResult) -> list[Path]:
    """Write ``strengths`` and ``raters`` as tables, ``pairs.csv``, the figure, ``fit.json``."""
    import pandas as pd

    written = _write_table(directory, tables.strength_table(result))
    written += _write_table(directory, tables.rater_table(result))
    written.append(directory / "pairs.csv")
    write_whole(written[-1], _csv(pd.DataFrame(tables.pair_rows(result))))
    with applied(STYLES[StyleName.paper]):
        figure = tables.strength_figure(result)
        for suffix in (".png", ".pdf"):
            written.append(directory / f"strengths{suffix}")
            save(figure, written[-1])
    return [*written, write_fit(directory, result)]


def write_predictions(directory: Path, result: AgreementResult) -> list[Path]:
    """Write ``agreement`` as a table and as ``agreement.json``."""
    table = _write_table(directory, tables.agreement_table(result))
    return [*table, write_agreement(directory, result)]


def _write_table(directory: Path, table: Table) -> list[Path]:
    paths = [directory / f"{table.kind}.md", directory / f"{table.kind}.csv"]
    for path, text in zip(paths, (markdown.write(table), _csv(table.frame)), strict=True):
        write_whole(path, text)
    return paths


def _csv(frame: pd.DataFrame) -> str:
    return str(frame.to_csv(index=False, lineterminator="\n"))
