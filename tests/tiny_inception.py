"""A small network in the layout of the Inception file."""

from __future__ import annotations

from pathlib import Path

import torch


class Layers(torch.nn.Module):
    """Means of the cells of a grid; the first few of them."""

    def __init__(self, side: int, width: int) -> None:
        super().__init__()
        self.side, self.width = side, width

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        grid = torch.nn.functional.adaptive_avg_pool2d(images, self.side)
        return grid.flatten(1)[:, : self.width]


class Network(torch.nn.Module):
    """The layout of the Inception file: the features come from `layers`."""

    def __init__(self, side: int, width: int) -> None:
        super().__init__()
        self.layers = Layers(side, width)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers((images - 128) / 128)


def save_network(path: Path, side: int = 2, width: int = 12) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.jit.script(Network(side, width).eval()).save(str(path))
    return path
