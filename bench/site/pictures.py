"""The pictures of a site: composites, error maps and SSIM maps, each file named by its content."""

from __future__ import annotations

import io
import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from inpaintbench.cores import cores
from inpaintbench.folder import Folder
from inpaintbench.images.png import encode_png
from inpaintbench.images.types import Image, Mask
from inpaintbench.metrics.base import Result
from inpaintbench.report.figures.pictures import HOLE
from inpaintbench.report.pictures import (
    CaseImages,
    PictureMissing,
    Pictures,
    brightest,
    composite,
    error_map,
    read_case,
)

F = TypeVar("F", str, bytes)
"""A picture: the name of its file, or what the file holds."""


@dataclass(frozen=True)
class ResultPictures(Generic[F]):
    """Pictures of a result: the composite, its error map, its map of 1 - SSIM or empty.

    Where methods are given something else than the truth, `raw` is what came back, whose error map
    it is then; elsewhere it is empty.
    """

    result: F
    error: F
    ssim: F
    raw: F


@dataclass(frozen=True)
class CasePictures(Generic[F]):
    """Pictures of a case: the reference, what methods are given with its hole painted, the results.

    Where that isn't the reference, `given` shows it whole, and `effect` where an object shows
    outside the hole; elsewhere, and where it shows nowhere, they are empty.
    """

    original: F
    masked: F
    given: F
    effect: F
    results: dict[str, ResultPictures[F]]
    brightest: float  # the error, in levels of the image's dtype, that error maps show brightest


@dataclass(frozen=True, eq=False)
class SitePictures:
    """The pictures in a site, by case; cases without pictures are absent.

    By case and variant, or case and nothing for all of the case: why a picture is missing.
    """

    of: dict[str, CasePictures[str]] = field(default_factory=dict)
    missing: dict[tuple[str, str], str] = field(default_factory=dict)

    def result(self, case: str, variant: str) -> ResultPictures[str] | None:
        """Return the pictures of a result, if the site has them."""
        found = self.of.get(case)
        return found.results.get(variant) if found else None


def write_cases(folder: Folder, pictures: Pictures, wanted: dict[str, list[str]]) -> SitePictures:
    """Write the pictures of cases: original, masked, and the results of the variants wanted."""
    written: dict[str, CasePictures[str]] = {}
    missing: dict[tuple[str, str], str] = {}
    threads = cores()
    waiting: deque[tuple[str, Future[CasePictures[bytes]]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for case, variants in wanted.items():
            # a run's database belongs to this thread; a few cases ahead keep the others busy
            try:
                found = read_case(pictures, case, variants)
            except PictureMissing as error:
                missing[case, ""] = str(error)
                continue
            missing |= {(case, variant): reason for variant, reason in found.missing.items()}
            waiting.append((case, pool.submit(_draw, found)))
            if len(waiting) > threads:
                ready, drawn = waiting.popleft()
                written[ready] = _write(folder, drawn.result())
        for ready, drawn in waiting:
            written[ready] = _write(folder, drawn.result())
    return SitePictures(written, missing)


def _draw(case: CaseImages) -> CasePictures[bytes]:
    reference, mask, outputs = case.reference, case.mask, case.outputs
    composites = {v: composite(output, reference, mask) for v, output in outputs.items()}
    judged = outputs if case.has_input else composites
    errors = {variant: error_map(one, reference) for variant, one in judged.items()}
    most = brightest(errors.values(), case.changed, levels=255)
    losses = _ssim_losses(outputs, reference, mask)
    given = _eight_bits(case.given)
    return CasePictures(
        original=encode_png(_eight_bits(reference)),
        masked=encode_png(_painted(given, mask)),
        given=encode_png(given) if case.has_input else b"",
        effect=encode_png(_painted(given, case.effect)) if case.effect.any() else b"",
        results={
            variant: ResultPictures(
                encode_png(_eight_bits(one)),
                _map(errors[variant] / most),
                _map(losses[variant]) if variant in losses else b"",
                encode_png(_eight_bits(outputs[variant])) if case.has_input else b"",
            )
            for variant, one in composites.items()
        },
        brightest=most * float(np.iinfo(reference.dtype).max),
    )


def _write(folder: Folder, drawn: CasePictures[bytes]) -> CasePictures[str]:
    def file(data: bytes) -> str:
        return folder.named_by_digest("pictures", ".png", data) if data else ""

    results = {
        variant: ResultPictures(file(one.result), file(one.error), file(one.ssim), file(one.raw))
        for variant, one in drawn.results.items()
    }
    return CasePictures(
        file(drawn.original),
        file(drawn.masked),
        file(drawn.given),
        file(drawn.effect),
        results,
        drawn.brightest,
    )


def _ssim_losses(
    outputs: dict[str, Image], reference: Image, mask: Mask
) -> dict[str, NDArray[np.float64]]:
    """Map 1 - SSIM where the metric's window lies inside the image, 0 elsewhere."""
    from inpaintbench.metrics.ssim import SSIM

    metric = SSIM()
    score = metric.bind(reference)
    losses = {}
    for variant, output in outputs.items():
        result = Result(output, mask, reference)
        if np.isfinite(score(result)):
            losses[variant] = metric.loss_map(result) / reference.shape[2]
    return losses


def _eight_bits(image: Image) -> NDArray[np.uint8]:
    if image.dtype == np.uint8:
        return image.astype(np.uint8, copy=False)
    return np.rint(image.astype(np.float64) / 257).astype(np.uint8)


def _painted(image: NDArray[np.uint8], region: Mask) -> NDArray[np.uint8]:
    """Paint a region in the colour of holes."""
    colour = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
    return np.where(region[..., None], (np.array(HOLE) * 255).astype(np.uint8), colour)


def _map(values: NDArray[Any]) -> bytes:
    """Draw a map of values from 0 to 1 in the shades of the legend."""
    from PIL import Image as Pillow

    # 64 shades are more than an eye tells apart, and half the bytes of 256
    levels = np.rint(np.clip(values, 0, 1) * 63).astype(np.uint8)
    picture = Pillow.fromarray(levels)
    picture.putpalette(_shades())
    data = io.BytesIO()
    # runs alone are a few per cent larger than the best compression, in a quarter of its time
    picture.save(data, format="PNG", compress_level=1, compress_type=zlib.Z_RLE)
    return data.getvalue()


@cache
def _shades() -> bytes:
    from matplotlib import colormaps

    return bytes(np.rint(colormaps["inferno"](np.linspace(0, 1, 64))[:, :3] * 255).astype(np.uint8))
