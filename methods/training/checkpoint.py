"""Checkpoints: everything that a run needs to go on as if it had never stopped."""

from __future__ import annotations

import pickle
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from inpaintbench.images.files import written_whole
from inpaintbench.methods.training.settings import Settings

_FREE = ("device", "checkpoint_minutes")
"""Settings that may change when a run goes on, for they don't change what is learned."""


@dataclass
class Checkpoint:
    """State of a run after `step` steps and `seconds` of training.

    `states` holds the state dictionary of each part by name: network, average, optimisers.
    """

    step: int
    seconds: float
    settings: Settings
    states: dict[str, dict[str, Any]]

    def save(self, path: Path) -> None:
        """Write the checkpoint; a process killed meanwhile leaves the previous one whole.

        Raises
        ------
        BenchError
            When it can't be written.
        """
        content = {**vars(self), "settings": asdict(self.settings)}
        with written_whole(path) as partial:
            try:
                torch.save(content, partial)
            except RuntimeError as error:  # torch's own word for a disk that is full
                raise OSError(str(error).splitlines()[0]) from error


def load(path: Path, settings: Settings) -> Checkpoint:
    """Read a checkpoint of a run with the same settings.

    Raises
    ------
    ValueError
        When there is none, or the run was started with other settings.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such checkpoint; leave out --resume")
    content = _read(path, settings.device)
    wanted = asdict(settings)
    changed = [
        f"{name} {content['settings'].get(name)} instead of {value}"
        for name, value in wanted.items()
        if name not in _FREE and content["settings"].get(name) != value
    ]
    if changed:
        raise ValueError(f"{path} is of a run with other settings: {', '.join(changed)}")
    return Checkpoint(content["step"], content["seconds"], settings, content["states"])


def parts(path: Path) -> dict[str, dict[str, Any]]:
    """Read the states that a checkpoint holds, by the name of the part, onto the CPU.

    Raises
    ------
    ValueError
        When the file is no checkpoint.
    """
    states: dict[str, dict[str, Any]] = _read(path, "cpu")["states"]
    return states


def _read(path: Path, device: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
        kinds = {"step": int, "seconds": float, "settings": dict, "states": dict}
        if not all(isinstance(content[name], kind) for name, kind in kinds.items()):
            raise TypeError
    except (KeyError, TypeError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise ValueError(f"{path}: not a checkpoint of inpaintbench train") from error
    return content
