"""What every page of a site is made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from inpaintbench.report.summary import Summary
from inpaintbench.site.addresses import page_names
from inpaintbench.site.facets import Facet, facets
from inpaintbench.site.numbers import metric_decimals, rank_decimals
from inpaintbench.site.pictures import SitePictures
from inpaintbench.site.rendering import Renderer
from inpaintbench.statistics.standings import Entry
from inpaintbench.storage.environment import main_environment


@dataclass(frozen=True, eq=False)
class Site:
    """A site that is being written.

    Parameters
    ----------
    summary : Summary
        The run.
    renderer : Renderer
        Writes pages.
    pictures : SitePictures
        The pictures in the site.
    runs : tuple of str
        The run directories, as named on the command line.
    """

    summary: Summary
    renderer: Renderer
    pictures: SitePictures
    runs: tuple[str, ...]

    @cached_property
    def version(self) -> str:
        """Version of inpaintbench that made most of the results."""
        return main_environment(self.summary.rows).inpaintbench

    @cached_property
    def digits(self) -> dict[str, int]:
        """Metric id → decimals."""
        return metric_decimals(self.summary)

    @cached_property
    def rank_digits(self) -> int:
        """Decimals of mean ranks."""
        return rank_decimals(self.summary)

    @cached_property
    def facets(self) -> tuple[Facet, ...]:
        """What cases can be filtered by."""
        return facets(self.summary.scores.cases)

    @cached_property
    def method_pages(self) -> dict[str, str]:
        """Variant → page."""
        entries = self.summary.overall.entries
        return page_names("methods", [entry.variant for entry in entries])

    @cached_property
    def case_pages(self) -> dict[str, str]:
        """Case → page."""
        return page_names("cases", [str(case) for case in self.summary.scores.cases.index])

    @cached_property
    def suite_entries(self) -> list[dict[str, Entry]]:
        """For each suite, variant → its line there."""
        return [{entry.variant: entry for entry in here.entries} for here in self.summary.suites]
