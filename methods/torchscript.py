"""Any inpainting network in a TorchScript file."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.methods.networks.called import check_call
from inpaintbench.methods.networks.convention import Convention
from inpaintbench.methods.networks.exported import TorchScriptModel


@dataclass
class TorchScript(TorchScriptModel):
    """Network in a TorchScript file, by a convention that the parameters declare.

    The network takes an image ``(1, 3, H, W)`` and a mask ``(1, 1, H, W)`` in float32 and returns
    the filled image; where it returns several, the last one counts.

    Parameters
    ----------
    model : str
        Path of the file.
    image_range, output_range : str
        Range of the pixels in and out: ``0..1``, ``-1..1`` or ``0..255``.
    mask : str
        What 1 means in the mask: ``hole`` or ``known``.
    call : str
        Order of the arguments, ``image,mask`` or ``mask,image`` (between double quotes on the
        command line), or ``joined``: one tensor of four channels, the mask last.
    multiple : int
        Height and width are extended to a multiple of it.
    """

    image_range: str = "0..1"
    output_range: str = "0..1"
    mask: str = "hole"
    call: str = "image,mask"
    multiple: int = 8

    name = "torchscript"

    def __post_init__(self) -> None:
        check_call(self.call)
        super().__post_init__()

    def convention(self) -> Convention:
        """Return the declared convention."""
        return Convention(self.image_range, self.output_range, self.mask, multiple=self.multiple)
