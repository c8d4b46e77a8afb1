"""LPIPS: the network recomputed where it changed, against torch and the ``lpips`` package."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from metric_cases import Pair, pairs, photograph
from numpy.typing import NDArray

from inpaintbench.images.reading import read_image
from inpaintbench.images.types import Image
from inpaintbench.metrics.base import MetricUnavailable, Result
from inpaintbench.metrics.kernels import convolution as kernels
from inpaintbench.metrics.lpips import LPIPS
from inpaintbench.metrics.network.layers import OVERHANG, Convolution, Layer, convolution
from inpaintbench.metrics.network.pixels import network_input
from inpaintbench.metrics.network.reference import Change, ReferenceNetwork
from inpaintbench.metrics.network.trunks import TRUNKS

Tensors = Mapping[str, NDArray[np.float32]]

EXAMPLES = Path(__file__).resolve().parents[2] / "shared/data/lpips-examples"

# (position in torchvision's features, outputs, inputs, kernel, stride, padding, head or None), and
# (kernel, stride) of a pooling
ALEXNET: list[tuple[Any, ...]] = [
    (0, 64, 3, 11, 4, 2, 0),
    (3, 2),
    (3, 192, 64, 5, 1, 2, 1),
    (3, 2),
    (6, 384, 192, 3, 1, 1, 2),
    (8, 256, 384, 3, 1, 1, 3),
    (10, 256, 256, 3, 1, 1, 4),
]
VGG: list[tuple[Any, ...]] = [
    (0, 64, 3, 3, 1, 1, None),
    (2, 64, 64, 3, 1, 1, 0),
    (2, 2),
    (5, 128, 64, 3, 1, 1, None),
    (7, 128, 128, 3, 1, 1, 1),
    (2, 2),
    (10, 256, 128, 3, 1, 1, None),
    (12, 256, 256, 3, 1, 1, None),
    (14, 256, 256, 3, 1, 1, 2),
    (2, 2),
    (17, 512, 256, 3, 1, 1, None),
    (19, 512, 512, 3, 1, 1, None),
    (21, 512, 512, 3, 1, 1, 3),
    (2, 2),
    (24, 512, 512, 3, 1, 1, None),
    (26, 512, 512, 3, 1, 1, None),
    (28, 512, 512, 3, 1, 1, 4),
]
NETWORKS = {"alex": ALEXNET, "vgg": VGG}


@cache
def random_weights(network: str) -> Tensors:
    """Make weights of the right shapes, scaled as trained ones are, from a fixed seed."""
    rng = np.random.default_rng(3)
    tensors = {}
    for layer in NETWORKS[network]:
        if len(layer) == 2:
            continue
        i, outputs, inputs, kernel, _, _, head = layer
        scale = math.sqrt(2 / (inputs * kernel**2))
        weight = rng.normal(0, scale, (outputs, inputs, kernel, kernel))
        tensors[f"features.{i}.weight"] = weight.astype(np.float32)
        tensors[f"features.{i}.bias"] = rng.normal(0, 0.1, outputs).astype(np.float32)
        if head is not None:
            tensors[f"head.{head}.weight"] = rng.random(outputs, np.float32) * np.float32(0.5)
    return tensors


def plain(network: str, reference: Image, output: Image) -> float:
    """Compute LPIPS of two whole images with torch's own layers and the random weights."""
    import torch
    from torch.nn import functional

    def tensor(name: str) -> torch.Tensor:
        return torch.from_numpy(random_weights(network)[name])

    def scaled(image: Image) -> torch.Tensor:
        top = np.iinfo(image.dtype).max
        pixels = torch.from_numpy(image.astype(np.float32)).permute(2, 0, 1)[None] / top * 2 - 1
        shift, scale = torch.tensor([[-0.030, -0.088, -0.188], [0.458, 0.448, 0.450]]).float()
        return (pixels.expand(1, 3, -1, -1) - shift[:, None, None]) / scale[:, None, None]

    x, y = scaled(reference), scaled(output)
    total = 0.0
    for layer in NETWORKS[network]:
        if len(layer) == 2:
            x, y = (functional.max_pool2d(z, *layer) for z in (x, y))
            continue
        i, *_, stride, padding, head = layer
        weight, bias = tensor(f"features.{i}.weight"), tensor(f"features.{i}.bias")
        x, y = (
            functional.relu(functional.conv2d(z, weight, bias, stride, padding)) for z in (x, y)
        )
        if head is not None:
            u, v = (z / (z.pow(2).sum(1, keepdim=True).sqrt() + 1e-10) for z in (x, y))
            channels = tensor(f"head.{head}.weight")[:, None, None]
            total += float(((u - v).pow(2) * channels).sum(1).mean())
    return total


