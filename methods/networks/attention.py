"""Contextual attention: fill feature patches of the hole with patches of its surroundings."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, fold, interpolate, unfold

NORM_FLOOR = 1e-4
"""Added to each squared feature before a patch's norm is taken, as in the public networks."""


class ContextualAttention(nn.Module):
    """Contextual attention of DeepFill (Yu et al. 2018, 2019). It has no parameters.

    Features are halved; each 3×3 patch is compared with every other by cosine similarity, times
    `sharpness`, in a softmax over the patches that hold no hole pixel; the 4×4 patches of the
    full-size features are pasted with these weights and averaged where they overlap.

    Parameters
    ----------
    sharpness : float
        Factor of the similarities before the softmax.
    fuse : bool
        Whether similarities are averaged along diagonals first, so that neighbours in the hole
        prefer neighbours in the surroundings.
    """

    def __init__(self, sharpness: float = 10.0, fuse: bool = True) -> None:
        super().__init__()
        self.sharpness = sharpness
        self.fuse = fuse

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Paste patches of the known surroundings everywhere.

        Parameters
        ----------
        features : (N, C, H, W) tensor
            `H` and `W` are even.
        mask : (N, 1, k·H, k·W) tensor
            1 = hole, at any whole multiple of the features' resolution.

        Returns
        -------
        (N, C, H, W) tensor
        """
        # Similarities of up to 90 go through a softmax: bfloat16 would round them to halves.
        with torch.autocast(features.device.type, enabled=False):
            features = features.float()
            scores, usable = self._compare(features, mask.float())
            weights = torch.softmax(scores * usable * self.sharpness, dim=1) * usable
            pasted = unfold(features, 4, stride=2, padding=1) @ weights
            return fold(pasted, features.shape[2:], 4, stride=2, padding=1) / 4

    def choose(self, features: Tensor, mask: Tensor) -> Tensor:
        """Return the number of the most similar known patch for each place, ``(N, H·W / 4)``."""
        with torch.autocast(features.device.type, enabled=False):
            scores, usable = self._compare(features.float(), mask.float())
            return scores.masked_fill(usable == 0, -torch.inf).argmax(1)

    def _compare(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return similarities ``(N, L, L)``, and which patches are all known, ``(N, L, 1)``."""
        height, width = features.shape[2] // 2, features.shape[3] // 2
        small = interpolate(features, scale_factor=0.5, mode="nearest")
        patches = unfold(small, 3, padding=1)
        lengths = (patches.square() + NORM_FLOOR).sum(1, keepdim=True).sqrt()
        # (N, L, L): row = patch of the surroundings, column = place to fill.
        scores = (patches / lengths).transpose(1, 2) @ patches
        if self.fuse:
            scores = _fuse(scores, height, width)
        holes = interpolate(mask, size=(height, width), mode="nearest")
        usable = (unfold(holes, 3, padding=1).sum(1) == 0).to(scores.dtype).unsqueeze(2)
        return scores, usable


def _fuse(scores: Tensor, height: int, width: int) -> Tensor:
    """Sum similarities over diagonal neighbours, first along rows, then along columns.

    Entry (p, q) gains (p ± 1, q ± 1) with places numbered row by row, then column by column.
    """
    batch, places = scores.shape[0], height * width
    diagonal = torch.eye(3, dtype=scores.dtype, device=scores.device)[None, None]
    by_row = conv2d(scores[:, None], diagonal, padding=1)
    shape = (batch, height, width, height, width)
    by_column = by_row.view(shape).transpose(1, 2).transpose(3, 4)
    by_column = conv2d(by_column.reshape(batch, 1, places, places), diagonal, padding=1)
    shape = (batch, width, height, width, height)
    return by_column.view(shape).transpose(1, 2).transpose(3, 4).reshape(batch, places, places)
