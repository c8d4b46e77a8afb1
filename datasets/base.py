"""The contract of a dataset: all that a dataset file needs to import."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from inpaintbench.images.errors import DataError
from inpaintbench.images.types import Image, Mask
from inpaintbench.named import Named

__all__ = ["DataError", "Dataset", "Image", "Mask", "Sample", "wanted"]

Entry = TypeVar("Entry")


@dataclass(frozen=True, eq=False)
class Sample:
    """An image with an id.

    Parameters
    ----------
    id : str
        Unique in its dataset; letters, digits and ``-_./``.
    image : (H, W, C) array of uint8 or uint16
        The reference: what a perfect method returns. C = 1 (grey) or 3 (RGB), contiguous. Grey
        images stay grey.
    mask : (H, W) array of bool, optional
        The sample's own hole (True = hole), for datasets that come with one.
    input : (H, W, C) array, optional
        What a method is given, of the image's shape and dtype, where that isn't the image itself:
        the scene with the object that is to be removed, its shadow and its reflection.
    effect : (H, W) array of bool, optional
        Where the object shows outside the hole: its shadow and its reflection (True = effect).
        Needs an input.
    prompt : str
        What to paint, in words, for methods that take a prompt; empty where there is none.
    """

    id: str
    image: Image
    mask: Mask | None = None
    input: Image | None = None
    effect: Mask | None = None
    prompt: str = ""


class Dataset(Named, ABC):
    """A named set of images with a fixed order and a fixed preparation.

    Subclass it as a dataclass. Every dataclass field is a parameter and can be set from the
    command line (``photos[size=128]``), so fields are plain values: ``bool``, ``int``, ``float``,
    ``str``, or one of these with ``None``. Import heavy libraries inside the functions that use
    them.
    """

    version: ClassVar[int] = 1
    """Raised whenever the pixels or the order of any sample change."""

    source: ClassVar[str] = ""
    """Where the images come from."""

    license: ClassVar[str] = ""
    """Licence of the images, in a line."""

    split: str = ""
    """Split served (``test``); part of a method's ``trained_on`` check. A field where chosen."""

    collections: ClassVar[tuple[str, ...]] = ()
    """Names, besides its own, by which a method's ``trained_on`` may call the collection that
    the images come from: ``places2`` for ``places365-val``."""

    has_reference: ClassVar[bool] = True
    """False when the true content of the hole is unknown, so nothing can be scored against it."""

    locations: ClassVar[tuple[str, ...]] = ("path",)
    """Parameters that only say where the files lie: no part of the dataset's identity, so that
    the same images get the same masks wherever they are kept."""

    @property
    def preparation(self) -> str:
        """Crop, resize and filter applied to the source, in words; part of the identity."""
        return "none"

    @abstractmethod
    def ids(self) -> list[str]:
        """Sample ids in the dataset's own order, without reading any image.

        Raises
        ------
        DataError
            When the images aren't there, saying what to download and where to put it.
        """

    @abstractmethod
    def load(self, sample_id: str) -> Sample:
        """Read and prepare one sample."""

    def fetch(self) -> None:
        """Get the images if they aren't here: called once before a run, never to list datasets.

        The default, for data that is always here or that only a person can provide, checks that
        it is.

        Raises
        ------
        DataError
            When the images are unavailable, saying what to do.
        """
        self.ids()

    def fingerprint(self, sample_id: str) -> str:
        """Stand for the sample's content in result keys, without preparing the image.

        The default suits data that is fixed by the dataset's name, version and parameters. A
        dataset over a person's own files returns a digest of the file.
        """
        return ""


def wanted(dataset: Dataset, entries: Mapping[str, Entry], sample_id: str) -> Entry:
    """Return what a dataset knows of a sample.

    Raises
    ------
    DataError
        When it has no such sample, naming the first few that there are.
    """
    if sample_id not in entries:
        first = ", ".join(list(entries)[:3])
        raise DataError(
            f"{dataset.name} has no sample {sample_id!r} (it has {len(entries):,}: {first}, …)"
        )
    return entries[sample_id]
