"""Scenes for object removal: rendered exactly, and read from the layouts of published sets."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import dataset_files
import numpy as np
import pytest

from inpaintbench.datasets.base import Sample
from inpaintbench.datasets.brushbench import Brushbench
from inpaintbench.datasets.corne_val import CorneVal
from inpaintbench.datasets.dor_bench import DorBench
from inpaintbench.datasets.ober_test import OberTest
from inpaintbench.datasets.ober_wild import OberWild
from inpaintbench.datasets.removal import Removal
from inpaintbench.datasets.removal_rendered import RemovalRendered
from inpaintbench.datasets.rord import Rord
from inpaintbench.images.errors import DataError

# SHA-256 over reference, input, mask and effect of the scenes in a photograph (at 512 pixels of the
# first three), made with scikit-image 0.26's files. One that changes means other images for
# everyone: raise the dataset's version instead.
GOLDEN = {
    (256, "coffee"): "33283ab3b79b00bb6670070664321b3880f20f75a02192ef02b3d9664b3e1e1e",
    (256, "brick"): "e65ffddc9773153d905704533840f2478db29c0eab200563c501fb3b8e20dad7",
    (256, "motorcycle"): "12d4be3ae908e8d6202649313f0753bf3612faa50113d969c2f3b68429f47dbc",
    (256, "grass"): "8bb679816dc82379cca1a0aaf3d17774699b162962006b5164d71c90e6cd04ce",
    (256, "camera"): "304ff4933ac2855d8d2f13f11bf6b74d6337849d77da30cde307a230b873eaf1",
    (256, "gravel"): "fe1e70262eb547ae7817c899528c91df91372f6dc677959fcabde343f16bae8c",
    (256, "coins"): "2bb4005882cd0da5d348e6ce762c0fb347b9115b6a7b3275380c34f70e9325d0",
    (256, "moon"): "da9b31f25546e17054f27ac39b3a203564f74649f455945444a33711560747ec",
    (512, "coffee"): "df02c877b9cfdf29ca4ae05087937bf6635d12933f8ad68f9ac86801b7198bcb",
    (512, "brick"): "d9bec5ea7bdf1b71127c3830deb6a7998c51addd24ca4ccce148229844910154",
    (512, "motorcycle"): "d3018c0c9cdd170b8f3a311194a3d540ee476b02c3bf21c4e44b01a995aa9351",
    (512, "grass"): "bf4ddaa0d67adc3316b2ef38b3c4e318cb0242abefda228513a14098eb6b78fa",
    (512, "camera"): "b1da559c88890d732966fe9a2fd975e61c5a780c754657392b5eff11ff2d489e",
    (512, "gravel"): "dc7333b90ef6f257cecfb7328972abe7e19f15901cd11acbee250866b9f9e9fc",
    (512, "coins"): "3d6a6d734bb8dfed60e78b11b247445340bf5cf1a0497bf8501f668f1971165b",
    (512, "moon"): "0abd593779d06057471233fcad1586f2c31337fb11f6a306804a6f8d79b13701",
}
PHOTOGRAPHS = ("coffee", "brick", "motorcycle", "grass", "camera", "gravel", "coins", "moon")


def digest(samples: list[Sample]) -> str:
    total = hashlib.sha256()
    for sample in samples:
        assert sample.input is not None
        assert sample.mask is not None
        assert sample.effect is not None
        for array in (sample.image, sample.input, sample.mask, sample.effect):
            total.update(array.tobytes())
    return total.hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("size", [256, 512])
@pytest.mark.parametrize("photograph", PHOTOGRAPHS)
def test_every_scene_is_frozen(size: int, photograph: str) -> None:
    dataset = RemovalRendered(size=size)
    scenes = [name for name in dataset.ids() if name.split("-")[1] == photograph]
    count = len(scenes) if size == 256 else 3
    assert digest([dataset.load(name) for name in scenes[:count]]) == GOLDEN[size, photograph]


def test_there_are_72_scenes_in_eight_photographs() -> None:
    ids = RemovalRendered().ids()
    assert len(set(ids)) == 72
    assert {name.split("-")[1] for name in ids} == set(PHOTOGRAPHS)


@pytest.mark.parametrize("number", range(8))
def test_masks_are_exact(number: int) -> None:
    dataset = RemovalRendered(size=96)
    sample = dataset.load(dataset.ids()[number])
    assert sample.input is not None
    assert sample.mask is not None
    assert sample.effect is not None
    differs = (sample.input != sample.image).any(axis=2)
    np.testing.assert_array_equal(sample.effect, differs & ~sample.mask)
    assert differs[sample.mask].mean() > 0.9
    assert sample.effect.sum() > 10
    assert 0.005 < sample.mask.mean() < 0.15
    assert sample.prompt


def test_a_shadow_takes_light_and_never_all_of_it() -> None:
    dataset = RemovalRendered(size=96)
    sample = dataset.load("03-grass-cone")
    assert sample.input is not None
    assert sample.effect is not None
    before, after = sample.image[sample.effect], sample.input[sample.effect]
    assert (after <= before).all()
    assert after.mean() > 0.4 * before.mean()


def test_a_glossy_table_mirrors_the_object() -> None:
    sample = RemovalRendered().load("00-coffee-ball")
    assert sample.input is not None
    assert sample.effect is not None
    brighter = (sample.input.astype(int) - sample.image).max(axis=2) > 10
    assert (brighter & sample.effect).sum() > 50


def test_a_scene_at_another_size_is_the_same_scene() -> None:
    small, large = (RemovalRendered(size=size).load("01-brick-crate") for size in (96, 192))
    assert small.mask is not None
    assert large.mask is not None
    halved = large.mask.reshape(96, 2, 96, 2).any(axis=(1, 3))
    assert (halved ^ small.mask).sum() < 0.1 * small.mask.sum()


def test_a_size_that_leaves_no_scene_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        RemovalRendered(size=31)


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    dataset_files.removal(tmp_path)
    return tmp_path


def test_own_scenes_have_all_their_parts(scene: Path) -> None:
    dataset = Removal(path=str(scene))
    first, second = (dataset.load(name) for name in dataset.ids())
    assert first.input is not None
    assert first.mask is not None
    assert first.effect is not None
    np.testing.assert_array_equal(first.input, dataset_files.noise(0))
    np.testing.assert_array_equal(first.image, dataset_files.noise(1))
    assert first.mask.sum() == 9
    assert first.effect.sum() == 6  # without the object
    assert not (first.effect & first.mask).any()
    assert (first.prompt, second.prompt) == ("an empty street", "")


def test_the_fingerprint_of_a_scene_follows_every_file(scene: Path) -> None:
    dataset = Removal(path=str(scene))
    first = dataset.ids()[0]
    seen = {dataset.fingerprint(first)}
    for folder in ("input", "reference", "masks", "effects"):
        file = next((scene / folder).glob("street 2.*"))
        pixels = dataset_files.noise(7, channels=1) // 128 * 255
        file.unlink()
        dataset_files.write_image(file, pixels)
        seen.add(dataset.fingerprint(first))
    (scene / "prompts.json").write_text(json.dumps({"street 2.png": "another"}))
    seen.add(dataset.fingerprint(first))
    assert len(seen) == 6


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("reference/street 2.png", None, r"nothing belongs to it in reference/"),
        ("reference/street 2.png", (9, 9), r"is 9 x 9, but input/street 2.png is 10 x 12"),
        ("masks/street 2.png", (9, 9), r"is 9 x 9, but input/street 2.png is 10 x 12"),
        ("effects/street 2.png", None, r"nothing belongs to it in effects/"),
        ("prompts.json", b"{", r"can't be read as JSON"),
        ("prompts.json", b"[1]", r"wanted an object of names and texts"),
        ("prompts.json", b'{"no.png": "x"}', r"'no.png' is no picture in input/"),
    ],
)
def test_what_is_wrong_with_a_scene_is_said_in_a_line(
    scene: Path, file: str, change: object, message: str
) -> None:
    (scene / file).unlink()
    if isinstance(change, bytes):
        (scene / file).write_bytes(change)
    elif isinstance(change, tuple):
        dataset_files.write_image(scene / file, dataset_files.noise(1, *change) // 128 * 255)
    dataset = Removal(path=str(scene))
    with pytest.raises(DataError, match=message) as caught:
        dataset.load(dataset.ids()[0])
    assert "\n" not in str(caught.value)


def test_a_grey_reference_of_a_colour_input_is_refused(scene: Path) -> None:
    dataset_files.write_image(scene / "reference/street 2.png", dataset_files.noise(1, channels=1))
    with pytest.raises(DataError, match=r"is grey of 8 bits, but street 2.png is colour of 8 bits"):
        Removal(path=str(scene)).load(Removal(path=str(scene)).ids()[0])


def test_in_rord_black_is_the_object(tmp_path: Path) -> None:
    dataset_files.rord(tmp_path)
    dataset = Rord(path=str(tmp_path))
    assert len(dataset.ids()) == 14
    assert len(Rord(path=str(tmp_path), split="train").ids()) == 20
    sample = dataset.load("1")
    assert sample.mask is not None
    assert sample.mask.sum() == 9
    assert sample.input is not None
    assert (sample.input != sample.image).any()


def test_the_effect_of_a_published_set_is_without_the_object(tmp_path: Path) -> None:
    dataset_files.corne_val(tmp_path)
    sample = CorneVal(path=str(tmp_path)).load("7")
    assert sample.mask is not None
    assert sample.effect is not None
    assert (sample.mask.sum(), sample.effect.sum()) == (9, 6)
    small = CorneVal(path=str(tmp_path), size=5).load("7")
    assert small.mask is not None
    assert small.effect is not None
    assert small.input is not None
    assert small.image.shape == small.input.shape == (5, 5, 3)
    assert small.mask.any()
    assert small.effect.any()
    assert not (small.mask & small.effect).any()


def test_an_incomplete_set_is_refused(tmp_path: Path) -> None:
    dataset_files.corne_val(tmp_path)
    (tmp_path / "shot/7.png").unlink()
    with pytest.raises(DataError, match="holds 218 of the 219 images of corne-val"):
        CorneVal(path=str(tmp_path)).ids()


def test_what_nobody_knows_is_no_reference(tmp_path: Path) -> None:
    dataset_files.dor_bench(tmp_path)
    dataset = DorBench(path=str(tmp_path))
    assert not dataset.has_reference
    assert len(dataset.ids()) == 400
    assert dataset.load("3").input is None


def test_ober_is_told_by_the_size_of_its_subsets(tmp_path: Path) -> None:
    dataset_files.ober(tmp_path)
    pairs, wild = OberTest(path=str(tmp_path)), OberWild(path=str(tmp_path))
    assert (len(pairs.ids()), len(wild.ids())) == (163, 302)
    sample = pairs.load("0100")
    assert sample.input is not None
    assert sample.mask is not None
    assert sample.effect is not None
    np.testing.assert_array_equal(sample.input, dataset_files.noise(1))
    np.testing.assert_array_equal(sample.image, dataset_files.noise(2))
    assert (sample.mask.sum(), sample.effect.sum()) == (9, 6)
    assert wild.load("0301").input is None
    (tmp_path / "test-1.parquet").unlink()
    with pytest.raises(DataError, match=r"ober-wild has 302 rows.*a \(163\), b \(237\)"):
        wild.ids()
    with pytest.raises(DataError, match="ober-test has 163 rows"):
        OberTest(path=str(tmp_path), subset="b").ids()


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    dataset_files.ober(tmp_path)
    (tmp_path / "test-0.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match="can't be read as OBER's Parquet") as caught:
        OberTest(path=str(tmp_path)).ids()
    assert "\n" not in str(caught.value)


def test_a_picture_in_a_row_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    dataset_files.ober(tmp_path)
    rows = pq.read_table(tmp_path / "test-0.parquet").to_pylist()
    rows[5] = rows[5] | {"gt": {"bytes": b"no picture", "path": None}}
    rows[6] = rows[6] | {"gt": None}
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "test-0.parquet")
    dataset = OberTest(path=str(tmp_path))
    with pytest.raises(DataError, match=r"test-0.parquet: 0005: gt: not an image"):
        dataset.load("0005")
    with pytest.raises(DataError, match=r"0006: gt holds no encoded picture"):
        dataset.load("0006")


def test_runs_count_from_one_row_by_row(tmp_path: Path) -> None:
    dataset_files.mapped(tmp_path / "BrushBench")
    dataset = Brushbench(path=str(tmp_path))
    sample = dataset.load("000000001")
    assert sample.mask is not None
    assert sorted(map(tuple, np.argwhere(sample.mask))) == [(1, 0), (1, 1), (2, 5)]
    assert sample.prompt == "picture 1"
    assert sample.input is None
    other = Brushbench(path=str(tmp_path), mask="outpainting").load("000000001")
    assert other.mask is not None
    assert np.count_nonzero(~other.mask) == 5
    assert not other.mask[-1, -1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inpainting_mask": [1, 2, 3]}, "isn't a list of starts and lengths"),
        ({"inpainting_mask": "none"}, "isn't a list of starts and lengths"),
        ({"inpainting_mask": []}, "has runs outside"),
        ({"inpainting_mask": [0, 5]}, "has runs outside"),
        ({"inpainting_mask": [262_144, 2]}, "has runs outside"),
        ({"inpainting_mask": [9, 5, 13, 1]}, "has runs that overlap"),
        ({"inpainting_mask": [500, 5, 13, 1]}, "has runs that overlap"),
        ({"caption": 3}, "its caption isn't a text"),
        ({"image": "../../etc/passwd"}, "isn't a path below the folder"),
        ({"image": "images/none.jpg"}, "no such file"),
    ],
)
def test_a_damaged_entry_is_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    dataset_files.mapped(tmp_path)
    file = tmp_path / "mapping_file.json"
    entries = json.loads(file.read_text())
    entries["000000000"] |= change
    file.write_text(json.dumps(entries))
    with pytest.raises(DataError, match=message) as caught:
        Brushbench(path=str(tmp_path)).load("000000000")
    assert "\n" not in str(caught.value)
    assert Brushbench(path=str(tmp_path)).load("000000001").mask is not None


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"a": 1}'])
def test_a_damaged_mapping_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "mapping_file.json").write_text(content)
    with pytest.raises(DataError, match=r"mapping_file.json: "):
        Brushbench(path=str(tmp_path)).ids()
