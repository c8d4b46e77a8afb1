"""The training loop, the same for every network.

A step draws its batch, improves the network, then its critic if it has one, and follows the
network's weights with a moving average. Everything random in a step comes from the run's seed
and the step's number, so a run with a given number of steps is the same, bit for bit, on one
machine's CPU, interrupted or not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from inpaintbench.images.files import explained
from inpaintbench.methods.training import checkpoint
from inpaintbench.methods.training.checkpoint import Checkpoint
from inpaintbench.methods.training.data import Batch, BatchSource, with_mirror_images
from inpaintbench.methods.training.objective import Objective, hole_psnr
from inpaintbench.methods.training.perceptual import PerceptualLoss
from inpaintbench.methods.training.record import Entry, Log, save_curve, save_preview
from inpaintbench.methods.training.settings import Settings

Watch = Callable[[float, Entry | None], None]
"""Told after every step how much of the run is done (0–1), and a new line of the log, if any."""


class Training:
    """A training run in a folder.

    Parameters
    ----------
    objective : Objective
        The network and its losses.
    source : BatchSource
        Draws the batch of each step.
    validation : Batch
        Fixed held-out images with holes, scored and previewed.
    settings : Settings
        How long and how.
    folder : Path
        Holds ``checkpoint.pt``, ``log.csv``, ``curve.png`` and ``preview.png``.
    perceptual : PerceptualLoss, optional
        Added to the objective's own losses, with the weight in the settings.
    """

    def __init__(
        self,
        objective: Objective,
        source: BatchSource,
        validation: Batch,
        settings: Settings,
        folder: Path,
        perceptual: PerceptualLoss | None = None,
    ) -> None:
        self.objective = objective
        self._perceptual = perceptual
        self.settings = settings
        self.folder = folder
        self._source = source
        self._validation = validation
        self.step = 0
        self.seconds = 0.0
        objective.network.to(settings.device).to(memory_format=torch.channels_last)
        self.average = AveragedModel(objective.network, avg_fn=self._follow, use_buffers=True)
        self._optimizers = {"network": self._optimizer(objective.network, 1.0)}
        if objective.critic is not None:
            objective.critic.to(settings.device).to(memory_format=torch.channels_last)
            self._optimizers["critic"] = self._optimizer(objective.critic, objective.critic_rate)
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self.log = Log(folder / "log.csv")
        self._sums: dict[str, Tensor] = {}
        self._summed = 0

    def resume(self) -> None:
        """Go on from the folder's checkpoint.

        Raises
        ------
        ValueError
            When there is none, or it is of a run with other settings.
        """
        saved = checkpoint.load(self.folder / "checkpoint.pt", self.settings)
        for name, part in self._parts().items():
            part.load_state_dict(saved.states[name])
        self.step, self.seconds = saved.step, saved.seconds
        self.log = Log(self.folder / "log.csv", saved.step)

    def run(self, watch: Watch = lambda done, entry: None) -> nn.Module:
        """Train to the end and return the averaged network, in evaluation mode."""
        settings = self.settings
        started = time.perf_counter() - self.seconds
        saved = self.seconds
        while (done := settings.progress(self.step, self.seconds)) < 1:
            self._train_step(done)
            self.step += 1
            self.seconds = time.perf_counter() - started
            entry = None
            if self.seconds - saved > 60 * settings.checkpoint_minutes:
                entry = self.report(done)
                self.save()
                saved = self.seconds
            watch(done, entry)
        if self._summed:
            watch(1.0, self.report(1.0))
        self.save()
        return self.averaged

    @property
    def averaged(self) -> nn.Module:
        """The network with the averaged weights, in evaluation mode."""
        network: nn.Module = self.average.module
        return network.eval()

    def report(self, done: float) -> Entry:
        """Validate, log, and draw the preview and the curves."""
        with torch.inference_mode():
            fill = self.objective.fill(self.averaged, self._validation)
        values = {name: float(total) / self._summed for name, total in self._sums.items()}
        values["validation_psnr"] = hole_psnr(fill, self._validation)
        entry = Entry(self.step, self.seconds, {"learning_rate": self._rate(done), **values})
        self._sums, self._summed = {}, 0
        self.log.add(entry)
        save_preview(self._validation, fill, self.folder / "preview.png")
        save_curve(self.log.entries, self.folder / "curve.png")
        return entry

    def save(self) -> None:
        """Write the checkpoint."""
        states = {name: part.state_dict() for name, part in self._parts().items()}
        Checkpoint(self.step, self.seconds, self.settings, states).save(
            self.folder / "checkpoint.pt"
        )

    def _train_step(self, done: float) -> None:
        settings, objective = self.settings, self.objective
        torch.manual_seed(1_000_003 * (settings.seed + 1) + self.step)
        objective.network.train()
        batch = self._source.batch(self.step, settings.batch, settings.device)
        if settings.symmetry:
            batch = with_mirror_images(batch)
        rate = self._rate(done)
        with self._mixed_precision():
            losses = objective.losses(batch)
            total, parts = losses.total, dict(losses.parts)
            if self._perceptual is not None:
                parts |= self._perceptual.terms(losses.fill, batch)
                total = total + settings.perceptual * self._perceptual.weigh(parts)
        self._descend("network", objective.network, total, rate)
        if objective.critic is not None:
            with self._mixed_precision():
                loss = objective.critic_loss(batch, losses.fill.detach())
            self._descend("critic", objective.critic, loss, rate * objective.critic_rate)
            parts["critic"] = loss
        self.average.update_parameters(objective.network)
        for name, value in parts.items():
            self._sums[name] = self._sums.get(name, torch.zeros(())) + value.detach().float()
        self._summed += 1

    def _descend(self, name: str, network: nn.Module, loss: Tensor, rate: float) -> None:
        """Take one step of a network's optimiser, with the gradient clipped."""
        optimizer = self._optimizers[name]
        for group in optimizer.param_groups:
            group["lr"] = rate
        # The network's own backward pass leaves gradients in its critic, so clear them here.
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), self.settings.clip)
        optimizer.step()

    def _rate(self, done: float) -> float:
        """Learning rate: a linear warm-up, then a cosine down to `final_rate`."""
        settings = self.settings
        cosine = 0.5 + 0.5 * math.cos(math.pi * done)
        level = settings.final_rate + (1 - settings.final_rate) * cosine
        return settings.learning_rate * level * min(1.0, (self.step + 1) / settings.warmup)

    def _follow(self, average: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
        """Move the average towards the current weights, faster while the run is young."""
        decay = min(self.settings.average, (1 + self.step) / (10 + self.step))
        return average.lerp(current, 1 - decay) if average.is_floating_point() else current

    def _mixed_precision(self) -> torch.autocast:
        """Compute convolutions and products in bfloat16, which needs no scaling of the loss."""
        kind = torch.device(self.settings.device).type
        return torch.autocast(kind, torch.bfloat16, enabled=self.settings.mixed)

    def _optimizer(self, network: nn.Module, share: float) -> torch.optim.AdamW:
        return torch.optim.AdamW(
            network.parameters(),
            lr=self.settings.learning_rate * share,
            betas=self.objective.betas,
            weight_decay=self.settings.weight_decay,
            fused=True,  # a tenth of the time: a fifth of a whole step on the CPU
        )

    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        """Everything with a state, by name."""
        parts: dict[str, nn.Module | torch.optim.Optimizer] = {
            "weights": self.objective.network,
            "average": self.average,
        }
        if self.objective.critic is not None:
            parts["critic weights"] = self.objective.critic
        return parts | {f"{name} optimizer": one for name, one in self._optimizers.items()}
