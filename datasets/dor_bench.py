"""DOR-Bench: pictures with an object to remove."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inpaintbench.datasets.reading.scenes import Folders, SceneCollection


@dataclass(frozen=True)
class DorBench(SceneCollection):
    """DOR-Bench: 400 pictures with an object to remove; nobody knows what is behind it.

    White is read as the object, which its page doesn't state where we looked; what
    ``metadata.jsonl`` says isn't used.
    """

    split = "test"
    has_reference = False
    source = "DOR-Bench (qc1752/DOR-Bench on Hugging Face)"
    license = "not stated where we looked; see its page"
    layouts = ("images/*",)
    counts: ClassVar = {"test": 400}
    folders = Folders("images", None, "masks")
    obtain = "download images and masks of qc1752/DOR-Bench from Hugging Face"
