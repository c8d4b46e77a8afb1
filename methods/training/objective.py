"""What a network learns from: the contract between the training loop and a method's losses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from inpaintbench.methods.training.data import Batch


@dataclass(frozen=True)
class Losses:
    """The outcome of a forward pass."""

    total: Tensor
    """What is minimised."""
    parts: Mapping[str, Tensor]
    """Its terms, unweighted, as they are logged."""
    fill: Tensor
    """The network's images ``(N, 3, S, S)`` in [-1, 1]; a critic judges them."""


class Objective(ABC):
    """A network with its losses, and the critic it competes with, if any.

    Parameters
    ----------
    network : Module
        The network that fills holes: trained, averaged and kept.
    critic : Module, optional
        Trained beside it with `critic_loss`; not kept.
    """

    critic_rate: float = 0.1
    """Learning rate of the critic as a fraction of the network's."""

    adversarial: float = 1.0
    """Weight of the critic's verdict in `losses`, relative to the paper's."""

    symmetry: float | None = None
    """Weight, relative to the error, of how far the fills of mirror images are from being mirror
    images; None where `losses` has no such term."""

    betas: tuple[float, float] = (0.9, 0.98)
    """Decay rates of Adam's two moments, for both networks."""

    def __init__(self, network: nn.Module, critic: nn.Module | None = None) -> None:
        self.network = network
        self.critic = critic

    @abstractmethod
    def losses(self, batch: Batch) -> Losses:
        """Run the network on a batch and measure how far off it is."""

    def fill(self, network: nn.Module, batch: Batch) -> Tensor:
        """Fill a batch's holes as the method would: images ``(N, 3, S, S)`` in [-1, 1]."""
        filled: Tensor = network(batch.inputs)
        return filled

    def judge(self, images: Tensor, batch: Batch) -> Tensor:
        """Ask the critic about images with the batch's holes: above zero for real ones."""
        assert self.critic is not None
        verdicts: Tensor = self.critic(torch.cat([images, batch.masks], 1))
        return verdicts

    def critic_loss(self, batch: Batch, fill: Tensor) -> Tensor:
        """Measure how badly the critic tells `fill` (detached) from the truth."""
        raise NotImplementedError("this objective has no critic")


def hole_errors(fill: Tensor, batch: Batch) -> Tensor:
    """Mean squared error over each image's hole, ``(N,)``, for a data range of 1."""
    squared = ((fill - batch.images) / 2).square() * batch.masks
    channels = fill.shape[1]
    return squared.sum((1, 2, 3)) / (channels * batch.masks.sum((1, 2, 3))).clamp(min=1)


def hole_psnr(fill: Tensor, batch: Batch) -> float:
    """PSNR over the hole in dB, averaged over images."""
    errors = hole_errors(fill.clamp(-1, 1), batch).clamp(min=1e-10)
    return float((-10 * torch.log10(errors)).mean())


def composite(fill: Tensor, batch: Batch) -> Tensor:
    """Paste the known pixels over `fill`."""
    return fill * batch.masks + batch.images * (1 - batch.masks)
