"""Write a table in Markdown, as GitHub renders it."""

from __future__ import annotations

import re
from collections import Counter

from inpaintbench.report.table import Cell, Column, Table


def escape(text: str) -> str:
    """Make any text safe in a Markdown table: no markup, no HTML, no new column or line."""
    text = " ".join(text.split())
    text = re.sub(r"([\\`*_\[\]#|~$])", r"\\\1", text)
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("@", "&#64;")):
        text = text.replace(character, entity)
    return text


def write(table: Table) -> str:
    """Write the table with its caption above and its notes below."""
    titles = Counter(column.title for column in table.columns)
    heads = [_head(column, titles[column.title] > 1) for column in table.columns]
    rules = [":--" if column.left else "--:" for column in table.columns]
    lines = [f"**{escape(table.caption)}**", "", _row(heads), _row(rules)]
    for block in table.blocks:
        if block.title:
            empty = [""] * (len(heads) - 1)
            lines.append(_row([f"**{escape(block.title)}**", *empty]))
        lines += [_row([_cell(cell) for cell in row]) for row in block.rows]
    for note in table.notes:
        lines += ["", escape(note)]
    return "\n".join(lines) + "\n"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _head(column: Column, ambiguous: bool) -> str:
    """Write a head, with its group where other groups have the same head."""
    title = f"{column.group}: {column.title}" if column.group and ambiguous else column.title
    return escape(title)


def _cell(cell: Cell) -> str:
    text = escape(cell.text)
    if cell.best:
        text = f"**{text}**"
    if cell.second:
        text = f"<ins>{text}</ins>"
    if cell.mark:
        text += f"<sup>{escape(cell.mark)}</sup>"
    return f"{text} {escape(cell.detail)}" if cell.detail else text
