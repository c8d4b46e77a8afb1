"""What the methods that run an exported model file share."""

from __future__ import annotations

import hashlib
import importlib.util
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from inpaintbench.methods.base import Image, Mask, Method
from inpaintbench.methods.networks.convention import Convention


@dataclass
class ExportedModel(Method):
    """A model in a file of its own, called by a declared convention.

    Parameters
    ----------
    model : str
        Path of the model file.
    """

    model: str = ""

    family: ClassVar[str] = "learned"
    locations: ClassVar[tuple[str, ...]] = ("model",)
    library: ClassVar[str] = "torch"
    """The module that runs the model."""

    example: ClassVar[str] = "model.pt"
    """A file name to show in messages."""

    def __post_init__(self) -> None:
        """Check the convention."""
        self.convention()
        self._ready = False

    @abstractmethod
    def convention(self) -> Convention:
        """Return how the model wants its image and mask."""

    @abstractmethod
    def _load(self, path: Path, device: str) -> None:
        """Load the model."""

    @abstractmethod
    def _call(self, image: NDArray[np.float32], mask: NDArray[np.float32]) -> NDArray[np.generic]:
        """Run the model: ``(1, 3, H, W)`` and ``(1, 1, H, W)`` in, ``(1, 3, H, W)`` out."""

    def unavailable(self) -> str | None:
        """Say why the model can't be used, or None."""
        if not self.model:
            return f"no model file: {self.name}[model={self.example}]"
        if not self._path.is_file():
            return f"{self.model}: no such model file"
        if importlib.util.find_spec(self.library) is None:
            return f"{self.name} needs {self.library}: pip install {self.library}"
        return None

    @property
    def _path(self) -> Path:
        return Path(self.model).expanduser()

    def fingerprint(self) -> str:
        """Digest of the model's files."""
        if not self._path.is_file():
            return ""
        digest = hashlib.sha256()
        for path in (self._path, *self._other_files()):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    def _other_files(self) -> list[Path]:
        """List the files that the model file refers to."""
        return []

    def setup(self, device: str, seed: int) -> None:
        """Load the model where there is one."""
        if self.unavailable() is None:
            self._load(self._path, device)
            self._ready = True

    def skip(self, shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str | None:
        """Refuse nothing but a missing model."""
        return self.unavailable()

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Run the model on one image."""
        if not self._ready:
            reason = self.unavailable()
            if reason:
                raise ValueError(reason)
            self.setup("cpu", 0)
        convention = self.convention()
        return convention.decode(self._call(*convention.encode(image, mask)), image)
