"""The files of a run directory: which are ours, where each output lies, and what it holds."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from inpaintbench.errors import BenchError, one_line
from inpaintbench.folder import remove_listed
from inpaintbench.images.files import write_whole
from inpaintbench.images.png import read_file, read_png
from inpaintbench.images.types import Image
from inpaintbench.planning.case import array_sha256

FILES = ("run.db", "run.db-wal", "run.db-shm", "rows.csv", "rows.parquet")
_OUTPUT = re.compile(r"[0-9a-f]{64}\.png|\.[0-9a-f]{64}\.png\.partial")


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


def write_output(directory: Path, sha256: str, png: bytes) -> None:
    """Write an output into a run directory, unless it is there already.

    Raises
    ------
    BenchError
        When it can't be written.
    """
    path = directory / output_path(sha256)
    try:
        if not (path.is_file() and path.stat().st_size == len(png)):
            write_whole(path, png)
    except (OSError, BenchError) as error:
        raise BenchError(
            f"{error}; nothing finished is lost: correct it and run the same command"
        ) from error


def remove_results(directory: Path) -> None:
    """Remove what a run wrote, and no other file."""
    try:
        for name in FILES:
            (directory / name).unlink(missing_ok=True)
        outputs = directory / "outputs"
        folders = [outputs, *outputs.glob("[0-9a-f][0-9a-f]")] if outputs.is_dir() else []
        for folder in reversed([folder for folder in folders if not folder.is_symlink()]):
            for path in folder.iterdir():
                if _OUTPUT.fullmatch(path.name) and not path.is_dir():
                    path.unlink()
            with contextlib.suppress(OSError):  # it holds something else
                folder.rmdir()
        remove_listed(directory / "report")
    except OSError as error:
        raise BenchError(f"{directory}: can't be emptied: {error.strerror}") from error


def holds_other_files(directory: Path) -> bool:
    """Whether a directory holds files that a run didn't put there."""
    ours = {".lock", "outputs", "report", *FILES}
    return any(path.name not in ours for path in directory.iterdir())
