"""The sentences printed below a table: how to read it, and what is missing from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict

from inpaintbench.report.kinds import IntervalStyle
from inpaintbench.report.numbers import percent
from inpaintbench.statistics.axes import RankBy
from inpaintbench.statistics.bootstrap import FEWEST_IMAGES, LEVEL
from inpaintbench.statistics.scores import DECIBEL_CAP
from inpaintbench.statistics.standings import Entry, Standing
from inpaintbench.storage.environment import Environment
from inpaintbench.storage.rows import RunRows

TIED = "≈"
SET_ASIDE = "†"
SEEN = "‡"

RANKS = (
    "Rank: 1 + the number of methods that are demonstrably better by mean rank, to the last place "
    "the method may take; equal ranks are ties. Mean rank: over cases and {metrics}."
)


def marks(standings: Iterable[Standing]) -> Iterator[str]:
    """Say what bold, underlines and the sign of a tie mean, where there is something to compare."""
    if any(len(here.support.compared) > 1 and here.ranking for here in standings):
        yield (
            f"Best in bold, second underlined; {TIED} can't be told apart from the best "
            "(signed-rank test on images, corrected by Holm over all pairs, and paired interval)."
        )


def intervals(
    standings: Iterable[Standing], style: IntervalStyle, of: str = "mean"
) -> Iterator[str]:
    """Say what the intervals are, or why there are none."""
    images = {
        quality.estimate.images
        for here in standings
        for entry in here.entries
        for metric in here.main
        if (quality := entry.qualities.get(metric.id))
    }
    if not images:
        return
    if max(images) >= FEWEST_IMAGES and style is not IntervalStyle.none:
        what = "Brackets" if style is IntervalStyle.brackets else "± half the width"
        enough = [count for count in images if count >= FEWEST_IMAGES]
        low, high = min(enough), max(enough)
        counts = str(low) if low == high else f"{low} to {high}"
        yield (
            f"{what}: {percent(LEVEL)} bootstrap interval of the {of}, clustered by image "
            f"({counts} images)."
        )
    if min(images) < FEWEST_IMAGES:
        yield f"Means over fewer than {FEWEST_IMAGES} images have no interval: none is possible."


def statistics(here: Standing) -> Iterator[str]:
    """Say what the metrics tell that methods aren't ranked by."""
    others = [metric for metric in here.main if not metric.measures_quality]
    for metric in others:
        yield f"{metric.label}: {metric.meaning[:1].lower()}{metric.meaning[1:]}"
    if others and here.ranking is None:
        what = listed([metric.label for metric in others])
        yield f"No method is ranked: {what} can't say which result is better."


def rank_rule(here: Standing) -> Iterator[str]:
    """Say what ranks are made from, which orders the methods, and how to read them."""
    if here.ranking is None or len(here.support.compared) < 2:
        return
    made = {
        by: listed([metric.label for metric in ranking.metrics])
        for by, ranking in here.rankings.items()
    }
    if len(made) == 1:
        ((by, labels),) = made.items()
        (other,) = {RankBy.perception, RankBy.fidelity} - {by}
        yield f"Ranked by {by}: no metric of {other} is shown with scores."
        yield RANKS.format(metrics=labels)
        return
    axes = [f"{by} from {labels}" for by, labels in made.items() if by is not RankBy.both]
    yield f"Ranks: {listed(axes)}. Ordered by {here.rank_by or ''} (--rank-by chooses)."
    yield RANKS.format(metrics="the metrics of the rank")


def runtimes(here: Standing, *, memory: bool = True) -> Iterator[str]:
    """Say what the runtimes are over, or that there are none; and what memory means."""
    found = here.runtimes
    untimed = [name for name in here.support.compared if name not in found.of]
    if not found.of:
        yield "Runtime: the run has no timings taken alone on the machine."
    else:
        threads = " or ".join(map(str, found.threads))
        over = (
            f"the {found.common_cases} cases timed for every ranked method"
            + (f" but {', '.join(untimed)}" if untimed else "")
            if found.common_cases
            else "each method's own timed cases, so not comparable"
        )
        plural = "" if threads == "1" else "s"
        yield (
            f"Runtime: median over {over}, alone on the machine with {threads} thread{plural}."
            + (" Brackets: quartiles. Memory: peak over the process's baseline." if memory else "")
        )
    if found.contended:
        plural = " is" if found.contended == 1 else "s are"
        yield f"{found.contended} timing{plural} left out: the machine was busy with other work."
    for machine, number in found.elsewhere.items():
        yield (
            f"{number} timings of another machine ({machine}) are left out: the runtimes are "
            f"those of {found.machine}."
        )


