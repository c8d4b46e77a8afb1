"""ST-LPIPS: recomputed where it changed, against the ``stlpips_pytorch`` package."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_cases import check_layer
from metric_cases import hole, photograph, ready

from inpaintbench.images.reading import read_image
from inpaintbench.images.types import Image, Mask
from inpaintbench.metrics.lpips import LPIPS
from inpaintbench.metrics.network.layers import BlurPooling
from inpaintbench.metrics.scoring import score_group
from inpaintbench.metrics.st_lpips import STLPIPS

EXAMPLES = Path(__file__).resolve().parents[2] / "shared/data/lpips-examples"


@pytest.fixture(params=["alex", "vgg"])
def metric(request: pytest.FixtureRequest) -> STLPIPS:
    return ready(STLPIPS(request.param))


def score(metric: STLPIPS, reference: Image, output: Image, mask: Mask | None = None) -> float:
    whole = np.ones(reference.shape[:2], bool) if mask is None else mask
    return score_group([metric], reference, whole, [output])[0][0]


# stlpips_pytorch 0.0.2 (stlpips.LPIPS(net=…, variant="shift_tolerant")) with torch 2.14.1, on
# `photograph(name, side)`: blurred as a whole, and blurred in `hole(side)`.
GOLDEN = {
    "alex": {
        ("astronaut", 128): (0.1082481, 0.0139489),
        ("coffee", 101): (0.1875480, 0.0053712),
        ("chelsea", 32): (0.0083168, 0.0004579),
        ("coins", 64): (0.3299150, 0.0079320),
    },
    "vgg": {
        ("astronaut", 128): (0.1373344, 0.0493191),
        ("coffee", 101): (0.3232327, 0.0167162),
        ("chelsea", 32): (0.1362477, 0.0141726),
        ("coins", 64): (0.4074053, 0.0164337),
    },
}

# Of the package's README and measured in the same way: ex_p0 and ex_p1 against ex_ref.
PUBLISHED = {"alex": (0.777755, 0.132022), "vgg": (0.651697, 0.136112)}


@pytest.mark.parametrize(("name", "side"), GOLDEN["alex"])
def test_golden_values_of_the_package(metric: STLPIPS, name: str, side: int) -> None:
    reference, output = photograph(name, side)
    got = score(metric, reference, output), score(metric, reference, output, hole(side))
    assert got == pytest.approx(GOLDEN[metric.network][name, side], abs=1e-6)


def test_the_authors_examples(metric: STLPIPS) -> None:
    if not EXAMPLES.is_dir():
        pytest.skip("the authors' example images are not here")
    reference, *others = (
        read_image(EXAMPLES / f"{name}.png") for name in ("ex_ref", "ex_p0", "ex_p1")
    )
    got = tuple(score(metric, reference, other) for other in others)
    assert got == pytest.approx(PUBLISHED[metric.network], abs=1e-6)


def test_the_smallest_image(metric: STLPIPS) -> None:
    least = {"alex": 21, "vgg": 18}[metric.network]
    reference, output = (image[:least, : least + 1] for image in photograph("astronaut", 64))
    assert score(metric, reference, output) > 0
    assert math.isnan(score(metric, reference[1:], output[1:]))


def test_deep_images_score_as_their_plain_copies(metric: STLPIPS) -> None:
    reference, output = photograph("astronaut", 64)
    deep = score(metric, reference.astype(np.uint16) * 257, output.astype(np.uint16) * 257)
    assert deep == pytest.approx(score(metric, reference, output), abs=1e-6)


def test_it_minds_a_shift_less_than_lpips(metric: STLPIPS) -> None:
    """The first claim of the paper, on a shift by a pixel."""
    plain = ready(LPIPS(metric.network))
    image, _ = photograph("astronaut", 97)
    reference, shifted = image[:, :-1], image[:, 1:]
    whole = np.ones(reference.shape[:2], bool)
    ((tolerant, strict),) = score_group([metric, plain], reference, whole, [shifted])
    assert tolerant < strict / 2


def test_results_together_score_as_alone(metric: STLPIPS) -> None:
    reference, output = photograph("chelsea", 64)
    outputs = [output, np.roll(output, 5, axis=1), reference]
    together = score_group([metric], reference, hole(64), outputs)
    alone = [score_group([metric], reference, hole(64), [one])[0] for one in outputs]
    assert np.allclose(together, alone, rtol=0, atol=1e-6)
    assert together[2] == [0.0]


def test_networks_have_ids_and_labels_of_their_own() -> None:
    alex, vgg = STLPIPS(), STLPIPS("vgg")
    assert (alex.id, alex.label) == ("st-lpips[alex,v0.0]", "ST-LPIPS")
    assert (vgg.id, vgg.label) == ("st-lpips[vgg,v0.0]", "ST-LPIPS-VGG")


@given(st.integers(3, 20), st.integers(3, 20), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_pooling_by_a_blur(height: int, width: int, seed: int) -> None:
    import torch
    from torch.nn import functional

    row = torch.tensor([0.25, 0.5, 0.25])
    kernel = (row[:, None] * row).expand(5, 1, 3, 3)

    def whole(x: torch.Tensor) -> torch.Tensor:
        padded = functional.pad(x, (2, 2, 2, 2), mode="reflect")
        return functional.conv2d(padded, kernel, stride=2, groups=5).relu()

    check_layer(BlurPooling(3, 2, 2, 5), whole, height, width, seed)
