"""TIFF files, whose tags say what their numbers mean.

Baseline TIFF 6.0 and BigTIFF: black and white, grey, palette, RGB, CMYK and YCbCr, with alpha or
without, in strips or tiles, compressed or not. The first page is read.
"""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.errors import DataError
from inpaintbench.images.pixels import Pixels, grey_where_equal, refuse_size

_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_CHANNELS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4, _YCBCR: 3}
_UNSIGNED = 1
_KINDS = {2: "signed", 3: "floating-point", 4: "untyped", 5: "complex", 6: "complex"}
_JPEG = (6, 7)
_PREMULTIPLIED, _ALPHA = 1, 2
_ORIENTATION, _INKS, _CMYK_INKS = 274, 332, 1
_MOST_SAMPLES = 8


def is_tiff(head: bytes) -> bool:
    """Tell a TIFF by its first four bytes."""
    return head.startswith(_SIGNATURES)


def read_tiff(path: Path) -> Pixels:
    """Read the first page of a TIFF file, upright.

    Raises
    ------
    DataError
        When it is of a refused kind, too large or cut off. A damaged file raises nearly anything.
    """
    import tifffile

    logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what is wrong is raised
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        _refuse(path, page, file.filehandle.size)
        stored = page.asarray(maxworkers=1)
        planes, _, height, width, samples = page.shaped
        values = np.moveaxis(stored.reshape(planes, height, width, samples), 0, 2)
        values = values.reshape(height, width, planes * samples)
        values = values.astype(np.uint8 if page.bitspersample <= 8 else np.uint16, copy=False)
        colour = _colour(path, page, values[..., : _CHANNELS[page.photometric]])
        alpha, premultiplied = _alpha(page, values)
        if alpha is not None and premultiplied:
            colour = _divided(colour, alpha)
        return Pixels(colour, alpha).upright(page.tags.valueof(_ORIENTATION))


def _refuse(path: Path, page: Any, size: int) -> None:
    """Refuse by its tags what can't be read right, or would take too much memory."""
    refuse_size(path, page.imagewidth, page.imagelength)
    if page.is_tiled:
        refuse_size(path, page.tilewidth, page.tilelength)
    photometric = page.photometric
    if photometric not in _CHANNELS:
        raise DataError(
            f"{path}: TIFF images of kind {getattr(photometric, 'name', photometric)} are refused"
        )
    bits, kind = page.bitspersample, page.sampleformat
    if kind != _UNSIGNED or not isinstance(bits, int) or bits > 16:
        what = f"{bits}-bit {_KINDS.get(kind, 'integer')}"
        raise DataError(f"{path}: {what} images are refused, since their range isn't stated")
    if page.imagedepth != 1 or page.tiledepth != 1:
        raise DataError(f"{path}: is a volume, not an image")
    if page.is_reduced:
        raise DataError(f"{path}: its first page is only a preview of another")
    wanted, more = _CHANNELS[photometric], page.samplesperpixel - _CHANNELS[photometric]
    if more < 0 or page.samplesperpixel > _MOST_SAMPLES or (wanted == 1 and more > 1):
        raise DataError(
            f"{path}: has {page.samplesperpixel} channels, and doesn't say what they are; save it "
            "as grey or RGB"
        )
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    short = len(segments) < math.prod(page.chunked)  # the reader would make up the rest
    if short or any(not length or start + length > size for start, length in segments):
        raise DataError(f"{path}: is cut off")


def _colour(path: Path, page: Any, values: NDArray[Any]) -> NDArray[Any]:
    """Turn samples into grey or RGB of 8 or 16 bits."""
    bits, kind = page.bitspersample, page.photometric
    if kind == _PALETTE:
        return _looked_up(values[..., 0], page.colormap)
    if kind == _CMYK or (kind == _YCBCR and page.compression not in _JPEG):
        if bits != 8 or page.tags.valueof(_INKS, default=_CMYK_INKS) != _CMYK_INKS:
            raise DataError(f"{path}: of CMYK and YCbCr only 8 bits are read; save it as RGB")
        return _to_rgb("CMYK" if kind == _CMYK else "YCbCr", values)
    return _full_range((1 << bits) - 1 - values if kind == _WHITE_IS_ZERO else values, bits)


def _alpha(page: Any, values: NDArray[Any]) -> tuple[NDArray[Any] | None, bool]:
    """Find the alpha channel, called so or nothing, and whether colours are multiplied by it."""
    first = _CHANNELS[page.photometric]
    if values.shape[2] > first:
        for place, kind in enumerate(page.extrasamples or (_ALPHA,), first):
            if kind in (_PREMULTIPLIED, _ALPHA):
                return _full_range(values[..., place], page.bitspersample), kind == _PREMULTIPLIED
    return None, False


def _looked_up(indices: NDArray[Any], palette: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Take colours from a palette of 16 bits; some writers fill only the lower 8."""
    colours = palette.T >> 8 if palette.max() > 0xFF else palette.T
    return grey_where_equal(colours.astype(np.uint8)[indices])


def _to_rgb(mode: str, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from PIL import Image

    height, width = values.shape[:2]
    image = Image.frombytes(mode, (width, height), values.tobytes())
    return np.asarray(image.convert("RGB"))


def _full_range(values: NDArray[Any], bits: int) -> NDArray[Any]:
    """Scale values of fewer bits to all of 8 or 16, rounded to nearest."""
    most, top = (1 << bits) - 1, 0xFF if bits <= 8 else 0xFFFF
    if most == top:
        return values
    scaled = (2 * values.astype(np.uint32) * top + most) // (2 * most)
    return scaled.astype(values.dtype)


def _divided(colour: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    """Undo the multiplication of colours by their alpha, rounded to nearest."""
    top = int(np.iinfo(colour.dtype).max)
    straight = np.empty_like(colour)
    for row, values, opacity in zip(straight, colour, alpha, strict=True):
        share = np.maximum(opacity, 1)[:, None].astype(np.int64)
        row[:] = np.minimum((2 * values.astype(np.int64) * top + share) // (2 * share), top)
    return straight
