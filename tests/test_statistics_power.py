"""What a comparison could have found: against the rule itself, on simulated benchmarks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from inpaintbench.images.errors import DataError
from inpaintbench.planning import benchmark
from inpaintbench.plugins import registry
from inpaintbench.statistics.bootstrap import mean_intervals
from inpaintbench.statistics.pairs import compare_pairs, signed_rank
from inpaintbench.statistics.power import (
    Power,
    cannot_tell_any,
    comparison_power,
    fewest_images,
)

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]

SHAPES: dict[str, Draw] = {
    "normal": lambda random, shape: random.normal(size=shape),
    "heavy tails": lambda random, shape: random.standard_t(5, shape) / np.sqrt(5 / 3),
}


def observed(images: int, means: list[float]) -> Power:
    """Work out the power of scores with these means and pairs of a spread of exactly 1."""
    scores = np.random.default_rng(images).normal(size=(images, len(means)))
    independent, _ = np.linalg.qr(scores - scores.mean(axis=0))
    scores = independent * np.sqrt((images - 1) / 2) + means
    codes = np.arange(images)
    return comparison_power(scores, codes, compare_pairs(scores, codes))


def share_found(images: int, difference: float, shape: str) -> float:
    """Return in which share of 2,000 new benchmarks two methods are told apart."""
    random = np.random.default_rng([images, len(shape)])
    differences = difference + SHAPES[shape](random, (images, 2000))
    intervals = mean_intervals(differences, np.arange(images), resamples=500)
    found = (signed_rank(differences) <= 0.05) & (intervals.low > 0)
    return float(found.mean())


def share_apart(images: int, means: list[float]) -> np.ndarray:
    """Return in which share of 200 new benchmarks each pair of several methods is told apart."""
    apart = []
    for seed in range(200):
        random = np.random.default_rng([seed, images])
        scores = random.normal(means, 1 / np.sqrt(2), (images, len(means)))
        apart.append(compare_pairs(scores, np.arange(images), resamples=300).apart)
    return np.mean(apart, axis=0)


@pytest.mark.parametrize("methods", [2, 3, 5, 6, 13, 30])
def test_from_the_fewest_images_every_pair_can_be_told_apart(methods: int) -> None:
    images = fewest_images(methods)
    clear = np.arange(methods) + 0.001 * np.random.default_rng(0).normal(size=(images, methods))
    pairs = compare_pairs(clear, np.arange(images), resamples=100)
    assert pairs.apart.sum() == methods * (methods - 1)
    assert not compare_pairs(clear[1:], np.arange(images - 1), resamples=100).apart.any()
    assert not cannot_tell_any(images, methods)
    assert cannot_tell_any(images - 1, methods)


def test_five_images_of_five_methods_tell_nothing_whatever_the_scores() -> None:
    assert cannot_tell_any(5, 5)
    power = observed(5, [0, 10, 20, 30, 40])
    pair = np.triu_indices(5, 1)
    assert np.isinf(power.detectable[pair]).all()
    assert (power.images[pair] == fewest_images(5)).all()


def test_a_single_method_has_nothing_to_be_told_apart_from() -> None:
    assert not cannot_tell_any(1, 1)
    assert observed(5, [3]).detectable.shape == (1, 1)


def test_equal_methods_need_more_images_than_there_can_be() -> None:
    scores = np.repeat(np.random.default_rng(0).normal(size=(9, 1)), 2, axis=1)
    power = comparison_power(scores, np.arange(9), compare_pairs(scores, np.arange(9)))
    assert np.isinf(power.images[0, 1])
    assert power.detectable[0, 1] == 0  # no spread either: any difference would be found


def test_one_image_knows_no_spread() -> None:
    scores = np.array([[0.0, 9.0], [0.0, 9.0]])
    power = comparison_power(scores, np.zeros(2, int), compare_pairs(scores, np.zeros(2, int)))
    assert np.isnan([power.detectable[0, 1], power.images[0, 1]]).all()


def test_power_has_the_unit_of_the_scores_and_no_direction() -> None:
    scores = np.random.default_rng(1).normal([0, 1, 2], size=(24, 3))
    codes = np.arange(24) // 2
    power = comparison_power(scores, codes, compare_pairs(scores, codes))
    large = comparison_power(-50 * scores, codes, compare_pairs(-50 * scores, codes))
    pair = np.triu_indices(3, 1)
    assert large.detectable[pair] == pytest.approx(50 * power.detectable[pair])
    assert (large.images[pair] == power.images[pair]).all()
    assert power.images[pair] == pytest.approx(power.images.T[pair])


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("images", [7, 9, 13, 14, 24, 60])
def test_the_smallest_detectable_difference_is_found_in_80_percent(images: int, shape: str) -> None:
    detectable = observed(images, [0, 0.1]).detectable[0, 1]
    assert 0.76 <= share_found(images, detectable, shape) <= 0.85


@pytest.mark.slow
@pytest.mark.parametrize("images", [9, 12, 24])
def test_it_allows_for_the_correction_over_all_pairs(images: int) -> None:
    """Of five methods three can't be missed, so Holm's steps are those of the pair that is left."""
    far = [3, 7, 11]
    detectable = observed(images, [0, 0.1, *far]).detectable[0, 1]
    assert 0.74 <= share_apart(images, [0, detectable, *far])[0, 1] <= 0.87


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("difference", [1.4, 0.8, 0.5, 0.35])
def test_the_stated_number_of_images_separates_a_pair(difference: float, shape: str) -> None:
    images = int(observed(20, [0, difference]).images[0, 1])
    assert 0.77 <= share_found(images, difference, shape) <= 0.87
    assert share_found(3 * images // 4, difference, shape) < 0.72


@pytest.mark.slow
@pytest.mark.parametrize(
    "means",
    [[0, 0.5, 3, 6, 9], [0, 0.5, 4, 4.5, 9], [0, 0.4, 0.8, 1.2, 8], [0, 0.5, 1, 1.5, 2]],
)
def test_the_stated_number_of_images_separates_neighbours_among_several(
    means: list[float],
) -> None:
    """Every pair that is stated to need no more images is found as well, and more surely."""
    power = observed(20, means)
    first = int(np.nanargmax(np.diagonal(power.images, 1)))
    images = int(power.images[first, first + 1])
    found = np.diagonal(share_apart(images, means), 1)
    assert found[first] <= 0.92
    assert (found >= 0.76).all()


@pytest.mark.parametrize("name", benchmark.preset_names())
def test_every_group_of_every_preset_can_separate_its_methods(name: str) -> None:
    preset = benchmark.read(name)
    for specification in preset.datasets:
        try:
            here = len(registry.datasets().make(specification).ids())
        except DataError:  # to be downloaded, and large
            here = preset.limit or 0
        assert not cannot_tell_any(min(here, preset.limit or here), len(preset.methods))
