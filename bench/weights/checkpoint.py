"""Read the checkpoints that other projects publish."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaintbench.weights.file import SourceError


def read_checkpoint(path: Path) -> dict[str, NDArray[np.generic]]:
    """Read a torch checkpoint that holds nothing but tensors, by torch's restricted reader.

    Raises
    ------
    SourceError
        When it holds anything else, or can't be read.
    """
    import pickle

    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError) as error:
        raise SourceError(f"{path.name} can't be read: {error}") from error
    return {name: tensor.numpy() for name, tensor in state.items()}
