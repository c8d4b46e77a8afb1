"""Text laid over photographs: captions, date stamps, watermarks, pages."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import ClassVar

import numpy as np

from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample
from inpaintbench.masks.drawing import direction, draw_lines
from inpaintbench.masks.filling import empty_mask, unit
from inpaintbench.masks.stroke_font import (
    CAPITAL_HEIGHT,
    SPACE_WIDTH,
    TEXT_HEIGHT,
    draw_text,
    text_segments,
    text_width,
)

_WORDS = """
a after again all along and at autumn before between blue by clouds cold day down early evening
far field first forest from garden green harbour here hill home house in into island its lake
last late light little long meadow morning mountain near new night north of old on once our over
path quiet rain red river road sea shore small snow some south spring still stone street summer
the their there through to tower town under valley village walk wall warm water we west where
white wind window winter with wood years young
""".split()  # noqa: SIM905 - words read better than a list of quoted words

_MARKS = ("SAMPLE", "PREVIEW", "PROOF", "DRAFT", "COPY")


@dataclass(frozen=True)
class TextOverlay(MaskSuite):
    """Text laid over a photograph, to be taken off.

    - ``caption``: one or two centred lines at the bottom or top, capitals 12–20 px high.
    - ``date-stamp``: a date in the lower right corner, 10–16 px high.
    - ``watermark``: a word repeated over the whole image, rising at 20–40 degrees, 16–28 px high.
    - ``page``: lines of words over the whole image, 9–14 px high.

    The pen is a tenth to a sixth of the capitals' height. Lengths are in pixels of a 256² image
    and scale with the square root of the image's area, but capitals stay at least 7 px high and
    the pen at least 1 px wide; a line holds the words that fit. The letters are the strokes of
    ``inpaintbench.masks.stroke_font``.
    """

    kinds: ClassVar[tuple[str, ...]] = ("caption", "date-stamp", "watermark", "page")
    source: ClassVar[str] = (
        "text removal as in Bertalmio, Sapiro, Caselles, Ballester, Image Inpainting, SIGGRAPH 2000"
    )

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Write text of one kind."""
        write = {
            "caption": _write_caption,
            "date-stamp": _write_date,
            "watermark": _write_watermark,
            "page": _write_page,
        }[kind]
        mask = empty_mask(sample)
        write(mask, unit(sample), random)
        return mask


@dataclass(frozen=True)
class _Style:
    """Height of a capital and width of the pen, in pixels."""

    height: float
    pen: float

    @property
    def scale(self) -> float:
        return self.height / CAPITAL_HEIGHT

    @property
    def line_height(self) -> float:
        return (TEXT_HEIGHT + 4) * self.scale

    def width(self, text: str) -> float:
        return text_width(text) * self.scale


def _style(low: float, high: float, unit: float, random: RandomStream) -> _Style:
    height = max(random.uniform(low, high) * unit, 7.0)
    return _Style(height, max(height * random.uniform(0.1, 1 / 6), 1.0))


def _line(room: float, style: _Style, random: RandomStream) -> str:
    """Return random words that fill a line of `room` pixels; at least one letter."""
    line = random.choice(_WORDS).capitalize()
    while len(line) > 1 and style.width(line) > room:
        line = line[:-1]
    left = room - style.width(line)
    while True:
        word = random.choice(_WORDS)
        left -= SPACE_WIDTH * style.scale + style.width(word)
        if left < 0:
            return line
        line = f"{line} {word}"


def _write_caption(mask: Mask, unit: float, random: RandomStream) -> None:
    style = _style(12.0, 20.0, unit, random)
    height, width = mask.shape
    margin = style.height / 2
    lines = random.integer(1, 3) if 3 * style.line_height < height else 1
    y = margin if random.chance(0.25) else height - margin - lines * style.line_height
    for _ in range(lines):
        line = _line((width - 2 * margin) * random.uniform(0.6, 1.0), style, random)
        draw_text(mask, line, y, (width - style.width(line)) / 2, style.height, style.pen)
        y += style.line_height


def _write_date(mask: Mask, unit: float, random: RandomStream) -> None:
    style = _style(10.0, 16.0, unit, random)
    day, month, year = random.integer(1, 29), random.integer(1, 13), random.integer(70, 100)
    date = random.choice((f"{day:02}.{month:02}.{year}", f"'{year} {month} {day}"))
    while len(date) > 2 and style.width(date) > mask.shape[1] - 2:
        date = date[:-1].rstrip(" .")
    margin = style.height * random.uniform(0.5, 1.2)
    y = max(mask.shape[0] - margin - style.height, 1.0)
    x = max(mask.shape[1] - margin - style.width(date), 1.0)
    draw_text(mask, date, y, x, style.height, style.pen)


def _write_watermark(mask: Mask, unit: float, random: RandomStream) -> None:
    style = _style(16.0, 28.0, unit, random)
    height, width = mask.shape
    word = random.choice(_MARKS)
    along = direction(-random.uniform(20 / 360, 40 / 360))
    # The rows of words cover a square that the image fits into at any angle.
    reach = sqrt(height * height + width * width) / 2
    step = style.width(word) + 3 * style.height
    text = "  ".join([word] * (ceil(2 * reach / step) + 1))
    row, lines = -reach + random.uniform(0, style.line_height), []
    while row < reach:
        start = -reach - random.uniform(0, step)
        y = height / 2 + row * along[1] + start * along[0]
        x = width / 2 + start * along[1] - row * along[0]
        lines.append(text_segments(text, y, x, style.height, along))
        row += 2.5 * style.line_height
    draw_lines(mask, np.concatenate([*lines, np.empty((0, 4))]), style.pen)


def _write_page(mask: Mask, unit: float, random: RandomStream) -> None:
    style = _style(9.0, 14.0, unit, random)
    height, width = mask.shape
    margin = style.height / 2
    y, lines = margin, []
    while y + style.height <= height:
        line = _line(width - 2 * margin, style, random)
        lines.append(text_segments(line, y, margin, style.height))
        y += style.line_height
    draw_lines(mask, np.concatenate([*lines, np.empty((0, 4))]), style.pen)
