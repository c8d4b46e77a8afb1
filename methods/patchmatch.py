"""Completion by PatchMatch and votes, from coarse to fine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask, Method
from inpaintbench.methods.kernels.known import blanked


@dataclass(frozen=True)
class PatchMatch(Method):
    """Coarse-to-fine completion by PatchMatch (Barnes 2009) and votes (Wexler 2007).

    At each level of a pyramid, every window that touches the hole looks for the most similar one
    that doesn't, in colour and in texture (mean absolute differences along rows and columns, after
    Newson 2014), by propagation and random search. Each pixel of the hole then becomes the weighted
    mean of what the windows over it show there; windows nearer to what is known weigh more. The
    random numbers come from a counter, so the same input gives the same output everywhere.

    Where the image is smaller than 16 pixels or two windows, or no window is free of the hole, the
    hole takes the mean of what is around it, from the pyramid.

    Parameters
    ----------
    patch_size : int
        Side of a window in pixels, odd. Levels on which fewer than a fifth of the windows are free
        of the hole take smaller ones, down to 3.
    iterations : int
        Rounds of search and vote at full size; each coarser level has two more.
    sweeps : int
        Passes over the windows in each search.
    seed : int
        Seed of the random search.
    """

    patch_size: int = 7
    iterations: int = 5
    sweeps: int = 2
    seed: int = 0

    name = "patchmatch"
    family = "exemplar"
    paper = (
        'C. Barnes, E. Shechtman, A. Finkelstein, D. B. Goldman, "PatchMatch: a randomized '
        'correspondence algorithm for structural image editing", ACM Trans. Graphics 2009'
    )
    requires = ("scipy",)

    def __post_init__(self) -> None:
        if self.patch_size < 3 or self.patch_size % 2 == 0:
            raise ValueError(f"patch_size must be an odd number from 3, not {self.patch_size}")
        if self.iterations < 1 or self.sweeps < 1:
            raise ValueError("iterations and sweeps must be at least 1")
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, not {self.seed}")

    def setup(self, device: str, seed: int) -> None:
        """Compile the kernels, or load them from numba's cache."""
        image = np.zeros((32, 32, 1), np.uint8)
        mask = np.zeros((32, 32), bool)
        mask[14:18, 14:18] = True
        self.inpaint(image, mask)

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill the hole level by level."""
        from inpaintbench.methods.kernels.completion import complete

        known = blanked(image, mask)
        if not mask.any() or mask.all():
            return known
        scale = 255 / np.iinfo(image.dtype).max
        filled = complete(
            (known * scale).astype(np.float32),
            mask,
            self.patch_size,
            self.iterations,
            self.sweeps,
            self.seed,
        )
        return np.where(mask[..., None], filled / scale, known)
