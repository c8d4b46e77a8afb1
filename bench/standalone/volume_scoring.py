"""Score NIfTI volumes made elsewhere, as BraTS scores the inpainting of brain scans."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.nifti import open_volume, volume_values
from inpaintbench.errors import BenchError
from inpaintbench.images.errors import DataError
from inpaintbench.images.listing import files_by_id, list_images
from inpaintbench.images.types import Mask
from inpaintbench.standalone.folder_scoring import Group, ImageScore
from inpaintbench.suggestion import did_you_mean

Floats: TypeAlias = NDArray[np.float64]

_ENDINGS = (".nii.gz", ".nii")

# What the names of BraTS's files end with, which all lie in one folder for each brain.
_REFERENCE = ("-t1n",)
_MASK = ("-mask-healthy", "-mask")
_INPUT = ("-t1n-voided",)
_RESULT = ("-t1n-inference", "-t1n")


@dataclass(frozen=True, eq=False)
class _Pair:
    """A result and the truth, from 0 to 1 and 0 outside the hole, as volumes ``X×Y×Z``."""

    made: Floats
    true: Floats
    hole: Mask

    @property
    def error(self) -> float:
        """Mean squared difference in the hole."""
        return float(np.square(self.made - self.true)[self.hole].mean())


@dataclass(frozen=True)
class VolumeMetric:
    """A definition of quality of whole volumes; `measure` computes it."""

    name: str
    id: str
    label: str
    measure: Callable[[_Pair], float]
    unit: str = ""
    higher_is_better: bool = True


def _ssim(pair: _Pair) -> float:
    """Average torchmetrics' map of the SSIM, with the data's own range, over the hole."""
    import cv2

    if min(pair.hole.shape[1:]) < 6:
        return math.nan  # the mirrored border is wider than the slice
    steps = np.arange(-5, 6)
    weights = np.exp(-np.square(steps / 1.5) / 2)
    weights /= weights.sum()

    def filtered(values: Floats) -> Floats:
        result: Floats = cv2.sepFilter2D(
            values, -1, weights, weights, borderType=cv2.BORDER_REFLECT_101
        )
        return result

    spread = max(np.ptp(pair.made), np.ptp(pair.true))
    first, second = (0.01 * spread) ** 2, (0.03 * spread) ** 2
    total = 0.0
    for index in np.flatnonzero(pair.hole.any(axis=(1, 2))):
        made, true = pair.made[index], pair.true[index]
        mean, truth = filtered(made), filtered(true)
        variances = filtered(made**2) + filtered(true**2) - mean**2 - truth**2
        covariance = filtered(made * true) - mean * truth
        similar = (2 * mean * truth + first) * (2 * covariance + second)
        with np.errstate(invalid="ignore"):  # both volumes are empty
            similar /= (mean**2 + truth**2 + first) * (variances + second)
        total += float(similar[pair.hole[index]].sum())
    return total / int(pair.hole.sum())


def _psnr(pair: _Pair, low: float, high: float) -> float:
    """Compute the PSNR for a range that the values are cut to."""
    error = float(np.square(pair.made.clip(low, high) - pair.true)[pair.hole].mean())
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(10 * np.log10(np.square(high - low) / np.float64(error)))


def _psnr_in_target_range(pair: _Pair) -> float:
    values = pair.true[pair.hole]
    return _psnr(pair, float(values.min()), float(values.max()))


VOLUME_METRICS: Mapping[str, VolumeMetric] = {
    metric.name: metric
    for metric in (
        VolumeMetric(
            "brats-ssim", "brats-ssim[gauss11,slices,data-range,hole]", "BraTS SSIM", _ssim
        ),
        VolumeMetric(
            "brats-psnr",
            "brats-psnr[target-range,hole]",
            "BraTS PSNR",
            _psnr_in_target_range,
            unit="dB",
        ),
        VolumeMetric(
            "brats-psnr-01",
            "brats-psnr-01[0-1,hole]",
            "BraTS PSNR 0–1",
            lambda pair: _psnr(pair, 0.0, 1.0),
            unit="dB",
        ),
        VolumeMetric(
            "brats-mse",
            "brats-mse[0-1,hole]",
            "BraTS MSE",
            lambda pair: pair.error,
            higher_is_better=False,
        ),
    )
}
"""The metrics of the package ``inpainting`` 0.0.12, with which BraTS is scored, by name."""


def volume_metrics(names: Sequence[str] | None) -> list[VolumeMetric]:
    """Return metrics by name; all of them without names.

    Raises
    ------
    BenchError
        When a name is unknown.
    """
    for name in names or ():
        if name not in VOLUME_METRICS:
            raise BenchError(
                f"no metric of volumes is called {name!r}{did_you_mean(name, VOLUME_METRICS)} "
                f"(there are: {', '.join(VOLUME_METRICS)})"
            )
    return [VOLUME_METRICS[name] for name in names or VOLUME_METRICS]


def list_references(folder: Path) -> Mapping[str, Path]:
    """Map names to the true volumes below a folder; none where it holds images.

    Raises
    ------
    DataError
        When the folder is missing.
    """
    return {} if list_images(folder) else _volumes(folder, _REFERENCE)


def match_volumes(
    references: Path, results: Sequence[Path], masks: Path | None, inputs: Path | None = None
) -> list[Group]:
    """Match results, masks and inputs with true volumes by path below their folder.

    Files with BraTS's endings, such as ``-t1n`` and ``-mask-healthy``, are matched by what is
    before them, wherever they lie.

    Raises
    ------
    BenchError, DataError
        When a folder is missing, nothing in it matches, a mask or an input is missing, or two
        folders or files have one name.
    """
    if masks is None:
        raise BenchError("volumes are scored in their holes alone; name the masks with --masks")
    methods = {folder.resolve().name: _volumes(folder, _RESULT) for folder in results}
    if len(methods) < len(results):
        raise BenchError("two result folders have the same name; scores are named after them")
    holes = _volumes(masks, _MASK)
    given = None if inputs is None else _volumes(inputs, _INPUT)
    groups = []
    for name, reference in list_references(references).items():
        found = {method: files[name] for method, files in methods.items() if name in files}
        if not found:
            continue
        for kind, folder, files in (("mask", masks, holes), ("input", inputs, given)):
            if files is not None and name not in files:
                raise BenchError(f"{reference}: no {kind} called {name} for it in {folder}")
        voided = None if given is None else given[name]
        groups.append(Group(name, reference, holes[name], found, voided))
    for folder, method in zip(results, methods, strict=True):
        if not any(method in group.results for group in groups):
            raise BenchError(f"{folder}: no volume in it has the name of one in {references}")
    return groups


def _volumes(folder: Path, tails: Sequence[str]) -> dict[str, Path]:
    """Map names to the volumes that end with the first tail that any does, else to all."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    files = files_by_id(folder, lambda file: file.name.lower().endswith(_ENDINGS))
    bodies = {path: path.name[: -len(_ending(path))] for path in files.values()}
    for tail in tails:
        chosen = [(b.removesuffix(tail), path) for path, b in bodies.items() if b.endswith(tail)]
        if chosen:
            break
    else:
        chosen = [
            (path.relative_to(folder).with_name(body).as_posix(), path)
            for path, body in bodies.items()
        ]
    found: dict[str, Path] = {}
    for name, path in chosen:
        if name in found:
            raise DataError(f"{path}: {found[name]} is called {name} too; keep one of them")
        found[name] = path
    return found


