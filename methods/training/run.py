"""Run a recipe from images to a weight file with its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from inpaintbench.images.errors import DataError
from inpaintbench.methods.training import checkpoint
from inpaintbench.methods.training.data import BatchSource, CropPool, DrawMask, fixed_batch
from inpaintbench.methods.training.export import Provenance, export
from inpaintbench.methods.training.loop import Training, Watch
from inpaintbench.methods.training.objective import Objective
from inpaintbench.methods.training.perceptual import PerceptualLoss
from inpaintbench.methods.training.recipes import Recipe
from inpaintbench.methods.training.settings import Settings
from inpaintbench.methods.weights import files

VALIDATION_SEED = 1 << 32
"""Number of the first validation hole, far from those of training."""


@dataclass(frozen=True, eq=False)
class Images:
    """Images ``(H, W, 3)`` to train on."""

    name: str
    """The dataset, as ``name/split``."""
    share: float
    """Their share of a batch, relative to that of the others."""
    images: Sequence[NDArray[np.uint8]]

    def split(self, count: float) -> tuple[Images, Sequence[NDArray[np.uint8]]]:
        """Keep the last images, at least one, for validation."""
        kept = max(1, int(count))
        if len(self.images) <= kept:
            raise DataError(f"{self.name}: too few images to train on and keep one to validate")
        return replace(self, images=self.images[:-kept]), self.images[-kept:]


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that a training run needs.

    Parameters
    ----------
    recipe : Recipe
        The method's network and losses.
    size, width : int
        Side of the images in pixels, and width of the network.
    data : sequence of Images
        What is trained on.
    held_out : list of (H, W, 3) arrays of uint8
        Never trained on; centre crops of them are validated on.
    draw_mask : callable
        Draws the holes of training.
    draw_validation_mask : callable
        Draws those of validation.
    settings : Settings
        How long and how.
    provenance : Provenance
        What the card says.
    start : Path, optional
        Weight file to start from, where names and shapes match, or a run's ``checkpoint.pt``, which
        also holds its critic.
    features : mapping of str to array, optional
        Tensors of VGG-16, for the perceptual loss where the settings give it a weight.
    """

    recipe: Recipe
    size: int
    width: int
    data: Sequence[Images]
    held_out: Sequence[NDArray[np.uint8]]
    draw_mask: DrawMask
    draw_validation_mask: DrawMask
    settings: Settings
    provenance: Provenance
    start: Path | None = None
    features: Mapping[str, NDArray[np.generic]] | None = None


def train(plan: Plan, folder: Path, resume: bool, watch: Watch) -> Path:
    """Train in a folder and return the weight file.

    Raises
    ------
    ValueError
        When the images are too small, a checkpoint is missing or of another run, or a loss lacks
        its network.
    """
    training = prepare(plan, folder)
    if resume:
        training.resume()
    network = training.run(watch)
    description = files.Description(
        plan.recipe.network,
        plan.recipe.architecture(plan.size, plan.width),
        plan.size,
        tuple(part.name for part in plan.data),
    )
    path = folder / f"{plan.recipe.network}.safetensors"
    export(network, description, plan.settings, training.log.entries, plan.provenance, path)
    return path


def prepare(plan: Plan, folder: Path) -> Training:
    """Build network, batches and validation of a run, without a step."""
    torch.manual_seed(plan.settings.seed)
    objective = plan.recipe.make(plan.size, plan.width)
    if objective.critic is None and plan.settings.adversarial != 1:
        raise ValueError(f"{plan.recipe.network} has no adversarial loss to weigh")
    objective.adversarial = plan.settings.adversarial
    if plan.settings.symmetry:
        if objective.symmetry is None:
            raise ValueError(f"{plan.recipe.network} has no loss that compares mirror images")
        objective.symmetry = plan.settings.symmetry
    if plan.start is not None:
        _start_from(objective, plan.start)
    pools = [(CropPool(part.images, plan.size, plan.recipe.zoom), part.share) for part in plan.data]
    source = BatchSource(
        pools, plan.draw_mask, plan.settings.seed, augmentation=plan.recipe.augmentation
    )
    crops = [_centre(image, plan.size) for image in plan.held_out]
    holes = [plan.draw_validation_mask(crop, VALIDATION_SEED + i) for i, crop in enumerate(crops)]
    validation = fixed_batch(crops, holes, plan.settings.device)
    perceptual = None
    if plan.settings.perceptual:
        if plan.features is None:
            raise ValueError("the perceptual loss needs the tensors of VGG-16")
        perceptual = PerceptualLoss(plan.features, plan.settings.device)
    return Training(objective, source, validation, plan.settings, folder, perceptual)


def _start_from(objective: Objective, path: Path) -> None:
    """Copy the tensors of a weight file, or of a run with its critic, that are shared."""
    if not path.is_file():
        raise ValueError(f"{path}: no such file to start from")
    if path.suffix == ".pt":
        parts = checkpoint.parts(path)
        if objective.critic is not None and "critic weights" in parts:
            objective.critic.load_state_dict(parts["critic weights"], strict=False)
        start = {name.removeprefix("module."): value for name, value in parts["average"].items()}
    else:
        start = dict(files.read(path))
    own = objective.network.state_dict()
    shared = {
        name: tensor
        for name, tensor in start.items()
        if name in own and own[name].shape == tensor.shape
    }
    if not shared:
        raise ValueError(f"{path}: shares no tensor with the network")
    objective.network.load_state_dict(shared, strict=False)


def _centre(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Cut the centre out of an image."""
    top, left = (image.shape[0] - size) // 2, (image.shape[1] - size) // 2
    if min(top, left) < 0:
        raise ValueError(f"an image of {image.shape[0]}×{image.shape[1]} holds no {size}² crop")
    return image[top : top + size, left : left + size]
