"""Training batches: random crops of images at several scales, with holes drawn beforehand.

Everything random in step `k` of a run comes from its seed and `k` alone, so that a resumed run
sees the very batches that an uninterrupted one would have seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from inpaintbench.methods.base import Image, Mask

DrawMask = Callable[[Image, int], Mask]
"""Draw training hole number `int` for an image ``(H, W, 3)``: the harness passes its suites."""


@dataclass(frozen=True)
class Batch:
    """Images ``(N, 3, S, S)`` in [-1, 1] and masks ``(N, 1, S, S)``, 1 = hole."""

    images: Tensor
    masks: Tensor

    @property
    def inputs(self) -> Tensor:
        """What a network sees: the image with an empty hole, and the mask; ``(N, 4, S, S)``."""
        return torch.cat([self.images * (1 - self.masks), self.masks], 1)


@dataclass(frozen=True)
class Augmentation:
    """How far crops are changed, all uniform in ± the value.

    Parameters
    ----------
    shift : int
        Pixels, with reflected borders; for images that are no larger than a crop.
    contrast, brightness, tint : float
        Relative gain about the mean; offset; gain of each channel about the mean.
    turn, enlarge : float
        Degrees; relative enlargement, from none up to the value. Both blur a little, so only half
        of the crops, drawn at random, are turned and enlarged.
    grey : float
        Share of the crops that lose their colour.
    """

    shift: int = 4
    contrast: float = 0.15
    brightness: float = 0.1
    tint: float = 0.05
    turn: float = 0.0
    enlarge: float = 0.0
    grey: float = 0.0


class CropPool:
    """Square crops of images, at scales a factor √2 apart.

    Each image is kept as a pyramid: its short side is the crop's side times 1, √2, 2 … up to
    `zoom` or the image's own resolution. A crop is drawn by image, then scale, then place.

    Parameters
    ----------
    images : sequence of (H, W, 3) arrays of uint8
        At least as large as the crop.
    size : int
        Side of a crop.
    zoom : float
        Largest short side, in crops.
    """

    def __init__(self, images: Sequence[NDArray[np.uint8]], size: int, zoom: float = 4.0) -> None:
        if not images:
            raise ValueError("no images to train on")
        self.size = size
        self._pyramids = [_pyramid(image, size, zoom) for image in images]

    def __len__(self) -> int:
        return len(self._pyramids)

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` crops: ``(N, 3, size, size)`` of uint8 on the CPU."""
        chosen = torch.rand(count, 4, generator=generator, dtype=torch.float64).tolist()
        crops = []
        for which, scale, down, right in chosen:
            levels = self._pyramids[int(which * len(self))]
            level = levels[int(scale * len(levels))]
            top = int(down * (level.shape[1] - self.size + 1))
            left = int(right * (level.shape[2] - self.size + 1))
            crops.append(level[:, top : top + self.size, left : left + self.size])
        return torch.stack(crops)


def _pyramid(image: NDArray[np.uint8], size: int, zoom: float) -> list[Tensor]:
    """Shrink an image to every scale that crops are taken at, smallest first."""
    import cv2

    height, width = image.shape[:2]
    short = min(height, width)
    if short < size or image.shape[2] != 3:
        raise ValueError(f"an image of {height}×{width}×{image.shape[2]} holds no {size}² crop")
    levels = []
    side = float(size)
    while round(side) <= min(short, size * zoom):
        if round(side) == short:
            level = image
        else:
            shape = (
                max(size, round(width * side / short)),
                max(size, round(height * side / short)),
            )
            level = cv2.resize(image, shape, interpolation=cv2.INTER_AREA)
        levels.append(torch.from_numpy(np.ascontiguousarray(level.transpose(2, 0, 1))))
        side *= 2**0.5
    return levels