def bins(standings: Iterable[Standing]) -> Iterator[str]:
    """Say which of their ends bins hold, where cases are grouped by the size of their holes."""
    if any(here.stratum for here in standings):
        yield "Bins are open on the left and closed on the right: (0.1, 0.2] holds 0.2, not 0.1."


def gaps(rows: RunRows, here: Standing) -> Iterator[str]:
    """Say what is missing or unusual: metrics, cells, exact results, training data."""
    for metric in here.main:
        if metric.missing:
            yield f"{metric.label} is missing: {metric.missing}"
        elif metric.id not in here.comparisons and here.support.compared:
            yield f"{metric.label} has no score on these cases."
        elif metric.id in here.comparisons:
            count = len(here.comparisons[metric.id].cases)
            if count < len(here.support.cases):
                yield (
                    f"{metric.label} is over {count} of these cases: on the others it isn't "
                    "defined, or not scored yet."
                )
    if here.exact:
        yield f"{here.exact} scores above {DECIBEL_CAP:g} dB (exact results) count as that."
    not_reached = rows.planned_cells - len(rows.cells)
    if not_reached > 0:
        yield f"The run is unfinished: {not_reached} of {rows.planned_cells} cells not reached."
    yield from rows.provenance.left_out
    unfinished = [
        f"{entry.variant} {', '.join(f'{n} {reason}' for reason, n in entry.failures.items())}"
        for entry in here.entries
        if entry.failures
    ]
    if unfinished:
        yield f"Not finished: {'; '.join(unfinished)}."
    seen = [f"{entry.variant} on {_training_data(entry)}" for entry in here.entries if entry.seen]
    if seen:
        yield f"{SEEN} trained on data of the same collection: {'; '.join(seen)}."
    shown = set(rows.variants.loc[rows.variants["sees"] == "input", "variant"])
    ranked = [entry.variant for entry in here.entries if entry.variant in shown]
    if ranked and rows.cases["input_sha256"].any():
        yield f"Shown the object to remove, which is hidden from the others: {listed(ranked)}."


def _training_data(entry: Entry) -> str:
    """List what a method was trained on that is here, saying where it is the very images."""
    return ", ".join(
        f"{name} (the images scored here)" if name in entry.seen_images else name
        for name in entry.seen
    )


def axis_words(by: RankBy) -> str:
    """Say by what methods are ranked."""
    return "both axes" if by is RankBy.both else str(by)


def listed(words: list[str]) -> str:
    """Join words as a sentence does: ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def origin(rows: RunRows) -> list[tuple[str, str]]:
    """Say where rows come from: dates, benchmark, and what made them; names with values."""
    told = rows.provenance
    found = [("started", told.started), ("merged from", ", ".join(told.merged))]
    if told.benchmark is not None:
        content = asdict(told.benchmark)
        found.append(("benchmark", "\n".join(f"{k}: {_plain(v)}" for k, v in content.items())))
    for number, environment in enumerate(rows.environments.values(), 1):
        several = f" {number}" if len(rows.environments) > 1 else ""
        found += [(f"{name}{several}", value) for name, value in made_with(environment)]
    return [(name, value) for name, value in found if value]


def made_with(environment: Environment) -> list[tuple[str, str]]:
    """Name the machine and the software that made results."""
    found = {
        "machine": environment.machine,
        "inpaintbench": environment.inpaintbench,
        "commit": environment.code,
        "python": environment.python,
        "libraries": _plain(environment.libraries),
    }
    return [(name, value) for name, value in found.items() if value]


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {part}" for key, part in value.items())
    return str(value)
