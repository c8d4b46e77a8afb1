"""Object removal that takes the shadow along: a mask grown over it, and PatchMatch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask, Method
from inpaintbench.methods.patchmatch import PatchMatch

_FAINTEST = 0.5
"""A shadow goes on while it is this share as deep as it must be beside the object."""

_TINT = 0.15
"""By how much the channels may keep different shares of their light in a shadow."""

_BLACK = 0.02
"""Added to levels from 0 to 1, so that ratios of dark ones don't run wild."""


@dataclass(frozen=True)
class ShadowPatchmatch(Method):
    """Grows the mask over the object's shadow, then fills it as ``patchmatch`` does.

    A simple remover, to compare others with. Around the object, what is darker than the ground
    further out, with about the same hue, stands out from how much the ground varies, and hangs
    together with the object, is taken for its shadow; both are smoothed before. Dark things beside
    the object are taken along; faint or detached shadows, and reflections, are left. It is shown
    the object, and looks only at what is around it.

    Parameters
    ----------
    darker : float
        Share of its light that a shadow takes at least, beside the object, 0 to 1.
    spread : float
        By how many standard deviations of the smoothed ground it must stand out there.
    reach : float
        How far from the object it may go, in square roots of the object's area.
    """

    darker: float = 0.1
    spread: float = 1.5
    reach: float = 1.0

    family = "exemplar"
    sees = "input"
    requires = ("scipy",)

    def __post_init__(self) -> None:
        if not 0 < self.darker < 1:
            raise ValueError(f"darker must be between 0 and 1, not {self.darker}")
        if self.spread < 0 or self.reach <= 0:
            raise ValueError("spread must be at least 0, and reach above 0")

    def setup(self, device: str, seed: int) -> None:
        """Compile the kernels, or load them from numba's cache."""
        PatchMatch().setup(device, seed)

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Grow the hole and fill it."""
        return PatchMatch().inpaint(image, mask | self.shadow(image, mask))

    def shadow(self, image: Image, mask: Mask) -> Mask:
        """Find the pixels outside the object that are in its shadow.

        Parameters
        ----------
        image : (H, W, C) array of uint8 or uint16
            What the object's own pixels hold doesn't matter.
        mask : (H, W) array of bool
            True = object.

        Returns
        -------
        (H, W) array of bool
        """
        from scipy import ndimage

        distance = ndimage.distance_transform_edt(~mask)
        side = float(np.sqrt(np.count_nonzero(mask)))
        far = ~mask & (distance > side / 2)
        if not side or not far.any():
            return np.zeros_like(mask)
        levels = image.astype(np.float64) / np.iinfo(image.dtype).max + _BLACK
        fine = max(1.0, side / 20)
        smooth = np.stack([_average(level, ~mask, fine) for level in np.moveaxis(levels, 2, 0)])
        around = np.stack([_average(level, far, side) for level in smooth])
        kept = smooth / around
        share = kept.mean(axis=0)
        varies = np.sqrt(_average(np.square(share - 1), far, side))
        depth = (1 - share) / np.maximum(self.darker, self.spread * varies)
        depth[np.ptp(kept, axis=0) > _TINT] = 0
        labels, _ = ndimage.label((depth > _FAINTEST) & (distance <= self.reach * side) & ~mask)
        beside = ~mask & (distance <= max(2.0, side / 15))
        found = np.isin(labels, np.setdiff1d(labels[beside & (depth > 1)], [0]))
        return np.asarray(ndimage.binary_dilation(found, iterations=max(1, round(fine))) & ~mask)


def _average(values: NDArray[np.float64], counted: Mask, deviation: float) -> NDArray[np.float64]:
    """Average by a Gaussian over the pixels that count."""
    from scipy.ndimage import gaussian_filter

    weight = gaussian_filter(counted.astype(np.float64), deviation)
    total = gaussian_filter(np.where(counted, values, 0.0), deviation)
    mean: NDArray[np.float64] = total / np.maximum(weight, 1e-12)
    return mean
