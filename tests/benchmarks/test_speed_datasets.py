"""How long listing, reading and preparing images takes."""

from __future__ import annotations

from pathlib import Path

import dataset_files
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from inpaintbench.datasets.cifar10 import Cifar10
from inpaintbench.datasets.dtd import Dtd
from inpaintbench.datasets.reading.preparation import area_average
from inpaintbench.planning.subset import choose
from inpaintbench.plugins import registry


@pytest.mark.parametrize("sample", ["photos/astronaut", "textures/gravel-0-0", "medical/retina"])
def test_load_a_bundled_image(benchmark: BenchmarkFixture, sample: str) -> None:
    dataset, _, name = sample.partition("/")
    assert benchmark(registry.datasets().make(dataset).load, name).image.shape[0] == 256


def test_shrink_a_photograph(benchmark: BenchmarkFixture) -> None:
    image = np.zeros((1200, 1600, 3), np.uint8)
    assert benchmark(area_average, image, 384, 512).shape == (384, 512, 3)


@pytest.fixture
def cifar10(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cifar10:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return Cifar10(path=str(dataset_files.cifar10(tmp_path, rows=1000)))


def test_list_a_thousand_images_of_cifar10(benchmark: BenchmarkFixture, cifar10: Cifar10) -> None:
    assert len(benchmark(cifar10.ids)) == 1000


def test_load_an_image_of_cifar10(benchmark: BenchmarkFixture, cifar10: Cifar10) -> None:
    assert benchmark(cifar10.load, "test_batch/00999").image.shape == (32, 32, 3)


def test_fingerprint_an_image_of_cifar10(benchmark: BenchmarkFixture, cifar10: Cifar10) -> None:
    assert len(benchmark(cifar10.fingerprint, "test_batch/00999")) == 64


def test_find_one_of_many_files_again(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """A worker asks for one image at a time, each time from a newly made dataset."""
    dataset_files.dtd(tmp_path)
    last = Dtd(path=str(tmp_path)).ids()[-1]
    assert benchmark(lambda: Dtd(path=str(tmp_path)).load(last)).image.shape == (10, 10, 3)


def test_choose_a_thousand_of_fifty_thousand(benchmark: BenchmarkFixture) -> None:
    ids = [f"ILSVRC2012_val_{n:08}" for n in range(50_000)]
    assert len(benchmark(choose, ids, 1000, 0)) == 1000
