"""NIQE: the values of mmagic, and what it is blind to."""

from __future__ import annotations

import math

import numpy as np
import pytest
from metric_cases import hole, photograph, ready

from inpaintbench.images.types import Image
from inpaintbench.metrics.base import Result
from inpaintbench.metrics.niqe import NIQE


@pytest.fixture
def metric() -> NIQE:
    return ready(NIQE())


def score(metric: NIQE, image: Image) -> float:
    return metric.score(Result(image, np.ones(image.shape[:2], bool), image))


# mmagic 1.2.0 (mmagic/evaluation/metrics/niqe.py, with mmcv-lite 2.1.0, NumPy 2.4.6, OpenCV 5.0.0)
# on `photograph(name, side)`: as it is, blurred as a whole, and blurred in `hole(side)`; its
# convert_to is "y" or "gray", and of a grey image its input_order "HW".
GOLDEN = {
    ("y", "astronaut", 192): (7.624221377344387, 12.712052679014986, 7.00156268136062),
    ("grey", "astronaut", 192): (7.6009308241947275, 12.532446849046272, 7.176306525884502),
    ("y", "coffee", 256): (8.822390877220823, 8.609480167568778, 9.122890495438762),
    ("grey", "coffee", 256): (8.737368889778478, 8.828361372148649, 9.035597935983619),
    ("y", "chelsea", 300): (2.709894406387225, 6.913833903471274, 3.734786820166531),
    ("grey", "chelsea", 300): (2.636619170512672, 6.798937413220127, 3.74251357734224),
    ("y", "camera", 250): (7.816463344580583, 10.666864182791672, 9.300353613146303),
    ("grey", "camera", 250): (7.816463344580583, 10.666864182791672, 9.300353613146303),
}

# The same of `photograph("astronaut", 288)` with `[:100, :100] = 128`: a block is flat.
FLAT = {"y": 6.391951221773433, "grey": 6.364394330866683}


@pytest.mark.parametrize(("colour", "name", "side"), GOLDEN)
def test_golden_values_of_the_package(colour: str, name: str, side: int) -> None:
    metric = ready(NIQE(colour))
    reference, blurred = photograph(name, side)
    holed = metric.score(Result(blurred, hole(side), reference))
    got = score(metric, reference), score(metric, blurred), holed
    assert got == pytest.approx(GOLDEN[colour, name, side], abs=1e-6)


@pytest.mark.parametrize("colour", FLAT)
def test_golden_values_of_an_image_with_a_flat_part(colour: str) -> None:
    image = photograph("astronaut", 288)[0].copy()
    image[:100, :100] = 128
    assert score(ready(NIQE(colour)), image) == pytest.approx(FLAT[colour], abs=1e-6)


def test_two_blocks_are_the_least(metric: NIQE) -> None:
    image, _ = photograph("astronaut", 256)
    assert math.isfinite(score(metric, image[:96, :192]))
    assert math.isfinite(score(metric, image[:192, :96]))
    assert math.isnan(score(metric, image[:96, :191]))
    assert math.isnan(score(metric, image[:95]))
    assert math.isnan(score(metric, image[:4, :4]))


@pytest.mark.filterwarnings("error")
def test_a_flat_image_has_no_score(metric: NIQE) -> None:
    image, _ = photograph("astronaut", 192)
    assert math.isnan(score(metric, np.full_like(image, 77)))
    image = image.copy()
    image[:, :96] = 0
    image[:96] = 0
    assert math.isnan(score(metric, image)), "one block of four isn't flat"


def test_deep_images_score_as_their_plain_copies() -> None:
    image, _ = photograph("astronaut", 192)
    for metric in (ready(NIQE()), ready(NIQE("grey"))):
        assert score(metric, image.astype(np.uint16) * 257) == score(metric, image)
        grey = image[..., :1]
        assert score(metric, grey.astype(np.uint16) * 257) == score(metric, grey)


def test_the_reference_inside_the_hole_is_not_read(metric: NIQE) -> None:
    reference, output = photograph("chelsea", 200)
    mask = hole(200)
    other = np.where(mask[..., None], 255 - reference, reference)
    assert not metric.needs_reference
    first, second = (metric.score(Result(output, mask, known)) for known in (reference, other))
    assert first == second


def test_colours_have_ids_and_labels_of_their_own() -> None:
    assert (NIQE().id, NIQE().label) == ("niqe[y,blocks96,matlab-parameters]", "NIQE")
    assert (NIQE("grey").id, NIQE("grey").label) == (
        "niqe[grey,blocks96,matlab-parameters]",
        "NIQE (grey)",
    )
