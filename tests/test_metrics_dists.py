"""DISTS: recomputed where it changed, against the ``dists-pytorch`` package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from layer_cases import check_layer
from metric_cases import Pair, hole, pairs, photograph, ready

from inpaintbench.images.reading import read_image
from inpaintbench.images.types import Image, Mask
from inpaintbench.metrics.dists import DISTS
from inpaintbench.metrics.network.layers import RootMeanSquarePooling
from inpaintbench.metrics.scoring import score_group

EXAMPLES = Path(__file__).resolve().parents[2] / "shared/data/lpips-examples"


@pytest.fixture(scope="module")
def metric() -> DISTS:
    return ready(DISTS())


def score(metric: DISTS, reference: Image, output: Image, mask: Mask | None = None) -> float:
    whole = np.ones(reference.shape[:2], bool) if mask is None else mask
    return score_group([metric], reference, whole, [output])[0][0]


# dists-pytorch 0.1 (DISTS_pytorch.DISTS) with torchvision's VGG-16 of 2014 and torch 2.14.1, on
# `photograph(name, side)`: blurred as a whole, and blurred in `hole(side)`.
GOLDEN = {
    ("astronaut", 128): (0.1918314, 0.0396709),
    ("coffee", 101): (0.2346296, 0.0474494),
    ("chelsea", 32): (0.1888584, 0.0187156),
    ("coins", 64): (0.2047453, 0.0488753),
}

# The same network in double precision: of smooth maps like this sky's, the package's covariances
# in single precision are partly rounding, which makes 0.0931510 and 0.0115196 of these.
SMOOTH = {("camera", 96): (0.0931613, 0.0115575)}


@pytest.mark.parametrize(("name", "side"), [*GOLDEN, *SMOOTH])
def test_golden_values_of_the_package(metric: DISTS, name: str, side: int) -> None:
    reference, output = photograph(name, side)
    got = score(metric, reference, output), score(metric, reference, output, hole(side))
    assert got == pytest.approx((GOLDEN | SMOOTH)[name, side], abs=1e-6)


@pytest.mark.parametrize(("output", "measured"), [("ex_p0", 0.387927), ("ex_p1", 0.225024)])
def test_example_images_of_lpips(metric: DISTS, output: str, measured: float) -> None:
    if not EXAMPLES.is_dir():
        pytest.skip("the example images of LPIPS are not here")
    reference, other = (read_image(EXAMPLES / f"{name}.png") for name in ("ex_ref", output))
    assert score(metric, reference, other) == pytest.approx(measured, abs=1e-6)


# The same, by its prepare_image(…, resize=True): a square, a grey one, and one of 280×400.
RESIZED = {
    ("astronaut", 300, 300): 0.1386571,
    ("camera", 301, 301): 0.1965070,
    ("coffee", 280, 400): 0.1666641,
}


@pytest.mark.parametrize(("name", "height", "width"), RESIZED)
def test_golden_values_of_resized_images(name: str, height: int, width: int) -> None:
    metric = ready(DISTS(resize=True))
    reference, output = (image[:height] for image in photograph(name, width))
    got = score(metric, reference, output)
    assert got == pytest.approx(RESIZED[name, height, width], abs=1e-6)


def test_small_images_are_not_resized(metric: DISTS) -> None:
    reference, output = photograph("coffee", 96)
    resized = DISTS(resize=True)
    assert score(resized, reference, output) == score(metric, reference, output)
    assert resized.id != metric.id
    assert resized.label != metric.label


def test_deep_images_are_resized_without_rounding_to_eight_bits() -> None:
    metric = ready(DISTS(resize=True))
    reference, output = (image[:, :257] for image in photograph("astronaut", 260))
    deep = score(metric, reference.astype(np.uint16) * 257, output.astype(np.uint16) * 257)
    assert deep == pytest.approx(score(metric, reference, output), abs=3e-3)


@given(pairs(least=4, most=20))
@settings(deadline=None, max_examples=5, suppress_health_check=list(HealthCheck))
def test_values_are_those_of_the_package_for_every_hole(metric: DISTS, pair: Pair) -> None:
    from dists_package import double_score

    wanted = double_score(pair.reference, pair.composite)
    got = score(metric, pair.reference, pair.output, pair.mask)
    assert got == pytest.approx(wanted, abs=1e-5)


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_pooling_by_root_mean_squares(height: int, width: int, seed: int) -> None:
    import torch
    from torch.nn import functional

    row = torch.tensor([0.25, 0.5, 0.25])
    kernel = (row[:, None] * row).expand(5, 1, 3, 3)

    def whole(x: torch.Tensor) -> torch.Tensor:
        return (functional.conv2d(x**2, kernel, stride=2, padding=1, groups=5) + 1e-12).sqrt()

    check_layer(RootMeanSquarePooling(3, 2, 1, 5), whole, height, width, seed)


def test_results_together_score_as_alone(metric: DISTS) -> None:
    reference, output = photograph("chelsea", 64)
    outputs = [output, np.roll(output, 5, axis=1), reference]
    mask = hole(64)
    together = score_group([metric], reference, mask, outputs)
    alone = [score_group([metric], reference, mask, [one])[0] for one in outputs]
    assert np.allclose(together, alone, rtol=0, atol=1e-6)
    assert together[2] == [0.0]


def test_the_worst_is_within_bounds(metric: DISTS) -> None:
    black = np.zeros((64, 64, 3), np.uint8)
    stripes = np.where(np.arange(64)[:, None, None] % 2, 255, black).astype(np.uint8)
    for one, other in ((black, black + 255), (stripes, 255 - stripes), (black, stripes)):
        assert 0 < score(metric, one, other) < metric.worst


def test_it_needs_no_torch(metric: DISTS) -> None:
    code = (
        "import sys, numpy; from inpaintbench.plugins import registry;"
        "from inpaintbench.metrics.scoring import score_group;"
        "metrics = [registry.metrics().make(name) for name in ('dists[resize=yes]', 'dists')];"
        "[metric.setup() for metric in metrics];"
        "image = numpy.zeros((32, 32, 1), 'uint8'); mask = numpy.ones((32, 32), bool);"
        "score_group(metrics, image, mask, [image + 1]);"
        "assert not {'torch', 'torchvision'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
