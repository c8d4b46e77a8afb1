"""A person's own images, masks and pairs."""

from __future__ import annotations

import warnings
from pathlib import Path

import dataset_files
import numpy as np
import pytest
from PIL import Image

from inpaintbench.datasets.damaged import Damaged
from inpaintbench.datasets.folder import Folder
from inpaintbench.datasets.pairs import Pairs
from inpaintbench.images.errors import DataError
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.planning.plan import make_plan
from inpaintbench.plugins import registry


def test_images_are_found_at_every_depth_in_natural_order(tmp_path: Path) -> None:
    names = ["b/2.png", "b/10.png", "a10.JPG", "a9.tiff", ".hidden/x.png", "b/.y.png", "read.txt"]
    for name in names:
        if name.endswith("txt"):
            (tmp_path / name).write_text("no image")
        else:
            dataset_files.write_image(tmp_path / name, dataset_files.noise(1))
    assert Folder(path=str(tmp_path)).ids() == ["a9.tiff", "a10.JPG", "b/2.png", "b/10.png"]


def test_odd_names_become_plain_ids_and_stay_apart(tmp_path: Path) -> None:
    names = ["été 1.png", "ete_1.png", "_t_ 1.png", "_t__1.png"]
    for seed, name in enumerate(names):
        dataset_files.write_image(tmp_path / name, dataset_files.noise(seed))
    dataset = Folder(path=str(tmp_path))
    ids = dataset.ids()
    assert len(set(ids)) == 4
    assert {"ete_1.png", "_t__1.png"} < set(ids)
    loaded = {dataset.load(sample).image.tobytes() for sample in ids}
    assert loaded == {dataset_files.noise(seed).tobytes() for seed in range(4)}


def test_a_mask_beside_its_image_belongs_to_it(tmp_path: Path) -> None:
    dataset_files.folder(tmp_path)
    dataset = Folder(path=str(tmp_path))
    assert [name[:8] for name in dataset.ids()] == ["photo_2-", "photo_10", "trip/har"]
    mask = dataset.load("trip/harbour.png").mask
    assert mask is not None
    np.testing.assert_array_equal(mask, dataset_files.hole(12, 10)[..., 0] > 0)
    assert [dataset.load(i).mask for i in dataset.ids()[:2]] == [None, None]


def test_a_lone_file_called_mask_is_an_image(tmp_path: Path) -> None:
    dataset_files.write_image(tmp_path / "carnival_mask.png", dataset_files.noise(1))
    assert Folder(path=str(tmp_path)).ids() == ["carnival_mask.png"]


@pytest.mark.parametrize("where", ["photos/masks", "masks"])
@pytest.mark.parametrize("name", ["trip/a.tif", "trip/a_mask.png"])
def test_masks_may_lie_in_a_folder_of_their_own(where: str, name: str, tmp_path: Path) -> None:
    dataset_files.write_image(tmp_path / "photos/trip/a.jpg", dataset_files.noise(1))
    dataset_files.write_image(tmp_path / where / name, dataset_files.hole(12, 10))
    dataset = Folder(path=str(tmp_path / "photos"), masks=str(tmp_path / where))
    assert dataset.ids() == ["trip/a.jpg"]
    mask = dataset.load("trip/a.jpg").mask
    assert mask is not None
    assert mask.sum() == 9
    black = Folder(path=str(tmp_path / "photos"), masks=str(tmp_path / where), hole="black")
    np.testing.assert_array_equal(black.load("trip/a.jpg").mask, ~mask)


def test_a_missing_mask_and_one_of_another_size_are_refused(tmp_path: Path) -> None:
    dataset_files.write_image(tmp_path / "a.png", dataset_files.noise(1))
    with pytest.raises(DataError, match=r"no mask for it.*a\.png"):
        Folder(path=str(tmp_path), masks=str(tmp_path / "masks")).load("a.png")
    dataset_files.write_image(tmp_path / "a_mask.png", dataset_files.hole(20, 30))
    with pytest.raises(DataError, match=r"mask is 30 x 20, but its image a\.png is 10 x 12"):
        Folder(path=str(tmp_path)).load("a.png")


