"""FLIP, from its authors' library; it needs the extra ``inpaintbench[metrics]``."""

from __future__ import annotations

import importlib.util
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Image
from inpaintbench.metrics.base import Metric, MetricUnavailable, Result, Score
from inpaintbench.metrics.difference import in_id, in_label, top


@dataclass(frozen=True)
class FLIP(Metric):
    """Difference seen when flipping between two images (Andersson et al., HPG 2020).

    The library's error map for low dynamic range, averaged over the region. Grey images are
    repeated in the three channels.

    Parameters
    ----------
    pixels_per_degree : float
        Of visual angle. 67 is a 4K display 0.7 m wide seen from 0.7 m.
    region : str
        ``image`` or ``hole``.
    """

    pixels_per_degree: float = 67.0
    region: Literal["image", "hole"] = "image"

    name = "flip"
    higher_is_better = False
    bounds = (0.0, 1.0)

    def __post_init__(self) -> None:
        if not self.pixels_per_degree > 0:
            raise ValueError(f"pixels_per_degree must be above 0, not {self.pixels_per_degree}")

    @property
    def id(self) -> str:
        """``flip[ldr,67ppd]`` with the region."""
        return f"flip[ldr,{self.pixels_per_degree:g}ppd{in_id(self.region)}]"

    @property
    def label(self) -> str:
        """``FLIP`` with the region."""
        return f"FLIP{in_label(self.region)}"

    def setup(self) -> None:
        """Import the library.

        Raises
        ------
        MetricUnavailable
            When it isn't installed.
        """
        if importlib.util.find_spec("flip_evaluator") is None:
            raise MetricUnavailable(
                "flip needs the flip-evaluator library; run: pip install 'inpaintbench[metrics]'"
            )

    def bind(self, reference: Image) -> Score:
        """Return the scoring function; NaN where the region is empty."""
        import flip_evaluator

        true = _colour(reference)

        def error_map(result: Result) -> NDArray[np.float32]:
            parameters = {"ppd": self.pixels_per_degree}
            errors, _, _ = flip_evaluator.evaluate(
                true, _colour(result.composite), "LDR", applyMagma=False, parameters=parameters
            )
            return np.asarray(errors)[..., 0]

        def score(result: Result) -> float:
            key = (self.name, self.pixels_per_degree)
            errors = result.shared(key, lambda: error_map(result))
            chosen = errors if self.region == "image" else errors[result.mask]
            return float(chosen.mean(dtype=np.float64)) if chosen.size else math.nan

        return score


def _colour(image: Image) -> NDArray[np.float32]:
    """Scale to 0 to 1, grey repeated in three channels."""
    scaled = image.astype(np.float32) / np.float32(top(image.dtype))
    return np.array(np.broadcast_to(scaled, (*image.shape[:2], 3)))
