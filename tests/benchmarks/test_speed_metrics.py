"""Scoring against scikit-image, piq, lpips and other peers: one run, one thread, interleaved.

Each figure is the median over rounds of a ratio of processor times taken within the round, so
neither a machine whose speed drifts nor one that others use changes much. A peer that isn't
installed is left out. A peer scores a pair of images; the product scores a result on a bound
reference, and what binding costs is shown apart. A run scores all methods' results of a case
together: "five together" is what a result then costs, among five.
"""

from __future__ import annotations

import importlib.util
import time
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from statistics import median
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from inpaintbench.images.types import Image, Mask
from inpaintbench.metrics.base import Metric, MetricUnavailable, Result, Score
from inpaintbench.metrics.scoring import score_all, score_group
from inpaintbench.plugins import registry

Peer = Callable[[Image, Image], tuple[float, ...]]

ROUNDS, MOST_ROUNDS = 5, 40
SECONDS = 8.0
"""Time for one contest: the least and the most rounds that it may have."""

CALLS = 5
COLUMNS = ("times faster than", "five together", "ours, ms", "bind, ms")
SUMMARY: list[tuple[str, ...]] = []


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Hold every library to one thread, and print the ratios at the end."""
    import cv2
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of peers
        yield
    _print_summary()


def _print_summary() -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Times faster than each peer (median of interleaved rounds, one thread)")
    for column in ("scores", "image", "hole", *COLUMNS):
        table.add_column(column)
    for row in SUMMARY:
        table.add_row(*row)
    Console(width=120).print(table)


def photograph(side: int) -> tuple[Image, Image]:
    """Return a photograph and a blurred, noisy copy of it."""
    import cv2
    from skimage import data

    image = cv2.resize(data.astronaut(), (side, side), interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(0).normal(0, 3, image.shape)
    blurred = cv2.GaussianBlur(image, (0, 0), 3) + noise
    return image, np.clip(np.rint(blurred), 0, 255).astype(np.uint8)


def hole(kind: str, side: int) -> Mask:
    """Return a hole of a kind; sizes follow the image's side, except for the tiny one."""
    import cv2

    rng = np.random.default_rng(1)
    mask = np.zeros((side, side), np.uint8)
    if kind == "tiny":
        mask[100:110, 100:110] = 1
    elif kind == "box":
        start, length = side // 3, side * 96 // 256
        mask[start : start + length, start : start + length] = 1
    elif kind == "strokes":
        for _ in range(6):
            points = rng.integers(0, side, (5, 2)).astype(np.int32)
            cv2.polylines(mask, [points], False, 1, side * 10 // 256)
    elif kind == "specks":
        for centre in rng.integers(0, side, (30, 2)):
            cv2.circle(mask, tuple(map(int, centre)), 5, 1, -1)
    else:
        mask[:] = 1
    return mask.astype(bool)


def scikit_image(reference: Image, image: Image) -> tuple[float, float]:
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    return (
        peak_signal_noise_ratio(reference, image, data_range=255),
        structural_similarity(
            reference, image, channel_axis=2, data_range=255,
            gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
        ),
    )  # fmt: skip


def piq(reference: Image, image: Image) -> tuple[float, float]:
    import piq
    import torch

    with torch.inference_mode():
        pair = [
            torch.from_numpy(x).permute(2, 0, 1)[None].float() / 255 for x in (reference, image)
        ]
        return float(piq.psnr(*pair)), float(piq.ssim(*pair, downsample=False))


def torchmetrics(reference: Image, image: Image) -> tuple[float, float]:
    import torch
    from torchmetrics.functional.image import (
        peak_signal_noise_ratio,
        structural_similarity_index_measure,
    )

    with torch.inference_mode():
        pair = [torch.from_numpy(x).permute(2, 0, 1)[None].float() for x in (reference, image)]
        return (
            float(peak_signal_noise_ratio(*pair, data_range=255.0)),
            float(structural_similarity_index_measure(*pair, data_range=255.0)),
        )


def lpips(reference: Image, image: Image) -> tuple[float]:
    from lpips_package import package_score

    pair = (x if x.shape[2] == 3 else x.repeat(3, axis=2) for x in (reference, image))
    return (package_score("alex", *pair),)


def dists(reference: Image, image: Image) -> tuple[float]:
    from dists_package import package_score

    return (package_score(reference, image),)


def st_lpips(reference: Image, image: Image) -> tuple[float]:
    import torch

    with torch.inference_mode():
        pair = (
            torch.from_numpy(x / np.float32(127.5) - 1).permute(2, 0, 1)[None]
            for x in (reference, image)
        )
        return (float(st_lpips_network()(*pair)),)


@cache
def st_lpips_network() -> Any:
    from stlpips_pytorch import stlpips

    return stlpips.LPIPS(net="alex", variant="shift_tolerant", verbose=False)


def scikit_image_and_lpips(reference: Image, image: Image) -> tuple[float, ...]:
    return (*scikit_image(reference, image), *lpips(reference, image))


PEERS: dict[tuple[str, ...], dict[str, Peer]] = {
    ("psnr", "ssim"): {"skimage": scikit_image, "piq": piq, "torchmetrics": torchmetrics},
    ("lpips",): {"lpips": lpips},
    ("psnr", "ssim", "lpips"): {"skimage": scikit_image_and_lpips},
    ("dists",): {"DISTS_pytorch": dists},
    ("st-lpips",): {"stlpips_pytorch": st_lpips},
    ("niqe",): {},  # mmagic, whose values they are, can't be installed beside what is here
}

SLOW = ("dists", "st-lpips")
"""Metrics whose peers take a second and more, and are called once a round."""

# How far a peer may be from ours: piq keeps a mean squared error of 1e-8 from being 0, torchmetrics
# averages a reflected border along, and both compute in float32.
APART = {"piq": 1.0, "torchmetrics": 0.02}


def ready(names: tuple[str, ...]) -> list[Metric]:
    metrics = [registry.metrics().make(name) for name in names]
    for metric in metrics:
        try:
            metric.setup()
        except MetricUnavailable as error:
            pytest.skip(str(error))
    return metrics


def race(contenders: dict[str, Callable[[], object]], calls: int = CALLS) -> dict[str, list[float]]:
    """Time contenders in turn, round by round: more rounds where they are short."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    started = time.process_time()
    for name in contenders:
        contenders[name]()
    rounds = int(SECONDS / (calls * (time.process_time() - started)))
    for _ in range(min(MOST_ROUNDS, max(ROUNDS, rounds))):
        for name, call in contenders.items():
            start = time.process_time()
            for _ in range(calls):
                call()
            times[name].append((time.process_time() - start) / calls)
    return times


def ratio(theirs: list[float], ours: list[float]) -> float:
    """Return the median over rounds of how many times faster ours is."""
    return median(their / our for their, our in zip(theirs, ours, strict=True))


@pytest.mark.parametrize("kind", ["tiny", "specks", "box", "strokes", "everything"])
@pytest.mark.parametrize("side", [256, 512])
@pytest.mark.parametrize("names", PEERS, ids="+".join)
def test_score(benchmark: BenchmarkFixture, names: tuple[str, ...], side: int, kind: str) -> None:
    metrics = ready(names)
    reference, output = photograph(side)
    mask = hole(kind, side)
    bound: list[Score] = []

    def bind() -> None:
        bound[:] = [metric.bind(reference) for metric in metrics]

    def ours() -> list[float]:
        result = Result(output, mask, reference)
        return [score(result) for score in bound]

    def together() -> None:
        results = [Result(one, mask, reference) for one in outputs]
        for score in bound:
            score_all(score, results)

    bind()
    outputs = [np.roll(output, shift, axis=1) for shift in range(5)]
    composite = Result(output, mask, reference).composite
    peers = {
        name: peer
        for name, peer in PEERS[names].items()
        if importlib.util.find_spec(name) is not None
    }
    for name, peer in peers.items():
        assert ours() == pytest.approx(list(peer(reference, composite)), abs=APART.get(name, 1e-5))
    calls = {name: lambda peer=peer: peer(reference, composite) for name, peer in peers.items()}
    contenders = {"ours": ours, "together": together, "bind": bind, **calls}
    times = race(contenders, 1 if names[0] in SLOW else CALLS)
    ratios = {name: ratio(times[name], times["ours"]) for name in peers}
    grouped = {name: len(outputs) * ratio(times[name], times["together"]) for name in peers}
    benchmark.extra_info.update(ratios)
    SUMMARY.append(
        (
            "+".join(names),
            f"{side}²",
            f"{kind} {mask.mean():.1%}",
            ", ".join(f"{name} {faster:.1f}" for name, faster in ratios.items()),
            f"{min(grouped.values()):.1f}" if grouped else "",
            f"{1e3 * median(times['ours']):.2f}",
            f"{1e3 * median(times['bind']):.1f}",
        )
    )
    benchmark.pedantic(ours, rounds=ROUNDS)


def test_quick_preset(benchmark: BenchmarkFixture) -> None:
    """Score what its methods make of the quick preset, binding included, as a run does."""
    from inpaintbench.execution.cell import checked_output
    from inpaintbench.planning import benchmark as benchmarks
    from inpaintbench.planning.case import load
    from inpaintbench.planning.plan import make_plan

    metrics = ready(("psnr", "ssim", "lpips"))
    plan = make_plan(benchmarks.read("quick"))
    methods = [registry.methods().make(name) for name in plan.benchmark.methods]
    for method in methods:
        method.setup("cpu", 0)
    groups = []
    for case in sorted(plan.cases, key=lambda case: (case.dataset, case.sample)):
        loaded = load(case)
        outputs = [
            checked_output(method.inpaint(loaded.seen(), loaded.mask.copy()), loaded.image)
            for method in methods
        ]
        groups.append((loaded.image, loaded.mask, outputs))

    def ours() -> None:
        for image, mask, outputs in groups:
            score_group(metrics, image, mask, outputs)

    def peers() -> None:
        for image, mask, outputs in groups:
            for output in outputs:
                scikit_image_and_lpips(image, np.where(mask[..., None], output, image))

    times = race({"ours": ours, "peers": peers}, calls=1)
    faster = ratio(times["peers"], times["ours"])
    cells = sum(len(outputs) for *_, outputs in groups)
    benchmark.extra_info["skimage + lpips"] = faster
    own = f"{1e3 * median(times['ours']) / cells:.2f}"
    SUMMARY.append(
        (
            "psnr+ssim+lpips",
            "quick",
            "as in the preset",
            f"skimage + lpips {faster:.1f}",
            "so it is",
            own,
            "in it",
        )
    )
    benchmark.pedantic(ours, rounds=1)
