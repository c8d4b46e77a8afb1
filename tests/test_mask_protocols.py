"""The published protocols draw what their sources draw, by the figures measured on the sources."""

from __future__ import annotations

import os
from functools import cache
from math import pi, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from inpaintbench import registry
from inpaintbench.case import array_sha256
from inpaintbench.datasets.base import DataError, Mask, Sample
from inpaintbench.errors import BenchError
from inpaintbench.masks import comodgan, deepfill, lama
from inpaintbench.masks.canvas import Canvas
from inpaintbench.masks.random import RandomStream
from inpaintbench.masks.statistics import mask_statistics

DRAWS = 2000

MEAN_COVERAGE = [
    # specification, side, mean hole area measured on the source's own code, half a unit of its
    # last digit
    ("lama-thin", 256, 0.286, 0.0005),
    ("lama-medium", 256, 0.236, 0.0005),
    ("lama-thick", 256, 0.265, 0.0005),
    ("lama-thin", 512, 0.281, 0.0005),
    ("lama-medium", 512, 0.275, 0.0005),
    ("lama-thick", 512, 0.272, 0.0005),
    ("deepfill-box[training=true]", 256, 0.19, 0.005),
    ("deepfill-freeform", 256, 0.151, 0.0005),
    ("deepfill-freeform[training=true]", 256, 0.309, 0.0005),
    ("comodgan", 256, 0.72, 0.005),
    ("comodgan", 512, 0.64, 0.005),
    ("mat-large", 256, 0.403, 0.0005),
    ("mat-small", 256, 0.218, 0.0005),
    ("mat-large", 512, 0.405, 0.0005),
    ("mat-small", 512, 0.226, 0.0005),
]


def draw(specification: str, height: int, width: int, number: int, kind: str | None = None) -> Mask:
    suite = registry.masks().make(specification)
    sample = Sample("flat", np.zeros((height, width, 1), np.uint8))
    kind = kind or suite.kinds[number % len(suite.kinds)]
    return suite.draw(sample, kind, RandomStream("protocols", specification, height, number))


@cache
def coverages(specification: str, side: int, draws: int) -> NDArray[np.float64]:
    masks = (draw(specification, side, side, number) for number in range(draws))
    return np.array([np.count_nonzero(mask) / mask.size for mask in masks])


def standard_error(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1)) / sqrt(values.size)


@pytest.mark.slow
@pytest.mark.parametrize(("specification", "side", "published", "rounding"), MEAN_COVERAGE)
def test_covers_as_much_as_the_source(
    specification: str, side: int, published: float, rounding: float
) -> None:
    drawn = coverages(specification, side, DRAWS)
    assert abs(drawn.mean() - published) < 4 * standard_error(drawn) + rounding


@pytest.mark.parametrize(
    "specification",
    ["lama-thin", "lama-medium", "lama-thick", "deepfill-freeform", "comodgan", "mat-small"],
)
def test_covers_as_much_at_an_unpublished_size(specification: str) -> None:
    published, small = coverages(specification, 256, 400), coverages(specification, 48, 1000)
    error = sqrt(standard_error(published) ** 2 + standard_error(small) ** 2)
    assert abs(published.mean() - small.mean()) < 4 * error


FROZEN_AT_512 = {
    # Their numbers at 512² are others than at 256²; tests/golden/masks.json holds smaller masks.
    "lama-thin": "e5f226f173b41eb929a7c312f0799d62c12b8703395ce5717d6363bd333fd676",
    "lama-medium": "f6dca4451f2c5f6712bdc51800acd0696d935baffcd749dd67f1739ff532f8d2",
    "lama-thick": "731c244ef997bac2efc47394c076b7cf2797aece24d14ac98e06f5c1eba21b8e",
    "comodgan": "69e0cec7838107139ab69fd9a4c5a9b69a981ab1eb0a49a7b6b8f81f36cf5cb0",
    "mat-large": "81a2169a83a6c332fa495b796ffb6523bf4a3629a95085829c7424137a8d650c",
    "mat-small": "fe83baa699130c0d49e01e3d62f9e83ee7ea6b49401087f685de6b48d3a257ad",
}