def _ending(path: Path) -> str:
    return next(ending for ending in _ENDINGS if path.name.lower().endswith(ending))


def score_volumes(
    group: Group, metrics: Sequence[VolumeMetric], *, invert: bool = False
) -> Iterator[ImageScore]:
    """Read the volumes of a group and score its results.

    Every value that isn't 0 is the mask's hole; with `invert`, 0 is. The input, or without one
    the reference with zeros in the hole, has the percentiles that become 0 and 1.

    Raises
    ------
    BenchError, DataError
        When a file can't be read, differs from the reference in shape, or can't be scored.
    """
    assert group.mask is not None
    reference = _read(group.reference)
    hole = (_read(group.mask, reference.shape) != 0) != invert
    if not hole.any():
        raise BenchError(f"{group.mask}: the mask is empty, nothing would be scored")
    given = np.where(hole, 0.0, reference)
    if group.input is not None:
        given = _read(group.input, reference.shape)
    low, high = (max(0.0, float(value)) for value in np.percentile(given, [0.5, 99.5]))
    if low == high:
        raise BenchError(
            f"{group.input or group.reference}: 99 % of what is known has one value, so it gives "
            "no scale"
        )

    def scaled(values: Floats) -> Floats:
        return (np.where(hole, values, 0.0).clip(low, high) - low) / (high - low)

    true = scaled(reference)
    for method, path in group.results.items():
        pair = _Pair(scaled(_read(path, reference.shape)), true, hole)
        for metric in metrics:
            yield ImageScore(group.image, method, metric.id, metric.measure(pair))


def _read(path: Path, shape: tuple[int, ...] | None = None) -> Floats:
    """Read a volume as it lies in its file; scaled values are cut to the stored dtype, as there."""
    stored: np.dtype[Any] = open_volume(path).get_data_dtype()
    values = volume_values(path)
    if shape is not None and values.shape != shape:
        sizes = ["×".join(map(str, size)) for size in (values.shape, shape)]
        raise BenchError(f"{path}: has {sizes[0]} voxels, but its reference {sizes[1]}")
    if not np.isfinite(values).all():
        raise BenchError(f"{path}: holds values that are NaN or infinite")
    voxels: Floats = values.astype(stored).astype(np.float64)
    return voxels
