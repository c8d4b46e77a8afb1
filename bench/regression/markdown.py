"""Write a comparison in Markdown, for the comment of a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from inpaintbench.regression import words
from inpaintbench.regression.kinds import Gate, Verdict
from inpaintbench.regression.verdicts import Comparison, MethodComparison, failures
from inpaintbench.report.markdown import escape

_SIGNS = {
    Verdict.worse: "🔴",
    Verdict.improved: "🟢",
    Verdict.cant_tell: "🟡",
    Verdict.same: "⚪",
}
_HEADS = ("metric", "masks", "BASE → NEW", "change", "interval", "finds", "verdict")


def write(comparison: Comparison, gates: Sequence[Gate]) -> str:
    """Write the comparison: what differs first, a table of methods, the figures folded below."""
    failed = failures(comparison, gates)
    lines = [f"### inpaintbench: {words.outcome(failed)}", ""]
    lines.append(
        f"{escape(comparison.new)} against {escape(comparison.base)}, "
        f"{comparison.cases} cases in common."
    )
    notes = [*map(str, comparison.differences), *words.partners(comparison)]
    if notes:
        lines += ["", *(f"- ⚠️ {escape(note)}" for note in notes)]
    lines += ["", "| method | verdict | |", "| :-- | :-- | :-- |"]
    lines += [
        _row(escape(m.name), f"{_SIGNS[m.verdict]} {m.verdict}", escape(words.summary(m)))
        for m in comparison.methods
    ]
    for method in comparison.methods:
        if words.shown_figures(method) or method.moved:
            lines += _details(method)
    if failed:
        lines += ["", *(f"- ❌ {escape(line)}" for line in failed)]
    lines += ["", f"<sub>{escape(comparison.rule)}</sub>"]
    return "\n".join(lines) + "\n"


def _details(method: MethodComparison) -> list[str]:
    """Write a method's figures and moved cases, open where something is worse."""
    unfolded = " open" if method.verdict is Verdict.worse else ""
    lines = ["", f"<details{unfolded}><summary>{escape(method.name)}</summary>", ""]
    figures = words.shown_figures(method)
    if figures:
        lines += [_row(*_HEADS), _row(":--", ":--", "--:", "--:", "--:", "--:", ":--")]
    for figure in figures:
        cells = (
            words.head(figure),
            words.where(figure),
            words.means(figure),
            words.change(figure),
            words.interval(figure),
            words.finds(figure),
            words.verdict(figure),
        )
        lines.append(_row(*map(escape, cells)))
    if method.moved:
        lines += ["", "Cases that moved most:", ""]
        lines += [f"- {escape(words.movement(moved))}" for moved in method.moved]
    return [*lines, "", "</details>"]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