@cache
def trunk(network: str) -> tuple[Layer, ...]:
    return TRUNKS[network](random_weights(network))


def fast(network: str, pair: Pair) -> float:
    """Compute LPIPS the product's way with the random weights."""
    height, width, _ = pair.reference.shape
    pixels = network_input(pair.reference.reshape(height * width, -1))
    bound = ReferenceNetwork(trunk(network), pixels.reshape(height, width, 3))
    changed = pair.result.difference.changed
    (layers,) = bound.directions([Change(changed, network_input(pair.output[changed]))])
    return sum(layer.mean for layer in layers)


@given(pairs(least=31, most=90))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_only_what_changed_is_recomputed_exactly(pair: Pair) -> None:
    wanted = plain("alex", pair.reference, pair.composite)
    assert fast("alex", pair) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.slow
@given(pairs(least=16, most=40))
@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
def test_vgg_is_recomputed_exactly(pair: Pair) -> None:
    wanted = plain("vgg", pair.reference, pair.composite)
    assert fast("vgg", pair) == pytest.approx(wanted, abs=1e-5)


@given(
    st.sampled_from([(3, 1), (5, 2)]),
    st.sampled_from([24, 128]),
    st.integers(1, 24),
    st.integers(1, 24),
    st.integers(0, 2**32 - 1),
)
@settings(deadline=None, max_examples=40)
def test_fewer_multiplications_give_the_same_sums(
    shape: tuple[int, int], channels: int, height: int, width: int, seed: int
) -> None:
    kernel, padding = shape
    rng = np.random.default_rng(seed)
    weight = rng.normal(0, 0.1, (channels, 16, kernel, kernel)).astype(np.float32)
    bias = rng.normal(0, 0.1, channels).astype(np.float32)
    image = np.maximum(rng.normal(0, 1, (height, width, 16)), 0).astype(np.float32)
    wanted = rng.random((height, width)) < 0.3
    around = (padding, padding + OVERHANG)
    source = np.pad(image, (around, around, (0, 0)))
    matrix = np.ascontiguousarray(weight.transpose(2, 3, 1, 0).reshape(-1, channels))
    direct = Convolution(kernel, 1, padding, channels, matrix, bias)
    quick = convolution(weight, bias, stride=1, padding=padding)
    assert type(quick) is not Convolution
    got, expected = (layer.compute([layer.take(source, wanted)])[0] for layer in (quick, direct))
    np.testing.assert_allclose(got, expected, atol=2e-5)


