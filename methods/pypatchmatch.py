"""PatchMatch completion, from the package pypatchmatch."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask, Method
from inpaintbench.methods.kernels.known import blanked
from inpaintbench.methods.networks.picture import like, to_bytes


@dataclass(frozen=True)
class PyPatchMatch(Method):
    """PatchMatch (Barnes 2009) in C++, as the package pypatchmatch holds it.

    The search starts from the same seed for every image. The package takes 8-bit colour; grey is
    given as three equal channels and comes back as their mean.

    Parameters
    ----------
    patch_size : int
        What the package calls so: windows have sides of ``2 * patch_size + 1`` pixels. Its
        examples use 3; its default, 15, is much slower.
    """

    patch_size: int = 3

    name = "pypatchmatch"
    family = "exemplar"
    paper = (
        'C. Barnes, E. Shechtman, A. Finkelstein, D. B. Goldman, "PatchMatch: a randomized '
        'correspondence algorithm for structural image editing", ACM Trans. Graphics 2009'
    )
    requires = ("pypatchmatch",)

    def __post_init__(self) -> None:
        if self.patch_size < 1:
            raise ValueError(f"patch_size must be at least 1, not {self.patch_size}")

    def unavailable(self) -> str | None:
        """Say why the package can't be used, or None."""
        if importlib.util.find_spec("patchmatch") is None:
            return "pypatchmatch is not installed: pip install pypatchmatch"
        import patchmatch

        if not getattr(patchmatch, "patchmatch_available", False):
            return "pypatchmatch has no native library here: pip install --force-reinstall it"
        return None

    def skip(self, shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str | None:
        """Refuse 16 bits."""
        return "pypatchmatch takes 8 bits only" if dtype.itemsize > 1 else None

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill the hole with ``patchmatch.inpaint``."""
        known = blanked(image, mask)
        if mask.all():
            return known
        from patchmatch import inpaint, set_random_seed

        set_random_seed(0)
        filled = inpaint(to_bytes(known), mask.astype(np.uint8), patch_size=self.patch_size)
        return like(filled, image)
