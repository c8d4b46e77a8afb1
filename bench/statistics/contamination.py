"""Find the methods that are scored on what they were trained on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from inpaintbench.errors import BenchError
from inpaintbench.plugins import registry
from inpaintbench.statistics.scores import plain_name


@dataclass(frozen=True)
class Seen:
    """What a method was trained on that it is scored on.

    Parameters
    ----------
    collections : tuple of str
        What it was trained on, as it names it, of which a dataset holds images of any split.
    images : tuple of str
        Those of them of which a dataset holds the same split: the very images.
    """

    collections: tuple[str, ...] = ()
    images: tuple[str, ...] = ()


def seen(trained_on: str, datasets: Iterable[str]) -> Seen:
    """Compare what a method was trained on with the datasets that it is scored on.

    A dataset goes by its name, by the other names of its collection, and where it lies in a
    folder of a person's choice by that folder's name, as `inpaintbench train` writes it; upper
    and lower case are the same. One without splits holds every split, and so does training data
    whose split isn't said.

    Parameters
    ----------
    trained_on : str
        Names separated by commas: ``cifar10/train,places2/train``.
    datasets : iterable of str
        Specifications: ``cifar10[split=test]``.
    """
    held = [_held(dataset) for dataset in dict.fromkeys(datasets)]
    collections, images = [], []
    for part in filter(None, (part.strip() for part in trained_on.split(","))):
        name, _, split = part.casefold().partition("/")
        splits = {held_split for names, held_split in held if name in names}
        if splits:
            collections.append(part)
        if splits & {"", split} or (splits and not split):
            images.append(part)
    return Seen(tuple(collections), tuple(images))


@lru_cache(maxsize=1024)
def _held(specification: str) -> tuple[frozenset[str], str]:
    """Return the names of the collections that a dataset holds images of, and the split."""
    name = plain_name(specification)
    try:
        dataset = registry.datasets().make(specification)
    except BenchError:  # of a plugin that isn't installed here
        return frozenset({name.casefold()}), "unknown"
    names = [name, *dataset.collections]
    path = getattr(dataset, "path", None)
    if path:
        names.append(Path(str(path)).expanduser().absolute().name)
    return frozenset(each.casefold() for each in names), dataset.split.casefold()
