"""Ranks, rank intervals, tied groups and critical differences."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scikit_posthocs import posthoc_nemenyi_friedman
from scipy import stats

from inpaintbench.statistics.bootstrap import image_means
from inpaintbench.statistics.ranks import (
    critical_difference,
    mean_of_ranks,
    rank_intervals,
    ranks_within_cases,
    tied_groups,
)


def test_ranks_within_cases() -> None:
    values = np.array([[30.0, 20.0, 30.0], [1.0, 2.0, 3.0], [1.0, np.nan, 3.0]])
    up = ranks_within_cases(values, higher_is_better=True)
    assert up[:2].tolist() == [[1.5, 3.0, 1.5], [3.0, 2.0, 1.0]]
    assert np.isnan(up[2]).all()
    down = ranks_within_cases(values, higher_is_better=False)
    assert down[:2].tolist() == [[2.5, 1.0, 2.5], [1.0, 2.0, 3.0]]


def test_mean_of_ranks_takes_the_metrics_that_a_case_has() -> None:
    psnr = np.array([[1.0, 2.0], [1.0, 2.0], [np.nan, np.nan]])
    lpips = np.array([[2.0, 1.0], [np.nan, np.nan], [np.nan, np.nan]])
    mean = mean_of_ranks([psnr, lpips])
    assert mean[:2].tolist() == [[1.5, 1.5], [1.0, 2.0]]
    assert np.isnan(mean[2]).all()


def test_rank_intervals() -> None:
    # a > b > d, a > c > d; b and c are tied
    better = np.array([[0, 1, 1, 1], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=bool)
    assert [str(rank) for rank in rank_intervals(better)] == ["1", "2–3", "2–3", "4"]
    nothing = np.zeros((3, 3), dtype=bool)
    assert [(r.rank, r.last) for r in rank_intervals(nothing)] == [(1, 3)] * 3


@st.composite
def relations(draw: st.DrawFn) -> np.ndarray:
    """Draw who can be told apart from whom: any symmetric relation."""
    count = draw(st.integers(0, 6))
    apart = np.zeros((count, count), dtype=bool)
    for i, j in combinations(range(count), 2):
        apart[i, j] = apart[j, i] = draw(st.booleans())
    return apart


@settings(deadline=None)
@given(relations())
def test_tied_groups_are_the_largest_sets_without_a_pair_apart(apart: np.ndarray) -> None:
    members = range(len(apart))
    tied = [
        frozenset(group)
        for size in range(1, len(apart) + 1)
        for group in combinations(members, size)
        if not any(apart[i, j] for i, j in combinations(group, 2))
    ]
    largest = [set(group) for group in tied if not any(group < other for other in tied)]
    found = tied_groups(apart)
    assert sorted(map(sorted, largest)) == sorted(map(list, found))


# Table 5 (a) of Demšar, JMLR 7 (2006): q at 0.05 for 2 to 10 methods
@pytest.mark.parametrize(
    ("methods", "q"),
    [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (8, 3.031), (10, 3.164)],
)
def test_critical_difference_is_demsars(methods: int, q: float) -> None:
    values = np.random.default_rng(0).normal(size=(14, methods))
    found = critical_difference(values, np.arange(14), higher_is_better=True)
    assert found.difference == pytest.approx(
        q * np.sqrt(methods * (methods + 1) / (6 * 14)), abs=5e-4
    )


def test_critical_difference_agrees_with_its_own_p_values() -> None:
    random = np.random.default_rng(2)
    values = random.normal(size=(30, 6)) + np.linspace(0, 2, 6)
    found = critical_difference(values, np.arange(30) // 2, higher_is_better=True)
    gaps = np.abs(found.mean_ranks[:, None] - found.mean_ranks[None, :])
    assert ((gaps > found.difference) == (found.p < 0.05))[~np.eye(6, dtype=bool)].all()
    assert found.images == 15
    assert found.mean_ranks.sum() == pytest.approx(6 * 7 / 2)
    nemenyi = posthoc_nemenyi_friedman(-image_means(values, np.arange(30) // 2))
    assert found.p == pytest.approx(nemenyi.to_numpy())


def test_friedmans_test_is_scipys_on_image_means() -> None:
    values = np.random.default_rng(3).normal(size=(24, 4)) + np.arange(4) * 0.3
    found = critical_difference(values, np.arange(24) // 3, higher_is_better=False)
    means = values.reshape(8, 3, 4).mean(axis=1)
    assert found.friedman_p == pytest.approx(stats.friedmanchisquare(*means.T).pvalue)


def test_groups_of_the_diagram_span_less_than_the_difference() -> None:
    values = np.random.default_rng(4).normal(size=(20, 8)) + np.linspace(0, 1.5, 8)
    found = critical_difference(values, np.arange(20), higher_is_better=True)
    assert found.groups
    for group in found.groups:
        ranks = found.mean_ranks[list(group)]
        assert ranks[-1] - ranks[0] < found.difference
    for one, other in combinations(found.groups, 2):
        assert not set(one) <= set(other)
        assert not set(other) <= set(one)


def test_two_methods_have_no_friedman_test() -> None:
    values = np.random.default_rng(5).normal(size=(9, 2))
    assert np.isnan(critical_difference(values, np.arange(9), True).friedman_p)


@pytest.mark.parametrize(("methods", "images"), [(1, 5), (3, 1)])
def test_nothing_to_compare_is_an_error(methods: int, images: int) -> None:
    values = np.zeros((images, methods))
    with pytest.raises(ValueError, match="at least 2"):
        critical_difference(values, np.arange(images), True)


def test_methods_that_are_all_equal() -> None:
    found = critical_difference(np.ones((6, 3)), np.arange(6), True)
    assert found.mean_ranks.tolist() == [2, 2, 2]
    assert np.isnan(found.friedman_p)
    assert found.groups == [(0, 1, 2)]
