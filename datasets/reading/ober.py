"""OBER's benchmark: rows of Parquet files, each with its encoded pictures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from inpaintbench.datasets.base import DataError, Dataset, Sample, wanted
from inpaintbench.datasets.reading.location import cache_folder, places, searched
from inpaintbench.datasets.reading.preparation import refuse_no_size
from inpaintbench.datasets.reading.scenes import SceneFiles, cut
from inpaintbench.errors import reason
from inpaintbench.images.files import known_digest

SPLIT = "test"
_Place = tuple[Path, int, int]
"""File, row group and row in it."""


@dataclass(frozen=True)
class Ober(Dataset):
    """A part of the test split of OBER: the rows whose `subset` has the published number of rows.

    What the card calls its subsets isn't known to us, so they are told by their size, unless
    `subset` names one.

    Parameters
    ----------
    path : str, optional
        Folder with the ``.parquet`` files, searched with everything below it. Without it,
        ``$INPAINTBENCH_DATA/<name>`` and the cache folder are looked into.
    size : int, optional
        Side of the centred square that pictures are cut and shrunk to; None leaves them whole.
    subset : str
        Value of the column ``subset``; empty for the one with the published number of rows.
    """

    path: str | None = None
    size: int | None = None
    subset: str = ""

    split = SPLIT
    source = "OBER, of ObjectClear (zjx0101/ObjectClear), gated on Hugging Face"
    license = "S-Lab licence, non-commercial"
    count: ClassVar[int] = 0
    """Published number of rows."""

    def __post_init__(self) -> None:
        refuse_no_size(self.size)

    @property
    def preparation(self) -> str:
        """Whole or cut."""
        if self.size is None:
            return "whole pictures as published"
        return f"largest centred square, averaged by area to {self.size} px"

    def ids(self) -> list[str]:
        """List the numbers of the rows, in the order of the files.

        Raises
        ------
        DataError
            When the files aren't there or damaged, or no subset has the published number of rows.
        """
        return list(self._rows())

    def load(self, sample_id: str) -> Sample:
        """Read one row."""
        file, group, row = wanted(self, self._rows(), sample_id)
        names = ["input", "object_mask"]
        if self.has_reference:
            names += ["gt", "object_effect_mask"]
        parquet = _read(file, lambda opened: opened.read_row_group(group, columns=names))
        with tempfile.TemporaryDirectory() as folder:
            files = {name: Path(folder, name) for name in names}
            for name, path in files.items():
                path.write_bytes(
                    _encoded(parquet[name][row].as_py(), f"{file}: {sample_id}: {name}")
                )
            scene = SceneFiles(
                files["input"],
                files.get("gt"),
                files["object_mask"],
                files.get("object_effect_mask"),
            )
            try:
                return cut(scene.read(sample_id), self.size)
            except DataError as error:
                told = str(error).replace(f"{folder}/", "")
                raise DataError(f"{file}: {sample_id}: {told}") from None

    def fingerprint(self, sample_id: str) -> str:
        """Return the digest of the row's file, and the row."""
        file, group, row = wanted(self, self._rows(), sample_id)
        return f"{known_digest(file)}+{group}+{row}"

    def _rows(self) -> Mapping[str, _Place]:
        """Map ids to rows of the subset."""
        for place in places(self.name, self.path):
            files = sorted(place.rglob("*.parquet")) if place.is_dir() else []
            if files:
                rows = _listing(tuple((file, file.stat().st_mtime_ns) for file in files))
                return self._chosen(place, rows)
        folder = self.path or cache_folder(self.name)
        raise DataError(
            f"{self.name} isn't here (looked in {searched(self.name, self.path)}): accept the "
            "terms of the data set that github.com/zjx0101/ObjectClear names, download its Parquet "
            f"files from Hugging Face (licence: {self.license}), and put them so that {folder} or "
            "another path=… holds them"
        )

    def _chosen(self, place: Path, rows: Mapping[str, list[_Place]]) -> Mapping[str, _Place]:
        names = (
            [self.subset] if self.subset else [n for n, r in rows.items() if len(r) == self.count]
        )
        found = rows.get(names[0], []) if len(names) == 1 else []
        if len(found) != self.count:
            held = ", ".join(f"{name} ({len(r):,})" for name, r in rows.items()) or "none"
            raise DataError(
                f"{place}: {self.name} has {self.count:,} rows of split {SPLIT}, and the subsets "
                f"there are: {held}; complete the files, or name the one meant: subset=…"
            )
        return {f"{number:04}": found[number] for number in range(len(found))}


@lru_cache(maxsize=8)
def _listing(files: tuple[tuple[Path, int], ...]) -> Mapping[str, list[_Place]]:
    """Sort the rows of the test split by subset, reading no picture."""
    found: dict[str, list[_Place]] = {}
    for file, _ in files:
        groups = _read(file, lambda opened: opened.metadata.num_row_groups)
        for group in range(groups):
            table = _read(
                file,
                lambda opened, g=group: opened.read_row_group(g, ["subset", "split"]),  # type: ignore[misc]
            )
            pairs = zip(table["subset"].to_pylist(), table["split"].to_pylist(), strict=True)
            for row, (subset, split) in enumerate(pairs):
                if split == SPLIT:
                    found.setdefault(str(subset), []).append((file, group, row))
    return found


_Result = TypeVar("_Result")


def _read(file: Path, part: Callable[[Any], _Result]) -> _Result:
    """Read a part of a Parquet file."""
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(file) as opened:
            return part(opened)
    except Exception as error:  # a damaged file can raise nearly anything
        raise DataError(f"{file}: can't be read as OBER's Parquet ({reason(error)})") from error


def _encoded(value: object, where: str) -> bytes:
    """Return the bytes of an encoded picture, as Hugging Face stores it or plain."""
    found = value.get("bytes") if isinstance(value, dict) else value
    if not isinstance(found, bytes):
        raise DataError(f"{where} holds no encoded picture")
    return found
