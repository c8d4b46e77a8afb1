"""A person's own folder of images: ids from paths, and masks that belong to images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from inpaintbench.datasets.base import DataError, Dataset, Mask, Sample
from inpaintbench.datasets.reading.preparation import mask_within, within
from inpaintbench.images.files import known_digest
from inpaintbench.images.listing import BESIDE, SUFFIXES, list_images, same_name
from inpaintbench.images.reading import read_image, read_mask


@dataclass(frozen=True)
class ImageFolder(Dataset):
    """The images below a folder, in natural order of their paths; hidden files are left out.

    Parameters
    ----------
    path : str
        The folder, searched with everything below it.
    masks : str, optional
        Folder with a mask for each image, under the image's own relative path and name, whatever
        the ending. Without it, ``photo_mask.png`` beside ``photo.jpg`` is the mask of that image.
    hole : str
        Colour of the hole in the masks: ``white`` (the default) or ``black``. Masks are cut at
        half of their range.
    longest : int, optional
        Images whose longer side is longer are shrunk to it, proportions kept, their masks along.
    """

    path: str | None = None
    masks: str | None = None
    hole: Literal["white", "black"] = "white"
    longest: int | None = None

    locations: ClassVar[tuple[str, ...]] = ("path", "masks")
    source: ClassVar[str] = "your own files"
    license: ClassVar[str] = "your own"

    def __post_init__(self) -> None:
        """Refuse a length that leaves no image."""
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

    def ids(self) -> list[str]:
        """List the images by relative path.

        Characters other than letters, digits and ``-_./`` become ``_``, followed by a digest of
        the name, so ids stay unique.

        Raises
        ------
        DataError
            When no folder is given, or it is missing or holds no image.
        """
        return list(self._files())

    def load(self, sample_id: str) -> Sample:
        """Read one image, and its mask if it has one.

        Raises
        ------
        DataError
            When a file can't be read, or the mask has another size than the image.
        """
        file = self._file(sample_id)
        image = read_image(file)
        mask = self._read_mask(file, image.shape[:2])
        if mask is not None:
            mask = mask_within(mask, self.longest)
        return Sample(sample_id, within(image, self.longest), mask)

    def fingerprint(self, sample_id: str) -> str:
        """Return the digests of the image's file and of its mask's."""
        file = self._file(sample_id)
        mask = self._mask_file(file)
        return known_digest(file) + ("" if mask is None else f"+{known_digest(mask)}")

    def _folder(self) -> Path:
        if self.path is None:
            raise DataError(f"{self.name} needs a folder of images: {self.name}[path=…]")
        return Path(self.path).expanduser()

    def _files(self) -> Mapping[str, Path]:
        folder = self._folder()
        files = list_images(folder, _leave_out(folder, self.masks))
        if not files:
            raise DataError(f"{folder}: no images in it ({', '.join(sorted(SUFFIXES))})")
        return files

    def _file(self, sample_id: str) -> Path:
        files = self._files()
        if sample_id not in files:
            raise DataError(f"{self._folder()}: no image {sample_id!r} in it")
        return files[sample_id]

    def _mask_file(self, file: Path) -> Path | None:
        if self.masks is None:
            return same_name(file.parent, file.stem + BESIDE)
        place = Path(self.masks).expanduser() / file.relative_to(self._folder())
        found = same_name(place.parent, file.stem) or same_name(place.parent, file.stem + BESIDE)
        if found is None:
            raise DataError(f"{file}: no mask for it, looked for {place.with_suffix('.png')}")
        return found

    def _read_mask(self, file: Path, shape: tuple[int, ...]) -> Mask | None:
        mask_file = self._mask_file(file)
        if mask_file is None:
            return None
        mask = read_mask(mask_file)
        if mask.shape != shape:
            raise DataError(
                f"{mask_file}: the mask is {mask.shape[1]} x {mask.shape[0]}, but its image "
                f"{file.name} is {shape[1]} x {shape[0]}"
            )
        return mask if self.hole == "white" else ~mask


def _leave_out(folder: Path, masks: str | None) -> Path | None:
    """Return the folder of masks where it lies among the images."""
    place = None if masks is None else Path(masks).expanduser()
    return place if place is not None and place != folder else None
