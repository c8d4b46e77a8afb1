"""Metrics that other libraries define: called with the right scale, channels and order."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest

from inpaintbench.images.types import Image
from inpaintbench.metrics.base import MetricUnavailable, Result
from inpaintbench.plugins import registry

NAMES = {"ms-ssim": "piq", "gmsd": "piq", "haarpsi": "piq", "flip": "flip_evaluator"}

# On astronaut[:192, :192] against itself with its values halved (integer division), from piq 0.8.0
# (multi_scale_ssim, gmsd, haarpsi; data_range=255) and flip-evaluator 1.7 ("LDR", ppd 67).
GOLDEN = {"ms-ssim": 0.846892, "gmsd": 0.076474, "haarpsi": 0.744933, "flip": 0.646299}


def pair() -> tuple[Image, Image]:
    from skimage import data

    image = data.astronaut()[:192, :192]
    return image, image // 2


def score(name: str, reference: Image, output: Image, mask: Any = None) -> float:
    metric = registry.metrics().make(name)
    metric.setup()
    mask = np.ones(reference.shape[:2], bool) if mask is None else mask
    return metric.bind(reference)(Result(output, mask, reference))


@pytest.mark.slow
@pytest.mark.parametrize("name", GOLDEN)
def test_golden_values(name: str) -> None:
    pytest.importorskip(NAMES[name])
    assert score(name, *pair()) == pytest.approx(GOLDEN[name], abs=1e-5)
    deep = [image.astype(np.uint16) * 257 for image in pair()]
    assert score(name, *deep) == pytest.approx(GOLDEN[name], abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("ms-ssim", 161), ("haarpsi", 16)])
def test_smaller_images_are_not_defined(name: str, least: int) -> None:
    pytest.importorskip(NAMES[name])
    reference, output = (image[:least, :least] for image in pair())
    assert math.isfinite(score(name, reference, output))
    assert math.isnan(score(name, reference[1:], output[1:]))


def test_flip_of_the_hole_is_the_mean_of_its_map() -> None:
    pytest.importorskip("flip_evaluator")
    reference, output = pair()
    mask = np.zeros((192, 192), bool)
    mask[50:70, 30:50] = True
    whole = score("flip", reference, output, mask) * mask.size
    hole = score("flip[region=hole]", reference, output, mask) * mask.sum()
    # the filters of FLIP spread some of the error beyond the hole
    assert 0 < hole < whole
    assert math.isnan(score("flip[region=hole]", reference, output, np.zeros_like(mask)))


@pytest.mark.parametrize("name", NAMES)
def test_a_library_that_is_missing_is_named_with_the_command(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, NAMES[name], None)
    monkeypatch.setattr("importlib.util.find_spec", lambda module: None)
    with pytest.raises(MetricUnavailable, match=r"pip install 'inpaintbench\[metrics\]'"):
        registry.metrics().make(name).setup()
