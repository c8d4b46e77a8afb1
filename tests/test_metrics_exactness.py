"""The fast ways equal the plain computation on the whole image."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from metric_cases import Pair, pairs
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from inpaintbench.metrics.base import Result
from inpaintbench.metrics.difference import BAND
from inpaintbench.metrics.pixelwise import MAE, PSNR, KnownChange
from inpaintbench.metrics.ssim import SSIM

# Compiling for a new kind of array takes seconds; everything after is fast.
exactly = settings(deadline=None, max_examples=60)


@given(pairs(least=1))
@exactly
def test_psnr_is_scikit_images(pair: Pair) -> None:
    got = PSNR().bind(pair.reference)(pair.result)
    if np.array_equal(pair.composite, pair.reference):
        assert got == math.inf
        return
    wanted = peak_signal_noise_ratio(pair.reference, pair.composite, data_range=pair.top)
    assert got == pytest.approx(wanted, abs=1e-9)


@given(pairs(least=1))
@exactly
def test_errors_are_numpys(pair: Pair) -> None:
    difference = np.abs(pair.composite.astype(float) - pair.reference) * 255 / pair.top
    regions = {
        "image": np.ones_like(pair.mask),
        "hole": pair.mask,
        "boundary": pair.result.where("boundary"),
    }
    for region, where in regions.items():
        mae = MAE(region).bind(pair.reference)(pair.result)
        psnr = PSNR(region).bind(pair.reference)(pair.result)
        if not where.any():
            assert math.isnan(mae)
            assert math.isnan(psnr)
            continue
        assert mae == pytest.approx(difference[where].mean(), abs=1e-9)
        squares = (difference[where] ** 2).mean()
        assert psnr == (
            math.inf if squares == 0 else pytest.approx(10 * math.log10(255**2 / squares), abs=1e-9)
        )


@given(pairs(least=1))
@exactly
def test_known_change_is_the_largest_outside_the_hole(pair: Pair) -> None:
    change = np.abs(pair.output.astype(float) - pair.reference)[~pair.mask]
    wanted = change.max() * 255 / pair.top if change.size else 0
    assert KnownChange().bind(pair.reference)(pair.result) == pytest.approx(wanted, abs=1e-9)


@given(pairs())
@exactly
def test_ssim_is_scikit_images_on_the_whole_image(pair: Pair) -> None:
    for metric, keywords in (
        (SSIM(), {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}),
        (SSIM("uniform7"), {}),
    ):
        wanted, full = structural_similarity(
            pair.reference,
            pair.composite,
            channel_axis=2,
            data_range=pair.top,
            full=True,
            **keywords,
        )
        assert metric.bind(pair.reference)(pair.result) == pytest.approx(wanted, abs=1e-9)

        margin = 5 if keywords else 3
        valid = np.zeros_like(pair.mask)
        valid[margin:-margin, margin:-margin] = True
        for region, area in (("hole", pair.mask), ("boundary", pair.result.where("boundary"))):
            got = SSIM(metric.definition, region).bind(pair.reference)(pair.result)
            if (area & valid).any():
                assert got == pytest.approx(full[area & valid].mean(), abs=1e-7)
            else:
                assert math.isnan(got)


@pytest.mark.parametrize("shape", [(6, 40, 3), (40, 6, 1), (1, 1, 3)])
def test_ssim_is_not_defined_below_its_window(shape: tuple[int, int, int]) -> None:
    image = np.zeros(shape, np.uint8)
    result = Result(image, np.ones(shape[:2], bool), image)
    for definition in ("gauss11", "uniform7"):
        assert math.isnan(SSIM(definition).bind(image)(result))


def test_a_hole_out_of_reach_of_every_window_has_no_ssim() -> None:
    image = np.zeros((32, 32, 1), np.uint8)
    mask = np.zeros((32, 32), bool)
    mask[:5] = True
    assert math.isnan(SSIM(region="hole").bind(image)(Result(image + 9, mask, image)))
    assert SSIM().bind(image)(Result(image + 9, mask, image)) < 1


def test_the_boundary_is_a_band_inside_the_hole() -> None:
    mask = np.zeros((30, 40), bool)
    mask[5:25, 0:30] = True
    expected = mask.copy()
    # not along the image border at the left, beyond which nothing is known
    expected[5 + BAND : 25 - BAND, 0 : 30 - BAND] = False
    image = np.zeros((30, 40, 1), np.uint8)
    np.testing.assert_array_equal(Result(image, mask, image).where("boundary"), expected)


def test_the_map_of_a_window_far_from_the_hole_is_exactly_one() -> None:
    rng = np.random.default_rng(0)
    reference = rng.integers(0, 256, (300, 300, 3), np.uint8)
    output = rng.integers(0, 256, (300, 300, 3), np.uint8)
    mask = np.zeros((300, 300), bool)
    mask[200:203, 100:103] = True
    score = SSIM().bind(reference)
    whole = 1 - score(Result(output, mask, reference))
    # a 3×3 hole reaches 13×13 windows of the 290×290
    assert 0 < whole * 290**2 < 2 * 13**2
