"""Write a table as an HTML fragment: a figure with the table and its notes."""

from __future__ import annotations

from html import escape
from itertools import groupby

from inpaintbench.report.table import Cell, Column, Table


def write(table: Table) -> str:
    """Write the table with its caption above and its notes below."""
    lines = [
        f'<figure class="inpaintbench {escape(table.kind)}">',
        "<table>",
        f"<caption>{escape(table.caption)}</caption>",
        "<thead>",
        *_heads(table.columns),
        "</thead>",
    ]
    for block in table.blocks:
        lines.append("<tbody>")
        if block.title:
            lines.append(
                f'<tr><th colspan="{len(table.columns)}" scope="rowgroup">{escape(block.title)}'
                "</th></tr>"
            )
        lines += [_row(row, table.columns) for row in block.rows]
        lines.append("</tbody>")
    lines.append("</table>")
    if table.notes:
        notes = "".join(f"<p>{escape(note)}</p>" for note in table.notes)
        lines.append(f"<figcaption>{notes}</figcaption>")
    lines.append("</figure>")
    return "\n".join(lines) + "\n"


def _heads(columns: tuple[Column, ...]) -> list[str]:
    lines = []
    if any(column.group for column in columns):
        spans = [(name, len(list(group))) for name, group in groupby(columns, lambda c: c.group)]
        cells = (
            f'<th colspan="{span}" scope="colgroup">{escape(name)}</th>'
            if name
            else f'<td colspan="{span}"></td>'
            for name, span in spans
        )
        lines.append(f"<tr>{''.join(cells)}</tr>")
    cells = (
        f'<th scope="col" style="text-align:{"left" if column.left else "right"}">'
        f"{escape(column.title)}</th>"
        for column in columns
    )
    lines.append(f"<tr>{''.join(cells)}</tr>")
    return lines


def _row(row: tuple[Cell, ...], columns: tuple[Column, ...]) -> str:
    cells = []
    for position, (cell, column) in enumerate(zip(row, columns, strict=True)):
        if position == 0:
            cells.append(f'<th scope="row" style="text-align:left">{_cell(cell)}</th>')
        else:
            side = "left" if column.left else "right"
            cells.append(f'<td style="text-align:{side}">{_cell(cell)}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def _cell(cell: Cell) -> str:
    text = escape(cell.text)
    if cell.best:
        text = f"<strong>{text}</strong>"
    if cell.second:
        text = f"<u>{text}</u>"
    if cell.mark:
        text += f"<sup>{escape(cell.mark)}</sup>"
    return f"{text} <small>{escape(cell.detail)}</small>" if cell.detail else text
