"""Images whose distribution is known: the exact answers are exact, and tell wrong ones."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from small_runs import small_run

from inpaintbench.datasets.known_posterior import KnownPosterior
from inpaintbench.errors import BenchError
from inpaintbench.images import gaussian
from inpaintbench.images.gaussian import SIDE, Kind
from inpaintbench.images.types import Image, Mask
from inpaintbench.planning.benchmark import read
from inpaintbench.plugins import registry
from inpaintbench.report import tables
from inpaintbench.report.kinds import Format, TableKind
from inpaintbench.report.summary import Summary
from inpaintbench.statistics.bootstrap import Floats
from inpaintbench.statistics.probabilistic import Calibration, DrawScores

KINDS: tuple[Kind, ...] = get_args(Kind)
HOLE = slice(SIDE // 4, 3 * SIDE // 4)


def centre() -> Mask:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[HOLE, HOLE] = True
    return mask


@cache
def images(kind: Kind, count: int) -> Floats:
    """Draw images as the dataset does: ``(count, n)``."""
    return np.array([gaussian.draw(kind, number).ravel() for number in range(count)], float)


def covariance(kind: Kind) -> tuple[Floats, Floats]:
    """Return mean images and covariance as the module's docstring states them."""
    y, x = (axis.ravel() for axis in np.mgrid[:SIDE, :SIDE].astype(float))
    r = np.hypot(y[:, None] - y, x[:, None] - x)
    scale = {"smooth": 3000.0, "rough": 3000.0, "bumps": 1500.0}[kind]
    lengths = {"smooth": 8, "bumps": 3}
    if kind == "rough":
        correlation = np.exp(-r / 6)
    else:
        scaled = np.sqrt(3) * r / lengths[kind]
        correlation = (1 + scaled) * np.exp(-scaled)
    means = np.full((1, SIDE**2), 32768.0)
    if kind == "bumps":
        places = [(a, b) for a in (3.5, 11.5, 19.5, 27.5) for b in (3.5, 11.5, 19.5, 27.5)]
        bumps = [9000 * np.exp(-((y - a) ** 2 + (x - b) ** 2) / 8) for a, b in places]
        means = 32768 + np.concatenate([bumps, -np.array(bumps)])
    return means, scale**2 * correlation + np.eye(SIDE**2) / 12


@pytest.mark.parametrize("kind", KINDS)
def test_images_are_of_the_stated_distribution(kind: Kind) -> None:
    found = images(kind, 200)
    means, matrix = covariance(kind)
    mixture = (means - means.mean(axis=0)).T @ (means - means.mean(axis=0)) / len(means)
    whole = matrix + mixture
    deviation = np.sqrt(np.diag(whole))
    errors = (found - means.mean(axis=0)) / deviation
    assert abs(errors.mean()) < 0.1
    assert np.square(errors).mean() == pytest.approx(1, abs=0.1)
    # neighbours hang together as they should, over all pixels and images
    shifted = np.cov(errors[:, :-SIDE].ravel(), errors[:, SIDE:].ravel())
    wanted = np.diagonal(whole / np.outer(deviation, deviation), SIDE).mean()
    assert shifted[0, 1] / shifted[0, 0] == pytest.approx(wanted, abs=0.03)
    assert found.min() > 0
    assert found.max() < 65535


