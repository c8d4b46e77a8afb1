"""LaMa, from its public TorchScript file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from inpaintbench.methods.networks.convention import Convention
from inpaintbench.methods.networks.exported import ExportedModel

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


@dataclass
class Lama(ExportedModel):
    """LaMa (Suvorov et al. 2022), from the public ``big-lama.pt``.

    The file (205.8 MB) is the one that simple-lama-inpainting and IOPaint download. Image in
    [0, 1], mask 1 = hole, sides multiples of 8, image in [0, 1] out.

    Parameters
    ----------
    model : str
        Path of ``big-lama.pt``.
    """

    paper: ClassVar[str] = (
        'Suvorov et al., "Resolution-robust large mask inpainting with Fourier convolutions", '
        "WACV 2022"
    )
    requires: ClassVar[tuple[str, ...]] = ("torch",)
    trained_on: ClassVar[tuple[str, ...]] = ("places2/train",)
    example: ClassVar[str] = "big-lama.pt"

    def convention(self) -> Convention:
        """Return LaMa's convention."""
        return Convention("0..1", "0..1", "hole", multiple=8)

    def _load(self, path: Path, device: str) -> None:
        import torch

        loaded: Any = torch.jit.load(str(path), device)  # type: ignore[no-untyped-call]
        self._network = loaded.eval()
        self._device = device

    def _call(self, image: NDArray[np.float32], mask: NDArray[np.float32]) -> NDArray[np.generic]:
        import torch

        with torch.inference_mode():
            result = self._network(
                torch.from_numpy(image).to(self._device), torch.from_numpy(mask).to(self._device)
            )
        filled: NDArray[np.generic] = result.float().cpu().numpy()
        return filled
