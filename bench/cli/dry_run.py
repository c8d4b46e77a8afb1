"""What ``inpaintbench run --dry-run`` says of a plan."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from inpaintbench.cli.output import say

if TYPE_CHECKING:
    from inpaintbench.execution.run import Options
    from inpaintbench.planning.plan import Plan


def show(plan: Plan, directory: Path, options: Options) -> None:
    """Print what a plan holds, what of it is done, and how long the rest may take."""
    from inpaintbench.execution.estimate import estimate

    benchmark = plan.benchmark
    images = Counter(name for name, _ in {(case.dataset, case.sample) for case in plan.cases})
    found = estimate(plan, directory, fresh=options.fresh)
    say(f"{benchmark.name}: {benchmark.description}")
    say(f"datasets  {', '.join(f'{name} ({images[name]} images)' for name in benchmark.datasets)}")
    say(f"suites    {', '.join(benchmark.masks)}")
    say(f"methods   {', '.join(variant.label for variant in plan.variants)}")
    say(f"metrics   {', '.join(benchmark.metrics)}")
    cells = f"{plan.cell_count}, {len(plan.cases)} cases × {len(plan.variants)} methods"
    say(f"cells     {cells}{f'; {found.done} are done' if found.done else ''}")
    say(f"time      {_time(found.quality, found.timing, found.unknown, options)}")
    say(f"folder    {directory}")


def _time(quality: float, timing: float, unknown: tuple[str, ...], options: Options) -> str:
    parts = []
    if quality or (timing and options.timing):
        parts.append(f"about {_written(quality / options.jobs)} on {options.jobs} workers")
        if options.timing:
            parts.append(f"about {_written(timing)} for runtimes")
    if unknown:
        parts.append(f"not known, of no earlier run here: {', '.join(unknown)}")
    return "; ".join(parts) or "nothing to do"


def _written(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds))) if seconds >= 60 else f"{max(seconds, 1):.0f} s"
