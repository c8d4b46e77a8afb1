"""A table ready to be written in any format."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


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

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Headings over columns with the number of columns below each; none where all are empty."""
        found = [
            (name, len(list(columns))) for name, columns in groupby(self.columns, lambda c: c.group)
        ]
        return found if any(name for name, _ in found) else []
