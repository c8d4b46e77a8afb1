"""The weight files that the project knows."""

from __future__ import annotations

from inpaintbench.errors import BenchError
from inpaintbench.suggestion import did_you_mean
from inpaintbench.weights.file import WeightFile
from inpaintbench.weights.inception import INCEPTION
from inpaintbench.weights.lpips import LPIPS_WEIGHTS
from inpaintbench.weights.perceptual import PERCEPTUAL_WEIGHTS


def known_files() -> dict[str, WeightFile]:
    """List the weight files that can be fetched, by name."""
    files = (*LPIPS_WEIGHTS.values(), *PERCEPTUAL_WEIGHTS, INCEPTION)
    return {file.name: file for file in files}


def find_known(name: str) -> WeightFile:
    """Return a weight file by name.

    Raises
    ------
    BenchError
        When no file is called so, with the nearest name.
    """
    files = known_files()
    if name not in files:
        raise BenchError(
            f"no weights are called {name!r}{did_you_mean(name, files)} (there are: "
            f"{', '.join(files)})"
        )
    return files[name]
