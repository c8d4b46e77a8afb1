"""Metrics of sets of images: FID, KID, P-IDS and U-IDS, by hand and against their libraries."""

from __future__ import annotations

import inspect
import math
import warnings
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_inception import Layers, save_network

from inpaintbench.metrics import distribution
from inpaintbench.metrics.base import MetricUnavailable
from inpaintbench.metrics.distribution import (
    SET_METRICS,
    discriminative_scores,
    frechet_distance,
    kernel_distance,
    measure,
)
from inpaintbench.metrics.inception import Inception, _resized, load_inception


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Inception:
    return load_inception(save_network(tmp_path_factory.mktemp("network") / "tiny.pt"))


def sets(images: int, features: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw overlapping sets of features, which are not negative, as Inception's."""
    rng = np.random.default_rng(seed)
    real = np.abs(rng.normal(size=(images, features)))
    fake = np.abs(0.8 * real + 0.3 * rng.normal(size=(images, features)))
    return real.astype(np.float32), fake.astype(np.float32)


def sample(mean: np.ndarray, covariance: np.ndarray, count: int) -> np.ndarray:
    """Make rows with exactly this mean and sample covariance."""
    rng = np.random.default_rng(count)
    rows = rng.normal(size=(count, len(mean)))
    rows -= rows.mean(axis=0)
    white = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows, rowvar=False))).T
    return mean + white @ np.linalg.cholesky(covariance).T


class TestFrechetDistance:
    def test_independent_normals(self) -> None:
        means = np.array([1.0, -2.0, 0.5]), np.array([0.0, 1.0, 0.5])
        variances = np.array([1.0, 4.0, 0.25]), np.array([2.25, 1.0, 0.25])
        first, second = (
            sample(mean, np.diag(variance), count)
            for mean, variance, count in zip(means, variances, (20, 31), strict=True)
        )
        spread = np.sqrt(variances[0]) - np.sqrt(variances[1])
        closed = np.sum((means[0] - means[1]) ** 2) + np.sum(spread**2)
        assert frechet_distance(first, second) == pytest.approx(closed, rel=1e-12)

    def test_covariances_that_do_not_commute(self) -> None:
        a, b = np.array([[2.0, 0.7], [0.7, 1.0]]), np.array([[1.0, -0.4], [-0.4, 3.0]])
        # of 2 × 2 matrices, tr √M = √(tr M + 2 √det M)
        root = math.sqrt(np.trace(a @ b) + 2 * math.sqrt(np.linalg.det(a @ b)))
        closed = np.trace(a) + np.trace(b) - 2 * root
        zero = np.zeros(2)
        assert frechet_distance(sample(zero, a, 9), sample(zero, b, 12)) == pytest.approx(closed)

    def test_fewer_images_than_features(self) -> None:
        u, w = np.random.default_rng(0).normal(size=(2, 50))
        # Σ₁ = 2uuᵀ and Σ₂ = 2wwᵀ, so that √(Σ₁Σ₂) has the trace 2|uᵀw|
        closed = 2 * u @ u + 2 * w @ w - 4 * abs(u @ w)
        assert frechet_distance(np.stack([u, -u]), np.stack([w, -w])) == pytest.approx(closed)

    @pytest.mark.parametrize("images", [5, 40])
    def test_identical_sets(self, images: int) -> None:
        real = sets(images, 12)[0]
        assert frechet_distance(real, real) == pytest.approx(0, abs=1e-12)

    def test_it_is_clean_fids(self) -> None:
        fid = pytest.importorskip("cleanfid.fid")
        from scipy import linalg

        if "disp" not in inspect.signature(linalg.sqrtm).parameters:
            pytest.skip("clean-fid calls scipy.linalg.sqrtm as it was before 1.18")
        real, fake = sets(200, 24)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            wanted = fid.fid_from_feats(real, fake)
        assert frechet_distance(real, fake) == pytest.approx(wanted, rel=1e-5)


