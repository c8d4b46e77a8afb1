"""A person's own mask files, and masks that come with the images."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from mask_cases import Formula
from PIL import Image as pillow

from inpaintbench.datasets.base import Sample
from inpaintbench.datasets.folder import Folder as Images
from inpaintbench.images.errors import DataError
from inpaintbench.images.types import Mask
from inpaintbench.masks.folder import Folder
from inpaintbench.masks.paired import Paired
from inpaintbench.masks.random import RandomStream
from inpaintbench.planning.case import draw_mask, make_cases
from inpaintbench.plugins import registry
from inpaintbench.standalone.mask_export import export_masks

IMAGE = Formula(24, 36).load("00").image


@pytest.fixture
def hole() -> Mask:
    mask = np.zeros((24, 36), np.bool_)
    mask[5:12, 8:30] = True
    return mask


def write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pillow.fromarray(pixels).save(path)


def draw(suite: Folder, sample: str = "cat.jpg", seed: int = 0) -> Mask:
    return suite.draw(Sample(sample, IMAGE), "default", RandomStream(seed))


@pytest.mark.parametrize("name", ["cat.png", "cat_mask.png", "cat.bmp", "cat.TIF"])
def test_the_mask_of_an_image_has_its_name(tmp_path: Path, hole: Mask, name: str) -> None:
    write(tmp_path / name, hole.astype(np.uint8) * 255)
    write(tmp_path / "dog.png", ~hole)
    assert np.array_equal(draw(Folder(str(tmp_path)), "cat.jpg"), hole)
    assert np.array_equal(draw(Folder(str(tmp_path)), "cat"), hole)


def test_masks_lie_in_the_folders_that_the_images_lie_in(tmp_path: Path, hole: Mask) -> None:
    write(tmp_path / "day.1/cat.png", hole)
    assert np.array_equal(draw(Folder(str(tmp_path)), "day.1/cat.jpg"), hole)


@pytest.mark.parametrize(
    "values",
    [(0, 255), (0, 1), (10, 11)],
    ids=["black and white", "labels", "two greys"],
)
def test_any_two_values_are_binary(tmp_path: Path, hole: Mask, values: tuple[int, int]) -> None:
    write(tmp_path / "cat.png", np.where(hole, values[1], values[0]).astype(np.uint8))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(draw(Folder(str(tmp_path))), hole)
        assert np.array_equal(draw(Folder(str(tmp_path), hole="black")), ~hole)


def test_sixteen_bits_one_bit_and_colour(tmp_path: Path, hole: Mask) -> None:
    write(tmp_path / "deep.png", hole.astype(np.uint16) * 65535)
    write(tmp_path / "flat.png", hole)
    red = np.zeros((24, 36, 3), np.uint8)
    red[hole, 0] = 255
    write(tmp_path / "red.png", red)
    for name in ("deep", "flat", "red"):
        assert np.array_equal(draw(Folder(str(tmp_path)), name), hole), name


def test_other_masks_are_cut_at_half_with_a_warning(tmp_path: Path, hole: Mask) -> None:
    soft = np.where(hole, 255, 0).astype(np.uint8)
    soft[0, :4] = (127, 128, 3, 200)
    write(tmp_path / "cat.png", soft)
    with pytest.warns(UserWarning, match=r"cat.png: not a binary mask \(0\.5% .* cut at 128"):
        mask = draw(Folder(str(tmp_path)))
    assert list(mask[0, :5]) == [False, True, False, True, False]
    assert np.array_equal(mask[1:], hole[1:])


def test_a_pool_gives_every_file_and_takes_the_nearest_pixel(tmp_path: Path, hole: Mask) -> None:
    for number in range(4):
        small = np.zeros((12, 18), np.bool_)
        small[number : number + 3, 2:5] = True
        write(tmp_path / f"deep/{number}.png", small)
    suite = Folder(str(tmp_path), match="pool")
    masks = [draw(suite, "any", seed) for seed in range(40)]
    assert {int(np.argmax(mask.any(axis=1))) for mask in masks} == {0, 2, 4, 6}
    assert all(mask.shape == (24, 36) and mask.sum() == 4 * 9 for mask in masks)
    assert np.array_equal(draw(suite, "any", 3), masks[3])


def test_a_mask_that_was_replaced_is_read_again(tmp_path: Path, hole: Mask) -> None:
    import os

    suite = Folder(str(tmp_path))
    write(tmp_path / "cat.png", hole)
    first = draw(suite)
    write(tmp_path / "cat.png", ~hole)
    os.utime(tmp_path / "cat.png", ns=(1, 1))
    assert np.array_equal(draw(suite), ~first)


def case_ids(suite: Folder, count: int = 1) -> list[str]:
    """Ids of the cases of two images, as a run keys its results."""
    cases = make_cases(("", Formula(24, 36)), ["cat", "dog"], ("", suite), count, 0)
    return [case.id for case in cases]


def test_a_mask_that_was_replaced_makes_a_new_case(tmp_path: Path, hole: Mask) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        write(folder / "cat.png", hole)
        write(folder / "dog.png", hole)
    before = case_ids(Folder(str(here)))
    assert case_ids(Folder(str(there))) == before  # where the files lie doesn't matter
    write(here / "cat.png", ~hole)
    cat, dog = case_ids(Folder(str(here)))
    assert cat != before[0]
    assert dog == before[1]


def test_a_mask_of_a_pool_that_was_replaced_makes_new_cases(tmp_path: Path, hole: Mask) -> None:
    for number in range(4):
        write(tmp_path / f"{number}.png", np.roll(hole, number, 1))
    suite = Folder(str(tmp_path), match="pool")
    before = case_ids(suite, 8)
    drawn = [mask_of(suite, sample, index) for sample in ("cat", "dog") for index in range(8)]
    write(tmp_path / "2.png", np.roll(hole, 5, 1))
    changed = [new != old for new, old in zip(case_ids(suite, 8), before, strict=True)]
    assert changed == [np.array_equal(mask, np.roll(hole, 2, 1)) for mask in drawn]
    assert any(changed)


def mask_of(suite: Folder, sample: str, index: int) -> Mask:
    dataset = Formula(24, 36)
    return draw_mask(dataset, Sample(sample, IMAGE), suite, index, 0)


def test_a_mask_that_is_not_binary_is_told_before_a_run_begins(tmp_path: Path, hole: Mask) -> None:
    for name in ("cat", "dog"):
        write(tmp_path / f"{name}.png", hole.astype(np.uint8) * 255)
    soft = hole.astype(np.uint8) * 255
    soft[5] = 100
    write(tmp_path / "dog.png", soft)
    with pytest.warns(UserWarning, match=r"dog\.png: not a binary mask"):
        case_ids(Folder(str(tmp_path)))


def test_an_images_own_mask_makes_one_case(tmp_path: Path, hole: Mask) -> None:
    for name in ("cat", "dog"):
        write(tmp_path / f"{name}.png", hole)
    assert len(case_ids(Folder(str(tmp_path)), 5)) == 2
    assert len(case_ids(Folder(str(tmp_path), match="pool"), 5)) == 10
    assert Paired().count(5) == 1


def test_a_missing_mask_is_told_before_a_run_begins(tmp_path: Path, hole: Mask) -> None:
    write(tmp_path / "cat.png", hole)
    with pytest.raises(DataError, match="dog: no mask for it"):
        case_ids(Folder(str(tmp_path)))


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda d: write(d / "x.png", np.eye(9, dtype=bool)), "no mask for it, .*/cat.png"),
        (lambda d: None, "no masks in it"),
        (
            lambda d: write(d / "cat.png", np.eye(36, dtype=bool)),
            "is 36 x 36, but its image .* 36 x 24",
        ),
        (
            lambda d: write(d / "cat.png", np.zeros((24, 36), bool)),
            "none of it is hole.*hole=black",
        ),
        (lambda d: write(d / "cat.png", np.ones((24, 36), bool)), "all of it is hole.*hole=black"),
        (lambda d: (d / "cat.png").write_text("no image"), "not an image"),
    ],
)
def test_a_mask_that_is_no_use_is_refused_in_a_line(
    tmp_path: Path, prepare: object, message: str
) -> None:
    prepare(tmp_path)  # type: ignore[operator]
    with pytest.raises(DataError, match=message) as error:
        draw(Folder(str(tmp_path)))
    assert "\n" not in str(error.value)


def test_a_missing_folder_and_an_empty_pool_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"folder\[path=…\]"):
        draw(Folder())
    with pytest.raises(DataError, match="no such folder"):
        draw(Folder(str(tmp_path / "nowhere"), match="pool"))
    with pytest.raises(DataError, match="nowhere: no such folder"):
        draw(Folder(str(tmp_path / "nowhere")))
    with pytest.raises(DataError, match="no masks in it"):
        draw(Folder(str(tmp_path), match="pool"))


COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("my photo [1].png", "my photo [1].png"),
        ("my photo [1].png", "my photo [1]_mask.bmp"),
        ("day [1]/\u65e5\u672c.jpg", "day [1]/\u65e5\u672c.png"),
        (f"{COMPOSED}.png", f"{DECOMPOSED}.png"),
        (f"{DECOMPOSED} 1.png", f"{COMPOSED} 1.png"),
        ("a.Png", "a.pNg"),
        ("a.jpg", "a.Tif"),
        ("a.jpg", "a.jpg_mask.png"),
        ("a.jpg", "a.jpg.png"),
    ],
)
def test_odd_names_are_found_in_every_way_of_giving_masks(
    tmp_path: Path, hole: Mask, image: str, mask: str
) -> None:
    write(tmp_path / "images/a.png", IMAGE[..., 0])
    (tmp_path / "images" / image).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "images/a.png").rename(tmp_path / "images" / image)
    write(tmp_path / "m.png", hole)
    (tmp_path / "masks" / mask).parent.mkdir(parents=True)
    (tmp_path / "m.png").rename(tmp_path / "masks" / mask)
    images, masks = str(tmp_path / "images"), str(tmp_path / "masks")
    (sample,) = Images(path=images).ids()
    assert np.array_equal(draw(Folder(masks), sample), hole)
    assert np.array_equal(Images(path=images, masks=masks).load(sample).mask, hole)


def test_exported_masks_are_found_again(tmp_path: Path) -> None:
    for name in ("my photo [1].png", "a.png", "a.jpg", "day 1/b.png"):
        write(tmp_path / "images" / name, IMAGE[..., 0])
    images = Images(path=str(tmp_path / "images"))
    suite = registry.masks().make("small-holes")
    export_masks(images, suite, images.ids(), 1, 0, tmp_path / "masks")
    again = Folder(str(tmp_path / "masks"))
    again.check(images.ids())
    paired = Images(path=images.path, masks=again.path)
    for sample in images.ids():
        wanted = draw_mask(images, images.load(sample), suite, 0, 0)
        assert np.array_equal(draw(again, sample), wanted)
        assert np.array_equal(paired.load(sample).mask, wanted)


def test_a_mask_that_two_images_could_mean_is_refused(tmp_path: Path, hole: Mask) -> None:
    write(tmp_path / "a.png", hole)
    cases = ("", Formula(24, 36)), ["a.jpg", "a.png"], ("", Folder(str(tmp_path))), 1, 0
    with pytest.raises(DataError, match=r"a\.png: a\.jpg or a\.png could be meant"):
        list(make_cases(*cases))
    write(tmp_path / "a.jpg_mask.png", hole)
    assert len(list(make_cases(*cases))) == 2


def test_a_mask_of_a_pool_that_is_lost_when_scaled_is_refused(tmp_path: Path) -> None:
    dot = np.zeros((240, 360), np.bool_)
    dot[0, 0] = True
    write(tmp_path / "dot.png", dot)
    with pytest.raises(DataError, match=r"scaled from 360 x 240 to 36 x 24 .*none of it is hole"):
        draw(Folder(str(tmp_path), match="pool"))


def test_paired_is_the_samples_own_mask(hole: Mask) -> None:
    suite = registry.masks().make("paired")
    drawn = suite.draw(Sample("cat", IMAGE, hole), "default", RandomStream(0))
    assert np.array_equal(drawn, hole)
    with pytest.raises(DataError, match="cat has no mask of its own"):
        Paired().draw(Sample("cat", IMAGE), "default", RandomStream(0))
