"""Means and their intervals: against scipy, against a plain loop, and their symmetries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from inpaintbench.statistics.bootstrap import (
    FEWEST_IMAGES,
    STRETCH,
    WIDEST,
    image_means,
    image_totals,
    mean_intervals,
)


def clustered(images: int, cases: int, columns: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw cases of random images, each image with an effect of its own."""
    random = np.random.default_rng(seed)
    codes = np.concatenate([np.arange(images), random.integers(0, images, cases - images)])
    effects = random.normal(size=(images, columns))
    return effects[codes] + 0.5 * random.normal(size=(cases, columns)), codes


def test_mean_weighs_cases_not_images() -> None:
    values = np.array([[1.0], [1.0], [1.0], [5.0], [9.0]])
    found = mean_intervals(values, np.array([0, 0, 0, 1, 2]))
    assert found.mean == pytest.approx([3.4])
    assert (found.cases, found.images) == (5, 3)


def test_image_totals_and_means() -> None:
    values = np.array([[1.0, 10.0], [2.0, 20.0], [6.0, 60.0]])
    totals, sizes = image_totals(values, np.array([7, 3, 7]))
    assert totals.tolist() == [[2.0, 20.0], [7.0, 70.0]]
    assert sizes.tolist() == [1.0, 2.0]
    assert image_means(values, np.array([7, 3, 7])).tolist() == [[2.0, 20.0], [3.5, 35.0]]


def test_interval_equals_students_for_many_independent_images() -> None:
    values = np.random.default_rng(0).normal(3, 2, (2000, 1))
    found = mean_intervals(values, np.arange(2000))
    expected = stats.t.interval(0.95, 1999, loc=values.mean(), scale=stats.sem(values[:, 0]))
    assert [found.low[0], found.high[0]] == pytest.approx(expected, abs=0.01)


def test_interval_is_the_studentised_bootstrap_written_out() -> None:
    """A loop over the draws, with numbers of its own, gives the same multipliers."""
    random = np.random.default_rng(5)
    sizes = random.integers(1, 4, 25)
    codes = np.repeat(np.arange(25), sizes)
    values = random.gamma(1.0, 1.0, 25)[codes] + 0.1 * random.normal(size=len(codes))
    found = mean_intervals(values[:, None], codes)

    def mean_and_error(drawn: np.ndarray) -> tuple[float, float]:
        totals = np.array([values[codes == image].sum() for image in drawn])
        counts = sizes[drawn].astype(float)
        mean = totals.sum() / counts.sum()
        squares = ((totals - mean * counts) ** 2).sum()
        return mean, np.sqrt(25 / 24 * squares) / counts.sum()

    mean, error = mean_and_error(np.arange(25))
    ratios = []
    for _ in range(4000):
        drawn_mean, drawn_error = mean_and_error(random.integers(0, 25, 25))
        ratios.append((drawn_mean - mean) / drawn_error)
    low, high = np.quantile(ratios, [0.025, 0.975])
    student = stats.t.ppf(0.975, 24)
    assert found.mean[0] == pytest.approx(mean)
    # skewed to the right: the upper side is the longer one, beyond Student's
    assert -low > student > high
    assert found.high[0] == pytest.approx(mean - low * error, rel=0.02)
    assert found.low[0] == pytest.approx(mean - student * error)


def test_sides_are_held_between_students_and_its_multiple() -> None:
    values, codes = clustered(6, 20, 50, seed=1)
    found = mean_intervals(values**3, codes)
    totals, sizes = image_totals(values**3, codes)
    squares = ((totals - sizes[:, None] * found.mean) ** 2).sum(axis=0)
    student = stats.t.ppf(0.975, 5) * np.sqrt(6 / 5 * squares) / sizes.sum()
    for side in (found.mean - found.low, found.high - found.mean):
        assert (side >= student * (1 - 1e-12)).all()
        assert (side <= WIDEST * student * (1 + 1e-12)).all()


def test_ignoring_images_would_pretend_more_certainty() -> None:
    values, codes = clustered(20, 200, 1, seed=2)
    by_image = mean_intervals(values, codes)
    by_case = mean_intervals(values, np.arange(200))
    assert np.ptp([by_image.low[0], by_image.high[0]]) > 1.5 * np.ptp(
        [by_case.low[0], by_case.high[0]]
    )


@settings(deadline=None)
@given(
    seed=st.integers(0, 50),
    shift=st.floats(-100, 100),
    scale=st.floats(0.001, 1000),
    images=st.integers(3, 12),
)
def test_intervals_move_and_stretch_with_the_values(
    seed: int, shift: float, scale: float, images: int
) -> None:
    values, codes = clustered(images, 3 * images, 2, seed)
    plain = mean_intervals(values, codes, resamples=200)
    moved = mean_intervals(shift + scale * values, codes, resamples=200)
    for name in ("mean", "low", "high"):
        expected = shift + scale * getattr(plain, name)
        assert getattr(moved, name) == pytest.approx(expected, rel=1e-6, abs=1e-6 * scale)


