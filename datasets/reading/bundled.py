"""The images inside scikit-image's wheel, read from the installed package: no download."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from inpaintbench.datasets.base import DataError, Image
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