@pytest.mark.parametrize("kind", KINDS)
def test_the_posterior_is_that_of_the_textbook(kind: Kind) -> None:
    image, hole = gaussian.draw(kind, 1), centre().ravel()
    values = image.ravel().astype(float)
    means, matrix = covariance(kind)
    known = matrix[np.ix_(~hole, ~hole)]
    gain = np.linalg.solve(known, matrix[np.ix_(~hole, hole)]).T
    conditional = means[:, hole] + (values[~hole] - means[:, ~hole]) @ gain.T
    spread = matrix[np.ix_(hole, hole)] - gain @ matrix[np.ix_(~hole, hole)]
    residual = values[~hole] - means[:, ~hole]
    logs = -(residual * np.linalg.solve(known, residual.T).T).sum(axis=1) / 2
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()

    found = gaussian.posterior(image, centre())
    np.testing.assert_allclose(found.mean(), weights @ conditional, rtol=0, atol=1e-3)
    first = sum(len(covariance(other)[0]) for other in KINDS[: KINDS.index(kind)])
    own = found.weights[first : first + len(means)]
    np.testing.assert_allclose(own, weights, atol=1e-6)  # what is known tells the kind
    factor = found.factors[first]
    np.testing.assert_allclose(np.linalg.inv(factor @ factor.T), spread, rtol=1e-6, atol=1e-2)


def samples(found: gaussian.Posterior, count: int, random: np.random.Generator) -> Floats:
    """Draw from a posterior, ``(count, h)``, in any order."""
    chosen = random.multinomial(count, found.weights)
    middles = np.cumsum(found.weights) - found.weights / 2
    pixels = found.means.shape[1]
    drawn = [
        found.sample(middle, random.standard_normal((pixels, number))).T
        for middle, number in zip(middles, chosen, strict=True)
        if number
    ]
    return random.permutation(np.concatenate(drawn))


@pytest.mark.parametrize("kind", KINDS)
def test_samples_have_the_moments_of_the_posterior(kind: Kind) -> None:
    found = gaussian.posterior(gaussian.draw(kind, 2), centre())
    drawn = samples(found, 4_000, np.random.default_rng(1))
    error = drawn.std(axis=0) / np.sqrt(len(drawn))
    assert np.abs((drawn.mean(axis=0) - found.mean()) / error).max() < 5
    covariance = sum(
        weight * (np.linalg.inv(factor @ factor.T) + np.outer(mean, mean))
        for weight, mean, factor in zip(
            found.weights, found.means - found.mean(), found.factors, strict=True
        )
        if weight > 1e-9
    )
    assert np.trace(np.cov(drawn.T)) == pytest.approx(np.trace(covariance), rel=0.03)
    assert drawn.mean(axis=1).var() == pytest.approx(covariance.mean(), rel=0.1)


def test_nothing_known_gives_the_prior_and_nothing_to_fill_the_image() -> None:
    image = gaussian.draw("smooth", 0)
    prior = gaussian.posterior(image, np.ones((SIDE, SIDE), bool))
    weights = [prior.weights[0], prior.weights[1], prior.weights[2:].sum()]
    np.testing.assert_allclose(weights, 1 / 3)
    np.testing.assert_allclose(prior.mean(), 32768, atol=1e-6)
    for name in ("exact-mean", "exact-sample"):
        filled = registry.make_method(name).inpaint(image, np.zeros((SIDE, SIDE), bool))
        np.testing.assert_array_equal(filled, image)


def calibration(kind: Kind, stretch: float, seed: int, count: int = 20) -> Calibration:
    """Simulate a benchmark: as many images, the centre hole, eight draws each.

    Draws lie `stretch` times as far from the mean as they should.
    """
    found = gaussian.posterior(gaussian.draw(kind, 3), centre())
    # given the known pixels, the truth is one more draw
    fields = samples(found, count * 9, np.random.default_rng(seed)).reshape(count, 9, -1)
    mean = found.mean()
    scores = DrawScores.of((mean + stretch * (case[1:] - mean), case[0]) for case in fields)
    return Calibration(scores.ranks, scores.mean_ranks, np.arange(count))


@pytest.mark.parametrize("kind", ["rough", "bumps"])
def test_the_exact_sampler_passes_and_wrong_ones_are_told(kind: Kind) -> None:
    exact = np.array([calibration(kind, 1, seed).p for seed in range(20)])
    assert np.sum(exact <= 0.05) <= 4  # more in one of 400 tries
    for stretch in (0, 0.7, 1.4):  # collapsed, too narrow, too wide
        found = calibration(kind, stretch, seed=0)
        assert found.p < 0.01
        spread = found.shape[1]
        assert spread.high < 1 if stretch > 1 else spread.low > 1
        for share, expected in zip(found.coverage, found.expected, strict=True):
            assert share.mean > expected if stretch > 1 else share.mean < expected


