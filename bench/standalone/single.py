"""Fill the hole of one picture from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inpaintbench.cores import cores
from inpaintbench.errors import BenchError
from inpaintbench.execution.cell import BAD_OUTPUT, checked_output
from inpaintbench.execution.failure import Failed
from inpaintbench.execution.method_process import (
    MethodProcess,
    MethodTask,
    Returned,
    describe_apart,
)
from inpaintbench.execution.process import Limits
from inpaintbench.images.png import write_png
from inpaintbench.images.reading import read_image, read_mask
from inpaintbench.images.types import Image, Mask
from inpaintbench.planning.plan import Variant

_LONGEST = 1e6
"""Seconds: the person who waits decides how long is too long."""


def inpaint_file(
    image: Path,
    mask: Path,
    method: str,
    out: Path,
    *,
    composite: bool = True,
    invert: bool = False,
    show_object: bool = False,
    prompt: str = "",
    device: str = "cpu",
    seed: int = 0,
) -> float:
    """Fill the hole of a picture and write the result; return the seconds the call took.

    Parameters
    ----------
    image, mask, out : Path
        Picture and mask of the same size, the mask's white being the hole; PNG to write.
    method : str
        Specification of the method.
    composite, invert : bool
        Paste the known pixels back; take the mask's black for the hole.
    show_object : bool
        Show a method that removes objects what is in the hole; any other sees 0 there.
    prompt : str
        What to paint, for a method that takes a prompt.

    Raises
    ------
    BenchError, DataError
        When a file can't be used, sizes differ, the mask is empty, or the method can't do it,
        takes no prompt, needs one, or never sees what is in the hole.
    """
    if out.suffix.lower() != ".png":
        raise BenchError(f"{out}: results are written losslessly; give a name ending in .png")
    pixels = read_image(image)
    hole = read_mask(mask, "black" if invert else "white")
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
    for source in (image, mask):
        if out.exists() and out.samefile(source):
            raise BenchError(f"{out}: is the file {source} itself; name another result with --out")
    variant = describe_apart(method, device)
    _refuse_unfit(variant, method, show_object, prompt)
    shown = pixels.copy()
    if not show_object:
        shown[hole] = 0
    try:
        returned = _call(variant, device, seed, shown, hole, prompt)
        if returned.skip:
            raise BenchError(f"{method} can't fill {image}: {returned.skip}")
        output = checked_output(returned.array, pixels)
    except Failed as error:
        failure = error.failure
        if failure.kind in BAD_OUTPUT:
            raise BenchError(f"{method} {failure.message} ({failure.kind})") from error
        where = f" ({failure.location})" if failure.location else ""
        raise BenchError(f"{method} failed: {failure.message}{where}") from error
    write_png(out, np.where(hole[..., None], output, pixels) if composite else output)
    return returned.seconds


def _refuse_unfit(variant: Variant, method: str, show_object: bool, prompt: str) -> None:
    """Refuse what the method wouldn't look at, and to leave out what it needs."""
    if show_object and variant.sees != "input":
        raise BenchError(f"{method} never sees what is in the hole: leave --object out")
    if prompt and variant.prompts == "ignored":
        raise BenchError(f"{method} takes no prompt: leave --prompt out")
    if variant.prompts == "required" and not prompt:
        raise BenchError(f"{method} needs to be told what to paint: --prompt TEXT")


def _call(
    variant: Variant, device: str, seed: int, image: Image, hole: Mask, prompt: str
) -> Returned:
    """Call a method in a process of its own: whatever it does there, this one can say so."""
    task = MethodTask(variant.specification, variant.key, device, seed, _LONGEST, _LONGEST)
    process = MethodProcess(Limits(cores()))
    try:
        process.set_up(task)
        told = None if variant.prompts == "ignored" else prompt
        return process.call(image, hole, seed, _LONGEST, prompt=told)
    finally:
        process.end()
