"""What every metric promises, over all that are discovered."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from metric_cases import ready

from inpaintbench.images.types import Image, Mask
from inpaintbench.metrics.base import Axis, Metric, Result
from inpaintbench.plugins import registry

SPECIFICATIONS = [
    *registry.metrics().plugins,
    *(
        f"{name}[region={region}]"
        for name in ("psnr", "mae", "ssim")
        for region in ("hole", "boundary")
    ),
    "ssim[definition=uniform7]",
]

SIDE = 192
"""Of the images: every metric is defined for it."""

PERFECT = {
    "psnr": math.inf,
    "psnr-brushnet": 1000.0,
    "ssim": 1.0,
    "mae": 0.0,
    "known-change": 0.0,
    "lpips": 0.0,
    "st-lpips": 0.0,
    "dists": 0.0,
    "ms-ssim": 1.0,
    "gmsd": 0.0,
    "haarpsi": 1.0,
    "flip": 0.0,
    "swd-patches": 0.0,
}
"""What the truth itself scores, exactly."""

OF_KNOWN = ("known-change", "psnr-brushnet")
"""Metrics of the known pixels of the raw output."""


@pytest.fixture(params=SPECIFICATIONS)
def metric(request: pytest.FixtureRequest) -> Metric:
    return ready(registry.metrics().make(request.param))


def images(dtype: type, channels: int) -> tuple[Image, Image, Mask]:
    """Make a reference and an output of noise, and a hole that touches a border."""
    rng = np.random.default_rng(5)
    top = np.iinfo(dtype).max
    reference, output = rng.integers(0, top, (2, SIDE, SIDE, channels), dtype, endpoint=True)
    mask = np.zeros((SIDE, SIDE), bool)
    mask[20:40, 30:] = True
    return reference, output, mask


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_kind_of_image_is_scored(metric: Metric, dtype: type, channels: int) -> None:
    reference, output, mask = images(dtype, channels)
    value = metric.bind(reference)(Result(output, mask, reference))
    assert isinstance(value, float)
    assert math.isfinite(value)


def test_the_truth_scores_perfectly(metric: Metric) -> None:
    if metric.name not in PERFECT:
        pytest.skip("has no perfect value")
    reference, _, mask = images(np.uint8, 3)
    assert metric.bind(reference)(Result(reference.copy(), mask, reference)) == PERFECT[metric.name]


def test_the_direction_is_right(metric: Metric) -> None:
    if metric.name not in PERFECT:
        pytest.skip("has no perfect value")
    reference, output, mask = images(np.uint8, 3)
    score = metric.bind(reference)
    half = np.where(np.arange(len(reference))[:, None, None] % 2, output, reference)
    bad, better = (score(Result(image, mask, reference)) for image in (output, half))
    if metric.name == "known-change":
        assert bad >= better
    else:
        assert (better > bad) == metric.higher_is_better
    least, most = metric.bounds
    assert least <= bad <= most
    assert PERFECT[metric.name] == (most if metric.higher_is_better else least)


def test_known_pixels_of_the_output_do_not_count(metric: Metric) -> None:
    if metric.name in OF_KNOWN:
        pytest.skip("is about the known pixels")
    reference, output, mask = images(np.uint8, 3)
    score = metric.bind(reference)
    composite = np.where(mask[..., None], output, reference)
    assert score(Result(output, mask, reference)) == score(Result(composite, mask, reference))


def test_scoring_neither_remembers_nor_changes_anything(metric: Metric) -> None:
    reference, output, mask = images(np.uint8, 3)
    before = reference.copy(), output.copy(), mask.copy()
    score = metric.bind(reference)
    first = score(Result(output, mask, reference))
    score(Result(255 - output, ~mask, reference))
    assert score(Result(output, mask, reference)) == first
    assert metric.bind(reference)(Result(output, mask, reference)) == first
    for array, copy in zip((reference, output, mask), before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_an_empty_hole_is_scored_on_the_image_only(metric: Metric) -> None:
    if metric.name not in PERFECT:
        pytest.skip("has no perfect value")
    reference, output, mask = images(np.uint8, 3)
    value = metric.bind(reference)(Result(output, np.zeros_like(mask), reference))
    if getattr(metric, "region", "image") != "image":
        assert math.isnan(value)
    elif metric.name == "known-change":
        assert value == np.abs(output.astype(int) - reference).max()
    elif metric.name in OF_KNOWN:
        assert metric.bounds[0] <= value < PERFECT[metric.name]
    else:
        assert value == PERFECT[metric.name]


def test_an_axis_is_taken_by_its_name_and_no_other_name_is() -> None:
    assert type("Seen", (Metric,), {"axis": "perception"}).axis is Axis.perception
    with pytest.raises(TypeError, match="axis of heard must be perception, fidelity or None"):
        type("Heard", (Metric,), {"axis": "sound"})


def test_ids_name_definitions_apart() -> None:
    metrics = [registry.metrics().make(text) for text in [*SPECIFICATIONS, "lpips[network=vgg]"]]
    ids = [metric.id for metric in metrics]
    assert len(set(ids)) == len(ids)
    assert len({metric.label for metric in metrics}) == len(ids)
    for metric in metrics:
        assert metric.id.startswith(f"{metric.name}[")


def test_metrics_are_listed_without_heavy_libraries() -> None:
    code = (
        "import sys, json; from inpaintbench.plugins import registry;"
        "assert 'lpips' in registry.metrics().plugins;"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "numba", "cv2", "scipy", "skimage", "pandas", "lpips", "torchvision", "piq"}
    assert not heavy & set(json.loads(done.stdout))


def test_the_documentation_names_every_definition() -> None:
    page = (Path(__file__).parent.parent / "docs" / "metrics.md").read_text(encoding="utf-8")
    for text in [*SPECIFICATIONS, "lpips[network=vgg]", "flip[region=hole]"]:
        metric = registry.metrics().make(text)
        unit = f"{metric.unit} " if metric.unit else ""
        better = "higher" if metric.higher_is_better else "lower"
        row = f"| `{text}` | `{metric.id}` | {metric.label} | {unit}| {better} |"
        assert row in page, f"docs/metrics.md lacks the row {row}"
