"""The report on a person's own pictures, where what belongs into the holes isn't known."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from synthetic_run import LPIPS, SyntheticPictures, synthetic_run

from inpaintbench.report import tables
from inpaintbench.report.figures import NothingToShow, Request, applied, draw
from inpaintbench.report.figures.style import STYLES
from inpaintbench.report.kinds import FigureKind, Format, StyleName, TableKind
from inpaintbench.report.summary import Summary
from inpaintbench.report.writing import write_report
from inpaintbench.storage.rows import RunRows, typed


@pytest.fixture(scope="module")
def rows() -> RunRows:
    """Make a run in which, of all metrics, only the seam has a score."""
    made = synthetic_run(3, datasets=("damaged[path=own]",), suites=("paired",), images=3)
    seam = made.metrics["metric"] == LPIPS
    metrics = made.metrics.copy()
    metrics.loc[seam, ["name", "label", "axis"]] = ["seam", "Seam", ""]
    scores = made.scores.copy()
    scores.loc[scores["metric"] != LPIPS, "value"] = float("nan")
    return dataclasses.replace(
        made, metrics=typed("metrics", metrics), scores=typed("scores", scores)
    )


def test_nothing_is_ranked_or_marked(rows: RunRows) -> None:
    summary = Summary(rows)
    assert [metric.name for metric in summary.overall.main] == ["seam"]
    assert all(not entry.ranked and not entry.set_aside for entry in summary.overall.entries)
    for kind in (TableKind.leaderboard, TableKind.groups, TableKind.suites):
        text = tables.write(kind, summary, Format.markdown)
        assert "| Seam |" in text or "Seam |" in text
        assert "No method is ranked: Seam can't say which result is better." in text
        for word in ("Rank", "PSNR", "↑", "†", "≈", "<ins>", "**0", "**1"):
            assert word not in text, (kind, word)


def test_statistics_and_runtimes_are_shown(rows: RunRows) -> None:
    text = tables.write(TableKind.leaderboard, Summary(rows), Format.markdown)
    head = next(line for line in text.splitlines() if line.startswith("| Method"))
    assert [part.strip() for part in head.strip("|").split("|")] == [
        "Method",
        "Seam",
        "Runtime ↓ (s)",
        "Memory ↓ (MB)",
        "Finished",
    ]
    assert "Seam: contrast across the hole's rim over" in text


def test_every_picture_is_shown_without_error_maps(rows: RunRows) -> None:
    request = Request(Summary(rows), STYLES[StyleName.web], pictures=SyntheticPictures(rows))
    with applied(request.style):
        drawing = draw(FigureKind.pictures, request)
    titles = [axes.get_title() for axes in drawing.figure.axes]
    assert titles.count("picture") == len(rows.cases)
    assert "original" not in titles
    maps = [image.get_array() for axes in drawing.figure.axes for image in axes.images]
    assert all(array.ndim == 3 for array in maps)  # colour, never one number a pixel
    assert "Error maps" not in drawing.caption
    assert "median" not in drawing.caption


def test_figures_that_compare_say_why_they_are_absent(rows: RunRows) -> None:
    request = Request(Summary(rows), pictures=SyntheticPictures(rows))
    for kind in (
        FigureKind.suites,
        FigureKind.ranks,
        FigureKind.critical_difference,
        FigureKind.plane,
        FigureKind.runtime,
    ):
        with pytest.raises(NothingToShow) as reason, applied(request.style):
            draw(kind, request)
        assert "finished enough" not in str(reason.value), kind


def test_the_report_holds_what_is_known(rows: RunRows, tmp_path: Path) -> None:
    names = {path.name for path in write_report(Summary(rows), tmp_path, SyntheticPictures(rows))}
    assert {"leaderboard.md", "groups.md", "pictures.png"} <= names
    assert {name.split(".")[0] for name in names}.isdisjoint({"pairs", "suites", "ranks"})
