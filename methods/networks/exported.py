"""What the methods that run an exported model file share."""

from __future__ import annotations

import importlib.util
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.files import content_digest
from inpaintbench.methods.base import Image, Mask
from inpaintbench.methods.networks.called import call_network
from inpaintbench.methods.networks.convention import Convention
from inpaintbench.methods.networks.loaded import LoadedMethod

_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}


@dataclass
class ExportedModel(LoadedMethod):
    """A model in a file of its own, called by a declared convention.

    Parameters
    ----------
    model : str
        Path of the model file.
    """

    model: str = ""

    family = "learned"
    locations = ("model",)
    library: ClassVar[str]
    """The module that runs the model."""

    example: ClassVar[str]
    """A file name to show in messages."""

    def __post_init__(self) -> None:
        self.convention()

    @abstractmethod
    def convention(self) -> Convention:
        """Return how the model wants its image and mask."""

    def unavailable(self) -> str | None:
        """Say why the model can't be used, or None."""
        if not self.model:
            return f"no model file: {self.name}[model={self.example}]"
        if not self._path.is_file():
            return f"{self.model}: no such model file"
        if importlib.util.find_spec(self.library) is None:
            return f"{self.name} needs {self.library}: pip install {self.library}"
        return None

    @property
    def _path(self) -> Path:
        return Path(self.model).expanduser()

    def fingerprint(self) -> str:
        """Digest of the model's files."""
        return content_digest(self._files()) if self._path.is_file() else ""

    def _files(self) -> Sequence[Path]:
        """List the model file and those that it refers to."""
        return [self._path]

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Run the model on one image."""
        convention = self.convention()
        return convention.decode(self.ready()(*convention.encode(image, mask)), image)


class TorchScriptModel(ExportedModel):
    """A model in a TorchScript file."""

    requires = ("torch",)
    library = "torch"
    example = "model.pt"

    call = "image,mask"

    def _load(self, device: str) -> Any:
        import torch

        network: Any = torch.jit.load(str(self._path), device)  # type: ignore[no-untyped-call]
        return partial(call_network, network.eval(), call=self.call, device=device)


class OnnxModel(ExportedModel):
    """A model in an ONNX file."""

    requires = ("onnxruntime",)
    library = "onnxruntime"
    example = "model.onnx"

    def _load(self, device: str) -> Any:
        return _open_onnx(self._path, device)


def _open_onnx(path: Path, device: str) -> Callable[..., NDArray[np.generic]]:
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
