"""Write a run's filled pictures under names that tell what they are, with a manifest."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from inpaintbench.errors import BenchError
from inpaintbench.images.files import write_whole
from inpaintbench.images.png import write_png
from inpaintbench.report.pictures import Pictures, composite
from inpaintbench.storage.rows import RunRows

MANIFEST = "manifest.json"

_BESIDE = {"_original.png", "_mask.png", "_input.png"}


@dataclass(frozen=True)
class ExportedPicture:
    """A picture that was written: its file in the folder, and what it is of."""

    file: str
    dataset: str
    sample: str
    suite: str
    mask_index: int
    method: str
    case: str
    output_sha256: str


def export_pictures(
    rows: RunRows,
    pictures: Pictures,
    folder: Path,
    *,
    pasted: bool = True,
    watched: Callable[[Sequence[str]], Iterable[str]] = lambda cases: cases,
) -> list[ExportedPicture]:
    """Write the pictures of all finished cells as ``dataset/sample/suite-index/method.png``.

    Beside them stand ``_original.png`` and ``_mask.png``, white in the hole, where there is one
    ``_input.png``, and ``manifest.json`` says of each what it is.

    Parameters
    ----------
    rows : RunRows
        The run, or a part of it.
    pictures : Pictures
        Its pictures.
    folder : Path
        Where to write; what is there already is written over.
    pasted : bool
        Whether the known pixels are pasted back; without, and where a sample has an input, what
        the method returned is written.
    watched : callable
        Is given the cases, and may show how far it got.

    Returns
    -------
    list of ExportedPicture
        What was written, without originals and masks.

    Raises
    ------
    BenchError
        When nothing is finished, or two methods or cases would have the same file.
    """
    done = rows.cells[rows.cells["status"] == "done"]
    cases = rows.cases.set_index("case")
    if done.empty:
        raise BenchError(f"{rows.directory}: no cell is finished, so there is nothing to export")
    written: list[ExportedPicture] = []
    taken: set[Path] = set()
    files = {variant: f"{file_name(variant)}.png" for variant in done["variant"].unique()}
    if len({name.casefold() for name in files.values()}) < len(files):
        raise BenchError("two methods would have the same file; export some of them with --method")
    if taken_names := _BESIDE & set(files.values()):
        raise BenchError(f"a method would have the file {min(taken_names)}; give it another name")
    for case in watched(list(dict.fromkeys(done["case"]))):
        facts = cases.loc[case]
        place = Path(
            file_name(facts["dataset"]),
            *map(file_name, facts["sample"].split("/")),
            f"{file_name(facts['suite'])}-{facts['mask_index']}",
        )
        if place in taken:
            raise BenchError(f"two cases would both be {place}; export one dataset with --dataset")
        taken.add(place)
        reference, mask = pictures.reference(case), pictures.mask(case)
        write_png(folder / place / "_original.png", reference)
        write_png(folder / place / "_mask.png", 255 * mask.astype("uint8")[..., None])
        has_input = bool(facts["input_sha256"])
        if has_input:
            write_png(folder / place / "_input.png", pictures.given(case))
        for cell in done[done["case"] == case].itertuples():
            filled = pictures.output(case, cell.variant)
            file = place / files[cell.variant]
            # where the truth differs outside the hole too, pasting it back would hide the shadow
            picture = composite(filled, reference, mask) if pasted and not has_input else filled
            write_png(folder / file, picture)
            written.append(
                ExportedPicture(
                    file.as_posix(),
                    facts["dataset"],
                    facts["sample"],
                    facts["suite"],
                    int(facts["mask_index"]),
                    cell.variant,
                    case,
                    cell.output_sha256,
                )
            )
    text = json.dumps([asdict(one) for one in written], indent=1, ensure_ascii=False)
    write_whole(folder / MANIFEST, f"{text}\n")
    return written


def file_name(text: str) -> str:
    """Write a name as a file's on any system: ``telea[radius=5]`` → ``telea-radius=5``."""
    return re.sub(r"[^\w.=,+-]+", "-", text).strip("-. ") or "unnamed"
