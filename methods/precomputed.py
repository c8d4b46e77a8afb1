"""Results made elsewhere, in a folder."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.files import content_digest
from inpaintbench.images.png import write_png
from inpaintbench.methods.base import Image, Mask, Method
from inpaintbench.methods.networks.picture import read_picture


def case_name(image: Image, mask: Mask) -> str:
    """Name a case by its content: 16 hexadecimal digits.

    The first 64 bits of the SHA-256 of the damaged image's pixels (row by row, channels last,
    16-bit values little-endian, 0 in the hole), followed by one byte a pixel of the mask, 1 =
    hole.
    """
    pixels = np.where(mask[..., None], np.zeros((), image.dtype), image)
    digest = hashlib.sha256(pixels.astype(pixels.dtype.newbyteorder("<")).tobytes())
    digest.update(mask.astype(np.uint8).tobytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Precomputed(Method):
    """Results made elsewhere: a folder with one picture a case.

    A method sees an image and a mask and not where they come from, so a case is named by its
    content (`case_name`): the result of case ``NAME`` is ``NAME.png``. Run it with ``export=yes``
    once, and every case without a result is written to the folder as ``NAME.image.png`` and
    ``NAME.mask.png`` (white = hole); fill them with any tool, and run the same again. On datasets
    of objects to remove, the exported image shows the object.

    Parameters
    ----------
    folder : str
        The folder with the results.
    export : bool
        Whether cases without a result are written there.
    """

    folder: str = ""
    export: bool = False

    family = "other"
    sees = "input"
    locations = ("folder",)

    def unavailable(self) -> str | None:
        """Say why there can't be any result, or None."""
        if not self.folder:
            return "no folder: precomputed[folder=results]"
        if not self._folder.is_dir() and not self.export:
            return (
                f"{self.folder}: no such folder; precomputed[folder={self.folder},export=yes] "
                "makes it and writes the cases to fill"
            )
        return None

    @property
    def _folder(self) -> Path:
        return Path(self.folder).expanduser()

    def fingerprint(self) -> str:
        """Digest of the results' names and content."""
        if not self.folder or not self._folder.is_dir():
            return ""
        # with a point in their stems, there are exported images and their masks
        results = (path for path in self._folder.glob("*.png") if "." not in path.stem)
        return content_digest(results, self._folder)

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Read the result of this case.

        Raises
        ------
        FileNotFoundError
            When there is no result yet, naming the file that is missing.
        """
        name = case_name(image, mask)
        result = self._folder / f"{name}.png"
        if result.is_file():
            return read_picture(result, image)
        if not self.export:
            raise FileNotFoundError(f"no result {result}; export=yes writes the cases to fill")
        write_png(self._folder / f"{name}.image.png", image)
        write_png(self._folder / f"{name}.mask.png", (mask * np.uint8(255))[..., None])
        raise FileNotFoundError(f"no result {result} yet; {name}.image.png is there to be filled")
