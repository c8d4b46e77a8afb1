"""Read image files of every kind into the two forms of sample, and mask files into masks.

The rules, for every command and dataset that reads files:

- **Orientation**: the EXIF orientation (of a TIFF, its own) is applied, once.
- **Grey stays grey**: one channel in the file gives C = 1. A colour file whose three channels
  happen to be equal stays C = 3. Black-and-white (1-bit) files become 0 and 255.
- **Palette**: resolved; a palette image of nothing but greys gives C = 1.
- **Transparency** (RGBA, LA, palette or PNG transparency): blended over white, rounded to
  nearest. What a mask's transparency means: see `read_mask`.
- **16 bits** stay 16 bits, grey and colour; nothing is scaled to 8. Fewer bits are scaled to the
  full range of 8 (1 to 7 bits) or 16 (9 to 15).
- **CMYK and YCbCr** files are converted to RGB. ICC profiles are ignored: the stored numbers are
  the image. Of an animation or a multi-page file the first frame is read.
- Floating-point, signed and 32-bit integer images are refused, since their range is not stated.
- **Size**: an image of more than `MOST_READ` pixels is refused by its header, before it is decoded.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inpaintbench.errors import reason
from inpaintbench.images.errors import DataError
from inpaintbench.images.pixels import Pixels, grey_where_equal, refuse_size, too_large
from inpaintbench.images.tiff import is_tiff, read_tiff
from inpaintbench.images.types import Image, Mask

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

Hole: TypeAlias = Literal["white", "black"]
"""The colour of the hole in a mask."""

_KINDS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "PPM")
"""What Pillow reads for us: its other readers run programs, or cut 16 bits to 8."""

_PNG_GREY = 0
_ORIENTATION = 0x0112
_MOST_BYTES = 2**30


def read_image(path: Path) -> Image:
    """Read an image file by the rules above.

    Returns
    -------
    (H, W, C) array of uint8 or uint16, contiguous, C = 1 or 3

    Raises
    ------
    DataError
        When the file is missing, damaged, no image, or of a refused kind.
    """
    return read_pixels(path).over_white()


def read_pixels(path: Path) -> Pixels:
    """Decode a file, upright, its transparency unresolved; raises as `read_image` does."""
    from PIL import UnidentifiedImageError
    from PIL.Image import DecompressionBombError

    if path.exists() and not path.is_file():
        raise DataError(f"{path}: isn't a file")  # a pipe would be waited for
    try:
        with path.open("rb") as file:
            head = file.read(26)
        return read_tiff(path) if is_tiff(head) else _read_other(path, head)
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except UnidentifiedImageError:
        raise DataError(
            f"{path}: not an image that can be read (PNG, JPEG, TIFF, WebP, BMP, GIF, PNM)"
        ) from None
    except DecompressionBombError:  # Pillow's own bound is higher
        raise DataError(too_large(path)) from None
    except Exception as error:  # a damaged file can raise nearly anything
        raise DataError(f"{path}: can't be read as an image ({reason(error)})") from error


def read_mask(path: Path, hole: Hole = "white") -> Mask:
    """Read a mask file, in whatever way it tells hole from known.

    - A file of two values is binary whatever they are (0 and 255, 0 and 1), the higher being
      white. Of a colour file the brightest channel counts.
    - Any other is cut at half of its range, with a warning.
    - Transparency is the mask where it alone says anything, that is where all that is visible has
      one colour: opaque is white. Where all is equally opaque it doesn't count.

    Parameters
    ----------
    path : Path
        Image file of any kind that `read_image` reads.
    hole : str
        Colour of the hole, ``white`` or ``black``.

    Returns
    -------
    (H, W) array of bool, True = hole

    Raises
    ------
    DataError
        As `read_image`; and when the file can be understood in two ways: its colours and its
        transparency differ, its colours are equally bright, or all lie on one side of half.
    """
    pixels = read_pixels(path)
    white = _white(path, pixels.colour, pixels.alpha)
    return white if hole == "white" else ~white


def refuse_one_value(path: Path, mask: Mask, hole: Hole) -> None:
    """Refuse the mask read from a file where all of it, or none, is hole."""
    if mask.all() or not mask.any():
        extent, other = ("all", "none") if mask.all() else ("none", "all")
        raise DataError(
            f"{path}: {extent} of it is hole, where {hole} is hole, and {other} with "
            f"hole={'black' if hole == 'white' else 'white'}: all of it is one value"
        )


def _white(path: Path, colour: NDArray[Any], alpha: NDArray[Any] | None) -> Mask:
    if alpha is None or alpha.min() == alpha.max():
        return _cut(path, _brightness(path, colour))
    opaque, seen = _cut(path, alpha), alpha > 0
    top, where = np.iinfo(colour.dtype).max, seen[..., None]
    darkest = colour.min(axis=(0, 1), initial=top, where=where)
    if (darkest == colour.max(axis=(0, 1), initial=0, where=where)).all():
        return opaque
    if (_cut(path, np.where(seen, _brightness(path, colour), 0)) == opaque).all():
        return opaque
    raise DataError(
        f"{path}: its colours say one mask and its transparency another; save it in black and "
        "white without transparency"
    )


def _brightness(path: Path, colour: NDArray[Any]) -> NDArray[Any]:
    """Return the brightest channel, unless that loses what the colours tell."""
    values = colour.max(axis=2)
    if values.min() == values.max() and (colour != colour[:1, :1]).any():
        raise DataError(
            f"{path}: its colours are equally bright, so none is white; save it in black and white"
        )
    return values  # type: ignore[no-any-return]


def _cut(path: Path, values: NDArray[Any]) -> Mask:
    """Tell the higher of two values from the lower, or cut more of them at half of their range."""
    low, high = int(values.min()), int(values.max())
    half = int(np.iinfo(values.dtype).max) // 2 + 1
    between = int(np.count_nonzero((values != low) & (values != high)))
    if not between:
        return np.asarray(values == high if low < high else values >= half)
    if not low < half <= high:
        raise DataError(
            f"{path}: not a mask: its values lie between {low} and {high}, all on one side of "
            f"{half}; save it in black and white"
        )
    warnings.warn(
        f"{path}: not a binary mask ({between / values.size:.1%} of it lies between "
        f"{low} and {high}); cut at {half}",
        stacklevel=2,
    )
    return np.asarray(values >= half)


def _read_other(path: Path, head: bytes) -> Pixels:
    """Read what isn't a TIFF by Pillow, except the PNG files that it would cut or misread."""
    from PIL import Image as pillow

    if path.stat().st_size > _MOST_BYTES:
        raise DataError(f"{path}: has more than {_MOST_BYTES:,} bytes")
    with warnings.catch_warnings(), _long_texts():
        warnings.simplefilter("ignore")  # of odd metadata and large images: both are read
        with pillow.open(path, formats=_KINDS) as image:
            refuse_size(path, *image.size)
            if image.format == "PNG" and _is_deep(image, head):
                import imagecodecs

                pixels = Pixels.of(imagecodecs.png_decode(path.read_bytes()))
                return pixels.upright(_orientation(image))
            if image.format == "PPM" and image.mode == "RGB" and _most(image) > 0xFF:
                raise DataError(f"{path}: PPM of more than 8 bits is refused; save it as PNG")
            return _resolved(path, image).upright(_orientation(image))


