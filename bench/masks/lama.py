"""The thin, medium and thick masks of LaMa."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from inpaintbench.masks.base import Mask, MaskSuite, RandomStream, Sample
from inpaintbench.masks.canvas import Canvas
from inpaintbench.masks.drawing import direction
from inpaintbench.masks.filling import empty_mask, tries, undrawable

_TURNS_OF_A_RADIAN = 0.15915494309189535
_HEADINGS = tuple(direction((0.01 + angle) * _TURNS_OF_A_RADIAN) for angle in range(4))
"""The four directions of a segment: .01 + {0, 1, 2, 3} radians from the vertical."""

_AREA_CAP = 0.5
_STROKES_SHARE = 10 / 13

_OPENCV_EXCESS = 0.65
"""``cv2.line`` of thickness t is 2⌈t/2⌉ + 1 px wide with caps of diameter 2⌈t/2⌉; one width for
both that leaves the mean coverage of all six configurations within .001 of OpenCV's."""


@dataclass(frozen=True)
class _Strokes:
    """Numbers of a configuration, in pixels; as in the source, `most` is exceeded by one."""

    fewest: int
    most: int
    max_width: int
    max_length: int


@dataclass(frozen=True)
class _Boxes:
    """Numbers of a configuration, in pixels; all bounds included."""

    shortest: int
    longest: int
    most: int
    margin: int


class _LamaSuite(MaskSuite):
    """What the three suites share: they differ in their numbers alone."""

    source: ClassVar[str] = (
        "LaMa (Suvorov et al., WACV 2022), github.com/advimman/lama, "
        "configs/data_gen/random_*.yaml and saicinpainting/training/data/masks.py"
    )
    strokes: ClassVar[dict[int, _Strokes]]
    boxes: ClassVar[dict[int, _Boxes]] = {}

    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Draw masks until one has a hole that covers at most half of the image."""
        for _ in tries(sample):
            mask = empty_mask(sample)
            canvas = Canvas(mask, self.strokes)
            if not self.boxes or random.chance(_STROKES_SHARE):
                _draw_strokes(canvas, self.strokes[canvas.size], random)
            else:
                _fill_boxes(canvas, self.boxes[canvas.size], random)
            if 0 < np.count_nonzero(mask) <= _AREA_CAP * mask.size:
                return mask
        raise undrawable(self, sample)


def _draw_strokes(canvas: Canvas, strokes: _Strokes, random: RandomStream) -> None:
    lines = []
    for stroke in range(random.integer(strokes.fewest, strokes.most + 2)):
        y, x = random.integer(0, canvas.height), random.integer(0, canvas.width)
        points, widths = [(y, x)], []
        for _ in range(random.integer(1, 6)):
            across, down = _HEADINGS[random.integer(0, 4)]
            if stroke % 2 == 0:
                across = -across
            length = 10 + random.integer(0, strokes.max_length)
            thickness = 5 + random.integer(0, strokes.max_width)
            y = min(max(int(y + length * down), 0), canvas.height)
            x = min(max(int(x + length * across), 0), canvas.width)
            points.append((y, x))
            widths.append((thickness + 1) // 2 * 2 + _OPENCV_EXCESS)
        lines.append((points, widths))
    canvas.draw_polylines(lines)


def _fill_boxes(canvas: Canvas, boxes: _Boxes, random: RandomStream) -> None:
    margin = min(boxes.margin, canvas.height // 4, canvas.width // 4)
    room_y, room_x = canvas.height - 2 * margin, canvas.width - 2 * margin
    longest = min(boxes.longest, room_y, room_x)
    shortest = min(boxes.shortest, longest)
    for _ in range(random.integer(1, boxes.most + 1)):
        height = random.integer(shortest, longest + 1)
        width = random.integer(shortest, longest + 1)
        top = margin + random.integer(0, room_y - height + 1)
        left = margin + random.integer(0, room_x - width + 1)
        canvas.fill_box(top, left, height, width)


@dataclass(frozen=True)
class LamaThin(_LamaSuite):
    """LaMa's thin masks: 4–51 strokes, 5–14 px thick at 256².

    ========  ========  =========  ==========  =====
    image     strokes   thickness  length      boxes
    ========  ========  =========  ==========  =====
    256²      4–51      5–14 px    10–49 px    none
    512²      4–71      5–24 px    10–109 px   none
    ========  ========  =========  ==========  =====

    A stroke starts at a random pixel and has 1–5 segments, each of a thickness and a length of its
    own, at .01 + {0, 1, 2, 3} radians from the vertical, mirrored in every other stroke; segments
    end inside the image. A mask that covers more than half of the image is drawn again. The
    source's configuration says at most 50 (70) strokes, and its generator draws one more; for a
    thickness t its ``cv2.line`` covers about ``2⌈t/2⌉ + .65`` pixels, and so do ours.

    Images of other sizes take the numbers of the nearer published size, with lengths and
    thicknesses in proportion to the square root of the image's area.
    """

    strokes: ClassVar[dict[int, _Strokes]] = {
        256: _Strokes(4, 50, 10, 40),
        512: _Strokes(4, 70, 20, 100),
    }


@dataclass(frozen=True)
class LamaMedium(_LamaSuite):
    """LaMa's medium masks: 4–6 strokes, 5–54 px thick at 256², or boxes.

    ========  ========  =========  ==========  ==============================
    image     strokes   thickness  length      boxes (in 3 of 13 masks)
    ========  ========  =========  ==========  ==============================
    256²      4–6       5–54 px    10–109 px   1–5, sides 10–50 px, margin 0
    512²      4–11      5–104 px   10–209 px   1–5, sides 30–150 px, margin 0
    ========  ========  =========  ==========  ==============================

    A mask has strokes (10 of 13) or boxes (3 of 13), never both; the rest is as in `lama-thin`.
    """

    strokes: ClassVar[dict[int, _Strokes]] = {
        256: _Strokes(4, 5, 50, 100),
        512: _Strokes(4, 10, 100, 200),
    }
    boxes: ClassVar[dict[int, _Boxes]] = {
        256: _Boxes(10, 50, 5, 0),
        512: _Boxes(30, 150, 5, 0),
    }


@dataclass(frozen=True)
class LamaThick(_LamaSuite):
    """LaMa's thick masks: 1–6 strokes, 5–104 px thick at 256², or boxes.

    ========  ========  =========  ==========  ===============================
    image     strokes   thickness  length      boxes (in 3 of 13 masks)
    ========  ========  =========  ==========  ===============================
    256²      1–6       5–104 px   10–209 px   1–3, sides 30–150 px, margin 10
    512²      1–6       5–254 px   10–459 px   1–4, sides 30–300 px, margin 10
    ========  ========  =========  ==========  ===============================

    A mask has strokes (10 of 13) or boxes (3 of 13), never both; the rest is as in `lama-thin`.
    """

    strokes: ClassVar[dict[int, _Strokes]] = {
        256: _Strokes(1, 5, 100, 200),
        512: _Strokes(1, 5, 250, 450),
    }
    boxes: ClassVar[dict[int, _Boxes]] = {
        256: _Boxes(30, 150, 3, 10),
        512: _Boxes(30, 300, 4, 10),
    }
