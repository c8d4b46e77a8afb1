"""Folders of image files: which there are, in which order, and what belongs to what."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from inpaintbench.images.errors import DataError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"})
"""Endings, in lower case, of the files that folders are searched for."""

BESIDE = "_mask"
"""What the name of a mask beside its image ends with: photo.jpg and photo_mask.png."""


def list_images(folder: Path, leave_out: Path | None = None) -> Mapping[str, Path]:
    """Map the ids of all images below a folder to their files, masks beside images left out.

    Raises
    ------
    DataError
        When the folder is missing.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    return _listing(folder, leave_out, folder.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _listing(folder: Path, leave_out: Path | None, changed: int) -> Mapping[str, Path]:
    """List a folder once for each time that it changed."""
    images: dict[str, Path] = {}
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if (
            path.suffix.lower() in SUFFIXES
            and not any(part.startswith(".") for part in relative.parts)
            and not (leave_out is not None and path.is_relative_to(leave_out))
            and path.is_file()
        ):
            images[relative.as_posix()] = path
    bodies = {name.rpartition(".")[0] for name in images}
    kept = [name for name in images if not _belongs_to_another(name.rpartition(".")[0], bodies)]
    return {id_of(name): images[name] for name in sorted(kept, key=natural_key)}


def _belongs_to_another(body: str, bodies: set[str]) -> bool:
    return body.endswith(BESIDE) and body.removesuffix(BESIDE) in bodies


def id_of(name: str) -> str:
    """Make a sample id of a relative path: only letters, digits and ``-_./``, still unique."""
    plain = re.sub(r"[^A-Za-z0-9._/-]", "_", name)
    if plain == name:
        return name
    body, dot, ending = plain.rpartition(".")
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:6]
    return f"{body}-{digest}{dot}{ending}"


def same_name(folder: Path, stem: str) -> Path | None:
    """Find the image file with a name, whatever its ending."""
    for suffix in sorted(SUFFIXES):
        for ending in (suffix, suffix.upper()):
            path = folder / (stem + ending)
            if path.is_file():
                return path
    return None


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key: runs of digits by their value, the rest by its characters, ties by the name."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(0, int(p), "") if p[0] in "0123456789" else (1, 0, p) for p in parts], name
