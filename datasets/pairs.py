"""A person's own pairs of an intact image and its damaged copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inpaintbench.datasets.base import DataError, Image, Mask, Sample
from inpaintbench.datasets.reading.own_files import OwnFiles
from inpaintbench.images.files import known_digest
from inpaintbench.images.listing import BESIDE, file_of, list_images
from inpaintbench.images.reading import Hole, read_image, read_mask, refuse_one_value

REFERENCE, DAMAGED, MASKS = "reference", "damaged", "masks"


@dataclass(frozen=True)
class Pairs(OwnFiles[Path]):
    """Your own intact images with their damaged copies; the hole is where the two differ.

    The folder holds ``reference/`` and ``damaged/`` with files of the same relative path and
    name, whatever the ending. A mask of that name in ``masks/`` is used in place of the
    difference.

    Parameters
    ----------
    path : str
        The folder with ``reference/`` and ``damaged/``.
    tolerance : int
        A pixel is hole where any channel differs by more than this, in steps of an 8-bit image
        (for 16 bits, of 257). 0 suits lossless files; JPEG needs about 30.
    hole : str
        Colour of the hole in the masks: ``white`` (the default) or ``black``.
    """

    tolerance: int = 0
    hole: Hole = "white"

    wants = "a folder"

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance < 255:
            raise ValueError(f"tolerance must be 0 to 254, not {self.tolerance}")

    @property
    def preparation(self) -> str:
        """Whole images; how the hole is found."""
        return (
            f"whole images; the hole is the given mask, or where the damaged copy differs by more "
            f"than {self.tolerance} of 255; EXIF orientation applied, 16 bits kept"
        )

    def entries(self) -> Mapping[str, Path]:
        """List the intact images by relative path."""
        folder = self.place() / REFERENCE
        files = list_images(folder)
        if not files:
            raise DataError(f"{folder}: no images in it")
        return files

    def load(self, sample_id: str) -> Sample:
        """Read an intact image and find its hole.

        Raises
        ------
        DataError
            When the damaged copy is missing or of another size, or the hole is empty or all.
        """
        reference, damaged, mask_file = self._files(sample_id)
        image = read_image(reference)
        if mask_file is not None:
            mask = read_mask(mask_file, self.hole)
            _refuse_another_size(mask_file, mask.shape, reference, image.shape)
            refuse_one_value(mask_file, mask, self.hole)
        else:
            mask = self._difference(image, reference, damaged)
        if not mask.any() or mask.all():
            extent = "nowhere" if not mask.any() else "everywhere"
            raise DataError(
                f"{damaged}: differs from its reference {extent} by more than {self.tolerance}; "
                f"give another tolerance, or a mask in {MASKS}/"
            )
        return Sample(sample_id, image, mask)

    def fingerprint(self, sample_id: str) -> str:
        """Return the digests of the files that the image and the hole come from."""
        reference, damaged, mask_file = self._files(sample_id)
        return f"{known_digest(reference)}+{known_digest(mask_file or damaged)}"

    def _difference(self, image: Image, reference: Path, damaged: Path) -> Mask:
        copy = read_image(damaged)
        _refuse_another_size(damaged, copy.shape, reference, image.shape)
        if copy.dtype != image.dtype:
            raise DataError(
                f"{damaged}: is {copy.dtype}, but its reference {reference.name} is {image.dtype}"
            )
        step = 257 if image.dtype == np.uint16 else 1
        distance = np.abs(image.astype(np.int32) - copy.astype(np.int32))  # grey meets colour
        return np.asarray((distance > self.tolerance * step).any(axis=2))

    def _files(self, sample_id: str) -> tuple[Path, Path, Path | None]:
        """Find the reference, the damaged copy, and the mask if there is one."""
        folder, reference = self.place(), self.entry(sample_id)
        images = folder / REFERENCE
        damaged = file_of(folder / DAMAGED, sample_id, images)
        if damaged is None:
            place = folder / DAMAGED / reference.relative_to(images)
            raise DataError(f"{reference}: no damaged copy at {place}")
        mask = file_of(folder / MASKS, sample_id, images, ("", BESIDE))
        return reference, damaged, mask


def _refuse_another_size(
    file: Path, shape: tuple[int, ...], reference: Path, wanted: tuple[int, ...]
) -> None:
    if shape[:2] != wanted[:2]:
        raise DataError(
            f"{file}: is {shape[1]} x {shape[0]}, but its reference {reference.name} is "
            f"{wanted[1]} x {wanted[0]}"
        )
