"""The outputs of a run: where each lies, and whether it is what its digest says."""

from __future__ import annotations

from pathlib import Path

from inpaintbench.errors import BenchError, one_line
from inpaintbench.images.png import read_file, read_png
from inpaintbench.images.types import Image
from inpaintbench.planning.case import array_sha256


def output_path(sha256: str) -> Path:
    """Return where an output lies, relative to the run directory.

    Raises
    ------
    ValueError
        When it isn't a digest, so that no path can be made of it that leads elsewhere.
    """
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise ValueError(f"{sha256[:80]!r} isn't a digest")
    return Path("outputs") / sha256[:2] / f"{sha256}.png"


def read_output(directory: Path, sha256: str, shape: tuple[int, ...] | None = None) -> Image:
    """Read an output from a run directory by its digest.

    `shape` is the ``(H, W, C)`` of its case; another is refused before it takes any memory.

    Raises
    ------
    BenchError
        When its file is gone, damaged, or isn't the output with that digest.
    """
    path = directory / output_path(sha256)
    try:
        image = read_png(read_file(path, shape))
        if array_sha256(image) != sha256:
            raise ValueError("it isn't the output whose digest it bears")
    except (OSError, ValueError) as error:
        raise BenchError(
            f"{path}: the output can't be read ({one_line(error)}); remove the file and run the "
            "same command again to have it made"
        ) from error
    return image
