"""Scenes for object removal in files: with the object, without it, and its masks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from inpaintbench.datasets.base import DataError, Image, Mask, Sample
from inpaintbench.datasets.reading.collection import Collection
from inpaintbench.datasets.reading.preparation import square
from inpaintbench.images.files import known_digest
from inpaintbench.images.listing import SUFFIXES, file_of
from inpaintbench.images.reading import Hole, read_image, read_mask, refuse_one_value


@dataclass(frozen=True)
class Folders:
    """Names of the folders that hold files of the same names, whatever the endings.

    Parameters
    ----------
    input : str
        Pictures with the object.
    reference : str, optional
        The same without it; None where nobody knows.
    mask : str
        Where the object is.
    effect : str, optional
        Where the object, its shadow and its reflection are, or these without the object.
    """

    input: str
    reference: str | None
    mask: str
    effect: str | None = None

    def of(self, sample_id: str, file: Path, root: Path) -> SceneFiles:
        """Find what belongs to a picture of the input folder.

        Raises
        ------
        DataError
            When a file is missing, or two could be meant.
        """
        images = root / self.input

        def beside(folder: str) -> Path:
            found = file_of(root / folder, sample_id, images)
            if found is None:
                place = (root / folder / file.relative_to(images)).with_suffix(".png")
                raise DataError(f"{file}: nothing belongs to it in {folder}/, looked for {place}")
            return found

        return SceneFiles(
            file,
            None if self.reference is None else beside(self.reference),
            beside(self.mask),
            None if self.effect is None else beside(self.effect),
        )


@dataclass(frozen=True)
class SceneFiles:
    """The files of a scene; without a reference nothing is scored."""

    input: Path
    reference: Path | None
    mask: Path
    effect: Path | None

    def read(self, sample_id: str, hole: Hole = "white", prompt: str = "") -> Sample:
        """Read a scene; effect is what the effect's file marks outside the object.

        Raises
        ------
        DataError
            When a file can't be read, sizes differ, or none or all of the mask is hole.
        """
        given = read_image(self.input)
        mask = self._mask(self.mask, hole, given)
        refuse_one_value(self.mask, mask, hole)
        if self.reference is None:
            return Sample(sample_id, given, mask, prompt=prompt)
        image = read_image(self.reference)
        _refuse_another_size(self.reference, image.shape, self.input, given.shape)
        if image.shape != given.shape or image.dtype != given.dtype:
            raise DataError(
                f"{self.reference}: is {_kind(image)}, but {self.input.name} is {_kind(given)}"
            )
        effect = None if self.effect is None else self._mask(self.effect, hole, given) & ~mask
        return Sample(sample_id, image, mask, given, effect, prompt)

    def _mask(self, file: Path, hole: Hole, given: Image) -> Mask:
        mask = read_mask(file, hole)
        _refuse_another_size(file, mask.shape, self.input, given.shape)
        return mask

    def fingerprint(self) -> str:
        """Return the digests of the files."""
        files = (self.input, self.reference, self.mask, self.effect)
        return "+".join(known_digest(file) for file in files if file is not None)


@dataclass(frozen=True)
class SceneCollection(Collection):
    """A published set of scenes in folders; a subclass states the facts.

    Parameters
    ----------
    path, size
        As in `Collection`; masks are shrunk along, and a pixel is hole where any of it was.
    """

    folders: ClassVar[Folders]
    hole: ClassVar[Hole] = "white"
    """Colour of the object in the masks."""

    def select(self, folder: Path) -> list[Path]:
        """List the pictures with the object."""
        return [path for path in super().select(folder) if path.suffix.lower() in SUFFIXES]

    def load(self, sample_id: str) -> Sample:
        """Read and prepare one scene."""
        return cut(self._scene(sample_id).read(sample_id, self.hole), self.size)

    def fingerprint(self, sample_id: str) -> str:
        """Return the digests of the scene's files."""
        return self._scene(sample_id).fingerprint()

    def _scene(self, sample_id: str) -> SceneFiles:
        file = self._file(sample_id)
        return self.folders.of(sample_id, file, file.parent.parent)


def cut(sample: Sample, size: int | None) -> Sample:
    """Cut a scene to the centred square and shrink it; what is hole in part stays hole."""
    if size is None:
        return sample

    def shrunk(mask: Mask | None) -> Mask | None:
        if mask is None:
            return None
        return np.asarray(square(mask[..., None].astype(np.uint16) * 65535, size)[..., 0] > 0)

    mask, effect = shrunk(sample.mask), shrunk(sample.effect)
    given = None if sample.input is None else square(sample.input, size)
    if mask is not None and effect is not None:
        effect &= ~mask
    return Sample(sample.id, square(sample.image, size), mask, given, effect, sample.prompt)


def _refuse_another_size(
    file: Path, shape: tuple[int, ...], other: Path, wanted: tuple[int, ...]
) -> None:
    if shape[:2] != wanted[:2]:
        raise DataError(
            f"{file}: is {shape[1]} x {shape[0]}, but {other.parent.name}/{other.name} is "
            f"{wanted[1]} x {wanted[0]}"
        )


def _kind(image: Image) -> str:
    return f"{'grey' if image.shape[2] == 1 else 'colour'} of {8 * image.dtype.itemsize} bits"
