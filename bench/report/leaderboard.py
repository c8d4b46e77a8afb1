"""The leaderboard in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inpaintbench.report import tables
from inpaintbench.report.kinds import IntervalStyle
from inpaintbench.report.summary import Summary
from inpaintbench.report.table import Cell
from inpaintbench.storage.rows import RunRows

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text


def leaderboard_table(rows: RunRows) -> Table:
    """Make the table that ends ``inpaintbench run``; five methods fit into 100 columns."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    summary = Summary(rows)
    table = tables.leaderboard(summary, IntervalStyle.plus_minus, brief=True)
    drawn = RichTable(
        title=Text(table.caption.rstrip(".")),
        caption=Text("\n".join(table.notes), style="dim"),
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    wrapped = {"Mean rank", *(metric.label for metric in summary.overall.main)}
    for column in table.columns:
        head = " ".join(part for part in (column.head, column.arrow) if part)
        drawn.add_column(
            Text(f"{head}\n({column.unit})" if column.unit else head),
            justify="left" if column.left else "right",
            overflow="fold",
            # where a terminal is narrow, intervals go below their means
            no_wrap=column.head not in wrapped,
            min_width=6 if column.head in wrapped else None,
        )
    for block in table.blocks:
        for row in block.rows:
            drawn.add_row(*map(_text, row))
    return drawn


def _text(cell: Cell) -> Text:
    from rich.text import Text

    text = Text()
    text.append(cell.text, " ".join(["bold"] * cell.best + ["underline"] * cell.second))
    text.append(cell.mark)
    if cell.detail:
        text.append(f" {cell.detail.replace('± ', '±')}", "dim")
    return text
