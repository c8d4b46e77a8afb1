"""The protocols of fixed shapes and patterns: exactly the pixels of their sources."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from protocol_draws import coverages, draw, standard_error

from inpaintbench.images.types import Mask

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
