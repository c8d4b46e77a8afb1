"""The table of sets of images: FID, KID, P-IDS and U-IDS of each method."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from inpaintbench.errors import BenchError
from inpaintbench.metrics.distribution import SET_METRICS, discriminator_missing, measure
from inpaintbench.metrics.inception import Features, Inception
from inpaintbench.report.frames import EVERYTHING
from inpaintbench.report.notes import SET_ASIDE
from inpaintbench.report.numbers import MISSING, fixed, percent
from inpaintbench.report.pictures import Pictures, composite
from inpaintbench.report.summary import Summary
from inpaintbench.report.table import Block, Cell, Column, Table
from inpaintbench.statistics.scores import Scores, has_reference
from inpaintbench.statistics.support import Support, common_support

Watched = Callable[[Sequence[str]], Iterable[str]]
"""Yields what it is given, and may show how far it got."""

Place = tuple[str, str]
"""Dataset and mask suite, either of which may be ``all``."""


def distribution_table(
    summary: Summary,
    pictures: Pictures,
    network: Inception,
    watched: Watched = lambda cases: cases,
) -> Table:
    """Measure the composites of a run against their references.

    The sets are the cases of each dataset × mask suite, and of each mask suite where the run has
    several datasets.

    Parameters
    ----------
    summary : Summary
        The run.
    pictures : Pictures
        Its pictures.
    network : Inception
    watched : callable
        Given the cases that are read, to show how far it got.

    Raises
    ------
    BenchError
        When a picture is gone, or no true image is known.
    """
    scores, rows = summary.scores, summary.rows
    unknown = [name for name in scores.cases["dataset"].unique() if not has_reference(name)]
    scores = scores.only(scores.cases.index[~scores.cases["dataset"].isin(unknown)])
    if scores.cases.empty:
        raise BenchError(f"{rows.name} has no dataset whose true images are known")
    notes = [f"Left out, its true images aren't known: {', '.join(unknown)}."] if unknown else []
    notes += rows.provenance.left_out
    return table_of_sets(
        f"Sets of results of {rows.name} against their references.",
        {place: common_support(_at(scores, place).done) for place in _places(scores)},
        scores.cases["image_sha256"].to_dict(),
        pictures,
        network,
        watched,
        notes,
    )


def _places(scores: Scores) -> list[Place]:
    """List each suite as a whole, where there are several datasets, then dataset × suite."""
    several = scores.cases["dataset"].nunique() > 1
    return [*((EVERYTHING, suite) for suite in scores.suites() if several), *scores.groups()]


def _at(scores: Scores, place: Place) -> Scores:
    dataset, suite = place
    return scores.where(None if dataset == EVERYTHING else dataset, suite)


def table_of_sets(
    caption: str,
    supports: Mapping[Place, Support],
    references: Mapping[str, str],
    pictures: Pictures,
    network: Inception,
    watched: Watched,
    notes: Iterable[str] = (),
) -> Table:
    """Measure sets of images and tabulate them, a block each.

    Parameters
    ----------
    caption : str
    supports : mapping of tuple to Support
        Where the cases of a set are from → who is compared on which of them.
    references : mapping of str to str
        Case → what identifies its reference, which several cases may share.
    pictures : Pictures
        Where the images come from; each is read once.
    network, watched
        As in `distribution_table`.
    notes : iterable of str
        Printed below with the rules.
    """
    features = _read(supports.values(), references, pictures, network, watched)
    sets = [_Set(*place, support, references, features) for place, support in supports.items()]
    width = next((len(row) for row in features.real.values()), 0)
    records = [record for one in sets for record in one.records(network)]
    return Table(
        kind="distribution",
        caption=caption,
        columns=(
            Column("Method", left=True),
            Column("Images"),
            *(Column(metric.label, arrow=metric.arrow) for metric in SET_METRICS),
        ),
        blocks=tuple(Block(one.title, tuple(one.rows())) for one in sets),
        notes=(*_rules(sets, width), *notes, _definitions(network)),
        frame=pd.DataFrame(records),
    )


class _Features(NamedTuple):
    """Features by what identifies a reference, and by case and method of a composite."""

    real: dict[str, Features]
    fake: dict[tuple[str, str], Features]


def _read(
    supports: Iterable[Support],
    references: Mapping[str, str],
    pictures: Pictures,
    network: Inception,
    watched: Watched,
) -> _Features:
    """Send the pictures that some set needs through the network, each once."""
    wanted: dict[str, dict[str, None]] = {}
    for support in supports:
        for case in support.cases:
            wanted.setdefault(case, {}).update(dict.fromkeys(support.compared))
    found = _Features({}, {})
    for case in watched(list(wanted)):
        truth, hole = pictures.reference(case), pictures.mask(case)
        if references[case] not in found.real:
            found.real[references[case]] = network.features(truth)
        for method in wanted[case]:
            whole = composite(pictures.output(case, method), truth, hole)
            found.fake[case, method] = network.features(whole)
    return found


class _Set:
    """The images of some cases, and what they measure for every method compared on them."""

    def __init__(
        self,
        dataset: str,
        suite: str,
        support: Support,
        references: Mapping[str, str],
        features: _Features,
    ) -> None:
        self.dataset, self.suite, self.support = dataset, suite, support
        self.images = len(support.cases)
        self.references = len({references[case] for case in support.cases})
        self._values: dict[str, dict[str, float]] = {}
        if self.images:
            real = np.stack([features.real[references[case]] for case in support.cases])
            for method in support.compared:
                fake = np.stack([features.fake[case, method] for case in support.cases])
                self._values[method] = measure(real, fake)

    @property
    def title(self) -> str:
        """Where the images are from, and how many there are."""
        where = [name for name in (self.dataset, self.suite) if name != EVERYTHING]
        repeated = f", {self.references} references" if self.references < self.images else ""
        counts = f"{self.images} of {self.support.reached} cases{repeated}"
        return f"{', '.join(where)} ({counts})" if where else counts

    def rows(self) -> Iterator[tuple[Cell, ...]]:
        """Write the values to be read."""
        for method in (*self.support.compared, *self.support.set_aside):
            aside = method in self.support.set_aside
            yield (
                Cell(method, mark=SET_ASIDE if aside else ""),
                Cell(MISSING if aside else str(self.images)),
                *(Cell(fixed(self._value(method, m.name), m.digits)) for m in SET_METRICS),
            )

    def records(self, network: Inception) -> Iterator[dict[str, object]]:
        """Give one record for each method × metric; of those set aside, without a value."""
        for method in (*self.support.compared, *self.support.set_aside):
            for metric in SET_METRICS:
                yield {
                    "dataset": self.dataset,
                    "suite": self.suite,
                    "variant": method,
                    "metric": metric.id(network),
                    "label": metric.label,
                    "value": self._value(method, metric.name),
                    "images": self.images if method in self.support.compared else 0,
                    "references": self.references if method in self.support.compared else 0,
                }

    def _value(self, method: str, metric: str) -> float:
        return self._values.get(method, {}).get(metric, math.nan)


def _rules(sets: Sequence[_Set], width: int) -> Iterator[str]:
    """Say what was compared, and what is doubtful about it."""
    yield (
        "Each set: the cases of the common support, which every method compared finished, as "
        "pairs of a composite and its reference."
    )
    if any(one.support.set_aside for one in sets):
        share = percent(sets[0].support.share)
        yield (
            f"{SET_ASIDE} finished fewer than {share} of the cells of the most complete method: "
            "not compared."
        )
    small = sorted({one.images for one in sets if one.images < width})
    if small:
        counts = str(small[0]) if len(small) == 1 else f"{small[0]} to {small[-1]}"
        yield (
            f"Warning: fewer images ({counts}) than features ({width}). FID is too high by an "
            "amount that depends on the number of images, and P-IDS and U-IDS tend to 0, since "
            "a plane parts nearly any two sets that small."
        )
    if any(one.references < one.images for one in sets):
        yield (
            "References with several holes count several times, while KID's estimator takes "
            "images for independent."
        )
    missing = discriminator_missing()
    if missing:
        yield f"P-IDS and U-IDS are missing: {missing}"


def _definitions(network: Inception) -> str:
    return f"Definitions: {'; '.join(metric.id(network) for metric in SET_METRICS)}."
