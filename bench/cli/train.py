"""``inpaintbench train``: train a learned method on a dataset, with the project's own masks."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inpaintbench.cli.output import say

if TYPE_CHECKING:
    from inpaintbench.methods.training.loop import Watch
    from inpaintbench.methods.training.record import Entry


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
    minutes: Annotated[float | None, typer.Option(help="Minutes to train for (30).")] = None,
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
    from inpaintbench.methods.training.run import train as run
    from inpaintbench.training import plan

    made = plan(
        method,
        dataset or ["cifar10"],
        share,
        masks,
        size,
        width,
        epochs,
        start,
        shlex.join(["inpaintbench", *sys.argv[1:]]),
        lambda text: say(text, err=True),
        steps=steps,
        minutes=minutes,
        batch=batch,
        learning_rate=learning_rate,
        adversarial=adversarial,
        perceptual=perceptual,
        symmetry=symmetry,
        seed=seed,
        device=device,
        mixed=mixed,
        checkpoint_minutes=checkpoint_minutes,
    )
    try:
        with _progress(method) as watch:
            weights = run(made, out or Path("training") / method, resume, watch)
    except ValueError as error:
        raise BenchError(str(error)) from error
    say(f"{weights}: use it with {made.recipe.network}[weights={weights}]")


@contextmanager
def _progress(method: str) -> Iterator[Watch]:
    """Show the progress of a training run: share done, time left, validation and losses."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from inpaintbench.cli.terminal import Terminal

    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[losses]}", style="dim", markup=False),
        console=Terminal(stderr=True),
    ) as bars:
        task = bars.add_task(method, total=1.0, losses="")

        def watch(done: float, entry: Entry | None) -> None:
            if entry is not None:
                values = entry.values.items()
                shown = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in values)
                bars.update(task, losses=f"step {entry.step}: {shown}")
            bars.update(task, completed=done)

        yield watch
