"""Where the weights of DISTS, ST-LPIPS and NIQE come from: the archives of packages that hold them.

Each is a small part of a wheel, which can be had wherever packages can.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaintbench.weights.checkpoint import read_checkpoint
from inpaintbench.weights.file import SourceError, WeightFile
from inpaintbench.weights.lpips import ALEXNET_PLACES, HEADS, VGG16_PLACES
from inpaintbench.weights.sources import Converted, PackageArchive

_Tensors = dict[str, NDArray[np.generic]]


def _dists(path: Path) -> _Tensors:
    """Read the weights of every channel: ``alpha`` of the texture, ``beta`` of the structure."""
    return {name: tensor.reshape(-1) for name, tensor in read_checkpoint(path).items()}


def _shift_tolerant(path: Path, places: tuple[int, ...]) -> _Tensors:
    """Read a trunk and its heads, under the names that LPIPS's have."""
    state = read_checkpoint(path)
    trunk = [name.removesuffix(".bias") for name in state if name.endswith(".bias")]
    tensors = {
        f"features.{place}.{kind}": state[f"{name}.{kind}"]
        for place, name in zip(places, trunk, strict=True)
        for kind in ("weight", "bias")
    }
    heads = {f"head.{i}.weight": state[f"lin{i}.model.1.weight"].reshape(-1) for i in range(HEADS)}
    return tensors | heads


def _pristine(path: Path) -> _Tensors:
    """Read the mean and covariance of pristine photographs' features, and the window's weights."""
    try:
        with np.load(path, allow_pickle=False) as content:
            return {
                "mean": content["mu_pris_param"].reshape(-1),
                "covariance": content["cov_pris_param"],
                "window": content["gaussian_window"],
            }
    except (OSError, ValueError, KeyError) as error:
        raise SourceError(f"{path.name} can't be read: {error}") from error


def _shift_tolerant_file(
    network: str, title: str, places: tuple[int, ...], sha256: str, size: int
) -> WeightFile:
    archive = PackageArchive(
        "stlpips_pytorch",
        "0.0.2",
        "a412bf901a97c942b37af57c7c63b6e5d1aebfe8d1dfc17853d4b2f878630645",
        63_807_084,
        f"stlpips_pytorch/weights/vST0.0/{network}_shift_tolerant.pth",
        wheel=True,
    )
    return WeightFile(
        name=f"st-lpips-{network}-v0.0",
        sha256=sha256,
        about=f"shift-tolerant {title} and the linear heads of ST-LPIPS",
        license="BSD-2-Clause (stlpips_pytorch)",
        size=size,
        sources=(Converted(archive, partial(_shift_tolerant, places=places)),),
    )


PERCEPTUAL_WEIGHTS = (
    WeightFile(
        name="dists-v0.1",
        sha256="e51357be8e5247f4a084fb4b9b1249a7c0a86d9a3c94e6a64b515b9ca36cb23f",
        about="weights of the channels of VGG-16 in DISTS",
        license="MIT (dists-pytorch)",
        size=11_960,
        sources=(
            Converted(
                PackageArchive(
                    "dists-pytorch",
                    "0.1",
                    "73e54ce13e7cf3ca962ee8e433d129884ec3dc75e00a27af90525e1da760ac61",
                    20_501,
                    "DISTS_pytorch/weights.pt",
                    wheel=True,
                ),
                _dists,
            ),
        ),
    ),
    _shift_tolerant_file(
        "alex",
        "AlexNet",
        ALEXNET_PLACES,
        "f7b3d96b4ff26c7165f31cc29212fb496d242bbbc08a923e7b74ff78345cccc3",
        9_885_000,
    ),
    _shift_tolerant_file(
        "vgg",
        "VGG-16",
        VGG16_PLACES,
        "af922ceef5da55816638c7ba199417a5ad02e181556a071f5ad0ae4b1516ae2e",
        58_866_000,
    ),
    WeightFile(
        name="niqe-matlab",
        sha256="f3f95e29af986ad49b34786bd1e47c1376b04b7bfc2e7aba81a3d1877a368b53",
        about="features of pristine photographs, by which NIQE measures",
        license="Apache-2.0 (mmagic)",
        size=11_300,
        sources=(
            Converted(
                PackageArchive(
                    "mmagic",
                    "1.2.0",
                    "efa91041097c40e452dd2037b596a5633a6a512447c28a71c970c24aca04039c",
                    1_408_237,
                    "mmagic/evaluation/metrics/niqe_pris_params.npz",
                    wheel=True,
                ),
                _pristine,
            ),
        ),
    ),
)
"""Weight files of the three metrics."""
