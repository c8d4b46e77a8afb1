"""The exemplar methods beside their peers from PyPI, on photographs with three kinds of hole.

Small holes, where quality differs less from method to method than from picture to picture, are set
in every colour photograph, turned four ways: 24 cases. The others, over which a peer takes half a
minute, are set in three. A ratio is the median over cases of ratios of processor times on one
thread, taken in turn; LPIPS is the mean. Where a peer fails, the table says on how many cases and
how; the other figures are of those that it fills.

``exemplar-based-inpainting`` doesn't run with OpenCV 5, so it and ``patch-based-inpainting`` have
an environment of their own in ``.cache/exemplar-peers``, made when it isn't there.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from fills import damaged, hole, one_thread, photograph, print_summary, timed, times_faster
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from inpaintbench.images.types import Image, Mask
from inpaintbench.metrics.base import MetricUnavailable, Result
from inpaintbench.plugins import registry

HERE = Path(__file__).parent
PEERS = HERE.parent.parent / ".cache" / "exemplar-peers"
THREE = ("astronaut", "coffee", "chelsea")
SIX = (*THREE, "rocket", "motorcycle", "hubble")
KINDS = ("small holes", "box", "strokes")
SUMMARY: list[tuple[str, ...]] = []


@pytest.fixture(scope="module", autouse=True)
def alone() -> Iterator[None]:
    """Hold every library to one thread, and print the ratios at the end."""
    with one_thread():
        yield
    print_summary(SUMMARY, ("LPIPS", "theirs"))


def cases(kind: str) -> list[tuple[Image, Mask]]:
    """Return photographs, intact, each with a hole of the kind."""
    mask = hole(kind, 256)
    if kind == "small holes":
        turned = [np.rot90(mask, turns).copy() for turns in range(4)]
        return [(photograph(256, sample), mask) for sample in SIX for mask in turned]
    return [(photograph(256, sample), mask) for sample in THREE]


class ExemplarPeers:
    """The packages exemplar-based-inpainting and patch-based-inpainting, in another process."""

    def __init__(self, python: Path, folder: Path) -> None:
        self.process = subprocess.Popen(
            [python, "-I", HERE / "exemplar_peers.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.paths = {name: str(folder / f"{name}.npy") for name in ("image", "mask", "output")}

    def fill(self, peer: str, image: Image, mask: Mask) -> tuple[NDArray[np.generic], float] | str:
        """Fill, and say how many seconds of processor time it took; or name the exception."""
        np.save(self.paths["image"], image)
        np.save(self.paths["mask"], mask)
        assert self.process.stdin is not None and self.process.stdout is not None
        print(json.dumps({**self.paths, "peer": peer}), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            return str(answer["error"])
        return np.load(self.paths["output"]), float(answer["seconds"])


@pytest.fixture(scope="module")
def exemplar_peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExemplarPeers]:
    python = PEERS / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if not (PEERS / "ready").exists():
        venv.create(PEERS, with_pip=True, clear=True)
        install = [str(python), "-I", "-m", "pip", "install", "--quiet"]
        libraries = ["opencv-contrib-python-headless<5", "numpy", "rich"]
        libraries += ["scipy", "scikit-image", "matplotlib"]
        # Without their dependencies: documentation tools, and OpenCV with a user interface.
        packages = ["exemplar-based-inpainting==0.2.0", "patch-based-inpainting==0.0.3"]
        for what in (libraries, ["--no-deps", *packages]):
            if subprocess.run([*install, *what], check=False).returncode:
                pytest.skip(f"pip install {' '.join(what)} failed")
        (PEERS / "ready").touch()
    peers = ExemplarPeers(python, tmp_path_factory.mktemp("exemplar-peers"))
    yield peers
    assert peers.process.stdin is not None
    peers.process.stdin.close()
    peers.process.wait()


def lpips(truth: Image, mask: Mask, output: NDArray[np.generic]) -> float:
    metric = registry.metrics().make("lpips")
    try:
        metric.setup()
    except MetricUnavailable:
        return float("nan")
    pixels = np.clip(np.rint(output), 0, 255).astype(np.uint8)
    return metric.bind(truth)(Result(pixels, mask, truth))


def add_row(
    method: str, peer: str, kind: str, seconds: NDArray[np.float64], scores: NDArray[np.float64]
) -> float:
    """Add a line to the summary: seconds and scores are ours and theirs, for each case."""
    ratio = times_faster(*seconds.T.tolist())
    milliseconds = [f"{1000 * median(column):.0f}" for column in seconds.T.tolist()]
    quality = [f"{score:.4f}" for score in scores.mean(axis=0)]
    SUMMARY.append((f"{ratio:.1f}", method, peer, f"{kind} 256²", *milliseconds, *quality))
    return ratio


def race_criminisi(benchmark: BenchmarkFixture, peers: ExemplarPeers, peer: str, kind: str) -> None:
    """Fill every case with both in turn, and add a line to the summary."""
    method = registry.make_method("criminisi")
    method.setup("cpu", 0)
    seconds, scores, failures = [], [], []
    for truth, mask in cases(kind):
        image = damaged(truth, mask)
        output, ours = timed(method.inpaint, image, mask)
        answer = peers.fill(peer, image, mask)
        if isinstance(answer, str):
            failures.append((ours, lpips(truth, mask, output), answer))
            continue
        other, theirs = answer
        seconds.append((ours, theirs))
        scores.append((lpips(truth, mask, output), lpips(truth, mask, other)))
    if seconds:
        than = f"{peer}, {failed(failures, len(seconds))}" if failures else peer
        ratio = add_row("criminisi", than, kind, np.array(seconds), np.array(scores))
        benchmark.extra_info["times faster"] = ratio
    else:
        ours = f"{1000 * median(time for time, _, _ in failures):.0f}"
        quality = f"{np.mean([score for _, score, _ in failures]):.4f}"
        than = f"{peer}, {failed(failures, 0)}"
        SUMMARY.append(("-", "criminisi", than, f"{kind} 256²", ours, "-", quality, "-"))
    benchmark.pedantic(method.inpaint, (image, mask), rounds=1)


def failed(failures: list[tuple[float, float, str]], others: int) -> str:
    errors = " and ".join(sorted({error for _, _, error in failures}))
    return f"{errors} on {len(failures)} of {len(failures) + others}"


@pytest.mark.parametrize(
    ("settings", "kind"),
    [("equal settings", kind) for kind in KINDS] + [("its defaults", "box")],
)
def test_criminisi_beside_exemplar_based_inpainting(
    benchmark: BenchmarkFixture, exemplar_peers: ExemplarPeers, settings: str, kind: str
) -> None:
    """Equal settings: both search the whole image, known at the start, in CIELab."""
    race_criminisi(benchmark, exemplar_peers, f"exemplar-based-inpainting, {settings}", kind)


@pytest.mark.parametrize(
    ("settings", "kind"), [("", kind) for kind in KINDS] + [(", step of 4", "box")]
)
def test_criminisi_beside_patch_based_inpainting(
    benchmark: BenchmarkFixture, exemplar_peers: ExemplarPeers, settings: str, kind: str
) -> None:
    """The peer quilts: it does less, and isn't after the same result.

    It goes through the rectangle around each hole row by row, without priorities, in patches of
    24 pixels that overlap by 7, and draws one of the five that fit best there from those every
    few columns and rows (one in thirty of the image's side, or four) and their mirror images; the
    rectangle grows to a whole number of patches, beyond the hole. Patches of 10 pixels and a rim
    of 7 are those of its repository's examples, averages where they overlap (``linear``) the
    blending with the lowest LPIPS of its four; everything else is as it comes. It fails where
    rectangles overlap or touch the image border, as around small holes and strokes.
    """
    race_criminisi(benchmark, exemplar_peers, f"patch-based-inpainting{settings}", kind)


@pytest.mark.parametrize("kind", KINDS)
def test_patchmatch_beside_pypatchmatch(benchmark: BenchmarkFixture, kind: str) -> None:
    if importlib.util.find_spec("patchmatch") is None:
        pytest.skip("pip install pypatchmatch to compare with it")
    methods = [registry.make_method(name) for name in ("patchmatch", "pypatchmatch")]
    seconds, scores = [], []
    for method in methods:
        method.setup("cpu", 0)
    for truth, mask in cases(kind):
        image = damaged(truth, mask)
        fills = [timed(method.inpaint, image, mask) for method in methods]
        seconds.append([time for _, time in fills])
        scores.append([lpips(truth, mask, output) for output, _ in fills])
    ratio = add_row("patchmatch", "pypatchmatch", kind, np.array(seconds), np.array(scores))
    benchmark.extra_info["times faster"] = ratio
    benchmark.pedantic(methods[0].inpaint, (image, mask), rounds=1)


@pytest.mark.parametrize("text", ["criminisi", "criminisi[search_radius=64]", "patchmatch"])
def test_fill_a_box_at_512(benchmark: BenchmarkFixture, text: str) -> None:
    method = registry.make_method(text)
    method.setup("cpu", 0)
    mask = hole("box", 512)
    image = damaged(photograph(512), mask)
    output = benchmark.pedantic(method.inpaint, (image, mask), rounds=3, warmup_rounds=1)
    assert output.shape == image.shape
