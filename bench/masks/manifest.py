"""What a folder of exported masks holds, so that anyone can check it and draw it again."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inpaintbench.errors import BenchError
from inpaintbench.images.files import write_whole
from inpaintbench.masks.statistics import MaskStatistics
from inpaintbench.outside import read_as, read_json

FORMAT = 1
"""Raised whenever the meaning of a field changes."""

FILE_NAME = "manifest.json"
"""Name of the manifest in a folder of masks."""

_DIGEST = re.compile("[0-9a-f]{64}")
_MOST_PIXELS = 2**28


@dataclass(frozen=True)
class MaskRecord:
    """One mask of a manifest.

    Parameters
    ----------
    file : str
        PNG relative to the manifest, 8-bit grey: 255 = hole, 0 = known.
    sample : str
        Sample id in the dataset.
    index : int
        Index of the mask among those of the sample.
    kind : str
        Kind of hole.
    height, width : int
        Pixels.
    sha256 : str
        Digest of the mask, as `mask_sha256` in the results of a run.
    image_sha256 : str
        Digest of the image that the mask was drawn on, as in the results of a run.
    coverage, thickness, border_contact
        As in `MaskStatistics`.
    """

    file: str
    sample: str
    index: int
    kind: str
    height: int
    width: int
    sha256: str
    image_sha256: str
    coverage: float
    thickness: float
    border_contact: bool

    def __post_init__(self) -> None:
        """Refuse values that no export writes."""
        sound = {
            "sha256": _DIGEST.fullmatch(self.sha256),
            "image_sha256": _DIGEST.fullmatch(self.image_sha256),
            "index": 0 <= self.index < 2**31,
            "height and width": min(self.height, self.width) > 0
            and self.height * self.width <= _MOST_PIXELS,
            "coverage": 0 <= self.coverage <= 1,
            "thickness": 0 <= self.thickness <= 2**31,
            "file": "\0" not in self.file,
        }
        wrong = [name for name, right in sound.items() if not right]
        if wrong:
            raise ValueError(f"{self.file!r}: {wrong[0]} is out of range")

    @property
    def statistics(self) -> MaskStatistics:
        """The measures by themselves."""
        return MaskStatistics(self.coverage, self.thickness, self.border_contact)


@dataclass(frozen=True)
class Manifest:
    """The masks of one suite on one dataset.

    Parameters
    ----------
    package_version : str
        Version of inpaintbench that drew them.
    suite, dataset : str
        Specifications.
    suite_version, dataset_version : int
        Versions.
    suite_parameters, dataset_parameters : mapping
        Every parameter with its value, defaults included.
    seed : int
        Seed of the run.
    masks : tuple of MaskRecord
        In the dataset's order.
    """

    package_version: str
    suite: str
    suite_version: int
    suite_parameters: dict[str, Any]
    dataset: str
    dataset_version: int
    dataset_parameters: dict[str, Any]
    seed: int
    masks: tuple[MaskRecord, ...]

    def __post_init__(self) -> None:
        """Refuse values that no export writes."""
        files = [mask.file for mask in self.masks]
        if len(set(files)) < len(files):
            raise ValueError("names a file twice")
        if abs(self.seed) >= 2**63:
            raise ValueError("seed is out of range")

    def write(self, path: Path) -> None:
        """Write the manifest as JSON, whole or not at all."""
        content = {"format": FORMAT, **dataclasses.asdict(self)}
        write_whole(path, json.dumps(content, indent=1) + "\n")


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises
    ------
    BenchError
        When the file is missing, no manifest, or of a format that this version doesn't know.
    """
    content = read_json(path)
    if not isinstance(content, dict) or "format" not in content:
        raise BenchError(f"{path}: not a manifest of masks")
    if content.pop("format") != FORMAT:
        raise BenchError(f"{path}: a manifest of another format than {FORMAT}; update inpaintbench")
    return read_as(Manifest, json.dumps(content), f"{path}: not a manifest of masks")