class TestKernelDistance:
    def test_it_is_the_double_sum(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(distribution, "_ROWS", 4)
        (real, _), (fake, _) = sets(9, 6), sets(7, 6, seed=1)

        def mean(first: np.ndarray, second: np.ndarray, same: bool) -> float:
            values = [
                (float(x.astype(float) @ y.astype(float)) / 6 + 1) ** 3
                for (i, x), (j, y) in product(enumerate(first), enumerate(second))
                if not (same and i == j)
            ]
            return sum(values) / len(values)

        wanted = mean(real, real, True) + mean(fake, fake, True) - 2 * mean(real, fake, False)
        assert kernel_distance(real, fake) == pytest.approx(wanted, rel=1e-10)

    def test_it_is_unbiased(self) -> None:
        """Over all splits of six images in halves, it is 0 on the mean."""
        images = sets(6, 4)[0]
        halves = [[i for i in range(6) if bits >> i & 1] for bits in range(64)]
        values = [
            kernel_distance(images[half], np.delete(images, half, axis=0))
            for half in halves
            if len(half) == 3
        ]
        assert np.mean(values) == pytest.approx(0, abs=1e-12)

    def test_it_is_clean_fids(self) -> None:
        fid = pytest.importorskip("cleanfid.fid")
        real, fake = (features.astype(np.float64) for features in sets(60, 24))
        wanted = fid.kernel_distance(real, fake, num_subsets=1)
        assert kernel_distance(real, fake) == pytest.approx(wanted, rel=1e-9)


class TestDiscriminativeScores:
    @pytest.fixture(autouse=True)
    def library(self) -> None:
        pytest.importorskip("sklearn")

    def test_sets_that_a_plane_parts(self) -> None:
        real = sets(30, 4)[0]
        assert discriminative_scores(real, real + np.array([0, 0, 50, 0])) == (0.0, 0.0)

    def test_identical_sets(self) -> None:
        """No result seems more real than itself, and one of every two images is mistaken."""
        real = sets(31, 5)[0]
        assert discriminative_scores(real, real.copy()) == (0.0, 0.5)

    def test_pairs_matter(self) -> None:
        real, fake = sets(100, 6)
        paired, unpaired = discriminative_scores(real, fake)
        other, same = discriminative_scores(real, np.roll(fake, 7, axis=0))
        assert 0 < paired < 1
        assert other != paired
        assert same == pytest.approx(unpaired, abs=0.011)

    def test_they_are_as_published(self) -> None:
        """The published definition: 1 − the machine's accuracy, and a comparison of distances."""
        from sklearn.svm import LinearSVC

        real, fake = sets(80, 10, seed=3)
        images, kinds = np.concatenate([real, fake]).astype(float), [1] * 80 + [0] * 80
        machine = LinearSVC(dual=False).fit(images, kinds)
        paired, unpaired = discriminative_scores(real, fake)
        assert unpaired == pytest.approx(1 - machine.score(images, kinds))
        distances = machine.decision_function(images)
        assert paired == np.mean(distances[80:] > distances[:80])


def test_nothing_is_measured_on_one_image() -> None:
    real, fake = sets(1, 5)
    assert all(math.isnan(value) for value in measure(real, fake).values())


class TestFeatures:
    def test_they_are_clean_fids(self, tmp_path: Path) -> None:
        resize = pytest.importorskip("cleanfid.resize")
        from cleanfid.inception_torchscript import InceptionV3W

        path = save_network(tmp_path / "inception-2015-12-05.pt", side=32, width=2048)
        image = np.random.default_rng(0).integers(0, 256, (50, 400, 3), np.uint8)
        resized = resize.build_resizer("clean")(image).transpose(2, 0, 1)
        np.testing.assert_array_equal(_resized(image), resized)
        theirs = InceptionV3W(str(tmp_path), download=False)(torch.from_numpy(resized[None]))
        mine = load_inception(path).features(image)
        np.testing.assert_allclose(mine, theirs.numpy()[0], atol=1e-6)
        assert len(mine) == 2048

    def test_grey_and_deep_images(self, network: Inception) -> None:
        image = np.random.default_rng(0).integers(0, 256, (30, 20, 3), np.uint8)
        deep = image.astype(np.uint16) * 257
        np.testing.assert_allclose(network.features(deep), network.features(image), atol=1e-6)
        grey = image[..., :1]
        np.testing.assert_array_equal(
            network.features(grey), network.features(np.repeat(grey, 3, axis=2))
        )

    def test_the_id_names_definition_resizing_and_weights(self, network: Inception) -> None:
        ids = [metric.id(network) for metric in SET_METRICS]
        weights = f"pil-bicubic299,inception-{network.digest[:8]}]"
        assert ids == [
            f"{head},{weights}"
            for head in (
                "fid[clean-fid",
                "kid[clean-fid,unbiased,one-subset",
                "p-ids[linear-svc",
                "u-ids[linear-svc",
            )
        ]


def broken_files(folder: Path) -> list[Path]:
    """Write files that are no such network."""
    text, other = folder / "text.pt", folder / "other.pt"
    text.write_text("no network")
    torch.jit.script(Layers(1, 3)).save(str(other))
    return [text, other]


class TestWeights:
    def test_a_file_that_is_none_is_refused_in_a_line(self, tmp_path: Path) -> None:
        for path in broken_files(tmp_path):
            with pytest.raises(MetricUnavailable, match="not the Inception network") as caught:
                load_inception(path)
            assert str(path) in str(caught.value)
            assert "\n" not in str(caught.value)
        with pytest.raises(MetricUnavailable, match=r"none\.pt: can't be read: No such file"):
            load_inception(tmp_path / "none.pt")

    def test_without_the_official_file_the_command_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from inpaintbench.weights import inception

        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.delenv("INPAINTBENCH_WEIGHTS", raising=False)
        monkeypatch.setattr(inception, "INCEPTION", replace(inception.INCEPTION, sources=()))
        with pytest.raises(MetricUnavailable) as caught:
            load_inception()
        assert "run: inpaintbench weights --fetch inception-2015-12-05" in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_an_altered_official_file_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        save_network(tmp_path / "inception-2015-12-05.pt")
        monkeypatch.setenv("INPAINTBENCH_WEIGHTS", str(tmp_path))
        with pytest.raises(MetricUnavailable, match="damaged or was altered"):
            load_inception()
