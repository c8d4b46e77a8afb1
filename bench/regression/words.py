"""Figures, methods and movements in words, shared by every form of output."""

from __future__ import annotations

import math

from inpaintbench.regression.kinds import Verdict
from inpaintbench.regression.verdicts import (
    FINISHED,
    RUNTIME,
    Comparison,
    Figure,
    MethodComparison,
    Movement,
)
from inpaintbench.report.numbers import decimals, fixed, significant

ALL_SUITES = "all suites"


def head(figure: Figure) -> str:
    """Name a figure's metric with direction, smallest effect and unit: ``PSNR ↑ ±0.05 dB``."""
    if not figure.metric:
        return figure.label
    unit = figure.unit if figure.metric != RUNTIME else ""
    arrow = "↑" if figure.higher_is_better else "↓"
    return " ".join(text for text in (figure.label, arrow, effect(figure), unit) if text)


def where(figure: Figure) -> str:
    """Name a figure's mask suite."""
    return figure.suite or ALL_SUITES


def mean(figure: Figure, number: float) -> str:
    """Write a mean of BASE or NEW, or nothing where there is none."""
    if math.isnan(number):
        return ""
    if figure.metric == RUNTIME:
        return f"{significant(number, 3)} s"
    return fixed(number, 0 if figure.metric == FINISHED else _digits(figure))


def means(figure: Figure) -> str:
    """Write the means of BASE and NEW: ``25.31 → 25.14``."""
    return " → ".join(filter(None, (mean(figure, figure.base), mean(figure, figure.new))))


def change(figure: Figure) -> str:
    """Write the difference: ``-0.17``, or ``+20.1 %`` of the runtime."""
    if math.isnan(figure.difference):
        return ""
    if figure.metric == FINISHED:
        return f"{figure.difference:+.0f}"
    return _signed(figure, figure.difference)


def interval(figure: Figure) -> str:
    """Write the interval of the difference, or nothing where there is none."""
    if figure.metric == FINISHED or math.isnan(figure.low):
        return ""
    return f"[{_signed(figure, figure.low)}, {_signed(figure, figure.high)}]"


def effect(figure: Figure) -> str:
    """Write the smallest effect that matters."""
    if figure.metric == FINISHED or math.isnan(figure.effect):
        return ""
    return f"±{100 * figure.effect:g} %" if figure.metric == RUNTIME else f"±{figure.effect:.2g}"


def finds(figure: Figure) -> str:
    """Write the smallest change that would be told, or nothing where that isn't known."""
    if math.isnan(figure.detectable):
        return ""
    if figure.metric == RUNTIME:
        return f"±{100 * figure.detectable:.2g} %"
    return f"±{figure.detectable:.2g}"


def verdict(figure: Figure) -> str:
    """Write the verdict with its reason."""
    return f"{figure.verdict} ({figure.reason})" if figure.reason else str(figure.verdict)


def change_in_words(figure: Figure) -> str:
    """Write all of a figure but its name: ``25.3 → 25.1, -0.17 [-0.19, -0.15], ±0.05``."""
    difference = f"{change(figure)} {interval(figure)}".strip()
    parts = (means(figure), difference, effect(figure), figure.reason)
    return ", ".join(text for text in parts if text)


def summary(method: MethodComparison) -> str:
    """Say how many outputs are equal, and how many figures have which verdict."""
    if not method.common:
        outputs = "no case finished in both"
    elif method.outputs_equal:
        outputs = f"all {method.common} outputs equal"
    else:
        outputs = f"{method.equal} of {method.common} outputs equal"
    runtime = method.runtime
    counts = [
        f"{method.count(kind)} {kind}"
        for kind in (Verdict.worse, Verdict.improved, Verdict.cant_tell)
        if method.count(kind)
    ]
    time = f"runtime {change(runtime)} ({verdict(runtime)})" if runtime else ""
    return "; ".join(text for text in (outputs, ", ".join(counts), time) if text)


def shown_figures(method: MethodComparison) -> tuple[Figure, ...]:
    """Return the figures worth a line: all, or where outputs are equal what isn't settled by it."""
    if not method.outputs_equal:
        return method.figures
    told = (Verdict.worse, Verdict.improved)
    return tuple(f for f in method.figures if f.verdict in told or not f.metric)


def movement(moved: Movement) -> str:
    """Say where a case is and how it moved."""
    place = f"{moved.place}, {moved.suite} ({moved.kind}), case {moved.new_case}"
    if moved.message:
        return f"{place}: no longer finishes: {moved.message}"
    scores = [f"{label} {old:.4g} → {now:.4g}" for label, (old, now) in moved.scores.items()]
    return f"{place}: {', '.join(scores)}"


def partners(comparison: Comparison) -> list[str]:
    """Say which methods only one of the runs has."""
    return [
        f"only in {run}: {', '.join(names)}"
        for run, names in (("BASE", comparison.only_base), ("NEW", comparison.only_new))
        if names
    ]


def outcome(lines: list[str]) -> str:
    """Say in a line whether the comparison passes; `lines` are what fails it."""
    if not lines:
        return "passes"
    return f"fails on {len(lines)} count{'' if len(lines) == 1 else 's'}"


def _digits(figure: Figure) -> int:
    half = (figure.high - figure.low) / 2
    return max(decimals([half], otherwise=4), 2 if figure.unit == "dB" else 4)


def _signed(figure: Figure, number: float) -> str:
    if figure.metric == RUNTIME:
        return f"{100 * number:+.1f} %"
    text = fixed(number, _digits(figure))
    return f"+{text}" if number > 0 and float(text) else text
