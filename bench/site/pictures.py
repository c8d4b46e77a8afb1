"""The pictures of a site: composites, error maps and SSIM maps, each file named by its content."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import Image, Mask
from inpaintbench.imagefile import encode_png
from inpaintbench.metrics.base import Result
from inpaintbench.report.figures.pictures import HOLE
from inpaintbench.report.pictures import Pictures
from inpaintbench.site.folder import Folder


@dataclass(frozen=True)
class ResultPictures:
    """Files of a result: the composite, its error map, its map of 1 - SSIM or empty."""

    result: str
    error: str
    ssim: str


@dataclass(frozen=True)
class CasePictures:
    """Files of a case.

    Parameters
    ----------
    original, masked : str
        The reference, and the reference with its hole in one colour.
    results : dict of str to ResultPictures
        Variant → its pictures.
    brightest : float
        The error, in levels of the image's dtype, that error maps show brightest.
    """

    original: str
    masked: str
    results: dict[str, ResultPictures]
    brightest: float


@dataclass(frozen=True, eq=False)
class SitePictures:
    """The pictures in a site, by case; cases without pictures are absent."""

    of: dict[str, CasePictures] = field(default_factory=dict)

    def result(self, case: str, variant: str) -> ResultPictures | None:
        """Return the pictures of a result, if the site has them."""
        found = self.of.get(case)
        return found.results.get(variant) if found else None


def write_case(folder: Folder, pictures: Pictures, case: str, variants: list[str]) -> CasePictures:
    """Write the pictures of a case: original, masked, and the results of some variants."""
    reference, mask = pictures.reference(case), pictures.mask(case)
    outputs: dict[str, Image] = {}
    for variant in variants:
        try:
            outputs[variant] = pictures.output(case, variant)
        except KeyError:
            continue
    hole = (np.array(HOLE) * 255).astype(np.uint8)
    composites = {v: np.where(mask[..., None], out, reference) for v, out in outputs.items()}
    errors = {v: _error(composite, reference) for v, composite in composites.items()}
    brightest = _brightest(list(errors.values()), mask)
    losses = _ssim_losses(outputs, reference, mask)
    shades = _shades()
    return CasePictures(
        original=_picture(folder, _eight_bits(reference)),
        masked=_picture(folder, np.where(mask[..., None], hole, _colour(_eight_bits(reference)))),
        results={
            variant: ResultPictures(
                result=_picture(folder, _eight_bits(composite)),
                error=_map(folder, errors[variant] / brightest, shades),
                ssim=_map(folder, losses[variant], shades) if variant in losses else "",
            )
            for variant, composite in composites.items()
        },
        brightest=brightest * float(np.iinfo(reference.dtype).max),
    )


def _error(composite: Image, reference: Image) -> NDArray[np.float32]:
    """Average the absolute difference over channels, as a share of the range."""
    scale = np.float32(np.iinfo(reference.dtype).max)
    difference = composite.astype(np.float32) - reference.astype(np.float32)
    mean: NDArray[np.float32] = np.abs(difference).mean(axis=2) / scale
    return mean


def _brightest(errors: list[NDArray[np.float32]], mask: Mask) -> float:
    """Choose the error that is brightest: nearly the largest in the hole of all methods."""
    if not errors:
        return 1.0
    inside = np.concatenate([error[mask] for error in errors])
    return max(float(np.quantile(inside, 0.995)), 1 / 255)


def _ssim_losses(
    outputs: dict[str, Image], reference: Image, mask: Mask
) -> dict[str, NDArray[np.float64]]:
    """Map 1 - SSIM where the metric's window lies inside the image, 0 elsewhere."""
    from inpaintbench.metrics.ssim import SSIM

    metric = SSIM()
    height, width, channels = reference.shape
    score = metric.bind(reference)
    losses = {}
    for variant, output in outputs.items():
        result = Result(output, mask, reference)
        if not np.isfinite(score(result)):
            continue
        inside = result.shared((metric.name, metric.definition), _not_scored)
        margins = [
            (size - part) // 2 for size, part in zip((height, width), inside.shape, strict=True)
        ]
        losses[variant] = np.pad(inside / channels, [(m, m) for m in margins])
    return losses


def _not_scored() -> NDArray[np.float64]:
    raise LookupError("the SSIM map is kept by the score")


def _eight_bits(image: Image) -> NDArray[np.uint8]:
    if image.dtype == np.uint8:
        return image.astype(np.uint8, copy=False)
    return np.rint(image.astype(np.float64) / 257).astype(np.uint8)


def _colour(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image


def _picture(folder: Folder, image: NDArray[np.uint8]) -> str:
    return folder.named_by_digest("pictures", ".png", encode_png(image))


def _map(folder: Folder, values: NDArray[Any], shades: bytes) -> str:
    """Write a map of values from 0 to 1 in the shades of the legend."""
    from PIL import Image as Pillow

    # 64 shades are more than an eye tells apart, and half the bytes of 256
    levels = np.rint(np.clip(values, 0, 1) * 63).astype(np.uint8)
    picture = Pillow.fromarray(levels)
    picture.putpalette(shades)
    data = io.BytesIO()
    picture.save(data, format="PNG")
    return folder.named_by_digest("pictures", ".png", data.getvalue())


def _shades() -> bytes:
    from matplotlib import colormaps

    return bytes(np.rint(colormaps["inferno"](np.linspace(0, 1, 64))[:, :3] * 255).astype(np.uint8))
