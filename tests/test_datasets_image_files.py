"""Image files of every kind become grey or RGB, 8 or 16 bits, by stated rules."""

from __future__ import annotations

from pathlib import Path

import cv2
import dataset_files
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inpaintbench.datasets.reading import preparation
from inpaintbench.images.errors import DataError
from inpaintbench.images.reading import read_image, read_mask

COLOUR = dataset_files.noise(1, 5, 7)
GREY = dataset_files.noise(2, 5, 7, channels=1)
DEEP_COLOUR = np.random.default_rng(3).integers(0, 65536, (5, 7, 3), dtype=np.uint16)
DEEP_GREY = np.random.default_rng(4).integers(0, 65536, (5, 7, 1), dtype=np.uint16)


@pytest.mark.parametrize("ending", ["png", "bmp", "tif", "webp"])
def test_colour_is_read_exactly_from_lossless_files(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    Image.fromarray(COLOUR).save(path, lossless=True)
    np.testing.assert_array_equal(read_image(path), COLOUR)


@pytest.mark.parametrize("ending", ["png", "bmp", "tif", "gif"])
def test_grey_stays_grey(ending: str, tmp_path: Path) -> None:
    path = dataset_files.write_image(tmp_path / f"a.{ending}", GREY)
    np.testing.assert_array_equal(read_image(path), GREY)


def test_colour_of_equal_channels_stays_colour(tmp_path: Path) -> None:
    path = dataset_files.write_image(tmp_path / "a.png", np.repeat(GREY, 3, axis=2))
    assert read_image(path).shape == (5, 7, 3)


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize("pixels", [DEEP_COLOUR, DEEP_GREY], ids=["colour", "grey"])
def test_sixteen_bits_stay(ending: str, pixels: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    cv2.imwrite(str(path), pixels[..., ::-1])
    image = read_image(path)
    assert image.dtype == np.uint16
    np.testing.assert_array_equal(image, pixels)


def test_big_endian_sixteen_bits_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    Image.fromarray(DEEP_GREY[..., 0].astype(">u2")).save(path)
    np.testing.assert_array_equal(read_image(path), DEEP_GREY)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("deep", [False, True], ids=["8 bits", "16 bits"])
def test_exif_orientation_is_applied(orientation: int, deep: bool, tmp_path: Path) -> None:
    upright = DEEP_COLOUR if deep else COLOUR
    # How a camera stores an upright image, for each orientation: the inverse of what the reader
    # has to do (EXIF 2.3, tag 0x0112).
    stored = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: np.transpose(a, (1, 0, 2)),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.transpose(np.rot90(a, 2), (1, 0, 2)),
        8: lambda a: np.rot90(a, -1),
    }[orientation](upright)
    path = tmp_path / "a.png"
    exif = Image.Exif()
    exif[0x0112] = orientation
    if deep:
        cv2.imwrite(str(path), np.ascontiguousarray(stored[..., ::-1]))
        add_exif(path, exif.tobytes())
    else:
        Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif)
    np.testing.assert_array_equal(read_image(path), upright)


def add_exif(path: Path, exif: bytes) -> None:
    """Insert an eXIf chunk after the header of a PNG file."""
    import struct
    import zlib

    body = b"eXIf" + exif.removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    content = path.read_bytes()
    path.write_bytes(content[:33] + chunk + content[33:])


def test_transparency_is_blended_over_white(tmp_path: Path) -> None:
    pixels = np.array([[[10, 20, 30, 0], [10, 20, 30, 255], [0, 100, 255, 128]]], np.uint8)
    Image.fromarray(pixels, "RGBA").save(tmp_path / "a.png")
    # 128/255 of the colour and 127/255 of white: 0 → 127, 100 → 177.2, 255 → 255.
    expected = [[[255, 255, 255], [10, 20, 30], [127, 177, 255]]]
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), expected)


def test_grey_with_transparency_stays_grey(tmp_path: Path) -> None:
    pixels = np.array([[[40, 0], [40, 255], [0, 51]]], np.uint8)
    Image.fromarray(pixels, "LA").save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), [[[255], [40], [204]]])


def test_deep_transparency_is_blended_at_its_own_depth(tmp_path: Path) -> None:
    pixels = np.array([[[1000, 2000, 3000, 0], [1000, 2000, 3000, 65535]]], np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    expected = [[[65535] * 3, [3000, 2000, 1000]]]  # OpenCV writes blue first
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), expected)


def test_palettes_are_resolved(tmp_path: Path) -> None:
    colour = Image.fromarray(COLOUR).quantize(16)
    colour.save(tmp_path / "colour.png")
    np.testing.assert_array_equal(
        read_image(tmp_path / "colour.png"), np.asarray(colour.convert("RGB"))
    )
    grey = Image.fromarray(np.repeat(GREY // 16 * 16, 3, axis=2)).quantize(16)
    grey.save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read_image(tmp_path / "grey.png"), GREY // 16 * 16)


def test_a_transparent_palette_entry_becomes_white(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.save(tmp_path / "a.png", transparency=0)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), [[[255] * 3, [40, 50, 60]]])


def test_black_and_white_becomes_0_and_255(tmp_path: Path) -> None:
    bits = np.array([[True, False, True]])
    Image.fromarray(bits).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), [[[255], [0], [255]]])


def test_cmyk_becomes_colour(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=100)
    image = read_image(tmp_path / "a.jpg")
    assert image.shape == (8, 8, 3)
    assert (np.abs(image.astype(int) - [255, 0, 0]) <= 3).all()


