"""The images inside scikit-image's wheel, read from the installed package: no download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from inpaintbench.datasets.base import DataError, Dataset, Image, Sample, wanted
from inpaintbench.datasets.reading.preparation import refuse_no_size, square
from inpaintbench.images.reading import read_image
from inpaintbench.images.types import contiguous

SOURCE = "the images of scikit-image (skimage.data), as its wheel ships them"
LICENSE = "public domain, CC0 or free to use with attribution, as listed by skimage.data"


def bundled_path(file: str) -> Path:
    """Find a file of scikit-image's data folder without importing scikit-image.

    Raises
    ------
    DataError
        When scikit-image, or this file of it, isn't installed.
    """
    found = find_spec("skimage")
    places = list(found.submodule_search_locations or ()) if found else []
    for place in places:
        path = Path(place, "data", file)
        if path.is_file():
            return path
    raise DataError(
        f"{file} isn't in the installed scikit-image; reinstall it from its wheel: "
        "pip install --force-reinstall scikit-image"
    )


def bundled_image(file: str, grey: bool = False) -> Image:
    """Read a bundled image; `grey` keeps one channel of a file that repeats it three times."""
    image = read_image(bundled_path(file))
    return contiguous(image[..., :1]) if grey else image


@dataclass(frozen=True)
class Bundled(Dataset):
    """Whole images of scikit-image, cut to a square and shrunk; a subclass says which."""

    size: int = 256

    source = SOURCE
    license = LICENSE
    files: ClassVar[Mapping[str, str]] = {}
    """File of each sample, in order."""

    grey: ClassVar[frozenset[str]] = frozenset()
    """Samples whose file repeats one channel three times."""

    def __post_init__(self) -> None:
        refuse_no_size(self.size)

    def ids(self) -> list[str]:
        """List the names of the images."""
        return list(self.files)

    def load(self, sample_id: str) -> Sample:
        """Read, crop and shrink one image."""
        image = bundled_image(wanted(self, self.files, sample_id), sample_id in self.grey)
        return Sample(sample_id, square(image, self.size))
