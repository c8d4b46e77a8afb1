"""Proper scores, coverage and ranks of several draws, against a library and by simulation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inpaintbench.statistics.bootstrap import Floats
from inpaintbench.statistics.probabilistic import (
    Calibration,
    DrawScores,
    crps,
    energy_score,
    gap,
    rank_shares,
)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 9), st.integers(1, 40), st.booleans(), st.integers(0, 2**32 - 1))
def test_scores_are_those_of_scoringrules(draws: int, values: int, ties: bool, seed: int) -> None:
    import scoringrules  # which compiles for seconds, in every process that imports this file

    random = np.random.default_rng(seed)
    found, truth = random.normal(120, 30, (draws, values)), random.normal(120, 30, values)
    if ties:
        found, truth = np.rint(found / 20), np.rint(truth / 20)
    wanted = scoringrules.crps_ensemble(truth, found.T, estimator="fair")
    np.testing.assert_allclose(crps(found, truth), wanted, rtol=0, atol=1e-9)
    energy = scoringrules.es_ensemble(truth, found, estimator="fair")
    assert energy_score(found, truth) * np.sqrt(values) == pytest.approx(energy, abs=1e-9)


def test_a_single_draw_is_scored_by_its_error() -> None:
    draw, truth = np.array([[3.0, 5.0]]), np.array([0.0, 9.0])
    assert crps(draw, truth).tolist() == [3, 4]
    assert energy_score(draw, truth) == pytest.approx(np.sqrt(25 / 2))


def test_fair_scores_dont_depend_on_the_number_of_draws() -> None:
    random = np.random.default_rng(1)
    few, many = random.normal(size=(2, 40_000)), random.normal(size=(20, 40_000))
    truth = random.normal(size=40_000)
    expected = 1 / np.sqrt(np.pi)  # of a normal forecast that is right
    for draws in (few, many):
        assert crps(draws, truth).mean() == pytest.approx(expected, abs=0.01)


def test_ranks_count_the_draws_below_and_share_out_ties() -> None:
    truth, draws = [1.5, 5.0, 5.0], [[1.0, 1.0, 5.0], [2.0, 5.0, 5.0]]
    shares = rank_shares(np.array([truth, *draws]))
    # between; above one and equal to the other; equal to both
    wanted = np.array([[0, 1, 0], [0, 1 / 2, 1 / 2], [1 / 3, 1 / 3, 1 / 3]])
    np.testing.assert_allclose(shares[0], wanted.mean(axis=0))
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(shares.mean(axis=0), 1 / 3)  # somebody has each rank


def _calibration(cases: list[tuple[Floats, Floats]]) -> Calibration:
    found = DrawScores.of(cases)
    return Calibration(found.ranks, found.mean_ranks, np.arange(len(cases)))


def _cases(count: int, draws: int, seed: int) -> list[tuple[Floats, Floats]]:
    """Draw from a field of 30 values that hang together, the truth too."""
    random = np.random.default_rng(seed)
    fields = random.normal(size=(count, draws + 1, 1)) + random.normal(size=(count, draws + 1, 30))
    return [(case[1:], case[0]) for case in fields]


@pytest.mark.parametrize(
    ("draws", "expected"), [(2, (1 / 3,)), (8, (5 / 9, 7 / 9)), (19, (0.5, 0.9))]
)
def test_coverage_is_what_is_expected_at_any_number_of_draws(
    draws: int, expected: tuple[float, ...]
) -> None:
    found = _calibration(_cases(500, draws, seed=2))
    assert found.expected == pytest.approx(expected)
    for share, nominal in zip(found.coverage, expected, strict=True):
        assert share.low <= nominal <= share.high
        assert share.high - share.low < 0.1
    shares = [share.mean for share in found.histogram]
    np.testing.assert_allclose(shares, 1 / (draws + 1), atol=0.05)


def test_right_draws_are_refused_as_rarely_as_the_level_says() -> None:
    p = np.array([_calibration(_cases(12, 4, seed)).p for seed in range(300)])
    # 300 tries: within three standard errors of 5 %, 20 % and 50 %
    assert 0.012 < np.mean(p <= 0.05) < 0.088
    assert 0.13 < np.mean(p <= 0.2) < 0.27
    assert 0.41 < np.mean(p <= 0.5) < 0.59


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda draws: 0.6 * draws, "spread"),
        (lambda draws: 1.6 * draws, "spread"),
        (lambda draws: draws + 0.8, "bias"),
        # each value by itself is right, but none knows of its neighbours
        (
            lambda draws: np.sqrt(2) * np.random.default_rng(3).normal(size=draws.shape),
            "spread of mean",
        ),
    ],
    ids=["too alike", "too different", "too bright", "independent values"],
)
def test_wrong_draws_are_told_by_what_is_wrong(
    change: Callable[[Floats], Floats], wrong: str
) -> None:
    cases = [(change(draws), truth) for draws, truth in _cases(60, 8, seed=4)]
    found = _calibration(cases)
    assert found.p < 0.001
    told = dict(zip(("bias", "spread", "spread of mean"), found.shape, strict=True))[wrong]
    expected = 0 if wrong == "bias" else 1
    assert not told.low <= expected <= told.high


def test_cases_of_one_image_count_once() -> None:
    once = DrawScores.of((draws + 0.3, truth) for draws, truth in _cases(12, 8, seed=5))
    five = np.repeat(np.arange(12), 5)
    ranks = (once.ranks[five], once.mean_ranks[five])
    p = Calibration(once.ranks, once.mean_ranks, np.arange(12)).p
    assert p > 0.1
    assert Calibration(*ranks, five).p == pytest.approx(p, abs=0.1)
    assert Calibration(*ranks, np.arange(60)).p < 0.05  # as if there were 60 images
    few = DrawScores.of(_cases(4, 8, seed=6))
    assert np.isnan(Calibration(few.ranks, few.mean_ranks, np.arange(4)).p)


@pytest.mark.parametrize("scale", [0.02, 1, 50], ids=["too alike", "right", "too different"])
def test_intervals_hold_nothing_that_cannot_be(scale: float) -> None:
    for seed in range(10):  # of three images, where an interval is at its widest
        found = _calibration([(scale * draws, truth) for draws, truth in _cases(3, 8, seed)])
        bias, *spreads = found.shape
        assert -0.5 <= bias.low <= bias.mean <= bias.high <= 0.5
        for spread in spreads:  # 2.4 where the truth lies outside all draws
            assert -1e-9 <= spread.low <= spread.mean <= spread.high <= 2.4 + 1e-9
        for share in found.coverage:
            assert 0 <= share.low <= share.mean <= share.high <= 1


def test_the_gap_is_that_of_the_mean_errors_and_its_interval_is_paired() -> None:
    random = np.random.default_rng(7)
    held, widths = [], []
    for _ in range(100):
        least = random.lognormal(0, 1, 30)
        errors = 2 * least * random.lognormal(-0.02, 0.2, 30)  # twice as large on average
        found = gap(errors, least, np.arange(30))
        assert found.mean == pytest.approx(10 * np.log10(errors.mean() / least.mean()))
        held.append(found.low <= 10 * np.log10(2) <= found.high)
        widths.append(found.high - found.low)
    assert 0.90 <= np.mean(held) <= 0.99
    assert np.median(widths) < 1  # the mean errors themselves vary by ± 2 dB
