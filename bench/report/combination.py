"""Put several runs together, so that one table or figure can be made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TypeVar

import pandas as pd

from inpaintbench.errors import BenchError
from inpaintbench.images.types import Image, Mask
from inpaintbench.planning.case import Content
from inpaintbench.report.pictures import PictureMissing, Pictures
from inpaintbench.storage.rows import RunRows

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Combination:
    """Several runs as one, and where each cell's picture is found."""

    rows: RunRows
    origins: dict[str, list[tuple[int, str]]]  # the runs that hold a variant, its name in each


def combine(runs: Sequence[RunRows]) -> Combination:
    """Put runs together.

    A variant of the same name and key is the same method, and its cells are united. One of the
    same name with another key is another method (another version, other libraries), so it gets
    its run's name behind its own. Cases are kept that every method was run on in one of the runs:
    on the others, methods couldn't be compared. Every row keeps the environment that made it.

    Raises
    ------
    BenchError
        When a case has other pixels in another run, or no case was run by every method.
    """
    if len(runs) == 1:
        names = runs[0].variants["variant"]
        return Combination(runs[0], {str(name): [(0, str(name))] for name in names})
    _refuse_other_pixels(runs)
    origins = _origins(runs)
    renamed = [
        {old: new for new, places in origins.items() for run, old in places if run == number}
        for number in range(len(runs))
    ]
    cells = _united(runs, "cells", renamed, ["case", "variant"])
    reached = cells.groupby("case")["variant"].nunique()
    cases = pd.concat([run.cases for run in runs], ignore_index=True)
    # the facts of a case come from a run in which it could be made
    unmade = (cases["image_sha256"] == "").argsort(kind="stable")
    cases = cases.iloc[unmade].drop_duplicates("case").sort_index()
    everywhere = cases[cases["case"].map(reached) == len(origins)]
    if everywhere.empty:
        raise BenchError("no case was run by every method of these runs")
    variants = _united(runs, "variants", renamed, ["variant"])
    dropped = len(cases) - len(everywhere)
    left_out = [f"Left out: {dropped} cases that not every method was run on."] if dropped else []

    def kept(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["case"].isin(everywhere["case"])].reset_index(drop=True)

    rows = replace(
        runs[0],
        name=" + ".join(dict.fromkeys(run.name for run in runs)),
        cases=everywhere.reset_index(drop=True),
        variants=variants,
        cells=kept(cells),
        scores=kept(_united(runs, "scores", renamed, ["case", "variant", "metric"])),
        failures=_united(runs, "failures", renamed, ["variant", "failure", "message", "location"]),
        timings=kept(
            _united(runs, "timings", renamed, ["case", "variant", "environment", "repeat"])
        ),
        metrics=_metrics(runs),
        planned_cells=len(everywhere) * len(variants),
        environments={id: made for run in runs for id, made in run.environments.items()},
        provenance=replace(runs[0].provenance, left_out=(*runs[0].provenance.left_out, *left_out)),
    )
    return Combination(rows, origins)


def _refuse_other_pixels(runs: Sequence[RunRows]) -> None:
    # not by dataset and suite as specified: where files lie may differ
    cases = pd.concat([run.cases for run in runs])
    cases = cases[cases["image_sha256"] != ""]
    cases = cases.drop_duplicates(["case", *(field.name for field in fields(Content))])
    doubled = cases[cases["case"].duplicated()]
    if len(doubled):
        first = doubled.iloc[0]
        raise BenchError(
            f"the runs can't be compared: case {first['case']} ({first['dataset']}/"
            f"{first['sample']}, {first['suite']}) has other pixels in another run"
        )


def _origins(runs: Sequence[RunRows]) -> dict[str, list[tuple[int, str]]]:
    """Name the variants: the same name means the same key."""
    keys: dict[str, str] = {}
    origins: dict[str, list[tuple[int, str]]] = {}
    for number, run in enumerate(runs):
        for name, key in run.variants[["variant", "key"]].itertuples(index=False, name=None):
            new = name
            if keys.get(name, key) != key:
                new = f"{name} ({run.directory.name})"
                while keys.get(new, key) != key:
                    new += "'"
            keys[new] = key
            origins.setdefault(new, []).append((number, name))
    return origins


def _united(
    runs: Sequence[RunRows], table: str, renamed: Iterable[dict[str, str]], key: list[str]
) -> pd.DataFrame:
    """Stack a table of all runs under the new names; finished cells win, then earlier runs."""
    frames = []
    for run, names in zip(runs, renamed, strict=True):
        frame: pd.DataFrame = getattr(run, table)
        frames.append(frame.assign(variant=frame["variant"].map(names)))
    stacked = pd.concat(frames, ignore_index=True)
    if table == "cells":
        stacked = stacked.iloc[(stacked["status"] != "done").argsort(kind="stable")]
    return stacked.drop_duplicates(key, ignore_index=True)


def _metrics(runs: Sequence[RunRows]) -> pd.DataFrame:
    """Unite the metrics; one is missing only where no run has it."""
    metrics = pd.concat([run.metrics for run in runs], ignore_index=True)
    order = (metrics["missing"] != "").argsort(kind="stable")
    known = metrics.iloc[order].drop_duplicates("metric").set_index("metric")
    first = metrics["metric"].drop_duplicates()
    return known.loc[first].reset_index()


class CombinedPictures(Pictures):
    """The pictures of several runs, by the names that `combine` gave."""

    def __init__(self, combination: Combination, pictures: Sequence[Pictures]) -> None:
        self._origins = combination.origins
        self._pictures = pictures

    def reference(self, case: str) -> Image:
        """Return the true image ``H×W×C``."""
        return _first(partial(pictures.reference, case) for pictures in self._pictures)

    def mask(self, case: str) -> Mask:
        """Return the mask ``H×W``, True = hole."""
        return _first(partial(pictures.mask, case) for pictures in self._pictures)

    def given(self, case: str) -> Image:
        """Return what methods are given, the hole included."""
        return _first(partial(pictures.given, case) for pictures in self._pictures)

    def effect(self, case: str) -> Mask:
        """Return where an object shows outside the hole, ``H×W``."""
        return _first(partial(pictures.effect, case) for pictures in self._pictures)

    def output(self, case: str, variant: str) -> Image:
        """Return what a variant returned for a case; KeyError when the cell isn't done."""
        places = self._origins[variant]
        return _first(partial(self._pictures[run].output, case, name) for run, name in places)


def _first(sources: Iterable[Callable[[], T]]) -> T:
    """Ask one run after the other, until one has the picture."""
    reason: Exception = KeyError("no run")
    for source in sources:
        try:
            return source()
        except KeyError as error:
            reason = reason if isinstance(reason, PictureMissing) else error
        except PictureMissing as error:
            reason = error
    raise reason
