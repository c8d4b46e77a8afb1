"""Any inpainting network in an ONNX file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from inpaintbench.methods.networks.convention import RANGES, Convention
from inpaintbench.methods.networks.exported import OnnxModel

# How a tensor says in which file it is: the text "location", and then a text with its length.
_LOCATION = re.compile(rb"\x0a\x08location\x12(?P<length>[\x80-\xff]*[\x00-\x7f])", re.DOTALL)


@dataclass
class Onnx(OnnxModel):
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

    def __post_init__(self) -> None:
        if self.mask_range not in ("0..1", "0..255"):
            raise ValueError(f"mask_range must be 0..1 or 0..255, not {self.mask_range!r}")
        super().__post_init__()

    def convention(self) -> Convention:
        """Return the declared convention."""
        high = RANGES[self.mask_range][1]
        return Convention(self.image_range, self.output_range, self.mask, high, self.multiple)

    def _files(self) -> list[Path]:
        """List the model and the files beside it that hold tensors of it."""
        content = self._path.read_bytes()
        found = set()
        for match in _LOCATION.finditer(content):
            length = sum((byte & 127) << 7 * place for place, byte in enumerate(match["length"]))
            named = content[match.end() : match.end() + length].decode("utf-8", "replace")
            found.add(self._path.parent / named)
        return [self._path, *sorted(path for path in found if path.is_file())]
