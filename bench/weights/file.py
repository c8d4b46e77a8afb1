"""A file of weights: its name, its pinned digest, and the places it can be had from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.files import file_digest


class SourceError(Exception):
    """Why a source has nothing to give, in a few words."""


class Source(Protocol):
    """A place that a file of weights can be had from."""

    @property
    def title(self) -> str:
        """What the place is, as a person would say it."""

    def fetch(self, folder: Path) -> Path:
        """Return a verified file, which may lie in the temporary `folder`.

        Raises
        ------
        SourceError
            When there's nothing to be had, or it's not what was pinned.
        """


@dataclass(frozen=True)
class WeightFile:
    """A file of weights that the project knows.

    Parameters
    ----------
    name : str
        Name on the command line; the file is called ``name + suffix``.
    sha256 : str
        Pinned digest: of the tensors (`tensor_digest`) for safetensors, so that it doesn't depend
        on the library version that wrote them; of the bytes for any other suffix.
    about : str
        What the file holds, in a line.
    license : str
        Licence of the weights.
    size : int
        Bytes, about.
    sources : tuple of Source
        Where the file can be had from, in the order to try; local ones come first.
    suffix : str
        File name suffix.
    """

    name: str
    sha256: str
    about: str
    license: str
    size: int
    sources: tuple[Source, ...] = ()
    suffix: str = ".safetensors"

    @property
    def filename(self) -> str:
        """Name of the file in a folder of weights."""
        return self.name + self.suffix

    def check(self, path: Path) -> None:
        """Verify a file against the pinned digest.

        Raises
        ------
        AlteredWeights
            When the file is not the one pinned, or can't be read.
        """
        if self.suffix == ".safetensors":
            self.read_tensors(path)
        elif file_digest(path) != self.sha256:
            raise AlteredWeights(_altered(path))

    def read_tensors(self, path: Path) -> dict[str, NDArray[np.generic]]:
        """Read and verify the tensors of a safetensors file, from one reading of its bytes.

        Raises
        ------
        AlteredWeights
            When the tensors are not those pinned, or the file can't be read.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            tensors: dict[str, NDArray[np.generic]] = load(path.read_bytes())
        except (OSError, SafetensorError) as error:
            raise AlteredWeights(f"{path} can't be read: {error}") from error
        if tensor_digest(tensors) != self.sha256:
            raise AlteredWeights(_altered(path))
        return tensors


class AlteredWeights(Exception):
    """A file whose content is not what was pinned; one line."""


def _altered(path: Path) -> str:
    return f"{path} is damaged or was altered (its SHA-256 is not the pinned one): delete it"


def tensor_digest(tensors: Mapping[str, NDArray[np.generic]]) -> str:
    """Digest named tensors: names, dtypes, shapes and little-endian content, in name order."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.data)
    return digest.hexdigest()
