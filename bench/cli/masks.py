"""``inpaintbench masks``: look at a mask suite, write its masks, check those of others."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inpaintbench.cli.output import say

if TYPE_CHECKING:
    from inpaintbench.datasets.base import Dataset
    from inpaintbench.standalone.mask_export import DrawnMask

_TILES = 60
_DRAWS = 100


def masks(
    suite: Annotated[str | None, typer.Argument(help="Mask suite, such as small-holes.")] = None,
    dataset: Annotated[
        str, typer.Option("--dataset", "-d", help="Dataset that the masks are drawn on.")
    ] = "photos",
    limit: Annotated[int | None, typer.Option(min=1, help="Images taken from the dataset.")] = None,
    count: Annotated[
        int | None,
        typer.Option(
            min=1, help="Masks for each image (1), or with --statistics of each kind (100)."
        ),
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=1, help="Side of the images, for a dataset that has one.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the run whose masks these are.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Folder of the masks (masks/SUITE), or with --statistics a document whose table "
            "is renewed.",
        ),
    ] = None,
    verify: Annotated[
        Path | None,
        typer.Option(
            metavar="MANIFEST",
            help="Check the files of a manifest; draw them again where suite and data are here.",
        ),
    ] = None,
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Measure the suite, or all, as a Markdown table.")
    ] = False,
) -> None:
    """Look at a mask suite and write its masks with a manifest; check the masks of others.

    The masks are those that a run with the same dataset and seed uses.
    """
    from inpaintbench.errors import BenchError

    if verify is not None:
        _verify(verify)
    elif statistics:
        _measure(suite, _dataset(dataset, size), limit, count or _DRAWS, out)
    elif suite is None:
        raise BenchError("name a mask suite; inpaintbench list masks shows them all")
    else:
        _export(suite, _dataset(dataset, size), limit, count or 1, seed, out)


def _dataset(specification: str, size: int | None) -> Dataset:
    from inpaintbench.errors import BenchError
    from inpaintbench.plugins import registry
    from inpaintbench.plugins.specification import settings

    made = registry.datasets().make(specification)
    if size is None:
        return made
    if "size" not in settings(made):
        raise BenchError(f"--size: the images of {made.name} have no size to choose")
    resized: Dataset = dataclasses.replace(made, size=size)  # type: ignore[type-var]
    return resized


def _export(
    specification: str, dataset: Dataset, limit: int | None, count: int, seed: int, out: Path | None
) -> None:
    from inpaintbench.masks.manifest import FILE_NAME
    from inpaintbench.planning.case import sample_ids
    from inpaintbench.planning.subset import choose
    from inpaintbench.plugins import registry
    from inpaintbench.plugins.specification import label
    from inpaintbench.standalone.contact_sheet import write_contact_sheet
    from inpaintbench.standalone.mask_export import export_masks

    suite = registry.masks().make(specification)
    directory = out or Path("masks") / suite.name
    shown: dict[str, list[DrawnMask]] = {kind: [] for kind in suite.kinds}

    def show(mask: DrawnMask) -> None:
        """Keep the first masks of each kind for the contact sheet."""
        if len(shown[mask.kind]) < max(_TILES // len(suite.kinds), 1):
            shown[mask.kind].append(mask)

    samples = choose(sample_ids(dataset), limit)
    written = export_masks(dataset, suite, samples, count, seed, directory, show).masks
    title = f"{label(suite)} v{suite.version} on {label(dataset)}"
    sheet = directory / "contact-sheet.png"
    tiles = [mask for kind in shown.values() for mask in kind]
    of = "" if len(tiles) == len(written) else f"{len(tiles)} of "
    write_contact_sheet(sheet, f"{title} · {of}{len(written)} masks", tiles)
    coverage = [100 * mask.coverage for mask in written]
    thickness = [mask.thickness for mask in written]
    say(
        f"{title}: {len(written)} masks, coverage {min(coverage):.1f} to {max(coverage):.1f} %, "
        f"thickness {min(thickness):.1f} to {max(thickness):.1f} px"
    )
    say(f"contact sheet  {sheet}")
    say(f"masks          {directory}/*.png, 255 = hole")
    say(f"manifest       {directory / FILE_NAME}")


def _verify(path: Path) -> None:
    from inpaintbench.standalone.mask_export import verify_manifest

    found = verify_manifest(path)
    for line in found.mismatches:
        say(line)
    if found.not_redrawn:
        say(f"not drawn again: {found.not_redrawn}")
    say(
        f"{found.files} masks checked, {found.redrawn} drawn again, "
        f"{len(found.mismatches) or 'no'} mismatch{'' if len(found.mismatches) == 1 else 'es'}"
    )
    if found.mismatches:
        raise typer.Exit(1)


def _measure(
    specification: str | None, dataset: Dataset, limit: int | None, draws: int, out: Path | None
) -> None:
    from inpaintbench.errors import BenchError
    from inpaintbench.planning.case import read_sample, sample_ids
    from inpaintbench.planning.subset import choose
    from inpaintbench.plugins import registry
    from inpaintbench.standalone.suite_table import markdown_table, measure_suite, replace_table

    catalogue = registry.masks()
    samples = [read_sample(dataset, name) for name in choose(sample_ids(dataset), limit)]
    measures = []
    for name in [specification] if specification else catalogue.plugins:
        try:
            measures.append(measure_suite(catalogue.make(name), samples, draws))
        except BenchError:
            if specification:
                raise  # of all suites, those that read a person's files are left out
    table = markdown_table(measures)
    if out is None:
        say(table, nl=False)
        return
    try:
        out.write_text(replace_table(out.read_text(encoding="utf-8"), table), encoding="utf-8")
    except OSError as error:
        raise BenchError(f"{out}: can't be renewed: {error.strerror}") from error
    except ValueError as error:
        raise BenchError(f"{out}: {error}") from error
    kinds = sum(measured["kind"].nunique() for measured in measures)
    say(f"{out}: table renewed, {draws} masks of each of {kinds} kinds")
