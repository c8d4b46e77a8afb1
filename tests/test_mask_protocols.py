"""The published protocols draw what their sources draw, by the figures measured on the sources."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

import numpy as np
import pytest
from protocol_draws import coverages, draw, standard_error

from inpaintbench.errors import BenchError
from inpaintbench.masks import comodgan, deepfill, lama
from inpaintbench.masks.canvas import Canvas
from inpaintbench.masks.random import RandomStream
from inpaintbench.masks.statistics import mask_statistics
from inpaintbench.planning.case import array_sha256
from inpaintbench.plugins import registry

DRAWS = 1000
ERRORS = 3
"""Standard errors of as many draws by which a mean may be off: what 4 are of 2,000."""

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


@pytest.mark.slow
@pytest.mark.parametrize(("specification", "side", "published", "rounding"), MEAN_COVERAGE)
def test_covers_as_much_as_the_source(
    specification: str, side: int, published: float, rounding: float
) -> None:
    drawn = coverages(specification, side, DRAWS)
    assert abs(drawn.mean() - published) < ERRORS * standard_error(drawn) + rounding


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
    assert abs(rejected.mean() - published) < ERRORS * standard_error(rejected) + 0.005


class Recorder(Canvas):
    """A canvas that remembers what was drawn on it; of lines, no more than a dot is."""

    drawn: list[Recorder]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.lines: list[tuple[Any, Any]] = []
        self.boxes: list[tuple[int, int, int, int]] = []
        self.drawn.append(self)

    def draw_polylines(self, lines: Any) -> None:
        self.lines += lines
        if lines:
            super().fill_box(0, 0, 1, 1)

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
