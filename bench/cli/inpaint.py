"""``inpaintbench inpaint``: fill the hole of one picture, with any method."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inpaintbench.cli.options import Device
from inpaintbench.cli.output import say


def inpaint(
    image: Annotated[Path, typer.Argument(help="Picture: PNG, JPEG, TIFF, …")],
    mask: Annotated[Path, typer.Argument(help="Mask of the same size: white is filled.")],
    method: Annotated[
        str, typer.Option("--method", "-m", help="Method, as name[parameter=value] or ./file.py.")
    ] = "telea",
    out: Annotated[Path, typer.Option("--out", "-o", help="Result, a PNG.")] = Path(
        "inpainted.png"
    ),
    composite: Annotated[
        bool | None,
        typer.Option(
            help="Paste the known pixels back, as is usual without --object; --no-composite "
            "keeps the method's own."
        ),
    ] = None,
    show_object: Annotated[
        bool,
        typer.Option(
            "--object", help="Show the method what is in the hole, an object that it removes."
        ),
    ] = False,
    prompt: Annotated[
        str, typer.Option(help="What to paint, for a method that takes a prompt.")
    ] = "",
    invert: Annotated[bool, typer.Option("--invert", help="Black is filled instead.")] = False,
    device: Device = "cpu",
    seed: Annotated[int, typer.Option(help="Seed, for a method that draws random numbers.")] = 0,
) -> None:
    """Fill the hole of one picture."""
    from inpaintbench.standalone.single import inpaint_file

    seconds = inpaint_file(
        image,
        mask,
        method,
        out,
        # the shadow of an object is among the known pixels
        composite=not show_object if composite is None else composite,
        invert=invert,
        show_object=show_object,
        prompt=prompt,
        device=device,
        seed=seed,
    )
    say(f"{out}: written ({seconds:.2f} s)")
