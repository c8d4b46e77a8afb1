"""Each suite of the project's own draws what its docstring says, at any size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from mask_cases import Formula
from scipy.ndimage import label

from inpaintbench.images.types import Mask
from inpaintbench.masks.drawing import fill_box
from inpaintbench.masks.random import RandomStream
from inpaintbench.masks.statistics import mask_statistics
from inpaintbench.masks.stroke_font import GLYPHS, draw_text, text_width
from inpaintbench.plugins import registry

SIZES = [(256, 256), (512, 512), (32, 32), (97, 211)]


def masks(
    specification: str, kind: str, size: tuple[int, int] = (256, 256), count: int = 30
) -> Iterator[Mask]:
    suite = registry.masks().make(specification)
    sample = Formula(*size).load("00")
    for number in range(count):
        yield suite.draw(sample, kind, RandomStream(specification, kind, *size, number))


def coverages(specification: str, kind: str, size: tuple[int, int]) -> list[float]:
    return [float(mask.mean()) for mask in masks(specification, kind, size)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("suite", "kind", "low", "high"),
    [
        ("small-holes", "holes", 0.01, 0.05),
        ("small-holes", "scratches", 0.01, 0.05),
        ("small-holes", "text", 0.01, 0.05),
        ("large-regions", "centre-box", 0.2, 0.6),
        ("large-regions", "random-box", 0.2, 0.6),
        ("large-regions", "outer-frame", 0.2, 0.6),
        ("large-regions", "thick-strokes", 0.2, 0.6),
        ("textures", "high-energy", 0.05, 0.2),
        ("textures", "noise-threshold", 0.2, 0.5),
        ("textures", "mesh", 0.12, 0.75),
        ("scratches", "film", 0.005, 0.04),
        ("scratches", "surface", 0.005, 0.04),
        ("dust", "specks", 0.003, 0.03),
        ("dust", "fibres", 0.003, 0.03),
        ("dust", "blotches", 0.003, 0.03),
    ],
)
def test_coverage_lies_in_the_stated_range_and_fills_it(
    suite: str, kind: str, low: float, high: float, size: tuple[int, int]
) -> None:
    drawn = coverages(suite, kind, size)
    one_shape = 8 / (size[0] * size[1])  # where the next shape would exceed the range
    assert low - one_shape <= min(drawn)
    assert max(drawn) <= high
    if min(size) > 32:  # a tiny image has room for few shapes
        assert np.ptp(drawn) > 0.5 * (high - low)


def test_parameters_move_the_coverage() -> None:
    for mask in masks("small-holes[min_coverage=0.2,max_coverage=0.3]", "holes"):
        assert 0.2 <= mask.mean() <= 0.3
    for mask in masks("large-regions[min_coverage=0.25,max_coverage=0.26]", "outer-frame"):
        assert 0.25 <= mask.mean() <= 0.26


def test_holes_have_the_stated_radii() -> None:
    for mask in masks("small-holes", "holes"):
        assert mask_statistics(mask).thickness >= 2
        areas = np.bincount(label(mask)[0].ravel())[1:]
        assert areas.min() <= np.pi * 12.5**2


def test_scratches_are_thin_and_thick_strokes_thick() -> None:
    assert max(mask_statistics(m).thickness for m in masks("small-holes", "scratches")) <= 5
    assert max(mask_statistics(m).thickness for m in masks("scratches", "film")) <= 4
    assert min(mask_statistics(m).thickness for m in masks("large-regions", "thick-strokes")) >= 10


@pytest.mark.parametrize("size", [(64, 64), (33, 47)])
def test_half_is_a_side_and_every_side_is_drawn(size: tuple[int, int]) -> None:
    drawn = {mask.tobytes() for mask in masks("large-regions", "half", size, 40)}
    height, width = size
    boxes = [
        (0, 0, height // 2, width),
        (height - height // 2, 0, height // 2, width),
        (0, 0, height, width // 2),
        (0, width - width // 2, height, width // 2),
    ]
    wanted = set()
    for box in boxes:
        mask = np.zeros(size, np.bool_)
        fill_box(mask, *box)
        wanted.add(mask.tobytes())
    assert drawn == wanted


@pytest.mark.parametrize("size", [(64, 64), (33, 48)])
def test_boxes_are_boxes_and_frames_leave_one(size: tuple[int, int]) -> None:
    for kind in ("centre-box", "random-box", "outer-frame"):
        for mask in masks("large-regions", kind, size):
            box = ~mask if kind == "outer-frame" else mask
            rows, columns = np.flatnonzero(box.any(axis=1)), np.flatnonzero(box.any(axis=0))
            assert box.sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
            if kind != "random-box":
                assert abs(rows[0] - (size[0] - 1 - rows[-1])) <= 1
                assert abs(columns[0] - (size[1] - 1 - columns[-1])) <= 1


def test_high_energy_holes_lie_where_the_texture_is() -> None:
    for mask in masks("textures", "high-energy", (256, 256)):
        textured = mask[:, 128 - 25 :].sum()
        assert textured == mask.sum(), "the left half is flat"


def test_an_image_without_texture_gets_holes_anywhere() -> None:
    from inpaintbench.datasets.base import Sample

    suite = registry.masks().make("textures")
    flat = Sample("flat", np.full((128, 128, 1), 80, np.uint8))
    drawn = [suite.draw(flat, "high-energy", RandomStream(n)) for n in range(60)]
    assert np.mean([mask[:, :64].mean() for mask in drawn]) == pytest.approx(
        np.mean([mask[:, 64:].mean() for mask in drawn]), rel=0.35
    )


def test_texture_energy_is_the_sum_of_differences() -> None:
    from inpaintbench.masks.textures import texture_energy

    image = Formula(21, 30, 3, 16).load("03").image
    grey = image.astype(np.int64).sum(axis=2)
    change = np.zeros(grey.shape, np.int64)
    change[1:] += np.abs(grey[1:] - grey[:-1])
    change[:, 1:] += np.abs(grey[:, 1:] - grey[:, :-1])
    energy = texture_energy(image, 8)
    assert energy.shape == (3, 4)
    assert energy[1, 2] == change[8:16, 16:24].sum()
    assert energy[2, 3] == change[16:, 24:].sum()


def test_lines_alternate() -> None:
    for mask in masks("textures", "lines", (48, 64)):
        profile = mask[:, 0] if (mask == mask[:, :1]).all() else mask[0]
        changes = np.flatnonzero(np.diff(profile.astype(int)))
        assert len(set(np.diff(changes))) <= 1


@pytest.mark.parametrize("percent", [1, 50, 80, 90, 95, 99])
def test_dropout_is_exact(percent: int) -> None:
    for mask in masks(f"pixel-dropout[percent={percent}]", "default", (31, 47), 3):
        assert mask.sum() == int(percent * 31 * 47 / 100 + 0.5)


def test_dropout_is_spread_evenly() -> None:
    mean = np.mean(list(masks("pixel-dropout[percent=50]", "default", (16, 16), 400)), axis=0)
    assert np.abs(mean - 0.5).max() < 5 * np.sqrt(0.25 / 400)


@pytest.mark.parametrize("size", [(256, 256), (64, 64)])
def test_objects_have_the_sizes_of_coco(size: tuple[int, int]) -> None:
    drawn = [mask.mean() for mask in masks("object-shapes", "compact", size, 300)]
    assert min(drawn) >= 0.9 * 32**2 / (640 * 480)
    assert max(drawn) <= 350**2 / (640 * 480) + 0.01
    medium = np.mean([coverage <= 96**2 / (640 * 480) for coverage in drawn])
    assert medium == pytest.approx(34 / 58, abs=4 * np.sqrt(0.25 / 300))


def test_objects_are_one_piece() -> None:
    for kind in ("compact", "elongated"):
        assert all(label(mask)[1] == 1 for mask in masks("object-shapes", kind, (200, 300)))


def test_elongated_objects_are_longer_than_compact_ones() -> None:
    def stretch(mask: Mask) -> float:
        y, x = np.nonzero(mask)
        low, high = np.linalg.eigvalsh(np.cov(y, x))
        return float(np.sqrt(high / low))

    compact = np.mean([stretch(m) for m in masks("object-shapes", "compact")])
    elongated = np.mean([stretch(m) for m in masks("object-shapes", "elongated")])
    assert compact < 1.8 < 2.2 < elongated


def test_folds_cross_the_whole_image() -> None:
    for mask in masks("fold-lines", "fold", (96, 160)):
        assert mask.any(axis=0).all() or mask.any(axis=1).all()
    for mask in masks("fold-lines", "fold-in-four", (96, 160)):
        assert mask.any(axis=0).all()
        assert mask.any(axis=1).all()


def test_a_torn_corner_lacks_a_corner() -> None:
    for mask in masks("fold-lines", "torn-corner", (96, 160)):
        assert mask[0, 0] or mask[0, -1] or mask[-1, 0] or mask[-1, -1]
        assert mask_statistics(mask).thickness >= 8


def test_text_is_written_where_it_belongs() -> None:
    for mask in masks("text-overlay", "date-stamp"):
        assert not mask[:, :100].any()
        assert not mask[:128].any()
    for mask in masks("text-overlay", "caption"):
        assert not mask[90:150].any()
    for mask in masks("text-overlay", "page"):
        assert mask[:40].any()
        assert mask[-40:].any()


def test_every_letter_is_different_and_drawn_within_its_width() -> None:
    drawn = {}
    for character in GLYPHS:
        mask = np.zeros((80, 80), np.bool_)
        draw_text(mask, character, 20, 20, 36, 3)
        columns = np.flatnonzero(mask.any(axis=0))
        assert columns[0] >= 18
        assert columns[-1] <= 20 + text_width(character) * 3 + 2
        drawn[character] = mask.tobytes()
    assert len(set(drawn.values())) == len(GLYPHS)


def test_text_is_as_wide_as_stated() -> None:
    mask = np.zeros((40, 400), np.bool_)
    draw_text(mask, "Hill and sea", 5, 10, 12, 1)
    columns = np.flatnonzero(mask.any(axis=0))
    assert columns[-1] - columns[0] == pytest.approx(text_width("Hill and sea"), abs=2)
    assert text_width("") == 0
