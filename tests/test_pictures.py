"""What every kind of image and mask file gives; the tables of docs/datasets.md say what is seen."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import picture_tables
import pytest
import tifffile
from picture_files import (
    DEEP,
    DEEP_RGB,
    GREY,
    HOLE,
    IMAGES,
    MASKS,
    RGB,
    File,
    chunk,
    png,
)
from PIL import Image

from inpaintbench.images.errors import DataError
from inpaintbench.images.pixels import MOST_READ
from inpaintbench.images.reading import read_image, read_mask


def seen(file: File, read: object, tmp_path: Path) -> tuple[object, str]:
    """Read what each library wrote; return what all of it gave, or why all was refused."""
    given: list[np.ndarray | None] = []
    said = ""
    for writer, write in file.writers.items():
        path = tmp_path / f"{writer}.{file.ending}"
        write(path)
        try:
            given.append(read(path))  # type: ignore[operator]
        except DataError as error:
            assert str(error).startswith(f"{path}: ")
            assert "\n" not in str(error)
            said = str(error).removeprefix(f"{path}: ")
            given.append(None)
    first = given[0]
    for other in given:
        assert (other is None) == (file.expected is None), (file.kind, said)
        if first is not None and other is not None:
            assert (other.shape, other.dtype) == (first.shape, first.dtype), file.kind
            wanted = np.asarray(file.expected).reshape(other.shape)
            assert np.abs(other.astype(int) - wanted.astype(int)).max() <= file.within, file.kind
    return first, said


def written_by(file: File) -> str:
    return ", ".join(sorted(file.writers, key=str.lower))


def test_every_kind_of_image_gives_what_the_guide_says(tmp_path: Path) -> None:
    rows = []
    for file in IMAGES:
        image, said = seen(file, read_image, tmp_path)
        if isinstance(image, np.ndarray):
            assert image.dtype == np.asarray(file.expected).dtype, file.kind
            said = f"{'colour' if image.shape[2] == 3 else 'grey'}, {8 * image.dtype.itemsize} bits"
            said += f", {file.notes}" if file.notes else ""
            said += f", within {file.within}" if file.within else ""
        else:
            said = f"refused: {said}"
        rows.append((file.kind, written_by(file), said))
    picture_tables.check("images", ("file", "written by", "read as"), rows)


def test_every_kind_of_mask_gives_what_the_guide_says(tmp_path: Path) -> None:
    rows = []
    for file in MASKS:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            hole, said = seen(file, read_mask, tmp_path)
        if hole is not None:
            said = "the hole; a warning that it was cut at half" if told else "the hole"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                black, _ = seen(file, lambda path: ~read_mask(path, "black"), tmp_path)
            np.testing.assert_array_equal(black, hole)
        else:
            said = f"refused: {said}"
        rows.append((file.kind, written_by(file), said))
    picture_tables.check("masks", ("mask", "written by", "read as"), rows)


STORED = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}
"""How a camera stores an upright image, for each orientation: the inverse of the reader's work."""


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["grey", "colour", "alpha", "deep grey", "deep colour", "CMYK"])
def test_a_tiff_is_turned_once(tmp_path: Path, kind: str, orientation: int) -> None:
    pixels = {
        "grey": GREY,
        "colour": RGB,
        "alpha": np.dstack([RGB, np.full((5, 7), 255, np.uint8)]),
        "deep grey": DEEP,
        "deep colour": DEEP_RGB,
        "CMYK": np.dstack([255 - RGB, np.zeros((5, 7), np.uint8)]),
    }[kind]
    stored = np.ascontiguousarray(STORED[orientation](pixels))
    wanted = pixels[..., None] if pixels.ndim == 2 else RGB if kind != "deep colour" else DEEP_RGB
    photometric = {2: "minisblack", 3: "rgb"}[pixels.ndim] if kind != "CMYK" else "separated"
    for compression in (None, "zlib"):
        tags = [(274, "H", 1, orientation, True)]
        tifffile.imwrite(
            tmp_path / "a.tif",
            stored,
            photometric=photometric,
            compression=compression,
            extratags=tags,
            **({"extrasamples": ["unassalpha"]} if kind == "alpha" else {}),
        )
        np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), wanted)
    if kind in ("grey", "colour", "alpha", "CMYK"):
        mode = {"grey": "L", "colour": "RGB", "alpha": "RGBA", "CMYK": "CMYK"}[kind]
        image = Image.frombytes(mode, stored.shape[1::-1], stored.tobytes())
        image.save(tmp_path / "b.tif", tiffinfo={274: orientation})
        np.testing.assert_array_equal(read_image(tmp_path / "b.tif"), wanted)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("ending", ["png", "webp", "jpg"])
