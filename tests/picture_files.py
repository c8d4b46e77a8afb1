"""Image and mask files of every kind, each written by several libraries where they can."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import tifffile
from PIL import Image

Write = Callable[[Path], Any]

_RANDOM = np.random.default_rng(0)
GREY = _RANDOM.integers(0, 256, (5, 7), np.uint8)
RGB = _RANDOM.integers(0, 256, (5, 7, 3), np.uint8)
DEEP = _RANDOM.integers(0, 65536, (5, 7), np.uint16)
DEEP_RGB = _RANDOM.integers(0, 65536, (5, 7, 3), np.uint16)
BITS = GREY > 127
ALPHA, DEEP_ALPHA = GREY[::-1].copy(), DEEP[::-1].copy()
SMOOTH = np.full((16, 16, 3), (200, 80, 40), np.uint8)
TWELVE = DEEP >> 4
INDICES = GREY % 4
PALETTE = np.array([[10, 20, 30], [200, 0, 0], [0, 200, 0], [250, 250, 250]], np.uint8)
GREYS = np.array([[0] * 3, [80] * 3, [160] * 3, [255] * 3], np.uint8)


@dataclass(frozen=True)
class File:
    """A kind of file: what it should give, who writes it, and by how much it may differ.

    `expected` is None for a kind that is refused.
    """

    kind: str
    expected: np.ndarray | None
    writers: Mapping[str, Write]
    within: int = 0
    ending: str = "png"
    notes: str = field(default="")


def over_white(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Blend in fractions, rounded once."""
    top = np.iinfo(colour.dtype).max
    colour = colour if colour.ndim == 3 else colour[..., None]
    share = alpha[..., None].astype(float) / top
    return np.floor(colour * share + top * (1 - share) + 0.5).astype(colour.dtype)


def pillow(pixels: np.ndarray, mode: str | None = None, **options: Any) -> Write:
    """Write with Pillow."""

    def write(path: Path) -> None:
        image = Image.fromarray(pixels)
        (image.convert(mode) if mode else image).save(path, **options)

    return write


def opencv(pixels: np.ndarray, *options: int) -> Write:
    """Write with OpenCV, which takes blue first."""
    swapped = pixels
    if pixels.ndim == 3:
        swapped = np.concatenate([pixels[..., 2::-1], pixels[..., 3:]], axis=2)
    return lambda path: cv2.imwrite(str(path), swapped, options)


def tiff(pixels: np.ndarray, photometric: str | None = None, **options: Any) -> Write:
    """Write with tifffile."""
    if photometric is None:
        photometric = "rgb" if pixels.ndim == 3 and pixels.shape[2] in (3, 4) else "minisblack"
    return lambda path: tifffile.imwrite(path, pixels, photometric=photometric, **options)


def codec(name: str, pixels: np.ndarray, **options: Any) -> Write:
    """Write with imagecodecs."""
    encode = getattr(imagecodecs, f"{name}_encode")
    return lambda path: path.write_bytes(encode(pixels, **options))


