"""A case: one image with one hole, drawn the same way on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from functools import cached_property, lru_cache
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import Dataset, Sample
from inpaintbench.errors import BenchError, PluginError, blamed
from inpaintbench.images.errors import DataError
from inpaintbench.images.types import Image, Mask
from inpaintbench.masks.base import MaskSuite
from inpaintbench.masks.random import RandomStream
from inpaintbench.planning.keys import own_source
from inpaintbench.plugins import registry
from inpaintbench.plugins.specification import label, settings


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


@dataclass(frozen=True, slots=True)
class Content:
    """What a case holds, to be compared with what it held at another time.

    Digests of image, mask, input and effect mask, those of the last two empty where the dataset
    gives none; and the prompt.
    """

    image_sha256: str
    mask_sha256: str
    input_sha256: str = ""
    effect_sha256: str = ""
    prompt: str = ""

    def differs(self, other: Content) -> str:
        """Name what isn't the same in another: ``image and mask``; empty where all is."""
        mine, others = astuple(self), astuple(other)
        names = ("image", "mask", "input", "effect mask", "prompt")
        return " and ".join(
            name for name, one, two in zip(names, mine, others, strict=True) if one != two
        )


@dataclass(frozen=True, eq=False)
class LoadedCase:
    """A case with its arrays: reference ``H×W×C`` and mask ``H×W`` (True = hole).

    `input` is what a method is given of the image, which is the reference unless the dataset says
    otherwise; `effect` where an object shows outside the hole; `own_hole` whether the mask is the
    sample's own; `has_reference` whether the true content of the hole is known.
    """

    case: Case
    image: Image
    mask: Mask
    kind: str
    input: Image
    effect: Mask | None = None
    prompt: str = ""
    own_hole: bool = False
    has_reference: bool = True

    @cached_property
    def shows_object(self) -> bool:
        """Whether a method may see the hole: it is the sample's own, and the truth isn't in it.

        Without a reference, nobody knows the truth.
        """
        if not self.own_hole or not self.has_reference:
            return self.own_hole
        return self.has_input and bool((self.input != self.image)[self.mask].any())

    def seen(self, sees: str = "known") -> Image:
        """Return the image as a method sees it, which it says as `Method.sees`.

        The pixels of the hole are 0, so that no truth leaks, unless it removes objects and there
        is one in the hole.
        """
        import cv2

        if sees == "input" and self.shows_object:
            return self.input
        known = (~self.mask).view(np.uint8)
        damaged: Image = cv2.copyTo(self.input, known).reshape(self.image.shape)
        return damaged

    @property
    def has_input(self) -> bool:
        """Whether the dataset gives methods something else than the reference."""
        return self.input is not self.image

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays; the effect mask is as large as the mask."""
        masks = self.mask.nbytes * (1 if self.effect is None else 2)
        return self.image.nbytes * (1 + self.has_input) + masks

    @cached_property
    def content(self) -> Content:
        """Digests of all that the case holds, and its prompt."""
        return Content(
            array_sha256(self.image),
            array_sha256(self.mask),
            array_sha256(self.input) if self.has_input else "",
            "" if self.effect is None else array_sha256(self.effect),
            self.prompt,
        )


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
        with blamed(f"dataset {dataset[1].name}"):
            fingerprint = dataset[1].fingerprint(sample)
        for index in range(suite[1].count(count)):
            parts = [*identities, sample, fingerprint, str(index), str(seed)]
            kind = kind_of(dataset[1], sample, suite[1], index)
            stream = _stream(dataset[1], sample, suite[1], index, seed)
            # empty for a mask that no file decides
            with blamed(f"mask suite {suite[1].name}"):
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


def sample_ids(dataset: Dataset) -> list[str]:
    """List the ids of a dataset's samples.

    Raises
    ------
    BenchError
        When they aren't there, aren't texts, or one is there twice.
    """
    with blamed(f"dataset {dataset.name}"):
        ids = list(dataset.ids())
    given: list[object] = [*ids]
    wrong = next((sample for sample in given if not isinstance(sample, str)), None)
    if wrong is not None:
        raise DataError(f"dataset {dataset.name}: ids must be texts, not {wrong!r:.80}")
    if len(set(ids)) < len(ids):
        twice = next(sample for sample in ids if ids.count(sample) > 1)
        raise DataError(f"dataset {dataset.name}: lists the id {twice!r} twice")
    if not ids:
        raise DataError(f"dataset {label(dataset)} holds no image")
    return ids


def read_sample(dataset: Dataset, sample_id: str) -> Sample:
    """Read one sample of a dataset.

    Raises
    ------
    BenchError
        When the dataset raises, or gives another sample, or none as its contract says.
    """
    where = f"dataset {dataset.name}, {sample_id}"
    with blamed(where):
        sample: object = dataset.load(sample_id)
    if not isinstance(sample, Sample):
        raise DataError(f"{where}: load must return a Sample, not {_told(sample)}")
    if sample.id != sample_id:
        raise DataError(f"{where}: load returned the sample {sample.id!r}")
    image: object = sample.image
    if (
        not isinstance(image, np.ndarray)
        or image.dtype not in (np.uint8, np.uint16)
        or image.ndim != 3
        or image.shape[2] not in (1, 3)
        or not image.size
    ):
        wanted = "uint8 or uint16 (height, width, 1 or 3)"
        raise DataError(f"{where}: its image is {_told(image)}, wanted {wanted}")
    for name, mask in (("mask", sample.mask), ("effect mask", sample.effect)):
        if mask is not None and not _fits(mask, image):
            raise DataError(f"{where}: its {name} is {_told(mask)}, wanted bool {image.shape[:2]}")
    _check_input(sample, where)
    return sample


def _check_input(sample: Sample, where: str) -> None:
    """Refuse an input that can't be that of the image, an effect without one, or no prompt."""
    given: object = sample.input
    image, effect = sample.image, sample.effect
    if given is not None and not (
        isinstance(given, np.ndarray) and given.shape == image.shape and given.dtype == image.dtype
    ):
        raise DataError(
            f"{where}: its input is {_told(given)}, wanted {_told(image)} as its reference is"
        )
    if effect is not None:
        if given is None:
            raise DataError(f"{where}: has an effect mask, but no input that shows the effect")
        if effect.any() and not (given != image)[effect].any():
            raise DataError(f"{where}: input and reference are the same all over its effect mask")
    prompt: object = sample.prompt
    if not isinstance(prompt, str):
        raise DataError(f"{where}: its prompt must be a text, not {_told(prompt)}")
    if len(prompt) > _PROMPT or any(category(letter) in ("Cc", "Cs") for letter in prompt):
        raise DataError(
            f"{where}: its prompt must be a line of at most {_PROMPT:,} characters that can be "
            "written, without line breaks"
        )