def test_large_images_are_shrunk_with_their_masks(tmp_path: Path) -> None:
    dataset_files.write_image(tmp_path / "a.png", dataset_files.noise(1, 40, 80))
    dataset_files.write_image(tmp_path / "a_mask.png", dataset_files.hole(40, 80))
    sample = Folder(path=str(tmp_path), longest=20).load("a.png")
    assert sample.image.shape == (10, 20, 3)
    assert sample.mask is not None
    assert np.argwhere(sample.mask).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert "at most 20 px" in Folder(path=str(tmp_path), longest=20).preparation


def test_an_image_turned_by_exif_meets_its_upright_mask(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(dataset_files.noise(1, 10, 12)).save(tmp_path / "a.png", exif=exif)
    dataset_files.write_image(tmp_path / "a_mask.png", dataset_files.hole(12, 10))
    sample = Folder(path=str(tmp_path)).load("a.png")
    assert sample.image.shape == (12, 10, 3)
    assert sample.mask is not None


def test_the_fingerprint_follows_the_files_and_not_their_place(tmp_path: Path) -> None:
    for place in ("here", "there"):
        dataset_files.write_image(tmp_path / place / "a.png", dataset_files.noise(1))
    here, there = (Folder(path=str(tmp_path / place)) for place in ("here", "there"))
    assert here.fingerprint("a.png") == there.fingerprint("a.png")
    before = here.fingerprint("a.png")
    dataset_files.write_image(tmp_path / "here/a_mask.png", dataset_files.hole(12, 10))
    with_mask = here.fingerprint("a.png")
    dataset_files.write_image(tmp_path / "here/a.png", dataset_files.noise(2, 30, 30))
    assert len({before, with_mask, here.fingerprint("a.png")}) == 3
    assert set(Folder.locations) == {"path", "masks"}


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ("folder", r"folder\[path=…\]"),
        ("damaged", r"damaged\[path=…\]"),
        ("pairs", r"pairs\[path=…\]"),
        ("folder[path=/nowhere]", "/nowhere: no such folder"),
        ("pairs[path=/nowhere]", "/nowhere/reference: no such folder"),
    ],
)
def test_a_folder_that_is_not_there_is_one_clear_line(specification: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        registry.datasets().make(specification).ids()


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no images in it"):
        Folder(path=str(tmp_path)).ids()


@pytest.mark.parametrize(("suite", "warned"), [("paired", False), ("object-shapes", True)])
def test_holes_drawn_on_damaged_pictures_are_warned_of(
    tmp_path: Path, suite: str, warned: bool
) -> None:
    dataset_files.damaged(tmp_path)
    text = f"damaged[path={tmp_path}]"
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        make_plan(Benchmark("mine", (text,), (suite,), ("telea",), ("seam",)))
    assert ["holes of its own" in str(each.message) for each in told] == [True] * warned


def test_damaged_pictures_have_a_mask_and_no_reference(tmp_path: Path) -> None:
    dataset_files.damaged(tmp_path)
    dataset = Damaged(path=str(tmp_path))
    assert not dataset.has_reference
    assert Folder(path=str(tmp_path)).has_reference
    assert dataset.load("bench.png").mask is not None
    dataset_files.write_image(tmp_path / "unmasked.png", dataset_files.noise(1))
    assert dataset.ids() == ["bench.png", "unmasked.png"]
    with pytest.raises(DataError, match=r"unmasked\.png: no mask for it"):
        dataset.load("unmasked.png")


def test_the_hole_of_a_pair_is_where_it_differs(tmp_path: Path) -> None:
    dataset_files.pairs(tmp_path)
    sample = Pairs(path=str(tmp_path)).load("a.png")
    np.testing.assert_array_equal(sample.image, dataset_files.noise(6))
    np.testing.assert_array_equal(sample.mask, dataset_files.hole(12, 10)[..., 0] > 0)


def test_small_differences_are_within_the_tolerance(tmp_path: Path) -> None:
    reference = np.full((8, 8, 1), 100, np.uint8)
    copy = reference.copy()
    copy[0] += 10
    copy[1] += 11
    dataset_files.write_image(tmp_path / "reference/a.png", reference)
    dataset_files.write_image(tmp_path / "damaged/a.png", copy)
    rows = {t: Pairs(path=str(tmp_path), tolerance=t).load("a.png").mask for t in (0, 10)}
    assert [mask.any(axis=1).sum() for mask in rows.values() if mask is not None] == [2, 1]
    with pytest.raises(DataError, match="differs from its reference nowhere"):
        Pairs(path=str(tmp_path), tolerance=11).load("a.png")


def test_a_given_mask_is_used_in_place_of_the_difference(tmp_path: Path) -> None:
    dataset_files.pairs(tmp_path)
    mask = dataset_files.hole(12, 10)
    mask[0] = 255
    before = Pairs(path=str(tmp_path)).fingerprint("a.png")
    dataset_files.write_image(tmp_path / "masks/a.bmp", mask)
    np.testing.assert_array_equal(Pairs(path=str(tmp_path)).load("a.png").mask, mask[..., 0] > 0)
    assert Pairs(path=str(tmp_path)).fingerprint("a.png") != before


def test_pairs_that_do_not_match_are_refused(tmp_path: Path) -> None:
    dataset_files.write_image(tmp_path / "reference/a.png", dataset_files.noise(1))
    with pytest.raises(DataError, match="no damaged copy"):
        Pairs(path=str(tmp_path)).load("a.png")
    dataset_files.write_image(tmp_path / "damaged/a.png", dataset_files.noise(1, 9, 9))
    with pytest.raises(DataError, match=r"is 9 x 9, but its reference a\.png is 10 x 12"):
        Pairs(path=str(tmp_path)).load("a.png")
    dataset_files.write_image(tmp_path / "damaged/a.png", 255 - dataset_files.noise(1))
    with pytest.raises(DataError, match="everywhere"):
        Pairs(path=str(tmp_path)).load("a.png")
    Image.fromarray(np.zeros((12, 10), np.uint16)).save(tmp_path / "damaged/a.png")
    with pytest.raises(DataError, match=r"is uint16, but its reference a\.png is uint8"):
        Pairs(path=str(tmp_path)).load("a.png")


@pytest.mark.parametrize(
    "wrong", ["folder[longest=0]", "pairs[tolerance=255]", "pairs[tolerance=-1]", "kodak[size=0]"]
)
def test_impossible_parameters_are_refused(wrong: str) -> None:
    with pytest.raises(Exception, match="must be"):
        registry.datasets().make(wrong)


def test_two_masks_or_two_images_of_one_name_are_refused(tmp_path: Path) -> None:
    photos, masks = tmp_path / "photos", tmp_path / "masks"
    dataset_files.write_image(photos / "p0.png", dataset_files.noise(1))
    dataset_files.write_image(masks / "p0.bmp", dataset_files.hole(12, 10))
    dataset = Folder(path=str(photos), masks=str(masks))
    assert dataset.load("p0.png").mask is not None
    for other in ("p0.png", "p0_mask.png"):
        dataset_files.write_image(masks / other, dataset_files.hole(12, 10))
        with pytest.raises(DataError, match=rf"p0\.bmp: {other} is there too.*keep one of them"):
            dataset.load("p0.png")
        (masks / other).unlink()
    dataset_files.write_image(photos / "p0.jpg", dataset_files.noise(1))
    assert dataset.ids() == ["p0.jpg", "p0.png"]
    with pytest.raises(DataError, match=r"p0\.png is there too"):
        dataset.load("p0.jpg")
    assert Folder(path=str(photos)).load("p0.jpg").mask is None


def test_two_copies_or_two_references_of_one_name_are_refused(tmp_path: Path) -> None:
    dataset_files.pairs(tmp_path)
    dataset_files.write_image(tmp_path / "damaged/a.bmp", dataset_files.noise(1))
    with pytest.raises(DataError, match=r"a\.bmp: a\.png is there too"):
        Pairs(path=str(tmp_path)).load("a.png")
    (tmp_path / "damaged/a.bmp").unlink()
    dataset_files.write_image(tmp_path / "reference/a.bmp", dataset_files.noise(1))
    with pytest.raises(DataError, match=r"a\.bmp: a\.png is there too"):
        Pairs(path=str(tmp_path)).load("a.png")


def test_linked_folders_are_searched_each_once(tmp_path: Path) -> None:
    dataset_files.write_image(tmp_path / "disk/day/1.png", dataset_files.noise(1))
    dataset_files.write_image(tmp_path / "photos/own/2.png", dataset_files.noise(2))
    (tmp_path / "photos/a-link").symlink_to(tmp_path / "disk")
    (tmp_path / "photos/another").symlink_to(tmp_path / "disk/day")
    (tmp_path / "photos/to-own").symlink_to(tmp_path / "photos/own")
    (tmp_path / "disk/back").symlink_to(tmp_path / "photos")
    assert Folder(path=str(tmp_path / "photos")).ids() == ["a-link/day/1.png", "own/2.png"]
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    assert Folder(path=str(tmp_path / "link")).ids() == ["a-link/day/1.png", "own/2.png"]


@pytest.mark.parametrize("dataset", ["folder", "paired"])
def test_masks_of_ones_are_holes_wherever_they_lie(dataset: str, tmp_path: Path) -> None:
    ones = (dataset_files.hole(12, 10) > 0).astype(np.uint8)
    dataset_files.write_image(tmp_path / "a.png", dataset_files.noise(1))
    masks = tmp_path / "m" if dataset == "folder" else None
    place = tmp_path / "m/a.png" if masks else tmp_path / "a_mask.png"
    dataset_files.write_image(place, ones)
    sample = Folder(path=str(tmp_path), masks=masks and str(masks)).load("a.png")
    np.testing.assert_array_equal(sample.mask, ones[..., 0] > 0)


def test_masks_among_the_images_are_left_out_however_their_folder_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_files.write_image(tmp_path / "in/a.png", dataset_files.noise(1))
    dataset_files.write_image(tmp_path / "in/masks/a.png", dataset_files.hole(12, 10))
    (tmp_path / "link").symlink_to(tmp_path / "in/masks")
    monkeypatch.chdir(tmp_path)
    for masks in ("in/masks", str(tmp_path / "in/masks"), "in/../in/masks", "link"):
        dataset = Folder(path="in", masks=masks)
        assert dataset.ids() == ["a.png"]
        assert dataset.load("a.png").mask is not None


def test_names_of_one_spelling_are_refused_where_only_their_code_points_differ(
    tmp_path: Path,
) -> None:
    for name in ("caf\u00e9.png", "cafe\u0301.png"):
        dataset_files.write_image(tmp_path / name, dataset_files.noise(1))
    if len(list(tmp_path.iterdir())) == 2:  # where the file system tells them apart
        with pytest.raises(DataError, match="is there too"):
            Folder(path=str(tmp_path)).ids()


def test_a_mask_of_one_value_is_refused_with_its_file(tmp_path: Path) -> None:
    dataset_files.write_image(tmp_path / "a.png", dataset_files.noise(1))
    dataset_files.write_image(tmp_path / "a_mask.png", np.full((12, 10, 1), 255, np.uint8))
    with pytest.raises(DataError, match=r"a_mask\.png: all of it is hole.*hole=black.*one value"):
        Folder(path=str(tmp_path)).load("a.png")
    dataset_files.pairs(tmp_path / "pairs")
    dataset_files.write_image(tmp_path / "pairs/masks/a.png", np.zeros((12, 10, 1), np.uint8))
    with pytest.raises(DataError, match=r"masks/a\.png: none of it is hole"):
        Pairs(path=str(tmp_path / "pairs")).load("a.png")
