"""Any inpainting network in an ONNX file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from inpaintbench.methods.networks.convention import RANGES, Convention
from inpaintbench.methods.networks.exported import ExportedModel

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


@dataclass
class Onnx(ExportedModel):
    """Network in an ONNX file, by a convention that the parameters declare.

    The model has two inputs, the one whose name holds ``mask`` being the mask: image
    ``(1, 3, H, W)`` and mask ``(1, 1, H, W)``, as float, half or uint8 just as it declares. Its
    first output is the filled image.

    Parameters
    ----------
    model : str
        Path of the file.
    image_range, output_range : str
        Range of the pixels in and out: ``0..1``, ``-1..1`` or ``0..255``.
    mask : str
        What the mask's high value means: ``hole`` or ``known``.
    mask_range : str
        ``0..1`` or ``0..255``.
    multiple : int
        Height and width are extended to a multiple of it.
    """

    image_range: str = "0..1"
    output_range: str = "0..1"
    mask: str = "hole"
    mask_range: str = "0..1"
    multiple: int = 8

    requires: ClassVar[tuple[str, ...]] = ("onnxruntime",)
    library: ClassVar[str] = "onnxruntime"
    example: ClassVar[str] = "model.onnx"

    def __post_init__(self) -> None:
        """Refuse a convention that isn't known."""
        if self.mask_range not in ("0..1", "0..255"):
            raise ValueError(f"mask_range must be 0..1 or 0..255, not {self.mask_range!r}")
        super().__post_init__()

    def convention(self) -> Convention:
        """Return the declared convention."""
        high = RANGES[self.mask_range][1]
        return Convention(self.image_range, self.output_range, self.mask, high, self.multiple)

    def _load(self, path: Path, device: str) -> None:
        from inpaintbench.methods.networks.onnx_session import OnnxSession

        self._session = OnnxSession(path, device)

    def _call(self, image: NDArray[np.float32], mask: NDArray[np.float32]) -> NDArray[np.generic]:
        return self._session(image, mask)
