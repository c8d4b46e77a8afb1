"""Train a learned method on datasets of the project, with holes drawn from its mask suites."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inpaintbench.datasets.base import Dataset, Sample
from inpaintbench.errors import BenchError
from inpaintbench.images.types import Image, Mask
from inpaintbench.masks.random import RandomStream
from inpaintbench.plugins import registry, specification
from inpaintbench.suggestion import did_you_mean
from inpaintbench.weights import WeightsUnavailable, find_known, load_tensors

if TYPE_CHECKING:
    from inpaintbench.methods.training.run import Images, Plan

TRAINING_SPLITS = ("train", "val")
"""Splits that may be trained on: nothing is ever scored on them."""

DEFAULT_MINUTES = 30.0

HELD_OUT_SHARE, HELD_OUT_MOST = 0.1, 500
"""Images of the first dataset kept for validation: a share of them, and at most so many."""


def plan(
    method: str,
    datasets: Sequence[str] = ("cifar10",),
    shares: Sequence[float] | None = None,
    masks: Sequence[str] | None = None,
    size: int | None = None,
    width: int | None = None,
    epochs: float | None = None,
    start: Path | None = None,
    command: str = "",
    notify: Callable[[str], None] = lambda text: None,
    **settings: Any,
) -> Plan:
    """Read the images and settle everything else that a training run needs.

    Parameters
    ----------
    method : str
        Name of a recipe, which decides on what is None.
    datasets : sequence of str
        What to train on, from train splits and own folders; the last images of the first are held
        out.
    shares : sequence of float, optional
        Share of a batch of each dataset; equal by default.
    masks : sequence of str, optional
        Mask suites to draw holes from in turn; the first one's are validated with.
    size, width : int, optional
        Side of the images in pixels, and width of the network.
    epochs : float, optional
        Passes over the images, instead of ``steps`` or ``minutes``.
    start : Path, optional
        Weight file or checkpoint to start from.
    command : str
        What the card says to run for the same weights.
    notify : callable
        Told of images that are left out.
    **settings
        Fields of `Settings`; ``device`` may be ``auto``.

    Raises
    ------
    BenchError
        When there is no such recipe, dataset or suite, images may not be trained on, or the
        settings contradict each other.
    """
    import torch

    from inpaintbench.methods.training.export import Provenance
    from inpaintbench.methods.training.recipes import RECIPES
    from inpaintbench.methods.training.run import Plan
    from inpaintbench.methods.training.settings import Settings

    if method not in RECIPES:
        raise BenchError(
            f"{method!r} can't be trained{did_you_mean(method, RECIPES)} "
            f"(these can: {', '.join(RECIPES)})"
        )
    recipe = RECIPES[method]
    given = {name: value for name, value in settings.items() if value is not None}
    if len({"steps", "minutes"} & given.keys()) + (epochs is not None) > 1:
        raise BenchError("give one of --steps, --epochs and --minutes")
    if shares and len(shares) != len(datasets):
        raise BenchError(f"give one --share for each --dataset: {len(datasets)}, not {len(shares)}")
    side = size or recipe.size
    data = [
        _images(text, share, side, notify)
        for text, share in zip(datasets, shares or [1.0] * len(datasets), strict=True)
    ]
    data[0], held_out = data[0].split(min(HELD_OUT_MOST, HELD_OUT_SHARE * len(data[0].images)))
    chosen: dict[str, Any] = {"device": "auto", **recipe.settings, **given}
    if chosen["device"] == "auto":
        chosen["device"] = "cuda" if torch.cuda.is_available() else "cpu"
    chosen.setdefault("mixed", chosen["device"].startswith("cuda"))
    if epochs is not None:
        count = sum(len(part.images) for part in data)
        chosen["steps"] = max(1, round(epochs * count / chosen["batch"]))
    if "steps" not in chosen:
        chosen.setdefault("minutes", DEFAULT_MINUTES)
    suites = masks or recipe.masks
    try:
        return Plan(
            recipe,
            side,
            width or recipe.width,
            data,
            held_out,
            _drawer(suites),
            _drawer(suites[:1]),
            Settings(**chosen),
            Provenance(
                ", ".join(f"{len(part.images):,} of {part.name}" for part in data),
                ", ".join(suites),
                f"{len(held_out)} of {data[0].name}, scored with holes of {suites[0]}",
                command,
                "random weights" if start is None else start.name,
            ),
            start,
            load_tensors(find_known("lpips-vgg-v0.1")) if given.get("perceptual") else None,
        )
    except (ValueError, WeightsUnavailable) as error:
        raise BenchError(str(error)) from error


def _images(text: str, share: float, side: int, notify: Callable[[str], None]) -> Images:
    """Read a dataset's images that hold a crop of `side`² pixels, in colour and 8 bits."""
    from inpaintbench.methods.training.run import Images

    dataset = _training_set(text)
    dataset.fetch()
    images = []
    samples = dataset.ids()
    for sample in samples:
        image = dataset.load(sample).image
        if min(image.shape[:2]) >= side:
            narrow = image if image.dtype == np.uint8 else image >> 8
            images.append(np.broadcast_to(narrow.astype(np.uint8), (*image.shape[:2], 3)))
    small = len(samples) - len(images)
    if small:
        notify(f"{text}: {small} of {len(samples)} images left out, smaller than {side}×{side}")
    return Images(_seen_as(dataset), share, images)


def _training_set(text: str) -> Dataset:
    """Make a dataset of images that nothing is ever scored on."""
    dataset: Dataset
    wanted = specification.parse(text)
    plugin = registry.datasets().plugins.get(wanted.name)
    has_split = plugin is not None and "split" in specification.parameter_types(plugin)
    if plugin is not None and has_split and "split" not in wanted.parameters:
        dataset = specification.build(plugin, {**wanted.parameters, "split": "train"})
    else:
        dataset = registry.datasets().make(text)
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


def _drawer(suites: Sequence[str]) -> Callable[[Image, int], Mask]:
    """Draw hole number `i` from suite `i` modulo their number, in every kind it has."""
    made = [registry.masks().make(text) for text in suites]

    def draw(image: Image, number: int) -> Mask:
        suite = made[number % len(made)]
        kind = suite.kinds[number // len(made) % len(suite.kinds)]
        stream = RandomStream("training", suite.name, number)
        return suite.draw(Sample(f"training-{number}", image), kind, stream)

    return draw
