"""Whether the surroundings of a fill, hidden in turn, come back out of it and what is left."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from inpaintbench.images.types import Image, Mask
from inpaintbench.methods.base import Method
from inpaintbench.methods.navier_stokes import NavierStokes
from inpaintbench.methods.patchmatch import PatchMatch
from inpaintbench.methods.telea import Telea
from inpaintbench.metrics.base import Metric, Result
from inpaintbench.metrics.difference import top
from inpaintbench.metrics.lpips import LPIPS
from inpaintbench.metrics.pixelwise import MAE
from inpaintbench.metrics.scoring import score_all

_METHODS: dict[str, Method] = {
    method.name: method for method in (Telea(), NavierStokes(), PatchMatch())
}
_DISTANCES: dict[str, Metric] = {metric.name: metric for metric in (LPIPS(), MAE())}


@dataclass(frozen=True)
class Consistency(Metric):
    """Re-inpainting self-consistency (arXiv 2405.16263), with a classical second inpainter.

    Random squares of the known pixels of the composite are taken away and filled again from the
    rest, the fill being scored among it; the score is the mean distance of these images from the
    composite. It needs no reference. What it says depends on the second inpainter, which it
    flatters: it is shown, and methods aren't ranked by it. Works in 8 bits. NaN where nothing is
    known or nothing would be left.

    Parameters
    ----------
    method : str
        The second inpainter, with its default parameters: ``telea``, ``navier-stokes`` or
        ``patchmatch``.
    distance : str
        ``lpips``, as in the paper, or ``mae``, both of the whole image.
    masks : int
        How many sets of squares are taken away, one after the other.
    share : float
        Least share of the known pixels that each set takes away.
    patch : int
        Side of a square, in pixels.
    seed : int
        Of the choice of squares.
    """

    method: Literal["telea", "navier-stokes", "patchmatch"] = "telea"
    distance: Literal["lpips", "mae"] = "lpips"
    masks: int = 10
    share: float = 0.4
    patch: int = 16
    seed: int = 0

    name = "consistency"
    higher_is_better = False
    bounds = (0.0, math.inf)
    needs_reference = False
    axis = None

    def __post_init__(self) -> None:
        if self.masks < 1 or self.patch < 1 or self.seed < 0:
            raise ValueError("masks and patch must be at least 1, and seed at least 0")
        if not 0 < self.share < 1:
            raise ValueError(f"share must be above 0 and below 1, not {self.share}")

    @property
    def id(self) -> str:
        """``consistency[telea,lpips-alex-v0.1,10x0.4,16px,seed0]``."""
        distance = re.sub(r"[\[,]", "-", self._measure.id.removesuffix("]"))
        squares = f"{self.masks}x{self.share:g},{self.patch}px,seed{self.seed}"
        return f"{self.name}[{self.method},{distance},{squares}]"

    @property
    def label(self) -> str:
        """``Consistency`` with the parameters unless they are the usual ones."""
        usual = self == Consistency()
        return "Consistency" if usual else f"Consistency {self.id.removeprefix(self.name)}"

    @property
    def worst(self) -> float:
        """That of the distance."""
        return self._measure.worst

    @property
    def _measure(self) -> Metric:
        return _DISTANCES[self.distance]

    def setup(self) -> None:
        """Set up the distance and the second inpainter."""
        self._measure.setup()
        _METHODS[self.method].setup("cpu", 0)

    def score(self, result: Result) -> float:
        """Fill again, and compare with the composite."""
        first = _eight_bits(result.composite)
        again = [
            Result(self._filled(first, hidden), hidden, first)
            for hidden in (self._hidden(result.mask, number) for number in range(self.masks))
            if hidden.any() and not hidden.all()
        ]
        return float(np.mean(score_all(self._measure.bind(first), again))) if again else math.nan

    def _filled(self, image: Image, hidden: Mask) -> Image:
        """Fill what is hidden, zero as in every hole, with the second inpainter."""
        left = np.where(hidden[..., None], np.uint8(0), image)
        filled = _METHODS[self.method].inpaint(left, hidden).reshape(image.shape)
        rounded: Image = np.clip(np.rint(filled), 0, 255).astype(np.uint8)
        return rounded

    def _hidden(self, hole: Mask, number: int) -> Mask:
        """Choose the known pixels to take away: squares of a grid, the fewest that suffice."""
        height, width = hole.shape
        rows, columns = -(-height // self.patch), -(-width // self.patch)
        square = np.add.outer(
            np.arange(height) // self.patch * columns, np.arange(width) // self.patch
        )
        known = np.bincount(square[~hole], minlength=rows * columns)
        # by raw bits, which are the same in every version of numpy
        order = np.argsort(np.random.PCG64([self.seed, number]).random_raw(rows * columns))
        enough = self.share * known.sum()
        chosen = order[: int(np.searchsorted(known[order].cumsum(), enough)) + 1]
        return np.isin(square, chosen) & ~hole


def _eight_bits(image: Image) -> Image:
    """Round 16 bits to 8."""
    return (
        image
        if image.dtype == np.uint8
        else np.rint(image * (255 / top(image.dtype))).astype(np.uint8)
    )
