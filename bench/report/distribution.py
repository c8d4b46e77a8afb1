"""The table of sets of images: FID, KID, P-IDS and U-IDS of each method."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import nan

import numpy as np
import pandas as pd

from inpaintbench.errors import BenchError
from inpaintbench.metrics.base import Axis
from inpaintbench.metrics.distribution import SET_METRICS, discriminator_missing, measure
from inpaintbench.metrics.inception import Features, Inception
from inpaintbench.report.figures.drawing import SetScores
from inpaintbench.report.frames import EVERYTHING
from inpaintbench.report.notes import SET_ASIDE
from inpaintbench.report.numbers import MISSING, fixed, percent
from inpaintbench.report.pictures import Pictures, composite
from inpaintbench.report.summary import Summary
from inpaintbench.report.table import Block, Cell, Column, Table
from inpaintbench.statistics.scores import MetricInfo, has_reference
from inpaintbench.statistics.support import COMPLETION_SHARE, Support, common_support

Watched = Callable[[Sequence[str]], Iterable[str]]
"""Yields what it is given, and may show how far it got."""

Place = tuple[str, str]
"""Dataset and mask suite, either of which may be ``all``."""


def distribution_table(
    summary: Summary, pictures: Pictures, network: Inception, watched: Watched = lambda cases: cases
) -> Table:
    """Measure the composites of a run against their references.

    The sets are the cases of each dataset × mask suite, and of each mask suite where the run has
    several datasets. `watched` is given the cases that are read, to show how far it got.

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
    # each suite as a whole where there are several datasets, then dataset × suite
    several = scores.cases["dataset"].nunique() > 1
    whole = {(EVERYTHING, suite): scores.where(None, suite) for suite in scores.suites() if several}
    sets = whole | {place: scores.where(*place) for place in scores.groups()}
    return table_of_sets(
        f"Sets of results of {rows.name} against their references.",
        {place: common_support(here.done) for place, here in sets.items()},
        scores.cases["image_sha256"].to_dict(),
        pictures,
        network,
        watched,
        notes,
    )


def set_scores(frame: pd.DataFrame, name: str) -> SetScores:
    """Take a metric of sets from the frame of `distribution_table`, each mask suite as a whole."""
    metric = next(metric for metric in SET_METRICS if metric.name == name)
    here = frame[frame["label"] == metric.label]
    if EVERYTHING in set(here["dataset"]):
        here = here[here["dataset"] == EVERYTHING]
    info = MetricInfo(
        str(here["metric"].iloc[0]),
        metric.name,
        metric.label,
        unit="",
        higher_is_better=metric.higher_is_better,
        missing="",
        axis=Axis.perception,
    )
    suites = here.dropna(subset="value").groupby("suite", sort=False)
    return SetScores(
        info, {str(suite): dict(zip(f["variant"], f["value"], strict=True)) for suite, f in suites}
    )


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
    real, fake = _read(supports.values(), references, pictures, network, watched)
    distinct = {place: len({references[c] for c in one.cases}) for place, one in supports.items()}
    ids = [metric.id(network) for metric in SET_METRICS]
    blocks, records = [], []
    for place, support in supports.items():
        rows = []
        for method, values in _measured(support, references, real, fake).items():
            aside = method in support.set_aside
            images, of = (0, 0) if aside else (len(support.cases), distinct[place])
            rows.append(
                (
                    Cell(method, mark=SET_ASIDE if aside else ""),
                    Cell(MISSING if aside else str(images)),
                    *(Cell(fixed(values[metric.name], metric.digits)) for metric in SET_METRICS),
                )
            )
            records += [
                (*place, method, id, metric.label, values[metric.name], images, of)
                for id, metric in zip(ids, SET_METRICS, strict=True)
            ]
        blocks.append(Block(_title(place, support, distinct[place]), tuple(rows)))
    names = ["dataset", "suite", "variant", "metric", "label", "value", "images", "references"]
    width = next(map(len, real.values()), 0)
    return Table(
        kind="distribution",
        caption=caption,
        columns=(
            Column("Method", left=True),
            Column("Images"),
            *(Column(metric.label, arrow=metric.arrow) for metric in SET_METRICS),
        ),
        blocks=tuple(blocks),
        notes=(*_rules(supports, distinct, width), *notes, f"Definitions: {'; '.join(ids)}."),
        frame=pd.DataFrame(records, columns=names),
    )


def _read(
    supports: Iterable[Support],
    references: Mapping[str, str],
    pictures: Pictures,
    network: Inception,
    watched: Watched,
) -> tuple[dict[str, Features], dict[tuple[str, str], Features]]:
    """Send the pictures that some set needs through the network, each once.

    Returns
    -------
    real, fake : dict
        Features by what identifies a reference, and by case and method of a composite.
    """
    wanted: dict[str, dict[str, None]] = {}
    for support in supports:
        for case in support.cases:
            wanted.setdefault(case, {}).update(dict.fromkeys(support.compared))
    real: dict[str, Features] = {}
    fake: dict[tuple[str, str], Features] = {}
    for case in watched(list(wanted)):
        truth, hole = pictures.reference(case), pictures.mask(case)
        if references[case] not in real:
            real[references[case]] = network.features(truth)
        for method in wanted[case]:
            whole = composite(pictures.output(case, method), truth, hole)
            fake[case, method] = network.features(whole)
    return real, fake


def _measured(
    support: Support,
    references: Mapping[str, str],
    real: Mapping[str, Features],
    fake: Mapping[tuple[str, str], Features],
) -> dict[str, dict[str, float]]:
    """Measure every method compared on the cases of a set; those set aside have no value."""
    names = [metric.name for metric in SET_METRICS]
    found = {m: dict.fromkeys(names, nan) for m in (*support.compared, *support.set_aside)}
    if len(support.cases):
        truth = np.stack([real[references[case]] for case in support.cases])
        for method in support.compared:
            found[method] = measure(truth, np.stack([fake[case, method] for case in support.cases]))
    return found


def _title(place: Place, support: Support, distinct: int) -> str:
    """Say where the images of a set are from, and how many there are."""
    images = len(support.cases)
    repeated = f", {distinct} references" if distinct < images else ""
    counts = f"{images} of {support.reached} cases{repeated}"
    where = ", ".join(name for name in place if name != EVERYTHING)
    return f"{where} ({counts})" if where else counts


def _rules(
    supports: Mapping[Place, Support], distinct: Mapping[Place, int], width: int
) -> Iterator[str]:
    """Say what was compared, and what is doubtful about it."""
    yield (
        "Each set: the cases that every method compared finished, as pairs of a composite and its "
        "reference."
    )
    if any(one.set_aside for one in supports.values()):
        yield (
            f"{SET_ASIDE} finished fewer than {percent(COMPLETION_SHARE)} of the cells of the most "
            "complete method: not compared."
        )
    small = sorted({len(one.cases) for one in supports.values() if len(one.cases) < width})
    if small:
        counts = str(small[0]) if len(small) == 1 else f"{small[0]} to {small[-1]}"
        yield (
            f"Warning: fewer images ({counts}) than features ({width}). FID is too high by an "
            "amount that depends on the number of images, and P-IDS and U-IDS tend to 0, since "
            "a plane parts nearly any two sets that small."
        )
    if any(distinct[place] < len(one.cases) for place, one in supports.items()):
        yield (
            "References with several holes count several times, while KID's estimator takes "
            "images for independent."
        )
    missing = discriminator_missing()
    if missing:
        yield f"P-IDS and U-IDS are missing: {missing}"
