"""``inpaintbench merge``: one run out of several machines' runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inpaintbench.cli.output import say


def merge(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN…", help="Run directories of the same benchmark.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="New run directory.")],
) -> None:
    """Merge runs of the same benchmark, from several machines, into one.

    Conflicts, such as two outputs of a deterministic method for one case, are named, and nothing
    is written.
    """
    from inpaintbench.storage.merging import merge as merge_runs

    merged = merge_runs(runs, out)
    for note in merged.notes:
        say(f"note: {note}")
    say(f"{out}: {merged.variants} methods, {merged.cells} cells")
