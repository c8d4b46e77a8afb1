"""Re-inpainting consistency: the plain computation, and what it can and can't see."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from inpaintbench.errors import BenchError
from inpaintbench.metrics.base import Metric, MetricUnavailable, Result
from inpaintbench.metrics.consistency import Consistency
from inpaintbench.plugins import registry


def photograph() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[40:136, 150:230])


def hole() -> np.ndarray:
    mask = np.zeros((96, 80), bool)
    mask[30:60, 25:50] = True
    return mask


def score(metric: Metric, output: np.ndarray, reference: np.ndarray | None = None) -> float:
    metric.setup()
    reference = photograph() if reference is None else reference
    return metric.bind(reference)(Result(output, hole(), reference))


def squares(number: int, side: int, share: float) -> np.ndarray:
    """Take squares away in the order of the raw bits until enough known pixels are gone."""
    grid = [(y, x) for y in range(0, 96, side) for x in range(0, 80, side)]
    hidden = np.zeros((96, 80), bool)
    for place in np.argsort(np.random.PCG64([0, number]).random_raw(len(grid))):
        y, x = grid[place]
        hidden[y : y + side, x : x + side] |= ~hole()[y : y + side, x : x + side]
        if hidden.sum() >= share * (~hole()).sum():
            return hidden
    raise AssertionError


def plain_pairs(output: np.ndarray, masks: int, side: int, share: float) -> list[np.ndarray]:
    """Fill the composite again and again by OpenCV."""
    composite = np.where(hole()[..., None], output, photograph())
    hidden = [squares(number, side, share) for number in range(masks)]
    black = [np.where(one[..., None], 0, composite).astype(np.uint8) for one in hidden]
    return [
        composite,
        *(
            cv2.inpaint(image, one.astype(np.uint8), 3.0, cv2.INPAINT_TELEA)
            for image, one in zip(black, hidden, strict=True)
        ),
    ]


def test_it_is_the_mean_difference_from_what_telea_makes_of_it() -> None:
    output = photograph()[::-1].copy()
    composite, *again = plain_pairs(output, 3, 9, 0.25)
    expected = np.mean([np.abs(image.astype(float) - composite).mean() for image in again])
    metric = Consistency(distance="mae", masks=3, patch=9, share=0.25)
    assert score(metric, output) == pytest.approx(expected)
    deep = [image.astype(np.uint16) * 257 for image in (output, photograph())]
    assert score(metric, *deep) == pytest.approx(expected)


def test_it_is_the_mean_lpips_of_the_package() -> None:
    from lpips_package import package_score

    output = photograph()[::-1].copy()
    try:
        found = score(Consistency(masks=2), output)
    except MetricUnavailable as error:
        pytest.skip(str(error))
    composite, *again = plain_pairs(output, 2, 16, 0.4)
    expected = np.mean([package_score("alex", composite, image) for image in again])
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("method", ["telea", "navier-stokes", "patchmatch"])
def test_noise_is_less_consistent_than_the_truth(method: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, photograph().shape, np.uint8)
    metric = Consistency(method, distance="mae", masks=3)
    assert score(metric, noise) > score(metric, photograph())


def test_it_flatters_the_second_inpainter() -> None:
    black = np.where(hole()[..., None], 0, photograph()).astype(np.uint8)
    filled = cv2.inpaint(black, hole().astype(np.uint8), 3.0, cv2.INPAINT_TELEA)
    metric = Consistency(distance="mae")
    assert score(metric, filled) < score(metric, photograph())


def test_the_content_of_the_hole_in_the_reference_is_not_read() -> None:
    other = np.where(hole()[..., None], 0, photograph()).astype(np.uint8)
    metric = Consistency(distance="mae", masks=2)
    assert score(metric, photograph(), other) == score(metric, photograph())


def test_it_is_not_defined_where_nothing_is_known_or_nothing_would_be_left() -> None:
    metric, image = Consistency(distance="mae"), photograph()[:16, :16].copy()
    for mask in (np.ones((16, 16), bool), np.zeros((16, 16), bool)):
        assert np.isnan(metric.bind(image)(Result(image, mask, image)))


def test_ids_name_the_second_inpainter_and_the_distance() -> None:
    made = registry.metrics().make("consistency[method=patchmatch,distance=mae,share=0.5]")
    assert made.id == "consistency[patchmatch,mae-255-scale,10x0.5,16px,seed0]"
    assert made.axis is None
    assert made.worst == 255
    assert not made.needs_reference
    with pytest.raises(BenchError, match=r"share must be above 0 and below 1, not 1\.0"):
        registry.metrics().make("consistency[share=1]")
    with pytest.raises(BenchError, match="must be one of telea, navier-stokes, patchmatch"):
        registry.metrics().make("consistency[method=lama]")
