"""Points and directions as three arrays, by operations that IEEE 754 rounds exactly.

Sums over samples are taken one after another: no reduction of a library, whose order may change.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Vector: TypeAlias = tuple[Floats, Floats, Floats]
"""x to the right, y up, z towards the viewer."""
Direction: TypeAlias = tuple[float, float, float]


def along(origin: Vector, direction: Vector, distance: Floats) -> Vector:
    """Go a distance from the origin, in lengths of the direction."""
    x, y, z = (o + d * distance for o, d in zip(origin, direction, strict=True))
    return x, y, z


def dot(a: Vector, b: Vector | Direction) -> Floats:
    """Return the scalar product."""
    product: Floats = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return product


def unit(a: Vector) -> Vector:
    """Scale to length one; what has none stays."""
    length = np.sqrt(dot(a, a))
    length = np.where(length > 0, length, 1.0)
    return a[0] / length, a[1] / length, a[2] / length


def chosen(where: NDArray[np.bool_], a: Vector, b: Vector) -> Vector:
    """Take the first where a condition holds, and the second elsewhere."""
    x, y, z = (np.where(where, p, q) for p, q in zip(a, b, strict=True))
    return x, y, z


def taken(a: Vector, where: NDArray[np.bool_]) -> Vector:
    """Keep the elements where a condition holds."""
    return a[0][where], a[1][where], a[2][where]
