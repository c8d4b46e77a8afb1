"""LaMa, from its public TorchScript file."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.methods.networks.convention import Convention
from inpaintbench.methods.networks.exported import TorchScriptModel


@dataclass
class Lama(TorchScriptModel):
    """LaMa (Suvorov et al. 2022), from the public ``big-lama.pt``.

    The file (205.8 MB) is the one that simple-lama-inpainting and IOPaint download. Image in
    [0, 1], mask 1 = hole, sides multiples of 8, image in [0, 1] out.

    Parameters
    ----------
    model : str
        Path of ``big-lama.pt``.
    """

    paper = (
        'Suvorov et al., "Resolution-robust large mask inpainting with Fourier convolutions", '
        "WACV 2022"
    )
    trained_on = ("places2/train",)
    example = "big-lama.pt"

    def convention(self) -> Convention:
        """Return LaMa's convention."""
        return Convention("0..1", "0..1", "hole", multiple=8)
