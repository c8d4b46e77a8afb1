"""The seam statistic: 1 where the rim looks like its surroundings."""

from __future__ import annotations

import numpy as np
import pytest

from inpaintbench.metrics.base import Result
from inpaintbench.metrics.seam import Seam


def seam(output: np.ndarray, mask: np.ndarray) -> float:
    return Seam().bind(output)(Result(output, mask, output))


@pytest.fixture
def mask() -> np.ndarray:
    mask = np.zeros((64, 64), bool)
    mask[20:40, 24:44] = True
    return mask


def test_an_even_ramp_has_no_seam(mask: np.ndarray) -> None:
    ramp = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)[..., None]
    assert seam(ramp, mask) == 1.0


def test_a_step_at_the_rim_is_counted_against_the_noise_beside_it(mask: np.ndarray) -> None:
    checks = (np.indices((64, 64)).sum(axis=0) % 2 * 10 + 100).astype(np.uint8)[..., None]
    filled = checks.copy()
    filled[mask] = 200
    # neighbours differ by 10 outside; across the rim the fill is 100 or 90 above them
    assert seam(filled, mask) == pytest.approx(9.5)


def test_it_is_not_defined_without_a_rim_or_beside_flat_ground(mask: np.ndarray) -> None:
    flat = np.full((64, 64, 3), 7, np.uint8)
    assert np.isnan(seam(flat, mask))
    assert np.isnan(seam(flat, np.ones((64, 64), bool)))
