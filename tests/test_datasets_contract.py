"""Every dataset keeps the same contract; each is made here, small but in its real layout."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import dataset_files
import numpy as np
import pytest

from inpaintbench.datasets.base import Dataset
from inpaintbench.images.errors import DataError
from inpaintbench.plugins import registry
from inpaintbench.plugins.specification import build

BUNDLED = ("photos", "textures", "medical", "medical-tiles")
OWN = {
    "cifar10": dataset_files.cifar10,
    "folder": dataset_files.folder,
    "damaged": dataset_files.damaged,
    "pairs": dataset_files.pairs,
    "dicom": dataset_files.dicom,
    "nifti": dataset_files.nifti,
}
NEEDS = {"dicom": "pydicom", "nifti": "nibabel"}
MAKERS: dict[str, Callable[[Path], object]] = {
    **OWN,
    **dataset_files.SCENES,
    **dataset_files.COLLECTIONS,
    **dataset_files.LARGE_COLLECTIONS,
}
NAMES = [
    pytest.param(name, marks=pytest.mark.slow) if name in dataset_files.LARGE_COLLECTIONS else name
    for name in registry.datasets().plugins
]

Make = Callable[[str], Dataset]


@pytest.fixture(autouse=True)
def empty_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("INPAINTBENCH_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Make any dataset from files written once; of the largest, as if 24 images were all."""
    roots: dict[str, Path] = {}

    def make(name: str) -> Dataset:
        cls = registry.datasets().plugins[name]
        if name in NEEDS:
            pytest.importorskip(NEEDS[name])
        if name not in MAKERS:
            dataset: Dataset = build(cls, {})
            try:
                dataset.ids()
            except DataError as error:
                pytest.skip(f"not here: {error}")
            return dataset
        if name not in roots:
            roots[name] = tmp_path_factory.mktemp(name)
            MAKERS[name](roots[name])
        own: Dataset = build(cls, {"path": str(roots[name])})
        return own

    with pytest.MonkeyPatch.context() as patch:
        for name in dataset_files.LARGE_COLLECTIONS:
            cls = registry.datasets().plugins[name]
            split = "validation" if name == "ffhq" else "val"
            patch.setattr(cls, "counts", {split: dataset_files.LARGE_COUNT})
        yield make


def test_all_the_datasets_of_the_design_are_discovered() -> None:
    assert set(MAKERS) | set(BUNDLED) <= set(registry.datasets().plugins)
    assert not [b for b in registry.datasets().broken if "datasets" in b.origin]


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_unique_stable_and_of_plain_characters(name: str, made: Make) -> None:
    dataset = made(name)
    ids = dataset.ids()
    assert ids
    assert len(set(ids)) == len(ids)
    assert ids == dataset.ids() == made(name).ids()
    assert all(re.fullmatch(r"[A-Za-z0-9._/-]+", sample) for sample in ids)


@pytest.mark.parametrize("name", NAMES)
def test_samples_have_the_stated_form(name: str, made: Make) -> None:
    dataset = made(name)
    for sample_id in (dataset.ids()[0], dataset.ids()[-1]):
        sample = dataset.load(sample_id)
        assert sample.id == sample_id
        assert sample.image.ndim == 3
        assert sample.image.shape[2] in (1, 3)
        assert sample.image.dtype in (np.uint8, np.uint16)
        assert sample.image.flags.c_contiguous
        if sample.mask is not None:
            assert sample.mask.shape == sample.image.shape[:2]
            assert sample.mask.dtype == np.bool_


@pytest.mark.parametrize("name", NAMES)
def test_loading_twice_gives_the_same_pixels_and_fingerprint(name: str, made: Make) -> None:
    dataset, again = made(name), made(name)
    sample = dataset.ids()[0]
    np.testing.assert_array_equal(dataset.load(sample).image, again.load(sample).image)
    assert dataset.fingerprint(sample) == again.fingerprint(sample)


@pytest.mark.parametrize("name", MAKERS)
def test_file_backed_datasets_have_a_fingerprint_for_each_image(name: str, made: Make) -> None:
    dataset = made(name)
    first, last = dataset.ids()[0], dataset.ids()[-1]
    assert dataset.fingerprint(first)
    same_file = name in NEEDS or len(dataset.ids()) == 1
    assert same_file or dataset.fingerprint(first) != dataset.fingerprint(last)


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_id_is_refused_in_a_line(name: str, made: Make) -> None:
    with pytest.raises(DataError) as caught:
        made(name).load("nothing/like-this")
    assert "\n" not in str(caught.value)
    assert "nothing/like-this" in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_every_dataset_states_its_facts(name: str, made: Make) -> None:
    dataset = made(name)
    summary = registry.summary(type(dataset))
    for fact in (dataset.preparation, dataset.source, dataset.license, summary):
        assert fact
        assert fact == fact.strip()
    assert dataset.version >= 1


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("path", [None, "/nowhere/at/all"])
def test_missing_data_says_what_to_do_and_writes_nothing(
    name: str, path: str | None, tmp_path: Path
) -> None:
    cls = registry.datasets().plugins[name]
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    dataset: Dataset = build(cls, {} if path is None else {"path": path})
    for call in (dataset.ids, lambda: dataset.load("a"), lambda: dataset.fingerprint("a")):
        with pytest.raises(DataError) as caught:
            call()
        message = str(caught.value)
        assert "\n" not in message
        assert name in message or "/nowhere" in message
        assert re.search(r"path|download|no such", message)
    assert dataset.preparation  # shown by `list` even then
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", {**dataset_files.COLLECTIONS, "folder": 0, "damaged": 0})
def test_listing_reads_no_image(name: str, tmp_path: Path) -> None:
    MAKERS[name](tmp_path)
    endings = (".png", ".jpg")
    for path in tmp_path.rglob("*"):
        if path.suffix in endings and path.stat().st_size:
            path.write_bytes(b"")  # of all hard links at once
    dataset: Dataset = build(registry.datasets().plugins[name], {"path": str(tmp_path)})
    ids = dataset.ids()
    with pytest.raises(DataError, match="image"):
        dataset.load(ids[0])


def test_the_guide_names_every_dataset() -> None:
    guide = (Path(__file__).resolve().parents[1] / "docs/datasets.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", guide, re.MULTILINE)
    own = {n for n, c in registry.datasets().plugins.items() if c.__module__.startswith("inpaintb")}
    assert set(rows) == own