def test_neither_row_order_nor_numbering_matters() -> None:
    values, codes = clustered(8, 30, 3, seed=3)
    order = np.random.default_rng(0).permutation(30)
    plain = mean_intervals(values, codes)
    mixed = mean_intervals(values[order], 10 * codes[order] + 4)
    assert mixed.low == pytest.approx(plain.low)
    assert mixed.high == pytest.approx(plain.high)


def test_columns_do_not_depend_on_each_other() -> None:
    values, codes = clustered(8, 30, 300, seed=4)
    together = mean_intervals(values, codes)
    alone = mean_intervals(values[:, 299:], codes)
    assert together.low[299] == pytest.approx(alone.low[0])


def test_same_seed_same_interval_other_seed_another() -> None:
    values, codes = clustered(12, 30, 1, seed=6)
    values = values**3
    first, again = mean_intervals(values, codes), mean_intervals(values, codes)
    other = mean_intervals(values, codes, seed=1)
    assert (first.low, first.high) == (again.low, again.high)
    assert (first.low[0], first.high[0]) != (other.low[0], other.high[0])


def test_draws_in_blocks_cover_every_resample(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many images are drawn in blocks; a block that stayed unfilled would leave its mark."""
    from inpaintbench.statistics import bootstrap

    values, codes = clustered(40, 90, 2, seed=8)
    whole = mean_intervals(values, codes)
    monkeypatch.setattr(bootstrap, "_DRAWS", 40 * 333)
    blocks = mean_intervals(values, codes)
    assert blocks.low == pytest.approx(whole.low, abs=0.02)
    assert blocks.high == pytest.approx(whole.high, abs=0.02)


def test_bounds_change_the_scale_on_which_the_interval_is_even() -> None:
    """The sides are even in logarithms before one bound, in logits between two."""
    values, codes = clustered(40, 80, 1, seed=9)
    values = 0.5 + 0.02 * values
    plain = mean_intervals(values, codes)
    below, above = plain.mean - plain.low, plain.high - plain.mean
    mean, error = plain.mean, np.array([-1, 1]) * np.concatenate([below, above])

    def found(low: float, high: float) -> np.ndarray:
        bounded = mean_intervals(values, codes, bounds=(low, high))
        return np.concatenate([bounded.low, bounded.high])

    assert found(0, np.inf) == pytest.approx(mean * np.exp(error / mean))
    assert found(-np.inf, 1) == pytest.approx(1 - (1 - mean) * np.exp(-error / (1 - mean)))
    logit = np.log(mean / (1 - mean)) + error / (mean * (1 - mean))
    assert found(0, 1) == pytest.approx(1 / (1 + np.exp(-logit)))
    assert found(-1e9, 1e9) == pytest.approx([plain.low[0], plain.high[0]])


@settings(deadline=None)
@given(
    hnp.arrays(float, st.tuples(st.integers(3, 9), st.just(2)), elements=st.floats(0, 1)),
    st.sampled_from([(0.0, 1.0), (0.0, np.inf), (-np.inf, 1.0)]),
)
def test_bounded_intervals_hold_the_mean_and_stay_inside(
    values: np.ndarray, bounds: tuple[float, float]
) -> None:
    codes = np.arange(len(values))
    plain = mean_intervals(values, codes, resamples=100)
    found = mean_intervals(values, codes, bounds=bounds, resamples=100)
    assert (found.low >= bounds[0]).all()
    assert (found.high <= bounds[1]).all()
    assert (found.low <= found.mean + 1e-12).all()
    assert (found.high >= found.mean - 1e-12).all()
    assert (found.high - found.mean <= STRETCH * (plain.high - plain.mean) + 1e-9).all()
    assert (found.mean - found.low <= STRETCH * (plain.mean - plain.low) + 1e-9).all()


def test_a_bound_that_a_value_exceeds_gives_way() -> None:
    values = np.array([[-0.5], [0.2], [0.9], [0.4]])
    found = mean_intervals(values, np.arange(4), bounds=(0, 1))
    moved = mean_intervals(values, np.arange(4), bounds=(-0.5, 1))
    assert (found.low[0], found.high[0]) == (moved.low[0], moved.high[0])


def test_values_that_all_lie_on_a_bound_have_an_interval_of_no_width() -> None:
    found = mean_intervals(np.ones((9, 1)), np.arange(9), bounds=(1, 5))
    assert (found.low[0], found.high[0]) == (1, 1)


@pytest.mark.parametrize("images", range(1, FEWEST_IMAGES))
def test_too_few_images_give_no_interval(images: int) -> None:
    found = mean_intervals(np.array([[1.0], [2.0], [4.0]]), np.array([0, 0, images - 1]))
    assert found.mean == pytest.approx([7 / 3])
    assert np.isnan(found.low).all()
    assert np.isnan(found.high).all()


def test_equal_values_give_an_interval_of_no_width() -> None:
    found = mean_intervals(np.full((12, 2), 0.75), np.arange(12) // 2)
    assert found.low.tolist() == found.high.tolist() == [0.75, 0.75]


def test_no_cases_is_an_error() -> None:
    with pytest.raises(ValueError, match="no cases"):
        mean_intervals(np.empty((0, 2)), np.empty(0, dtype=int))
