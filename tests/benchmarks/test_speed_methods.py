"""The classical methods on a 96² box in a 256² colour photograph, and beside their peers.

A ratio is the median over rounds of ratios of processor times taken within the round, so neither a
machine whose speed drifts nor one that others use changes much. Everything runs on one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from inpaintbench import registry
from inpaintbench.datasets.base import Image, Mask

Fill = Callable[[Image, Mask], NDArray[np.generic]]

ROUNDS = 5
SUMMARY: list[tuple[str, ...]] = []

METHODS = (
    "mean-fill",
    "nearest",
    "telea",
    "navier-stokes",
    "harmonic",
    "biharmonic",
    "biharmonic[solver=dissection]",
    "bertalmio",
    "navier-stokes-pde",
    "total-variation",
    "shiftmap",
    "fsr-fast",
)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Hold every library to one thread, and print the ratios at the end."""
    import cv2
    from threadpoolctl import threadpool_limits

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    with threadpool_limits(limits=1):
        yield
    cv2.setNumThreads(before)
    _print_summary()


def _print_summary() -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="Times faster than each peer (median of interleaved rounds, one thread)")
    for column in ("times faster", "method", "than", "hole", "ours, ms", "theirs, ms"):
        table.add_column(column)
    for row in SUMMARY:
        table.add_row(*map(escape, row))
    Console(width=100).print(table)


def photograph(side: int) -> Image:
    return registry.datasets().make(f"photos[size={side}]").load("astronaut").image


def hole(kind: str, side: int) -> Mask:
    """Return a hole of a kind: a box, strokes, or a frame around the middle."""
    import cv2

    mask = np.zeros((side, side), np.uint8)
    first, last = side * 80 // 256, side * 176 // 256
    if kind == "box":
        mask[first:last, first:last] = 1
    elif kind == "strokes":
        random = np.random.default_rng(0)
        for _ in range(10):
            points = random.integers(0, side, (3, 2)).astype(np.int32)
            cv2.polylines(mask, [points], False, 1, side * 9 // 256)
    else:
        mask[:] = 1
        mask[first:last, first:last] = 0
    return mask.astype(bool)


def scikit_image_biharmonic(image: Image, mask: Mask) -> NDArray[np.generic]:
    from skimage.restoration import inpaint_biharmonic

    return inpaint_biharmonic(image, mask, channel_axis=-1) * 255


def scipy_laplace(image: Image, mask: Mask) -> NDArray[np.generic]:
    """Solve Laplace's equation as one would in a few lines of SciPy; the hole is inside."""
    from scipy import sparse
    from scipy.sparse.linalg import spsolve

    hole, known = np.flatnonzero(mask), np.flatnonzero(~mask)
    places = (hole[:, None] + [0, 1, -1, mask.shape[1], -mask.shape[1]]).ravel()
    weights = np.tile([4.0, -1, -1, -1, -1], len(hole))
    rows = sparse.csr_array(
        (weights, (np.repeat(np.arange(len(hole)), 5), places)), shape=(len(hole), mask.size)
    )
    values = image.reshape(mask.size, -1).astype(float)
    values[hole] = spsolve(rows[:, hole].tocsc(), -(rows[:, known] @ values[known]))
    return values.reshape(image.shape)


PEERS: dict[str, tuple[str, Fill]] = {
    "biharmonic[solver=dissection]": ("scikit-image", scikit_image_biharmonic),
    "harmonic": ("SciPy's spsolve", scipy_laplace),
}


@pytest.mark.parametrize("name", METHODS)
def test_fill_a_box(benchmark: BenchmarkFixture, name: str) -> None:
    method = registry.make_method(name)
    method.setup("cpu", 0)
    image, mask = photograph(256), hole("box", 256)
    damaged = np.where(mask[..., None], 0, image).astype(image.dtype)
    output = benchmark.pedantic(method.inpaint, (damaged, mask), rounds=ROUNDS, warmup_rounds=1)
    assert output.shape == image.shape


@pytest.mark.parametrize(("side", "kind"), [(256, "box"), (256, "strokes"), (512, "box")])
@pytest.mark.parametrize("name", PEERS)
def test_fill_beside_a_peer(benchmark: BenchmarkFixture, name: str, side: int, kind: str) -> None:
    if name == "harmonic" and kind == "strokes":
        pytest.skip("the peer's few lines need holes inside the image")
    method = registry.make_method(name)
    method.setup("cpu", 0)
    peer_name, peer = PEERS[name]
    image, mask = photograph(side), hole(kind, side)
    damaged = np.where(mask[..., None], 0, image).astype(image.dtype)
    known = image[~mask]
    theirs = np.clip(peer(damaged, mask), known.min(axis=0), known.max(axis=0))
    assert np.abs(method.inpaint(damaged, mask) - theirs).max() < 1e-3
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(ROUNDS):
        for who, fill in (("ours", method.inpaint), ("theirs", peer)):
            start = time.process_time()
            fill(damaged, mask)
            times[who].append(time.process_time() - start)
    ratio = median(b / a for a, b in zip(times["ours"], times["theirs"], strict=True))
    milliseconds = [f"{1000 * median(times[who]):.1f}" for who in ("ours", "theirs")]
    SUMMARY.append((f"{ratio:.1f}", name, peer_name, f"{kind} {side}²", *milliseconds))
    benchmark.extra_info["times faster"] = ratio
    benchmark.pedantic(method.inpaint, (damaged, mask), rounds=2)
