r"""Write a table in LaTeX with booktabs: ``\usepackage{booktabs}`` is all that it needs."""

from __future__ import annotations

import re

from inpaintbench.report.table import Cell, Table

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "^": r"\textasciicircum{}",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "%": r"\%",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\ttfamily\char34}",
    "`": r"\textasciigrave{}",
    "±": r"$\pm$",
    "≈": r"$\approx$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "×": r"$\times$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
    "–": "--",
    "…": r"\ldots{}",
    "−": "$-$",
    "\N{ZERO WIDTH SPACE}": "{}",
}
_LIGATURE = re.compile("-(?=-)")
_PATTERN = re.compile("[" + re.escape("".join(_SPECIAL)) + "]")


def escape(text: str) -> str:
    """Make any text safe in LaTeX: on one line, without control characters or ligatures."""
    text = "".join(c if c.isprintable() else " " for c in text)
    # a space of no width between two hyphens, which would become a dash
    text = _LIGATURE.sub("-\N{ZERO WIDTH SPACE}", " ".join(text.split()))
    return _PATTERN.sub(lambda match: _SPECIAL[match[0]], text)


def write(table: Table) -> str:
    """Write the table, its caption and its notes as a ``table*`` environment."""
    layout = "".join("l" if column.left else "r" for column in table.columns)
    lines = [
        "% needs \\usepackage{booktabs}",
        r"\begin{table*}[t]",
        r"\centering",
        r"\footnotesize",
        r"\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{escape(table.caption)}}}",
        rf"\label{{tab:inpaintbench-{table.kind}}}",
        rf"\begin{{tabular}}{{@{{}}{layout}@{{}}}}",
        r"\toprule",
        *_heads(table),
        r"\midrule",
    ]
    for number, block in enumerate(table.blocks):
        if block.title:
            if number:
                lines.append(r"\addlinespace")
            span, title = len(table.columns), escape(block.title)
            lines.append(rf"\multicolumn{{{span}}}{{@{{}}l}}{{\textit{{{title}}}}} \\")
        lines += [" & ".join(_cell(cell) for cell in row) + r" \\" for row in block.rows]
    lines += [r"\bottomrule", r"\end{tabular}"]
    if table.notes:
        lines += ["", r"\smallskip", r"\begin{minipage}{\linewidth}\scriptsize"]
        lines += [rf"{escape(note)}\par" for note in table.notes]
        lines.append(r"\end{minipage}")
    lines.append(r"\end{table*}")
    return "\n".join(lines) + "\n"


def _heads(table: Table) -> list[str]:
    lines = []
    if table.groups:
        heads, rules, position = [], [], 1
        for name, span in table.groups:
            if name:
                heads.append(rf"\multicolumn{{{span}}}{{c}}{{{escape(name)}}}")
                rules.append(rf"\cmidrule(lr){{{position}-{position + span - 1}}}")
            else:
                heads.append(" & " * (span - 1))
            position += span
        lines += [" & ".join(heads) + r" \\", " ".join(rules)]
    titles = (escape(column.title) for column in table.columns)
    lines.append(" & ".join(titles) + r" \\")
    return lines


def _cell(cell: Cell) -> str:
    text = escape(cell.text)
    if cell.best:
        text = rf"\textbf{{{text}}}"
    if cell.second:
        text = rf"\underline{{{text}}}"
    if cell.mark:
        text += rf"\textsuperscript{{{escape(cell.mark)}}}"
    if cell.detail:
        text += rf" {{\scriptsize {escape(cell.detail)}}}"
    # Braces keep a leading [ from being read as the argument of the row end before it.
    return f"{{}}{text}" if text.startswith("[") else text
