"""A person's own mask files."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from inpaintbench.datasets.base import Sample
from inpaintbench.images.errors import DataError
from inpaintbench.images.files import known_digest
from inpaintbench.images.listing import BESIDE, SUFFIXES, list_images, same_name
from inpaintbench.images.reading import read_image
from inpaintbench.images.types import Mask
from inpaintbench.masks.base import MaskSuite
from inpaintbench.masks.random import RandomStream


@dataclass(frozen=True)
class Folder(MaskSuite):
    """Your own mask files: ``folder[path=masks]``, one for each image or a pool.

    Files are read like images (PNG, JPEG, TIFF, …; upright, transparency over white). A file with
    two values is binary whatever they are (0 and 255, 0 and 1), the higher being white. Any other
    is cut at half of its range, with a warning; of a colour file the brightest channel counts.

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
    hole: Literal["white", "black"] = "white"
    match: Literal["name", "pool"] = "name"

    source: ClassVar[str] = "your own files"
    from_files: ClassVar[bool] = True

    @property
    def by_chance(self) -> bool:
        """A pool is drawn from; an image's own mask is one."""
        return self.match == "pool"

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Read the sample's mask, or one of the pool.

        Raises
        ------
        DataError
            When there is no folder or file, a file can't be read or has no hole, nothing but
            hole, or another size than its image.
        """
        file = self._file(sample.id, random)
        mask = self._read(file)
        height, width = sample.image.shape[:2]
        if self.match == "pool":
            mask = _nearest(mask, height, width)
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

        Raises
        ------
        DataError
            When there is no folder or file, or it can't be read.
        """
        file = self._file(sample_id, random)
        self._read(file)
        return known_digest(file)

    def _file(self, sample_id: str, random: RandomStream) -> Path:
        if self.path is None:
            raise DataError(f"{self.name} needs a folder of masks: {self.name}[path=…]")
        folder = Path(self.path).expanduser()
        if self.match == "pool":
            return random.choice(_pool(folder))
        return _file_of(folder, sample_id)

    def _read(self, file: Path) -> Mask:
        white = _white(file, file.stat().st_mtime_ns)
        return white if self.hole == "white" else ~white


def _pool(folder: Path) -> list[Path]:
    files = list(list_images(folder).values())
    if not files:
        raise DataError(f"{folder}: no masks in it ({', '.join(sorted(SUFFIXES))})")
    return files


def _file_of(folder: Path, sample_id: str) -> Path:
    place = folder / sample_id
    stem = place.stem if place.suffix.lower() in SUFFIXES else place.name
    found = same_name(place.parent, stem) or same_name(place.parent, stem + BESIDE)
    if found is None:
        raise DataError(f"{sample_id}: no mask for it, looked for {place.parent / stem}.png")
    return found


@lru_cache(maxsize=16)
def _white(file: Path, changed: int) -> Mask:
    """Read the white part of a mask, once for each time that the file changed."""
    image = read_image(file)
    values = image.max(axis=2)
    low, high = values.min(), values.max()
    half = np.iinfo(image.dtype).max // 2 + 1
    between = int(np.count_nonzero((values != low) & (values != high)))
    if between:
        warnings.warn(
            f"{file}: not a binary mask ({between / values.size:.1%} of it lies between "
            f"{low} and {high}); cut at {half}",
            stacklevel=2,
        )
    white = values >= half if between or low == high else values == high
    white.flags.writeable = False
    return np.asarray(white, np.bool_)


def _nearest(mask: Mask, height: int, width: int) -> Mask:
    """Scale a mask: a new pixel takes the old one that its centre lies in."""
    if mask.shape == (height, width):
        return mask
    rows = (2 * np.arange(height) + 1) * mask.shape[0] // (2 * height)
    columns = (2 * np.arange(width) + 1) * mask.shape[1] // (2 * width)
    return mask[np.ix_(rows, columns)]
