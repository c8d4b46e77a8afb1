"""A person's own mask files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

from inpaintbench.images.errors import DataError
from inpaintbench.images.files import known_digest
from inpaintbench.images.listing import BESIDE, SUFFIXES, list_images, same_name
from inpaintbench.images.reading import Hole, read_mask
from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample
from inpaintbench.masks.filling import nearest


@dataclass(frozen=True)
class Folder(MaskSuite):
    """Your own mask files: ``folder[path=masks]``, one for each image or a pool.

    A file with two values is binary whatever they are (0 and 255, 0 and 1), the higher being
    white. Any other is cut at half of its range, with a warning; of a colour file the brightest
    channel counts. Where only transparency tells something, opaque is white.

    - ``match=name``: the mask of an image is the file with its id as relative path and name,
      whatever the ending, with or without ``_mask``: ``cat.png`` or ``cat_mask.png`` for
      ``cat.jpg`` or the sample ``cat``. It must have the image's size.
    - ``match=pool``: every mask is drawn at random from all files in the folder and below, and is
      scaled to the image's size by taking the nearest pixel.

    Parameters
    ----------
    path : str
        The folder.
    hole : str
        Colour of the hole: ``white`` (the default) or ``black``.
    match : str
        ``name`` (the default) or ``pool``.
    """

    path: str | None = None
    hole: Hole = "white"
    match: Literal["name", "pool"] = "name"

    source: ClassVar[str] = "your own files"
    from_files: ClassVar[bool] = True

    @property
    def by_chance(self) -> bool:
        """A pool is drawn from; an image's own mask is one."""
        return self.match == "pool"

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Read the sample's mask, or one of the pool."""
        file = self._file(sample.id, random)
        mask = _read(file, self.hole, file.stat().st_mtime_ns)
        height, width = sample.image.shape[:2]
        if self.match == "pool":
            mask = nearest(mask, height, width)
        elif mask.shape != (height, width):
            raise DataError(
                f"{file}: the mask is {mask.shape[1]} x {mask.shape[0]}, but its image "
                f"{sample.id} is {width} x {height}"
            )
        if mask.all() or not mask.any():
            raise DataError(
                f"{file}: {'all' if mask.all() else 'none'} of it is hole, where {self.hole} is "
                f"hole; {self.name}[…,hole={'black' if self.hole == 'white' else 'white'}] turns "
                "it round"
            )
        return mask

    def fingerprint(self, sample_id: str, kind: str, random: RandomStream) -> str:
        """Return the digest of the sample's mask file, or of the one drawn from the pool.

        The file is read, so that what is wrong with it is told before a run begins.
        """
        file = self._file(sample_id, random)
        _read(file, self.hole, file.stat().st_mtime_ns)
        return known_digest(file)

    def _file(self, sample_id: str, random: RandomStream) -> Path:
        if self.path is None:
            raise DataError(f"{self.name} needs a folder of masks: {self.name}[path=…]")
        folder = Path(self.path).expanduser()
        if self.match == "pool":
            return random.choice(_pool(folder))
        return _file_of(folder, sample_id)


def _pool(folder: Path) -> list[Path]:
    files = list(list_images(folder).values())
    if not files:
        raise DataError(f"{folder}: no masks in it ({', '.join(sorted(SUFFIXES))})")
    return files


def _file_of(folder: Path, sample_id: str) -> Path:
    place = folder / sample_id
    stem = place.stem if place.suffix.lower() in SUFFIXES else place.name
    found = same_name(place.parent, stem, stem + BESIDE)
    if found is None:
        raise DataError(f"{sample_id}: no mask for it, looked for {place.parent / stem}.png")
    return found


@lru_cache(maxsize=16)
def _read(file: Path, hole: Hole, changed: int) -> Mask:
    """Read a mask once for each time that the file changed."""
    mask = read_mask(file, hole)
    mask.flags.writeable = False
    return mask
