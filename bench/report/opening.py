"""Open run directories for a table or figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from inpaintbench.plugins.specification import shown
from inpaintbench.report.combination import CombinedPictures, combine
from inpaintbench.report.pictures import CheckedPictures, Pictures, missing_words
from inpaintbench.report.selection import select
from inpaintbench.report.summary import Summary
from inpaintbench.statistics.axes import RankBy
from inpaintbench.storage.rows import RunRows


@dataclass(frozen=True, eq=False)
class Opened:
    """What a table or figure is made from."""

    summary: Summary
    pictures: Pictures
    _sources: Sequence[CheckedPictures]

    @property
    def missing(self) -> str:
        """Say which pictures, of those asked for until now, are unavailable; empty if none is."""
        return missing_words(why for source in self._sources for why in source.missing.values())


@contextmanager
def open_runs(
    directories: Sequence[Path],
    methods: Sequence[str] = (),
    datasets: Sequence[str] = (),
    suites: Sequence[str] = (),
    metrics: Sequence[str] = (),
    rank_by: RankBy = RankBy.perception,
) -> Iterator[Opened]:
    """Read runs, put them together, and keep what is named; nothing named keeps everything.

    Raises
    ------
    BenchError
        When a directory holds no run, the runs can't be compared, or a name is unknown.
    """
    from threadpoolctl import threadpool_limits

    from inpaintbench.storage.runs import RunPictures, read_rows
    from inpaintbench.storage.store import Store

    with ExitStack() as stack:
        # intervals take many products of small matrices: handing them to threads costs more
        stack.enter_context(threadpool_limits(1, user_api="blas"))
        stores = [stack.enter_context(Store.read(directory)) for directory in directories]
        runs = [read_rows(store) for store in stores]
        combination = combine(runs)
        rows = labelled(select(combination.rows, methods, datasets, suites))
        sources = [
            CheckedPictures(RunPictures(store), run.cases)
            for store, run in zip(stores, runs, strict=True)
        ]
        pictures = CombinedPictures(combination, sources)
        yield Opened(
            Summary(rows, tuple(metrics), rank_by, every_draw=bool(methods)), pictures, sources
        )


def labelled(rows: RunRows) -> RunRows:
    """Write datasets and mask suites for people: folders by their last part, where that tells."""
    cases = rows.cases
    for column in ("dataset", "suite"):
        short = {name: shown(name) for name in cases[column].unique()}
        if len(set(short.values())) == len(short):
            cases = cases.assign(**{column: cases[column].map(short)})
    return replace(rows, cases=cases)