@contextmanager
def _long_texts() -> Iterator[None]:
    """Let the texts of a PNG, such as an editor's history, be as long as all may be together."""
    from PIL import PngImagePlugin

    before = PngImagePlugin.MAX_TEXT_CHUNK
    PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY
    try:
        yield
    finally:
        PngImagePlugin.MAX_TEXT_CHUNK = before


def _orientation(image: PillowImage) -> object:
    try:
        return image.getexif().get(_ORIENTATION)
    except Exception:  # a damaged block can raise nearly anything, and says nothing
        return None


def _is_deep(image: PillowImage, head: bytes) -> bool:
    """Whether a PNG has 16 bits, or few bits and a transparent grey, which Pillow mistakes."""
    depth, kind = head[24:26]
    return depth == 16 or (depth < 8 and kind == _PNG_GREY and "transparency" in image.info)


def _most(image: PillowImage) -> int:
    """Return the highest value that the header of a PPM states."""
    arguments = image.tile[0][3]  # type: ignore[attr-defined]
    return int(arguments[-1]) if isinstance(arguments, tuple) else 0xFF


def _resolved(path: Path, image: PillowImage) -> Pixels:
    """Turn what Pillow decoded into grey or RGB."""
    if image.mode.startswith("I"):  # PGM of more than 8 bits, which Pillow scales to 16
        return Pixels.of(np.asarray(image).astype(np.uint16))
    if image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"):
        raise DataError(f"{path}: images of kind {image.mode} are refused: their range is unstated")
    grey = image.mode in ("1", "L", "LA")
    if image.has_transparency_data:
        pixels = Pixels.of(np.asarray(image.convert("LA" if grey else "RGBA")))
    else:
        pixels = Pixels.of(np.asarray(image.convert("L" if grey else "RGB")))
    if image.mode in ("P", "PA"):
        return Pixels(grey_where_equal(pixels.colour), pixels.alpha)
    return pixels
