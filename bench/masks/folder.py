"""A person's own mask files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

from inpaintbench.images.errors import DataError
from inpaintbench.images.files import known_digest
from inpaintbench.images.listing import BESIDE, SUFFIXES, file_of, list_images
from inpaintbench.images.reading import Hole, read_mask, refuse_one_value
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
      ``cat.jpg`` or the sample ``cat``, ``cat.jpg_mask.png`` where ``cat.png`` is an image too. It
      must have the image's size.
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

    def check(self, samples: Sequence[str]) -> None:
        """Refuse a mask that could be meant for two images, of one name but for its ending."""
        owners: dict[Path, str] = {}
        for sample in samples if self.match == "name" else ():
            file = self._file(sample, RandomStream())
            other = owners.setdefault(file, sample)
            if other != sample:
                raise DataError(
                    f"{file}: {other} or {sample} could be meant; give each its own, such as "
                    f"{Path(sample).name}{BESIDE}.png"
                )

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Read the sample's mask, or one of the pool."""
        file = self._file(sample.id, random)
        mask = _read(file, self.hole, file.stat().st_mtime_ns)
        height, width = sample.image.shape[:2]
        if self.match == "pool":
            small = nearest(mask, height, width)
            if small.all() or not small.any():
                raise DataError(
                    f"{file}: scaled from {mask.shape[1]} x {mask.shape[0]} to {width} x {height} "
                    f"for {sample.id}, {'all' if small.all() else 'none'} of it is hole"
                )
            return small
        if mask.shape != (height, width):
            raise DataError(
                f"{file}: the mask is {mask.shape[1]} x {mask.shape[0]}, but its image "
                f"{sample.id} is {width} x {height}"
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
    found = file_of(folder, sample_id, tails=("", BESIDE))
    if found is None:
        _pool(folder)  # says when there are none at all
        place = folder / sample_id
        place = place.with_suffix("") if place.suffix.lower() in SUFFIXES else place
        raise DataError(f"{sample_id}: no mask for it, looked for {place}.png")
    return found


@lru_cache(maxsize=16)
def _read(file: Path, hole: Hole, changed: int) -> Mask:
    """Read a mask once for each time that the file changed."""
    mask = read_mask(file, hole)
    refuse_one_value(file, mask, hole)
    mask.flags.writeable = False
    return mask
