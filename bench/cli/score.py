"""``inpaintbench score``: score folders of images made elsewhere."""

from __future__ import annotations

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
    from inpaintbench.standalone.folder_scoring import Group


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

    With masks, the known pixels are pasted back before scoring; without, whole images are scored.
    """
    import pandas as pd

    from inpaintbench.cli.progress import watched
    from inpaintbench.cli.terminal import Terminal
    from inpaintbench.errors import BenchError
    from inpaintbench.images.listing import list_images
    from inpaintbench.metrics.inception import load_inception
    from inpaintbench.standalone.folder_scoring import match_folders, score_files

    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise BenchError(f"{out}: give a name ending in .csv or .parquet")
    groups = match_folders(references, results, masks)
    if len(groups) < (count := len(list_images(references))):
        say(f"{len(groups)} of {count} references have a result", err=True)
    network = load_inception(inception) if distribution else None
    metrics = _ready(metric)
    shown = watched(groups, "scoring")
    scores = [row for group in shown for row in score_files(group, metrics, invert=invert)]
    frame = pd.DataFrame([vars(row) for row in scores])
    Terminal().print(_table(frame, metrics))
    if network is not None:
        frame = pd.concat([frame, _sets(groups, network, invert)])
    if out is not None:
        _write(frame, out)
        say(f"Scores of each image: {out}")


def _ready(wanted: list[str] | None) -> list[Metric]:
    """Set metrics up; of the default ones, those that can't be had are left out with a note."""
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


def _table(frame: pd.DataFrame, metrics: list[Metric]) -> Table:
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
