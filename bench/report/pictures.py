"""Where figures and pages get a run's pictures from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from inpaintbench.errors import BenchError, one_line
from inpaintbench.images.types import Image, Mask
from inpaintbench.planning.case import array_sha256

if TYPE_CHECKING:
    import pandas as pd

P = TypeVar("P", bound=NDArray[np.generic])


class Pictures(Protocol):
    """The pictures of a run, by case and variant."""

    def reference(self, case: str) -> Image:
        """Return the true image ``H×W×C``."""
        ...

    def mask(self, case: str) -> Mask:
        """Return the mask ``H×W``, True = hole."""
        ...

    def output(self, case: str, variant: str) -> Image:
        """Return what a variant returned for a case; KeyError when the cell isn't done."""
        ...

    def given(self, case: str) -> Image:
        """Return what methods are given, the hole included: the true image by default."""
        return self.reference(case)

    def effect(self, case: str) -> Mask:
        """Return where an object shows outside the hole, ``H×W``: nowhere by default."""
        return np.zeros_like(self.mask(case))


@dataclass(frozen=True, eq=False)
class CaseImages:
    """The pictures of a case, as `Pictures` has them, and the outputs by variant.

    `missing` says why an output that was made is no longer available.
    """

    reference: Image
    mask: Mask
    given: Image
    effect: Mask
    outputs: dict[str, Image]
    missing: dict[str, str]

    @cached_property
    def has_input(self) -> bool:
        """Whether methods are given something else than the truth."""
        return not np.array_equal(self.given, self.reference)

    @property
    def changed(self) -> Mask:
        """Where a method should change what it is given: hole and effect."""
        return self.mask | self.effect


def composite(output: Image, reference: Image, mask: Mask) -> Image:
    """Return an output with the known pixels pasted back."""
    return np.where(mask[..., None], output, reference)


def error_map(composite: Image, reference: Image) -> NDArray[np.float32]:
    """Average the absolute difference over channels, ``H×W``, as a share of the range."""
    scale = np.float32(np.iinfo(reference.dtype).max)
    difference = composite.astype(np.float32) - reference.astype(np.float32)
    mean: NDArray[np.float32] = np.abs(difference).mean(axis=2) / scale
    return mean


def brightest(errors: Iterable[NDArray[np.float32]], mask: Mask, levels: int) -> float:
    """Choose the error that is drawn brightest: nearly the largest in the hole of all methods.

    It is one of the image's `levels` at least, 255 or 65535.
    """
    inside = [error[mask] for error in errors]
    return max(float(np.quantile(np.concatenate(inside), 0.995)), 1 / levels) if inside else 1.0


class PictureMissing(BenchError):
    """Why a picture is unavailable: its file is gone, moved, or holds something else."""


def missing_words(reasons: Iterable[str]) -> str:
    """Say in a sentence which pictures are missing; empty where none is."""
    every = list(reasons)
    if not every:
        return ""
    more = f", and {len(every) - 1} more" if len(every) > 1 else ""
    return f"Missing pictures: {every[0]}{more}."


def read_case(pictures: Pictures, case: str, variants: Sequence[str]) -> CaseImages:
    """Get the pictures of a case, and the outputs of those variants that have one.

    PictureMissing when all but an output is missing.
    """
    reference, mask = pictures.reference(case), pictures.mask(case)
    given, effect = pictures.given(case), pictures.effect(case)
    outputs, missing = {}, {}
    for variant in variants:
        try:
            outputs[variant] = pictures.output(case, variant)
        except PictureMissing as error:
            missing[variant] = str(error)
        except KeyError:
            continue
    return CaseImages(reference, mask, given, effect, outputs, missing)


class CheckedPictures(Pictures):
    """A run's pictures as they were when it ran; one that isn't there any more is missing.

    Whatever a dataset, a mask suite or a file raises: the numbers are right without the picture.
    The run's cases have the digests of their images and masks.
    """

    def __init__(self, pictures: Pictures, cases: pd.DataFrame) -> None:
        self._pictures = pictures
        self._cases = cases.set_index("case")
        self.missing: dict[tuple[str, str], str] = {}

    def reference(self, case: str) -> Image:
        """Return the true image ``H×W×C``."""
        return self._had(case, "", "image_sha256", lambda: self._pictures.reference(case))

    def mask(self, case: str) -> Mask:
        """Return the mask ``H×W``, True = hole."""
        return self._had(case, "", "mask_sha256", lambda: self._pictures.mask(case))

    def output(self, case: str, variant: str) -> Image:
        """Return what a variant returned for a case; KeyError when the cell isn't done."""
        return self._had(case, variant, "", lambda: self._pictures.output(case, variant))

    def given(self, case: str) -> Image:
        """Return what methods are given, the hole included."""
        if not self._cases.loc[case, "input_sha256"]:
            return self.reference(case)
        return self._had(case, "", "input_sha256", lambda: self._pictures.given(case))

    def effect(self, case: str) -> Mask:
        """Return where an object shows outside the hole, ``H×W``."""
        if not self._cases.loc[case, "effect_sha256"]:
            return np.zeros_like(self.mask(case))
        return self._had(case, "", "effect_sha256", lambda: self._pictures.effect(case))

    def _had(self, case: str, variant: str, digest: str, get: Callable[[], P]) -> P:
        """Get a picture and compare it with the run; KeyError where there never was one."""
        known = self._cases.loc[case]
        of = f"{variant + ' on ' if variant else ''}{known['dataset']}/{known['sample']}"
        try:
            picture = get()
            shape = tuple(int(known[name]) for name in ("height", "width", "channels"))
            if digest and array_sha256(picture) != known[digest]:
                raise PictureMissing("it isn't the one that the run was made with")
            if not digest and (picture.shape, picture.dtype) != (shape, known["dtype"]):
                raise PictureMissing(f"it has another form than {shape} {known['dtype']}")
        except KeyError:
            raise
        except Exception as error:
            why = one_line(error) or type(error).__name__
            reason = why if why.startswith(of) else f"{of}: {why}"
            self.missing[case, variant] = reason
            raise PictureMissing(reason) from error
        return picture
