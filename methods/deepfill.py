"""DeepFill v2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from inpaintbench.methods.networks.learned import LearnedMethod
from inpaintbench.methods.weights import files

if TYPE_CHECKING:
    from torch import Tensor, nn

OVERLAP = 128
"""Least overlap of neighbouring tiles, in pixels."""

SHIPPED = {"small": "deepfill-small", "full": ""}
"""Weights that come with the project, by size of the network."""


@dataclass
class DeepFill(LearnedMethod):
    """DeepFill v2 (Yu et al. 2019): gated convolutions and contextual attention, in two stages.

    Parameters
    ----------
    size : str
        ``small`` takes the weights that come with the project, of a narrower network that adds to
        a diffusion and to copied detail (Gortler et al. 1996; Yi et al. 2020); ``full``, the
        network of the paper with 4,052,478 parameters, needs `weights`.
    weights : str
        A file that ``inpaintbench train deepfill`` made, or a public PyTorch checkpoint:
        ``states_pt_places2.pth``, or ``states_tf_places2.pth`` with the authors' own weights.
    tile : int
        Images with a longer side are filled in overlapping tiles of this side, in pixels; the
        attention's memory grows with the fourth power of it.
    """

    size: str = "small"
    weights: str = ""
    tile: int = 512

    name = "deepfill"
    paper = (
        'Yu, Lin, Yang, Shen, Lu, Huang, "Free-form image inpainting with gated convolution", '
        "ICCV 2019"
    )
    network_name = "deepfill"
    trained_on = ("imagenet-sample-images/train", "bsds500/train")

    def __post_init__(self) -> None:
        if self.size not in SHIPPED:
            raise ValueError(f"size must be {' or '.join(SHIPPED)}, not {self.size!r}")
        if self.tile < 2 * OVERLAP or self.tile % 8:
            raise ValueError(f"tile must be a multiple of 8 and at least {2 * OVERLAP}")
        super().__post_init__()

    @property
    def source(self) -> str:
        """Name or path of the weights."""
        return self.weights or SHIPPED[self.size]

    @property
    def _is_public(self) -> bool:
        return Path(self.source).suffix in (".pth", ".pt")

    @property
    def _path(self) -> Path:
        return Path(self.source).expanduser() if self._is_public else super()._path

    def unavailable(self) -> str | None:
        """Say why the weights can't be used, or None."""
        if self._is_public:
            return None if self._path.is_file() else f"{self._path}: no such checkpoint"
        reason = super().unavailable()
        if reason and not self.weights:
            return (
                f"deepfill[size={self.size}] comes without weights: train some with inpaintbench "
                "train deepfill, or give a public checkpoint: "
                "deepfill[weights=states_pt_places2.pth]"
            )
        return reason

    def _seen(self) -> tuple[str, ...]:
        return ("places2/train",) if self._is_public else super()._seen()

    def _states(self) -> tuple[Mapping[str, int], Mapping[str, Tensor]]:
        if not self._is_public:
            return super()._states()
        import torch

        from inpaintbench.methods.networks.deepfill_layouts import from_public

        content = torch.load(self._path, "cpu", weights_only=True)
        try:
            return from_public(content.get("G", content))
        except ValueError as error:
            raise files.WeightsError(f"{self.source}: {error}") from error

    def _fill(self, network: nn.Module, inputs: Tensor) -> Tensor:
        """Fill inputs ``(N, 4, H, W)``: at once, or image by image in tiles."""
        import torch

        if max(inputs.shape[2:]) <= self.tile:
            return _padded(network, inputs)
        return torch.cat([self._tiled(network, one[None]) for one in inputs])

    def _tiled(self, network: nn.Module, inputs: Tensor) -> Tensor:
        import torch

        from inpaintbench.methods.networks.tiles import tent, windows

        total = torch.zeros_like(inputs[:, :3])
        weight = torch.full_like(inputs[:, :1], 1e-6)
        for rows, columns in windows(inputs[0, 3], self.tile, OVERLAP):
            part = inputs[:, :, rows, columns]
            share = tent(*part.shape[2:]).to(inputs.device)
            total[:, :, rows, columns] += share * _padded(network, part)
            weight[:, :, rows, columns] += share
        return total / weight


def _padded(network: nn.Module, inputs: Tensor) -> Tensor:
    """Run the network on inputs extended at the bottom and right to a multiple that it takes."""
    from torch.nn.functional import pad

    height, width = inputs.shape[2:]
    multiple = cast(int, network.multiple)
    extended = pad(inputs, (0, -width % multiple, 0, -height % multiple), mode="replicate")
    fine: Tensor = network(extended)[1]
    return fine[:, :, :height, :width]