def test_exif_turns_other_files_once(tmp_path: Path, ending: str, orientation: int) -> None:
    upright = np.repeat(np.repeat(np.arange(6, dtype=np.uint8).reshape(2, 3) * 50, 16, 0), 16, 1)
    upright = np.dstack([upright] * 3)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    stored.save(tmp_path / f"a.{ending}", exif=exif, lossless=True, quality=100)
    image = read_image(tmp_path / f"a.{ending}")
    assert np.abs(image.astype(int) - upright).max() <= 3


def test_masks_are_turned_with_their_images(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "m.tif",
        np.ascontiguousarray(np.rot90(HOLE, 1)).astype(np.uint8),
        extratags=[(274, "H", 1, 6, True)],
    )
    np.testing.assert_array_equal(read_mask(tmp_path / "m.tif"), HOLE)


def tiff_claiming(width: int, height: int, **tags: int) -> bytes:
    """Make a TIFF of a few bytes that says it has a size."""
    entries = {
        256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 200, 277: 1, 278: height, 279: 10,
        **{int(number[1:]): value for number, value in tags.items()},
    }  # fmt: skip
    fields = b"".join(struct.pack("<HHII", n, 4, 1, v) for n, v in sorted(entries.items()))
    return struct.pack("<4sIH", b"II*\0", 8, len(entries)) + fields + bytes(300)


@pytest.mark.parametrize("compression", [None, "lzw", "zlib"])
def test_a_tiff_of_fewer_strips_than_its_height_needs_is_cut_off(
    tmp_path: Path, compression: str | None
) -> None:
    file = tmp_path / "a.tif"
    tifffile.imwrite(file, np.ones((48, 40), np.uint8), rowsperstrip=16, compression=compression)
    assert read_image(file).shape == (48, 40, 1)
    with tifffile.TiffFile(file, mode="r+") as opened:
        opened.pages.first.tags["ImageLength"].overwrite(480)
    with pytest.raises(DataError, match="is cut off"):
        read_image(file)


@pytest.mark.parametrize("depth", [8, 16])
def test_damaged_exif_and_long_texts_do_not_matter(tmp_path: Path, depth: int) -> None:
    rows = bytes(4 * (1 + 4 * depth // 8))
    text = chunk(b"zTXt", b"history\0\0" + zlib.compress(bytes(2**22)))
    for kind in (chunk(b"eXIf", b"garbage"), text):
        (tmp_path / "a.png").write_bytes(png(4, 4, depth, 0, rows, kind))
        assert read_image(tmp_path / "a.png").shape == (4, 4, 1)
    Image.fromarray(RGB).save(tmp_path / "a.webp", lossless=True, exif=b"garbage")
    np.testing.assert_array_equal(read_image(tmp_path / "a.webp"), RGB)


def zip_bomb() -> bytes:
    """Make a TIFF of 10 x 10 whose one strip holds half a gigabyte of zeros."""
    squeezer = zlib.compressobj(9)
    data = b"".join(squeezer.compress(bytes(2**20)) for _ in range(512)) + squeezer.flush()
    head = tiff_claiming(10, 10, t259=8, t279=len(data))
    return head[:200] + data


def hostile_files() -> dict[str, bytes]:
    """Make small files that claim or hold much, and such as are no images."""
    zeros = zlib.compress(bytes(2**28))
    return {
        "empty.png": b"",
        "text.jpg": b"not an image",
        "signature.png": b"\x89PNG\r\n\x1a\n" + bytes(30),
        "huge.png": png(60_000, 60_000, 8, 2, b""),
        "huge-deep.png": png(60_000, 60_000, 16, 6, b""),
        "wide.png": png(2**31 - 1, 1, 8, 0, b""),
        "short.png": png(10_000, 10_000, 16, 6, bytes(100)),
        "more.png": png(4, 4, 16, 2, bytes(2**28)),
        "text.png": png(4, 4, 8, 0, bytes(20), chunk(b"zTXt", b"a\0\0" + zeros)),
        "huge.gif": b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(3) + b",",
        "huge.bmp": b"BM" + struct.pack("<IIIIiiHH24x", 90, 0, 54, 40, 60_000, 60_000, 1, 24),
        "huge.ppm": b"P6 60000 60000 255\n",
        "huge.tif": tiff_claiming(60_000, 60_000),
        "wide.tif": tiff_claiming(2**32 - 1, 2**32 - 1),
        "none.tif": tiff_claiming(0, 0),
        "tile.tif": tiff_claiming(10, 10, t322=65_520, t323=65_520, t324=200, t325=10),
        "samples.tif": tiff_claiming(10, 10, t277=65_535),
        "cut.tif": tiff_claiming(1000, 1000, t279=1_000_000),
        "bits.tif": tiff_claiming(10, 10, t258=64),
        "loop.tif": b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 0) + struct.pack("<I", 8),
        "nowhere.tif": b"II*\0" + struct.pack("<I", 2**32 - 16),
        "program.eps.png": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) print\n",
    }  # fmt: skip


