"""How long a plan will take, from what its methods took in earlier runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inpaintbench.errors import BenchError
from inpaintbench.planning.plan import Plan
from inpaintbench.storage.store import Store


@dataclass(frozen=True)
class Estimate:
    """What of a plan is left, and how long that takes.

    Parameters
    ----------
    done : int
        Cells of the plan that the run has already.
    quality, timing : float
        Seconds of the calls that are left, one after the other, and of the timing pass.
    unknown : tuple of str
        Methods that no earlier run tells the time of, which aren't counted.
    """

    done: int
    quality: float
    timing: float
    unknown: tuple[str, ...]


def estimate(plan: Plan, directory: Path, *, fresh: bool = False) -> Estimate:
    """Estimate what is left of a plan in a run directory, from that run and those beside it.

    A method's calls are taken to last as long as those of the newest run that has some, whose
    images may be of another size. Scoring and making the cases isn't counted. With `fresh` nothing
    is taken as done.
    """
    here = directory / "run.db"
    others = sorted(directory.parent.glob("*/run.db"), key=lambda path: -path.stat().st_mtime)
    done: set[tuple[str, str]] = set()
    seconds: dict[str, float] = {}
    for path in dict.fromkeys([*([here] if here.is_file() else []), *others]):
        try:
            with Store.read(path.parent) as store:
                if path == here and not fresh:
                    done = store.finished()
                seconds = store.mean_seconds() | seconds
        except BenchError:
            continue  # a damaged run beside this one has no say
    timed = {case.id for case in plan.timed_cases()}
    settings = plan.benchmark.timing
    found, quality, timing = 0, 0.0, 0.0
    for variant in plan.variants:
        each = seconds.get(variant.label, 0.0)
        had = sum((case.id, variant.key) in done for case in plan.cases)
        found += had
        quality += each * (len(plan.cases) - had)
        repeats = min(settings.repeats, max(3.0, settings.seconds / each)) if each else 0
        timing += each * (settings.warmup + repeats) * len(timed)
    unknown = tuple(v.label for v in plan.variants if v.label not in seconds)
    return Estimate(found, quality, timing, unknown)
