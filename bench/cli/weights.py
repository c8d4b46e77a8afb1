"""``inpaintbench weights``: the weight files that metrics need, and where they are."""

from __future__ import annotations

from typing import Annotated

import typer

from inpaintbench.cli.output import say


def weights(
    fetch: Annotated[
        list[str] | None,
        typer.Option(
            "--fetch", metavar="NAME", help="Fetch and verify a file; may be repeated; all for all."
        ),
    ] = None,
    path: Annotated[
        bool, typer.Option("--path", help="Print the folder that fetched files are kept in.")
    ] = False,
) -> None:
    """Show where each file of model weights is, or fetch it.

    Files are looked for in the folders named by INPAINTBENCH_WEIGHTS, then in the cache, then
    made from what torch has downloaded; only then are they fetched.
    """
    from inpaintbench.errors import BenchError
    from inpaintbench.weights import (
        WeightsUnavailable,
        cache_folder,
        find_known,
        known_files,
        obtain,
    )

    if path:
        say(cache_folder())
        return
    names = list(known_files()) if fetch and "all" in fetch else fetch or []
    for file in [find_known(name) for name in names]:
        try:
            say(f"{file.name}: {obtain(file)}")
        except WeightsUnavailable as error:
            raise BenchError(str(error)) from error
    if not names:
        _show()


def _show() -> None:
    """List every known file with its state and its sources."""
    from inpaintbench.cli.terminal import Terminal
    from inpaintbench.images.download import megabytes
    from inpaintbench.weights import WeightFile, known_files, locate
    from inpaintbench.weights.file import AlteredWeights

    def state(file: WeightFile) -> str:
        found = locate(file)
        if found is None:
            return "not here"
        try:
            file.check(found)
        except AlteredWeights as error:
            return str(error)
        return str(found)

    console = Terminal()
    for file in known_files().values():
        console.print(f"{file.name}  {file.about}, {megabytes(file.size)}", soft_wrap=True)
        for label, text in (
            ("where", state(file)),
            ("sources", "; ".join(source.title for source in file.sources)),
            ("licence", file.license),
        ):
            console.print(f"    {label}: {text}", soft_wrap=True)
