"""How long the learned methods take: batches of CIFAR images, and DeepFill at 256²."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from inpaintbench.methods.autoencoder import Autoencoder
from inpaintbench.methods.context_encoder import ContextEncoder
from inpaintbench.methods.deepfill import DeepFill
from inpaintbench.methods.vae import Vae

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("cls", [Autoencoder, Vae, ContextEncoder])
@pytest.mark.parametrize("mirror", [False, True])
def test_fill_a_thousand_cifar_images(
    benchmark: BenchmarkFixture, cls: type[Autoencoder], mirror: bool
) -> None:
    method = cls(mirror=mirror)
    method.setup("cpu", 0)
    images = np.random.default_rng(0).integers(0, 255, (1000, 32, 32, 3), dtype=np.uint8)
    masks = np.zeros((1000, 32, 32), dtype=bool)
    masks[:, 8:24, 8:24] = True
    assert benchmark(method.inpaint_batch, images, masks).shape == images.shape


@pytest.mark.parametrize("width", [16, 48])
def test_fill_a_photograph(benchmark: BenchmarkFixture, width: int, tmp_path: Path) -> None:
    from inpaintbench.methods.networks.deepfill import DeepFillNetwork

    path = tmp_path / "states.pth"
    torch.save({"G": DeepFillNetwork(width).state_dict()}, path)
    method = DeepFill(weights=str(path))
    method.setup("cpu", 0)
    image = np.random.default_rng(0).integers(0, 255, (256, 256, 3), dtype=np.uint8)
    mask = np.zeros((256, 256), dtype=bool)
    mask[80:176, 80:176] = True
    assert benchmark(method.inpaint, image, mask).shape == image.shape
