"""Simulated benchmarks with known truth: intervals, tests and ranks keep their promise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from inpaintbench.statistics.bootstrap import mean_intervals
from inpaintbench.statistics.pairs import compare_pairs
from inpaintbench.statistics.ranks import rank_intervals

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]

SHAPES: dict[str, Draw] = {
    "normal": lambda random, shape: random.normal(size=shape),
    "heavy tails": lambda random, shape: random.standard_t(5, shape) / np.sqrt(5 / 3),
    "skewed": lambda random, shape: (random.gamma(2, 1, shape) - 2) / np.sqrt(2),
}
TRUE_DIFFERENCE = 0.3


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("images", "masks"), [(9, 3), (20, 2), (50, 4)])
def test_interval_holds_the_true_difference(shape: str, images: int, masks: int) -> None:
    """2,000 benchmarks of two methods: image effects, taste of the method, noise of the mask."""
    benchmarks = 2000
    random = np.random.default_rng([images, masks, len(shape)])
    draw = SHAPES[shape]
    codes = np.repeat(np.arange(images), masks)
    difficulty = 5 * draw(random, (images, benchmarks))[codes]
    score = [
        difficulty
        + truth
        + draw(random, (images, benchmarks))[codes]
        + 0.7 * random.normal(size=(len(codes), benchmarks))
        for truth in (0.0, TRUE_DIFFERENCE)
    ]
    found = mean_intervals(score[1] - score[0], codes, resamples=2000)
    held = (found.low <= TRUE_DIFFERENCE) & (found.high >= TRUE_DIFFERENCE)
    assert 0.93 <= held.mean() <= 0.97


Benchmarks = Callable[[np.random.Generator, np.ndarray, int], np.ndarray]
"""Draws scores of many benchmarks, one a column, from the image of each case."""


def near_zero(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw small positive values of mean 0.002, some of them several times as large."""
    return 0.002 * np.exp(random.normal(-0.32, 0.8, shape))


def scores(draw: Draw, noise: float = 0.0) -> Benchmarks:
    """Draw a score for each image, and move it by at most `noise` from mask to mask."""

    def drawn(random: np.random.Generator, images: np.ndarray, count: int) -> np.ndarray:
        values = draw(random, (images.max() + 1, count))[images]
        return values * random.uniform(1 - noise, 1 + noise, values.shape)

    return drawn


def ranks(gap: float) -> Benchmarks:
    """Rank the first of five methods by three metrics; it is ahead by a gap."""

    def drawn(random: np.random.Generator, images: np.ndarray, count: int) -> np.ndarray:
        tastes = random.normal(size=(images.max() + 1, count, 5))[images]
        tastes[..., 0] += gap
        values = [tastes + random.normal(size=tastes.shape) for _ in range(3)]
        beaten = [(value[..., 1:] > value[..., :1]).sum(axis=-1) for value in values]
        return 1 + np.mean(beaten, axis=0)

    return drawn


BOUNDED: dict[str, tuple[Benchmarks, tuple[float, float]]] = {
    "LPIPS near 0": (scores(near_zero, 0.3), (0, np.inf)),
    "SSIM near 1": (lambda *drawn: 1 - scores(near_zero, 0.3)(*drawn), (-1, 1)),
    "SSIM in holes": (scores(lambda random, shape: random.beta(4, 2, shape)), (-1, 1)),
    "MAE": (scores(lambda random, shape: random.gamma(1, 5, shape), 0.3), (0, 255)),
    "PSNR": (scores(lambda random, shape: random.normal(30, 5, shape), 0.1), (0, 100)),
    "rank in the middle": (ranks(0), (1, 5)),
    "rank near the first": (ranks(3), (1, 5)),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", BOUNDED)
@pytest.mark.parametrize(("images", "masks"), [(9, 3), (20, 2), (50, 4)])
def test_interval_inside_a_range_holds_the_truth(kind: str, images: int, masks: int) -> None:
    draw, bounds = BOUNDED[kind]
    random = np.random.default_rng([masks, images, len(kind)])
    codes = np.repeat(np.arange(images), masks)
    values = draw(random, codes, 2000)
    truth = np.mean(draw(random, np.arange(500), 300))
    found = mean_intervals(values, codes, bounds=bounds, resamples=2000)
    assert bounds[0] <= found.low.min()
    assert found.high.max() <= bounds[1]
    assert 0.93 <= ((found.low <= truth) & (found.high >= truth)).mean() <= 0.97


@pytest.mark.slow
def test_an_interval_that_is_cut_at_the_bound_would_fail_this() -> None:
    """Cutting what reaches beyond a bound leaves an interval that is too short on the far side."""
    values = near_zero(np.random.default_rng(9), (9, 2000))
    found = mean_intervals(values, np.arange(9), resamples=2000)
    assert found.low.min() < 0
    assert ((np.maximum(found.low, 0) <= 0.002) & (found.high >= 0.002)).mean() < 0.925


@pytest.mark.slow
def test_interval_holds_the_truth_where_failures_unbalance_the_images() -> None:
    benchmarks, images = 2000, 20
    random = np.random.default_rng(7)
    sizes = random.integers(1, 6, images)
    codes = np.repeat(np.arange(images), sizes)
    effects = random.normal(size=(images, benchmarks))[codes]
    values = effects + 0.5 * random.normal(size=(len(codes), benchmarks))
    found = mean_intervals(values, codes, resamples=2000)
    assert 0.93 <= ((found.low <= 0) & (found.high >= 0)).mean() <= 0.97


@pytest.mark.slow
def test_an_interval_that_ignores_images_would_fail_this() -> None:
    """The check has teeth: cases treated as independent hold the truth far too rarely."""
    random = np.random.default_rng(8)
    codes = np.repeat(np.arange(20), 5)
    values = random.normal(size=(20, 1000))[codes] + 0.5 * random.normal(size=(100, 1000))
    found = mean_intervals(values, np.arange(100), resamples=1000)
    assert ((found.low <= 0) & (found.high >= 0)).mean() < 0.75


@pytest.mark.slow
def test_equal_methods_are_rarely_told_apart() -> None:
    """Of 400 benchmarks with five equal methods at most 5 % tell any pair apart (and 3 sigma)."""
    wrong = 0
    for seed in range(400):
        random = np.random.default_rng(seed)
        codes = np.repeat(np.arange(15), 2)
        values = random.normal(size=(15, 1))[codes] + random.normal(size=(30, 5))
        wrong += compare_pairs(values, codes, resamples=1000).apart.any()
    assert wrong / 400 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


@pytest.mark.slow
def test_rank_intervals_hold_the_true_rank() -> None:
    """Five methods, some near each other: all five true ranks are held in 95 % of benchmarks."""
    truth = np.array([0.0, 0.1, 0.2, 1.0, 2.0])
    held = 0
    sharp = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        codes = np.repeat(np.arange(25), 2)
        values = (
            truth + random.normal(size=(25, 1))[codes] + random.normal(size=(25, 5))[codes] * 0.5
        )
        ranks = rank_intervals(compare_pairs(values, codes, resamples=1000).better(True))
        held += all(
            rank.rank <= true <= rank.last
            for rank, true in zip(ranks, (5, 4, 3, 2, 1), strict=True)
        )
        sharp += ranks[4].last == 1
    assert held / 300 >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 300)
    # and they aren't wide for nothing: the best method is found
    assert sharp / 300 > 0.9
