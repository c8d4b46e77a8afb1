"""What a folder of exported masks holds, so that anyone can check it and draw it again."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inpaintbench.errors import BenchError, one_line
from inpaintbench.images.files import write_whole
from inpaintbench.masks.statistics import MaskStatistics
from inpaintbench.outside import read_json

FORMAT = 1
"""Raised whenever the meaning of a field changes."""

FILE_NAME = "manifest.json"
"""Name of the manifest in a folder of masks."""


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
    try:
        masks = tuple(_typed(MaskRecord, record) for record in content.pop("masks"))
        manifest: Manifest = _typed(Manifest, {**content, "masks": masks})
        _check(manifest)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BenchError(f"{path}: not a manifest of masks: {one_line(error)}") from error
    return manifest


def _check(manifest: Manifest) -> None:
    """Refuse values that no export writes.

    Raises
    ------
    ValueError
        When there is one.
    """
    for mask in manifest.masks:
        sound = {
            "sha256": _DIGEST.fullmatch(mask.sha256),
            "image_sha256": _DIGEST.fullmatch(mask.image_sha256),
            "index": 0 <= mask.index < 2**31,
            "height and width": min(mask.height, mask.width) > 0
            and mask.height * mask.width <= _MOST_PIXELS,
            "coverage": 0 <= mask.coverage <= 1,
            "thickness": 0 <= mask.thickness <= 2**31,
            "file": "\0" not in mask.file,
        }
        wrong = [name for name, right in sound.items() if not right]
        if wrong:
            raise ValueError(f"{mask.file!r}: {wrong[0]} is out of range")
    files = [mask.file for mask in manifest.masks]
    if len(set(files)) < len(files):
        raise ValueError("it names a file twice")
    if abs(manifest.seed) >= 2**63:
        raise ValueError("seed is out of range")


_DIGEST = re.compile("[0-9a-f]{64}")
_MOST_PIXELS = 2**28


_JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "dict[str, Any]": dict,
    "tuple[MaskRecord, ...]": tuple,
}


def _typed(cls: type[Any], content: Any) -> Any:
    """Make a dataclass from JSON, refusing fields of another type."""
    if not isinstance(content, dict):
        raise ValueError(f"{content!r:.80} isn't a mask")
    for field in dataclasses.fields(cls):
        value = content[field.name]
        wanted = _JSON_TYPES[str(field.type)]
        # to Python, true is a number too
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            raise ValueError(f"{field.name} is {value!r:.80}, not a {field.type}")
    return cls(**content)
