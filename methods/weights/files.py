"""Find, describe and read weight files: safetensors that name their network in their header."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from inpaintbench.images.files import file_digest

if TYPE_CHECKING:
    from torch import Tensor

FOLDER = Path(__file__).parent


class WeightsError(ValueError):
    """Weights that are missing, altered, or made for something else."""


@dataclass(frozen=True)
class Description:
    """What the header of a weight file says."""

    network: str
    """Name of the network, as in `networks.catalogue`."""
    architecture: Mapping[str, int]
    """Parameters that the network is built with."""
    size: int
    """Side of the square images trained on, in pixels."""
    trained_on: tuple[str, ...]
    """Datasets, as ``name/split``."""

    def metadata(self) -> dict[str, str]:
        """Return the header's entries."""
        return {
            "network": self.network,
            "architecture": json.dumps(dict(self.architecture)),
            "size": str(self.size),
            "trained_on": ",".join(self.trained_on),
        }


def locate(weights: str) -> Path:
    """Return the file that `weights` means: a name among those shipped, or a path.

    Raises
    ------
    WeightsError
        When there is no such file.
    """
    shipped = FOLDER / f"{weights}.safetensors"
    path = shipped if "/" not in weights and shipped.is_file() else Path(weights).expanduser()
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in FOLDER.glob("*.safetensors"))) or "none"
        raise WeightsError(f"{weights}: no such weight file (shipped: {known})")
    return path


@lru_cache(maxsize=32)
def describe(path: Path) -> Description:
    """Read the header of a weight file, without its tensors and without torch.

    Raises
    ------
    WeightsError
        When the file is no safetensors file, or its header doesn't name a network.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
        return Description(
            metadata["network"],
            json.loads(metadata["architecture"]),
            int(metadata["size"]),
            tuple(filter(None, metadata["trained_on"].split(","))),
        )
    except (SafetensorError, ValueError, KeyError) as error:
        raise WeightsError(f"{path}: not a weight file of inpaintbench train") from error


def card(path: Path) -> Path:
    """Return where the card of a weight file lies: beside it, in Markdown."""
    return path.with_suffix(".md")


def verify(path: Path) -> None:
    """Compare a weight file with the SHA-256 on its card; a file without a card passes.

    Raises
    ------
    WeightsError
        When they differ.
    """
    if not card(path).is_file():
        return
    stated = re.search(r"SHA-256[^0-9a-f]*([0-9a-f]{64})", card(path).read_text(encoding="utf-8"))
    if stated is None:
        raise WeightsError(f"{card(path)}: the card states no SHA-256")
    if stated[1] != file_digest(path):
        raise WeightsError(f"{path}: altered: its SHA-256 is not the one on its card")


def read(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a verified weight file, in float32.

    Raises
    ------
    WeightsError
        When the file was altered.
    """
    from safetensors.torch import load_file

    verify(path)
    return {name: tensor.float() for name, tensor in load_file(path).items()}
