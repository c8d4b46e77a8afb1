"""A Python callable that was saved to a file."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from inpaintbench.methods.base import Image, Mask, Method

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass
class Pickled(Method):
    """Python function of image and mask that cloudpickle wrote to a file.

    ``inpaintbench.evaluate`` writes such files. Loading one runs the code in it, so open only
    those that you trust.

    Parameters
    ----------
    path : str
        The file.
    """

    path: str = ""

    name: ClassVar[str] = "pickled"
    requires: ClassVar[tuple[str, ...]] = ("cloudpickle",)
    locations: ClassVar[tuple[str, ...]] = ("path",)

    def __post_init__(self) -> None:
        """Start without the function."""
        self._fill: Callable[[Image, Mask], NDArray[np.generic]] | None = None

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
        with self.file.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        try:
            note = json.loads(self.file.with_suffix(".json").read_text("utf-8"))
            return str(note["content"]) if note["pickle"] == digest else digest
        except (OSError, ValueError, LookupError, TypeError):
            return digest

    def setup(self, device: str, seed: int) -> None:
        """Load the function, and move it to the device where it can move."""
        if self.unavailable() is None:
            fill = pickle.loads(self.file.read_bytes())
            self._fill = fill.to(device) if hasattr(fill, "to") else fill

    def skip(self, shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str | None:
        """Refuse nothing but a missing file."""
        return self.unavailable()

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Call the function.

        Raises
        ------
        ValueError
            When there is none.
        """
        if self._fill is None:
            reason = self.unavailable()
            if reason:
                raise ValueError(reason)
            self.setup("cpu", 0)
        assert self._fill is not None
        return self._fill(image, mask)
