"""Put names beside points so that nothing overlaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""

Line = tuple[tuple[float, float], tuple[float, float]]
"""From a point to the middle of its label."""

# Directions in the order they are tried, and distances in heights of the text.
_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
_DISTANCES = (0.0, 0.5, 1.0, 1.6, 2.4, 3.5)


@dataclass(frozen=True)
class Placed:
    """Where a label goes: its box, and whether a line should lead to its point."""

    box: Box
    far: bool


def place_labels(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    frame: Box,
    clearance: float,
    obstacles: Sequence[Box] = (),
) -> list[Placed] | None:
    """Find a place for each label near its point, or say that there isn't one.

    Parameters
    ----------
    points : sequence of (x, y)
        In any unit of length, the same for all parameters.
    sizes : sequence of (width, height)
        Of the labels.
    frame : Box
        What the labels must stay inside.
    clearance : float
        Radius around each point that labels keep free.
    obstacles : sequence of Box
        What labels must not cover, beside the points.

    Returns
    -------
    list of Placed, or None
        None when not all labels fit. A label without a line lies nearer to its own point than
        to any other.
    """
    taken = [
        *obstacles,
        *((x - clearance, y - clearance, x + clearance, y + clearance) for x, y in points),
    ]
    placed: dict[int, Placed] = {}
    lines: list[Line] = []
    # crowded points first: they have the fewest places to choose from
    for i in sorted(range(len(points)), key=lambda i: _loneliness(points, i)):
        for distance, direction in product(_DISTANCES, _DIRECTIONS):
            gap = clearance + distance * sizes[i][1]
            box = _beside(points[i], sizes[i], direction, gap)
            far = distance > 0
            line = (points[i], ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))
            if (
                _inside(box, frame)
                and not any(_overlap(box, other) for other in taken)
                and not any(_crosses(other, box) for other in lines)
                and not (far and any(_crosses(line, label.box) for label in placed.values()))
                and (far or _nearest(points, box) == i)
            ):
                placed[i] = Placed(box, far)
                taken.append(box)
                lines += [line] if far else []
                break
        else:
            return None
    return [placed[i] for i in range(len(points))]


def _loneliness(points: Sequence[tuple[float, float]], i: int) -> float:
    x, y = points[i]
    others = [(x - a) ** 2 + (y - b) ** 2 for j, (a, b) in enumerate(points) if j != i]
    return min(others, default=0.0)


def _nearest(points: Sequence[tuple[float, float]], box: Box) -> int:
    """Find the point nearest to a box."""

    def distance(i: int) -> float:
        x, y = points[i]
        return max(box[0] - x, x - box[2], 0) ** 2 + max(box[1] - y, y - box[3], 0) ** 2

    return min(range(len(points)), key=distance)


def _beside(
    point: tuple[float, float], size: tuple[float, float], direction: tuple[int, int], gap: float
) -> Box:
    (x, y), (width, height), (right, up) = point, size, direction
    scale = 0.75 if right and up else 1.0
    centre_x = x + right * (gap * scale + width / 2)
    centre_y = y + up * (gap * scale + height / 2)
    return (
        centre_x - width / 2,
        centre_y - height / 2,
        centre_x + width / 2,
        centre_y + height / 2,
    )


def _inside(box: Box, frame: Box) -> bool:
    return box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]


def _crosses(line: Line, box: Box) -> bool:
    """Whether a line and a box have a point in common."""
    (x, y), (end_x, end_y) = line
    first, last = 0.0, 1.0
    for start, step, low, high in (
        (x, end_x - x, box[0], box[2]),
        (y, end_y - y, box[1], box[3]),
    ):
        if step == 0:
            if not low <= start <= high:
                return False
            continue
        ends = sorted(((low - start) / step, (high - start) / step))
        first, last = max(first, ends[0]), min(last, ends[1])
    return first <= last


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
