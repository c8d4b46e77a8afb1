"""The leaderboard as a static site that opens from the disk and needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inpaintbench.report.pictures import Pictures
    from inpaintbench.report.summary import Summary


def write_site(
    summary: Summary,
    directory: Path,
    pictures: Pictures | None,
    *,
    runs: tuple[str, ...] = (),
    title: str = "",
    most_pictures: int = 1000,
) -> list[Path]:
    """Write the site of a run, as `building.write_site` says."""
    from inpaintbench.site import building

    return building.write_site(
        summary, directory, pictures, runs=runs, title=title, most_pictures=most_pictures
    )
