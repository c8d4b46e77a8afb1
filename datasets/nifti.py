"""NIfTI volumes, slice by slice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import DataError, Sample
from inpaintbench.datasets.reading.window import Windowed, library, percentiles, to_sixteen_bits
from inpaintbench.errors import reason
from inpaintbench.images.listing import files_by_id
from inpaintbench.images.types import contiguous

AXES = {"sagittal": 0, "coronal": 1, "axial": 2}
"""The axis of a volume in RAS+ orientation that a slice is taken across."""


@dataclass(frozen=True)
class Nifti(Windowed):
    """Your own NIfTI volumes, windowed by percentiles to 16 bits and cut into slices.

    Volumes are turned to the nearest RAS+ orientation, so that a plane means the same in every
    file, and windowed as a whole. Slices are shown with front or top upwards, and called
    ``<relative path>/<index across the plane>``. Needs nibabel:
    ``inpaintbench[medical]``.

    Parameters
    ----------
    path : str
        A ``.nii`` or ``.nii.gz`` file, or a folder searched with everything below it.
    plane : str
        ``axial`` (the default), ``coronal`` or ``sagittal``.
    low, high : float
        Percentiles of the volume that become 0 and 65535; 0.5 and 99.5 is BraTS' convention.
    central : float
        Share of the slices kept, around the middle: 0.5 leaves out the outer quarters, which are
        often empty.
    """

    plane: Literal["axial", "coronal", "sagittal"] = "axial"
    low: float = 0.5
    high: float = 99.5
    central: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.central <= 1:
            raise ValueError(f"central must be above 0 and at most 1, not {self.central}")

    @property
    def preparation(self) -> str:
        """The percentile window and the plane."""
        return (
            f"RAS+, percentiles {self.low:g} to {self.high:g} of the volume to 16 bits, the "
            f"central {self.central:.0%} of its {self.plane} slices"
        )

    def entries(self) -> Mapping[str, tuple[Path, int]]:
        """List the slices; reads headers only."""
        place = self.existing()
        slices: dict[str, tuple[Path, int]] = {}
        for name, (file, shape) in _list_volumes(place, place.stat().st_mtime_ns).items():
            length = shape[AXES[self.plane]]
            kept = max(1, round(length * self.central))
            first = (length - kept) // 2
            slices |= {f"{name}/{n:03}": (file, n) for n in range(first, first + kept)}
        if not slices:
            raise DataError(f"{place}: no NIfTI volumes (.nii, .nii.gz) in it")
        return slices

    def load(self, sample_id: str) -> Sample:
        """Read and window one slice."""
        file, index = self.entry(sample_id)
        volume = _volume(file, file.stat().st_mtime_ns, self.low, self.high)
        plane = np.rot90(volume.take(index, axis=AXES[self.plane]))
        return Sample(sample_id, contiguous(plane[..., None]))


@lru_cache(maxsize=8)
def _list_volumes(place: Path, changed: int) -> Mapping[str, tuple[Path, tuple[int, ...]]]:
    """Map ids of volumes to their file and their shape in RAS+ orientation."""
    files = files_by_id(place, lambda file: file.name.lower().endswith((".nii", ".nii.gz")))
    return {name: (file, _shape(file)) for name, file in files.items()}


def open_volume(file: Path) -> Any:
    """Open a file of one volume with nibabel, without reading its values.

    Raises
    ------
    DataError
        When it can't be read, or holds something else.
    """
    nibabel = library("nibabel", "NIfTI")
    try:
        image = nibabel.load(file)
    except Exception as error:  # a damaged file can raise nearly anything
        raise DataError(f"{file}: not a NIfTI file that can be read ({reason(error)})") from error
    if len(image.shape) < 3 or any(length != 1 for length in image.shape[3:]):
        raise DataError(f"{file}: has the shape {image.shape}, wanted one volume of three axes")
    return image


def _shape(file: Path) -> tuple[int, ...]:
    image = open_volume(file)
    affine = image.affine
    if not np.isfinite(affine).all() or np.linalg.matrix_rank(affine[:3, :3]) < 3:
        raise DataError(f"{file}: its affine is flat, so that it doesn't say which way is up")
    order = library("nibabel", "NIfTI").io_orientation(affine)[:, 0].astype(int)
    shape = [0, 0, 0]
    for axis, target in enumerate(order):
        shape[target] = image.shape[axis]
    return tuple(shape)


@lru_cache(maxsize=2)
def _volume(file: Path, changed: int, low: float, high: float) -> NDArray[np.uint16]:
    """Read, turn and window a volume; the last two are kept, since slices share them."""
    values = volume_values(file, library("nibabel", "NIfTI").as_closest_canonical)
    return to_sixteen_bits(values, percentiles(values, low, high))


def volume_values(file: Path, prepare: Callable[[Any], Any] = lambda image: image) -> NDArray[Any]:
    """Read the values of a volume, scaled as its header says, of what `prepare` makes of it.

    Raises
    ------
    DataError
        When they can't be read, or are no numbers.
    """
    stored = open_volume(file)
    try:
        image = prepare(stored)
        values = np.asarray(image.dataobj).reshape(image.shape[:3])
    except Exception as error:  # a damaged file can raise nearly anything
        raise DataError(f"{file}: its values can't be read ({reason(error)})") from error
    if values.dtype.kind not in "iuf":
        raise DataError(f"{file}: values of kind {values.dtype} are refused, wanted numbers")
    return values
