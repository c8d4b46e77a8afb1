"""Layers that are computed at chosen positions, against the whole map by torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from inpaintbench.metrics.network.layers import OVERHANG, Layer

if TYPE_CHECKING:
    from torch import Tensor


def check_layer(
    layer: Layer, whole: Callable[[Tensor], Tensor], height: int, width: int, seed: int
) -> None:
    """Change a random map here and there: what is reached is computed, and nothing else changes."""
    import torch

    rng = np.random.default_rng(seed)
    before = rng.normal(0, 1, (height, width, layer.channels)).astype(np.float32)
    changed = rng.random((height, width)) < 0.05
    changed[tuple(rng.integers((height, width)))] = True
    after = np.where(changed[..., None], rng.normal(0, 1, before.shape), before).astype(np.float32)
    old, new = (
        whole(torch.from_numpy(image).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
        for image in (before, after)
    )
    sides = layer.output_side(height), layer.output_side(width)
    assert new.shape[:2] == sides
    reached = layer.reach(changed, *sides)
    around = (layer.padding, layer.padding + OVERHANG)
    (values,) = layer.compute([layer.take(np.pad(after, (around, around, (0, 0))), reached)])
    np.testing.assert_allclose(values, new[reached], atol=1e-6)
    np.testing.assert_array_equal(old[~reached], new[~reached])
