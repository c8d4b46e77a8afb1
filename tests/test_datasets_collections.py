"""Published collections: their layouts, splits and counts, and what is said when one is missing."""

from __future__ import annotations

from pathlib import Path

import dataset_files
import numpy as np
import pytest
from PIL import Image

from inpaintbench.datasets.bsds500 import Bsds500
from inpaintbench.datasets.celeba_hq import CelebaHq
from inpaintbench.datasets.div2k_val import Div2kVal
from inpaintbench.datasets.dtd import Dtd
from inpaintbench.datasets.reading.collection import Collection
from inpaintbench.datasets.set14 import Set14
from inpaintbench.images.errors import DataError
from inpaintbench.images.listing import natural_key
from inpaintbench.plugins import registry

SHARED = Path(__file__).resolve().parents[2] / "shared/data"

# As their authors publish them.
COUNTS = {
    "bsds500": {"train": 200, "val": 100, "test": 200},
    "celeba-hq": {"train": 24_183, "val": 2993, "test": 2824},
    "corne-val": {"val": 219},
    "div2k-val": {"val": 100},
    "dor-bench": {"test": 400},
    "dtd": {"train": 1880, "val": 1880, "test": 1880},
    "ffhq": {"validation": 10_000},
    "imagenet-1k-val": {"val": 50_000},
    "kodak": {"test": 24},
    "paris-streetview": {"test": 100},
    "places365-val": {"val": 36_500},
    "removalbench": {"test": 70},
    "rord": {},
    "rorem": {},
    "set14": {"test": 14},
    "urban100": {"test": 100},
}


