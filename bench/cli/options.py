"""Arguments and options that several commands have, each defined once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from inpaintbench.statistics.axes import RankBy

Run: TypeAlias = Annotated[Path, typer.Argument(metavar="RUN", help="Run directory.")]
Runs: TypeAlias = Annotated[list[Path], typer.Argument(metavar="RUN…", help="Run directories.")]

ShownMethods: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--method",
        "-m",
        help="Methods as the run calls them; telea stands for telea[radius=5] too.",
    ),
]
ShownDatasets: TypeAlias = Annotated[
    list[str] | None, typer.Option("--dataset", "-d", help="Datasets of the run, such as photos.")
]
ShownMasks: TypeAlias = Annotated[
    list[str] | None, typer.Option("--masks", help="Mask suites of the run, such as small-holes.")
]
ShownMetrics: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--metric", help="Main metrics, by name, label or id: psnr, LPIPS."),
]
RankedBy: TypeAlias = Annotated[
    RankBy,
    typer.Option("--rank-by", help="Which rank orders the methods; both averages all metrics."),
]

Device: TypeAlias = Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")]
Jobs: TypeAlias = Annotated[
    int, typer.Option("--jobs", "-j", min=0, help="Worker processes; 0 takes every core.")
]
InceptionFile: TypeAlias = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Network of FID and KID [inpaintbench weights].")
]
