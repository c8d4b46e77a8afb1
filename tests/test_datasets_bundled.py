"""The datasets that need no download: frozen pixels, stated order, grey that stays grey."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from inpaintbench.datasets.reading import bundled
from inpaintbench.images.errors import DataError
from inpaintbench.plugins import registry

# SHA-256 of the pixels of every prepared sample at the default size, made with scikit-image 0.26's
# files. One that changes means another image for everyone: raise the dataset's version instead.
GOLDEN = {
    "photos/astronaut": "04dfc661f6b4ea61d6f5fd16fbf5a22a46e7bb1917b03df287a6d283152ab954",
    "photos/chelsea": "578e4269d7dd0a14bb587948e107582fec2d16e93c6b845796f80190f304dd5d",
    "photos/coffee": "74b601d062f1a48b49d877c8fcc44cd319c21b9888f018cdb5daf2f726980e48",
    "photos/rocket": "288a430b15512cd78e7410da709b08b58f5afe6ebd93987f1ef2c41e2e92e573",
    "photos/motorcycle": "1419d2fad3da20baeb47ac55c9eb35394d4567c5770b27b2ff0eb8d7315da1bf",
    "photos/hubble": "55e812e44d1276aea30ba4cb8aa2f24c323a518073f9368d439d7c284bef35a1",
    "photos/camera": "5c0eab9e57a376c28bf144ce1a0be4d167b71d04358bab60fdca77bdabe5558b",
    "photos/coins": "e784f3e90cb230a6685e1b39464f66fe56cda42ed9bd194eb3b1dcb4a8c6fa22",
    "photos/moon": "a8ce061b3aa61d47c29fcb3573aa57adc9911b68a82f1c21b6a4843939f4fb82",
    "photos/clock": "ed5c69528e31b3c81c4a04ebca898ed515e7630fe34775202ac92f16858d97c6",
    "photos/page": "e2baece5db9ffabb0ec508f6b03452e568ca1406dc720250d47ceee9b51ef2c1",
    "photos/handwriting": "fcf5806034bde9c21938e575f447b0cb03a393469b0234017c74952e4ca8382b",
    "textures/brick-0-0": "98c6b6ca54d143f39d6688b9883893bcdae9c32bc387aded44e5edbda654d2fe",
    "textures/grass-0-0": "e0ad47d99f402ba5c47a8c23a1288ab0f63de62f4621e4ba005811392df83e2a",
    "textures/gravel-0-0": "458b095009c749ee498112b753a17beaf5c19a873155e06c5093edba1af28350",
    "textures/brick-0-1": "6ab51385e3d1fde3312044d3c25cd7e3df77cd8f178a35032be1b6bd8e11e6d8",
    "textures/grass-0-1": "6259f5c7c1b0a5ac1399064127fe03970991ec0fcfccb3c064aef3fb39537fa4",
    "textures/gravel-0-1": "33862ead2676439952b5e45d6f0797acd3765bc22dca299292891ff80e019547",
    "textures/brick-1-0": "34b6850c8fcedba5cd87673e83ef3376bb45956ff397214d3e64ab5b71c3eb28",
    "textures/grass-1-0": "c51712d91fe6f381ffa211eda065ea216bfe961c1ddc98f0eada970ab66a5812",
    "textures/gravel-1-0": "e50768a54715cb3306acb7c9324e0a73867cb925c01a4295f7f39f3fbaccbd07",
    "textures/brick-1-1": "22a9379c1e60d7d575b916065443c44db8a3ec2c9ea666ba3b79f6dcd613d993",
    "textures/grass-1-1": "114b91739cf9b9edcdca4275f6b0ac515939641eb21d67aeb270e66053794789",
    "textures/gravel-1-1": "072d46d5c473b0bc012ea02a536876b2a519b90b735fdc5362f19564075167b4",
    "medical/retina": "651e8b7d2492c3472c4d9e8c6f68400649fef97450cb7f5812456517ccc5d31e",
    "medical/ihc": "93d6cf254a7168dfa98c13893b6af0348a57017a83453293790e4fbb313c7616",
    "medical/cell": "b0c28c85c3b93409d2f346d7ed8e6bfa2b76a247a3aa20c5b667672408170697",
    "medical/microaneurysms": "78db349f8ec2c55042ac896f290f733590d2cf12b63e1a965200ae164a4eae09",
    "medical/phantom": "c153f9e0fa8c68913c2a4f69a601cb1e7917ccd9e899e6650970666fe31700a4",
    "medical-tiles/retina-0-0": "bb8dc754795d2e6d0c84398d801fd82b9ca81fb2cf5b5247bd65257a49eddb3c",
    "medical-tiles/ihc-0-0": "dc8c049f47314938ece5d6ade0a895a1e8f39e07008032306b108aee4e1bbc41",
    "medical-tiles/cell-0-0": "b28baae4b941dbf8a45030b6f845942ff1b04c1d8391c26aa5128a475e018d96",
    "medical-tiles/phantom-0-0": "54cb988fe1669dade257c88b06a3cc6c06db4bf3cb5b75dd4ee28b1ae2fae6fe",
    "medical-tiles/retina-0-1": "0326869be451ea22ae10863fbbae25cd2d4dcaf931a5a793fa980e4354a0e207",
    "medical-tiles/ihc-0-1": "eed113e2f1e37a42890895efe7c70c191a3f5c306fca4af78849b99a9e55322f",
    "medical-tiles/cell-0-1": "bbb45616a6500bf619d50ada6b3dcd8beb85c59e07cba8bd1c3b362a00104630",
    "medical-tiles/phantom-0-1": "e33c6b60361a6444e02d1ff77a051497feefc6a61f6a2a04ab31079063d1bf78",
    "medical-tiles/retina-1-0": "8f02064d5aa7dd15322353795f0f57af4f357c6df1ccc304f4b6e77113125e8b",
    "medical-tiles/ihc-1-0": "d4cc978f4f0b4b549c4ede1c1e0c419a8198b9279634ba892b672a69ccf3789d",
    "medical-tiles/cell-1-0": "03156f77f46d02d034f6f8df4472e4b1a5efd2c0bf78198cd10286631c5bc041",
    "medical-tiles/phantom-1-0": "168b22846b1d1c8519adb58bf1ac04ca8e8a7460ccea0672e638108397160498",
    "medical-tiles/retina-1-1": "65a0ea94e6a3b0a0e8b8f17c5a33190a8500746f2de3e7dd6ff82ee2bae9cb22",
    "medical-tiles/ihc-1-1": "5e77acf66a1bcfeee6f0f61a659cbfd5322044d6280ad125a5d64cae677306e0",
    "medical-tiles/cell-1-1": "4bf0f1b89b0262ce8dd25245a0938d08d27deecc34cca0743c1d064063cc8939",
    "medical-tiles/phantom-1-1": "b0e1a07348900b505e7331dd292625d05c96ad937a8336e75bd6d3e7237ed0df",
}


def test_every_bundled_sample_is_frozen() -> None:
    names = {sample.partition("/")[0] for sample in GOLDEN}
    listed = {
        f"{name}/{sample}" for name in names for sample in registry.datasets().make(name).ids()
    }
    # the one that is that of `medical`, see below
    assert listed == {*GOLDEN, "medical-tiles/microaneurysms"}


@pytest.mark.parametrize("name", GOLDEN)
def test_pixels_equal_the_frozen_ones(name: str) -> None:
    dataset, _, sample = name.partition("/")
    image = registry.datasets().make(dataset).load(sample).image
    assert hashlib.sha256(image.tobytes()).hexdigest() == GOLDEN[name]


def test_the_first_samples_are_the_most_varied() -> None:
    datasets = registry.datasets()
    assert datasets.make("photos").ids()[:3] == ["astronaut", "chelsea", "coffee"]
    assert datasets.make("textures").ids()[:3] == ["brick-0-0", "grass-0-0", "gravel-0-0"]
    assert datasets.make("medical").ids()[:2] == ["retina", "ihc"]


def test_grey_stays_grey_and_colour_stays_colour() -> None:
    photos, medical = registry.datasets().make("photos"), registry.datasets().make("medical")
    assert [photos.load(i).image.shape for i in ("camera", "coins", "moon")] == [(256, 256, 1)] * 3
    assert photos.load("astronaut").image.shape == (256, 256, 3)
    assert medical.load("phantom").image.shape == (256, 256, 1)


def test_images_are_shrunk_but_never_enlarged() -> None:
    assert registry.datasets().make("photos[size=64]").load("coffee").image.shape == (64, 64, 3)
    assert registry.datasets().make("photos[size=900]").load("moon").image.shape == (512, 512, 1)
    assert registry.datasets().make("medical").load("microaneurysms").image.shape == (102, 102, 1)


def test_medical_tiles_are_quarters_of_the_images() -> None:
    tiles = registry.datasets().make("medical-tiles[size=512]")
    rows = [
        np.concatenate([tiles.load(f"ihc-{row}-{column}").image for column in range(2)], axis=1)
        for row in range(2)
    ]
    np.testing.assert_array_equal(np.concatenate(rows), bundled.bundled_image("ihc.png"))
    whole = registry.datasets().make("medical").load("microaneurysms").image
    np.testing.assert_array_equal(tiles.load("microaneurysms").image, whole)
    assert tiles.load("phantom-1-0").image.shape == (200, 200, 1)


def test_texture_tiles_rebuild_the_texture() -> None:
    tiles = registry.datasets().make("textures[size=128]")
    rows = [
        np.concatenate([tiles.load(f"gravel-{row}-{column}").image for column in range(4)], axis=1)
        for row in range(4)
    ]
    np.testing.assert_array_equal(np.concatenate(rows), bundled.bundled_image("gravel.png"))
    assert len(tiles.ids()) == 3 * 16


@pytest.mark.parametrize("wrong", ["photos[size=0]", "medical[size=-1]", "textures[size=513]"])
def test_an_impossible_size_is_refused_in_a_line(wrong: str) -> None:
    with pytest.raises(Exception, match="size must be"):
        registry.datasets().make(wrong)


def test_a_missing_bundled_file_says_what_to_do() -> None:
    with pytest.raises(DataError, match="reinstall"):
        bundled.bundled_path("nothing.png")