@pytest.mark.parametrize("suite", FROZEN_AT_512)
def test_no_pixel_of_the_larger_published_size_has_changed(suite: str) -> None:
    assert registry.masks().make(suite).version == 1
    masks = np.stack([draw(suite, 512, 512, number) for number in range(10)])
    assert array_sha256(masks) == FROZEN_AT_512[suite]


# LaMa


@pytest.mark.slow
@pytest.mark.parametrize("side", [256, 512])
@pytest.mark.parametrize("suite", ["lama-thin", "lama-medium", "lama-thick"])
def test_lama_covers_at_most_half(suite: str, side: int) -> None:
    assert coverages(suite, side, DRAWS).max() <= 0.5


@pytest.mark.slow
@pytest.mark.parametrize(("side", "published"), [(256, 0.35), (512, 0.42)])
def test_lama_draws_thick_masks_again_as_often_as_the_source(
    side: int, published: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lama, "_AREA_CAP", 1.0)
    masks = (draw("lama-thick", side, side, number) for number in range(DRAWS))
    rejected = np.array([np.count_nonzero(mask) > 0.5 * mask.size for mask in masks], np.float64)
    assert abs(rejected.mean() - published) < 4 * standard_error(rejected) + 0.005


class Recorder(Canvas):
    """A canvas that also remembers what was drawn on it."""

    drawn: list[Recorder]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.lines: list[tuple[Any, Any]] = []
        self.boxes: list[tuple[int, int, int, int]] = []
        self.drawn.append(self)

    def draw_polylines(self, lines: Any) -> None:
        self.lines += lines
        super().draw_polylines(lines)

    def fill_box(self, *box: int) -> None:
        self.boxes.append(box)
        super().fill_box(*box)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Recorder]:
    monkeypatch.setattr(Recorder, "drawn", [], raising=False)
    for module in (lama, deepfill, comodgan):
        monkeypatch.setattr(module, "Canvas", Recorder)
    return Recorder.drawn


LAMA_CONFIGURATIONS = [
    # suite, side, strokes (the source draws up to one more than configured), thickness and length
    # (5 + randint(max_width), 10 + randint(max_len)), then boxes: count, side, margin
    ("lama-thin", 256, (4, 51), (5, 14), (10, 49), None),
    ("lama-thin", 512, (4, 71), (5, 24), (10, 109), None),
    ("lama-medium", 256, (4, 6), (5, 54), (10, 109), ((1, 5), (10, 50), 0)),
    ("lama-medium", 512, (4, 11), (5, 104), (10, 209), ((1, 5), (30, 150), 0)),
    ("lama-thick", 256, (1, 6), (5, 104), (10, 209), ((1, 3), (30, 150), 10)),
    ("lama-thick", 512, (1, 6), (5, 254), (10, 459), ((1, 4), (30, 300), 10)),
]


