"""The exemplar methods beside their peers from PyPI, on three photographs and three kinds of hole.

A ratio is the median over photographs of ratios of processor times on one thread, taken in turn.
LPIPS is the mean over the photographs. ``exemplar-based-inpainting`` doesn't run with OpenCV 5, so
it has an environment of its own in ``.cache/exemplar-peer``, made when it isn't there.
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

from inpaintbench.datasets.base import Image, Mask
from inpaintbench.metrics.base import MetricUnavailable, Result
from inpaintbench.plugins import registry

HERE = Path(__file__).parent
PEER = HERE.parent.parent / ".cache" / "exemplar-peer"
PHOTOGRAPHS = ("astronaut", "coffee", "chelsea")
KINDS = ("small holes", "box", "strokes")
SUMMARY: list[tuple[str, ...]] = []


@pytest.fixture(scope="module", autouse=True)
def alone() -> Iterator[None]:
    """Hold every library to one thread, and print the ratios at the end."""
    with one_thread():
        yield
    print_summary(SUMMARY, ("LPIPS", "theirs"))


class ExemplarPeer:
    """The package exemplar-based-inpainting 0.2.0, in a process of its environment."""

    def __init__(self, python: Path, folder: Path) -> None:
        self.process = subprocess.Popen(
            [python, "-I", HERE / "exemplar_peer.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.paths = {name: str(folder / f"{name}.npy") for name in ("image", "mask", "output")}

    def fill(
        self, image: Image, mask: Mask, equal_settings: bool
    ) -> tuple[NDArray[np.generic], float]:
        """Fill, and say how many seconds of processor time it took."""
        np.save(self.paths["image"], image)
        np.save(self.paths["mask"], mask)
        assert self.process.stdin is not None and self.process.stdout is not None
        request = {**self.paths, "equal_settings": equal_settings}
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        return np.load(self.paths["output"]), float(answer)


@pytest.fixture(scope="module")
def exemplar_peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExemplarPeer]:
    python = PEER / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if not (PEER / "ready").exists():
        venv.create(PEER, with_pip=True, clear=True)
        install = [str(python), "-I", "-m", "pip", "install", "--quiet"]
        libraries = ["opencv-contrib-python-headless<5", "numpy", "rich"]
        # Without its dependencies: documentation tools, and OpenCV with a user interface.
        package = ["--no-deps", "exemplar-based-inpainting==0.2.0"]
        for what in (libraries, package):
            if subprocess.run([*install, *what], check=False).returncode:
                pytest.skip(f"pip install {' '.join(what)} failed")
        (PEER / "ready").touch()
    peer = ExemplarPeer(python, tmp_path_factory.mktemp("exemplar-peer"))
    yield peer
    assert peer.process.stdin is not None
    peer.process.stdin.close()
    peer.process.wait()


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
    """Add a line to the summary: seconds and scores are ours and theirs, for each picture."""
    ratio = times_faster(*seconds.T.tolist())
    milliseconds = [f"{1000 * median(column):.0f}" for column in seconds.T.tolist()]
    quality = [f"{score:.4f}" for score in scores.mean(axis=0)]
    SUMMARY.append((f"{ratio:.1f}", method, peer, f"{kind} 256²", *milliseconds, *quality))
    return ratio


@pytest.mark.parametrize(
    ("settings", "kind"),
    [("equal settings", kind) for kind in KINDS] + [("its defaults", "box")],
)
def test_criminisi_beside_exemplar_based_inpainting(
    benchmark: BenchmarkFixture, exemplar_peer: ExemplarPeer, settings: str, kind: str
) -> None:
    """Equal settings: both search the whole image, known at the start, in CIELab."""
    method = registry.make_method("criminisi")
    method.setup("cpu", 0)
    mask = hole(kind, 256)
    seconds, scores = [], []
    for sample in PHOTOGRAPHS:
        truth = photograph(256, sample)
        image = damaged(truth, mask)
        output, ours = timed(method.inpaint, image, mask)
        other, theirs = exemplar_peer.fill(image, mask, settings == "equal settings")
        seconds.append((ours, theirs))
        scores.append((lpips(truth, mask, output), lpips(truth, mask, other)))
    name = f"exemplar-based-inpainting, {settings}"
    ratio = add_row("criminisi", name, kind, np.array(seconds), np.array(scores))
    benchmark.extra_info["times faster"] = ratio
    benchmark.pedantic(method.inpaint, (image, mask), rounds=1)


@pytest.mark.parametrize("kind", KINDS)
def test_patchmatch_beside_pypatchmatch(benchmark: BenchmarkFixture, kind: str) -> None:
    if importlib.util.find_spec("patchmatch") is None:
        pytest.skip("pip install pypatchmatch to compare with it")
    methods = [registry.make_method(name) for name in ("patchmatch", "pypatchmatch")]
    mask = hole(kind, 256)
    seconds, scores = [], []
    for method in methods:
        method.setup("cpu", 0)
    for sample in PHOTOGRAPHS:
        truth = photograph(256, sample)
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
