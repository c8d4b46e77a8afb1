"""Score folders of images made elsewhere against a folder of references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from inpaintbench.errors import BenchError
from inpaintbench.images.listing import BESIDE, file_of, list_images
from inpaintbench.images.reading import read_image, read_mask
from inpaintbench.images.types import Image, Mask
from inpaintbench.metrics.base import Metric
from inpaintbench.metrics.scoring import score_group


@dataclass(frozen=True)
class Group:
    """A reference with its mask and the results on it; files that are matched by name.

    Parameters
    ----------
    image : str
        Path of the reference below its folder.
    reference : Path
    mask : Path or None
        None scores the whole image.
    input, effect : Path or None
        What the methods were given, and where it differs from the reference outside the hole; None
        stands for the reference, and for no effect.
    results : mapping of str to Path
        Result of each method that has one.
    """

    image: str
    reference: Path
    mask: Path | None
    results: dict[str, Path]
    input: Path | None = None
    effect: Path | None = None


@dataclass(frozen=True)
class ImageScore:
    """A metric's value for one result."""

    image: str
    method: str
    metric: str
    value: float


def match_folders(
    references: Path,
    results: Sequence[Path],
    masks: Path | None,
    inputs: Path | None = None,
    effects: Path | None = None,
) -> list[Group]:
    """Match results, masks and the rest with references by path below their folder.

    The ending doesn't count. A method is named after its folder. Some images may have no effect.

    Raises
    ------
    BenchError, DataError
        When a folder is missing or empty, nothing in it matches, a mask or an input is missing,
        two folders have one name, or there are inputs or effects without masks.
    """
    if masks is None and (inputs or effects):
        raise BenchError("inputs and effects count outside the holes: give --masks too")
    methods = {folder.resolve().name: folder for folder in results}
    if len(methods) < len(results):
        raise BenchError("two result folders have the same name; scores are named after them")
    images = list_images(references)
    if not images:
        raise BenchError(f"{references}: no images in it")
    for folder in (*results, *filter(None, (inputs, effects))):
        list_images(folder)  # says when the folder is missing
    groups = []
    for name, reference in images.items():
        found = {m: file_of(folder, name, references) for m, folder in methods.items()}
        present = {method: path for method, path in found.items() if path is not None}
        if not present:
            continue
        mask, given, effect = (
            None if folder is None else file_of(folder, name, references, tails)
            for folder, tails in ((masks, ("", BESIDE)), (inputs, ("",)), (effects, ("", BESIDE)))
        )
        for kind, place, path in (("mask", masks, mask), ("input", inputs, given)):
            if place is not None and path is None:
                place /= reference.relative_to(references)
                raise BenchError(f"{reference}: no {kind} for it, looked for {place}")
        groups.append(Group(name, reference, mask, present, given, effect))
    if effects is not None and not any(group.effect for group in groups):
        raise BenchError(f"{effects}: no image in it has the name of a reference in {references}")
    for method, folder in methods.items():
        if not any(method in group.results for group in groups):
            raise BenchError(
                f"{folder}: no image in it has the name of a reference in {references} "
                f"(such as {next(iter(images.values())).stem})"
            )
    return groups


def score_files(
    group: Group, metrics: Sequence[Metric], *, invert: bool = False
) -> Iterator[ImageScore]:
    """Read the files of a group and score its results with metrics that are set up.

    `invert` takes the masks' black for the hole.

    Raises
    ------
    BenchError, DataError
        When a file can't be read, or differs from the reference in size, depth or channels, or an
        effect isn't to be seen in the input.
    """
    reference = read_image(group.reference)
    mask = read_hole(group, reference, invert)
    outputs = [read_result(path, group.reference, reference) for path in group.results.values()]
    given = None if group.input is None else read_result(group.input, group.reference, reference)
    effect = None if group.effect is None else _read_fitting(group.effect, reference)
    if given is not None and effect is not None and effect.any():
        _check_shown(group, given[effect], reference[effect])
    values = score_group(metrics, reference, mask, outputs, input=given, effect=effect)
    for method, row in zip(group.results, values, strict=True):
        for metric, value in zip(metrics, row, strict=True):
            yield ImageScore(group.image, method, metric.id, value)


def read_hole(group: Group, reference: Image, invert: bool) -> Mask:
    """Read the mask of a group, which must fit and have a hole; without one, take all."""
    if group.mask is None:
        return np.ones(reference.shape[:2], np.bool_)
    mask = _read_fitting(group.mask, reference, "black" if invert else "white")
    if not mask.any():
        raise BenchError(
            f"{group.mask}: the mask is empty, nothing would be scored (white is the hole; "
            "--invert takes black)"
        )
    return mask


def _check_shown(group: Group, given: Image, reference: Image) -> None:
    if np.array_equal(given, reference):
        raise BenchError(f"{group.effect}: {group.input} is its reference all over this mask")


def _read_fitting(path: Path, reference: Image, hole: Literal["white", "black"] = "white") -> Mask:
    """Read a mask, which must have its reference's size."""
    mask = read_mask(path, hole)
    if mask.shape != reference.shape[:2]:
        raise BenchError(
            f"{path}: the mask is {_size(mask.shape)} pixels, its reference "
            f"{_size(reference.shape)}"
        )
    return mask


def read_result(path: Path, reference_path: Path, reference: Image) -> Image:
    """Read a result, which must have its reference's size, depth and channels."""
    image = read_image(path)
    for what, own, other in (
        ("pixels", _size(image.shape), _size(reference.shape)),
        ("channels", image.shape[2], reference.shape[2]),
        ("depth", image.dtype, reference.dtype),
    ):
        if own != other:
            raise BenchError(f"{path}: {what} {own}, but {reference_path} has {other}")
    return image


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}×{shape[0]}"
