"""A Python callable that was saved to a file."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.files import file_digest
from inpaintbench.methods.base import Image, Mask
from inpaintbench.methods.networks.loaded import LoadedMethod


@dataclass
class Pickled(LoadedMethod):
    """Python function of image and mask that cloudpickle wrote to a file.

    ``inpaintbench.evaluate`` writes such files. Loading one runs the code in it, so open only
    those that you trust.

    Parameters
    ----------
    path : str
        The file.
    """

    path: str = ""

    name = "pickled"
    requires = ("cloudpickle",)
    locations = ("path",)

    @property
    def file(self) -> Path:
        """Where the function is."""
        return Path(self.path).expanduser()

    def unavailable(self) -> str | None:
        """Say why there is no function to call, or None."""
        if self.file == Path():
            return "no file: pickled[path=function.pickle], or inpaintbench.evaluate(function)"
        return None if self.file.is_file() else f"{self.file}: no such file"

    def fingerprint(self) -> str:
        """Digest of the file, or what a note beside it says that this file holds.

        The bytes of a pickle differ from one process to the next, and its content doesn't.
        """
        if not self.file.is_file():
            return ""
        digest = file_digest(self.file)
        try:
            note = json.loads(self.file.with_suffix(".json").read_text("utf-8"))
            return str(note["content"]) if note["pickle"] == digest else digest
        except (OSError, ValueError, LookupError, TypeError):
            return digest

    def _load(self, device: str) -> Any:
        fill = pickle.loads(self.file.read_bytes())
        return fill.to(device) if hasattr(fill, "to") else fill

    def inpaint(self, image: Image, mask: Mask, *prompt: str) -> NDArray[np.generic]:
        """Call the function."""
        words = {"prompt": prompt[0]} if prompt else {}
        filled: NDArray[np.generic] = self.ready()(image, mask, **words)
        return filled
