"""``inpaintbench score``: score folders of images made elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inpaintbench.cli.options import InceptionFile
from inpaintbench.cli.output import say

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from inpaintbench.metrics.base import Metric
    from inpaintbench.metrics.inception import Inception
    from inpaintbench.standalone.folder_scoring import Group, ImageScore
    from inpaintbench.standalone.volume_scoring import VolumeMetric


def score(
    references: Annotated[Path, typer.Argument(help="Folder of true images.")],
    results: Annotated[
        list[Path],
        typer.Argument(help="Folder of results with the same names; one folder, one method."),
    ],
    masks: Annotated[
        Path | None, typer.Option(help="Folder of masks with the same names; white is the hole.")
    ] = None,
    invert: Annotated[bool, typer.Option("--invert", help="Black is the hole instead.")] = False,
    inputs: Annotated[
        Path | None,
        typer.Option(help="Folder of what the methods were given, where that isn't the reference."),
    ] = None,
    effects: Annotated[
        Path | None,
        typer.Option(help="Folder of masks of shadows and reflections; white is the effect."),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric", help="Metric, as name[parameter=value]; may be repeated [psnr ssim lpips]."
        ),
    ] = None,
    distribution: Annotated[
        bool, typer.Option("--distribution", help="FID, KID, P-IDS and U-IDS of each folder too.")
    ] = False,
    inception: InceptionFile = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Scores of each image: a .csv or .parquet file."),
    ] = None,
) -> None:
    """Score folders of images made elsewhere, matched by name, against their references.

    With masks, the known pixels are pasted back before scoring, except for regions of the raw
    output (psnr[region=raw]); without, whole images are scored. NIfTI volumes are scored by BraTS's
    metrics.
    """
    import pandas as pd

    from inpaintbench.cli.progress import watched
    from inpaintbench.cli.terminal import Terminal
    from inpaintbench.errors import BenchError
    from inpaintbench.images.listing import list_images
    from inpaintbench.metrics.inception import load_inception
    from inpaintbench.standalone import volume_scoring
    from inpaintbench.standalone.folder_scoring import match_folders, score_files

    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise BenchError(f"{out}: give a name ending in .csv or .parquet")
    metrics: Sequence[Metric | VolumeMetric]
    score_group: Callable[[Group], Iterable[ImageScore]]
    network = None
    if known := volume_scoring.list_references(references):
        if effects is not None or distribution:
            raise BenchError(f"{references}: holds volumes, which have no effects or distribution")
        groups = volume_scoring.match_volumes(references, results, masks, inputs)
        metrics = measures = volume_scoring.volume_metrics(metric)
        score_group = partial(volume_scoring.score_volumes, metrics=measures, invert=invert)
    else:
        for name in set(metric or ()) & set(volume_scoring.VOLUME_METRICS):
            raise BenchError(f"{name} is of NIfTI volumes; {references} holds images, or nothing")
        known = list_images(references)
        groups = match_folders(references, results, masks, inputs, effects)
        network = load_inception(inception) if distribution else None
        metrics = ready = _ready(metric)
        score_group = partial(score_files, metrics=ready, invert=invert)
    if len(groups) < len(known):
        say(f"{len(groups)} of {len(known)} references have a result", err=True)
    scores = [row for group in watched(groups, "scoring") for row in score_group(group)]
    frame = pd.DataFrame([vars(row) for row in scores])
    Terminal().print(_table(_common(frame), metrics))
    if network is not None:
        frame = pd.concat([frame, _sets(groups, network, invert)])
    if out is not None:
        _write(frame, out)
        say(f"Scores of each image: {out}")


def _common(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the images that every method has, so that means can be compared, and say so."""
    methods = frame.groupby("image")["method"].nunique()
    common = methods.index[methods == frame["method"].nunique()]
    if len(common) == len(methods):
        return frame
    if common.empty:
        say("No image has a result in every folder: each mean is over other images.")
        return frame
    say(f"Means are over the {len(common)} of {len(methods)} images with a result in every folder.")
    return frame[frame["image"].isin(common)]


def _ready(wanted: list[str] | None) -> list[Metric]:
    """Set metrics up; of the default ones, unavailable ones are left out with a note."""
    from inpaintbench.errors import blamed
    from inpaintbench.metrics.base import MetricUnavailable
    from inpaintbench.plugins import registry

    metrics = []
    for text in wanted or ["psnr", "ssim", "lpips"]:
        metric = registry.metrics().make(text)
        try:
            with blamed(f"metric {metric.name}"):
                metric.setup()
        except MetricUnavailable as error:
            if wanted:
                raise
            say(f"{metric.id} is missing: {error}", err=True)
        else:
            metrics.append(metric)
    return metrics


def _table(frame: pd.DataFrame, metrics: Sequence[Metric | VolumeMetric]) -> Table:
    """Show each method's means; where a metric isn't defined for all images, for how many it is."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    images = frame["image"].nunique()
    table = Table(box=SIMPLE_HEAD)
    table.add_column("method")
    table.add_column("images", justify="right")
    for metric in metrics:
        unit = f" ({metric.unit})" if metric.unit else ""
        arrow = "↑" if metric.higher_is_better else "↓"
        table.add_column(f"{metric.label}{unit} {arrow}", justify="right")
    for method, own in frame.groupby("method", sort=False):
        count = own["image"].nunique()
        cells = [str(method), str(count) if count == images else f"{count} of {images}"]
        for metric in metrics:
            values = own.loc[own["metric"] == metric.id, "value"].dropna()
            mean = f"{values.mean():.4g}" if len(values) else "–"
            cells.append(mean if len(values) in (0, count) else f"{mean} ({len(values)})")
        table.add_row(*cells)
    return table


def _sets(groups: list[Group], network: Inception, invert: bool) -> pd.DataFrame:
    """Print what the folders measure as sets; return it as rows without an image."""
    from inpaintbench.cli.progress import watched
    from inpaintbench.report import tables
    from inpaintbench.report.kinds import Format
    from inpaintbench.standalone.folder_distribution import folder_distribution

    table = folder_distribution(
        groups, network, invert=invert, watched=lambda images: watched(images, "features")
    )
    say(tables.render(table, Format.markdown), nl=False)
    rows = table.frame.rename(columns={"variant": "method"})
    return rows.assign(image="")[["image", "method", "metric", "value"]]


def _write(frame: pd.DataFrame, path: Path) -> None:
    """Write the rows, whole or not at all."""
    from inpaintbench.images.files import written_whole

    with written_whole(path) as partial:
        if path.suffix == ".csv":
            frame.to_csv(partial, index=False)
        else:
            frame.to_parquet(partial, index=False)
