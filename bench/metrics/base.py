"""The contract of a metric: a definition that its id names in full."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from inpaintbench.datasets.base import Image, Mask


@dataclass(frozen=True, eq=False)
class Result:
    """What a method returned for a case, ready to be scored.

    Parameters
    ----------
    output : (H, W, C) array
        What the method returned, rounded to the reference's dtype.
    mask : (H, W) array of bool
        True = hole.
    reference : (H, W, C) array
        The true image.
    """

    output: Image
    mask: Mask
    reference: Image

    @cached_property
    def composite(self) -> Image:
        """The output with the known pixels pasted back: what is scored."""
        return np.where(self.mask[..., None], self.output, self.reference)


Score: TypeAlias = Callable[[Result], float]


class Metric(ABC):
    """A definition of quality, bound to a reference and then applied to results.

    Subclass it as a dataclass; fields are parameters of the definition and belong to the id.
    """

    name: ClassVar[str] = ""
    """Name on the command line: ``psnr``, ``ssim``, ``lpips``."""

    label: str
    """Short name for table heads and axes: ``PSNR``, ``PSNR (hole)``."""

    unit: ClassVar[str] = ""
    """``dB``, ``levels``, or empty."""

    higher_is_better: ClassVar[bool] = True

    worst: ClassVar[float] = 0.0
    """The worst value the metric can take; stands for a failed cell where a rule asks for one."""

    @property
    @abstractmethod
    def id(self) -> str:
        """The whole definition: implementation, window, range, network, weights."""

    @abstractmethod
    def bind(self, reference: Image) -> Score:
        """Do the work that depends on the reference alone, and return the scoring function.

        Called once for a reference; the function is called once for each result on it, whatever
        the mask. Returns NaN where the metric isn't defined for this reference.
        """

    def setup(self) -> None:
        """Get ready, once for each process: load weights.

        Raises
        ------
        MetricUnavailable
            When something it needs can't be had; the run goes on without this metric.
        """


class MetricUnavailable(Exception):
    """Why a metric can't be computed here, and the command that mends it."""
