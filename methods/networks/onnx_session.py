"""Run an ONNX model on an image and a mask."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}


def open_model(path: Path, device: str) -> Callable[..., NDArray[np.generic]]:
    """Return what runs a model on ``(1, 3, H, W)`` and ``(1, 1, H, W)``, in float32.

    The input whose name holds ``mask`` is the mask, else the second; the first output counts. A GPU
    needs onnxruntime-gpu.

    Raises
    ------
    ValueError
        When the model takes other inputs.
    """
    import onnxruntime

    kind, _, number = device.partition(":")
    providers: list[Any] = ["CPUExecutionProvider"]
    if kind == "cuda":
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": int(number or 0)}))
    session = onnxruntime.InferenceSession(str(path), providers=providers)
    inputs = session.get_inputs()
    if len(inputs) != 2 or any(one.type not in _TYPES for one in inputs):
        found = ", ".join(f"{one.name} {one.type}" for one in inputs)
        raise ValueError(f"{path}: takes {found}; wanted an image and a mask")
    inputs = sorted(inputs, key=lambda one: "mask" in one.name.lower())

    def run(*arrays: NDArray[np.float32]) -> NDArray[np.generic]:
        feed = {}
        for wanted, array in zip(inputs, arrays, strict=True):
            kind = _TYPES[wanted.type]
            feed[wanted.name] = (np.rint(array) if kind is np.uint8 else array).astype(kind)
        result: NDArray[np.generic] = session.run(None, feed)[0]
        return result

    return run
