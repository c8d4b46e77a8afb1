"""DICOM files: X-ray, CT, MR, ultrasound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import DataError, Sample
from inpaintbench.datasets.reading.window import Windowed, library, percentiles, to_sixteen_bits
from inpaintbench.errors import reason
from inpaintbench.images.listing import files_by_id
from inpaintbench.images.types import contiguous


@dataclass(frozen=True)
class Dicom(Windowed):
    """Your own DICOM files, grey ones windowed by percentiles to 16 bits.

    Each frame is an image. Grey frames are put through their modality transform (rescale slope
    and intercept) and windowed on their own; MONOCHROME1, where low is white, is turned over.
    Colour frames of 8 bits are taken as they are. An id is the relative path, with ``/<n>`` for
    the frames of a file with several. Needs pydicom: ``inpaintbench[medical]``.

    Parameters
    ----------
    path : str
        A DICOM file, or a folder searched with everything below it, whatever the file names.
    low, high : float
        Percentiles of the frame that become 0 and 65535; 0.5 and 99.5 is BraTS' convention.
    """

    low: float = 0.5
    high: float = 99.5

    @property
    def preparation(self) -> str:
        """The percentile window."""
        return f"grey frames: percentiles {self.low:g} to {self.high:g} of the frame to 16 bits"

    def entries(self) -> Mapping[str, tuple[Path, int | None]]:
        """List the frames; reads headers, no pixels."""
        place = self.existing()
        frames = _list_frames(place, place.stat().st_mtime_ns)
        if not frames:
            raise DataError(f"{place}: no DICOM files in it")
        return frames

    def load(self, sample_id: str) -> Sample:
        """Read, window and lay out one frame."""
        file, frame = self.entry(sample_id)
        header = _header(file)
        kind = str(header.get("PhotometricInterpretation"))
        values = _pixels(file, frame)
        if values.ndim == 3:
            if values.dtype != np.uint8 or values.shape[2] != 3:
                raise DataError(
                    f"{file}: colour of {values.dtype} is refused, only 8 bits are read"
                )
            return Sample(sample_id, contiguous(values))
        if kind not in ("MONOCHROME1", "MONOCHROME2"):
            raise DataError(f"{file}: images of kind {kind} are refused, wanted grey, RGB or YBR")
        transformed = _modality(header, values)
        pixels = to_sixteen_bits(transformed, percentiles(transformed, self.low, self.high))
        if kind == "MONOCHROME1":
            pixels = np.iinfo(np.uint16).max - pixels
        return Sample(sample_id, contiguous(pixels[..., None]))


@lru_cache(maxsize=8)
def _list_frames(place: Path, changed: int) -> Mapping[str, tuple[Path, int | None]]:
    """Map ids to files and frames, reading each header once for each change of the folder."""
    frames: dict[str, tuple[Path, int | None]] = {}
    for name, file in files_by_id(place, _is_dicom).items():
        header = _header(file)
        count = int(header.get("NumberOfFrames") or 1)
        if "Rows" not in header:
            continue  # a DICOMDIR, a report: no image
        if count == 1:
            frames[name] = file, None
        else:
            frames |= {f"{name}/{n:04}": (file, n) for n in range(count)}
    return frames


def _is_dicom(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(132)[128:] == b"DICM"


def _header(file: Path) -> Any:
    pydicom = library("pydicom", "DICOM")
    try:
        return pydicom.dcmread(file, stop_before_pixels=True)
    except Exception as error:  # a damaged file can raise nearly anything
        raise DataError(f"{file}: not a DICOM file that can be read ({reason(error)})") from error


def _pixels(file: Path, frame: int | None) -> NDArray[Any]:
    """Decode one frame; YBR becomes RGB."""
    decoder = library("pydicom.pixels", "DICOM")
    try:
        pixels: NDArray[Any] = decoder.pixel_array(file, index=frame)
    except Exception as error:  # pydicom and its decoders raise many kinds
        raise DataError(f"{file}: its pixels can't be read ({reason(error)})") from error
    return pixels


def _modality(header: Any, values: NDArray[Any]) -> NDArray[np.float64]:
    slope = float(header.get("RescaleSlope", 1) or 1)
    intercept = float(header.get("RescaleIntercept", 0) or 0)
    return values.astype(np.float64) * slope + intercept
