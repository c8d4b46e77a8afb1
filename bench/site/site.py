"""What every page of a site is made from, and how pages are written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from inpaintbench.folder import Folder
from inpaintbench.plugins.specification import without_folders
from inpaintbench.report.failures import Unfinished, unfinished
from inpaintbench.report.form import Form
from inpaintbench.report.numbers import MISSING, case_decimals, duration, fixed
from inpaintbench.report.summary import Summary
from inpaintbench.site.addresses import page_names
from inpaintbench.site.facets import Facet, facets
from inpaintbench.site.pictures import SitePictures
from inpaintbench.statistics.scores import MetricInfo
from inpaintbench.storage.rows import main_environment
from inpaintbench.study.results import StudyResult


@dataclass(frozen=True, eq=False)
class Site:
    """A site that is being written.

    Parameters
    ----------
    summary : Summary
        The run.
    folder : Folder
        Where to write.
    title : str
        Title of the site.
    pictures : SitePictures
        The pictures in the site.
    runs : tuple of str
        The run directories, as the commands on the pages name them.
    study : StudyResult or None
        What people said of the methods, if the site shows it.
    """

    summary: Summary
    folder: Folder
    title: str
    pictures: SitePictures
    runs: tuple[str, ...]
    study: StudyResult | None = None

    def page(self, template: str, path: str, **content: Any) -> None:
        """Write a page; links in templates begin with ``root``, which leads to the site's top."""
        root = "../" * path.count("/")
        html = (
            _environment().get_template(template).render(site=self, root=root, path=path, **content)
        )
        self.folder.text(path, html)

    def static_files(self) -> None:
        """Write the style sheet and the scripts."""
        for file in sorted(files("inpaintbench.site").joinpath("static").iterdir(), key=str):
            self.folder.data(f"static/{file.name}", file.read_bytes())

    @cached_property
    def unfinished(self) -> list[Unfinished]:
        """What failed or was skipped, without the folders of the machine that it failed on."""
        return [
            replace(
                one,
                message=without_folders(one.message),
                traceback=without_folders(one.traceback or one.printed),
            )
            for one in unfinished(self.summary.rows)
        ]

    @cached_property
    def version(self) -> str:
        """Version of inpaintbench that made most of the results."""
        return main_environment(self.summary.rows).inpaintbench

    @cached_property
    def metric(self) -> MetricInfo | None:
        """What cases and suites are shown by: the first metric that orders the methods, or any."""
        ranking = self.summary.overall.ranking
        return next(iter(ranking.metrics if ranking else self.summary.shown), None)

    @cached_property
    def form(self) -> Form:
        """How means are written, the same on every page and in the browser."""
        overall = self.summary.overall
        return Form.of([overall, *self.summary.suites], overall.metrics, unitless=3)

    @cached_property
    def facets(self) -> tuple[Facet, ...]:
        """What cases can be filtered by."""
        return facets(self.summary.scores.cases)

    @cached_property
    def cases(self) -> dict[str, dict[str, Any]]:
        """Case → its facts."""
        found: dict[str, dict[str, Any]] = self.summary.scores.cases.to_dict("index")
        return found

    @cached_property
    def method_pages(self) -> dict[str, str]:
        """Variant → page."""
        entries = self.summary.overall.entries
        return page_names("methods", [entry.variant for entry in entries])

    @cached_property
    def case_pages(self) -> dict[str, str]:
        """Case → page."""
        return page_names("cases", self.cases)


@cache
def _environment() -> Environment:
    """Return what turns templates into pages; everything that a run says is escaped."""
    environment = Environment(
        loader=PackageLoader("inpaintbench.site"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(fixed=fixed, duration=duration)
    environment.globals.update(missing_value=MISSING, case_decimals=case_decimals)
    return environment
