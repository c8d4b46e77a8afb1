"""The tables and the figure of a fitted study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from inpaintbench.report.figures.style import BAND, INK, STYLES, looks, shortened
from inpaintbench.report.kinds import StyleName
from inpaintbench.report.numbers import MISSING, decimals, fixed, percent
from inpaintbench.report.table import Block, Cell, Column, Table
from inpaintbench.statistics.bootstrap import LEVEL
from inpaintbench.study.agreement import AgreementResult
from inpaintbench.study.results import RaterResult, StudyResult
from inpaintbench.study.votes import number_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CLUSTERED = f"Intervals: {percent(LEVEL)}, clustered by rater and by image."


def strength_table(result: StudyResult) -> Table:
    """Make the table of methods, best first."""
    import pandas as pd

    found = result.strengths
    known = [(one.low, one.high) for one in found]
    digits = decimals((((high or 0) - (low or 0)) / 2 for low, high in known), 2)
    rows = tuple(
        (
            Cell(str(one.rank)),
            Cell(one.method),
            Cell(fixed(one.strength, digits), _interval(one.low, one.high, digits)),
            Cell(one.group),
            Cell(_share(_preferred(one.chosen, one.tied, one.passed_over))),
            *(Cell(str(number)) for number in (one.chosen, one.tied, one.passed_over)),
        )
        for one in found
    )
    frame = pd.DataFrame([{**asdict(one), **asdict(one.rank)} for one in found])
    return Table(
        kind="strengths",
        caption=f"{result.question} Methods by the votes of "
        f"{number_of(result.counted_raters, 'rater')}.",
        columns=(
            Column("Rank"),
            Column("Method", left=True),
            Column("Strength", arrow="↑"),
            Column("Tied", left=True),
            Column("Preferred"),
            *map(Column, ("Chosen", "Can't say", "Other chosen")),
        ),
        blocks=(Block("", rows),),
        notes=tuple(notes(result)),
        frame=frame.drop(columns=["rank"]).assign(rank=[one.rank.rank for one in found]),
    )


def notes(result: StudyResult) -> list[str]:
    """Say what the numbers of a fit are over and what they mean."""
    left_out = [rater for rater in result.raters if rater.left_out]
    names = ", ".join(f"{rater.rater} ({rater.left_out})" for rater in left_out)
    few = any(one.low is None for one in result.strengths) and result.ties < 1
    said = [
        f"Over {number_of(result.votes, 'vote')} on {number_of(result.cases, 'case')} of "
        f"{number_of(result.images, 'image')}. {_CLUSTERED}"
        + (" None with fewer than three raters or images." if few else ""),
        "Strength: Davidson's model of choices with ties, in logits, the mean being 0; a "
        "difference of 1 means chosen 2.7 times as often. Methods of equal strength get "
        f"\u201ccan't say\u201d in {percent(result.ties)} of votes.",
        "Rank: 1 + the number of methods that are demonstrably better (Wald's test of the "
        "difference, corrected by Holm), to the last place it may take. Methods that share a "
        "letter can't be told apart. Preferred: chosen, \u201ccan't say\u201d counting half.",
        _agreement(result),
        f"{result.rule} {f'Left out: {names}.' if left_out else 'Nobody was left out.'}",
    ]
    if result.left_side is not None:
        said.append(f"{_share(result.left_side)} of choices are of the picture on the left.")
    if not any(one.chosen for one in result.strengths):
        said.append("No vote prefers a result: strengths are 0, and how sure they are isn't known.")
    elif not result.finite:
        said.append(
            "Strengths would be infinite, as of a method that won or lost every vote; half a vote "
            "each way was added to each pair that was compared, and intervals are rough."
        )
    if result.superseded:
        said.append(
            "Passed over, since another file of the same rater holds more votes, or was named "
            f"later: {len(result.superseded)}."
        )
    return said


def _agreement(result: StudyResult) -> str:
    alpha = "" if result.alpha is None else f"Krippendorff's alpha {fixed(result.alpha, 2)}"
    if result.agreement is not None:
        return (
            f"Of two votes on one pair that prefer a result, {_share(result.agreement)} prefer the "
            f"same ({alpha}, 0 is chance)."
        )
    if alpha:
        return f"No two votes on one pair both prefer a result ({alpha}, 0 is chance)."
    return (
        "No two raters voted on the same pair, or none of them preferred a result there, so "
        "nothing is known of their agreement."
    )


def rater_table(result: StudyResult) -> Table:
    """Make the table of raters."""
    import pandas as pd

    rows = tuple(
        (
            Cell(named(one)),
            Cell(str(one.votes)),
            Cell(f"{one.right}/{one.trivial}"),
            Cell(f"{one.kept_to}/{one.repeats}"),
            Cell(_share(one.left_side)),
            Cell(_share(one.cant_say)),
            Cell(MISSING if one.seconds is None else fixed(one.seconds, 1)),
            Cell(one.left_out or "yes"),
        )
        for one in result.raters
    )
    heads = ("Votes", "Truth chosen", "Kept to repeated", "Left side", "Can't say")
    return Table(
        kind="raters",
        caption="Raters and their attention checks.",
        columns=(
            Column("Rater", left=True),
            *map(Column, heads),
            Column("Median time", unit="s"),
            Column("Counts", left=True),
        ),
        blocks=(Block("", rows),),
        notes=(result.rule,),
        frame=pd.DataFrame(map(asdict, result.raters)),
    )


def agreement_table(result: AgreementResult) -> Table:
    """Make the table of metrics, the best predictor first."""
    import pandas as pd

    rows = tuple(
        (
            Cell(str(one.rank)),
            Cell(one.label),
            Cell(fixed(one.share, 3), _interval(one.low, one.high, 3)),
            Cell(one.group),
            Cell(
                MISSING if one.tau is None else fixed(one.tau, 2),
                _interval(one.tau_low, one.tau_high, 2),
            ),
        )
        for one in result.metrics
    )
    lacking = f" Without a score: {result.without_scores}." if result.without_scores else ""
    frame = pd.DataFrame([{**asdict(one), **asdict(one.rank)} for one in result.metrics])
    return Table(
        kind="agreement",
        caption=f"How well metrics predict the votes of {number_of(result.raters, 'rater')}.",
        columns=(
            Column("Rank"),
            Column("Metric", left=True),
            Column("Pair agreement", arrow="↑"),
            Column("Tied", left=True),
            Column("Kendall's τ", arrow="↑"),
        ),
        blocks=(Block("", rows),),
        notes=(
            f"Pair agreement: of the votes that prefer a result ({result.votes}, on "
            f"{number_of(result.images, 'image')}), how many the metric agrees with; 0.5 is chance."
            f"{lacking} {_CLUSTERED}",
            "Rank and ties: tests of the differences in agreement, corrected by Holm. Kendall's "
            "τ-b: the methods' strengths against their mean scores; raters and images drawn again.",
        ),
        frame=frame.drop(columns=["rank"]).assign(rank=[one.rank.rank for one in result.metrics]),
    )


def strength_figure(result: StudyResult, style: StyleName = StyleName.paper) -> Figure:
    """Draw strengths with their intervals, best on top; call it within `style.applied`."""
    from matplotlib.figure import Figure

    look = STYLES[style]
    found = result.strengths
    names = shortened([one.method for one in found], 30)
    # colours by name, so that a method keeps its own whoever wins
    of = looks(sorted(one.method for one in found))
    size = (min(look.width, 5 * look.width / 7), look.em * (1.9 * max(len(found), 2) + 5))
    figure = Figure(figsize=size, layout="constrained")
    panel = figure.subplots()
    for row, one in enumerate(found):
        if row % 2 == 0:
            panel.axhspan(row - 0.5, row + 0.5, color=BAND, linewidth=0, zorder=0)
        mine = of[one.method]
        if one.low is not None and one.high is not None:
            panel.plot([one.low, one.high], [row, row], color=mine.colour)
        panel.plot(one.strength, row, mine.marker, color=mine.colour)
        panel.annotate(
            one.group,
            (1, row),
            xycoords=("axes fraction", "data"),
            xytext=(look.font_size / 2, 0),
            textcoords="offset points",
            va="center",
        )
    panel.axvline(0, color=INK, linewidth=look.line_width / 2, linestyle=":")
    panel.set_ylim(len(found) - 0.5, -0.5)
    panel.set_yticks(range(len(found)), [names[one.method] for one in found])
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)
    panel.grid(axis="x")
    panel.set_xlabel("Strength (logits) →")
    return figure


def caption(result: StudyResult) -> str:
    """Say below the figure what it shows."""
    return (
        f"Strengths by {number_of(result.votes, 'vote')} of "
        f"{number_of(result.counted_raters, 'rater')} on {number_of(result.images, 'image')}. "
        f"{_CLUSTERED} Methods that share a letter can't be told apart."
    )


def pair_rows(result: StudyResult) -> Sequence[dict[str, object]]:
    """List the votes between each two methods, for CSV."""
    return [asdict(pair) for pair in result.pairs]


def named(rater: RaterResult) -> str:
    """Name a rater."""
    return f"{rater.name} ({rater.rater})" if rater.name else rater.rater


def _preferred(chosen: int, tied: int, passed_over: int) -> float | None:
    votes = chosen + tied + passed_over
    return (chosen + tied / 2) / votes if votes else None


def _share(value: float | None) -> str:
    return MISSING if value is None else percent(value)


def _interval(low: float | None, high: float | None, digits: int) -> str:
    return "" if low is None or high is None else f"[{fixed(low, digits)}, {fixed(high, digits)}]"
