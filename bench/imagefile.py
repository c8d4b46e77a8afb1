"""Lossless PNG, in memory and on disk: the form in which outputs are stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inpaintbench.datasets.base import Image
from inpaintbench.errors import BenchError
from inpaintbench.rows import output_path


def encode_png(image: Image) -> bytes:
    """Compress an ``H×W×C`` image (grey or RGB, 8 or 16 bits) losslessly."""
    import cv2

    pixels = image[..., 0] if image.shape[2] == 1 else image[..., ::-1]
    # OpenCV's own settings are its fast ones: asking for any level takes twice as long
    done, data = cv2.imencode(".png", pixels)
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
    grey = pixels.ndim == 2
    return np.ascontiguousarray(pixels[..., None] if grey else pixels[..., ::-1])


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
