"""What a training run leaves to look at: a CSV log, loss curves, a preview of a fixed batch."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from inpaintbench.methods.training.data import Batch
from inpaintbench.methods.training.objective import composite


@dataclass(frozen=True)
class Entry:
    """One line of the log.

    Parameters
    ----------
    step : int
        Steps done.
    seconds : float
        Time spent training.
    values : mapping of str to float
        Learning rate, mean of each loss since the last line, validation PSNR in dB.
    """

    step: int
    seconds: float
    values: Mapping[str, float]


class Log:
    """The CSV log of a run, kept in step with its checkpoints.

    Parameters
    ----------
    path : Path
        The file; lines up to `step` are kept, later ones belong to an interrupted stretch that
        is trained again.
    step : int
        Step that the run goes on from.
    """

    def __init__(self, path: Path, step: int = 0) -> None:
        self._path = path
        self.entries = [entry for entry in read(path) if entry.step <= step]
        # the file is left alone until there is a line to add, for the run may yet be resumed
        self._whole = False

    def add(self, entry: Entry) -> None:
        """Append a line; the first one decides the columns."""
        self.entries.append(entry)
        if self._whole:
            self._write("a", [entry])
        else:
            self._write("w", self.entries)
            self._whole = True

    def _write(self, mode: str, entries: list[Entry]) -> None:
        with self._path.open(mode, newline="") as file:
            writer = csv.writer(file)
            if mode == "w" and entries:
                writer.writerow(["step", "seconds", *entries[0].values])
            for entry in entries:
                values = [f"{value:.6g}" for value in entry.values.values()]
                writer.writerow([entry.step, f"{entry.seconds:.1f}", *values])


def read(path: Path) -> list[Entry]:
    """Read a log; a missing file is an empty one."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [
            Entry(
                int(row.pop("step")),
                float(row.pop("seconds")),
                {name: float(value) for name, value in row.items()},
            )
            for row in csv.DictReader(file)
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
    figure.savefig(path, dpi=110)


def save_preview(batch: Batch, fill: Tensor, path: Path, count: int = 16) -> None:
    """Save a grid of a fixed batch: a column an image; damaged, filled and true from the top."""
    import cv2

    damaged = batch.images * (1 - batch.masks) + 0.5 * batch.masks
    rows = [
        np.concatenate(list(_to_pixels(images[:count])), axis=1)
        for images in (damaged, composite(fill, batch), batch.images)
    ]
    grid = np.concatenate(rows)
    scale = max(1, 64 // batch.images.shape[-1])
    grid = grid.repeat(scale, 0).repeat(scale, 1)
    cv2.imwrite(str(path), grid[..., ::-1])


def _to_pixels(images: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Turn images ``(N, 3, S, S)`` in [-1, 1] into ``(N, S, S, 3)`` of uint8."""
    pixels = (images.detach().float().clamp(-1, 1) + 1) * 127.5
    return pixels.round().byte().permute(0, 2, 3, 1).cpu().numpy()
