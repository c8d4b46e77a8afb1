"""Paired comparisons: against scipy and first principles, and what may be called told apart."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from inpaintbench.statistics.bootstrap import image_means, mean_intervals
from inpaintbench.statistics.pairs import apart_from, compare_pairs, holm, signed_rank


@pytest.mark.parametrize("images", [5, 13, 14, 30, 60])
def test_signed_rank_is_scipys(images: int) -> None:
    differences = np.random.default_rng(images).normal(0.3, 1, (images, 4))
    expected = [stats.wilcoxon(column).pvalue for column in differences.T]
    assert signed_rank(differences) == pytest.approx(expected)


@pytest.mark.parametrize("images", [4, 7])
def test_small_samples_with_ties_are_exact(images: int) -> None:
    """Equal to what scipy enumerates a thousand times more slowly."""
    random = np.random.default_rng(images)
    differences = random.integers(-2, 4, (images, 3)).astype(float)
    expected = [
        stats.wilcoxon(column, method=stats.PermutationMethod(n_resamples=10_000)).pvalue
        for column in differences.T
    ]
    assert signed_rank(differences) == pytest.approx(expected)


def test_many_images_with_ties_are_scipys() -> None:
    differences = np.random.default_rng(0).integers(-3, 5, (40, 3)).astype(float)
    expected = [stats.wilcoxon(column).pvalue for column in differences.T]
    assert signed_rank(differences) == pytest.approx(expected)


@pytest.mark.parametrize("images", [3, 20])
def test_columns_with_and_without_ties_do_not_disturb_each_other(images: int) -> None:
    random = np.random.default_rng(1)
    smooth = random.normal(size=(images, 1))
    tied = np.ones((images, 1))
    together = signed_rank(np.hstack([smooth, tied, np.zeros((images, 1))]))
    assert together[0] == signed_rank(smooth)[0]
    assert together[1] == signed_rank(tied)[0]
    assert together[2] == 1


def test_signed_rank_of_a_single_image_is_unknown() -> None:
    assert np.isnan(signed_rank(np.array([[1.0, 2.0]]))).all()


@settings(deadline=None, max_examples=20)
@given(hnp.arrays(float, st.integers(1, 7), elements=st.floats(0, 1)))
def test_holm_is_closed_testing_by_bonferroni(p: np.ndarray) -> None:
    """A hypothesis falls when every family with it does (Marcus, Peritz, Gabriel 1976)."""
    families = [
        list(family)
        for size in range(1, len(p) + 1)
        for family in combinations(range(len(p)), size)
    ]
    closed = [max(len(f) * p[f].min() for f in families if i in f) for i in range(len(p))]
    assert holm(p) == pytest.approx(np.minimum(closed, 1))


def test_holm_leaves_unknown_out_of_the_family() -> None:
    corrected = holm(np.array([0.01, np.nan, 0.04]))
    assert corrected[[0, 2]].tolist() == [0.02, 0.04]
    assert np.isnan(corrected[1])


def test_pairs_are_antisymmetric_and_hold_the_paired_means() -> None:
    random = np.random.default_rng(3)
    values = random.normal(size=(30, 4)) + np.arange(4)
    images = np.arange(30) // 2
    pairs = compare_pairs(values, images)
    means = values.mean(axis=0)
    assert pairs.difference == pytest.approx(means[:, None] - means[None, :])
    assert pairs.low == pytest.approx(-pairs.high.T)
    assert (pairs.apart == pairs.apart.T).all()
    direct = mean_intervals(values[:, [3]] - values[:, [1]], images)
    assert (pairs.low[3, 1], pairs.high[3, 1]) == pytest.approx((direct.low[0], direct.high[0]))
    raw = stats.wilcoxon(image_means(values[:, [3]] - values[:, [1]], images)[:, 0]).pvalue
    assert pairs.p[3, 1] == pytest.approx(raw)


def test_what_images_share_cancels_in_pairs() -> None:
    """Images vary by 10, methods by 0.2: only the paired difference can see that."""
    random = np.random.default_rng(4)
    shared = 10 * random.normal(size=(40, 1))
    values = shared + np.array([[0.0, 0.2]]) + 0.05 * random.normal(size=(40, 2))
    images = np.arange(40)
    own = mean_intervals(values, images)
    pairs = compare_pairs(values, images)
    assert own.high[0] > own.low[1]
    assert pairs.apart[0, 1]
    assert pairs.better(higher_is_better=True).tolist() == [[False, False], [True, False]]
    assert pairs.better(higher_is_better=False).tolist() == [[False, True], [False, False]]


def test_equal_methods_cannot_be_told_apart() -> None:
    values = np.repeat(np.random.default_rng(5).normal(size=(20, 1)), 3, axis=1)
    pairs = compare_pairs(values, np.arange(20))
    assert not pairs.apart.any()
    assert (pairs.p == 1).all()


def test_neither_the_test_nor_the_interval_alone_suffices() -> None:
    # One huge image drags the mean's interval over 0, though 19 of 20 images agree.
    outlier = np.full((20, 2), 1.0) + 0.01 * np.random.default_rng(6).normal(size=(20, 2))
    outlier[:, 1] -= 1
    outlier[0, 1] += 30
    pairs = compare_pairs(outlier, np.arange(20))
    assert pairs.p[0, 1] < 0.05
    assert not pairs.apart[0, 1]
    # Five images that agree give an interval clear of 0, but no p below 1/16.
    few = compare_pairs(np.array([[0.0, 1.0 + i / 100] for i in range(5)]), np.arange(5))
    assert few.low[1, 0] > 0
    assert few.p[1, 0] == 1 / 16
    assert not few.apart.any()


def test_one_image_tells_nothing_apart() -> None:
    pairs = compare_pairs(np.array([[0.0, 9.0], [0.0, 9.0]]), np.array([0, 0]))
    assert pairs.difference[1, 0] == 9
    assert not pairs.apart.any()


def test_a_single_method_has_no_pairs() -> None:
    pairs = compare_pairs(np.ones((5, 1)), np.arange(5))
    assert pairs.difference.tolist() == [[0.0]]
    assert not pairs.apart.any()


def test_one_row_of_the_comparison_is_the_same() -> None:
    values = np.random.default_rng(9).normal(size=(40, 6)) + np.linspace(0, 1, 6)
    images = np.arange(40) // 2
    pairs = compare_pairs(values, images)
    assert 0 < pairs.apart.sum() < 30
    for column in range(6):
        assert (apart_from(values, images, column) == pairs.apart[column]).all()
