"""Images as features of the Inception network, in the way of clean-fid."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Image
from inpaintbench.metrics.base import MetricUnavailable
from inpaintbench.metrics.difference import top

Features: TypeAlias = NDArray[np.float32]
"""Of one image, or of several, a row each."""

_SIDE = 299
"""Pixels a side that the network takes."""


@dataclass(frozen=True, eq=False)
class Inception:
    """The network up to its last pooling.

    Parameters
    ----------
    digest : str
        SHA-256 of its file.
    layers : ScriptModule
        Takes ``N×3×299×299`` from −1 to 1, returns ``N×F×1×1`` or ``N×F``.
    """

    digest: str
    layers: Any

    @property
    def id(self) -> str:
        """How images become features, as it stands in the ids of metrics."""
        return f"pil-bicubic{_SIDE},inception-{self.digest[:8]}"

    def features(self, image: Image) -> Features:
        """Compute the features of an image.

        Each channel is resized in floating point by Pillow's antialiased bicubic filter to
        299×299 and clipped to 0 to 255, as clean-fid does. A grey image is repeated in the three
        channels; a 16-bit image is divided by 257.

        Images go through the network one at a time, so that one has the same features, to the
        last bit, in any company.

        Parameters
        ----------
        image : (H, W, C) array of uint8 or uint16

        Returns
        -------
        (F,) array
        """
        import torch

        with torch.inference_mode():
            outcome = self.layers((torch.from_numpy(_resized(image)[None]) - 128) / 128)
        features: Features = outcome.reshape(-1).numpy()
        return features


def _resized(image: Image) -> NDArray[np.float32]:
    """Resize to ``3×299×299`` levels from 0 to 255."""
    from PIL import Image as pillow

    levels = image.astype(np.float32) * np.float32(255 / top(image.dtype))
    channels = [
        np.asarray(
            pillow.fromarray(np.ascontiguousarray(levels[..., channel])).resize(
                (_SIDE, _SIDE), pillow.Resampling.BICUBIC
            )
        ).clip(0, 255)
        for channel in range(levels.shape[2])
    ]
    return np.stack(channels if len(channels) == 3 else channels * 3)


def load_inception(path: Path | None = None) -> Inception:
    """Load the network, fetching its file where it isn't here yet.

    Parameters
    ----------
    path : Path, optional
        Another TorchScript file of the same layout; its digest tells in the ids.

    Raises
    ------
    MetricUnavailable
        When the file is unavailable or unreadable; one line.
    """
    import torch

    from inpaintbench.images.files import file_digest
    from inpaintbench.weights import WeightsUnavailable, obtain
    from inpaintbench.weights.inception import INCEPTION

    try:
        file = obtain(INCEPTION) if path is None else path
        digest = file_digest(file)
        with warnings.catch_warnings():
            # torch would have the file in another format, which it isn't published in
            warnings.simplefilter("ignore", FutureWarning)
            network: Any = torch.jit.load(str(file), "cpu")  # type: ignore[no-untyped-call]
        return Inception(digest, network.eval().layers)
    except WeightsUnavailable as error:
        raise MetricUnavailable(str(error)) from error
    except OSError as error:
        raise MetricUnavailable(f"{path}: can't be read: {error.strerror}") from error
    except (RuntimeError, AttributeError, ValueError) as error:
        raise MetricUnavailable(
            f"{path}: not the Inception network as TorchScript that clean-fid reads "
            f"({INCEPTION.filename}); leave it out, or see: inpaintbench weights"
        ) from error
