"""A table ready to be written in any format, and how a terminal shows it."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from inpaintbench.errors import visible

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Group
    from rich.text import Text


@dataclass(frozen=True)
class Cell:
    """What one place of a table shows; plain text, escaped when written.

    Parameters
    ----------
    text : str
        The value.
    detail : str
        Its interval or spread, shown smaller.
    mark : str
        Symbols raised behind the value.
    best, second : bool
        Shown in bold or underlined.
    """

    text: str
    detail: str = ""
    mark: str = ""
    best: bool = False
    second: bool = False

    @property
    def place(self) -> str:
        """``best``, ``second`` or empty."""
        return "best" if self.best else "second" if self.second else ""


@dataclass(frozen=True)
class Column:
    """A column's head.

    Parameters
    ----------
    head : str
        What it shows.
    unit, arrow : str
        Unit and direction, or empty.
    group : str
        Heading over neighbouring columns, or empty.
    left : bool
        Aligned left, as text is.
    """

    head: str
    unit: str = ""
    arrow: str = ""
    group: str = ""
    left: bool = False

    @property
    def title(self) -> str:
        """Head with arrow and unit: ``PSNR ↑ (dB)``."""
        unit = f"({self.unit})" if self.unit else ""
        return " ".join(part for part in (self.head, self.arrow, unit) if part)


@dataclass(frozen=True)
class Block:
    """Rows under a heading of their own; the heading may be empty."""

    title: str
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, eq=False)
class Table:
    """A table with all it takes to read it.

    Parameters
    ----------
    kind : str
        What it is, in the words of ``inpaintbench table``.
    caption : str
        A sentence.
    columns : tuple of Column
    blocks : tuple of Block
    notes : tuple of str
        Sentences printed below: the rule of comparison first.
    frame : DataFrame
        The same in full precision, for CSV.
    """

    kind: str
    caption: str
    columns: tuple[Column, ...]
    blocks: tuple[Block, ...]
    notes: tuple[str, ...]
    frame: pd.DataFrame = field(repr=False)

    def __str__(self) -> str:
        """Write it as plain text, as a terminal of 120 columns shows it."""
        from rich.console import Console

        written = io.StringIO()
        Console(file=written, width=120, color_system=None, markup=False).print(draw(self, 120))
        return visible("\n".join(line.rstrip() for line in written.getvalue().splitlines()))

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Headings over columns with the number of columns below each; none where all are empty."""
        found = [
            (name, len(list(columns))) for name, columns in groupby(self.columns, lambda c: c.group)
        ]
        return found if any(name for name, _ in found) else []


WIDE = 100
"""Columns of a terminal from which intervals stand beside their means, not below."""


_LEAST_NAME = 13
"""Columns of a terminal that names have at least: that of a common method."""


_NARROW = {"Perception": "Percep-\ntion", "Fidelity": "Fidel-\nity", "Mean rank": "Mean\nrank"}
"""Heads that are broken in a narrow terminal."""


def draw(table: Table, width: int) -> Group:
    """Draw a table for a terminal of `width` columns, its notes below.

    In a narrow one intervals go below their means, and long names are broken.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table as Drawn
    from rich.text import Text

    drawn = Drawn(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    heads = Counter(column.head for column in table.columns)
    names = [len(row[0].text) for block in table.blocks for row in block.rows]
    least = min(max(names, default=0), _LEAST_NAME)
    for number, column in enumerate(table.columns):
        drawn.add_column(
            _head(column, heads[column.head] > 1, width < WIDE),
            justify="left" if column.left else "right",
            overflow="fold",
            no_wrap=not column.left and width >= WIDE,
            min_width=0 if number else least,
        )
    for block in table.blocks:
        if block.title:
            drawn.add_row(Text(block.title, "bold"))
        for row in block.rows:
            drawn.add_row(*(_text(cell, "\n" if width < WIDE else " ") for cell in row))
    notes = [Text(note, "dim") for note in table.notes]
    return Group(Text(table.caption.rstrip("."), "italic"), drawn, *notes)


def _head(column: Column, ambiguous: bool, narrow: bool) -> Text:
    """Write a head with its direction and unit, and its group where others have the same head."""
    from rich.text import Text

    name = _NARROW.get(column.head, column.head) if narrow else column.head
    above = f"{column.group}\n" if column.group and ambiguous else ""
    unit = f"\n({column.unit})" if column.unit else ""
    return Text(f"{above}{name}{f' {column.arrow}' if column.arrow else ''}{unit}")


def _text(cell: Cell, between: str) -> Text:
    from rich.text import Text

    text = Text()
    text.append(cell.text, " ".join(["bold"] * cell.best + ["underline"] * cell.second))
    text.append(cell.mark)
    if cell.detail:
        text.append(between + cell.detail.replace("± ", "±"), "dim")
    return text
