"""Pictures and holes that the contract suite tries on a method."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Image, Mask
from inpaintbench.masks.random import RandomStream


def picture(height: int, width: int, channels: int, dtype: str) -> Image:
    """Draw a picture that resembles a photograph and has nothing black in it.

    Value noise in octaves of falling contrast, one edge, and a grain that never repeats.
    """
    values = np.zeros((height, width, channels))
    for octave, amplitude in enumerate((0.35, 0.2, 0.1, 0.05)):
        cells = 3 * 2**octave
        lattice = noise(f"lattice {octave}", (cells + 1, cells + 1, channels))
        values += amplitude * _enlarged(lattice, height, width)
    values += 0.02 * noise("grain", (height, width, channels))
    rows, columns = np.mgrid[:height, :width]
    values[columns * 2 + rows > 0.9 * width + 0.6 * height] += 0.15
    scaled = 0.15 + 0.8 * values / values.max()
    image: Image = np.rint(scaled * np.iinfo(dtype).max).astype(dtype)
    return image


def noise(key: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Draw uniform noise from 0 to 1, the same for a key everywhere."""
    words = RandomStream("contract", key).words(int(np.prod(shape)))
    return (words >> np.uint64(11)).reshape(shape) / float(1 << 53)


def _enlarged(lattice: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """Interpolate a lattice of corners linearly."""
    for axis, size in ((0, height), (1, width)):
        places = (np.arange(size) + 0.5) * (lattice.shape[axis] - 1) / size
        before = places.astype(int)
        shape = [1, 1, 1]
        shape[axis] = size
        share = (places - before).reshape(shape)
        lattice = lattice.take(before, axis) * (1 - share) + lattice.take(before + 1, axis) * share
    return lattice


def holes(height: int, width: int) -> dict[str, Mask]:
    """Draw a hole of every kind: box, border, several, full and empty."""
    masks = {
        name: np.zeros((height, width), bool)
        for name in ("box", "border", "several", "full", "empty")
    }
    masks["box"][height // 3 : 3 * height // 5, width // 3 : 3 * width // 5] = True
    masks["border"][: height // 6, width // 2 :] = True
    masks["border"][-1, : width // 3] = True
    masks["several"][2 : height // 5, 2 : width // 5] = True
    masks["several"][height // 2 : height // 2 + 3, width // 8 : width // 2] = True
    masks["several"][height // 4 : height // 3, width // 2 : -2 : 4] = True
    masks["several"][-1, -1] = True
    masks["full"][:] = True
    return masks
