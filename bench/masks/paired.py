"""The mask that comes with the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.images.errors import DataError
from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample


@dataclass(frozen=True)
class Paired(MaskSuite):
    """The sample's own mask, from a dataset that comes with one: every index gives the same."""

    source: ClassVar[str] = "the dataset"
    from_files: ClassVar[bool] = True
    by_chance = False

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Return the sample's mask."""
        if sample.mask is None:
            raise DataError(
                f"sample {sample.id} has no mask of its own: the suite {self.name} needs a dataset "
                "with masks, such as folder[path=photos,masks=masks]"
            )
        return sample.mask