def chunk(kind: bytes, data: bytes) -> bytes:
    """Make a chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int, height: int, depth: int, kind: int, rows: bytes, *more: bytes, interlaced: int = 0
) -> bytes:
    """Write a PNG by its specification: its filtered rows, and chunks before them."""
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    data = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(more) + data


def _rows(pixels: np.ndarray) -> bytes:
    wide = pixels.astype(pixels.dtype.newbyteorder(">"))
    return b"".join(b"\0" + row.tobytes() for row in wide)


def _by_hand(pixels: np.ndarray, depth: int, kind: int, *more: bytes) -> Write:
    return lambda path: path.write_bytes(
        png(pixels.shape[1], pixels.shape[0], depth, kind, _rows(pixels), *more)
    )


def _interlaced(path: Path) -> None:
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
    parts = [DEEP_RGB[y::down, x::across] for y, x, down, across in [*passes, (1, 0, 2, 1)]]
    rows = b"".join(_rows(part) for part in parts if part.size)
    path.write_bytes(png(7, 5, 16, 2, rows, interlaced=1))


def _palette(colours: np.ndarray, **options: Any) -> Write:
    def write(path: Path) -> None:
        image = Image.fromarray(INDICES, "P")
        image.putpalette(colours.reshape(-1).tolist())
        image.save(path, **options)

    return write


def _palette_chunk(colours: np.ndarray) -> bytes:
    return chunk(b"PLTE", colours.tobytes())


def _keyed(depth: int) -> Write:
    """Write greys of few bits, of which 1 is transparent."""
    values = np.zeros((5, 8), np.uint8)
    values[:, :7] = GREY >> (8 - depth)
    bits = np.unpackbits(values[..., None], axis=2)[..., 8 - depth :]
    packed = np.packbits(bits.reshape(5, -1), axis=1)
    data = png(7, 5, depth, 0, _rows(packed), chunk(b"tRNS", struct.pack(">H", 1)))
    return lambda path: path.write_bytes(data)


def _keyed_expected(depth: int) -> np.ndarray:
    values = GREY >> (8 - depth)
    scaled = (values * (255 // (2**depth - 1))).astype(np.uint8)
    return np.where(values == 1, 255, scaled).astype(np.uint8)


_INK = np.array([[[0, 255, 255, 0], [255, 0, 0, 0], [0, 0, 0, 255], [0, 0, 0, 0]]], np.uint8)
_INKED = np.array([[[255, 0, 0], [0, 255, 255], [0, 0, 0], [255, 255, 255]]], np.uint8)
_FLAT_INK = np.full((16, 16, 4), (0, 255, 255, 0), np.uint8)


def _premultiplied(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    top = np.iinfo(colour.dtype).max
    scaled = np.floor(colour * (alpha[..., None] / top) + 0.5).astype(colour.dtype)
    return np.dstack([scaled, alpha])


_PREMULTIPLIED = _premultiplied(RGB, ALPHA)
_RGBA, _DEEP_RGBA = np.dstack([RGB, ALPHA]), np.dstack([DEEP_RGB, DEEP_ALPHA])
_LA, _DEEP_LA = np.dstack([GREY, ALPHA]), np.dstack([DEEP, DEEP_ALPHA])
_BLACK_AND_WHITE = (BITS * 255).astype(np.uint8)
_WEBP = (cv2.IMWRITE_WEBP_QUALITY, 101)
_MAP = (np.repeat(PALETTE.T.astype(np.uint16), 64, axis=1) * 257)[:, ::64].repeat(64, axis=1)


def _colormap() -> np.ndarray:
    full = np.zeros((3, 256), np.uint16)
    full[:, :4] = PALETTE.T.astype(np.uint16) * 257
    return full


def _several(path: Path) -> None:
    first, second = Image.fromarray(GREY), Image.fromarray(255 - GREY)
    first.save(path, save_all=True, append_images=[second])


IMAGES = (
    File(
        "PNG, black and white",
        _BLACK_AND_WHITE,
        {"Pillow": pillow(BITS), "OpenCV": opencv(_BLACK_AND_WHITE, cv2.IMWRITE_PNG_BILEVEL, 1)},
    ),
    File("PNG, grey, 8 bits", GREY, {"Pillow": pillow(GREY), "OpenCV": opencv(GREY)}),
    File("PNG, grey, 16 bits", DEEP, {"Pillow": pillow(DEEP), "OpenCV": opencv(DEEP)}),
    File("PNG, colour, 8 bits", RGB, {"Pillow": pillow(RGB), "OpenCV": opencv(RGB)}),
    File(
        "PNG, colour, 16 bits",
        DEEP_RGB,
        {"OpenCV": opencv(DEEP_RGB), "imagecodecs": codec("png", DEEP_RGB)},
    ),
    File("PNG, colour, 16 bits, interlaced", DEEP_RGB, {"by hand": _interlaced}),
    File(
        "PNG, grey and alpha, 8 bits",
        over_white(GREY, ALPHA),
        {"Pillow": pillow(_LA), "imagecodecs": codec("png", _LA)},
    ),
    File(
        "PNG, grey and alpha, 16 bits",
        over_white(DEEP, DEEP_ALPHA),
        {"imagecodecs": codec("png", _DEEP_LA), "by hand": _by_hand(_DEEP_LA, 16, 4)},
    ),
    File(
        "PNG, colour and alpha, 8 bits",
        over_white(RGB, ALPHA),
        {"Pillow": pillow(_RGBA), "OpenCV": opencv(_RGBA)},
    ),
    File(
        "PNG, colour and alpha, 16 bits",
        over_white(DEEP_RGB, DEEP_ALPHA),
        {"OpenCV": opencv(_DEEP_RGBA), "imagecodecs": codec("png", _DEEP_RGBA)},
    ),
    *(
        File(
            f"PNG, grey with a transparent value, {depth} bits",
            _keyed_expected(depth),
            {"by hand": _keyed(depth)},
        )
        for depth in (1, 2, 4)
    ),
    File(
        "PNG, grey with a transparent value, 16 bits",
        np.where(DEEP[0, 0] == DEEP, 65535, DEEP).astype(np.uint16),
        {"by hand": _by_hand(DEEP, 16, 0, chunk(b"tRNS", struct.pack(">H", DEEP[0, 0])))},
    ),
    File(
        "PNG, palette",
        PALETTE[INDICES],
        {
            "Pillow": _palette(PALETTE),
            "by hand": _by_hand(INDICES, 8, 3, _palette_chunk(PALETTE)),
        },
    ),
    File(
        "PNG, palette of greys",
        GREYS[INDICES][..., :1],
        {"Pillow": _palette(GREYS), "by hand": _by_hand(INDICES, 8, 3, _palette_chunk(GREYS))},
    ),
    File(
        "PNG, palette with a transparent entry",
        np.where(INDICES[..., None] == 1, 255, PALETTE[INDICES]).astype(np.uint8),
        {
            "Pillow": _palette(PALETTE, transparency=1),
            "by hand": _by_hand(
                INDICES, 8, 3, _palette_chunk(PALETTE), chunk(b"tRNS", bytes([255, 0, 255]))
            ),
        },
    ),
    File(
        "JPEG, grey",
        SMOOTH[..., :1],
        {
            "Pillow": pillow(SMOOTH[..., 0], quality=100),
            "OpenCV": opencv(SMOOTH[..., 0], cv2.IMWRITE_JPEG_QUALITY, 100),
        },
        3,
        "jpg",
    ),
    File(
        "JPEG, colour",
        SMOOTH,
        {
            "Pillow": pillow(SMOOTH, quality=100),
            "OpenCV": opencv(SMOOTH, cv2.IMWRITE_JPEG_QUALITY, 100),
        },
        3,
        "jpg",
    ),
    File(
        "JPEG, CMYK (inverted, as Adobe writes it)",
        np.full((16, 16, 3), (255, 0, 0), np.uint8),
        {
            "Pillow": lambda path: Image.frombytes("CMYK", (16, 16), _FLAT_INK.tobytes()).save(
                path, quality=100
            )
        },
        3,
        "jpg",
    ),
    File(
        "WebP, colour",
        RGB,
        {"Pillow": pillow(RGB, lossless=True), "OpenCV": opencv(RGB, *_WEBP)},
        0,
        "webp",
    ),
    File(
        "WebP, colour and alpha",
        over_white(RGB, ALPHA),
        {
            "Pillow": pillow(_RGBA, lossless=True, exact=True),
            "imagecodecs": codec("webp", _RGBA, lossless=True),
        },
        0,
        "webp",
    ),
    File("BMP, grey", GREY, {"Pillow": pillow(GREY), "OpenCV": opencv(GREY)}, 0, "bmp"),
    File("BMP, colour", RGB, {"Pillow": pillow(RGB), "OpenCV": opencv(RGB)}, 0, "bmp"),
    File("GIF, grey", GREY, {"Pillow": pillow(GREY)}, 0, "gif"),
    File("GIF, several frames", GREY, {"Pillow": _several}, 0, "gif", "the first"),
    File("PGM, 8 bits", GREY, {"Pillow": pillow(GREY), "OpenCV": opencv(GREY)}, 0, "pgm"),
    File("PGM, 16 bits", DEEP, {"Pillow": pillow(DEEP), "OpenCV": opencv(DEEP)}, 0, "pgm"),
    File("PPM, 8 bits", RGB, {"Pillow": pillow(RGB), "OpenCV": opencv(RGB)}, 0, "ppm"),
    File("PPM, 16 bits", None, {"OpenCV": opencv(DEEP_RGB)}, 0, "ppm"),
    File(
        "TIFF, black and white",
        _BLACK_AND_WHITE,
        {"Pillow": pillow(BITS), "tifffile": tiff(BITS)},
        0,
        "tif",
    ),
    File(
        "TIFF, black and white, white is zero",
        _BLACK_AND_WHITE,
        {
            "Pillow": pillow(BITS, compression="group4", tiffinfo={262: 0}),
            "tifffile": tiff(~BITS, "miniswhite"),
        },
        0,
        "tif",
    ),
    File("TIFF, grey, 8 bits", GREY, {"Pillow": pillow(GREY), "tifffile": tiff(GREY)}, 0, "tif"),
    File(
        "TIFF, grey, 8 bits, white is zero",
        GREY,
        {"Pillow": pillow(GREY, tiffinfo={262: 0}), "tifffile": tiff(255 - GREY, "miniswhite")},
        0,
        "tif",
    ),
    File(
        "TIFF, grey, 4 bits",
        (GREY >> 4) * 17,
        {"tifffile": tiff(GREY >> 4, bitspersample=4)},
        0,
        "tif",
    ),
    File(
        "TIFF, grey, 12 bits",
        np.floor(TWELVE * (65535 / 4095) + 0.5).astype(np.uint16),
        {"tifffile": tiff(TWELVE, bitspersample=12)},
        0,
        "tif",
    ),
    File("TIFF, grey, 16 bits", DEEP, {"Pillow": pillow(DEEP), "OpenCV": opencv(DEEP)}, 0, "tif"),
    File(
        "TIFF, grey, 16 bits, big-endian",
        DEEP,
        {"Pillow": pillow(DEEP.astype(">u2")), "tifffile": tiff(DEEP, byteorder=">")},
        0,
        "tif",
    ),
    File(
        "TIFF, grey, 16 bits, white is zero",
        DEEP,
        {"tifffile": tiff(65535 - DEEP, "miniswhite")},
        0,
        "tif",
    ),
    File(
        "TIFF, grey and alpha, 16 bits",
        over_white(DEEP, DEEP_ALPHA),
        {"tifffile": tiff(_DEEP_LA, planarconfig="contig", extrasamples=["unassalpha"])},
        0,
        "tif",
    ),
    File("TIFF, colour, 8 bits", RGB, {"Pillow": pillow(RGB), "OpenCV": opencv(RGB)}, 0, "tif"),
    File(
        "TIFF, colour, 8 bits, planar",
        RGB,
        {"tifffile": tiff(np.moveaxis(RGB, 2, 0), "rgb", planarconfig="separate")},
        0,
        "tif",
    ),
    File(
        "TIFF, colour, 16 bits",
        DEEP_RGB,
        {"OpenCV": opencv(DEEP_RGB), "tifffile": tiff(DEEP_RGB)},
        0,
        "tif",
    ),
    File(
        "TIFF, colour, 16 bits, planar",
        DEEP_RGB,
        {"tifffile": tiff(np.moveaxis(DEEP_RGB, 2, 0), "rgb", planarconfig="separate")},
        0,
        "tif",
    ),
    File(
        "TIFF, colour and alpha, 8 bits",
        over_white(RGB, ALPHA),
        {"Pillow": pillow(_RGBA), "tifffile": tiff(_RGBA, extrasamples=["unassalpha"])},
        0,
        "tif",
    ),
    File(
        "TIFF, colour and alpha, 16 bits",
        over_white(DEEP_RGB, DEEP_ALPHA),
        {"OpenCV": opencv(_DEEP_RGBA), "tifffile": tiff(_DEEP_RGBA, extrasamples=["unassalpha"])},
        0,
        "tif",
    ),
    File(
        "TIFF, colours multiplied by alpha",
        (_PREMULTIPLIED[..., :3] + (255 - ALPHA[..., None])).astype(np.uint8),
        {"tifffile": tiff(_PREMULTIPLIED, extrasamples=["assocalpha"])},
        0,
        "tif",
    ),
    File(
        "TIFF, palette",
        PALETTE[INDICES],
        {
            "Pillow": _palette(PALETTE),
            "tifffile": tiff(INDICES, "palette", colormap=_colormap()),
        },
        0,
        "tif",
    ),
    File(
        "TIFF, CMYK, 8 bits",
        _INKED,
        {
            "Pillow": lambda path: Image.frombytes("CMYK", (4, 1), _INK.tobytes()).save(path),
            "tifffile": tiff(_INK, "separated"),
        },
        0,
        "tif",
    ),
    File("TIFF, CMYK, 16 bits", None, {"tifffile": tiff(_DEEP_RGBA, "separated")}, 0, "tif"),
    File(
        "TIFF, YCbCr",
        SMOOTH,
        {"Pillow": pillow(SMOOTH, "YCbCr")},
        3,
        "tif",
    ),
    *(
        File(
            f"TIFF, compressed: {name}",
            DEEP_RGB,
            {
                "OpenCV": opencv(DEEP_RGB, cv2.IMWRITE_TIFF_COMPRESSION, number),
                "tifffile": tiff(DEEP_RGB, compression=name, predictor=name != "packbits"),
            },
            0,
            "tif",
        )
        for name, number in (("lzw", 5), ("deflate", 32946), ("packbits", 32773))
    ),
    File(
        "TIFF, compressed: JPEG",
        SMOOTH,
        {
            "Pillow": pillow(SMOOTH, compression="jpeg", quality=100),
            "tifffile": tiff(SMOOTH, compression="jpeg", compressionargs={"level": 100}),
        },
        3,
        "tif",
    ),
    File(
        "TIFF, tiles",
        DEEP_RGB,
        {"tifffile": tiff(DEEP_RGB, tile=(16, 16), compression="zlib")},
        0,
        "tif",
    ),
    File("BigTIFF", DEEP_RGB, {"tifffile": tiff(DEEP_RGB, bigtiff=True)}, 0, "tif"),
    File("TIFF, several pages", GREY, {"Pillow": _several}, 0, "tif", "the first"),
    File(
        "TIFF, floating point",
        None,
        {"Pillow": pillow(GREY.astype(np.float32)), "tifffile": tiff(GREY.astype(np.float32))},
        0,
        "tif",
    ),
    File("TIFF, signed", None, {"tifffile": tiff(TWELVE.astype(np.int16))}, 0, "tif"),
    File(
        "TIFF, 32 bits",
        None,
        {"Pillow": pillow(GREY.astype(np.int32)), "tifffile": tiff(GREY.astype(np.uint32))},
        0,
        "tif",
    ),
    File(
        "TIFF, five channels",
        None,
        {"tifffile": tiff(np.dstack([RGB, GREY, GREY]), "minisblack", planarconfig="contig")},
        0,
        "tif",
    ),
)
"""Files of images; every expected array is (H, W) or (H, W, C)."""

HOLE = np.zeros((6, 8), np.bool_)
HOLE[1:4, 2:6] = True
_H = HOLE.astype(np.uint8)
_COLOURED = np.zeros((6, 8, 3), np.uint8)
_COLOURED[HOLE, 2] = 255
_ON_WHITE = np.full((6, 8, 3), 255, np.uint8)
_ON_WHITE[HOLE] = (255, 0, 0)
_SOFT = _H * 255
_SOFT[0, :4] = (3, 100, 140, 250)
_SOFTLY = HOLE.copy()
_SOFTLY[0, 2:4] = True
_NOISY = np.kron(HOLE, np.ones((5, 5), bool))


def _rgba(colour: tuple[int, int, int], alpha: np.ndarray) -> np.ndarray:
    return np.dstack([np.broadcast_to(np.array(colour, np.uint8), (6, 8, 3)), alpha])


_PAINTED = np.dstack([_H * 255] * 4)
_ERASED = np.dstack([np.dstack([_H * 255] * 3), (255 - _H * 255)])

MASKS = (
    File("0 and 255", HOLE, {"Pillow": pillow(_H * 255), "OpenCV": opencv(_H * 255)}),
    File("0 and 1", HOLE, {"Pillow": pillow(_H), "OpenCV": opencv(_H)}),
    File(
        "black and white, 1 bit", HOLE, {"Pillow": pillow(HOLE), "tifffile": tiff(HOLE)}, 0, "tif"
    ),
    File("1 bit, white is zero", HOLE, {"tifffile": tiff(~HOLE, "miniswhite")}, 0, "tif"),
    File(
        "0 and 65535",
        HOLE,
        {"Pillow": pillow(_H * np.uint16(65535)), "OpenCV": opencv(_H * np.uint16(65535))},
    ),
    File("0 and 1 of 16 bits", HOLE, {"OpenCV": opencv(_H.astype(np.uint16))}),
    File(
        "JPEG of black and white",
        _NOISY,
        {
            "Pillow": pillow(_NOISY.astype(np.uint8) * 255, quality=60),
            "OpenCV": opencv(_NOISY.astype(np.uint8) * 255, cv2.IMWRITE_JPEG_QUALITY, 60),
        },
        0,
        "jpg",
    ),
    File("soft edges", _SOFTLY, {"Pillow": pillow(_SOFT), "OpenCV": opencv(_SOFT)}),
    File("a colour on black", HOLE, {"Pillow": pillow(_COLOURED), "OpenCV": opencv(_COLOURED)}),
    File("a colour on white", None, {"Pillow": pillow(_ON_WHITE), "OpenCV": opencv(_ON_WHITE)}),
    File("labels 0, 1 and 2", None, {"Pillow": pillow(_H + (_SOFT > 200))}),
    File(
        "any colour painted on transparency",
        HOLE,
        {
            "Pillow": pillow(_rgba((0, 0, 0), _H * 255)),
            "OpenCV": opencv(_rgba((255, 255, 255), _H * 255)),
            "tifffile": tiff(_rgba((0, 90, 0), _H * 255), extrasamples=["unassalpha"]),
        },
        0,
        "tif",
    ),
    File("white painted on transparent black", HOLE, {"Pillow": pillow(_PAINTED)}),
    File(
        "black and white, equally opaque",
        HOLE,
        {
            "Pillow": pillow(np.dstack([_H * 255] * 3 + [np.full_like(_H, 255)])),
            "OpenCV": opencv(np.dstack([_H * 255] * 3 + [np.full_like(_H, 0)])),
        },
    ),
    File(
        "colours and transparency that differ",
        None,
        {
            "Pillow": pillow(np.dstack([_COLOURED, np.roll(_H, 2, 1) * 255])),
            "OpenCV": opencv(np.dstack([_COLOURED, np.roll(_H, 2, 1) * 255])),
        },
    ),
)
"""Files of masks, the hole being white; every expected array is the hole."""
