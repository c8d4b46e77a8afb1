"""Runtime and memory from the timing pass; what was measured on a busy machine is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from inpaintbench.storage.rows import RunRows


@dataclass(frozen=True)
class Runtime:
    """How long a method takes for an image.

    Parameters
    ----------
    median, low_quartile, high_quartile : float
        Seconds, over cases; a case's time is the median of its repeats.
    peak_bytes : float
        Largest memory over the baseline of the process; NaN where it wasn't measured.
    cases : int
        Cases timed that the figures are over.
    common : bool
        Whether these are the cases timed for every method compared, so that methods can be
        compared.
    """

    median: float
    low_quartile: float
    high_quartile: float
    peak_bytes: float
    cases: int
    common: bool


@dataclass(frozen=True, eq=False)
class Readings:
    """The timings that can be compared, of one machine while nothing else ran; and the others.

    Parameters
    ----------
    alone : DataFrame
        Those that can be compared.
    contended : int
        Readings taken while others kept the machine busy.
    machine : str
        Where the readings that count were taken.
    elsewhere : mapping of str to int
        Other machines, and how many readings of theirs are left out.
    """

    alone: pd.DataFrame
    contended: int
    machine: str
    elsewhere: Mapping[str, int]

    @property
    def threads(self) -> tuple[int, ...]:
        """The numbers of threads that were timed."""
        return tuple(sorted({int(number) for number in self.alone["threads"]}))


@dataclass(frozen=True, eq=False)
class Runtimes(Readings):
    """Runtime of each variant that has one, over its own or the common cases; and the readings."""

    of: Mapping[str, Runtime]
    common_cases: int


def comparable_timings(rows: RunRows, timings: pd.DataFrame) -> Readings:
    """Choose the timings of one machine: where most cells were timed while nothing else ran.

    Of equals, the one with most readings counts, then the last.

    Parameters
    ----------
    rows : RunRows
        The run.
    timings : DataFrame
        Its timings, or some of them.
    """
    machines = {id: known.machine for id, known in rows.environments.items()}
    where = timings["environment"].map(machines).fillna("").astype("str")
    sound = ~timings["contended"].astype(bool) & np.isfinite(timings["seconds"])
    alone, own = timings[sound], where[sound]
    cells = alone[["case", "variant"]].assign(machine=own).drop_duplicates()["machine"]
    known = list(own.unique())
    counts, readings = cells.value_counts(), own.value_counts()
    chosen = max(known, key=lambda m: (counts[m], readings[m], known.index(m)), default="")
    here = own == chosen
    return Readings(
        alone=alone[here],
        contended=int((~sound).sum()),
        machine=chosen,
        elsewhere={str(m): int(readings[m]) for m in known if m != chosen},
    )


def read_runtimes(
    rows: RunRows, cases: pd.Index[str], compared: tuple[str, ...], others: tuple[str, ...] = ()
) -> Runtimes:
    """Summarise the timings of some cases.

    Methods in `compared` are summarised over the cases timed for all of those that were timed at
    all, when there are any; `others`, and everybody when there are none, over their own cases.
    """
    timings = rows.timings[rows.timings["case"].isin(cases)]
    timings = timings[timings["variant"].isin([*compared, *others])]
    readings = comparable_timings(rows, timings)
    alone = readings.alone
    seconds = alone.groupby(["case", "variant"])["seconds"].median().unstack("variant")
    peaks = alone.groupby("variant")["peak_bytes"].max()
    timed = [name for name in compared if name in seconds]
    common = seconds[timed].dropna() if timed else seconds.iloc[:0]
    of = {}
    for name in (*timed, *(name for name in others if name in seconds)):
        shared = name in timed and len(common) > 0
        own = common[name] if shared else seconds[name].dropna()
        low, median, high = np.quantile(own, [0.25, 0.5, 0.75])
        of[name] = Runtime(
            median=float(median),
            low_quartile=float(low),
            high_quartile=float(high),
            peak_bytes=float(peaks[name]),
            cases=len(own),
            common=shared,
        )
    return Runtimes(**vars(readings), of=of, common_cases=len(common))
