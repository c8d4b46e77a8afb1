"""A person's own folder of images: ids from paths, and masks that belong to images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inpaintbench.datasets.base import DataError, Mask, Sample
from inpaintbench.datasets.reading.own_files import OwnFiles
from inpaintbench.datasets.reading.preparation import mask_within, within
from inpaintbench.images.files import known_digest
from inpaintbench.images.listing import BESIDE, SUFFIXES, file_of, list_images
from inpaintbench.images.reading import Hole, read_image, read_mask, refuse_one_value


@dataclass(frozen=True)
class ImageFolder(OwnFiles[Path]):
    """The images below a folder, in natural order of their paths; hidden files are left out.

    An id is the relative path; characters other than letters, digits and ``-_./`` become ``_``,
    followed by a digest of the name, so ids stay unique.

    Parameters
    ----------
    path : str
        The folder, searched with everything below it.
    masks : str, optional
        Folder with a mask for each image, under the image's own relative path and name, whatever
        the ending. Without it, ``photo_mask.png`` beside ``photo.jpg`` is the mask of that image.
    hole : str
        Colour of the hole in the masks: ``white`` (the default) or ``black``.
    longest : int, optional
        Images whose longer side is longer are shrunk to it, proportions kept, their masks along.
    """

    masks: str | None = None
    hole: Hole = "white"
    longest: int | None = None

    locations = ("path", "masks")

    def __post_init__(self) -> None:
        if self.longest is not None and self.longest < 1:
            raise ValueError(f"longest must be at least 1, not {self.longest}")

    @property
    def preparation(self) -> str:
        """Upright, shrunk or not."""
        shrunk = (
            "whole images"
            if self.longest is None
            else f"whole images, shrunk by area average to at most {self.longest} px"
        )
        return f"{shrunk}; EXIF orientation applied, transparency over white, 16 bits kept"

    def entries(self) -> Mapping[str, Path]:
        """List the images, masks beside images left out."""
        folder = self.place()
        masks = None if self.masks is None else Path(self.masks).expanduser()
        files = list_images(folder, masks)
        if not files:
            raise DataError(f"{folder}: no images in it ({', '.join(sorted(SUFFIXES))})")
        return files

    def load(self, sample_id: str) -> Sample:
        """Read one image, and its mask if it has one.

        Raises
        ------
        DataError
            When a file can't be read, or the mask has another size than the image.
        """
        file = self.entry(sample_id)
        image = read_image(file)
        mask = self._read_mask(sample_id, file, image.shape[:2])
        if mask is not None:
            mask = mask_within(mask, self.longest)
        return Sample(sample_id, within(image, self.longest), mask)

    def fingerprint(self, sample_id: str) -> str:
        """Return the digests of the image's file and of its mask's."""
        file = self.entry(sample_id)
        mask = self._mask_file(sample_id, file)
        return known_digest(file) + ("" if mask is None else f"+{known_digest(mask)}")

    def _mask_file(self, sample_id: str, file: Path) -> Path | None:
        folder = self.place()
        if self.masks is None:
            return file_of(folder, sample_id, folder, (BESIDE,))
        masks = Path(self.masks).expanduser()
        found = file_of(masks, sample_id, folder, ("", BESIDE))
        if found is None:
            place = (masks / file.relative_to(folder)).with_suffix(".png")
            raise DataError(f"{file}: no mask for it, looked for {place}")
        return found

    def _read_mask(self, sample_id: str, file: Path, shape: tuple[int, ...]) -> Mask | None:
        mask_file = self._mask_file(sample_id, file)
        if mask_file is None:
            return None
        mask = read_mask(mask_file, self.hole)
        if mask.shape != shape:
            raise DataError(
                f"{mask_file}: the mask is {mask.shape[1]} x {mask.shape[0]}, but its image "
                f"{file.name} is {shape[1]} x {shape[0]}"
            )
        refuse_one_value(mask_file, mask, self.hole)
        return mask
