"""How each method is trained: its network, its losses, its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from torch import nn

from inpaintbench.methods.networks.catalogue import build
from inpaintbench.methods.networks.context_encoder import ContextCritic
from inpaintbench.methods.networks.deepfill import PatchCritic
from inpaintbench.methods.networks.variational import VariationalNetwork
from inpaintbench.methods.training.adversarial import ContextAdversarial, PatchAdversarial
from inpaintbench.methods.training.data import Augmentation
from inpaintbench.methods.training.objective import Objective
from inpaintbench.methods.training.reconstruction import EvidenceBound, Reconstruction


@dataclass(frozen=True)
class Recipe:
    """The defaults of a method's training.

    Parameters
    ----------
    network : str
        Name of the network.
    size, width : int
        Side of the images in pixels, and width of the network.
    masks : tuple of str
        Mask suites that holes are drawn from in turn; validation uses the first.
    zoom : float
        Largest short side that photographs are shrunk to, in crops.
    augmentation : Augmentation
        Changes to the crops.
    sized : bool
        Whether the network is built for one size of image.
    parameters : mapping of str to int
        Further parameters of the network.
    objective : callable
        Makes the losses (with a critic, where there is one) for a network and an image size.
    settings : mapping of str to number
        Fields of `Settings` that differ from its defaults.
    """

    network: str
    size: int
    width: int
    masks: tuple[str, ...]
    zoom: float
    augmentation: Augmentation
    sized: bool
    parameters: Mapping[str, int]
    objective: Callable[[nn.Module, int], Objective]
    settings: Mapping[str, float]

    def architecture(self, size: int, width: int) -> dict[str, int]:
        """Return the parameters that the network is built with."""
        sides = {"size": size} if self.sized else {}
        return {**sides, "width": width, **self.parameters}

    def make(self, size: int, width: int) -> Objective:
        """Build the network with fresh weights, and its losses."""
        return self.objective(build(self.network, self.architecture(size, width)), size)


def _reconstruction(network: nn.Module, size: int) -> Objective:
    return Reconstruction(network)


def _evidence_bound(network: nn.Module, size: int) -> Objective:
    return EvidenceBound(cast(VariationalNetwork, network))


def _context_adversarial(network: nn.Module, size: int) -> Objective:
    return ContextAdversarial(network, ContextCritic(size), band=max(1, size // 32))


def _patch_adversarial(network: nn.Module, size: int) -> Objective:
    # On small crops the paper's six halvings would leave no patches to judge, so leave about 8×8.
    return PatchAdversarial(network, PatchCritic(32, halvings=min(6, size.bit_length() - 4)))


def _patch_adversarial_of_the_paper(network: nn.Module, size: int) -> Objective:
    return PatchAdversarial(network, PatchCritic(), relative=False)


_SMALL_IMAGE_MASKS = (
    "context-encoder-center",
    "large-regions",
    "context-encoder-center",
    "lama-medium",
)
_SMALL_IMAGES = Augmentation(
    shift=4, contrast=0.4, brightness=0.15, tint=0.15, turn=10, enlarge=0.3
)
_BLOCKS = {"blocks": 1}
_SMALL_DEEPFILL = {"shrink": 4, "coarse_width": 24, "residuals": 1}
_PHOTOGRAPHS = Augmentation(shift=0, contrast=0.3, brightness=0.1, tint=0.05, grey=0.1)

RECIPES: Mapping[str, Recipe] = {
    "autoencoder": Recipe(
        "autoencoder", 32, 32, _SMALL_IMAGE_MASKS, 3.0, _SMALL_IMAGES, True, _BLOCKS,
        _reconstruction, {"batch": 48, "learning_rate": 3e-3, "weight_decay": 0.05},
    ),
    "vae": Recipe(
        "vae", 32, 32, _SMALL_IMAGE_MASKS, 3.0, _SMALL_IMAGES, True, _BLOCKS,
        _evidence_bound, {"batch": 48, "learning_rate": 3e-3, "weight_decay": 0.05},
    ),
    "context-encoder": Recipe(
        "context-encoder", 32, 32, _SMALL_IMAGE_MASKS, 3.0, _SMALL_IMAGES, True, _BLOCKS,
        _context_adversarial, {"batch": 48, "learning_rate": 2e-3, "weight_decay": 0.0},
    ),
    "deepfill-paper": Recipe(
        "deepfill", 256, 48, ("deepfill-freeform", "deepfill-box"), 4.0,
        Augmentation(0, 0, 0, 0), False, {}, _patch_adversarial_of_the_paper,
        {"batch": 16, "learning_rate": 1e-4, "weight_decay": 0.0},
    ),
    # In hours instead of weeks, the paper's weight keeps the critic at chance: the network answers
    # its every move before it has learnt what photographs look like.
    "deepfill": Recipe(
        "deepfill", 96, 16, ("large-regions", "lama-thick", "lama-medium"), 3.0,
        _PHOTOGRAPHS, False, _SMALL_DEEPFILL, _patch_adversarial,
        {"batch": 6, "learning_rate": 3e-4, "weight_decay": 0.0, "adversarial": 0.1},
    ),
}  # fmt: skip
"""Recipes by the method's name on the command line."""
