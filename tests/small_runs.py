"""Real runs that take a second or two, made without the command line."""

from __future__ import annotations

from pathlib import Path

from inpaintbench.execution.progress import Progress
from inpaintbench.execution.run import Options, run
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.planning.plan import make_plan
from inpaintbench.storage.rows import RunRows
from inpaintbench.storage.runs import export, read_run

NUDGED = '''
from inpaintbench.methods.base import Method


class Nudged(Method):
    """Fill with a constant."""

    def inpaint(self, image, mask):
        filled = image.copy()
        filled[mask] = {level}
        return filled
'''


class Quiet(Progress):
    """Progress that nobody watches."""


def small_run(directory: Path, *methods: str, **changes: object) -> RunRows:
    """Run methods on three small textures × two suites, scored by PSNR and MAE."""
    benchmark = Benchmark(
        **{  # type: ignore[arg-type]
            "name": "small",
            "datasets": ("textures[size=64]",),
            "masks": ("small-holes", "large-regions"),
            "methods": methods or ("telea", "mean-fill"),
            "metrics": ("psnr", "mae"),
            "limit": 3,
            **changes,
        }
    )
    run(make_plan(benchmark), directory, Options(timing=False), Quiet())
    rows = read_run(directory)
    export(rows, directory)
    return rows


def write_nudged(path: Path, level: int) -> str:
    """Write a method's file and return its specification."""
    path.write_text(NUDGED.format(level=level))
    return str(path)
