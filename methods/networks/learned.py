"""What the learned methods share: weights, tensors in, pixels out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.files import file_digest
from inpaintbench.methods.base import Image, Mask
from inpaintbench.methods.networks.loaded import LoadedMethod
from inpaintbench.methods.weights import files

if TYPE_CHECKING:
    from torch import Tensor, nn

CHUNK = 256
"""Images that are filled at once, at most; bounds the memory of a large batch."""


def to_inputs(images: NDArray[np.generic], masks: NDArray[np.bool_]) -> Tensor:
    """Make a network's inputs: damaged images in [-1, 1] with 0 in the hole, and masks.

    Parameters
    ----------
    images : (N, H, W, C) array of uint8 or uint16
        Grey images are replicated to three channels.
    masks : (N, H, W) array of bool

    Returns
    -------
    (N, 4, H, W) float32 tensor
    """
    import torch

    half = np.float32(np.iinfo(images.dtype).max / 2)  # type: ignore[type-var]
    scaled = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).astype(np.float32) / half - 1
    pixels = torch.from_numpy(scaled).expand(-1, 3, -1, -1)
    holes = torch.from_numpy(masks[:, None].astype(np.float32))
    return torch.cat([pixels * (1 - holes), holes], 1)


def from_fill(
    fill: Tensor, images: NDArray[np.generic], masks: NDArray[np.bool_]
) -> NDArray[np.generic]:
    """Round a fill ``(N, 3, H, W)`` in [-1, 1] to the images' dtype and put it in the holes."""
    highest = np.iinfo(images.dtype).max  # type: ignore[type-var]
    filled = fill.float().clamp(-1, 1).cpu().numpy().transpose(0, 2, 3, 1)
    if images.shape[3] == 1:
        filled = filled.mean(axis=3, keepdims=True)
    pixels = np.rint((filled + 1) * np.float32(highest / 2)).astype(images.dtype)
    return np.where(masks[..., None], pixels, images)


@dataclass
class LearnedMethod(LoadedMethod):
    """A method that is a network, with weights in a file.

    Parameters
    ----------
    weights : str
        Name of weights that come with the project, or a file that ``inpaintbench train`` made.
    """

    weights: str = ""

    family = "learned"
    requires = ("torch", "safetensors")
    locations = ("weights",)
    network_name: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if self.unavailable() is None:
            object.__setattr__(self, "trained_on", self._seen())

    @property
    def source(self) -> str:
        """Name or path of the weights."""
        return self.weights

    def unavailable(self) -> str | None:
        """Say why the weights can't be used, or None."""
        if not self.source:
            return f"no weights: train some with inpaintbench train {self.name}"
        try:
            description = self._description()
        except files.WeightsError as error:
            return str(error)
        if description.network != self.network_name:
            return f"{self.source}: weights of {description.network}, not of {self.network_name}"
        return None

    def fingerprint(self) -> str:
        """Digest of the weight file."""
        return "" if self.unavailable() else file_digest(self._path)

    def _load(self, device: str) -> nn.Module:
        from inpaintbench.methods.networks.catalogue import build

        architecture, states = self._states()
        network = build(self.network_name, architecture)
        try:
            network.load_state_dict(states)
        except RuntimeError as error:
            first = str(error).splitlines()[0]
            raise files.WeightsError(f"{self.source}: {first}") from error
        return network.eval().to(device)

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill one image."""
        filled: NDArray[np.generic] = self.inpaint_batch(image[None], mask[None])[0]
        return filled

    def inpaint_batch(
        self, images: NDArray[np.generic], masks: NDArray[np.bool_]
    ) -> NDArray[np.generic]:
        """Fill many images of one shape at once.

        Parameters
        ----------
        images : (N, H, W, C) array of uint8 or uint16
        masks : (N, H, W) array of bool

        Returns
        -------
        (N, H, W, C) array of the images' dtype
            Known pixels as they were.
        """
        import torch

        network: nn.Module = self.ready()
        device = next(network.parameters()).device
        chunks = [slice(start, start + CHUNK) for start in range(0, len(images), CHUNK)]
        with torch.inference_mode():
            filled = [
                from_fill(
                    self._fill(network, to_inputs(images[part], masks[part]).to(device)),
                    images[part],
                    masks[part],
                )
                for part in chunks
            ]
        joined: NDArray[np.generic] = np.concatenate(filled)
        return joined

    @abstractmethod
    def _fill(self, network: nn.Module, inputs: Tensor) -> Tensor:
        """Fill inputs ``(N, 4, H, W)``: images ``(N, 3, H, W)`` in [-1, 1]."""

    @property
    def _path(self) -> Path:
        return files.locate(self.source)

    def _description(self) -> files.Description:
        return files.describe(self._path)

    def _seen(self) -> tuple[str, ...]:
        """Name the datasets that the weights were trained on."""
        return self._description().trained_on

    def _states(self) -> tuple[Mapping[str, int], Mapping[str, Tensor]]:
        """Read the parameters of the architecture, and the weights."""
        return self._description().architecture, files.read(self._path)


@dataclass
class FixedSizeMethod(LearnedMethod):
    """A learned method whose network takes images of one size.

    Smaller images are padded, the padding being part of the hole; larger ones are skipped, for
    a network with a dense bottleneck knows nothing of them.
    """

    def skip(self, shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str | None:
        """Refuse images larger than those trained on, or less than half of that."""
        size = self._description().size
        if max(shape[:2]) > size or min(shape[:2]) < size // 2:
            return f"trained on {size}×{size} images, which {shape[0]}×{shape[1]} is too far from"
        return None

    def _fill(self, network: nn.Module, inputs: Tensor) -> Tensor:
        from torch.nn.functional import pad

        height, width = inputs.shape[2:]
        size = self._description().size
        padded = pad(inputs, (0, size - width, 0, size - height))
        padded[:, 3, height:] = 1
        padded[:, 3, :, width:] = 1
        return self._run(network, padded)[:, :, :height, :width]

    def _run(self, network: nn.Module, inputs: Tensor) -> Tensor:
        """Run the network on inputs of the size trained on."""
        images: Tensor = network(inputs)
        return images


@dataclass
class MirroredMethod(FixedSizeMethod):
    """A learned method that may fill an image and its mirror image, and average the two."""

    mirror: bool = True

    def _run(self, network: nn.Module, inputs: Tensor) -> Tensor:
        images = super()._run(network, inputs)
        if not self.mirror:
            return images
        return (images + super()._run(network, inputs.flip(3)).flip(3)) / 2
