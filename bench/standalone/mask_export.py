"""Write masks to files with a manifest, and check such files."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np

import inpaintbench
from inpaintbench.datasets.base import Dataset, Sample
from inpaintbench.errors import BenchError
from inpaintbench.images.errors import DataError
from inpaintbench.images.files import write_whole
from inpaintbench.images.listing import SUFFIXES
from inpaintbench.images.png import encode_png, read_png
from inpaintbench.images.types import Mask
from inpaintbench.masks.base import MaskSuite
from inpaintbench.masks.manifest import FILE_NAME, Manifest, MaskRecord, read_manifest
from inpaintbench.masks.statistics import MaskStatistics, mask_statistics
from inpaintbench.outside import plain_file
from inpaintbench.planning.case import array_sha256, draw_mask, kind_of, read_sample, sample_ids
from inpaintbench.plugins import registry
from inpaintbench.plugins.specification import label, settings


@dataclass(frozen=True, eq=False)
class DrawnMask:
    """A mask as a run draws it, with the sample that it belongs to."""

    sample: Sample
    index: int
    kind: str
    mask: Mask

    @cached_property
    def statistics(self) -> MaskStatistics:
        """Coverage, thickness and border contact."""
        return mask_statistics(self.mask)


def export_masks(
    dataset: Dataset,
    suite: MaskSuite,
    samples: Sequence[str],
    count: int,
    seed: int,
    directory: Path,
    show: Callable[[DrawnMask], None] = lambda mask: None,
) -> Manifest:
    """Draw masks and write them as PNG (255 = hole) with a manifest.

    A file is named after its sample, without the ending of an image file where that leaves names
    distinct: ``astronaut_mask.png``, so that the folder serves as a suite (``folder[path=…]``);
    where a sample has several, ``astronaut_mask000.png`` and so on. Masks are those of a run with
    the same seed; `show` is given each. Nothing is written before all are drawn.

    Raises
    ------
    BenchError
        When a mask can't be drawn, or the directory holds other masks or can't be written.
    """
    manifest = Manifest(
        package_version=inpaintbench.__version__,
        suite=label(suite),
        suite_version=suite.version,
        suite_parameters=dict(settings(suite)),
        dataset=label(dataset),
        dataset_version=dataset.version,
        dataset_parameters=dict(settings(dataset)),
        seed=seed,
        masks=(),
    )
    path = directory / FILE_NAME
    if path.exists() and replace(read_manifest(path), package_version="", masks=()) != replace(
        manifest, package_version=""
    ):
        raise BenchError(f"{directory} holds other masks already; name another folder with --out")
    names, several = _names(samples), suite.count(count) > 1
    records: list[MaskRecord] = []
    files: dict[Path, bytes] = {}
    for sample in (read_sample(dataset, name) for name in samples):
        for index in range(suite.count(count)):
            kind = kind_of(dataset, sample.id, suite, index)
            mask = DrawnMask(sample, index, kind, draw_mask(dataset, sample, suite, index, seed))
            file = f"{names[sample.id]}_mask{f'{index:03}' if several else ''}.png"
            records.append(_record(mask, file))
            files[directory / file] = encode_png((mask.mask * np.uint8(255))[..., None])
            show(mask)
    for target, content in files.items():
        write_whole(target, content)
    manifest = replace(manifest, masks=tuple(records))
    manifest.write(path)
    return manifest


def _names(samples: Sequence[str]) -> dict[str, str]:
    """Take the endings of image files off the ids, except where two ids would become one."""
    bodies = {
        sample: sample.rpartition(".")[0]
        if PurePosixPath(sample).suffix.lower() in SUFFIXES
        else sample
        for sample in samples
    }
    uses = Counter(bodies.values())
    return {sample: body if uses[body] == 1 else sample for sample, body in bodies.items()}


def _record(mask: DrawnMask, file: str) -> MaskRecord:
    measured = mask.statistics
    return MaskRecord(
        file=file,
        sample=mask.sample.id,
        index=mask.index,
        kind=mask.kind,
        height=mask.mask.shape[0],
        width=mask.mask.shape[1],
        sha256=array_sha256(mask.mask),
        image_sha256=array_sha256(mask.sample.image),
        coverage=measured.coverage,
        thickness=measured.thickness,
        border_contact=measured.border_contact,
    )


@dataclass
class Verification:
    """What checking a manifest found: files checked, masks drawn again, and what is wrong."""

    mismatches: list[str]  # a line each
    not_redrawn: str = ""  # why the masks could not be drawn again
    files: int = 0
    redrawn: int = 0


def verify_manifest(path: Path) -> Verification:
    """Check the files of a manifest and draw its masks again where suite and data are here.

    Raises
    ------
    BenchError
        When the manifest can't be read.
    """
    if path.is_dir():
        path /= FILE_NAME
    manifest = read_manifest(path)
    found = Verification([])
    for record in manifest.masks:
        found.files += 1
        found.mismatches += [f"{record.file}: {what}" for what in _file_problems(path, record)]
    _redraw(manifest, found)
    return found


def _file_problems(path: Path, record: MaskRecord) -> Iterator[str]:
    place = PurePosixPath(record.file)
    if place.is_absolute() or ".." in place.parts:
        yield "lies outside the manifest's folder"
        return
    try:
        file = path.parent / place
        plain_file(file)
        data = file.read_bytes()
        # a small file may claim to be a picture that fills all memory
        width, height = struct.unpack(">II", data[16:24].ljust(8, b"\0"))
        if data.startswith(b"\x89PNG") and width * height > 4 * record.height * record.width:
            raise ValueError(_other_size(height, width, record))
        pixels = read_png(data)
    except BenchError as error:
        yield str(error).removeprefix(f"{file}: ")
        return
    except OSError as error:
        yield f"can't be read: {error.strerror}"
        return
    except ValueError as error:
        yield str(error)
        return
    if pixels.shape[2] != 1 or not np.isin(pixels, (0, 255)).all():
        yield "not a mask of 0 and 255"
        return
    mask = pixels[..., 0] == 255
    if array_sha256(mask) != record.sha256:
        same = mask.shape == (record.height, record.width)
        yield "other pixels" if same else _other_size(mask.shape[0], mask.shape[1], record)
    elif mask_statistics(mask) != record.statistics:
        yield f"measures {mask_statistics(mask)}, the manifest says {record.statistics}"


def _other_size(height: int, width: int, record: MaskRecord) -> str:
    return f"{height} x {width} instead of {record.height} x {record.width} (rows x columns)"


def _redraw(manifest: Manifest, found: Verification) -> None:
    try:
        suite = registry.masks().make(manifest.suite)
        dataset = registry.datasets().make(manifest.dataset)
        known = set(sample_ids(dataset))
    except (BenchError, DataError) as error:
        found.not_redrawn = str(error)
        return
    for plugin, version, parameters in (
        (suite, manifest.suite_version, manifest.suite_parameters),
        (dataset, manifest.dataset_version, manifest.dataset_parameters),
    ):
        if plugin.version != version or dict(settings(plugin)) != parameters:
            found.not_redrawn = f"{plugin.name} is version {plugin.version} here, not {version}"
            if plugin.version == version:
                found.not_redrawn = f"{plugin.name} has other parameters here"
            return
    sample = None
    for record in manifest.masks:
        if record.sample not in known:
            found.mismatches.append(f"{record.file}: {dataset.name} has no sample {record.sample}")
            continue
        try:
            if sample is None or sample.id != record.sample:
                sample = read_sample(dataset, record.sample)
            mask = draw_mask(dataset, sample, suite, record.index, manifest.seed)
        except (BenchError, DataError) as error:  # a file of a person's own that is gone
            found.mismatches.append(f"{record.file}: can't be drawn again: {error}")
            continue
        found.redrawn += 1
        if array_sha256(sample.image) != record.image_sha256:
            found.mismatches.append(f"{record.file}: the image {record.sample} has other pixels")
        if kind_of(dataset, record.sample, suite, record.index) != record.kind:
            found.mismatches.append(f"{record.file}: drawn again, it is of another kind")
        if array_sha256(mask) != record.sha256:
            found.mismatches.append(f"{record.file}: drawn again, it has other pixels")
