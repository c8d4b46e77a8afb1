"""``inpaintbench verify`` and ``inpaintbench replay``: whether a run is what it claims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inpaintbench.cli.options import Device, Jobs, Run
from inpaintbench.cli.output import say


def verify(directory: Run, jobs: Jobs = 0) -> None:
    """Check a run: draw its images and masks again, read its outputs, score them again.

    Names each mismatch in a line and exits with 1 when there is one.
    """
    from inpaintbench.audit.verification import verify as verify_run
    from inpaintbench.cli.progress import progress as shown_progress
    from inpaintbench.cores import cores

    with shown_progress() as progress:
        found = verify_run(directory, jobs or cores(), progress)
    for note in found.notes:
        say(f"note: {note}")
    for mismatch in found.mismatches:
        say(mismatch)
    checked = f"{found.cases} cases, {found.outputs} outputs and {found.scores} scores"
    if found.mismatches:
        count = len(found.mismatches)
        say(
            f"{directory}: is not what it claims: {count} mismatch{'' if count == 1 else 'es'} "
            f"({checked} checked)"
        )
        raise typer.Exit(1)
    say(f"{directory}: is what it claims ({checked} checked)")


def replay(
    directory: Run,
    case: Annotated[str, typer.Argument(metavar="CASE", help="Id of the case, or its beginning.")],
    variant: Annotated[str, typer.Argument(metavar="VARIANT", help="Method, as the run names it.")],
    method: Annotated[
        str,
        typer.Option(
            "--method", "-m", help="Where the method is now, if not where it was: ./my_method.py."
        ),
    ] = "",
    device: Device = "cpu",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="PNG to write the new output to.")
    ] = None,
) -> None:
    """Compute one row of a run again and compare: how it ended, its output, its scores.

    Exits with 1 when something else came out.
    """
    from inpaintbench.audit.replay import replay as replay_cell
    from inpaintbench.images.png import read_png, write_png

    found = replay_cell(directory, case, variant, method=method, device=device)
    say(f"{found.variant} on {found.place}")
    failure = found.found.failure
    ended = failure.kind if failure else found.found.status
    reason = failure.message if failure else found.found.message
    digest = found.found.output_sha256
    say(f"{ended}: {digest or reason}")
    for metric, then, now in found.scores:
        say(f"{metric}: {now:.6g} (the run: {then:.6g})")
    for note in found.notes:
        say(f"note: {note}")
    if out is not None and found.found.png is not None:
        write_png(out, read_png(found.found.png))
    for mismatch in found.mismatches:
        say(mismatch)
    if found.mismatches:
        raise typer.Exit(1)
    say("the same as in the run")