@given(
    st.integers(1, 20),
    st.integers(1, 20),
    st.sampled_from([(1, 1, 0), (3, 1, 1), (5, 1, 2), (2, 2, 0), (3, 2, 0), (11, 4, 2)]),
    st.integers(0, 2**32 - 1),
)
@settings(deadline=None)
def test_reach_marks_the_outputs_whose_window_changed(
    height: int, width: int, window: tuple[int, int, int], seed: int
) -> None:
    kernel, stride, padding = window
    changed = np.random.default_rng(seed).random((height, width)) < 0.1
    rows, columns = ((side + 2 * padding - kernel) // stride + 1 for side in (height, width))
    if min(rows, columns) < 1:
        return
    bordered = np.pad(changed, padding)
    expected = [
        [
            bordered[i * stride : i * stride + kernel, j * stride : j * stride + kernel].any()
            for j in range(columns)
        ]
        for i in range(rows)
    ]
    reached = kernels.reach(changed, kernel, stride, padding, rows, columns)
    np.testing.assert_array_equal(reached, expected)


def lpips_or_skip(network: str) -> LPIPS:
    metric = LPIPS(network)
    try:
        metric.setup()
    except MetricUnavailable as error:
        pytest.skip(str(error))
    return metric


def score(metric: LPIPS, reference: Image, output: Image) -> float:
    whole = np.ones(reference.shape[:2], bool)
    return metric.bind(reference)(Result(output, whole, reference))


@pytest.mark.parametrize(
    ("network", "output", "published"),
    [
        ("alex", "ex_p0", 0.722),
        ("alex", "ex_p1", 0.138),
        ("vgg", "ex_p0", 0.569),
        ("vgg", "ex_p1", 0.422),
    ],
)
def test_the_authors_examples(network: str, output: str, published: float) -> None:
    """AlexNet's are published in the README of richzhang/PerceptualSimilarity."""
    if not EXAMPLES.is_dir():
        pytest.skip("the authors' example images are not here")
    reference, other = (read_image(EXAMPLES / f"{name}.png") for name in ("ex_ref", output))
    assert round(score(lpips_or_skip(network), reference, other), 3) == published


# lpips 0.1.4 (lpips.LPIPS(net=…, version="0.1")) with torch 2.15.0, on `photograph(name, side)`.
GOLDEN = {
    ("alex", "astronaut", 128): 0.220564,
    ("alex", "coffee", 101): 0.186497,
    ("alex", "chelsea", 32): 0.023649,
    ("vgg", "astronaut", 128): 0.311283,
    ("vgg", "coffee", 101): 0.387028,
    ("vgg", "chelsea", 32): 0.345681,
}


@pytest.mark.parametrize(("network", "name", "side"), GOLDEN)
def test_golden_values_of_the_package(network: str, name: str, side: int) -> None:
    reference, output = photograph(name, side)
    got = score(lpips_or_skip(network), reference, output)
    assert got == pytest.approx(GOLDEN[network, name, side], abs=1e-5)


@pytest.mark.parametrize(("network", "least"), [("alex", 31), ("vgg", 16)])
def test_the_smallest_image(network: str, least: int) -> None:
    metric = lpips_or_skip(network)
    reference, output = (image[:least, : least + 1] for image in photograph("astronaut", 64))
    assert score(metric, reference, output) > 0
    assert math.isnan(score(metric, reference[1:], output[1:]))


def test_deep_and_grey_images_score_as_their_plain_copies() -> None:
    metric = lpips_or_skip("alex")
    reference, output = photograph("astronaut", 64)
    value = score(metric, reference, output)
    deep = score(metric, reference.astype(np.uint16) * 257, output.astype(np.uint16) * 257)
    assert deep == pytest.approx(value, abs=1e-6)
    grey, blurred = photograph("camera", 64)
    repeated = score(metric, grey.repeat(3, axis=2), blurred.repeat(3, axis=2))
    assert score(metric, grey, blurred) == pytest.approx(repeated, abs=1e-7)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("network", ["alex", "vgg"])
def test_values_are_those_of_the_lpips_package(network: str) -> None:
    from lpips_package import package_score

    metric = lpips_or_skip(network)
    rng = np.random.default_rng(0)
    sides = {"astronaut": 64, "coffee": 97, "chelsea": 32}
    for name, side in sides.items():
        reference, output = photograph(name, side)
        mask = np.zeros((side, side), bool)
        y, x = rng.integers(0, side - 8, 2)
        mask[y : y + 16, x : x + 9] = True
        composite = np.where(mask[..., None], output, reference)
        wanted = package_score(network, reference, composite)
        got = metric.bind(reference)(Result(output, mask, reference))
        assert got == pytest.approx(wanted, abs=1e-6)


def test_it_needs_no_torch() -> None:
    import subprocess
    import sys

    lpips_or_skip("alex")
    code = (
        "import sys, numpy; from inpaintbench.plugins import registry;"
        "from inpaintbench.metrics.scoring import score_group;"
        "metric = registry.metrics().make('lpips'); metric.setup();"
        "image = numpy.zeros((64, 64, 3), 'uint8'); mask = numpy.ones((64, 64), bool);"
        "score_group([metric], image, mask, [image + 1]);"
        "assert not {'torch', 'lpips', 'torchvision'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
