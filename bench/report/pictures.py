"""Where figures and pages get a run's pictures from."""

from __future__ import annotations

from typing import Protocol

from inpaintbench.datasets.base import Image, Mask


class Pictures(Protocol):
    """The pictures of a run, by case and variant."""

    def reference(self, case: str) -> Image:
        """Return the true image ``H×W×C``."""
        ...

    def mask(self, case: str) -> Mask:
        """Return the mask ``H×W``, True = hole."""
        ...

    def output(self, case: str, variant: str) -> Image:
        """Return what a variant returned for a case; KeyError when the cell isn't done."""
        ...
