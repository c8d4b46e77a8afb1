"""OBER-Test: photographs of a scene with and without an object."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.datasets.reading.ober import Ober


@dataclass(frozen=True)
class OberTest(Ober):
    """OBER-Test: 163 pairs of photographs, with masks of the object and of its effects.

    Its parameters are those of `Ober`: path, size, subset.
    """

    count = 163
