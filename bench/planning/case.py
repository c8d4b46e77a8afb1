"""A case: one image with one hole, drawn the same way on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import Dataset, Sample
from inpaintbench.errors import BenchError
from inpaintbench.images.types import Image, Mask
from inpaintbench.masks.base import MaskSuite
from inpaintbench.masks.random import RandomStream
from inpaintbench.planning.keys import own_source
from inpaintbench.plugins import registry
from inpaintbench.plugins.specification import settings


@dataclass(frozen=True, slots=True)
class Case:
    """What identifies a case; the arrays are made from it on demand.

    Parameters
    ----------
    id : str
        Digest of everything else, of the dataset's and suite's versions and parameters, of the
        source of those that aren't the project's, and of the fingerprints of the sample and of a
        mask that comes from a file. Where a dataset or suite lies doesn't count.
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

    @cached_property
    def digests(self) -> tuple[str, str]:
        """Digests of image and mask."""
        return array_sha256(self.image), array_sha256(self.mask)


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
        When the file of a mask isn't there, or could be that of two samples.
    """
    sources = filter(None, (own_source(dataset[1]), own_source(suite[1])))
    identities = (plugin_identity(dataset[1]), plugin_identity(suite[1]), *sources)
    suite[1].check(samples)
    for sample in samples:
        fingerprint = dataset[1].fingerprint(sample)
        for index in range(suite[1].count(count)):
            parts = [*identities, sample, fingerprint, str(index), str(seed)]
            kind = kind_of(dataset[1], sample, suite[1], index)
            stream = _stream(dataset[1], sample, suite[1], index, seed)
            # empty for a mask that no file decides
            parts += filter(None, [suite[1].fingerprint(sample, kind, stream)])
            digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
            yield Case(digest, dataset[0], sample, suite[0], index, seed)


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


class CaseUnavailable(BenchError):
    """A case that can't be made: `kind` says whose fault it is, `cause` what was raised."""

    def __init__(self, kind: str, case: Case, cause: BaseException) -> None:
        super().__init__(f"{case.dataset}/{case.sample}, {case.suite}: {cause}")
        self.kind = kind
        self.cause = cause


def load(case: Case) -> LoadedCase:
    """Make a case's arrays; the last ones are kept, since methods share them.

    Raises
    ------
    CaseUnavailable
        When the dataset or the mask suite raises, whatever it raises.
    """
    if case in _kept:
        return _kept.setdefault(case, _kept.pop(case))
    dataset, sample = load_sample(case)
    with _blamed("mask suite", case):
        suite = registry.masks().make(case.suite)
        mask = draw_mask(dataset, sample, suite, case.index, case.seed)
        mask.flags.writeable = False
        kind = kind_of(dataset, case.sample, suite, case.index)
    loaded = _kept[case] = LoadedCase(case, sample.image, mask, kind)
    while len(_kept) > 1 and sum(c.image.nbytes + c.mask.nbytes for c in _kept.values()) > _KEPT:
        del _kept[next(iter(_kept))]
    return loaded


def load_sample(case: Case) -> tuple[Dataset, Sample]:
    """Make a case's image, without its mask, and the dataset that it comes from.

    Raises
    ------
    CaseUnavailable
        When the dataset raises, whatever it raises.
    """
    with _blamed("dataset", case):
        dataset = registry.datasets().make(case.dataset)
        sample = _sample(case.dataset, case.sample)
        sample.image.flags.writeable = False
        return dataset, sample


_kept: dict[Case, LoadedCase] = {}
"""The cases made last, the latest at the end."""

_KEPT = 128 << 20
"""Bytes of arrays that are kept."""


@contextmanager
def _blamed(kind: str, case: Case) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise CaseUnavailable(kind, case, error) from error


@lru_cache(maxsize=8)
def _sample(dataset: str, sample: str) -> Sample:
    return registry.datasets().make(dataset).load(sample)


def array_sha256(array: NDArray[np.generic]) -> str:
    """Digest an array's dtype, shape and content."""
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return digest.hexdigest()