READ_ALL = """
import resource, sys, warnings
from pathlib import Path
from inpaintbench.images.errors import DataError
from inpaintbench.images.reading import read_image, read_mask
import PIL.Image, imagecodecs, tifffile, numpy
warnings.simplefilter("ignore")
limit = int(sys.argv[2])
base = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (base + limit, base + limit))
for path in sorted(Path(sys.argv[1]).iterdir()):
    for read in (read_image, read_mask):
        try:
            print(path.name, "read", read(path).shape)
        except DataError as error:
            print(path.name, "refused", str(error).replace(chr(10), "<newline>"))
"""


def read_within(folder: Path, memory: int) -> dict[str, str]:
    """Read all files of a folder in a process that has so many bytes more than its libraries."""
    ran = subprocess.run(
        [sys.executable, "-c", READ_ALL, str(folder), str(memory)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    said = [line for line in ran.stderr.splitlines() if not line.startswith("PNG warning")]
    assert said == []
    assert ran.returncode == 0
    return {line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in ran.stdout.splitlines()}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and a limit on memory")
def test_hostile_files_are_refused_in_a_line_within_a_quarter_of_a_gigabyte(tmp_path: Path) -> None:
    for name, content in hostile_files().items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "bomb.tif").write_bytes(zip_bomb())
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    with (tmp_path / "sparse.webp").open("wb") as file:
        file.write(b"RIFF\0\0\0\0WEBPVP8 ")
        file.truncate(2**40)
    said = read_within(tmp_path, 2**28)
    assert set(said) == {path.name for path in tmp_path.iterdir()}
    wrong = {name: line for name, line in said.items() if not line.startswith("refused ")}
    assert set(wrong) <= {"more.png", "text.png", "bomb.tif"}, (
        wrong
    )  # these may be read as they are
    assert not [line for line in said.values() if "<newline>" in line]
    for name in ("huge.png", "huge-deep.png", "wide.png", "huge.ppm", "huge.tif", "wide.tif"):
        assert f"more pixels than the {MOST_READ:,} that are read" in said[name], said[name]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and a limit on memory")
def test_reading_takes_at_most_24_bytes_a_pixel(tmp_path: Path) -> None:
    side = 2000
    pixels = np.zeros((side, side, 4), np.uint16)
    pixels[..., 3] = np.arange(side, dtype=np.uint16) * 32
    colour = np.ascontiguousarray(pixels[..., :3] >> 8).astype(np.uint8)
    tifffile.imwrite(tmp_path / "deep.tif", pixels, photometric="rgb", extrasamples=["unassalpha"])
    tifffile.imwrite(
        tmp_path / "multiplied.tif", pixels, photometric="rgb", extrasamples=["assocalpha"]
    )
    (tmp_path / "deep.png").write_bytes(
        png(side, side, 16, 6, b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels))
    )
    Image.fromarray(np.dstack([colour, colour[..., 0]])).save(tmp_path / "alpha.png")
    Image.fromarray(colour).save(tmp_path / "colour.jpg")
    said = read_within(tmp_path, 24 * side * side + 2**25)
    assert {line.split(" ")[0] for line in said.values()} == {"read"}, said
