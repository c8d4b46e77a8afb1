"""``inpaintbench export``: a run's filled pictures as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inpaintbench.cli.options import Runs, ShownDatasets, ShownMasks, ShownMethods
from inpaintbench.cli.output import say


def export(
    runs: Runs,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write to.")],
    method: ShownMethods = None,
    dataset: ShownDatasets = None,
    masks: ShownMasks = None,
    composite: Annotated[
        bool,
        typer.Option(help="Paste the known pixels back; --no-composite keeps the method's own."),
    ] = True,
) -> None:
    """Write a run's filled pictures by name: dataset/sample/suite-index/method.png.

    Originals, masks and a manifest.json that says what each file is stand beside them.
    """
    from inpaintbench.cli.progress import watched
    from inpaintbench.report.opening import open_runs
    from inpaintbench.standalone.picture_export import MANIFEST, export_pictures

    with open_runs(runs, method or (), dataset or (), masks or ()) as opened:
        written = export_pictures(
            opened.summary.rows,
            opened.pictures,
            out,
            pasted=composite,
            watched=lambda cases: watched(cases, "exporting"),
        )
    say(f"{out}: {len(written)} pictures, listed in {out / MANIFEST}")
