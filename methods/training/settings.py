"""What a training run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Settings of a training run, the same for every network.

    Parameters
    ----------
    steps : int, optional
        Steps to train for. The run is then the same, bit for bit, on the CPU of one machine.
    minutes : float, optional
        Wall time to train for instead; the learning rate follows the clock.
    batch : int
        Images in a step.
    learning_rate : float
        Peak learning rate of the network that fills holes.
    warmup : int
        Steps over which the learning rate rises from 0 to its peak; a cosine then brings it
        down to `final_rate` of the peak.
    final_rate : float
        Last learning rate as a fraction of the peak.
    weight_decay : float
        Decoupled weight decay (AdamW).
    average : float
        Decay of the exponential moving average of the weights, which is what is kept.
    clip : float
        Largest norm of the gradient; longer ones are scaled down to it.
    adversarial : float
        Weight of the critic's verdict on the network, relative to the paper's.
    perceptual : float
        Weight of the perceptual and style loss, relative to the paper's; 0 leaves them out.
    symmetry : float
        Weight of the error by which the fills of an image and of its mirror image differ, relative
        to the error itself; 0 leaves it out.
    seed : int
        Seed of the initial weights and of everything drawn in every step.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    mixed : bool
        Whether convolutions compute in bfloat16: right on a GPU, and half the time on CPUs that
        have it (AVX512-BF16, AMX); far slower on others.
    checkpoint_minutes : float
        Wall time between checkpoints, each with a validation, a line in the log and a preview.
    """

    steps: int | None = None
    minutes: float | None = None
    batch: int = 64
    learning_rate: float = 1.5e-3
    warmup: int = 200
    final_rate: float = 0.02
    weight_decay: float = 0.01
    average: float = 0.998
    clip: float = 1.0
    adversarial: float = 1.0
    perceptual: float = 0.0
    symmetry: float = 0.0
    seed: int = 0
    device: str = "cpu"
    mixed: bool = False
    checkpoint_minutes: float = 2.0

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise ValueError("give either steps or minutes to train for")
        if (self.steps is not None and self.steps < 1) or (
            self.minutes is not None and self.minutes <= 0
        ):
            raise ValueError("steps and minutes must be positive")
        if min(self.adversarial, self.perceptual, self.symmetry) < 0:
            raise ValueError("the weight of a loss can't be negative")
        if self.batch < 1:
            raise ValueError("batch must be at least 1")

    def progress(self, step: int, seconds: float) -> float:
        """Say how much of the run is done, 0–1, after `step` steps and `seconds` of training."""
        if self.steps is not None:
            return min(1.0, step / self.steps)
        assert self.minutes is not None
        return min(1.0, seconds / (60 * self.minutes))
