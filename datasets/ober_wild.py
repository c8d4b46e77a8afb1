"""OBER-Wild: photographs with an object to remove."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.datasets.reading.ober import Ober


@dataclass(frozen=True)
class OberWild(Ober):
    """OBER-Wild: 302 photographs with an object; nobody knows what is behind it.

    Its parameters are those of `Ober`: path, size, subset.
    """

    has_reference = False
    count = 302
