"""Pictures with captions and two masks in one file, as BrushNet's authors publish them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Literal

import numpy as np

from inpaintbench.datasets.base import DataError, Dataset, Mask, Sample, wanted
from inpaintbench.datasets.reading.location import cache_folder, places, searched
from inpaintbench.errors import reason
from inpaintbench.images.files import known_digest
from inpaintbench.images.listing import id_of, natural_key
from inpaintbench.images.reading import read_image

MAPPING = "mapping_file.json"
SIDE = 512
"""Side in pixels of the pictures and their masks."""


@dataclass(frozen=True)
class Mapped(Dataset):
    """Pictures of 512² with a caption each, named in ``mapping_file.json``.

    A mask there is a list of start and length, in turns: runs of hole, row by row, the first pixel
    being number 1.

    Parameters
    ----------
    path : str, optional
        Folder with ``mapping_file.json`` and the pictures. Without it,
        ``$INPAINTBENCH_DATA/<name>`` and the cache folder are looked into.
    mask : str
        Which of the two masks: ``inpainting`` (the default) or ``outpainting``.
    """

    path: str | None = None
    mask: Literal["inpainting", "outpainting"] = "inpainting"

    split = "test"
    folder: ClassVar[str] = ""
    """The authors' name of the folder."""

    obtain: ClassVar[str] = ""
    """Where to get it."""

    @property
    def preparation(self) -> str:
        """Which mask."""
        return f"whole pictures of {SIDE} px; the {self.mask} mask is the sample's own"

    def ids(self) -> list[str]:
        """List the keys of the mapping, in natural order.

        Raises
        ------
        DataError
            When the pictures aren't there, or the mapping is damaged.
        """
        return list(self._entries())

    def load(self, sample_id: str) -> Sample:
        """Read one picture, its mask and its caption."""
        entry = wanted(self, self._entries(), sample_id)
        where = f"{self._mapping()}: {sample_id}"
        file = self._picture(sample_id)
        image = read_image(file)
        if image.shape[:2] != (SIDE, SIDE):
            raise DataError(
                f"{file}: is {image.shape[1]} x {image.shape[0]}, wanted {SIDE} x {SIDE}"
            )
        mask = _runs(entry.get(f"{self.mask}_mask"), f"{where}: its {self.mask}_mask")
        caption = entry.get("caption")
        if not isinstance(caption, str):
            raise DataError(f"{where}: its caption isn't a text")
        return Sample(sample_id, image, mask, prompt=caption)

    def fingerprint(self, sample_id: str) -> str:
        """Return the digests of the picture and of the mapping."""
        return f"{known_digest(self._picture(sample_id))}+{known_digest(self._mapping())}"

    def _picture(self, sample_id: str) -> Path:
        entry, mapping = wanted(self, self._entries(), sample_id), self._mapping()
        image = entry.get("image")
        if not isinstance(image, str) or ".." in PurePosixPath(image).parts:
            raise DataError(f"{mapping}: {sample_id}: its image isn't a path below the folder")
        return mapping.parent / image.lstrip("/")

    def _mapping(self) -> Path:
        """Find the mapping."""
        for place in places(self.name, self.path):
            for root in (place, place / self.folder):
                if (root / MAPPING).is_file():
                    return root / MAPPING
        folder = self.path or cache_folder(self.name)
        raise DataError(
            f"{self.name} isn't here (looked in {searched(self.name, self.path)}): {self.obtain} "
            f"(licence: {self.license}), and unpack it so that {folder} or another path=… holds "
            f"{MAPPING}"
        )

    def _entries(self) -> Mapping[str, dict[str, Any]]:
        mapping = self._mapping()
        return _read(mapping, mapping.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _read(mapping: Path, changed: int) -> Mapping[str, dict[str, Any]]:
    try:
        entries = json.loads(mapping.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{mapping}: can't be read as JSON ({reason(error)})") from error
    if not isinstance(entries, dict) or not entries:
        raise DataError(f"{mapping}: wanted an object with an entry for each picture")
    for key, entry in entries.items():
        if not isinstance(entry, dict):
            raise DataError(f"{mapping}: {key}: wanted image, caption and masks")
    return {id_of(key): entries[key] for key in sorted(entries, key=natural_key)}


def _runs(runs: object, where: str) -> Mask:
    """Turn runs into a mask."""
    if not isinstance(runs, list) or len(runs) % 2 or not all(type(n) is int for n in runs):
        raise DataError(f"{where} isn't a list of starts and lengths")
    flat = np.zeros(SIDE * SIDE, bool)
    starts, lengths = runs[::2], runs[1::2]
    ends = [start - 1 + length for start, length in zip(starts, lengths, strict=True)]
    if not runs or starts[0] < 1 or min(lengths) < 1 or ends[-1] > flat.size:
        raise DataError(f"{where} has runs outside the {SIDE} x {SIDE} pixels, or none")
    if any(end > start - 1 for end, start in zip(ends, starts[1:], strict=False)):
        raise DataError(f"{where} has runs that overlap")
    for start, end in zip(starts, ends, strict=True):
        flat[start - 1 : end] = True
    return flat.reshape(SIDE, SIDE)
