"""Put names beside points so that nothing overlaps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from matplotlib.path import Path
from matplotlib.transforms import Bbox
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# Directions in the order they are tried, and distances in heights of the text.
_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
_DISTANCES = (0.0, 0.5, 1.0, 1.6, 2.4, 3.5)


@dataclass(frozen=True, eq=False)
class Placed:
    """Where a label goes, left, bottom, right, top, and whether a line leads to its point."""

    box: Floats
    far: bool


def place_labels(
    points: ArrayLike,
    sizes: ArrayLike,
    frame: ArrayLike,
    clearance: float,
    obstacles: Iterable[Sequence[float]] = (),
) -> list[Placed] | None:
    """Find a place for each label near its point, or say that there isn't one.

    Parameters
    ----------
    points : (n, 2) array
        In any unit of length, the same for all parameters.
    sizes : (n, 2) array
        Width and height of the labels.
    frame : (4,) array
        Left, bottom, right and top of what the labels must stay inside.
    clearance : float
        Radius around each point that labels keep free.
    obstacles : iterable of (left, bottom, right, top)
        Boxes that labels must not cover, beside the points.

    Returns
    -------
    list of Placed, or None
        None when not all labels fit. A label without a line lies nearer to its own point than
        to any other.
    """
    at, extent = np.asarray(points, np.float64), np.asarray(sizes, np.float64)
    left, bottom, right, top = np.asarray(frame)
    taken = [Bbox.from_extents(*box) for box in obstacles]
    taken += [Bbox([point - clearance, point + clearance]) for point in at]
    placed: dict[int, Placed] = {}
    labels: list[Bbox] = []
    lines: list[Path] = []
    # crowded points first: they have the fewest places to choose from
    apart = ((at[:, None] - at) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    for i in np.argsort(apart.min(axis=1), kind="stable").tolist():
        for distance, direction in product(_DISTANCES, _DIRECTIONS):
            box = _beside(at[i], extent[i], direction, clearance + distance * extent[i, 1])
            line = Path([at[i], box.get_points().mean(axis=0)])
            far = distance > 0
            if (
                (box.x0 >= left and box.y0 >= bottom and box.x1 <= right and box.y1 <= top)
                and not any(box.fully_overlaps(other) for other in taken)
                and not any(other.intersects_bbox(box, filled=False) for other in lines)
                and not (far and any(line.intersects_bbox(b, filled=False) for b in labels))
                and (far or _nearest(at, box) == i)
            ):
                placed[i] = Placed(np.array(box.extents), far)
                taken.append(box)
                labels.append(box)
                lines += [line] if far else []
                break
        else:
            return None
    return [placed[i] for i in range(len(at))]


def _nearest(points: Floats, box: Bbox) -> int:
    """Find the point nearest to a box."""
    away = np.maximum(0, np.maximum(box.min - points, points - box.max))
    return int((away**2).sum(axis=1).argmin())


def _beside(point: Floats, size: Floats, direction: tuple[int, int], gap: float) -> Bbox:
    """Lay a box in a direction from a point; diagonally, a gap may be smaller."""
    half = size / 2
    middle = point + np.array(direction) * (gap * (0.75 if all(direction) else 1.0) + half)
    return Bbox([middle - half, middle + half])