class BatchSource:
    """Draws the batch of any step.

    Parameters
    ----------
    pools : sequence of (CropPool, float)
        Where crops come from, each with its share of a batch.
    draw_mask : callable
        Draws hole number `i` for an image.
    seed : int
        Of the whole run.
    masks : int
        Holes drawn beforehand; a step takes some of them, flipped at random.
    augmentation : Augmentation
        Changes to the crops.
    """

    def __init__(
        self,
        pools: Sequence[tuple[CropPool, float]],
        draw_mask: DrawMask,
        seed: int,
        masks: int = 4096,
        augmentation: Augmentation = Augmentation(),
    ) -> None:
        self._pools = list(pools)
        self._seed = seed
        self._augmentation = augmentation
        self.size = self._pools[0][0].size
        generator = self.generator(-1)
        first = [pool.draw(min(masks, 256), generator) for pool, _ in self._pools]
        canvases = torch.cat(first).permute(0, 2, 3, 1).contiguous().numpy()
        self._masks = torch.stack(
            [torch.from_numpy(draw_mask(canvases[i % len(canvases)], i)) for i in range(masks)]
        )

    def generator(self, step: int) -> torch.Generator:
        """Return the source of everything random in a step."""
        return torch.Generator().manual_seed(1_000_003 * (self._seed + 1) + step)

    def batch(self, step: int, count: int, device: str) -> Batch:
        """Draw the batch of a step."""
        generator = self.generator(step)
        # evenly spaced points from a random start: each pool has its share, if need be in turn
        points = (torch.arange(count) + torch.rand(1, generator=generator)) / count
        ends = torch.tensor([share for _, share in self._pools]).cumsum(0)
        pools = torch.bucketize(points * ends[-1], ends, right=True).clamp(max=len(ends) - 1)
        crops = [
            pool.draw(taken, generator)
            for (pool, _), taken in zip(
                self._pools, pools.bincount(minlength=len(ends)).tolist(), strict=True
            )
            if taken
        ]
        chosen = torch.randint(len(self._masks), (count,), generator=generator)
        masks = _flip(self._masks[chosen].unsqueeze(1), generator, (2, 3)).to(device).float()
        images = torch.cat(crops).to(device).float() / 255
        images = augment(images, self._augmentation, generator)
        return Batch(images * 2 - 1, masks)


def augment(images: Tensor, amount: Augmentation, generator: torch.Generator) -> Tensor:
    """Flip, shift, warp and recolour images ``(N, 3, S, S)`` in [0, 1], each in its own way."""
    count = len(images)
    images = _flip(images, generator, (3,))
    if amount.shift:
        images = _shift(
            images,
            torch.randint(0, 2 * amount.shift + 1, (count, 2, 1), generator=generator),
            amount.shift,
        )
    if amount.turn or amount.enlarge:
        images = _warp(images, amount.turn, amount.enlarge, generator)
    if amount.grey:
        chosen = torch.rand(count, 1, 1, 1, generator=generator).to(images.device) < amount.grey
        images = torch.where(chosen, images.mean(1, keepdim=True), images)
    spread = torch.rand(count, 5, 1, 1, generator=generator).to(images.device) * 2 - 1
    gain = (1 + amount.contrast * spread[:, :1]) * (1 + amount.tint * spread[:, 1:4])
    mean = images.mean((1, 2, 3), keepdim=True)
    return ((images - mean) * gain + mean + amount.brightness * spread[:, 4:]).clamp(0, 1)


def _flip(images: Tensor, generator: torch.Generator, axes: tuple[int, ...]) -> Tensor:
    """Mirror half of the images along each axis."""
    for axis in axes:
        chosen = torch.rand(len(images), 1, 1, 1, generator=generator).to(images.device) < 0.5
        images = torch.where(chosen, images.flip(axis), images)
    return images


def _shift(images: Tensor, offsets: Tensor, reach: int) -> Tensor:
    """Cut each image's own window out of the image with reflected borders."""
    count, channels, size, _ = images.shape
    padded = torch.nn.functional.pad(images, (reach,) * 4, mode="reflect")
    window = (torch.arange(size) + offsets).to(images.device)  # (N, 2, S)
    rows = window[:, 0, None, :, None].expand(count, channels, size, padded.shape[3])
    columns = window[:, 1, None, None, :].expand(count, channels, size, size)
    return padded.gather(2, rows).gather(3, columns)


def _warp(images: Tensor, turn: float, enlarge: float, generator: torch.Generator) -> Tensor:
    """Turn and enlarge half of the images about their centres, with reflected borders."""
    chosen, angle, growth = torch.rand(3, len(images), generator=generator)
    angle, growth = torch.deg2rad(turn * (2 * angle - 1)), 1 + enlarge * growth
    cosine, sine, nothing = angle.cos() / growth, angle.sin() / growth, torch.zeros_like(angle)
    rows = [torch.stack([cosine, -sine, nothing], 1), torch.stack([sine, cosine, nothing], 1)]
    grid = affine_grid(
        torch.stack(rows, 1).to(images.device), list(images.shape), align_corners=False
    )
    warped = grid_sample(
        images, grid, mode="bicubic", padding_mode="reflection", align_corners=False
    )
    return torch.where((chosen < 0.5).view(-1, 1, 1, 1).to(images.device), warped, images)


def with_mirror_images(batch: Batch) -> Batch:
    """Replace the second half of a batch by the mirror images of the first."""
    images, masks = (x[: len(x) // 2] for x in (batch.images, batch.masks))
    return Batch(torch.cat([images, images.flip(3)]), torch.cat([masks, masks.flip(3)]))


def fixed_batch(images: Sequence[Image], masks: Sequence[Mask], device: str) -> Batch:
    """Put given images and masks in a batch unchanged: the validation batch."""
    stacked = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).to(device).float()
    holes = torch.from_numpy(np.stack(masks)).unsqueeze(1).to(device).float()
    return Batch(stacked / 127.5 - 1, holes)
