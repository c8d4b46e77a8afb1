"""Metrics that a network in a file computes, known by the file's content alone."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import math
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inpaintbench.errors import BenchError, reason
from inpaintbench.images.files import known_digest
from inpaintbench.metrics.base import Axis, Metric, MetricUnavailable, Result
from inpaintbench.metrics.difference import top

Floats: TypeAlias = NDArray[np.float32]

_INPUTS = ("reference", "composite", "mask")


@dataclass(frozen=True, eq=False)
class _Network:
    """A network that was read: the inputs it takes, by name, and what runs it on them, in order."""

    inputs: tuple[str, ...]
    run: Callable[[Sequence[Floats]], list[NDArray[Any]]]


@dataclass(frozen=True)
class _NetworkFile(Metric):
    """What a TorchScript or ONNX file makes of reference, composite and mask.

    The network takes any of three inputs, by these names: ``reference`` and ``composite``,
    ``1×3×H×W`` from 0 to 1, grey in all three channels, and ``mask``, ``1×1×H×W``, 1 in the hole,
    all float32. One that takes no ``reference`` needs none.

    Parameters
    ----------
    file : str
        Path of the file: ONNX where it ends in ``.onnx``, else TorchScript.
    digest : str
        SHA-256 that the file must have, or its first 12 digits or more.
    size : int
        Height and width that images and mask are resized to; 0 leaves them as they are.
    axis : str or None
        What the score speaks for: ``perception``, ``fidelity``, or ``none``.
    """

    file: str = ""
    digest: str = ""
    size: int = 0
    axis: str | None = Axis.perception  # type: ignore[assignment,misc]

    shown: ClassVar[str]
    """What the label begins with."""

    def __post_init__(self) -> None:
        """Pin the file's content, which makes the metric another when it changes."""
        if self.axis is not None:
            if self.axis not in set(Axis):
                raise ValueError(f"axis must be {', '.join(Axis)} or none, not {self.axis!r}")
            object.__setattr__(self, "axis", Axis(self.axis))
        if self.size < 0:
            raise ValueError(f"size must be at least 0, not {self.size}")
        wanted = self.digest.lower()
        if wanted and not re.fullmatch("[0-9a-f]{12,64}", wanted):
            raise ValueError(f"digest must be 12 to 64 hexadecimal digits, not {self.digest!r}")
        if self.file:
            found = _digest(Path(self.file).expanduser())
            if not found.startswith(wanted):
                raise ValueError(f"{self.file}: its SHA-256 is {found}, not {wanted}")
            wanted = found
        object.__setattr__(self, "digest", wanted)

    @property
    def _settings(self) -> str:
        return f",{self.size}px" if self.size else ""

    @property
    def id(self) -> str:
        """The name with the first digits of the file's SHA-256, and the settings."""
        return f"{self.name}[{self.digest[:16] or '…'}{self._settings}]"

    @property
    def label(self) -> str:
        """What it is, of which file."""
        return f"{self.shown} {self.digest[:8] or '…'}{self._settings}"

    def setup(self) -> None:
        """Read the network; one that takes no reference makes a metric that needs none.

        Raises
        ------
        MetricUnavailable
            When no file is named, it isn't a network of this kind, or what runs it is missing.
        """
        if not self.file:
            raise MetricUnavailable(f"{self.name} needs a network: {self.name}[file=model.onnx]")
        object.__setattr__(self, "needs_reference", "reference" in self._network.inputs)

    @property
    def _network(self) -> _Network:
        return _read(Path(self.file).expanduser(), self.digest)

    def score(self, result: Result) -> float:
        """Run the network, on one thread."""
        mask = result.mask[..., None].astype(np.float32)
        made: Mapping[str, Callable[[], Floats]] = {
            "reference": lambda: _tensor(_colour(result.reference), self.size),
            "composite": lambda: _tensor(_colour(result.composite), self.size),
            "mask": lambda: _tensor(mask, self.size),
        }
        network = self._network
        try:
            found = network.run([made[name]() for name in network.inputs])
        except Exception as error:  # what a network raises is of any kind
            height, width = result.mask.shape
            raise BenchError(
                f"{self.file}: failed on {self.size or height}×{self.size or width} pixels: "
                f"{reason(error)}"
            ) from error
        return self._value(found)

    def _value(self, found: list[NDArray[Any]]) -> float:
        """Make a score of what the network returned."""
        if len(found) != 1 or found[0].size != 1:
            raise BenchError(f"{self.file}: returned {_shapes(found)}, wanted one number")
        return float(found[0].item())


@dataclass(frozen=True)
class NetworkScore(_NetworkFile):
    """The number that a network in a file gives, higher being better."""

    name = "network-score"
    shown = "Network score"


