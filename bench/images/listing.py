"""Folders of image files: which there are, in which order, and what belongs to what."""

from __future__ import annotations

import hashlib
import os
import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
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
    return _listing(folder, leave_out, _changed(folder))


def _changed(folder: Path) -> int:
    """Tell when a folder changed; just now, it may change again within one tick of its clock."""
    changed, now = folder.stat().st_mtime_ns, time.time_ns()
    return changed if abs(now - changed) > 2 * 10**9 else now


@lru_cache(maxsize=64)
def _listing(folder: Path, leave_out: Path | None, changed: int) -> Mapping[str, Path]:
    """List a folder once for each time that it changed."""
    images = _by_name(folder, filter(_is_image, files_below(folder, leave_out)))
    bodies = {name.rpartition(".")[0] for name in images} | set(images)
    kept = [name for name in images if not _belongs_to_another(name.rpartition(".")[0], bodies)]
    return {id_of(name): images[name] for name in sorted(kept, key=natural_key)}


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def _by_name(folder: Path, files: Iterable[Path]) -> dict[str, Path]:
    """Map relative paths to files, letters with accents composed (NFC), as macOS doesn't."""
    names: dict[str, Path] = {}
    for path in files:
        name = unicodedata.normalize("NFC", path.relative_to(folder).as_posix())
        if name in names:
            raise DataError(_either(names[name], path))
        names[name] = path
    return names


def files_below(folder: Path, leave_out: Path | None = None) -> Iterator[Path]:
    """Go through the files below a folder, hidden ones left out, links to folders followed.

    A folder counts once however many links lead to it, and under its own path where it has one;
    `leave_out` and what is below it doesn't, unless it is the folder itself.

    Raises
    ------
    DataError
        When a folder can't be read.
    """
    seen = set() if leave_out is None else {os.path.realpath(leave_out)}
    seen.discard(os.path.realpath(folder))
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
    names = _by_name(root, files)
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


def file_of(
    folder: Path, sample_id: str, images: Path | None = None, tails: tuple[str, ...] = ("",)
) -> Path | None:
    """Find the image file below a folder that belongs to a sample, by its path there.

    It is named as the sample's own file, whatever the ending, or as its id, plus one of `tails`.
    Of two images that differ only in their ending, each needs a file with that in its name.

    Parameters
    ----------
    folder : Path
        Where there may be nothing.
    sample_id : str
        What `list_images` calls the sample, or a name.
    images : Path, optional
        The folder that the samples come from, searched for others of one name.
    tails : tuple of str
        What the names may end with, before their endings: `BESIDE`, or nothing.

    Raises
    ------
    DataError
        When there are two, of which neither is meant more than the other.
    """
    if not folder.is_dir():
        return None
    suffix = PurePosixPath(sample_id).suffix
    found = _only(folder, sample_id, "", tails)  # photo.jpg_mask.png
    if found is None and suffix.lower() in SUFFIXES:
        found = _only(folder, sample_id, suffix, tails)
        if found is not None and images is not None:
            _only(images, sample_id, suffix, ("",))
    return found


def _only(folder: Path, sample_id: str, ending: str, tails: tuple[str, ...]) -> Path | None:
    changed = _changed(folder)
    found = [p for tail in tails for p in _index(folder, ending, tail, changed).get(sample_id, ())]
    if len(found) > 1:
        raise DataError(_either(*sorted(found)[:2]))
    return found[0] if found else None


@lru_cache(maxsize=64)
def _index(folder: Path, ending: str, tail: str, changed: int) -> dict[str, list[Path]]:
    """Map ids to the files named as a sample with an ending, by their names without their own."""
    index: dict[str, list[Path]] = {}
    for name, path in _by_name(folder, filter(_is_image, files_below(folder))).items():
        body = name.removesuffix(path.suffix)
        if body.endswith(tail):
            index.setdefault(id_of(body.removesuffix(tail) + ending), []).append(path)
    return index


def _either(first: Path, second: Path) -> str:
    return f"{first}: {second.name} is there too, and either could be meant; keep one of them"


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key: runs of digits by their value, the rest by its characters, ties by the name."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(0, int(p), "") if p[0] in "0123456789" else (1, 0, p) for p in parts], name
