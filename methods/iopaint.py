"""The models of IOPaint."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask
from inpaintbench.methods.networks.loaded import LoadedMethod
from inpaintbench.methods.networks.picture import like, to_bytes


@dataclass
class Iopaint(LoadedMethod):
    """Model of IOPaint, by its name there: ``lama``, ``mat``, ``migan``, ``zits``, ``fcf``, ….

    The model has to be there: ``iopaint download --model lama`` fetches one. Images are given
    whole (``HDStrategy.ORIGINAL``), without the cropping of the program's own pages. Models that
    take a prompt get the sample's.

    Parameters
    ----------
    model : str
        Name of the model in IOPaint.
    """

    model: str = "lama"

    name = "iopaint"
    family = "learned"
    deterministic = False
    prompts = "optional"
    requires = ("iopaint", "torch")

    def unavailable(self) -> str | None:
        """Say why the models can't be used, or None."""
        if importlib.util.find_spec("iopaint") is None:
            return "iopaint is not installed: pip install iopaint"
        return None

    def _load(self, device: str) -> Any:
        import torch
        from iopaint.model_manager import ModelManager

        try:
            return ModelManager(name=self.model, device=torch.device(device))
        except NotImplementedError as error:
            raise ValueError(
                f"iopaint has no model {self.model!r} here: iopaint download --model {self.model}"
            ) from error

    def inpaint(self, image: Image, mask: Mask, prompt: str = "") -> NDArray[np.generic]:
        """Run the model on one image."""
        manager = self.ready()
        from iopaint.schema import HDStrategy, InpaintRequest

        request = InpaintRequest(hd_strategy=HDStrategy.ORIGINAL, prompt=prompt)
        painted = manager(to_bytes(image), mask * np.uint8(255), request)  # in BGR
        return like(np.ascontiguousarray(painted[..., ::-1]), image)
