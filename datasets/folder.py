"""A person's own images."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.datasets.reading.image_folder import ImageFolder


@dataclass(frozen=True)
class Folder(ImageFolder):
    """Your own intact images, with your own masks or without: ``folder[path=photos]``.

    Its parameters are those of `ImageFolder`: path, masks, hole, longest.
    """
