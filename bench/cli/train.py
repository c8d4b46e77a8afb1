"""``inpaintbench train``: train a learned method on a dataset, with the project's own masks."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from inpaintbench.cli.output import say

if TYPE_CHECKING:
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

    from inpaintbench.datasets.base import Dataset
    from inpaintbench.images.types import Image
    from inpaintbench.methods.training.data import DrawMask
    from inpaintbench.methods.training.record import Entry
    from inpaintbench.methods.training.run import Images

TRAINING_SPLITS = ("train", "val")
"""Splits that may be trained on: nothing is ever scored on them."""

DEFAULT_MINUTES = 30.0

HELD_OUT_SHARE, HELD_OUT_MOST = 0.1, 500
"""Images of the first dataset kept for validation: a share of them, and at most so many."""


def train(
    method: Annotated[
        str, typer.Argument(help="autoencoder, vae, context-encoder, deepfill or deepfill-paper.")
    ],
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            "--dataset",
            "-d",
            help="Images to train on, from their train split (cifar10); may be repeated.",
        ),
    ] = None,
    share: Annotated[
        list[float] | None,
        typer.Option(help="Share of a batch, for each --dataset in turn (equal)."),
    ] = None,
    masks: Annotated[
        list[str] | None,
        typer.Option(help="Mask suite, drawn from in turn; may be repeated (the method's own)."),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps to train for.")] = None,
    epochs: Annotated[
        float | None, typer.Option(help="Passes over the images to train for.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help=f"Minutes to train for ({DEFAULT_MINUTES:g}).")
    ] = None,
    batch: Annotated[int | None, typer.Option(min=2, help="Images in a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    adversarial: Annotated[
        float | None,
        typer.Option(
            help="Weight of the adversarial loss, relative to the paper's (the method's own)."
        ),
    ] = None,
    perceptual: Annotated[
        float,
        typer.Option(
            help="Weight of a perceptual and style loss with VGG-16, relative to the paper's."
        ),
    ] = 0.0,
    symmetry: Annotated[
        float,
        typer.Option(help="Weight of how far the fills of mirror images differ (autoencoder)."),
    ] = 0.0,
    size: Annotated[int | None, typer.Option(help="Side of the images, in pixels.")] = None,
    width: Annotated[int | None, typer.Option(help="Width of the network, in channels.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of weights and batches.")] = 0,
    device: Annotated[
        str, typer.Option(help="auto, cpu, cuda or cuda:N; auto takes a GPU where there is one.")
    ] = "auto",
    mixed: Annotated[
        bool | None,
        typer.Option(
            "--mixed/--no-mixed",
            help="Compute in bfloat16, on GPUs and CPUs that have it (on a GPU).",
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Weight file or checkpoint.pt to start from; the latter has a critic."
        ),
    ] = None,
    checkpoint_minutes: Annotated[
        float, typer.Option(help="Minutes between checkpoints, each with a preview.")
    ] = 2.0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in --out.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the run (training/METHOD).")
    ] = None,
) -> None:
    """Train a learned method: weights, card, log, loss curves and previews in one folder.

    The last line says how to use the weights.
    """
    from inpaintbench.errors import BenchError
    from inpaintbench.methods.training.export import Provenance
    from inpaintbench.methods.training.recipes import RECIPES
    from inpaintbench.methods.training.run import Plan
    from inpaintbench.methods.training.run import train as run_plan
    from inpaintbench.methods.training.settings import Settings
    from inpaintbench.suggestion import did_you_mean
    from inpaintbench.weights import WeightsUnavailable, find_known, load_tensors

    if method not in RECIPES:
        raise BenchError(
            f"{method!r} can't be trained{did_you_mean(method, RECIPES)} "
            f"(these can: {', '.join(RECIPES)})"
        )
    recipe = RECIPES[method]
    folder = out or Path("training") / method
    if sum(wish is not None for wish in (steps, epochs, minutes)) > 1:
        raise BenchError("give one of --steps, --epochs and --minutes")
    side = size or recipe.size
    data = _read(dataset or ["cifar10"], share, side)
    data[0], held_out = _hold_out(data[0])
    if epochs is not None:
        count = sum(len(part.images) for part in data)
        steps = max(1, round(epochs * count / (batch or recipe.batch)))
    suites = masks or recipe.masks
    place = _device(device)
    try:
        settings = Settings(
            steps=steps,
            minutes=DEFAULT_MINUTES if steps is None and minutes is None else minutes,
            batch=batch or recipe.batch,
            learning_rate=learning_rate or recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            adversarial=recipe.adversarial if adversarial is None else adversarial,
            perceptual=perceptual,
            symmetry=symmetry,
            seed=seed,
            device=place,
            mixed=place.startswith("cuda") if mixed is None else mixed,
            checkpoint_minutes=checkpoint_minutes,
        )
        plan = Plan(
            recipe,
            side,
            width or recipe.width,
            data,
            held_out,
            _drawer(suites),
            _drawer(suites[:1]),
            settings,
            Provenance(
                ", ".join(f"{len(part.images):,} of {part.name}" for part in data),
                ", ".join(suites),
                f"{len(held_out)} of {data[0].name}, scored with holes of {suites[0]}",
                shlex.join(["inpaintbench", *sys.argv[1:]]),
                "random weights" if start is None else start.name,
            ),
            start,
            load_tensors(find_known("lpips-vgg-v0.1")) if perceptual else None,
        )
        with _Bar(method) as bar:
            weights = run_plan(plan, folder, resume, bar.update)
    except FileNotFoundError as error:
        raise BenchError(f"{error.filename}: no such checkpoint; leave out --resume") from error
    except OSError as error:
        raise BenchError(f"{folder}: can't be written: {error.strerror or error}") from error
    except (ValueError, WeightsUnavailable) as error:
        raise BenchError(str(error)) from error
    say(f"{weights}: use it with {recipe.network}[weights={weights}]")


def _read(wanted: Sequence[str], shares: Sequence[float] | None, side: int) -> list[Images]:
    """Read the images of every dataset that hold a crop of `side`² pixels, in colour and 8 bits."""
    import numpy as np

    from inpaintbench.errors import BenchError
    from inpaintbench.methods.training.run import Images

    if shares is not None and len(shares) != len(wanted):
        raise BenchError(f"give one --share for each --dataset: {len(wanted)}, not {len(shares)}")
    data = []
    for text, share in zip(wanted, shares or [1.0] * len(wanted), strict=True):
        dataset = _training_set(text)
        dataset.fetch()
        images = []
        samples = dataset.ids()
        for sample in samples:
            image = dataset.load(sample).image
            if min(image.shape[:2]) < side:
                continue
            narrow = image if image.dtype == np.uint8 else image >> 8
            colour = np.broadcast_to(narrow.astype(np.uint8), (*narrow.shape[:2], 3))
            images.append(colour)
        if len(images) < len(samples):
            small = len(samples) - len(images)
            say(
                f"{text}: {small} of {len(samples)} images left out, smaller than {side}×{side}",
                err=True,
            )
        data.append(Images(_seen_as(dataset), share, images))
    return data


def _training_set(text: str) -> Dataset:
    """Make a dataset of images that nothing is ever scored on.

    Raises
    ------
    BenchError
        When the dataset has no train split.
    """
    from inpaintbench.errors import BenchError
    from inpaintbench.plugins import registry, specification

    wanted = specification.parse(text)
    plugin = registry.datasets().plugins.get(wanted.name)
    has_split = plugin is not None and "split" in specification.parameter_types(plugin)
    if plugin is not None and has_split and "split" not in wanted.parameters:
        chosen = specification.build(plugin, {**wanted.parameters, "split": "train"})
    else:
        chosen = registry.datasets().make(text)
    dataset: Dataset = chosen
    if dataset.split not in TRAINING_SPLITS and dataset.name != "folder":
        raise BenchError(
            f"{text}: methods are scored on these images, so they aren't trained on; take a "
            "dataset with a train split, or a folder of your own"
        )
    return dataset


def _seen_as(dataset: Dataset) -> str:
    """Name a dataset as `trained_on` does; a folder goes by its own name."""
    name = dataset.name
    if name == "folder":
        name = Path(str(getattr(dataset, "path", name))).absolute().name
    return f"{name}/{dataset.split or 'train'}"


def _hold_out(part: Images) -> tuple[Images, Sequence[NDArray[np.uint8]]]:
    """Keep the last images for validation."""
    from dataclasses import replace

    from inpaintbench.errors import BenchError

    kept = min(HELD_OUT_MOST, max(1, int(HELD_OUT_SHARE * len(part.images))))
    if len(part.images) <= kept:
        raise BenchError(f"{part.name}: too few images to train on and keep one to validate")
    return replace(part, images=part.images[:-kept]), part.images[-kept:]


def _drawer(suites: Sequence[str]) -> DrawMask:
    """Draw hole number `i` from suite `i` modulo their number, in every kind it has."""
    from inpaintbench.datasets.base import Sample
    from inpaintbench.masks.random import RandomStream
    from inpaintbench.plugins import registry

    made = [registry.masks().make(text) for text in suites]

    def draw(image: Image, number: int) -> NDArray[np.bool_]:
        suite = made[number % len(made)]
        kind = suite.kinds[number // len(made) % len(suite.kinds)]
        return suite.draw(
            Sample(f"training-{number}", image), kind, RandomStream("training", suite.name, number)
        )

    return draw


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


class _Bar:
    """Progress of a training run: share done, time left, validation and losses."""

    def __init__(self, method: str) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        from inpaintbench.cli.terminal import Terminal

        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[losses]}", style="dim", markup=False),
            console=Terminal(stderr=True),
        )
        self._task = self._bars.add_task(method, total=1.0, losses="")

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def update(self, done: float, entry: Entry | None) -> None:
        """Show how far the run is and, where there is a new one, the log's latest line."""
        if entry is not None:
            shown = [
                f"{name.replace('_', ' ')} {value:.4g}" for name, value in entry.values.items()
            ]
            self._bars.update(self._task, losses=f"step {entry.step}: {', '.join(shown)}")
        self._bars.update(self._task, completed=done)
