"""Call a torch network by a declared convention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask
from inpaintbench.methods.networks.convention import Convention

CALLS = ("image,mask", "mask,image", "joined")
"""Orders of a network's arguments; joined is one tensor of four channels, the mask last."""


def check_call(call: str) -> None:
    """Refuse an order of arguments that is none of `CALLS`."""
    if call not in CALLS:
        raise ValueError(f"call must be one of {'; '.join(CALLS)}, not {call!r}")


def call_network(
    network: Any, image: NDArray[np.float32], mask: NDArray[np.float32], call: str, device: str
) -> NDArray[np.generic]:
    """Run a network on an image ``(1, 3, H, W)`` and a mask ``(1, 1, H, W)``, without gradients.

    It returns the filled image ``(1, 3, H, W)``; where it returns several, the last one counts.
    """
    import torch

    pixels, marks = torch.from_numpy(image).to(device), torch.from_numpy(mask).to(device)
    with torch.inference_mode():
        if call == "joined":
            result = network(torch.cat([pixels, marks], 1))
        elif call == "image,mask":
            result = network(pixels, marks)
        else:
            result = network(marks, pixels)
    last = result[-1] if isinstance(result, tuple | list) else result
    filled: NDArray[np.generic] = last.float().cpu().numpy()
    return filled


@dataclass(frozen=True)
class CalledNetwork:
    """A network that takes image and mask as a method does.

    Parameters
    ----------
    network : torch.nn.Module
        In evaluation mode.
    convention : Convention
        How it wants its image and mask.
    call : str
        One of `CALLS`.
    """

    network: Any
    convention: Convention
    call: str = "image,mask"

    def __post_init__(self) -> None:
        check_call(self.call)

    def __call__(self, image: Image, mask: Mask) -> NDArray[np.float32]:
        """Fill an image ``H×W×C`` where `mask` is True."""
        device = str(next((tensor.device for tensor in self.network.parameters()), "cpu"))
        pixels, marks = self.convention.encode(image, mask)
        return self.convention.decode(
            call_network(self.network, pixels, marks, self.call, device), image
        )

    def to(self, device: str) -> CalledNetwork:
        """Move the network to a device."""
        return CalledNetwork(self.network.to(device), self.convention, self.call)
