"""The classical methods on a 96² box in a 256² colour photograph, and beside their peers.

A ratio is the median over rounds of ratios of processor times taken within the round, so neither a
machine whose speed drifts nor one that others use changes much. Everything runs on one thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import numpy as np
import pytest
from fills import Fill, damaged, hole, one_thread, photograph, print_summary, timed, times_faster
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from inpaintbench.images.types import Image, Mask
from inpaintbench.plugins import registry

ROUNDS = 5
SUMMARY: list[tuple[str, ...]] = []

METHODS = (
    "mean-fill",
    "nearest",
    "telea",
    "navier-stokes",
    "harmonic",
    "biharmonic",
    "biharmonic[solver=direct]",
    "bertalmio",
    "navier-stokes-pde",
    "total-variation",
    "shiftmap",
    "fsr-fast",
    "criminisi",
    "patchmatch",
)


@pytest.fixture(scope="module", autouse=True)
def alone() -> Iterator[None]:
    """Hold every library to one thread, and print the ratios at the end."""
    with one_thread():
        yield
    print_summary(SUMMARY)


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
    "biharmonic[solver=direct]": ("scikit-image", scikit_image_biharmonic),
    "harmonic": ("SciPy's spsolve", scipy_laplace),
}


@pytest.mark.parametrize("name", METHODS)
def test_fill_a_box(benchmark: BenchmarkFixture, name: str) -> None:
    method = registry.make_method(name)
    method.setup("cpu", 0)
    mask = hole("box", 256)
    image = damaged(photograph(256), mask)
    output = benchmark.pedantic(method.inpaint, (image, mask), rounds=ROUNDS, warmup_rounds=1)
    assert output.shape == image.shape


@pytest.mark.parametrize(
    ("side", "kind"), [(256, "small holes"), (256, "box"), (256, "strokes"), (512, "box")]
)
@pytest.mark.parametrize("name", PEERS)
def test_fill_beside_a_peer(benchmark: BenchmarkFixture, name: str, side: int, kind: str) -> None:
    if name == "harmonic" and kind != "box":
        pytest.skip("the peer's few lines need holes inside the image")
    method = registry.make_method(name)
    method.setup("cpu", 0)
    peer_name, peer = PEERS[name]
    mask = hole(kind, side)
    image = damaged(photograph(side), mask)
    known = image[~mask]
    theirs = np.clip(peer(image, mask), known.min(axis=0), known.max(axis=0))
    assert np.abs(method.inpaint(image, mask) - theirs).max() < 1e-3
    ratio = race(name, method.inpaint, peer_name, peer, f"{kind} {side}²", image, mask)
    benchmark.extra_info["times faster"] = ratio
    benchmark.pedantic(method.inpaint, (image, mask), rounds=2)


@pytest.mark.parametrize("name", ["harmonic", "bertalmio", "navier-stokes-pde", "total-variation"])
def test_fill_beside_another_equation(benchmark: BenchmarkFixture, name: str) -> None:
    """Beside the one equation that scikit-image solves: what each costs, not which is better."""
    method = registry.make_method(name)
    method.setup("cpu", 0)
    mask = hole("box", 256)
    image = damaged(photograph(256), mask)
    peer = "scikit-image's biharmonic"
    ratio = race(name, method.inpaint, peer, scikit_image_biharmonic, "box 256²", image, mask)
    benchmark.extra_info["times faster"] = ratio
    benchmark.pedantic(method.inpaint, (image, mask), rounds=2)


def race(
    name: str, ours: Fill, peer_name: str, theirs: Fill, where: str, image: Image, mask: Mask
) -> float:
    """Time both in turn, and add a line to the summary."""
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(ROUNDS):
        for who, fill in (("ours", ours), ("theirs", theirs)):
            times[who].append(timed(fill, image, mask)[1])
    ratio = times_faster(times["ours"], times["theirs"])
    milliseconds = [f"{1000 * median(times[who]):.1f}" for who in ("ours", "theirs")]
    SUMMARY.append((f"{ratio:.1f}", name, peer_name, where, *milliseconds))
    return ratio