def test_of_an_animation_the_first_frame_is_read(tmp_path: Path) -> None:
    frames = [Image.fromarray(GREY[..., 0] // 2 + k) for k in (0, 100)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(read_image(tmp_path / "a.gif"), GREY // 2)


def test_floating_point_and_wide_integers_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "f.tif")
    with pytest.raises(DataError, match="range"):
        read_image(tmp_path / "f.tif")
    Image.fromarray(np.full((4, 4), 70_000, np.int32)).save(tmp_path / "i.tif")
    with pytest.raises(DataError, match="32-bit"):
        read_image(tmp_path / "i.tif")


@pytest.mark.parametrize("content", [b"", b"text", b"\x89PNG\r\n\x1a\n" + bytes(30)])
def test_what_is_no_image_is_refused_in_a_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.png") as caught:
        read_image(tmp_path / "a.png")
    assert "\n" not in str(caught.value)


def test_a_cut_image_is_refused_not_half_read(tmp_path: Path) -> None:
    for ending in ("png", "jpg", "tif"):
        path = dataset_files.write_image(tmp_path / f"a.{ending}", dataset_files.noise(1, 99, 99))
        path.write_bytes(path.read_bytes()[:2000])
        with pytest.raises(DataError):
            read_image(path)


def test_a_missing_image_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_image(tmp_path / "none.png")


def test_masks_are_cut_at_half_of_their_range(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 127, 128, 255]], np.uint8)).save(tmp_path / "m.png")
    with pytest.warns(UserWarning, match=r"not a binary mask \(50\.0% .*cut at 128"):
        mask = read_mask(tmp_path / "m.png")
    np.testing.assert_array_equal(mask, [[False, False, True, True]])
    deep = np.array([[0, 32767, 32768, 65535]], np.uint16)
    cv2.imwrite(str(tmp_path / "d.png"), deep)
    with pytest.warns(UserWarning, match="cut at 32768"):
        mask = read_mask(tmp_path / "d.png")
    np.testing.assert_array_equal(mask, [[False, False, True, True]])
    red = np.zeros((1, 2, 3), np.uint8)
    red[0, 1, 0] = 255
    dataset_files.write_image(tmp_path / "c.png", red)
    np.testing.assert_array_equal(read_mask(tmp_path / "c.png"), [[False, True]])


sides = st.integers(1, 40)


@given(sides, sides, st.integers(1, 40), st.integers(1, 40), st.sampled_from([np.uint8, np.uint16]))
def test_area_average_is_the_exact_average_rounded(
    height: int, width: int, new_height: int, new_width: int, dtype: type
) -> None:
    new_height, new_width = min(new_height, height), min(new_width, width)
    top = np.iinfo(dtype).max
    seed = np.random.default_rng(height * 41 + width)
    image = seed.integers(0, top, (height, width, 1), dtype=dtype, endpoint=True)
    result = preparation.area_average(image, new_height, new_width)
    rows = overlaps(height, new_height)
    columns = overlaps(width, new_width)
    exact = rows @ image[..., 0].astype(float) @ columns.T
    assert result.shape == (new_height, new_width, 1)
    assert result.dtype == dtype
    assert np.abs(result[..., 0] - exact).max() <= 0.5 + 1e-9


def overlaps(length: int, count: int) -> np.ndarray:
    """Share of each new pixel that each old one makes up."""
    edges = np.arange(count + 1) * length / count
    low = np.maximum(edges[:-1, None], np.arange(length))
    high = np.minimum(edges[1:, None], np.arange(1, length + 1))
    return np.clip(high - low, 0, None) * count / length


@given(sides, sides, st.integers(0, 255))
def test_area_average_keeps_a_plain_image_plain(height: int, width: int, value: int) -> None:
    image = np.full((height, width, 3), value, np.uint8)
    assert (preparation.area_average(image, (height + 1) // 2, (width + 1) // 2) == value).all()


def test_halving_averages_four_pixels_and_rounds_halves_up() -> None:
    image = np.array([[0, 0, 1, 1], [0, 1, 1, 1], [0, 1, 254, 255], [1, 0, 255, 254]], np.uint8)
    half = preparation.area_average(image[..., None], 2, 2)[..., 0]
    np.testing.assert_array_equal(half, [[0, 1], [1, 255]])  # .25, 1, .5 and 254.5


def test_a_centred_square_leaves_the_odd_pixel_at_the_end() -> None:
    image = np.arange(4 * 7, dtype=np.uint8).reshape(4, 7, 1)
    np.testing.assert_array_equal(preparation.centre_square(image), image[:, 1:5])
    assert preparation.square(image, None).shape == (4, 7, 1)
    assert preparation.square(image, 99).shape == (4, 4, 1)


def test_shrinking_keeps_proportions_and_the_whole_hole() -> None:
    image = dataset_files.noise(1, 100, 301)
    assert preparation.within(image, 30).shape == (10, 30, 3)
    np.testing.assert_array_equal(preparation.within(image, 301), image)
    mask = np.zeros((100, 301), bool)
    mask[55, 200] = True
    small = preparation.mask_within(mask, 30)
    assert small.shape == (10, 30)
    # Column 200 of 301 covers 19.93 to 20.03 of 30: it reaches into two.
    assert np.argwhere(small).tolist() == [[5, 19], [5, 20]]
    assert preparation.within(dataset_files.noise(1, 3, 900), 30).shape == (1, 30, 3)
