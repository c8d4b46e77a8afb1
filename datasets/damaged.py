"""A person's own pictures with something to remove, whose true background nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inpaintbench.datasets.base import DataError
from inpaintbench.datasets.reading.image_folder import ImageFolder


@dataclass(frozen=True)
class Damaged(ImageFolder):
    """Your own pictures to repair, each with a mask and without a reference to score against.

    For object removal and real damage. Every image needs a mask: ``photo_mask.png`` beside
    ``photo.jpg``, or one of the same name in `masks`.

    Its parameters are those of `ImageFolder`: path, masks, hole, longest.
    """

    has_reference = False

    def _mask_file(self, sample_id: str, file: Path) -> Path:
        found = super()._mask_file(sample_id, file)
        if found is None:
            raise DataError(f"{file}: no mask for it, looked for {file.stem}_mask.png beside it")
        return found
