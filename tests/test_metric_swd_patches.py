"""Sliced Wasserstein distance of patches: the plain computation, and blur against texture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from metric_cases import Pair
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import convolve1d, gaussian_filter
from scipy.special import ndtri
from scipy.stats import wasserstein_distance
from skimage.metrics import peak_signal_noise_ratio

from inpaintbench.errors import BenchError
from inpaintbench.metrics.swd_patches import SWDPatches
from inpaintbench.plugins import registry

Floats = np.ndarray


def texture(seed: int, shape: tuple[int, int] = (96, 96)) -> Floats:
    """Make a stationary colour texture of 8 bits."""
    noise = np.random.default_rng(seed).normal(size=(*shape, 3))
    grain = gaussian_filter(noise, (1, 1, 0), mode="wrap")
    return np.clip(128 + 50 * grain / grain.std(), 0, 255).astype(np.uint8)


def pair(output: Floats, reference: Floats, mask: Floats) -> Pair:
    return Pair(reference, output, mask)


def box(shape: tuple[int, int] = (96, 96)) -> Floats:
    mask = np.zeros(shape, bool)
    mask[24:72, 20:70] = True
    return mask


def score(case: Pair, metric: SWDPatches | None = None) -> float:
    return (metric or SWDPatches()).bind(case.reference)(case.result)


def smooth(image: Floats, gain: int = 1) -> Floats:
    """Filter with the binomial kernel of five, mirrored at the border."""
    kernel = gain * np.array([1, 4, 6, 4, 1]) / 16
    return convolve1d(convolve1d(image, kernel, 0, mode="mirror"), kernel, 1, mode="mirror")


def bands(image: Floats, levels: int) -> list[Floats]:
    """Build a Laplacian pyramid of an image whose sides halve evenly."""
    found, rest = [], image.astype(float)
    for _ in range(levels - 1):
        half = smooth(rest)[::2, ::2]
        spread = np.zeros_like(rest)
        spread[::2, ::2] = half
        found.append(rest - smooth(spread, gain=2))
        rest = half
    return [*found, rest]


def drawn(metric: SWDPatches, length: int) -> Floats:
    """Draw a metric's directions."""
    raw = np.random.PCG64(metric.seed).random_raw(metric.directions * length)
    normal = ndtri(((raw >> np.uint64(11)) + 0.5) * 2.0**-53).reshape(-1, length)
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)


def plain_score(case: Pair, metric: SWDPatches) -> float:
    """Follow the definition patch by patch, with scipy's distance on each direction."""
    side = metric.patch
    directions = drawn(metric, case.reference.shape[2] * side**2)
    hole, found = case.mask.astype(float), []
    scale = 255 / case.top
    for made, true in zip(
        bands(case.composite * scale, metric.levels),
        bands(case.reference * scale, metric.levels),
        strict=True,
    ):
        sets: tuple[list[Floats], list[Floats]] = ([], [])
        for y, x in np.ndindex(made.shape[0] - side + 1, made.shape[1] - side + 1):
            here = np.s_[y : y + side, x : x + side]
            if hole[here].any():
                sets[0].append(made[here].transpose(2, 0, 1).ravel())
                sets[1].append(true[here].transpose(2, 0, 1).ravel())
        ours, theirs = (np.array(one) @ directions.T for one in sets)
        found.append(
            np.mean([wasserstein_distance(*two) for two in zip(ours.T, theirs.T, strict=True)])
        )
        hole = (smooth(hole)[::2, ::2] > 1e-9).astype(float)
    return float(np.mean(found))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    "metric", [SWDPatches(directions=9), SWDPatches(patch=4, directions=5, levels=2, seed=3)]
)
def test_it_is_the_distance_of_the_definition(
    channels: int, dtype: type, metric: SWDPatches
) -> None:
    rng = np.random.default_rng(1)
    most = np.iinfo(dtype).max
    reference, output = rng.integers(0, most, (2, 48, 40, channels), dtype, endpoint=True)
    output //= 2
    mask = np.zeros((48, 40), bool)
    mask[10:22, 25:] = True
    mask[40, 3] = True
    case = pair(output, reference, mask)
    assert score(case, metric) == pytest.approx(plain_score(case, metric), rel=1e-5)


def test_many_patches_and_directions_give_the_mean_of_all() -> None:
    rng = np.random.default_rng(2)
    reference, output = rng.integers(0, 256, (2, 136, 136, 1), np.uint8)
    metric = SWDPatches(directions=1000, levels=1)
    directions = drawn(metric, 49).astype(np.float32)
    ours, theirs = (
        np.sort(directions @ sliding_window_view(image[..., 0], (7, 7)).reshape(-1, 49).T)
        for image in (output // 2, reference)
    )
    case = pair(output // 2, reference, np.ones((136, 136), bool))
    assert score(case, metric) == pytest.approx(np.abs(ours - theirs).mean(), rel=1e-5)


def test_a_blur_is_told_from_another_sample_of_the_texture_which_psnr_likes_less() -> None:
    reference = texture(0)
    blurred = gaussian_filter(reference, (3, 3, 0))
    for sample in (texture(1), np.roll(reference, (31, 17), (0, 1))):
        assert score(pair(sample, reference, box())) < score(pair(blurred, reference, box())) / 3
        blur, other = (peak_signal_noise_ratio(reference, made) for made in (blurred, sample))
        assert blur > other + 2


def test_the_truth_scores_nothing_and_so_does_no_hole() -> None:
    reference = texture(0)
    assert score(pair(reference, reference, box())) == 0
    assert score(pair(255 - reference, reference, np.zeros((96, 96), bool))) == 0


def test_what_lies_far_from_the_hole_does_not_count() -> None:
    mask = np.zeros((96, 96), bool)
    mask[:20, :20] = True
    case = pair(texture(1), texture(0), mask)
    other = case.reference.copy()
    other[64:, 64:] = 0
    assert score(replace(case, reference=other)) == score(case)


def test_images_whose_coarsest_level_holds_no_patch_are_not_defined() -> None:
    reference, output = texture(0, (25, 40)), texture(1, (25, 40))
    mask = np.ones((25, 40), bool)
    assert score(pair(output, reference, mask)) > 0
    assert np.isnan(score(pair(output[:24], reference[:24], mask[:24])))


def test_another_definition_has_another_id_and_an_impossible_one_is_refused() -> None:
    other = registry.metrics().make("swd-patches[patch=5,levels=1]")
    assert other.id == "swd-patches[5px,128-directions,1-levels,seed0]"
    assert other.label == "SWD [5px,128-directions,1-levels,seed0]"
    with pytest.raises(BenchError, match="directions must be at least 1, not 0"):
        registry.metrics().make("swd-patches[directions=0]")
