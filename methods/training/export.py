"""Write the trained weights and their card."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save
from torch import nn

from inpaintbench.images.files import file_digest, write_whole
from inpaintbench.methods.training.record import Entry
from inpaintbench.methods.training.settings import Settings
from inpaintbench.methods.weights.files import Description, card

CURVE_LINES = 20
"""Lines of the loss curve on a card, at most."""


@dataclass(frozen=True)
class Provenance:
    """What a card says beside the network and the settings."""

    data: str
    """Images, their splits and licences."""
    masks: str
    """Mask suites that the holes were drawn from."""
    held_out: str
    """Images kept for validation."""
    command: str
    """The command that trains these weights."""
    start: str = "random weights"
    """Where the weights started from."""


def export(
    network: nn.Module,
    description: Description,
    settings: Settings,
    entries: list[Entry],
    provenance: Provenance,
    path: Path,
) -> None:
    """Write `path` (safetensors, half precision) and its card.

    Half precision costs under .01 dB: activations stay in float32.
    """
    halved = {
        name: tensor.detach().cpu().half().contiguous() if tensor.is_floating_point() else tensor
        for name, tensor in network.state_dict().items()
    }
    write_whole(path, save(halved, metadata=description.metadata()))
    last = entries[-1]
    count = sum(parameter.numel() for parameter in network.parameters())
    architecture = ", ".join(f"{k} {v}" for k, v in description.architecture.items()) or "default"
    weighed = f"{settings.adversarial:g} × the weight in the paper"
    losses = {} if settings.adversarial == 1 else {"adversarial loss": weighed}
    if settings.perceptual:
        losses["perceptual loss"] = (
            f"VGG-16, with style, {settings.perceptual:g} × the weight in Liu et al. 2018"
        )
    facts = {
        "network": f"`{description.network}` ({architecture}), {count:,} parameters, stored in "
        "half precision",
        "SHA-256": f"`{file_digest(path)}`",
        "images": f"{description.size}×{description.size}; {provenance.data}",
        "holes": provenance.masks,
        "held out": provenance.held_out,
        "started from": provenance.start,
        "steps": f"{last.step:,} of {settings.batch} images",
        "time": f"{last.seconds / 60:.0f} minutes",
        "hardware": _hardware(settings.device),
        "optimiser": f"AdamW, peak learning rate {settings.learning_rate:g}, cosine, weight decay "
        f"{settings.weight_decay:g}, gradient norm ≤ {settings.clip:g}, moving average "
        f"{settings.average:g}",
        **losses,
        "seed": str(settings.seed),
        "validation": f"{last.values['validation_psnr']:.2f} dB PSNR over the hole",
        "licence": "that of the project; the images' own licences apply to them alone",
        "made by": f"`{provenance.command}` (torch {torch.__version__})",
    }
    rows = [f"| {name} | {text} |" for name, text in facts.items()]
    head = [f"# {path.stem}", "", "| | |", "|---|---|"]
    text = "\n".join([*head, *rows, "", "## Loss curve", "", *_curve(entries), ""])
    write_whole(card(path), text)


def _curve(entries: list[Entry]) -> list[str]:
    """Write the log as a table, thinned evenly; the last line is always there."""
    stride = -(-len(entries) // CURVE_LINES)
    shown = entries[::-1][::stride][::-1]
    names = list(shown[0].values)
    head = ["step", *(name.replace("_", " ") for name in names)]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for entry in shown:
        values = [f"{entry.values[name]:.4g}" for name in names]
        lines.append("| " + " | ".join([str(entry.step), *values]) + " |")
    return lines


def _hardware(device: str) -> str:
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads ({platform.machine()})"
