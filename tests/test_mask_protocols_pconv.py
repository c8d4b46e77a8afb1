"""The partial-convolution masks: drawn to their bins, and read from the published files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from protocol_draws import draw

from inpaintbench.images.errors import DataError
from inpaintbench.masks.random import RandomStream
from inpaintbench.masks.statistics import mask_statistics
from inpaintbench.plugins import registry

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


def test_pconv_files_stand_for_their_content_in_keys(tmp_path: Path) -> None:
    fill_cell(tmp_path, 2, 0.15, 255)
    suite = registry.masks().make(f'pconv-files[path="{tmp_path}"]')

    def fingerprint() -> str:
        return suite.fingerprint("any", PCONV_KINDS[2], RandomStream("fingerprint"))

    before = fingerprint()
    assert before
    mask_file(tmp_path / "02000.png", 0.16, 255)  # the thousand files are one, linked
    assert fingerprint() != before


def test_pconv_files_says_what_to_download(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="download the irregular test masks from https://"):
        draw(f'pconv-files[path="{tmp_path}"]', 64, 64, 0)
    with pytest.raises(DataError, match="needs the folder"):
        draw("pconv-files", 64, 64, 0)
