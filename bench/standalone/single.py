"""Fill the hole of one picture from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inpaintbench.datasets.reading.image_file import read_image, read_mask
from inpaintbench.errors import BenchError
from inpaintbench.execution.cell import BadOutput, call
from inpaintbench.planning.case import Case, LoadedCase
from inpaintbench.plugins import registry
from inpaintbench.storage.imagefile import write_png


def inpaint_file(
    image: Path,
    mask: Path,
    method: str,
    out: Path,
    *,
    composite: bool = True,
    invert: bool = False,
    device: str = "cpu",
    seed: int = 0,
) -> float:
    """Fill the hole of a picture and write the result; return the seconds the call took.

    Parameters
    ----------
    image, mask : Path
        Picture and mask of the same size; the mask's white is the hole.
    method : str
        Specification of the method.
    out : Path
        PNG, written whole or not at all.
    composite : bool
        Paste the known pixels back.
    invert : bool
        Take the mask's black for the hole.

    Raises
    ------
    BenchError, DataError
        When a file can't be used, sizes differ, the mask is empty, or the method can't do it.
    """
    made = registry.make_method(method)
    if out.suffix.lower() != ".png":
        raise BenchError(f"{out}: results are written losslessly; give a name ending in .png")
    pixels = read_image(image)
    hole = read_mask(mask) ^ invert
    if hole.shape != pixels.shape[:2]:
        raise BenchError(
            f"{mask}: the mask is {hole.shape[1]}×{hole.shape[0]} pixels, "
            f"{image} {pixels.shape[1]}×{pixels.shape[0]}; they must be equal"
        )
    if not hole.any():
        raise BenchError(
            f"{mask}: the mask is empty, nothing would be filled (white is the hole; --invert "
            "takes black)"
        )
    reason = made.skip(pixels.shape, pixels.dtype)
    if reason:
        raise BenchError(f"{method} can't fill {image}: {reason}")
    made.setup(device, seed)
    picture = LoadedCase(Case("picture", "", str(image), "", 0, seed), pixels, hole, "")
    try:
        output, seconds = call(made, picture)
    except BadOutput as error:
        raise BenchError(f"{method} {error} ({error.failure})") from error
    write_png(out, np.where(hole[..., None], output, pixels) if composite else output)
    return seconds
