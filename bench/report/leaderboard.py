"""The leaderboard in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inpaintbench.report import tables
from inpaintbench.report.kinds import IntervalStyle
from inpaintbench.report.summary import Summary
from inpaintbench.report.table import Cell

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text


WIDE = 100
"""Columns of a terminal from which intervals stand beside their means, not below."""


_NARROW = {"Perception": "Percep-\ntion", "Fidelity": "Fidel-\nity", "Mean rank": "Mean\nrank"}
"""Heads that are broken in a narrow terminal."""


def leaderboard_table(summary: Summary, width: int) -> Table:
    """Make the table that ends ``inpaintbench run``, for a terminal of `width` columns.

    In a narrow one intervals go below their means, and long names are broken.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    table = tables.leaderboard(summary, IntervalStyle.plus_minus, brief=True)
    drawn = RichTable(
        title=Text(table.caption.rstrip(".")),
        caption=Text("\n".join(table.notes), style="dim"),
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for column in table.columns:
        name = _NARROW.get(column.head, column.head) if width < WIDE else column.head
        head = " ".join(part for part in (name, column.arrow) if part)
        drawn.add_column(
            Text(f"{head}\n({column.unit})" if column.unit else head),
            justify="left" if column.left else "right",
            overflow="fold",
            no_wrap=column.head != "Method",
        )
    for block in table.blocks:
        for row in block.rows:
            drawn.add_row(*(_text(cell, "\n" if width < WIDE else " ") for cell in row))
    return drawn


def _text(cell: Cell, between: str) -> Text:
    from rich.text import Text

    text = Text()
    text.append(cell.text, " ".join(["bold"] * cell.best + ["underline"] * cell.second))
    text.append(cell.mark)
    if cell.detail:
        text.append(between + cell.detail.replace("± ", "±"), "dim")
    return text
