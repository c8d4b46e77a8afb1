"""Speed of drawing and of every mask suite at 256², one core; the aim is 200 masks a second."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from inpaintbench.datasets.base import Sample
from inpaintbench.images.png import write_png
from inpaintbench.images.types import Mask
from inpaintbench.masks.drawing import draw_line, draw_lines, fill_polygon, smooth_noise
from inpaintbench.masks.random import RandomStream
from inpaintbench.masks.statistics import mask_statistics
from inpaintbench.plugins import registry

SIDE = 256


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    dataset = registry.datasets().make(f"photos[size={SIDE}]")
    return [dataset.load(name) for name in dataset.ids()]


@pytest.fixture
def mask() -> Mask:
    return np.zeros((SIDE, SIDE), np.bool_)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Write mask files for the suites that read them; suite → its specification with them."""
    pool, published = (tmp_path_factory.mktemp(name) for name in ("pool", "published"))
    image = np.zeros((512, 512, 1), np.uint8)
    suite = registry.masks().make("pconv")
    for cell, kind in enumerate(suite.kinds):
        drawn = suite.draw(Sample("any", image), kind, RandomStream("files", cell))
        for folder in (pool, published):
            write_png(folder / f"{1000 * cell:05}.png", (drawn * np.uint8(255))[..., None])
        for number in range(1000 * cell + 1, 1000 * cell + 1000):
            os.link(published / f"{1000 * cell:05}.png", published / f"{number:05}.png")
    return {
        "folder": f'folder[path="{pool}",match=pool]',
        "pconv-files": f'pconv-files[path="{published}"]',
    }


@pytest.mark.parametrize("name", registry.masks().plugins)
def test_suite(
    benchmark: BenchmarkFixture, name: str, samples: list[Sample], files: dict[str, str]
) -> None:
    """Every kind in turn on different images, so the mean is that of the suite."""
    suite = registry.masks().make(files.get(name, name))
    half = np.zeros((SIDE, SIDE), np.bool_)
    half[:, SIDE // 2 :] = True

    def arguments() -> Iterator[tuple[Sample, str, RandomStream]]:
        for number in itertools.count():
            kind = suite.kinds[number % len(suite.kinds)]
            sample = samples[number % len(samples)]
            yield Sample(sample.id, sample.image, half), kind, RandomStream(name, number)

    each = arguments()
    benchmark.pedantic(
        suite.draw,
        setup=lambda: (next(each), {}),
        rounds=60 * len(suite.kinds),
        warmup_rounds=len(suite.kinds),
    )


def test_line(benchmark: BenchmarkFixture, mask: Mask) -> None:
    benchmark(draw_line, mask, 100.0, 80.0, 128.0, 108.0, 10.0)


def test_eighty_lines_at_once(benchmark: BenchmarkFixture, mask: Mask) -> None:
    random = RandomStream("lines")
    starts = [(random.uniform(0, SIDE), random.uniform(0, SIDE)) for _ in range(80)]
    segments = np.array([(y, x, y + 20, x + 15) for y, x in starts])
    benchmark(draw_lines, mask, segments, 10.0)


def test_polygon(benchmark: BenchmarkFixture, mask: Mask) -> None:
    random = RandomStream("polygon")
    points = [(random.uniform(0, SIDE), random.uniform(0, SIDE)) for _ in range(24)]
    benchmark(fill_polygon, mask, points)


def test_smooth_noise(benchmark: BenchmarkFixture) -> None:
    random = RandomStream("noise")
    benchmark(smooth_noise, random, SIDE, SIDE, 6)


@pytest.mark.parametrize("suite", ["small-holes", "large-regions", "pixel-dropout"])
def test_statistics(benchmark: BenchmarkFixture, suite: str, samples: list[Sample]) -> None:
    made = registry.masks().make(suite)
    benchmark(mask_statistics, made.draw(samples[0], made.kinds[0], RandomStream("speed")))
