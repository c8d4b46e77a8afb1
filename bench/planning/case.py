"""A case: one image with one hole, drawn the same way on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import Dataset, Image, Mask, Sample
from inpaintbench.errors import BenchError
from inpaintbench.masks.base import MaskSuite
from inpaintbench.masks.random import RandomStream
from inpaintbench.plugins import registry
from inpaintbench.plugins.specification import settings


@dataclass(frozen=True, slots=True)
class Case:
    """What identifies a case; the arrays are made from it on demand.

    Parameters
    ----------
    id : str
        Digest of everything else, of the dataset's and suite's versions and parameters, and of
        the fingerprints of the sample and of a mask that comes from a file.
    dataset, suite : str
        Specifications: ``photos[size=128]``, ``small-holes``.
    sample : str
        Sample id.
    index : int
        Index of the mask among those of the sample.
    seed : int
        Seed of the run.
    """

    id: str
    dataset: str
    sample: str
    suite: str
    index: int
    seed: int


@dataclass(frozen=True, eq=False)
class LoadedCase:
    """A case with its arrays: reference ``H×W×C`` and mask ``H×W`` (True = hole)."""

    case: Case
    image: Image
    mask: Mask
    kind: str

    @property
    def damaged(self) -> Image:
        """The image as a method sees it: zero in the hole, so no truth leaks."""
        import cv2

        known = (~self.mask).view(np.uint8)
        damaged: Image = cv2.copyTo(self.image, known).reshape(self.image.shape)
        return damaged


def plugin_identity(plugin: Dataset | MaskSuite) -> str:
    """Name, version and parameters of a dataset or suite: what its draws depend on.

    Where files lie is left out: the same images get the same masks anywhere.
    """
    parameters = ",".join(
        f"{key}={value!r}" for key, value in settings(plugin).items() if key not in plugin.locations
    )
    return f"{plugin.name}@{plugin.version}[{parameters}]"


def make_cases(
    dataset: tuple[str, Dataset],
    samples: Sequence[str],
    suite: tuple[str, MaskSuite],
    count: int,
    seed: int,
) -> Iterator[Case]:
    """Identify `count` cases for each sample without reading an image.

    Dataset and suite come with the specifications that make them again. A suite without chance
    gives no more cases than it has kinds.

    Raises
    ------
    DataError
        When the file of a mask isn't there.
    """
    identities = (plugin_identity(dataset[1]), plugin_identity(suite[1]))
    for sample in samples:
        fingerprint = dataset[1].fingerprint(sample)
        for index in range(suite[1].count(count)):
            parts = [*identities, sample, fingerprint, str(index), str(seed)]
            parts += _mask_fingerprint(dataset[1], sample, suite[1], index, seed)
            digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
            yield Case(digest, dataset[0], sample, suite[0], index, seed)


def _mask_fingerprint(
    dataset: Dataset, sample: str, suite: MaskSuite, index: int, seed: int
) -> list[str]:
    """Return a mask's fingerprint, or nothing for one that no file decides."""
    kind = kind_of(dataset, sample, suite, index)
    fingerprint = suite.fingerprint(sample, kind, _stream(dataset, sample, suite, index, seed))
    return [fingerprint] if fingerprint else []


def _stream(dataset: Dataset, sample: str, suite: MaskSuite, index: int, seed: int) -> RandomStream:
    """Return the random stream of mask `index` of a sample, at its beginning."""
    return RandomStream(plugin_identity(suite), plugin_identity(dataset), sample, index, seed)


def kind_of(dataset: Dataset, sample: str, suite: MaskSuite, index: int) -> str:
    """Say which kind of hole mask `index` of a sample is; kinds rotate from sample to sample."""
    offset = RandomStream("kind", suite.name, plugin_identity(dataset), sample).integer(
        0, len(suite.kinds)
    )
    return suite.kinds[(index + offset) % len(suite.kinds)]


def draw_mask(dataset: Dataset, sample: Sample, suite: MaskSuite, index: int, seed: int) -> Mask:
    """Draw mask `index` of a sample.

    Raises
    ------
    BenchError
        When the suite gives a mask of another shape, without a hole, or with nothing but hole.
    """
    kind = kind_of(dataset, sample.id, suite, index)
    mask = suite.draw(sample, kind, _stream(dataset, sample.id, suite, index, seed))
    where = f"mask suite {suite.name} ({kind}) on {dataset.name}/{sample.id}"
    if mask.shape != sample.image.shape[:2] or mask.dtype != np.bool_:
        raise BenchError(
            f"{where}: drew {mask.dtype} {mask.shape}, wanted bool {sample.image.shape[:2]}"
        )
    if not mask.any() or mask.all():
        raise BenchError(f"{where}: drew {'no' if not mask.any() else 'nothing but'} hole")
    return np.ascontiguousarray(mask)


@lru_cache(maxsize=8)
def load(case: Case) -> LoadedCase:
    """Make a case's arrays; the last few are kept, since methods share them."""
    dataset = registry.datasets().make(case.dataset)
    suite = registry.masks().make(case.suite)
    sample = _sample(case.dataset, case.sample)
    mask = draw_mask(dataset, sample, suite, case.index, case.seed)
    kind = kind_of(dataset, case.sample, suite, case.index)
    sample.image.flags.writeable = False
    mask.flags.writeable = False
    return LoadedCase(case, sample.image, mask, kind)


@lru_cache(maxsize=8)
def _sample(dataset: str, sample: str) -> Sample:
    return registry.datasets().make(dataset).load(sample)


def array_sha256(array: NDArray[np.generic]) -> str:
    """Digest an array's dtype, shape and content."""
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return digest.hexdigest()