@pytest.fixture(autouse=True)
def no_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("INPAINTBENCH_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def collections() -> dict[str, type[Collection]]:
    plugins = registry.datasets().plugins.items()
    return {name: cls for name, cls in plugins if issubclass(cls, Collection)}


def test_counts_are_the_published_ones() -> None:
    assert {name: cls.counts for name, cls in collections().items()} == COUNTS
    assert sum(COUNTS["celeba-hq"].values()) == 30_000


@pytest.mark.parametrize("name", COUNTS)
def test_each_can_be_had_or_says_how(name: str) -> None:
    cls = collections()[name]
    assert bool(cls.remotes) != bool(cls.obtain)
    with pytest.raises(DataError) as caught:
        cls().ids()
    message = str(caught.value)
    assert cls.license in message
    assert ("a run without path=… downloads" if cls.remotes else cls.obtain) in message
    assert message.index("$INPAINTBENCH_DATA") < message.index(
        f"cache/inpaintbench/datasets/{name}"
    )


@pytest.mark.parametrize("root", [".", "BSR", "BSR/BSDS500", "BSR/BSDS500/data/images"])
def test_the_path_may_be_any_folder_of_the_layout(root: str, tmp_path: Path) -> None:
    dataset_files.bsds500(tmp_path)
    dataset = Bsds500(path=str(tmp_path / root))
    assert len(dataset.ids()) == 200
    assert dataset.ids()[0] == "100000"
    assert dataset.load("100007").image.shape == (12, 10, 3)


def test_splits_are_kept_apart(tmp_path: Path) -> None:
    dataset_files.bsds500(tmp_path)
    counts = {
        split: len(Bsds500(path=str(tmp_path), split=split).ids()) for split in COUNTS["bsds500"]
    }
    assert counts == COUNTS["bsds500"]


def test_other_names_of_a_collection_lead_to_one_dataset_each() -> None:
    plugins = registry.datasets().plugins
    others = [other for cls in plugins.values() for other in cls.collections]
    assert len(set(others)) == len(others)
    assert not set(others) & set(plugins)
    assert {"places365", "places2"} <= set(plugins["places365-val"].collections)


def test_an_incomplete_collection_is_refused(tmp_path: Path) -> None:
    dataset_files.bsds500(tmp_path)
    (tmp_path / "BSR/BSDS500/data/images/test/100007.jpg").unlink()
    with pytest.raises(
        DataError, match=r"holds 199 of the 200 images of bsds500 \(test\)"
    ) as caught:
        Bsds500(path=str(tmp_path)).ids()
    assert "folder[path=…]" in str(caught.value)


def test_the_shared_folder_comes_before_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_files.set14(tmp_path / "cache/inpaintbench/datasets/set14")
    assert len(Set14().ids()) == 14
    monkeypatch.setenv("INPAINTBENCH_DATA", str(tmp_path / "shared"))
    assert len(Set14().ids()) == 14
    dataset_files.write_image(tmp_path / "shared/set14/Set14/a.png", dataset_files.noise(1))
    with pytest.raises(DataError, match="holds 1 of the 14"):
        Set14().ids()


def test_low_resolution_companions_are_no_images_of_the_set(tmp_path: Path) -> None:
    dataset_files.set14(tmp_path)
    assert all(sample.endswith("_HR") for sample in Set14(path=str(tmp_path)).ids())


def test_celeba_hq_follows_the_partition_of_celeba(tmp_path: Path) -> None:
    dataset_files.celeba_hq(tmp_path)
    ids = CelebaHq(path=str(tmp_path)).ids()
    assert ids == [str(n) for n in range(2824)]  # 2824 and 2825 are of the other splits
    with pytest.raises(DataError, match=r"holds 1 of the 24,183 images of celeba-hq \(train\)"):
        CelebaHq(path=str(tmp_path), split="train").ids()


def test_dtd_follows_the_official_lists(tmp_path: Path) -> None:
    dataset_files.dtd(tmp_path)
    dataset_files.write_image(tmp_path / "dtd/images/banded/unlisted.jpg", dataset_files.noise(1))
    assert "unlisted" not in Dtd(path=str(tmp_path)).ids()
    with pytest.raises(DataError, match="isn't here"):
        Dtd(path=str(tmp_path), split="val").ids()


def test_images_are_cut_and_shrunk_where_a_size_is_stated(tmp_path: Path) -> None:
    dataset_files.div2k_val(tmp_path)
    large = dataset_files.noise(1, 60, 40)
    dataset_files.write_image(tmp_path / "DIV2K_valid_HR/0801.png", large)
    whole = Div2kVal(path=str(tmp_path), size=None)
    np.testing.assert_array_equal(whole.load("0801").image, large)
    small = Div2kVal(path=str(tmp_path), size=20)
    assert small.load("0801").image.shape == (20, 20, 3)
    assert "20 px" in small.preparation
    assert "whole" in whole.preparation


def test_the_fingerprint_is_of_the_file(tmp_path: Path) -> None:
    dataset_files.set14(tmp_path)
    dataset = Set14(path=str(tmp_path))
    first = dataset.ids()[0]
    before = dataset.fingerprint(first)
    Image.fromarray(dataset_files.noise(50, 30, 30)).save(tmp_path / f"image_SRF_2/{first}.png")
    assert dataset.fingerprint(first) != before


def test_numbers_are_ordered_by_value() -> None:
    names = ["10.png", "9.png", "a/2", "a/10", "a/1b", "A/3", "02.png", "2.png"]
    ordered = ["02.png", "2.png", "9.png", "10.png", "A/3", "a/1b", "a/2", "a/10"]
    assert sorted(names, key=natural_key) == ordered


@pytest.mark.skipif(not SHARED.is_dir(), reason="the development data isn't here")
def test_real_photographs_are_read(tmp_path: Path) -> None:
    for split, folder in (("train", "bsds500-train"), ("val", "bsds500-val")):
        (tmp_path / "images").mkdir(exist_ok=True)
        (tmp_path / "images" / split).symlink_to(SHARED / folder)
        dataset = Bsds500(path=str(tmp_path), split=split)  # type: ignore[arg-type]
        assert dataset.load(dataset.ids()[0]).image.shape in ((321, 481, 3), (481, 321, 3))
