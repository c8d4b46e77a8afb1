"""Folders of image files: which there are, in which order, and what belongs to what."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

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
    images = {
        path.relative_to(folder).as_posix(): path
        for path in files_below(folder)
        if path.suffix.lower() in SUFFIXES
        and not (leave_out is not None and path.is_relative_to(leave_out))
    }
    bodies = {name.rpartition(".")[0] for name in images}
    kept = [name for name in images if not _belongs_to_another(name.rpartition(".")[0], bodies)]
    return {id_of(name): images[name] for name in sorted(kept, key=natural_key)}


def files_below(folder: Path) -> Iterator[Path]:
    """Go through the files below a folder, hidden ones left out, links to folders followed.

    A folder counts once however many links lead to it, and under its own path where it has one.

    Raises
    ------
    DataError
        When a folder can't be read.
    """
    seen: set[str] = set()
    waiting = [folder]
    while waiting:
        for place, folders, names in os.walk(waiting.pop(0), onerror=_unreadable):
            real = os.path.realpath(place)
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            waiting += [path for name in folders if (path := Path(place, name)).is_symlink()]
            files = (Path(place, name) for name in names if not name.startswith("."))
            yield from (path for path in files if path.is_file())


def files_by_id(place: Path, wanted: Callable[[Path], bool]) -> dict[str, Path]:
    """Map ids to the files of a kind, in natural order: a file by itself, or those below a folder.

    Raises
    ------
    DataError
        When a folder can't be read.
    """
    files = [place] if place.is_file() else [path for path in files_below(place) if wanted(path)]
    root = place.parent if place.is_file() else place
    names = {path.relative_to(root).as_posix(): path for path in files}
    return {id_of(name): names[name] for name in sorted(names, key=natural_key)}


def _unreadable(error: OSError) -> NoReturn:
    raise DataError(f"{error.filename}: can't be read ({error.strerror})")


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


def same_name(folder: Path, *stems: str) -> Path | None:
    """Find the image file with a name, or one of several, whatever its ending.

    Raises
    ------
    DataError
        When there are two, of which neither is meant more than the other.
    """
    found: list[Path] = []
    endings = [either for suffix in sorted(SUFFIXES) for either in (suffix, suffix.upper())]
    for path in (folder / (stem + ending) for stem in stems for ending in endings):
        # a.png and a.PNG are one where case doesn't count
        if path.is_file() and not any(path.samefile(other) for other in found):
            found.append(path)
    if len(found) > 1:
        raise DataError(
            f"{found[0]}: {found[1].name} is there too, and either could be meant; keep one of them"
        )
    return found[0] if found else None


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key: runs of digits by their value, the rest by its characters, ties by the name."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(0, int(p), "") if p[0] in "0123456789" else (1, 0, p) for p in parts], name
