"""Read image files of every kind into the two forms of sample: grey or RGB, 8 or 16 bits.

The rules, for every dataset that reads files:

- **Orientation**: the EXIF orientation is applied.
- **Grey stays grey**: one channel in the file gives C = 1. A colour file whose three channels
  happen to be equal stays C = 3. Black-and-white (1-bit) files become 0 and 255.
- **Palette**: resolved; a palette image of nothing but greys gives C = 1.
- **Transparency** (RGBA, LA, palette or PNG transparency): blended over white, rounded to
  nearest; the alpha channel is not taken for a mask.
- **16 bits** stay 16 bits, grey and colour; nothing is scaled to 8.
- **CMYK and YCbCr** files are converted to RGB. ICC profiles are ignored: the stored numbers are
  the image. Of an animation or a multi-page file the first frame is read.
- Floating-point and 32-bit integer images are refused, since their range is not stated.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from inpaintbench.errors import reason
from inpaintbench.images.errors import DataError
from inpaintbench.images.types import Image, Mask, contiguous

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

_UPRIGHT: dict[int, Callable[[NDArray[np.generic]], NDArray[np.generic]]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[:, ::-1],
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a.swapaxes(0, 1)[::-1],
}
"""How to put an image upright, for each EXIF orientation."""

_ORIENTATION, _BITS_PER_SAMPLE = 0x0112, 258


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
    from PIL import Image as pillow
    from PIL import UnidentifiedImageError

    if path.exists() and not path.is_file():
        raise DataError(f"{path}: isn't a file")  # a pipe would be waited for
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata and large images: both are read
            with pillow.open(path) as image:
                deep = _is_deep_colour(image, path)
                if not deep:
                    return _from_pillow(image, path)
                orientation = image.getexif().get(_ORIENTATION, 1)
        return _deep_colour(path, orientation)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except UnidentifiedImageError:
        raise DataError(f"{path}: not an image that can be read") from None
    except (OSError, ValueError, SyntaxError, EOFError, pillow.DecompressionBombError) as error:
        raise DataError(f"{path}: can't be read as an image ({reason(error)})") from error


def read_mask(path: Path, threshold: int = 128) -> Mask:
    """Read a mask file: a pixel is hole where any channel reaches `threshold` of 255.

    Returns
    -------
    (H, W) array of bool, True = hole
    """
    image = read_image(path)
    top = np.iinfo(image.dtype).max
    # (top + 1) / 256 is 1 for 8 bits and 256 for 16.
    return np.asarray((image >= threshold * ((int(top) + 1) // 256)).any(axis=2))


def _is_deep_colour(image: PillowImage, path: Path) -> bool:
    """Whether the file holds 16-bit samples in several channels, which Pillow cuts to 8."""
    if image.format == "PNG":
        with path.open("rb") as file:
            bit_depth, colour_type = file.read(26)[24:]
        return bit_depth == 16 and colour_type != 0
    if image.format == "TIFF":
        bits = image.tag_v2.get(_BITS_PER_SAMPLE, (1,))  # type: ignore[attr-defined]
        return len(bits) > 1 and max(bits) > 8
    return False


def _from_pillow(image: PillowImage, path: Path) -> Image:
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        return _sixteen_bits(np.asarray(image), path)
    if image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"):
        raise DataError(f"{path}: images of kind {image.mode} are refused: their range is unstated")
    if image.has_transparency_data:
        return _over_white(np.asarray(image.convert("LA" if image.mode[0] == "L" else "RGBA")))
    if image.mode == "P":
        pixels = np.asarray(image.convert("RGB"))
        return _channels(pixels[..., 0] if (pixels == pixels[..., :1]).all() else pixels)
    return _channels(np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB")))


def _deep_colour(path: Path, orientation: int) -> Image:
    """Decode 16-bit colour (or grey with alpha) with OpenCV, which keeps all bits."""
    import cv2

    pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        raise DataError(f"{path}: can't be read as a 16-bit image")
    if pixels.ndim == 3:  # BGR or BGRA
        pixels = np.concatenate([pixels[..., 2::-1], pixels[..., 3:]], axis=2)
    if orientation in _UPRIGHT:
        pixels = _UPRIGHT[orientation](pixels)
    return _over_white(pixels) if pixels.shape[-1] == 4 else _channels(pixels)


def _sixteen_bits(pixels: NDArray[np.generic], path: Path) -> Image:
    """Take what Pillow reads as integers: 16-bit grey, which some versions widen to 32."""
    if pixels.size and (pixels.min() < 0 or pixels.max() > 0xFFFF):
        raise DataError(f"{path}: 32-bit images are refused, since their range isn't stated")
    return _channels(pixels.astype(np.uint16))


def _over_white(pixels: NDArray[Any]) -> Image:
    """Blend the colours over white by the last channel, rounded to nearest."""
    top = int(np.iinfo(pixels.dtype).max)
    colour, alpha = pixels[..., :-1].astype(np.int64), pixels[..., -1:].astype(np.int64)
    blended = (2 * (colour * alpha + top * (top - alpha)) + top) // (2 * top)
    return _channels(blended.astype(pixels.dtype))


def _channels(pixels: NDArray[np.generic]) -> Image:
    return contiguous(pixels[..., None] if pixels.ndim == 2 else pixels)
