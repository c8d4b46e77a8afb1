"""The models of IOPaint."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask, Method
from inpaintbench.methods.networks.colour import from_bytes, to_bytes


@dataclass
class Iopaint(Method):
    """Model of IOPaint, by its name there: ``lama``, ``mat``, ``migan``, ``zits``, ``fcf``, ….

    The model has to be there: ``iopaint download --model lama`` fetches one. Images are given
    whole (``HDStrategy.ORIGINAL``), without the cropping of the program's own pages.

    Parameters
    ----------
    model : str
        Name of the model in IOPaint.
    """

    model: str = "lama"

    name: ClassVar[str] = "iopaint"
    family: ClassVar[str] = "learned"
    deterministic: ClassVar[bool] = False
    requires: ClassVar[tuple[str, ...]] = ("iopaint", "torch")

    def __post_init__(self) -> None:
        """Start without a model."""
        self._manager: Any = None

    def unavailable(self) -> str | None:
        """Say why the models can't be used, or None."""
        if importlib.util.find_spec("iopaint") is None:
            return "iopaint is not installed: pip install iopaint"
        return None

    def skip(self, shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str | None:
        """Refuse nothing but a missing library."""
        return self.unavailable()

    def setup(self, device: str, seed: int) -> None:
        """Load the model.

        Raises
        ------
        ValueError
            When IOPaint has no such model, or it wasn't downloaded.
        """
        if self.unavailable() is None:
            import torch
            from iopaint.model_manager import ModelManager

            try:
                self._manager = ModelManager(name=self.model, device=torch.device(device))
            except NotImplementedError as error:
                raise ValueError(
                    f"iopaint has no model {self.model!r} here: "
                    f"iopaint download --model {self.model}"
                ) from error

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Run the model on one image."""
        if self._manager is None:
            reason = self.unavailable()
            if reason:
                raise ValueError(reason)
            self.setup("cpu", 0)
        from iopaint.schema import HDStrategy, InpaintRequest

        request = InpaintRequest(hd_strategy=HDStrategy.ORIGINAL)
        painted = self._manager(to_bytes(image), mask * np.uint8(255), request)  # in BGR
        return from_bytes(np.ascontiguousarray(painted[..., ::-1]), image)
