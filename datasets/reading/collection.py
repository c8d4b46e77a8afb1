"""The base of published image collections: a known layout, split and count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from inpaintbench.datasets.base import DataError, Dataset, Sample, wanted
from inpaintbench.datasets.reading.location import cache_folder, places, searched
from inpaintbench.datasets.reading.preparation import refuse_no_size, square
from inpaintbench.images.download import Remote, alone, megabytes
from inpaintbench.images.files import known_digest
from inpaintbench.images.listing import natural_key
from inpaintbench.images.reading import read_image


@dataclass(frozen=True)
class Collection(Dataset):
    """Images in a folder with the layout in which their authors publish them.

    A subclass states facts; finding, checking, downloading and reading is done here.

    Parameters
    ----------
    path : str, optional
        Folder with the official layout. Without it, ``$INPAINTBENCH_DATA/<name>`` and the cache
        folder are looked into.
    size : int, optional
        Side of the centred square that images are cut and shrunk to; None leaves them whole.
    """

    path: str | None = None
    size: int | None = None

    layouts: ClassVar[tuple[str, ...]] = ()
    """Patterns of the image files below the folder, ``{split}`` standing for the split; the first
    that fits anything is the layout."""

    counts: ClassVar[Mapping[str, int]] = {}
    """Number of images in each split; not checked where none is published."""

    remotes: ClassVar[tuple[Remote, ...]] = ()
    """Archives or images to download; none where licence, login or a missing digest forbid it."""

    obtain: ClassVar[str] = ""
    """What to download, where, and how large it is, where it can't be fetched."""

    def __post_init__(self) -> None:
        refuse_no_size(self.size)

    @property
    def preparation(self) -> str:
        """Centred square crop and area average, or none."""
        if self.size is None:
            return "whole images as published; grey stays grey"
        return f"largest centred square, averaged by area to {self.size} px; grey stays grey"

    def ids(self) -> list[str]:
        """List the file names without ending, in natural order.

        Raises
        ------
        DataError
            When the images aren't there or aren't all there.
        """
        return list(self._complete_files())

    def load(self, sample_id: str) -> Sample:
        """Read and prepare one image."""
        return Sample(sample_id, square(read_image(self._file(sample_id)), self.size))

    def fingerprint(self, sample_id: str) -> str:
        """Return the digest of the image's file."""
        return known_digest(self._file(sample_id))

    def fetch(self) -> None:
        """Download and unpack what is missing, where the dataset has an address for it."""
        found, cache = self._place(), cache_folder(self.name)
        if (
            self.remotes
            and self.path is None
            and found in (None, cache)
            and not self._is_complete()
        ):
            self._download(cache)
        self.ids()

    def select(self, folder: Path) -> list[Path]:
        """Find the image files of the split below a folder; a subclass may read official lists."""
        for layout in self.layouts:
            files = sorted(folder.glob(layout.format(split=self.split)))
            if files:
                return files
        return []

    def _download(self, cache: Path) -> None:
        from inpaintbench.images.archive import is_archive, unpack

        with alone(cache):
            if self._is_complete():
                return  # another process has done it meanwhile
            for remote in self.remotes:
                file = remote.fetch(cache)
                if is_archive(file):
                    unpack(file, cache)
                    file.unlink()

    def _place(self) -> Path | None:
        """Find the first place that holds anything of the split."""
        return next((p for p in places(self.name, self.path) if self._files(p)), None)

    def _is_complete(self) -> bool:
        place = self._place()
        return place is not None and len(self._files(place)) == self.counts.get(self.split)

    def _files(self, place: Path) -> Mapping[str, Path]:
        return _listing(self, place, place.stat().st_mtime_ns) if place.is_dir() else {}

    def _complete_files(self) -> Mapping[str, Path]:
        place, count = self._place(), self.counts.get(self.split)
        if place is None:
            raise DataError(self._missing())
        files = self._files(place)
        if count is not None and len(files) != count:
            raise DataError(
                f"{place} holds {len(files):,} of the {count:,} images of {self.name} "
                f"({self.split}); complete it, or use folder[path=…] for a part of it"
            )
        return files

    def _missing(self) -> str:
        where = (
            f"{self.name} ({self.split}) isn't here (looked in {searched(self.name, self.path)})"
        )
        count = f"{self.counts[self.split]:,} images" if self.counts else "images"
        layout = f"{count} as {self.layouts[0].format(split=self.split)}"
        if self.remotes:
            size = megabytes(sum(remote.size for remote in self.remotes))
            how = f"a run without path=… downloads {size} (licence: {self.license})"
            return f"{where}: {how}" if self.path is None else f"{where}, wanted {layout}; {how}"
        folder = self.path or cache_folder(self.name)
        return (
            f"{where}: {self.obtain} (licence: {self.license}), and unpack it so that {folder} "
            f"or another path=… holds {layout}"
        )

    def _file(self, sample_id: str) -> Path:
        return wanted(self, self._complete_files(), sample_id)


@lru_cache(maxsize=64)
def _listing(collection: Collection, folder: Path, changed: int) -> Mapping[str, Path]:
    """List a folder once for each time that it changed: some hold 50,000 files."""
    files = {path.stem: path for path in collection.select(folder) if path.name[0] != "."}
    return {name: files[name] for name in sorted(files, key=natural_key)}
