"""Damaged pictures for the speed comparisons of methods, and the race itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Image, Mask
from inpaintbench.plugins import registry

Fill = Callable[[Image, Mask], NDArray[np.generic]]

COLUMNS = ("times faster", "method", "than", "hole", "ours, ms", "theirs, ms")


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold every library to one thread."""
    import cv2
    import scipy.linalg  # noqa: F401 - only a BLAS that is loaded can be held
    from threadpoolctl import threadpool_limits

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    with threadpool_limits(limits=1):
        yield
    cv2.setNumThreads(before)


def photograph(side: int, sample: str = "astronaut") -> Image:
    return registry.datasets().make(f"photos[size={side}]").load(sample).image


def hole(kind: str, side: int) -> Mask:
    """Return a hole of a kind: a box, small holes, or strokes."""
    import cv2

    mask = np.zeros((side, side), np.uint8)
    random = np.random.default_rng(0)
    first, last = side * 80 // 256, side * 176 // 256
    if kind == "box":
        mask[first:last, first:last] = 1
    elif kind == "strokes":
        for _ in range(10):
            points = random.integers(0, side, (3, 2)).astype(np.int32)
            cv2.polylines(mask, [points], False, 1, side * 9 // 256)
    else:
        for centre in random.integers(0, side, (40, 2)):
            cv2.circle(mask, tuple(map(int, centre)), side * 5 // 256, 1, -1)
    return mask.astype(bool)


def damaged(image: Image, mask: Mask) -> Image:
    return np.where(mask[..., None], 0, image).astype(image.dtype)


def timed(fill: Fill, image: Image, mask: Mask) -> tuple[NDArray[np.generic], float]:
    """Fill, and say how many seconds of processor time it took."""
    start = time.process_time()
    output = fill(image, mask)
    return output, time.process_time() - start


def times_faster(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios within each round."""
    return median(b / a for a, b in zip(ours, theirs, strict=True))


def print_summary(rows: Sequence[Sequence[str]], more_columns: Sequence[str] = ()) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="Times faster than each peer (median of interleaved rounds, one thread)")
    for column in (*COLUMNS, *more_columns):
        table.add_column(column)
    for row in rows:
        table.add_row(*map(escape, row))
    Console(width=120).print(table)