@dataclass(frozen=True)
class NetworkDistance(_NetworkFile):
    """The distance that a network in a file gives, or that of the features that it gives.

    Parameters
    ----------
    output : str
        What the network returns: ``number``, the distance itself, or two tensors of one size, of
        which it is ``l2``, the Euclidean distance, or ``cosine``, 1 less their cosine.
    """

    output: Literal["number", "l2", "cosine"] = "number"

    name = "network-distance"
    higher_is_better = False
    shown = "Network distance"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.output != "number":
            object.__setattr__(self, "bounds", (0.0, math.inf if self.output == "l2" else 2.0))

    @property
    def _settings(self) -> str:
        return ("" if self.output == "number" else f",{self.output}") + super()._settings

    def _value(self, found: list[NDArray[Any]]) -> float:
        if self.output == "number":
            return super()._value(found)
        if len(found) != 2 or found[0].size != found[1].size or not found[0].size:
            raise BenchError(
                f"{self.file}: returned {_shapes(found)}, wanted two tensors of one size"
            )
        one, other = (features.astype(np.float64).ravel() for features in found)
        if self.output == "l2":
            return float(np.linalg.norm(one - other))
        lengths = np.linalg.norm(one), np.linalg.norm(other)
        if not all(lengths):
            return math.nan
        # 1 less the cosine, in a form that is 0 for equal features, exactly
        return float(np.square(one / lengths[0] - other / lengths[1]).sum() / 2)


def _shapes(found: Sequence[NDArray[Any]]) -> str:
    return " and ".join("×".join(map(str, array.shape)) or "a number" for array in found) or "none"


def _digest(path: Path) -> str:
    try:
        return known_digest(path)
    except OSError as error:
        raise ValueError(f"{path}: can't be read: {error.strerror}") from error


def _colour(image: NDArray[Any]) -> Floats:
    """Scale to 0 to 1, grey repeated in three channels."""
    scaled = image.astype(np.float32) / np.float32(top(image.dtype))
    return np.broadcast_to(scaled, (*image.shape[:2], 3))


def _tensor(image: Floats, size: int) -> Floats:
    """Lay out ``H×W×C`` as ``1×C×H×W``, resized as Pillow does: bicubic, a mask by the area."""
    from PIL import Image as pillow

    channels = list(image.transpose(2, 0, 1))
    if size:
        kernel = pillow.Resampling.BOX if len(channels) == 1 else pillow.Resampling.BICUBIC
        channels = [
            np.asarray(
                pillow.fromarray(np.ascontiguousarray(channel)).resize((size, size), kernel)
            ).clip(0, 1)
            for channel in channels
        ]
    return np.stack(channels)[None]


@lru_cache(maxsize=8)
def _read(path: Path, digest: str) -> _Network:
    """Read a network, which must still have the digest that the metric's id names."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MetricUnavailable(f"{path}: can't be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise MetricUnavailable(f"{path}: was changed meanwhile; run again to score by what it is")
    kind, read = ("ONNX", _onnx) if path.suffix.lower() == ".onnx" else ("TorchScript", _torch)
    if kind == "ONNX" and importlib.util.find_spec("onnxruntime") is None:
        raise MetricUnavailable(f"{path} needs onnxruntime; run: pip install 'inpaintbench[onnx]'")
    try:
        network = read(content)
    except Exception as error:  # a damaged file can raise nearly anything
        raise MetricUnavailable(f"{path}: not a network in {kind}: {reason(error)}") from error
    if not network.inputs or not set(network.inputs) <= set(_INPUTS):
        taken = ", ".join(network.inputs) or "nothing"
        raise MetricUnavailable(f"{path}: takes {taken}; wanted {', '.join(_INPUTS)}, or some")
    return network


def _torch(content: bytes) -> _Network:
    import torch

    with warnings.catch_warnings():
        # torch would have the file in another format
        warnings.simplefilter("ignore", (FutureWarning, DeprecationWarning))
        network: Any = torch.jit.load(io.BytesIO(content), "cpu")  # type: ignore[no-untyped-call]
    network.eval()

    def run(inputs: Sequence[Floats]) -> list[NDArray[Any]]:
        with torch.inference_mode():
            found = network(*map(torch.from_numpy, inputs))
        several = found if isinstance(found, tuple | list) else [found]
        return [torch.as_tensor(one).float().numpy() for one in several]

    names = (argument.name for argument in network.forward.schema.arguments)
    return _Network(tuple(name for name in names if name != "self"), run)


def _onnx(content: bytes) -> _Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # the same digits on any number of cores
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    taken = session.get_inputs()
    for one in taken:
        if one.type != "tensor(float)":
            raise ValueError(f"its input {one.name} is a {one.type}, wanted tensor(float)")
    names = tuple(one.name for one in taken)

    def run(inputs: Sequence[Floats]) -> list[NDArray[Any]]:
        found = session.run(None, dict(zip(names, inputs, strict=True)))
        return [np.asarray(one) for one in found]

    return _Network(names, run)
