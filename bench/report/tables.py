"""The tables of a run: leaderboard, dataset × suite, suites side by side, pairs, failures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

import numpy as np

from inpaintbench.report import html, latex, markdown, notes
from inpaintbench.report.digits import half_widths
from inpaintbench.report.draws import draws_table
from inpaintbench.report.frames import pair_frame, standing_frame, suite_frame
from inpaintbench.report.kinds import Format, IntervalStyle, TableKind
from inpaintbench.report.numbers import MISSING, decimals, fixed, p_value, significant
from inpaintbench.report.summary import Summary
from inpaintbench.report.table import Block, Cell, Column, Table
from inpaintbench.statistics.scores import MetricInfo
from inpaintbench.statistics.standings import Comparison, Entry, Estimate, Standing
from inpaintbench.storage.rows import long_rows


def write(
    kind: TableKind, summary: Summary, format: Format, intervals: IntervalStyle | None = None
) -> str:
    """Write one of the tables of a run.

    Parameters
    ----------
    kind : TableKind
        Which of `REPORT_TABLES`.
    summary : Summary
        The run.
    format : Format
        CSV holds full precision, the others what can be read.
    intervals : IntervalStyle or None
        How intervals are shown; by default ± in LaTeX and brackets elsewhere.
    """
    return render(make(kind, summary, intervals or usual_intervals(format)), format)


def usual_intervals(format: Format) -> IntervalStyle:
    """Return how a format shows intervals by default."""
    return IntervalStyle.plus_minus if format is Format.latex else IntervalStyle.brackets


def render(table: Table, format: Format) -> str:
    """Write a table that was made."""
    if format is Format.csv:
        return str(table.frame.to_csv(index=False, lineterminator="\n"))
    writers = {
        Format.markdown: markdown.write,
        Format.latex: latex.write,
        Format.html: html.write,
    }
    return writers[format](table)


def make(
    kind: TableKind, summary: Summary, intervals: IntervalStyle = IntervalStyle.brackets
) -> Table:
    """Make one of `REPORT_TABLES` of a run; `intervals` says how they are shown."""
    return {
        TableKind.leaderboard: leaderboard,
        TableKind.groups: _groups,
        TableKind.suites: _suites,
        TableKind.coverage: _coverages,
        TableKind.thickness: _thicknesses,
        TableKind.pairs: _pairs,
        TableKind.draws: draws_table,
        TableKind.failures: _failures,
    }[kind](summary, intervals)


def leaderboard(summary: Summary, intervals: IntervalStyle, *, brief: bool = False) -> Table:
    """Make the overall table; a brief one lacks memory, quartiles and letters of tied groups."""
    here, rows = summary.overall, summary.rows
    form = _Form([here], here.main, intervals)
    ranked = here.ranking is not None
    columns = (
        *((Column("Rank"),) if ranked else ()),
        Column("Method", left=True),
        *((Column("Tied", left=True),) if ranked and not brief else ()),
        *((Column("Mean rank", arrow="↓"),) if ranked else ()),
        *(Column(metric.label, metric.unit, metric.arrow) for metric in here.main),
        Column("Runtime", "s", "↓"),
        *(() if brief else (Column("Memory", "MB", "↓"),)),
        Column("Finished"),
    )
    body = tuple(
        (
            *((Cell(str(entry.rank) if entry.rank else MISSING),) if ranked else ()),
            _method(entry),
            *((Cell(entry.group),) if ranked and not brief else ()),
            *((form.mean_rank(entry),) if ranked else ()),
            *(form.quality(entry, metric) for metric in here.main),
            form.runtime(here, entry, quartiles=not brief),
            *(() if brief else (_memory(here, entry),)),
            Cell(f"{entry.finished}/{here.support.reached}"),
        )
        for entry in here.entries
    )
    letters = "Tied: methods that share a letter can't be told apart."
    lines = (
        here.support.rule(),
        *notes.intervals([here], intervals),
        *notes.marks([here]),
        *notes.rank_rule(here),
        *((letters,) if ranked and not brief and len(here.support.compared) > 1 else ()),
        *notes.statistics(here),
        *notes.runtimes(here, memory=not brief),
        *notes.gaps(rows, here),
    )
    return Table(
        kind="leaderboard",
        caption=f"{'Leaderboard' if ranked else 'Results'} of {rows.name}.",
        columns=columns,
        blocks=(Block("", body),),
        notes=lines,
        frame=standing_frame([here]),
    )


def _groups(summary: Summary, intervals: IntervalStyle) -> Table:
    caption = f"Results of {summary.rows.name} by dataset and mask suite."
    return _in_blocks("groups", caption, summary, summary.groups, intervals)


def _coverages(summary: Summary, intervals: IntervalStyle) -> Table:
    caption = f"Results of {summary.rows.name} by coverage, hole area / image area."
    return _in_blocks("coverage", caption, summary, summary.coverages, intervals)


def _thicknesses(summary: Summary, intervals: IntervalStyle) -> Table:
    caption = (
        f"Results of {summary.rows.name} by thickness, the radius of the largest disc in the hole."
    )
    return _in_blocks("thickness", caption, summary, summary.thicknesses, intervals)


def _in_blocks(
    kind: str,
    caption: str,
    summary: Summary,
    standings: list[Standing],
    intervals: IntervalStyle,
) -> Table:
    """Make a table with a block for each of several groups of cases."""
    main, rows = summary.overall.main, summary.rows
    form = _Form(standings, main, intervals)
    ranked = any(here.ranking for here in standings)
    columns = (
        Column("Method", left=True),
        *((Column("Rank"),) if ranked else ()),
        *(Column(metric.label, metric.unit, metric.arrow) for metric in main),
        Column("Runtime", "s", "↓"),
        Column("Finished"),
    )
    blocks = tuple(
        Block(
            f"{here.stratum or f'{here.dataset}, {here.suite}'} ({len(here.support.cases)} of "
            f"{here.support.reached} cases)",
            tuple(
                (
                    _method(entry),
                    *((Cell(str(entry.rank) if entry.rank else MISSING),) if ranked else ()),
                    *(form.quality(entry, metric) for metric in main),
                    form.runtime(here, entry),
                    Cell(f"{entry.finished}/{here.support.reached}"),
                )
                for entry in here.entries
            ),
        )
        for here in standings
    )
    return Table(
        kind=kind,
        caption=caption,
        columns=columns,
        blocks=blocks,
        notes=(
            *_shared_notes(summary, standings, intervals),
            *notes.bins(standings),
            *notes.gaps(rows, summary.overall),
        ),
        frame=standing_frame(standings),
    )


def _suites(summary: Summary, intervals: IntervalStyle) -> Table:
    main, rows = summary.overall.main, summary.rows
    form = _Form(summary.suites, main, intervals)
    columns = (
        Column("Method", left=True),
        *(
            Column(metric.label, metric.unit, metric.arrow, group=str(here.suite))
            for here in summary.suites
            for metric in main
        ),
    )
    entries = [{entry.variant: entry for entry in here.entries} for here in summary.suites]
    body = tuple(
        (
            _method(overall, set_aside=False),
            *(
                form.quality(by_name[overall.variant], metric, own=True)
                for by_name in entries
                for metric in main
            ),
        )
        for overall in summary.overall.entries
    )
    return Table(
        kind="suites",
        caption=f"Quality by mask suite in {rows.name}.",
        columns=columns,
        blocks=(Block("", body),),
        notes=(
            *_shared_notes(summary, summary.suites, intervals),
            *notes.gaps(rows, summary.overall),
        ),
        frame=suite_frame(summary.suites),
    )


def _shared_notes(
    summary: Summary, standings: list[Standing], intervals: IntervalStyle
) -> Iterator[str]:
    """Say the rules that hold in each of several groups of cases."""
    aside = any(here.support.set_aside for here in standings)
    share = f"{summary.overall.support.share:.0%}".replace("%", " %")
    yield (
        "In each group of cases, means and comparisons are over the common support: the cases "
        "that every method ranked there finished."
        + (
            f" {notes.SET_ASIDE} finished fewer than {share} of the cells of the most complete "
            "method: not ranked, and its means are over its own cases, so not comparable."
            if aside
            else ""
        )
    )
    yield from notes.intervals(standings, intervals)
    yield from notes.marks(standings)
    yield from notes.statistics(summary.overall)


def _pairs(summary: Summary, intervals: IntervalStyle) -> Table:
    here = summary.overall
    columns = (
        Column("Method", left=True),
        Column("Other", left=True),
        Column("Difference"),
        Column("p (Holm)"),
        Column("Verdict", left=True),
    )
    blocks = tuple(
        Block(
            f"{metric.label} {metric.arrow}{f' ({metric.unit})' if metric.unit else ''}",
            tuple(_pair_rows(here.comparisons[metric.id], intervals)),
        )
        for metric in here.main
        if metric.id in here.comparisons and metric.measures_quality
    )
    return Table(
        kind="pairs",
        caption=f"Paired differences between methods in {summary.rows.name}, method - other.",
        columns=columns,
        blocks=blocks,
        notes=(
            here.support.rule(),
            *notes.intervals([here], intervals),
            "Better or worse: the signed-rank test on images, corrected by Holm over all pairs of "
            "the metric, and the interval of the paired difference both say so.",
            *notes.gaps(summary.rows, here),
        ),
        frame=pair_frame([here]),
    )


def _pair_rows(comparison: Comparison, intervals: IntervalStyle) -> Iterator[tuple[Cell, ...]]:
    pairs = comparison.pairs
    digits = decimals(_pair_half_widths(comparison), otherwise=3)
    better = pairs.better(comparison.higher_is_better)
    for first, second in combinations(comparison.order, 2):
        estimate = Estimate(
            mean=float(pairs.difference[first, second]),
            low=float(pairs.low[first, second]),
            high=float(pairs.high[first, second]),
            cases=len(comparison.values),
            images=0,
        )
        verdict = "can't tell"
        if pairs.apart[first, second]:
            verdict = "better" if better[first, second] else "worse"
        yield (
            Cell(comparison.variants[first]),
            Cell(comparison.variants[second]),
            Cell(fixed(estimate.mean, digits), _interval(estimate, digits, intervals)),
            Cell(p_value(float(pairs.p_holm[first, second]))),
            Cell(verdict),
        )


def _failures(summary: Summary, _: IntervalStyle) -> Table:
    columns = ["dataset", "suite", "sample", "mask_index", "case", "variant"]
    columns += ["status", "failure", "message"]
    rows = long_rows(summary.rows)
    rows = rows.loc[rows["status"] != "done", columns]
    kind = rows["failure"].where(rows["status"] == "failed", "skipped")
    grouped = rows.assign(kind=kind).groupby(
        ["variant", "dataset", "suite", "kind", "message"], sort=False
    )
    body = tuple(
        (
            Cell(str(variant)),
            Cell(str(dataset)),
            Cell(str(suite)),
            Cell(str(kind)),
            Cell(str(len(cells))),
            Cell(str(message)),
        )
        for (variant, dataset, suite, kind, message), cells in grouped
    )
    return Table(
        kind="failures",
        caption=f"Cells of {summary.rows.name} that were not finished.",
        columns=(
            Column("Method", left=True),
            Column("Dataset", left=True),
            Column("Suite", left=True),
            Column("Reason", left=True),
            Column("Cells"),
            Column("Message", left=True),
        ),
        blocks=(Block("", body),),
        notes=tuple(notes.gaps(summary.rows, summary.overall)) or ("Every cell was finished.",),
        frame=rows,
    )


def _method(entry: Entry, *, set_aside: bool = True) -> Cell:
    mark = notes.SET_ASIDE if set_aside and entry.set_aside else ""
    return Cell(entry.variant, mark=mark + (notes.SEEN if entry.seen else ""))


def _memory(here: Standing, entry: Entry) -> Cell:
    runtime = here.runtimes.of.get(entry.variant)
    return Cell(fixed(runtime.peak_bytes / 1e6, 0) if runtime else MISSING)


def _interval(estimate: Estimate, digits: int, style: IntervalStyle) -> str:
    if not estimate.has_interval or style is IntervalStyle.none:
        return ""
    if style is IntervalStyle.plus_minus:
        return f"± {fixed((estimate.high - estimate.low) / 2, digits)}"
    return f"[{fixed(estimate.low, digits)}, {fixed(estimate.high, digits)}]"


class _Form:
    """How the numbers of each column are written: the same digits all the way down."""

    def __init__(
        self, standings: list[Standing], metrics: Iterable[MetricInfo], style: IntervalStyle
    ) -> None:
        self._style = style
        self._digits = {
            metric.id: decimals(
                _half_widths(standings, metric),
                otherwise=2 if metric.unit == "dB" else 4,
                least=1 if metric.unit == "dB" else 2,
            )
            for metric in metrics
        }
        rankings = (here.ranking for here in standings if here.ranking)
        self._rank_digits = decimals(half_widths(rankings), otherwise=2, least=1, most=2)

    def quality(self, entry: Entry, metric: MetricInfo, *, own: bool = False) -> Cell:
        """Write a mean; with `own`, mark it where the method isn't ranked."""
        quality = entry.qualities.get(metric.id)
        if quality is None:
            return Cell(MISSING)
        digits = self._digits[metric.id]
        aside = notes.SET_ASIDE if own and entry.set_aside else ""
        return Cell(
            fixed(quality.estimate.mean, digits),
            _interval(quality.estimate, digits, self._style),
            mark=(notes.TIED if quality.tied else "") + aside,
            best=quality.best,
            second=quality.second,
        )

    def mean_rank(self, entry: Entry) -> Cell:
        """Write a mean rank."""
        if entry.mean_rank is None:
            return Cell(MISSING)
        digits = self._rank_digits
        return Cell(
            fixed(entry.mean_rank.mean, digits), _interval(entry.mean_rank, digits, self._style)
        )

    def runtime(self, here: Standing, entry: Entry, *, quartiles: bool = True) -> Cell:
        """Write a median runtime, with its quartiles where there are several cases."""
        runtime = here.runtimes.of.get(entry.variant)
        if runtime is None:
            return Cell(MISSING)
        spread = f"[{significant(runtime.low_quartile)}, {significant(runtime.high_quartile)}]"
        return Cell(
            significant(runtime.median),
            spread
            if quartiles and runtime.cases > 1 and self._style is not IntervalStyle.none
            else "",
            mark="" if runtime.common or entry.set_aside else notes.SET_ASIDE,
        )


def _half_widths(standings: list[Standing], metric: MetricInfo) -> list[float]:
    """Collect what the digits of a metric's column are chosen by: of differences, or of means."""
    found = half_widths(
        here.comparisons[metric.id] for here in standings if metric.id in here.comparisons
    )
    return found or [
        (estimate.high - estimate.low) / 2
        for here in standings
        for entry in here.entries
        if metric.id in entry.qualities
        for estimate in [entry.qualities[metric.id].estimate]
    ]


def _pair_half_widths(comparison: Comparison) -> list[float]:
    pairs = comparison.pairs
    upper = np.triu_indices(len(comparison.variants), 1)
    widths: list[float] = ((pairs.high - pairs.low)[upper] / 2).tolist()
    return widths
