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
        bool,
        typer.Option(help="Paste the known pixels back; --no-composite keeps the method's own."),
    ] = True,
    invert: Annotated[bool, typer.Option("--invert", help="Black is filled instead.")] = False,
    device: Device = "cpu",
    seed: Annotated[int, typer.Option(help="Seed, for a method that draws random numbers.")] = 0,
) -> None:
    """Fill the hole of one picture."""
    from inpaintbench.standalone.single import inpaint_file

    seconds = inpaint_file(
        image, mask, method, out, composite=composite, invert=invert, device=device, seed=seed
    )
    say(f"{out}: written ({seconds:.2f} s)")