COLLAPSED = '''
from dataclasses import dataclass
from inpaintbench.methods.exact_mean import ExactMean

@dataclass(frozen=True)
class Collapsed(ExactMean):
    """Draws that are all the mean."""

    deterministic = False
'''


def test_the_table_tells_a_collapsed_sampler_from_the_exact_one(tmp_path: Path) -> None:
    (tmp_path / "collapsed.py").write_text(COLLAPSED)
    rows = small_run(
        tmp_path / "run",
        "exact-mean",
        "exact-sample",
        str(tmp_path / "collapsed.py"),
        "mean-fill",
        datasets=("known-posterior[field=rough]",),
        masks=("context-encoder-center",),
        metrics=("psnr[region=hole]",),
        limit=8,
        draws=3,
    )
    table = tables.make(TableKind.posterior, Summary(rows))
    found = table.frame.set_index("method")
    assert found["draws"].to_dict() == {
        "exact-mean": 1,
        "exact-sample": 3,
        "collapsed": 3,
        "mean-fill": 1,
    }
    assert found.loc["exact-mean", "gap"] == 0
    assert found.loc["exact-sample", "gap"] == pytest.approx(3.01, abs=1)
    assert found.loc["exact-sample", "gap_of_mean"] == pytest.approx(1.25, abs=0.7)
    assert found.loc["collapsed", "gap"] == pytest.approx(0, abs=1e-3)
    assert found.loc["mean-fill", "gap_low"] > 0
    assert found.loc["exact-sample", "p"] > 0.01 > found.loc["collapsed", "p"]
    assert found.loc["exact-sample", "spread_low"] < 1 < found.loc["collapsed", "spread_low"]
    assert "**known-posterior\\[field=rough\\]**" in tables.render(table, Format.markdown)
    leaderboard = tables.make(TableKind.leaderboard, Summary(rows))
    assert len(leaderboard.frame) == 4
    assert any("collapsed (3)" in note for note in leaderboard.notes)
    assert len(tables.make(TableKind.leaderboard, Summary(rows, every_draw=True)).frame) == 8


def test_the_table_says_what_a_run_lacks(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="has no dataset known-posterior"):
        tables.make(TableKind.posterior, Summary(small_run(tmp_path / "other", "mean-fill")))
    lacking = small_run(tmp_path / "lacking", "mean-fill", datasets=("known-posterior",), limit=1)
    with pytest.raises(BenchError, match="lacks exact-mean: run it again with --add exact-mean"):
        tables.make(TableKind.posterior, Summary(lacking))


def test_exact_methods_refuse_other_images_and_are_in_no_other_preset() -> None:
    for name in ("exact-mean", "exact-sample"):
        method = registry.make_method(name)
        assert method.skip((SIDE, SIDE, 1), np.dtype(np.uint16)) is None
        for shape, dtype in (((64, 64, 1), np.uint16), ((SIDE, SIDE, 1), np.uint8)):
            assert "known-posterior" in str(method.skip(shape, np.dtype(dtype)))
    assert "exact-mean" in read("posterior").methods
    assert "exact-mean" not in read("standard").methods


def test_images_of_a_dataset_are_its_own_and_always_the_same() -> None:
    pictures: dict[str, Image] = {kind: KnownPosterior(kind).load("007").image for kind in KINDS}
    assert len({picture.tobytes() for picture in pictures.values()}) == 3
    # the first pixels as they were when the dataset was made: another number is another dataset
    assert {kind: picture[0, :3, 0].tolist() for kind, picture in pictures.items()} == {
        "smooth": [31058, 31465, 32219],
        "rough": [31203, 33547, 35150],
        "bumps": [30044, 30916, 31688],
    }
