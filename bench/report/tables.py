"""The tables of a run: leaderboard, dataset × suite, suites side by side, pairs, failures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from operator import attrgetter

import pandas as pd

from inpaintbench.report import html, latex, limits, markdown, notes
from inpaintbench.report.draws import draws_table
from inpaintbench.report.form import Form, interval
from inpaintbench.report.frames import pair_frame, standing_frame, suite_frame
from inpaintbench.report.kinds import Format, IntervalStyle, TableKind
from inpaintbench.report.numbers import MISSING, decimals, fixed, p_value, percent
from inpaintbench.report.posterior import posterior_table
from inpaintbench.report.summary import Summary
from inpaintbench.report.table import Block, Cell, Column, Table
from inpaintbench.statistics.axes import RankBy
from inpaintbench.statistics.comparison import Comparison
from inpaintbench.statistics.power import POWER
from inpaintbench.statistics.scores import MetricInfo
from inpaintbench.statistics.standings import Entry, Standing
from inpaintbench.statistics.support import COMPLETION_SHARE
from inpaintbench.storage.rows import long_rows


def write(
    kind: TableKind, summary: Summary, format: Format, intervals: IntervalStyle | None = None
) -> str:
    """Write one of `REPORT_TABLES` of a run, with intervals as its format usually has them."""
    return render(make(kind, summary, intervals or usual_intervals(format)), format)


def usual_intervals(format: Format) -> IntervalStyle:
    """Return how a format shows intervals by default."""
    return IntervalStyle.plus_minus if format is Format.latex else IntervalStyle.brackets


def render(table: Table, format: Format) -> str:
    """Write a table; CSV holds full precision, the others what can be read."""
    if format is Format.csv:
        return str(table.frame.to_csv(index=False, lineterminator="\n"))
    writers = {Format.markdown: markdown.write, Format.latex: latex.write, Format.html: html.write}
    return writers[format](table)


def make(
    kind: TableKind, summary: Summary, intervals: IntervalStyle = IntervalStyle.brackets
) -> Table:
    """Make one of `REPORT_TABLES` of a run; `intervals` says how they are shown."""
    if kind in _GROUPED:
        return _grouped(kind, summary, intervals)
    return {
        TableKind.leaderboard: leaderboard,
        TableKind.suites: _suites,
        TableKind.pairs: _pairs,
        TableKind.draws: draws_table,
        TableKind.posterior: posterior_table,
        TableKind.failures: _failures,
    }[kind](summary, intervals)


@dataclass(frozen=True)
class _Field:
    """A column, what it shows of a method among others, and whether the table has it."""

    column: Column
    show: Callable[[Standing, Entry], Cell]
    wanted: bool = True


def _table(
    kind: TableKind,
    caption: str,
    fields: Iterable[_Field],
    blocks: Iterable[tuple[str, Standing]],
    lines: Iterable[str],
    frame: pd.DataFrame,
) -> Table:
    """Lay out a table with a row for each method, in blocks with a title each."""
    fields = [field for field in fields if field.wanted]
    return Table(
        kind=kind,
        caption=caption,
        columns=tuple(field.column for field in fields),
        blocks=tuple(
            Block(
                title,
                tuple(tuple(field.show(here, entry) for field in fields) for entry in here.entries),
            )
            for title, here in blocks
        ),
        notes=tuple(lines),
        frame=frame,
    )


def leaderboard(summary: Summary, intervals: IntervalStyle, *, brief: bool = False) -> Table:
    """Make the overall table; a brief one lacks memory, quartiles, mean ranks and ties."""
    here, rows = summary.overall, summary.rows
    form = Form.of([here], here.main, intervals)
    ranked = here.ranking is not None
    fields = (
        _Field(Column("Method", left=True), _method),
        *_by_rank(form, here, letters=not brief),
        _Field(Column("Runtime", "s", "↓"), partial(form.runtime, quartiles=not brief)),
        _Field(Column("Memory", "MB", "↓"), _memory, not brief),
        _Field(Column("Finished"), _finished),
    )
    tied = "Raised letters: methods that share one can't be told apart."
    lines = (
        *limits.too_few_images([here]),
        here.support.rule(),
        *notes.intervals([here], intervals),
        *notes.marks([here]),
        *notes.rank_rule(here),
        *limits.detectable([here]),
        *limits.images_needed(here),
        *((tied,) if ranked and not brief and len(here.support.compared) > 1 else ()),
        *notes.statistics(here),
        *notes.runtimes(here, memory=not brief),
        *summary.about_draws,
        *notes.gaps(rows, here),
    )
    caption = f"{'Leaderboard' if ranked else 'Results'} of {rows.name}."
    return _table(
        TableKind.leaderboard, caption, fields, [("", here)], lines, standing_frame([here])
    )


_GROUPED: dict[TableKind, tuple[str, Callable[[Summary], list[Standing]]]] = {
    TableKind.groups: ("dataset and mask suite", attrgetter("groups")),
    TableKind.coverage: ("coverage, hole area / image area", attrgetter("coverages")),
    TableKind.thickness: (
        "thickness, the radius of the largest disc in the hole",
        attrgetter("thicknesses"),
    ),
}
"""What the cases of a table with several blocks are grouped by, and the standings of the groups."""


def _grouped(kind: TableKind, summary: Summary, intervals: IntervalStyle) -> Table:
    """Make a table with a block for each of several groups of cases."""
    by, found = _GROUPED[kind]
    standings, main = found(summary), summary.overall.main
    form = Form.of(standings, main, intervals)
    fields = (
        _Field(Column("Method", left=True), _method),
        *_by_rank(form, summary.overall),
        _Field(Column("Runtime", "s", "↓"), form.runtime),
        _Field(Column("Finished"), _finished),
    )
    blocks = (
        (
            f"{here.stratum or f'{here.dataset}, {here.suite}'} ({len(here.support.cases)} of "
            f"{here.support.reached} cases)",
            here,
        )
        for here in standings
    )
    lines = (
        *_shared_notes(summary, standings, intervals),
        *notes.bins(standings),
        *notes.gaps(summary.rows, summary.overall),
    )
    caption = f"Results of {summary.rows.name} by {by}."
    return _table(kind, caption, fields, blocks, lines, standing_frame(standings))


def _suites(summary: Summary, intervals: IntervalStyle) -> Table:
    main, suites = summary.overall.main, summary.suites
    form = Form.of(suites, main, intervals)

    def columns(suite: Standing) -> Iterator[_Field]:
        entries = {entry.variant: entry for entry in suite.entries}
        group = str(suite.suite)

        def place(by: RankBy) -> _Field:
            head = f"{by.capitalize()} rank" if len(suite.rankings) > 1 else "Rank"
            return _Field(
                Column(head, group=group), lambda _, entry: _rank(entries[entry.variant], by)
            )

        def quality(metric: MetricInfo) -> _Field:
            return _Field(
                Column(metric.label, metric.unit, metric.arrow, group=group),
                lambda _, entry: form.quality(entries[entry.variant], metric.id),
            )

        yield from map(place, suite.rankings)
        yield from map(quality, main)

    fields = (
        _Field(
            Column("Method", left=True),
            lambda _, entry: Cell(entry.variant, mark=notes.SEEN if entry.seen else ""),
        ),
        *(field for suite in suites for field in columns(suite)),
    )
    lines = (*_shared_notes(summary, suites, intervals), *notes.gaps(summary.rows, summary.overall))
    caption = f"Quality by mask suite in {summary.rows.name}."
    blocks = [("", summary.overall)]
    return _table(TableKind.suites, caption, fields, blocks, lines, suite_frame(suites))


def _by_rank(form: Form, here: Standing, *, letters: bool = False) -> Iterator[_Field]:
    """Make columns of each rank with the metrics that it is made from, then of other metrics.

    With letters, of tied groups, a rank has its mean beside it; without, it takes a single column,
    called after what it is by.
    """
    several, left = len(here.rankings) > 1, list(here.main)
    for by, ranking in here.rankings.items():
        group = by.capitalize() if several and letters else ""
        head = by.capitalize() if several and not group else "Rank"

        def rank(_: Standing, entry: Entry, by: RankBy = by) -> Cell:
            return _rank(entry, by, letters=letters)

        def mean(_: Standing, entry: Entry, by: RankBy = by) -> Cell:
            return form.mean_rank(entry.places.get(by))

        yield _Field(Column(head, group=group), rank)
        yield _Field(Column("Mean rank", arrow="↓", group=group), mean, letters)
        if by is not RankBy.both:
            yield from _qualities(form, ranking.metrics, group)
            left = [metric for metric in left if metric not in ranking.metrics]
    yield from _qualities(form, left, "")


def _qualities(form: Form, metrics: Iterable[MetricInfo], group: str) -> Iterator[_Field]:
    """Make a column of means for each metric."""
    for metric in metrics:

        def show(_: Standing, entry: Entry, metric: str = metric.id) -> Cell:
            return form.quality(entry, metric, own=False)

        yield _Field(Column(metric.label, metric.unit, metric.arrow, group=group), show)


def _rank(entry: Entry, by: RankBy, *, letters: bool = False) -> Cell:
    place = entry.places.get(by)
    return Cell(str(place.rank), mark=place.group if letters else "") if place else Cell(MISSING)


def _method(_: Standing, entry: Entry) -> Cell:
    aside = notes.SET_ASIDE if entry.set_aside else ""
    return Cell(entry.variant, mark=aside + (notes.SEEN if entry.seen else ""))


def _memory(here: Standing, entry: Entry) -> Cell:
    runtime = here.runtimes.of.get(entry.variant)
    return Cell(fixed(runtime.peak_bytes / 1e6, 0) if runtime else MISSING)


def _finished(here: Standing, entry: Entry) -> Cell:
    return Cell(f"{entry.finished}/{here.support.reached}")


def _shared_notes(
    summary: Summary, standings: list[Standing], intervals: IntervalStyle
) -> Iterator[str]:
    """Say the rules that hold in each of several groups of cases."""
    aside = any(here.support.set_aside for here in standings)
    share = percent(COMPLETION_SHARE)
    yield from limits.too_few_images(standings)
    yield (
        "In each group of cases, means and comparisons are over the cases that every method "
        "ranked there finished."
        + (
            f" {notes.SET_ASIDE} finished fewer than {share} of the cells of the most complete "
            "method: not ranked, and its means are over its own cases, so not comparable."
            if aside
            else ""
        )
    )
    yield from summary.about_draws
    yield from notes.intervals(standings, intervals)
    yield from notes.marks(standings)
    yield from limits.detectable(standings)
    yield from notes.statistics(summary.overall)


def _pairs(summary: Summary, intervals: IntervalStyle) -> Table:
    here = summary.overall
    columns = (
        Column("Method", left=True),
        Column("Other", left=True),
        Column("Difference"),
        Column("p (Holm)"),
        Column("Verdict", left=True),
        Column("Detectable"),
        Column("Images needed"),
    )
    compared = [
        (f"Mean rank by {notes.axis_words(by)} ↓", ranking.comparison)
        for by, ranking in here.rankings.items()
    ] + [
        (Column(metric.label, metric.unit, metric.arrow).title, here.comparisons[metric.id])
        for metric in here.main
        if metric.id in here.comparisons and metric.measures_quality
    ]
    blocks = tuple(
        Block(title, tuple(_pair_rows(comparison, intervals))) for title, comparison in compared
    )
    return Table(
        kind="pairs",
        caption=f"Paired differences between methods in {summary.rows.name}, method - other.",
        columns=columns,
        blocks=blocks,
        notes=(
            *limits.too_few_images([here]),
            here.support.rule(),
            *notes.intervals([here], intervals, "paired difference"),
            "Better or worse: the signed-rank test on images, corrected by Holm over all pairs of "
            "the metric, and the interval of the paired difference both say so.",
            "Detectable: the smallest true difference that is found with "
            f"{percent(POWER)} power on these images. Images needed: so many would tell the two "
            "apart with that power, if they differ as observed. A dash: no difference or number of "
            "images is known to.",
            *summary.about_draws,
            *notes.gaps(summary.rows, here),
        ),
        frame=pair_frame([here]),
    )


def _pair_rows(comparison: Comparison, intervals: IntervalStyle) -> Iterator[tuple[Cell, ...]]:
    pairs = comparison.pairs
    better = pairs.better(comparison.higher_is_better)
    for pair in combinations(comparison.order, 2):
        first, second = pair
        verdict = "can't tell"
        if pairs.apart[pair]:
            verdict = "better" if better[pair] else "worse"
        digits = decimals([(pairs.high[pair] - pairs.low[pair]) / 2], otherwise=3)
        shown = interval(pairs.low[pair], pairs.high[pair], digits, intervals)
        yield (
            Cell(comparison.variants[first]),
            Cell(comparison.variants[second]),
            Cell(fixed(pairs.difference[pair], digits), shown),
            Cell(p_value(pairs.p_holm[pair])),
            Cell(verdict),
            Cell(fixed(comparison.power.detectable[pair], digits)),
            Cell(fixed(comparison.power.images[pair], 0)),
        )


def _failures(summary: Summary, _: IntervalStyle) -> Table:
    columns = ["dataset", "suite", "sample", "mask_index", "case", "variant"]
    columns += ["status", "failure", "message", "location"]
    rows = long_rows(summary.rows)
    rows = rows.loc[rows["status"] != "done", columns]
    kind = rows["failure"].where(rows["status"] == "failed", "skipped")
    grouped = rows.assign(kind=kind).groupby(
        ["variant", "dataset", "suite", "kind", "message", "location"], sort=False
    )
    body = tuple(
        tuple(map(Cell, (variant, dataset, suite, kind, str(len(cells)), message, location)))
        for (variant, dataset, suite, kind, message, location), cells in grouped
    )
    return Table(
        kind="failures",
        caption=f"Cells of {summary.rows.name} that were not finished.",
        columns=tuple(
            Column(head, left=head != "Cells")
            for head in ("Method", "Dataset", "Suite", "Reason", "Cells", "Message", "Line")
        ),
        blocks=(Block("", body),),
        notes=tuple(notes.gaps(summary.rows, summary.overall)) or ("Every cell was finished.",),
        frame=rows,
    )
