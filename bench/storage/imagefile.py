"""Lossless PNG, in memory and on disk: the form in which outputs are stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inpaintbench.datasets.base import Image
from inpaintbench.errors import BenchError
from inpaintbench.storage.rows import output_path


def encode_png(image: Image, *, fast: bool = False) -> bytes:
    """Compress an ``H×W×C`` image (grey or RGB, 8 or 16 bits) losslessly.

    Parameters
    ----------
    image : (H, W, C) array of uint8 or uint16
    fast : bool
        Take an eighth less time for a hundredth more bytes of a photograph; of flat colours, for
        many more.
    """
    import cv2

    pixels = image[..., 0] if image.shape[2] == 1 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    # OpenCV's own settings are fast ones: asking for any level takes twice as long
    settings = [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY] if fast else []
    done, data = cv2.imencode(".png", pixels, settings)
    if not done:
        raise ValueError(f"can't encode a {image.dtype} image of shape {image.shape}")
    return bytes(data)


def read_png(data: bytes) -> Image:
    """Decompress what `encode_png` made, to ``H×W×C``.

    Raises
    ------
    ValueError
        When the data isn't an image.
    """
    import cv2

    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError("not an image")
    colour = pixels.ndim == 3
    image: Image = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB) if colour else pixels[..., None]
    return image


def read_output(directory: Path, sha256: str) -> Image:
    """Read an output from a run directory.

    Raises
    ------
    BenchError
        When its file is gone or damaged.
    """
    path = directory / output_path(sha256)
    try:
        return read_png(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BenchError(
            f"{path}: the output can't be read ({error}); run again with --fresh"
        ) from error


def write_png(path: Path, image: Image) -> None:
    """Write an image to a file, whole or not at all.

    Raises
    ------
    BenchError
        When the file can't be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(encode_png(image))
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise BenchError(f"{path}: can't be written: {error.strerror}") from error
