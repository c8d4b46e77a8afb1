"""CIFAR-10, read from its official archive."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, Literal

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import DataError, Dataset, Sample
from inpaintbench.datasets.reading.location import cache_folder, places, searched
from inpaintbench.images import restricted_pickle
from inpaintbench.images.download import Remote, alone, megabytes

BATCHES = {"test": ("test_batch",), "train": tuple(f"data_batch_{n}" for n in range(1, 6))}

FOLDER = "cifar-10-batches-py"


@dataclass(frozen=True)
class Cifar10(Dataset):
    """CIFAR-10: photographs of ten kinds of things at 32², 10,000 to test and 50,000 to train.

    An image's id is its batch and row, ``test_batch/00042``, so it is the same in an archive that
    holds only the first rows of each batch.

    Parameters
    ----------
    path : str, optional
        The archive ``cifar-10-python.tar.gz``, or a folder with it or with its content. Without
        it, ``$INPAINTBENCH_DATA/cifar10`` and the cache folder are looked into.
    split : str
        ``test`` (the default) or ``train``.
    """

    path: str | None = None
    split: Literal["test", "train"] = "test"

    source = 'A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009'
    license = "none stated; used for research"
    remote = Remote(
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        "md5:c58f30108f718f92721af3b95e74349a",
        170_498_071,
    )

    @property
    def preparation(self) -> str:
        """State whether the images come from the official archive."""
        place = self._place()
        if place is None or self._is_official(place):
            return "32 px as published"
        return f"32 px as published; from {place.name}, which is not the official archive"

    def ids(self) -> list[str]:
        """List batch and row of each image in the official order.

        The first call for an archive decodes its batches into the cache folder.

        Raises
        ------
        DataError
            When the archive isn't here, is damaged, or is refused.
        """
        return [
            f"{batch}/{row:05}"
            for batch, rows in self._rows().items()
            for row in range(rows.shape[0])
        ]

    def load(self, sample_id: str) -> Sample:
        """Read one image."""
        planes = self._row(sample_id).reshape(3, 32, 32)  # all of red, then green, then blue
        return Sample(sample_id, np.ascontiguousarray(planes.transpose(1, 2, 0)))

    def fingerprint(self, sample_id: str) -> str:
        """Return the digest of the image's pixels."""
        return hashlib.sha256(self._row(sample_id).tobytes()).hexdigest()

    def fetch(self) -> None:
        """Download the official archive if there is none."""
        if self.path is None and self._place() is None:
            with alone(cache_folder(self.name)):
                self.remote.fetch(cache_folder(self.name))
        self.ids()

    def _row(self, sample_id: str) -> NDArray[np.uint8]:
        batch, _, row = sample_id.partition("/")
        rows = self._rows().get(batch)
        if rows is None or not row.isdecimal() or int(row) >= rows.shape[0]:
            raise DataError(f"{self.name} ({self.split}) has no image {sample_id!r}")
        return np.array(rows[int(row)])

    def _place(self) -> Path | None:
        """Find the first place that holds an archive or an unpacked batch."""
        for place in places(self.name, self.path):
            if place.is_file():
                return place
            for folder in (place, place / FOLDER):
                if (folder / BATCHES[self.split][0]).is_file():
                    return folder
            archives = sorted(place.glob("cifar-10-python*.tar.gz")) if place.is_dir() else []
            if archives:
                return archives[0]
        return None

    def _is_official(self, place: Path) -> bool:
        if not place.is_file() or place.stat().st_size != self.remote.size:
            return False
        with place.open("rb") as file:
            return f"md5:{hashlib.file_digest(file, 'md5').hexdigest()}" == self.remote.digest

    def _rows(self) -> dict[str, NDArray[np.uint8]]:
        """Map each batch of the split to its rows (N × 3072), kept on disk and not in memory."""
        place = self._place()
        if place is None:
            raise DataError(self._missing())
        decoded = cache_folder(self.name) / f"decoded-{_state(place, BATCHES[self.split])}"
        if not all((decoded / f"{batch}.npy").is_file() for batch in BATCHES[self.split]):
            _decode(place, BATCHES[self.split], decoded)
        return _open(decoded, BATCHES[self.split])

    def _missing(self) -> str:
        where = f"{self.name} isn't here (looked in {searched(self.name, self.path)})"
        if self.path is not None:
            return f"{where}: give the path of {self.remote.name}, or of a folder that holds it"
        return (
            f"{where}: a run with it downloads {self.remote.name} "
            f"({megabytes(self.remote.size)}, {self.remote.digest}), or give its path=…"
        )


def _state(place: Path, batches: tuple[str, ...]) -> str:
    """Name the present state of an archive or of unpacked batches."""
    files = [place] if place.is_file() else [place / batch for batch in batches]
    states = [
        (str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns)
        for file in files
        if file.is_file()
    ]
    return hashlib.sha256(repr(states).encode()).hexdigest()[:16]


@lru_cache(maxsize=8)
def _open(folder: Path, batches: tuple[str, ...]) -> dict[str, NDArray[np.uint8]]:
    return {batch: np.load(folder / f"{batch}.npy", mmap_mode="r") for batch in batches}


def _decode(place: Path, batches: tuple[str, ...], folder: Path) -> None:
    """Write the rows of each batch as an array file, all of them or none."""
    found: dict[str, NDArray[np.uint8]] = {}
    for name, file in _files(place):
        if name in batches:
            found[name] = _batch(file, f"{place}: {name}")
    missing = [batch for batch in batches if batch not in found]
    if missing:
        raise DataError(f"{place} is no CIFAR-10 archive: it holds no {', '.join(missing)}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            for batch, rows in found.items():
                np.save(Path(temporary, batch), rows)
                Path(temporary, f"{batch}.npy").replace(folder / f"{batch}.npy")
    except OSError as error:
        raise DataError(f"CIFAR-10 can't be stored in {folder}: {error}") from error


def _files(place: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Go through the files of an archive or folder by name."""
    if place.is_dir():
        for path in sorted(place.iterdir()):
            if path.is_file():
                with path.open("rb") as opened:
                    yield path.name, opened
        return
    from inpaintbench.images.archive import is_archive, members

    if not is_archive(place):
        raise DataError(f"{place} is neither a folder nor an archive")
    for member, file in members(place):
        if file is not None:
            yield PurePosixPath(member.name).name, file


def _batch(file: IO[bytes], where: str) -> NDArray[np.uint8]:
    content = restricted_pickle.load(file, where)
    rows = content.get(b"data") if isinstance(content, dict) else None
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.shape[1:] != (3072,):
        raise DataError(f"{where}: not a batch of CIFAR-10 (wanted rows of 3,072 bytes)")
    return np.ascontiguousarray(rows)
