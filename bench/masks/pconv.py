"""The irregular masks of NVIDIA's partial convolutions: drawn to their bins, or the real files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import hypot, sqrt
from pathlib import Path
from typing import ClassVar, TypeAlias

import numpy as np

from inpaintbench.images.errors import DataError
from inpaintbench.images.files import known_digest
from inpaintbench.images.reading import read_mask
from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample
from inpaintbench.masks.drawing import draw_line, draw_lines, step
from inpaintbench.masks.filling import empty_mask, nearest, tries, undrawable

_PAGE = "https://nv-adlr.github.io/publication/partialconv-inpainting"
_SOURCE = f"Partial convolutions (Liu et al., ECCV 2018), irregular test masks, {_PAGE}"

_EDGES = (0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
_BINS = {
    f"{low:g}-{high:g}-{where}": (low, high, where == "border")
    for low, high in pairwise(_EDGES)
    for where in ("border", "inside")
}
"""Low and high end of each cell's hole / area, ``low < area <= high``, and border contact; in the
order of the published files."""

_SIZE = 512
_MARGIN = 50
_FILES_A_CELL = 1000
_TOLERANCE = 0.01
_MANY = 10  # segments from which on drawing them at once is faster; the pixels are the same

_Segment: TypeAlias = tuple[float, float, float, float, float]
"""``(y0, x0, y1, x1, width)``."""


@dataclass(frozen=True)
class Pconv(MaskSuite):
    """Free-form strokes drawn to the six area bins of the partial-convolution test masks.

    The published masks (see `pconv-files`) can't be shipped, so these are drawn: their coverage
    and border contact are the published ones, their shapes are not. The kind says the bin,
    ``low < hole / area <= high``, and whether the hole touches the border (`border`) or keeps
    50 px of 512² away from it (`inside`).

    A coverage is drawn, uniform over the bin, and strokes are added segment by segment until it is
    reached; a mask that then exceeds the bin is drawn again. A stroke starts anywhere, the first
    one of a `border` mask on the border, and ends after 2–8 segments or where it leaves the image
    (the inside). A segment is 32–96 px long at 512² and turns by up to an eighth of a turn either
    way. A stroke has one width: from 8 px to 20 px more than the bin's high end in per cent (30 px
    for up to 10 %, 80 px for up to 60 %). Lengths are in proportion to the square root of the
    image's area, the distance from the border to its short side; widths are at least a pixel.
    """

    kinds: ClassVar[tuple[str, ...]] = tuple(_BINS)
    source: ClassVar[str] = _SOURCE

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Draw masks until one ends inside the bin."""
        low, high, border = _BINS[kind]
        shape = sample.image.shape[:2]
        scale = sqrt(shape[0] * shape[1]) / _SIZE
        margin = 0 if border else max(min(shape) * _MARGIN // _SIZE, 1)
        for _ in tries(sample):
            mask = empty_mask(sample)
            inside = mask[margin : shape[0] - margin, margin : shape[1] - margin]
            if inside.size <= low * mask.size:
                break
            start = _border_pixel(shape, random) if border else None
            covered = _cover(
                inside,
                random.uniform(low, high) * mask.size,
                _segments(inside.shape, scale, (8, 21 + int(100 * high)), start, random),
            )
            if low * mask.size < covered <= high * mask.size:
                return mask
        raise undrawable(self, sample)


def _cover(mask: Mask, wanted: float, segments: Iterator[_Segment]) -> int:
    """Draw one segment after the other until the mask covers enough; return how much it does.

    Those that together can't be too many are drawn, and the mask is measured, at once.
    """
    covered, segment = 0, next(segments)
    while covered < wanted:
        batch, room = [segment], wanted - covered - _largest_area(segment)
        segment = next(segments)  # one is drawn at random beyond the last that is used
        while (area := _largest_area(segment)) < room:
            batch.append(segment)
            segment, room = next(segments), room - area
        if len(batch) < _MANY:
            for each in batch:
                draw_line(mask, *each)
        else:
            lines = np.array(batch)
            draw_lines(mask, lines[:, :4], lines[:, 4])
        covered = int(np.count_nonzero(mask))
    return covered


def _largest_area(segment: _Segment) -> float:
    y0, x0, y1, x1, width = segment
    return (hypot(y1 - y0, x1 - x0) + width + 2.0) * (width + 2.0)


def _segments(
    shape: tuple[int, ...],
    scale: float,
    widths: tuple[int, int],
    start: tuple[int, int] | None,
    random: RandomStream,
) -> Iterator[_Segment]:
    """Draw the segments of stroke after stroke, without end."""
    height, width = shape
    while True:
        y: float
        x: float
        y, x = start or (random.integer(0, height), random.integer(0, width))
        start = None
        thickness = max(scale * random.integer(*widths), 1.0)
        heading = random.uniform()
        for _ in range(random.integer(2, 9)):
            heading += random.uniform(-0.125, 0.125)
            end = step((y, x), heading, scale * random.uniform(32.0, 96.0))
            yield (y, x, *end, thickness)
            y, x = end
            if not (0 <= y < height and 0 <= x < width):
                break


def _border_pixel(shape: tuple[int, ...], random: RandomStream) -> tuple[int, int]:
    """Choose a pixel of the first or last row or column."""
    height, width = shape
    if random.integer(0, height + width) < width:
        return random.choice((0, height - 1)), random.integer(0, width)
    return random.integer(0, height), random.choice((0, width - 1))


@dataclass(frozen=True)
class PconvFiles(MaskSuite):
    """The published partial-convolution test masks themselves, from a folder of yours.

    12,000 files of 512², ``00000.png`` to ``11999.png``, a thousand to a cell: 0–999 cover up to
    .1 and touch the border, 1000–1999 cover up to .1 inside, 2000–2999 cover .1–.2 and touch the
    border, and so on to 11999. The kind says the cell, as in `pconv`; one of its thousand files is
    drawn.

    Copies in circulation differ in whether holes are black or white. A file's place says how much
    of it is hole, so its polarity is read off that: the holes are of the colour whose share is
    nearer to the file's bin, and a file is refused when neither comes within .01 of it. Grey
    counts as white from half of the range on. At other image sizes a pixel takes that of the file
    which its centre lies in; should that miss every hole, another file is drawn.

    Parameters
    ----------
    path : str
        Folder that holds the files.
    """

    path: str | None = None

    kinds: ClassVar[tuple[str, ...]] = tuple(_BINS)
    source: ClassVar[str] = _SOURCE

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Read one file of the cell."""
        low, high, _ = _BINS[kind]
        for _ in tries(sample):
            holes = _read_holes(self._file(kind, random), low, high)
            mask = nearest(holes, *sample.image.shape[:2])
            if mask.any():
                return mask
        raise undrawable(self, sample)

    def fingerprint(self, sample_id: str, kind: str, random: RandomStream) -> str:
        """Return the digest of the file drawn: of the first, should its holes all be missed."""
        return known_digest(self._file(kind, random))

    def _file(self, kind: str, random: RandomStream) -> Path:
        """Draw a file of the cell."""
        if self.path is None:
            raise DataError(f"{self.name} needs the folder of the masks: {self.name}[path=…]")
        first = _FILES_A_CELL * self.kinds.index(kind)
        number = random.integer(first, first + _FILES_A_CELL)
        file = Path(self.path).expanduser() / f"{number:05d}.png"
        if not file.is_file():
            raise DataError(
                f"{file}: no such file; download the irregular test masks from {_PAGE} and "
                f"give the folder that holds 00000.png to 11999.png"
            )
        return file


def _read_holes(file: Path, low: float, high: float) -> Mask:
    """Read a file as a mask, its polarity being the one that fits the bin."""
    white = read_mask(file)
    share = np.count_nonzero(white) / white.size
    excess = {True: _outside(share, low, high), False: _outside(1 - share, low, high)}
    hole_is_white = excess[True] < excess[False]
    if excess[hole_is_white] > _TOLERANCE:
        raise DataError(
            f"{file}: {share:.3f} of it is white, but the hole of a file of this number covers "
            f"{low:g} to {high:g} of it"
        )
    return np.asarray(white == hole_is_white)


def _outside(share: float, low: float, high: float) -> float:
    """Return by how much a share misses a bin."""
    return max(low - share, share - high, 0.0)
