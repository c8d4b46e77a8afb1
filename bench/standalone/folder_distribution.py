"""Measure folders of images made elsewhere as sets: FID, KID, P-IDS and U-IDS."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from inpaintbench.images.reading import read_image
from inpaintbench.images.types import Image, Mask
from inpaintbench.metrics.inception import Inception
from inpaintbench.report.distribution import Watched, table_of_sets
from inpaintbench.report.frames import EVERYTHING
from inpaintbench.report.pictures import Pictures
from inpaintbench.report.table import Table
from inpaintbench.standalone.folder_scoring import Group, read_hole, read_result
from inpaintbench.statistics.support import common_support


def folder_distribution(
    groups: Sequence[Group],
    network: Inception,
    *,
    invert: bool = False,
    watched: Watched = lambda images: images,
) -> Table:
    """Measure the results of each folder against their references.

    The set is the images that every folder compared has. `invert` takes the masks' black for the
    hole; `watched` is given the images that are read, to show how far it got.

    Raises
    ------
    BenchError, DataError
        When a file can't be read, or differs from the reference in size, depth or channels.
    """
    methods = dict.fromkeys(method for group in groups for method in group.results)
    done = pd.DataFrame(
        {method: [method in group.results for group in groups] for method in methods},
        index=[group.image for group in groups],
    )
    return table_of_sets(
        "Sets of results against their references.",
        {(EVERYTHING, EVERYTHING): common_support(done)},
        {group.image: group.image for group in groups},
        _FolderPictures(groups, invert),
        network,
        watched,
    )


class _FolderPictures(Pictures):
    """The pictures of groups of files, read when asked for."""

    def __init__(self, groups: Sequence[Group], invert: bool) -> None:
        self._groups = {group.image: group for group in groups}
        self._invert = invert

    def reference(self, case: str) -> Image:
        """Return the true image ``H×W×C``."""
        return read_image(self._groups[case].reference)

    def mask(self, case: str) -> Mask:
        """Return the mask ``H×W``, True = hole; all of it where there is no mask."""
        return read_hole(self._groups[case], self.reference(case), self._invert)

    def output(self, case: str, variant: str) -> Image:
        """Return a folder's result for an image."""
        group = self._groups[case]
        return read_result(group.results[variant], group.reference, self.reference(case))
