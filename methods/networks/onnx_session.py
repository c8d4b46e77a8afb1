"""Run an ONNX model on an image and a mask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}


class OnnxSession:
    """An ONNX model with an image and a mask for inputs, in this order or by these names.

    Parameters
    ----------
    path : Path
        The model file.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``; a GPU needs onnxruntime-gpu.

    Raises
    ------
    ValueError
        When the model takes other inputs.
    """

    def __init__(self, path: Path, device: str) -> None:
        import onnxruntime

        kind, _, number = device.partition(":")
        providers: list[Any] = ["CPUExecutionProvider"]
        if kind == "cuda":
            providers.insert(0, ("CUDAExecutionProvider", {"device_id": int(number or 0)}))
        self._session: Any = onnxruntime.InferenceSession(str(path), providers=providers)
        self._inputs = self._ordered(path)

    def _ordered(self, path: Path) -> list[Any]:
        """Put the model's inputs in the order image, mask."""
        inputs = self._session.get_inputs()
        if len(inputs) != 2 or any(one.type not in _TYPES for one in inputs):
            found = ", ".join(f"{one.name} {one.type}" for one in inputs)
            raise ValueError(f"{path}: takes {found}; wanted an image and a mask")
        return sorted(inputs, key=lambda one: "mask" in one.name.lower())

    def __call__(
        self, image: NDArray[np.float32], mask: NDArray[np.float32]
    ) -> NDArray[np.generic]:
        """Return the model's first output for ``(1, 3, H, W)`` and ``(1, 1, H, W)``."""
        feed = {}
        for wanted, array in zip(self._inputs, (image, mask), strict=True):
            kind = _TYPES[wanted.type]
            feed[wanted.name] = (np.rint(array) if kind is np.uint8 else array).astype(kind)
        result: NDArray[np.generic] = self._session.run(None, feed)[0]
        return result
