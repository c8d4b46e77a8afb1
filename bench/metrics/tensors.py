"""Tensors that metrics compute with."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from inpaintbench.metrics.base import MetricUnavailable


def load_known(name: str) -> dict[str, NDArray[Any]]:
    """Read the tensors of a known weight file, fetching it where it isn't here yet.

    Raises
    ------
    MetricUnavailable
        When the file is unavailable; one line.
    """
    from inpaintbench.weights import WeightsUnavailable, find_known, load_tensors

    try:
        return load_tensors(find_known(name))
    except WeightsUnavailable as error:
        raise MetricUnavailable(str(error)) from error