@pytest.mark.parametrize(
    ("suite", "side", "strokes", "thickness", "length", "boxes"), LAMA_CONFIGURATIONS
)
def test_lama_draws_by_its_configuration(
    suite: str,
    side: int,
    strokes: tuple[int, int],
    thickness: tuple[int, int],
    length: tuple[int, int],
    boxes: tuple[tuple[int, int], tuple[int, int], int] | None,
    recorded: list[Recorder],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lama, "_AREA_CAP", 1.0)
    for number in range(600):
        draw(suite, side, side, number)
    assert all(bool(canvas.lines) != bool(canvas.boxes) for canvas in recorded)
    stroked = [canvas for canvas in recorded if canvas.lines]
    counts = {len(canvas.lines) for canvas in stroked}
    assert (min(counts), max(counts)) == strokes
    lines = [line for canvas in stroked for line in canvas.lines]
    assert {len(widths) for _, widths in lines} == {1, 2, 3, 4, 5}
    widths = np.concatenate([widths for _, widths in lines])
    # cv2.line of thickness t covers 2⌈t/2⌉ pixels and up to one more
    assert widths.min() == pytest.approx(2 * -(-thickness[0] // 2) + 0.65)
    assert widths.max() == pytest.approx(2 * -(-thickness[1] // 2) + 0.65, rel=0.02)
    steps = np.concatenate([np.diff(np.array(points), axis=0) for points, _ in lines])
    lengths = np.hypot(*steps.T)
    assert lengths.max() <= length[1] + sqrt(2), "ends are cut to whole pixels"
    assert lengths.max() > 0.97 * min(length[1], side)

    boxed = [canvas.boxes for canvas in recorded if canvas.boxes]
    if boxes is None:
        assert not boxed
        return
    assert abs(len(boxed) / len(recorded) - 3 / 13) < 4 * sqrt(3 / 13 * 10 / 13 / len(recorded))
    (fewest, most), (shortest, longest), margin = boxes
    assert {len(each) for each in boxed} == set(range(fewest, most + 1))
    top, left, height, width = np.concatenate(boxed).T
    for start, extent in ((top, height), (left, width)):
        assert shortest <= extent.min() < 1.1 * shortest + 1
        assert 0.97 * longest < extent.max() <= longest
        assert margin <= start.min() < margin + 0.05 * side
        assert (start + extent).max() <= side - margin


def test_lama_strokes_cover_what_opencv_draws() -> None:
    import cv2

    random = RandomStream("lines")
    ours = theirs = 0
    for _ in range(400):
        thickness = random.integer(5, 105)
        y0, x0 = (random.integer(100, 200) for _ in range(2))
        y1, x1 = (random.integer(100, 300) for _ in range(2))
        image = np.zeros((400, 400), np.uint8)
        cv2.line(image, (x0, y0), (x1, y1), 1, thickness)
        mask = np.zeros((400, 400), np.bool_)
        width = (thickness + 1) // 2 * 2 + lama._OPENCV_EXCESS
        Canvas(mask, (400,)).draw_polylines([([(y0, x0), (y1, x1)], [width])])
        outline = 2 * sqrt((y1 - y0) ** 2 + (x1 - x0) ** 2) + pi * thickness
        assert np.count_nonzero(mask != image) < 0.7 * outline, "within a pixel all round"
        ours, theirs = ours + np.count_nonzero(mask), theirs + int(image.sum())
    assert ours == pytest.approx(theirs, rel=0.01)


def test_lama_suites_differ_by_the_width_of_their_holes() -> None:
    thin, medium, thick = (
        np.median([mask_statistics(draw(suite, 256, 256, n)).thickness for n in range(150)])
        for suite in ("lama-thin", "lama-medium", "lama-thick")
    )
    assert 1.5 * thin < medium
    assert 1.3 * medium < thick


# DeepFill, CoModGAN, MAT


BRUSHES = [
    # specification, side, strokes, steps, widths (numpy's upper bounds are exclusive)
    ("deepfill-freeform", 256, (1, 3), (4, 11), (12, 39)),
    ("comodgan", 256, (0, 19), (4, 17), (12, 47)),
    ("comodgan", 512, (0, 19), (4, 17), (12, 47)),
    ("mat-large", 256, (0, 7), (4, 17), (12, 47)),
    ("mat-large", 512, (0, 8), (4, 17), (12, 47)),
    ("mat-small", 256, (0, 2), (4, 17), (12, 47)),
    ("mat-small", 512, (0, 3), (4, 17), (12, 47)),
]


@pytest.mark.parametrize(("suite", "side", "strokes", "steps", "widths"), BRUSHES)
def test_brush_strokes_are_those_of_the_source(
    suite: str,
    side: int,
    strokes: tuple[int, int],
    steps: tuple[int, int],
    widths: tuple[int, int],
    recorded: list[Recorder],
) -> None:
    for number in range(300):
        draw(suite, side, side, number)
    counts = {len(canvas.lines) for canvas in recorded}
    assert (min(counts), max(counts)) == strokes
    lines = [line for canvas in recorded for line in canvas.lines]
    segments = {len(widths) for _, widths in lines}
    assert (min(segments), max(segments)) == steps
    assert all(len(set(each)) == 1 for _, each in lines), "a stroke has one width"
    drawn = {each[0] for _, each in lines}
    assert (min(drawn), max(drawn)) == widths

    moves, interior = [], []
    for points, _ in lines:
        y, x = np.array(points).T
        moves.append((np.diff(y) * (-1.0) ** np.arange(1, y.size), np.diff(x)))
        interior.append((y[1:] > 0) & (y[1:] < side) & (x[1:] > 0) & (x[1:] < side))
    down, across = (np.concatenate(each) for each in zip(*moves, strict=True))
    assert (down >= -1).all(), "steps go up and down in turn"
    free = np.concatenate(interior)
    angles = np.arctan2(down[free], across[free])[np.hypot(down, across)[free] > side / 10]
    rounded = 1.5 / (side / 10)
    assert angles.min() > 2 * pi / 5 - 2 * pi / 15 - rounded
    assert angles.max() < 2 * pi / 5 + 2 * pi / 15 + rounded
    # Steps from the middle rows that go inwards are never cut: their lengths are as drawn.
    starts = np.concatenate([np.array(points)[:-1] for points, _ in lines])
    uncut = (np.abs(starts[:, 0] - side / 2) < side / 8) & (starts[:, 1] < 0.6 * side)
    lengths = np.hypot(down, across)[uncut]
    diagonal = sqrt(2) * side
    assert lengths.mean() == pytest.approx(diagonal / 8, abs=4 * standard_error(lengths) + 0.7)
    assert lengths.max() <= diagonal / 4 + 1


BOXES = [
    # specification, side, boxes of half a side, boxes of a whole side
    ("comodgan", 256, 9, 4),
    ("comodgan", 512, 9, 4),
    ("mat-large", 256, 3, 1),
    ("mat-large", 512, 4, 2),
    ("mat-small", 256, 1, 1),
    ("mat-small", 512, 2, 1),
]


@pytest.mark.parametrize(("suite", "side", "halves", "wholes"), BOXES)
def test_boxes_are_those_of_the_source(
    suite: str, side: int, halves: int, wholes: int, recorded: list[Recorder]
) -> None:
    for number in range(300):
        draw(suite, side, side, number)
    counts = [len(canvas.boxes) for canvas in recorded]
    assert max(counts) <= halves + wholes
    assert np.mean(counts) == pytest.approx(
        (halves + wholes) / 2, abs=4 * standard_error(np.array(counts, np.float64)) + 0.15
    )
    top, left, height, width = np.concatenate([c.boxes for c in recorded if c.boxes]).T
    for start, extent in ((top, height), (left, width)):
        assert extent.min() == 0
        assert 0.9 * side < extent.max() < side
        centre = start + extent // 2
        assert (centre >= 0).all()
        assert (centre < side).all()


@pytest.mark.parametrize("suite", ["comodgan", "mat-large", "mat-small"])
def test_strokes_of_the_large_masks_run_either_way(suite: str) -> None:
    masks = [draw(suite, 64, 64, number).astype(np.float64) for number in range(800)]
    halves = np.array([[m[:32].mean(), m[:, :32].mean()] for m in masks])
    whole = np.array([[m.mean()] for m in masks])
    for difference in (halves - whole).T:
        assert abs(difference.mean()) < 4 * standard_error(difference)


def test_deepfill_box_is_half_of_each_side() -> None:
    places = set()
    for number in range(400):
        rows, columns = np.nonzero(mask := draw("deepfill-box", 256, 256, number))
        assert np.ptp(rows) + 1 == np.ptp(columns) + 1 == 128
        assert np.count_nonzero(mask) == 128 * 128
        places |= {int(rows.min()), int(columns.min())}
    assert 0 <= min(places) <= 2
    assert 125 <= max(places) <= 127


def test_deepfill_box_shrinks_by_up_to_16_px_a_side_in_training() -> None:
    sides = set()
    for number in range(400):
        rows, columns = np.nonzero(draw("deepfill-box[training=true]", 256, 256, number))
        sides |= {int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1}
    assert sides == set(range(96, 129, 2))


# Context Encoder


def test_context_encoder_center_is_64_of_128() -> None:
    expected = np.zeros((128, 128), np.bool_)
    expected[32:96, 32:96] = True
    assert np.array_equal(draw("context-encoder-center", 128, 128, 0), expected)
    assert np.count_nonzero(draw("context-encoder-center", 32, 32, 0)) == 16 * 16
    shown = np.zeros((128, 128), np.bool_)
    shown[36:92, 36:92] = True
    assert np.array_equal(draw("context-encoder-center[overlap=4]", 128, 128, 0), shown)


@pytest.mark.parametrize("side", [32, 128, 256])
def test_context_encoder_random_covers_20_to_30_per_cent(side: int) -> None:
    drawn = coverages("context-encoder-random", side, 500)
    assert drawn.min() > 0.2
    assert drawn.max() < 0.3


def test_context_encoder_random_is_the_pattern_of_the_source() -> None:
    # The source's own way: one large pattern, here enlarged by Pillow, whose bicubic filter is
    # Catmull-Rom's as Torch's is, and windows cut from it at random.
    from PIL import Image

    generator = np.random.default_rng(0)
    low = Image.fromarray(generator.uniform(size=(150, 150)).astype(np.float32))
    pattern = np.asarray(low.resize((2500, 2500), Image.Resampling.BICUBIC)) < 0.25
    windows: list[Mask] = []
    tries = 0
    while len(windows) < 800:
        y, x = generator.integers(50, 2500 - 178, size=2)
        window = pattern[y : y + 128, x : x + 128]
        tries += 1
        if 0.2 < window.mean() < 0.3:
            windows.append(window)
    ours = [draw("context-encoder-random", 128, 128, number) for number in range(800)]
    for measure in (np.mean, _edges_down, _edges_across):
        a = np.array([measure(mask) for mask in windows])
        b = np.array([measure(mask) for mask in ours])
        # Windows of one pattern overlap: its own sampling error is about three times larger.
        error = sqrt(9 * standard_error(a) ** 2 + standard_error(b) ** 2)
        assert abs(a.mean() - b.mean()) < 4 * error
        assert error < 0.03 * a.mean(), "the comparison is too weak"


def _edges_down(mask: Mask) -> float:
    return float(np.mean(mask[1:] != mask[:-1]))


def _edges_across(mask: Mask) -> float:
    return float(np.mean(mask[:, 1:] != mask[:, :-1]))


# RePaint, NTIRE 2022, Palette


@pytest.mark.parametrize(("height", "width"), [(256, 256), (64, 96), (33, 47)])
def test_repaint_masks(height: int, width: int) -> None:
    y, x = np.indices((height, width))
    known = {
        "repaint-lines": y % 2 == 0,
        "repaint-nn2": (y % 2 == 0) & (x % 2 == 0),
        "repaint-half": x < width // 2,
    }
    for suite, kept in known.items():
        assert np.array_equal(draw(suite, height, width, 0), ~kept)
    rows, columns = np.nonzero(~draw("repaint-expand", height, width, 0))
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (height // 4, width // 4)
    assert abs(rows.mean() - (height - 1) / 2) <= 0.5
    assert abs(columns.mean() - (width - 1) / 2) <= 0.5


@pytest.mark.parametrize(
    ("suite", "published"),
    [
        ("repaint-lines", 0.5),
        ("repaint-nn2", 0.75),
        ("repaint-half", 0.5),
        ("repaint-expand", 0.9375),
        ("palette-center", 0.25),
    ],
)
def test_fixed_masks_cover_what_is_published(suite: str, published: float) -> None:
    assert draw(suite, 256, 256, 0).mean() == published


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_ntire22_lines(n: int) -> None:
    upright = 0
    for number in range(200):
        mask = draw("ntire22-lines", 60, 90, number, f"every-{n}")
        lines = mask if mask[0].all() else mask.T
        assert lines[::n].all()
        assert np.count_nonzero(lines) == lines.shape[1] * -(-lines.shape[0] // n)
        upright += lines is mask
    assert 65 < upright < 135


@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
def test_ntire22_completion(side: str) -> None:
    shares = []
    for number in range(500):
        mask = draw("ntire22-completion", 200, 100, number, side)
        lines = mask if side in ("top", "bottom") else mask.T
        assert (lines == lines[:, :1]).all()
        hole = lines[:, 0] if side in ("top", "left") else lines[::-1, 0]
        assert (np.diff(hole.astype(int)) <= 0).all(), "one cut, with the hole on that side"
        shares.append(hole.mean())
    share = np.array(shares)
    assert 0.2 - 0.01 <= share.min() < 0.22
    assert 0.78 < share.max() <= 0.8 + 0.01
    assert abs(share.mean() - 0.5) < 4 * standard_error(share) + 0.005


@pytest.mark.parametrize(("kind", "kept"), [("quarter", 128), ("third", 170), ("half", 256)])
def test_ntire22_expand(kind: str, kept: int) -> None:
    rows, columns = np.nonzero(~draw("ntire22-expand", 512, 700, 0, f"keep-{kind}"))
    assert (rows.min(), rows.max() + 1) == (256 - kept // 2, 256 + kept // 2)
    assert (columns.min(), columns.max() + 1) == (350 - kept // 2, 350 + kept // 2)
    assert rows.size == kept * kept


@pytest.mark.parametrize("n", [2, 3, 4])
def test_ntire22_nearest(n: int) -> None:
    mask = draw("ntire22-nearest", 240, 120, 0, f"scale-{n}")
    assert mask.mean() == pytest.approx(1 - 1 / n**2)
    assert not mask[::n, ::n].any()


def test_palette_center_runs_from_a_quarter_to_three_quarters() -> None:
    expected = np.zeros((256, 512), np.bool_)
    expected[64:192, 128:384] = True
    assert np.array_equal(draw("palette-center", 256, 512, 0), expected)


def test_palette_uncrop_takes_half_of_the_image() -> None:
    for kind, half in {
        "left": np.s_[:, :64],
        "right": np.s_[:, 64:],
        "top": np.s_[:32],
        "bottom": np.s_[32:],
    }.items():
        expected = np.zeros((64, 128), np.bool_)
        expected[half] = True
        assert np.array_equal(draw("palette-uncrop", 64, 128, 0, kind), expected)


@pytest.mark.parametrize(("box", "inside"), [("hole", True), ("known", False)])
def test_palette_uncrop_has_a_box_of_half_the_area(box: str, inside: bool) -> None:
    widths = set()
    for number in range(300):
        mask = draw(f"palette-uncrop[box={box}]", 256, 256, number, "box")
        filled = mask == inside
        rows, columns = np.nonzero(filled)
        assert filled[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].all()
        assert 0.496 <= mask.mean() <= 0.504
        widths.add(int(np.ptp(columns)) + 1)
    assert 128 <= min(widths) < 135
    assert 250 < max(widths) < 256


# Partial convolutions


PCONV_KINDS = registry.masks().plugins["pconv"].kinds


def test_pconv_has_six_bins_with_and_without_border_contact() -> None:
    bins = ["0.01-0.1", "0.1-0.2", "0.2-0.3", "0.3-0.4", "0.4-0.5", "0.5-0.6"]
    expected = [f"{each}-{where}" for each in bins for where in ("border", "inside")]
    assert list(PCONV_KINDS) == expected
    assert registry.masks().plugins["pconv-files"].kinds == PCONV_KINDS


@pytest.mark.parametrize(
    ("height", "width", "draws"), [(256, 256, 15), (512, 512, 3), (16, 16, 20), (31, 90, 20)]
)
@pytest.mark.parametrize("kind", PCONV_KINDS)
def test_pconv_draws_into_its_bin(kind: str, height: int, width: int, draws: int) -> None:
    low, high, where = kind.split("-")
    margin = max(min(height, width) * 50 // 512, 1)
    for number in range(draws):
        mask = draw("pconv", height, width, number, kind)
        statistics = mask_statistics(mask)
        assert float(low) < statistics.coverage <= float(high)
        assert statistics.border_contact == (where == "border")
        if where == "inside":
            outside = mask.copy()
            outside[margin : height - margin, margin : width - margin] = False
            assert not outside.any()


def test_pconv_fills_its_bins_evenly() -> None:
    for kind in PCONV_KINDS:
        low, high = (float(edge) for edge in kind.split("-")[:2])
        drawn = np.array([draw("pconv", 64, 64, n, kind).mean() for n in range(100)])
        below = float(np.mean(drawn < (low + high) / 2))
        assert 0.25 < below < 0.7


def mask_file(path: Path, share: float, hole: int) -> None:
    """Write a file of 100×100 whose first rows are holes."""
    from PIL import Image

    pixels = np.full((100, 100), 255 - hole, np.uint8)
    pixels[: round(100 * share)] = hole
    Image.fromarray(pixels).save(path)


def fill_cell(folder: Path, cell: int, share: float, hole: int) -> None:
    """Give a cell its thousand files, all the same."""
    first = folder / f"{1000 * cell:05}.png"
    mask_file(first, share, hole)
    for number in range(1000 * cell + 1, 1000 * cell + 1000):
        os.link(first, folder / f"{number:05}.png")


@pytest.mark.parametrize("hole", [0, 255], ids=["black", "white"])
@pytest.mark.parametrize(
    ("cell", "share"), [(0, 0.05), (3, 0.11), (8, 0.45), (9, 0.48), (10, 0.55), (11, 0.6)]
)
def test_pconv_files_knows_its_ranges_and_either_polarity(
    tmp_path: Path, cell: int, share: float, hole: int
) -> None:
    fill_cell(tmp_path, cell, share, hole)
    specification = f'pconv-files[path="{tmp_path}"]'
    mask = draw(specification, 100, 100, 0, PCONV_KINDS[cell])
    assert mask.mean() == pytest.approx(share)
    assert mask[0].all()
    small = draw(specification, 40, 50, 0, PCONV_KINDS[cell])
    assert small.shape == (40, 50)
    assert small.mean() == pytest.approx(share, abs=0.025)


def test_pconv_files_refuses_a_file_outside_its_bin(tmp_path: Path) -> None:
    fill_cell(tmp_path, 2, 0.35, 255)
    with pytest.raises(DataError, match=r"0\.350 of it is white.* covers 0\.1 to 0\.2"):
        draw(f'pconv-files[path="{tmp_path}"]', 64, 64, 0, PCONV_KINDS[2])


def test_pconv_files_says_what_to_download(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="download the irregular test masks from https://"):
        draw(f'pconv-files[path="{tmp_path}"]', 64, 64, 0)
    with pytest.raises(DataError, match="needs the folder"):
        draw("pconv-files", 64, 64, 0)


@pytest.mark.parametrize(
    "specification",
    [
        "context-encoder-center[overlap=32]",
        "context-encoder-center[overlap=-1]",
        "palette-uncrop[box=both]",
        "lama-thin[strokes=3]",
    ],
)
def test_refuses_a_bad_parameter(specification: str) -> None:
    with pytest.raises(BenchError):
        registry.masks().make(specification)
