"""MI-GAN, from its public ONNX pipeline."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.methods.networks.convention import Convention
from inpaintbench.methods.networks.exported import OnnxModel


@dataclass
class Migan(OnnxModel):
    """MI-GAN (Sargsyan et al. 2023), from the public ``migan_pipeline_v2.onnx``.

    The pipeline holds cropping, resizing to 512² and blending. It takes bytes: image 0–255 and
    mask 255 = known, and returns bytes, at any size.

    Parameters
    ----------
    model : str
        Path of ``migan_pipeline_v2.onnx``.
    """

    name = "migan"
    paper = (
        'Sargsyan, Navasardyan, Xu, Shi, "MI-GAN: a simple baseline for image inpainting on '
        'mobile devices", ICCV 2023'
    )
    trained_on = ("places2/train",)
    example = "migan_pipeline_v2.onnx"

    def convention(self) -> Convention:
        """Return the pipeline's convention."""
        return Convention("0..255", "0..255", "known", 255.0, multiple=1)
