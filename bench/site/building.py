"""Write a whole site."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from inpaintbench.folder import SITE_FILES, Folder
from inpaintbench.report.pictures import Pictures
from inpaintbench.report.summary import Summary
from inpaintbench.site.about import write_about
from inpaintbench.site.case import write_case_list, write_case_pages
from inpaintbench.site.data import write_data
from inpaintbench.site.highlights import cells_with_pictures, highlights
from inpaintbench.site.method import write_method
from inpaintbench.site.overall import write_overall
from inpaintbench.site.pictures import SitePictures, write_cases
from inpaintbench.site.plots import write_plots
from inpaintbench.site.reproduction import public_name
from inpaintbench.site.site import Site
from inpaintbench.site.study import read_study, write_study


def write_site(
    summary: Summary,
    directory: Path,
    pictures: Pictures | None,
    *,
    runs: Sequence[Path] = (),
    title: str = "",
    most_pictures: int = 1000,
    study: Path | None = None,
) -> list[Path]:
    """Write the site of a run; what an earlier site left in the directory is removed.

    Parameters
    ----------
    summary : Summary
        The run.
    directory : Path
        Where to write; empty, or a site written earlier.
    pictures : Pictures or None
        The run's pictures; None makes a site without.
    runs : sequence of Path
        The run directories, which the commands on the pages name.
    title : str
        Title of the site; by default the run's name.
    most_pictures : int
        Results shown as pictures, at most: first what stands for each method, then whole cases.
    study : Path or None
        Results of a study by people that a page shows.

    Returns
    -------
    list of Path
        Every file written.

    Raises
    ------
    BenchError
        When the directory holds something else, or can't be written.
    """
    voted, predicted = read_study(study, summary.rows) if study else (None, None)
    folder = Folder(directory, SITE_FILES, "a site")
    metric = next(iter(summary.shown), None)
    chosen = highlights(summary, metric) if metric else {}
    wanted = cells_with_pictures(summary, chosen, most_pictures if pictures else 0)
    written = write_cases(folder, pictures, wanted) if pictures else SitePictures()
    site = Site(
        summary, folder, title or summary.rows.name, written, tuple(map(public_name, runs)), voted
    )
    site.static_files()
    write_data(site)
    write_overall(site)
    write_case_list(site)
    write_plots(site)
    if voted:
        write_study(site, voted, predicted)
    write_about(site)
    for entry in summary.overall.entries:
        write_method(site, entry, chosen.get(entry.variant, []))
    write_case_pages(site)
    return folder.finish()
