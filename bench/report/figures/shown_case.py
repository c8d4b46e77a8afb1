"""A case made ready to be looked at: pictures as RGB, errors, and the part worth enlarging."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from inpaintbench.errors import BenchError
from inpaintbench.images.types import Image, Mask
from inpaintbench.report.numbers import case_decimals, fixed
from inpaintbench.report.pictures import Pictures, brightest, composite, error_map, read_case
from inpaintbench.report.summary import Summary
from inpaintbench.statistics.bootstrap import Floats
from inpaintbench.statistics.scores import has_reference

Window = tuple[slice, slice]
"""Rows and columns of a part of a picture."""


@dataclass(frozen=True, eq=False)
class ShownCase:
    """The pictures of a case, ``H×W×3`` from 0 to 1, and what is said of each variant's."""

    title: str
    reference: Floats  # the true image; without one, the picture whose hole is to be filled
    mask: Mask
    results: Mapping[str, Floats]  # composites, or outputs as they are where methods are given
    # something else than the true image; lacks cells that aren't done
    errors: Mapping[str, NDArray[np.float32]]  # mean absolute differences over channels, ``H×W``
    largest_error: float  # the error drawn brightest
    values: Mapping[str, str]  # scores of the first main metric that methods are ranked by
    reasons: Mapping[str, str]  # why a cell isn't done
    levels: int  # the image's largest value: 255 or 65535
    has_reference: bool = True  # whether the true content of the hole is known
    given: Floats | None = None  # what methods are given, where that isn't the true image

    @cached_property
    def window(self) -> Window | None:
        """The square, a quarter of the picture wide, where results in the hole differ most."""
        height, width = self.mask.shape
        side = max(8, min(height, width) // 4)
        if not self.results or side >= min(height, width):
            return None
        truth = [self.reference] if self.has_reference else []
        every = np.stack([*truth, *self.results.values()])
        differ = every.std(axis=0).mean(axis=2) * self.mask
        total = np.pad(differ.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        sums = total[side:, side:] - total[:-side, side:]
        sums += total[:-side, :-side] - total[side:, :-side]
        row, column = divmod(int(np.argmax(sums)), sums.shape[1])
        return slice(row, row + side), slice(column, column + side)

    def corner(self, window: Window, size: float) -> tuple[float, float]:
        """Choose where an enlargement covers neither its window nor, as far as can be, the hole.

        Its `size`, and the left and bottom that are returned, are parts of the picture's sides.
        """
        height, width = self.mask.shape
        rows, columns = window

        def cost(place: tuple[float, float]) -> float:
            left, bottom = place
            top = 1 - bottom - size
            down = slice(int(top * height), math.ceil((top + size) * height))
            across = slice(int(left * width), math.ceil((left + size) * width))
            covers = rows.start < down.stop and down.start < rows.stop
            covers &= columns.start < across.stop and across.start < columns.stop
            return float(self.mask[down, across].mean()) + (2.0 if covers else 0.0)

        # a little away from the border, which would cut the frame
        near, far = 0.02, 0.98 - size
        return min(product((far, near), (near, far)), key=cost)


def load(summary: Summary, pictures: Pictures, case: str, variants: Sequence[str]) -> ShownCase:
    """Get the pictures of a case.

    Raises
    ------
    BenchError
        When the run has no such case.
    PictureMissing
        When its image or mask isn't there.
    """
    cases = summary.scores.cases
    if case not in cases.index:
        raise BenchError(f"the run has no case {case!r}")
    row = cases.loc[case]
    found = read_case(pictures, case, variants)
    reference = found.reference
    results = found.outputs
    if not found.has_input:
        results = {v: composite(one, reference, found.mask) for v, one in results.items()}
    lost = dict.fromkeys(found.missing, "picture missing")
    levels = int(np.iinfo(reference.dtype).max)
    errors = {variant: error_map(one, reference) for variant, one in results.items()}
    cells = summary.rows.cells[summary.rows.cells["case"] == case].set_index("variant")
    return ShownCase(
        title=f"{row['dataset']} / {row['sample']}, {row['suite']}",
        reference=_rgb(reference),
        mask=found.mask,
        results={variant: _rgb(one) for variant, one in results.items()},
        errors=errors,
        largest_error=brightest(errors.values(), found.changed, levels),
        values=_values(summary, case),
        reasons={str(v): str(c["failure"] or c["status"]) for v, c in cells.iterrows()} | lost,
        levels=levels,
        has_reference=has_reference(row["dataset"]),
        given=_rgb(found.given) if found.has_input else None,
    )


def _values(summary: Summary, case: str) -> dict[str, str]:
    """Write the scores of a case in the first main metric that methods are ranked by."""
    metric = summary.first_quality
    if metric is None:
        return {}
    digits = case_decimals(metric.unit) - 1
    scores = summary.scores.values[metric.id].loc[case]
    return {
        str(variant): f"{fixed(value, digits)} {metric.unit}".strip()
        for variant, value in zip(scores.index, scores.to_numpy(np.float64), strict=True)
        if math.isfinite(value)
    }


def _rgb(image: Image) -> Floats:
    scaled = image.astype(np.float64) / np.iinfo(image.dtype).max
    return np.repeat(scaled, 3, axis=2) if image.shape[2] == 1 else scaled


def typical_cases(summary: Summary) -> tuple[str, ...]:
    """Choose of each mask suite the case with the median score of the first main metric.

    Among the cases that all ranked methods finished, where there are any. Where nothing can be
    compared with the truth, the pictures are all that there is: then every case.
    """
    chosen = []
    for here in summary.suites:
        scored = [
            here.comparisons[metric.id]
            for metric in here.main
            if metric.id in here.comparisons and metric.measures_quality
        ]
        if scored:
            comparison = scored[0]
            order = np.argsort(comparison.values.mean(axis=1), kind="stable")
            chosen.append(str(comparison.cases[int(order[(len(order) - 1) // 2])]))
        else:
            cases = summary.scores.cases
            own = cases[cases["suite"] == here.suite]
            known = own["dataset"].map(has_reference).any()
            chosen += [str(case) for case in own.index[: 1 if known else len(own)]]
    return tuple(chosen)
