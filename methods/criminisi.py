"""Exemplar-based inpainting, with an exact search over the whole image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask, Method


@dataclass(frozen=True)
class Criminisi(Method):
    """Exemplar-based filling in order of priority (Criminisi, Pérez, Toyama 2004).

    The patch of the fill front with the highest priority P = C · D is completed first, from the
    source patch that is most like its known part.

    - The source region is what is known at the start and stays fixed. Source patches are complete
      and lie wholly in the image; patches compare by their squared differences in CIELab, held
      in eighths of a unit.
    - C, the confidence, is 1 where the image is known; filled pixels take that of their patch's
      centre.
    - D, the data term, is the isophote's component along the normal of the front, over the
      range of L*. The isophote is the steepest gradient of L* in the patch's known part (central
      differences), turned by 90°; the normal is that of the front smoothed by a Gaussian of one
      pixel.
    - Equal priorities go by confidence, then in raster order. Among equally similar patches the
      nearest wins, then the first in raster order.

    Where no patch is complete, the largest smaller size with a complete one is taken, down to
    single pixels (the nearest known one, whatever the stride). Where nothing is known the result
    is black.

    Parameters
    ----------
    patch_size : int
        Side of a patch in pixels, odd.
    search_radius : int or None
        Largest displacement of a source patch along either axis; None searches the whole image.
        Where no complete patch is that near, the radius is doubled until one is.
    stride : int
        Only every so many rows and columns is a source patch considered.
    """

    patch_size: int = 9
    search_radius: int | None = None
    stride: int = 1

    family = "exemplar"
    paper = (
        'A. Criminisi, P. Pérez, K. Toyama, "Region filling and object removal by exemplar-based '
        'image inpainting", IEEE Trans. Image Processing 2004'
    )

    def __post_init__(self) -> None:
        if self.patch_size < 3 or self.patch_size % 2 == 0:
            raise ValueError(f"patch_size must be an odd number from 3, not {self.patch_size}")
        if self.search_radius is not None and self.search_radius < 1:
            raise ValueError(f"search_radius must be at least 1, not {self.search_radius}")
        if self.stride < 1:
            raise ValueError(f"stride must be at least 1, not {self.stride}")

    def setup(self, device: str, seed: int) -> None:
        """Compile the kernels, or load them from numba's cache."""
        image = np.zeros((16, 16, 1), np.uint8)
        mask = np.zeros((16, 16), bool)
        mask[8, 8] = True
        self.inpaint(image, mask)

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill the hole with known pixels, patch by patch."""
        from inpaintbench.methods.kernels.colour import cielab
        from inpaintbench.methods.kernels.fill_front import complete_patch, start
        from inpaintbench.methods.kernels.patch_search import nearest_patch, sources

        if mask.all():
            return np.zeros_like(image)
        lab = cielab(image, mask)
        levels = np.round(lab * 8).astype(np.float32)
        for size in range(self.patch_size, 0, -2):
            patches = sources(levels, mask, size, self.stride if size > 1 else 1)
            if patches is not None:
                break
        assert patches is not None  # a patch of one known pixel is always there
        radius = self.search_radius or max(mask.shape)
        front, centre = start(lab[0], mask, size // 2)
        while centre[0] >= 0:
            found = nearest_patch(patches, front.origin, centre, radius)
            centre = complete_patch(front, size // 2, *centre, *found)
        return image.reshape(-1, image.shape[2])[front.origin]
