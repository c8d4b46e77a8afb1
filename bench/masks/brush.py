"""The free-form brush of DeepFill v2, which CoModGAN, MAT and MI-GAN took over."""

from __future__ import annotations

from math import sqrt

from inpaintbench.masks.canvas import Canvas
from inpaintbench.masks.drawing import Point, direction
from inpaintbench.masks.random import RandomStream

_MEAN_ANGLE = 1 / 5
_ANGLE_RANGE = 1 / 15
"""In whole turns: 2π/5 and 2π/15."""


def draw_brush_strokes(
    canvas: Canvas,
    count: int,
    vertices: tuple[int, int],
    widths: tuple[int, int],
    random: RandomStream,
) -> None:
    """Draw zigzag strokes (Algorithm 1 of Yu et al., ICCV 2019).

    From a random pixel a stroke takes as many steps as it has vertices, in turn up and down, each
    at an angle from the horizontal drawn from a range that the stroke draws for itself, of up to
    2π/5 ± 2π/15: mostly to the right. A step's length is normal, with a mean of an
    eighth of the image's diagonal and a standard deviation of half of it, cut to 0 and to twice
    the mean; vertices are cut to the image. Width is constant along the stroke, with round joints
    and caps.

    Parameters
    ----------
    canvas : Canvas
        Drawn into.
    count : int
        Number of strokes.
    vertices, widths : tuple of int
        Lowest, and the first value too high; widths in published pixels.
    random : RandomStream
        Source of every choice.
    """
    strokes = []
    for _ in range(count):
        points = _zigzag(canvas.height, canvas.width, random.integer(*vertices), random)
        width = random.integer(*widths)
        strokes.append((points, [width] * (len(points) - 1)))
    canvas.draw_polylines(strokes)


def _zigzag(height: int, width: int, steps: int, random: RandomStream) -> list[Point]:
    mean_step = sqrt(height * height + width * width) / 8
    low = _MEAN_ANGLE - random.uniform(0.0, _ANGLE_RANGE)
    high = _MEAN_ANGLE + random.uniform(0.0, _ANGLE_RANGE)
    y, x = random.integer(0, height), random.integer(0, width)
    points: list[Point] = [(y, x)]
    for step in range(steps):
        down, across = direction(random.uniform(low, high))
        if step % 2 == 0:
            down = -down
        length = min(max(random.normal(mean_step, mean_step / 2), 0.0), 2 * mean_step)
        # Cut to whole pixels step by step, as the source does: it shortens the stroke a little.
        y = int(min(max(y + length * down, 0.0), height))
        x = int(min(max(x + length * across, 0.0), width))
        points.append((y, x))
    return points
