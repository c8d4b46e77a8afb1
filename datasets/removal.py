"""A person's own pictures of a scene with and without an object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from unicodedata import normalize

from inpaintbench.datasets.base import DataError, Sample
from inpaintbench.datasets.reading.own_files import OwnFiles
from inpaintbench.datasets.reading.scenes import Folders, SceneFiles
from inpaintbench.errors import reason
from inpaintbench.images.listing import id_of, list_images
from inpaintbench.images.reading import Hole

PROMPTS = "prompts.json"
_FOLDERS = Folders("input", "reference", "masks")


@dataclass(frozen=True)
class Removal(OwnFiles[Path]):
    """Your own scenes with an object, and the same without it: ``removal[path=scenes]``.

    The folder holds ``input/`` (with the object), ``reference/`` (without it) and ``masks/``
    (where it is), with files of the same relative path and name, whatever the ending. It may hold
    ``effects/``, where shadow and reflection are, the object in it or not, and ``prompts.json``,
    ``{"street.jpg": "an empty street"}``, what should be there. Pictures without a reference are
    for ``damaged``.

    Parameters
    ----------
    path : str
        The folder with ``input/``, ``reference/`` and ``masks/``.
    hole : str
        Colour of the object in the masks: ``white`` (the default) or ``black``.
    """

    hole: Hole = "white"

    wants = "a folder"

    @property
    def preparation(self) -> str:
        """Whole images."""
        return "whole images; EXIF orientation applied, 16 bits kept"

    def entries(self) -> Mapping[str, Path]:
        """List the pictures with the object by relative path."""
        folder = self.place() / _FOLDERS.input
        files = list_images(folder)
        if not files:
            raise DataError(f"{folder}: no images in it")
        return files

    def load(self, sample_id: str) -> Sample:
        """Read one scene."""
        return self._files(sample_id).read(sample_id, self.hole, self._prompt(sample_id))

    def fingerprint(self, sample_id: str) -> str:
        """Return the digests of the scene's files, and its prompt."""
        prompt = self._prompt(sample_id)
        return self._files(sample_id).fingerprint() + (f"+{prompt}" if prompt else "")

    def _files(self, sample_id: str) -> SceneFiles:
        root = self.place()
        effect = "effects" if (root / "effects").is_dir() else None
        return replace(_FOLDERS, effect=effect).of(sample_id, self.entry(sample_id), root)

    def _prompt(self, sample_id: str) -> str:
        file = self.place() / PROMPTS
        if not file.exists():
            return ""
        try:
            prompts = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise DataError(f"{file}: can't be read as JSON ({reason(error)})") from error
        if not isinstance(prompts, dict) or not all(isinstance(p, str) for p in prompts.values()):
            raise DataError(f"{file}: wanted an object of names and texts")
        by_id = {id_of(normalize("NFC", name)): name for name in prompts}
        strange = sorted(set(by_id) - set(self.entries()))
        if strange:
            raise DataError(f"{file}: {by_id[strange[0]]!r} is no picture in {_FOLDERS.input}/")
        return str(prompts[by_id[sample_id]]) if sample_id in by_id else ""
