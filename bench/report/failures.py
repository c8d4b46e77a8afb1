"""What kept a run's methods from finishing cells, cells that ended alike together."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.storage.rows import RunRows


@dataclass(frozen=True)
class Unfinished:
    """Cells of a method that ended in the same way, without an output.

    Parameters
    ----------
    variant : str
        The method.
    kind : str
        Kind of failure, or ``skipped``.
    message, location : str
        Why, and in which file and line, where that is known.
    cases : tuple of str
        Ids of the cases, in the order of the run.
    traceback, printed : str
        Of the first of them: the traceback, and the last lines that the method printed.
    """

    variant: str
    kind: str
    message: str
    location: str
    cases: tuple[str, ...]
    traceback: str = ""
    printed: str = ""

    @property
    def reason(self) -> str:
        """Message with file and line: ``IndexError: … (mine.py:12)``."""
        place = f"({self.location})" if self.location else ""
        return " ".join(part for part in (self.message, place) if part)


def unfinished(rows: RunRows) -> list[Unfinished]:
    """Collect the cells that were reached and have no output, by method in the run's order."""
    alike = ["variant", "failure", "message", "location"]
    known = rows.failures.set_index(alike)[["traceback", "stderr"]]
    told = dict(zip(known.index, known.itertuples(index=False, name=None), strict=True))
    order = {variant: number for number, variant in enumerate(rows.variants["variant"])}
    cells = rows.cells[rows.cells["status"] != "done"]
    found = [
        Unfinished(
            variant,
            failure if status == "failed" else status,
            message,
            location,
            tuple(group["case"]),
            *told.get((variant, failure, message, location), ()),
        )
        for (status, variant, failure, message, location), group in cells.groupby(
            ["status", *alike], sort=False
        )
    ]
    return sorted(found, key=lambda one: order[one.variant])


@dataclass(frozen=True)
class Unscored:
    """Results that a metric raised on, all for the same reason."""

    metric: str
    reason: str
    results: int


def unscored(rows: RunRows) -> list[Unscored]:
    """Collect the scores that a metric owes, by metric and reason."""
    owed = rows.scores[rows.scores["reason"] != ""]
    return [
        Unscored(metric, reason, len(group))
        for (metric, reason), group in owed.groupby(["metric", "reason"], sort=False)
    ]