_PROMPT = 10_000
"""Characters of the longest prompt: what databases and tables can hold as it is."""


def _fits(mask: object, image: Image) -> bool:
    if not isinstance(mask, np.ndarray):
        return False
    return bool(mask.dtype == np.bool_ and mask.shape == image.shape[:2])


def _told(value: object) -> str:
    """Say what somebody's code gave: dtype and shape of an array, or else the type."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    return "None" if value is None else f"a {type(value).__name__}"


def draw_mask(dataset: Dataset, sample: Sample, suite: MaskSuite, index: int, seed: int) -> Mask:
    """Draw mask `index` of a sample, as `draw_kind` does."""
    kind = kind_of(dataset, sample.id, suite, index)
    stream = _stream(dataset, sample.id, suite, index, seed)
    return draw_kind(suite, kind, sample, stream, f"{dataset.name}/{sample.id}")


def draw_kind(
    suite: MaskSuite, kind: str, sample: Sample, stream: RandomStream, place: str
) -> Mask:
    """Draw a mask of a kind; errors name the `place` where the sample is.

    Raises
    ------
    BenchError
        When the suite raises, or gives no mask, one of another shape, without a hole, or with
        nothing but hole.
    """
    where = f"mask suite {suite.name} ({kind}) on {place}"
    with blamed(where):
        mask = suite.draw(sample, kind, stream)
    if not _fits(mask, sample.image):
        raise BenchError(f"{where}: drew {_told(mask)}, wanted bool {sample.image.shape[:2]}")
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
    given = sample.image if sample.input is None else sample.input
    own = sample.mask is not None and bool(np.array_equal(mask, sample.mask))
    loaded = LoadedCase(
        case,
        sample.image,
        mask,
        kind,
        given,
        sample.effect,
        sample.prompt,
        own,
        dataset.has_reference,
    )
    _kept[case] = loaded
    while len(_kept) > 1 and sum(kept.nbytes for kept in _kept.values()) > _KEPT:
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
        for array in (sample.image, sample.input, sample.effect):
            if array is not None:
                array.flags.writeable = False
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
        # what a plugin raised is told with its place, and the case names the plugin
        cause = error.__cause__ if isinstance(error, PluginError) else None
        raise CaseUnavailable(kind, case, cause or error) from error


@lru_cache(maxsize=8)
def _sample(dataset: str, sample: str) -> Sample:
    return read_sample(registry.datasets().make(dataset), sample)


def array_sha256(array: NDArray[np.generic]) -> str:
    """Digest an array's dtype, shape and content."""
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return digest.hexdigest()
