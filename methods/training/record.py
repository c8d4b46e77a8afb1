"""What a training run leaves to look at: a CSV log, loss curves, a preview of a fixed batch."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from inpaintbench.images.files import write_whole, written_whole
from inpaintbench.images.png import write_png
from inpaintbench.methods.training.data import Batch
from inpaintbench.methods.training.objective import composite


@dataclass(frozen=True)
class Entry:
    """One line of the log, after some steps and seconds of training."""

    step: int
    seconds: float
    values: Mapping[str, float]
    """Learning rate, mean of each loss since the last line, validation PSNR in dB."""


class Log:
    """The CSV log of a run, kept in step with its checkpoints.

    Lines up to `step`, that the run goes on from, are kept; later ones belong to an interrupted
    stretch that is trained again.
    """

    def __init__(self, path: Path, step: int = 0) -> None:
        self._path = path
        # the file is left alone until there is a line to add, for the run may yet be resumed
        self.entries = [entry for entry in read(path) if entry.step <= step]

    def add(self, entry: Entry) -> None:
        """Append a line; the first one decides the columns."""
        self.entries.append(entry)
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(["step", "seconds", *self.entries[0].values])
        for one in self.entries:
            values = [f"{value:.6g}" for value in one.values.values()]
            writer.writerow([one.step, f"{one.seconds:.1f}", *values])
        write_whole(self._path, text.getvalue())


def read(path: Path) -> list[Entry]:
    """Read a log; a missing file is an empty one, and a line cut short by a kill is none."""
    if not path.exists():
        return []
    lines = path.read_text().splitlines(keepends=True)
    return [
        Entry(
            int(row.pop("step")),
            float(row.pop("seconds")),
            {name: float(value) for name, value in row.items()},
        )
        for row in csv.DictReader(line for line in lines if line.endswith("\n"))
    ]


def save_curve(entries: list[Entry], path: Path) -> None:
    """Draw each logged value against the step, one panel each."""
    from matplotlib.figure import Figure

    names = list(entries[0].values)
    figure = Figure(figsize=(3.2 * len(names), 2.6), layout="constrained")
    for number, name in enumerate(names, 1):
        axes = figure.add_subplot(1, len(names), number)
        axes.plot([entry.step for entry in entries], [entry.values[name] for entry in entries])
        axes.set_title(name.replace("_", " "), fontsize=9)
        axes.set_xlabel("step", fontsize=8)
        axes.tick_params(labelsize=7)
    with written_whole(path) as partial:
        figure.savefig(partial, format="png", dpi=110)


def save_preview(batch: Batch, fill: Tensor, path: Path, count: int = 16) -> None:
    """Save a grid of a fixed batch: a column an image; damaged, filled and true from the top."""
    damaged = batch.images * (1 - batch.masks) + 0.5 * batch.masks
    rows = [
        np.concatenate(list(_to_pixels(images[:count])), axis=1)
        for images in (damaged, composite(fill, batch), batch.images)
    ]
    grid = np.concatenate(rows)
    scale = max(1, 64 // batch.images.shape[-1])
    write_png(path, grid.repeat(scale, 0).repeat(scale, 1))


def _to_pixels(images: Tensor) -> NDArray[np.uint8]:
    """Turn images ``(N, 3, S, S)`` in [-1, 1] into ``(N, S, S, 3)`` of uint8."""
    pixels = (images.detach().float().clamp(-1, 1) + 1) * 127.5
    shown: NDArray[np.uint8] = pixels.round().byte().permute(0, 2, 3, 1).cpu().numpy()
    return shown
