"""The base of datasets over a person's own files."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic

from inpaintbench.datasets.base import DataError, Dataset, Entry, wanted


@dataclass(frozen=True)
class OwnFiles(Dataset, Generic[Entry]):
    """Samples that lie in files below `path`; a subclass says what each id stands for."""

    path: str | None = None

    source = "your own files"
    license = "your own"
    wants: ClassVar[str] = "a folder of images"
    """What `path` should lead to, in words."""

    @abstractmethod
    def entries(self) -> Mapping[str, Entry]:
        """Map the ids, in order, to what is needed to load them; reads no pixels.

        Raises
        ------
        DataError
            When `path` isn't given, isn't there or holds nothing of use.
        """

    def ids(self) -> list[str]:
        """List the samples; see the class for how they are called."""
        return list(self.entries())

    def entry(self, sample_id: str) -> Entry:
        """Return what is needed to load one sample."""
        return wanted(self, self.entries(), sample_id)

    def place(self) -> Path:
        """Return the path given, which need not exist."""
        if self.path is None:
            raise DataError(f"{self.name} needs {self.wants}: {self.name}[path=…]")
        return Path(self.path).expanduser()

    def existing(self) -> Path:
        """Return the file or folder given."""
        place = self.place()
        if not place.exists():
            raise DataError(f"{place}: no such file or folder")
        return place
