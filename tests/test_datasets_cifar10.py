"""CIFAR-10: any archive of the official form, the official one downloaded by its MD5."""

from __future__ import annotations

import hashlib
import pickle
import tarfile
from pathlib import Path

import dataset_files
import numpy as np
import pytest

from inpaintbench.datasets.cifar10 import Cifar10
from inpaintbench.images.errors import DataError

SHARED = Path(__file__).resolve().parents[2] / "shared/data/cifar-10-python-first1000.tar.gz"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("INPAINTBENCH_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/inpaintbench/datasets/cifar10"


def test_rows_become_upright_colour_images(tmp_path: Path) -> None:
    archive = dataset_files.cifar10(tmp_path)
    dataset = Cifar10(path=str(archive))
    assert dataset.ids() == [f"test_batch/{row:05}" for row in range(7)]
    rows = dataset_files.cifar_batch(7, seed=0)[b"data"]
    image = dataset.load("test_batch/00003").image
    assert image.shape == (32, 32, 3)
    # Row 3: 1,024 bytes of red, then green, then blue, each row by row.
    np.testing.assert_array_equal(image[5, 9], rows[3, [5 * 32 + 9 + 1024 * c for c in range(3)]])


def test_an_image_has_the_same_id_in_a_shorter_archive(tmp_path: Path) -> None:
    long, short = (dataset_files.cifar10(tmp_path / str(n), rows=n) for n in (7, 3))
    train = Cifar10(path=str(long), split="train"), Cifar10(path=str(short), split="train")
    assert train[1].ids() == [i for i in train[0].ids() if int(i[-5:]) < 3]
    assert len(train[0].ids()) == 35
    assert train[0].ids()[7] == "data_batch_2/00000"
    assert [d.load("data_batch_2/00002").image.sum() > 0 for d in train] == [True, True]


def test_the_archive_may_be_unpacked_or_in_a_folder(tmp_path: Path) -> None:
    archive = dataset_files.cifar10(tmp_path)
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path / "unpacked", filter="data")
    forms = [archive, tmp_path, tmp_path / "unpacked", tmp_path / "unpacked/cifar-10-batches-py"]
    digests = {Cifar10(path=str(form)).fingerprint("test_batch/00006") for form in forms}
    assert len(digests) == 1


def test_it_is_found_in_the_shared_folder_then_in_the_cache(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_files.cifar10(cache, rows=2)
    assert len(Cifar10().ids()) == 2
    dataset_files.cifar10(tmp_path / "shared/cifar10", rows=4)
    monkeypatch.setenv("INPAINTBENCH_DATA", str(tmp_path / "shared"))
    assert len(Cifar10().ids()) == 4
    with pytest.raises(DataError) as caught:
        Cifar10(path=str(tmp_path / "elsewhere")).ids()
    assert str(tmp_path / "elsewhere") in str(caught.value)


def test_missing_it_states_the_search_order_and_the_download(cache: Path) -> None:
    with pytest.raises(DataError) as caught:
        Cifar10().ids()
    message = str(caught.value)
    assert message.index("$INPAINTBENCH_DATA") < message.index(str(cache))
    assert "170 MB" in message
    assert "c58f30108f718f92721af3b95e74349a" in message


def test_another_archive_is_not_passed_off_as_the_official_one(tmp_path: Path) -> None:
    archive = dataset_files.cifar10(tmp_path)
    assert "not the official archive" in Cifar10(path=str(archive)).preparation
    assert Cifar10().preparation == "32 px as published"


def test_a_changed_archive_is_read_again(tmp_path: Path) -> None:
    archive = dataset_files.cifar10(tmp_path, rows=2)
    assert len(Cifar10(path=str(archive)).ids()) == 2
    dataset_files.cifar10(tmp_path, rows=5)
    assert len(Cifar10(path=str(archive)).ids()) == 5


@pytest.mark.parametrize(
    "batch",
    [
        {b"data": np.zeros((2, 3000), np.uint8)},
        {b"data": np.zeros((2, 3072))},
        {b"data": [[0] * 3072]},
        {b"labels": [1]},
        [1, 2],
    ],
)
def test_a_batch_of_another_form_is_refused(batch: object, tmp_path: Path, cache: Path) -> None:
    content = pickle.dumps(batch, protocol=2)
    archive = dataset_files.write_tar(tmp_path / "a.tar.gz", {"x/test_batch": content})
    with pytest.raises(DataError, match="not a batch of CIFAR-10"):
        Cifar10(path=str(archive)).ids()
    assert not cache.exists()


def test_an_archive_without_the_batches_is_refused(tmp_path: Path) -> None:
    archive = dataset_files.write_tar(tmp_path / "a.tar.gz", {"readme.txt": b"hello"})
    with pytest.raises(DataError, match="holds no test_batch"):
        Cifar10(path=str(archive)).ids()


@pytest.mark.skipif(not SHARED.is_file(), reason="the shortened official archive isn't here")
def test_the_official_pickles_are_read() -> None:
    dataset = Cifar10(path=str(SHARED))
    assert len(dataset.ids()) == 1000
    pixels = dataset.load("test_batch/00000").image
    # Golden: the first test image (a cat) of the official archive.
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == (
        "af12e1241a1e7a0c9ba326825279bef5fe961ceb5f95212a99f9b1f22711f913"
    )
