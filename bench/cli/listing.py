"""``inpaintbench list``: what there is to run."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

if TYPE_CHECKING:
    from inpaintbench.datasets.base import Dataset
    from inpaintbench.masks.base import MaskSuite
    from inpaintbench.methods.base import Method
    from inpaintbench.metrics.base import Metric
    from inpaintbench.planning.benchmark import Benchmark
    from inpaintbench.plugins.registry import Catalogue


class Kind(enum.StrEnum):
    """What can be listed."""

    methods = "methods"
    datasets = "datasets"
    masks = "masks"
    metrics = "metrics"
    presets = "presets"


def list_plugins(
    kind: Annotated[Kind, typer.Argument(help="What to list.")] = Kind.methods,
    long: Annotated[
        bool, typer.Option("--long", "-l", help="Everything that is known about each.")
    ] = False,
) -> None:
    """List methods, datasets, mask suites, metrics or presets, those of installed packages too."""
    from rich.table import Table
    from rich.text import Text

    from inpaintbench.cli.terminal import Terminal
    from inpaintbench.planning import benchmark
    from inpaintbench.plugins import registry

    table = Table.grid(padding=(0, 2))  # names are never wrapped, the rest within its column
    table.add_column(no_wrap=True)
    table.add_column()
    if kind is Kind.presets:
        for name in benchmark.preset_names():
            preset = benchmark.read(name)
            table.add_row(Text(name, "bold"), preset.description)
            for label, text in _preset_facts(preset) if long else ():
                table.add_row("", Text.assemble((f"{label}:", "dim"), f" {text}"))
        Terminal().print(table)
        return
    catalogue: Catalogue[Any] = getattr(registry, kind.value)()
    facts = {
        Kind.methods: _method_facts,
        Kind.datasets: _dataset_facts,
        Kind.masks: _suite_facts,
        Kind.metrics: _metric_facts,
    }[kind]
    for name, cls in catalogue.plugins.items():
        table.add_row(Text(name, "bold"), registry.summary(cls))
        if long:
            for label, text in (*_parameters(cls), *facts(cls)):
                if text:
                    table.add_row("", Text.assemble((f"{label}:", "dim"), f" {text}"))
    for broken in catalogue.broken:
        table.add_row(Text(broken.origin, "red"), f"can't be imported: {broken.reason}")
    Terminal().print(table)


def _preset_facts(preset: Benchmark) -> Iterator[tuple[str, str]]:
    """Say what a benchmark holds."""
    yield "datasets", ", ".join(preset.datasets)
    if preset.limit:
        drawn = "the first" if preset.subset_seed is None else f"drawn with {preset.subset_seed}:"
        yield "images", f"{drawn} {preset.limit} of each dataset, at most"
    each = preset.masks_per_sample
    yield "masks", f"{', '.join(preset.masks)}{f', {each} for each image' if each > 1 else ''}"
    yield "methods", ", ".join(preset.methods)
    yield "metrics", ", ".join(preset.metrics)


def _parameters(cls: type[Any]) -> Iterator[tuple[str, str]]:
    """Write each parameter with its type and default."""
    from inpaintbench.plugins.specification import parameter_types

    signature = inspect.signature(cls)
    shown = []
    for name, kind in parameter_types(cls).items():
        default = signature.parameters[name].default
        value = {inspect.Parameter.empty: "", None: " = none", "": ' = ""'}.get(
            default, f" = {default}"
        )
        shown.append(f"{name}: {_values(kind)}{value}")
    yield "parameters", ", ".join(shown)


def _values(kind: Any) -> str:
    """Say what a parameter may be: ``scikit-image or direct``, ``int or none``."""
    options = get_args(kind) or (kind,)
    names = {type(None): "none", str: "text", Path: "path", bool: "true or false"}
    words = [
        names.get(option, option.__name__) if isinstance(option, type) else str(option)
        for option in options
    ]
    return " or ".join(", ".join(words).rsplit(", ", 1))


def _method_facts(cls: type[Method]) -> Iterator[tuple[str, str]]:
    with suppress(TypeError, ValueError):  # parameters that it can't do without, or refuses
        yield "not here", cls().unavailable() or ""
    yield "family", cls.family
    yield "paper", cls.paper
    yield "deterministic", "yes" if cls.deterministic else "no"
    yield "sees", "the object, where there is one to remove" if cls.sees == "input" else ""
    yield "prompts", "" if cls.prompts == "ignored" else cls.prompts
    yield "requires", ", ".join(cls.requires)
    yield "trained on", ", ".join(cls.trained_on)


def _dataset_facts(cls: type[Dataset]) -> Iterator[tuple[str, str]]:
    from inpaintbench.errors import BenchError

    try:
        dataset = cls()
        yield "preparation", dataset.preparation
        yield "images", str(len(dataset.ids()))
    except (BenchError, TypeError, ValueError) as error:
        yield "not here", str(error)
    yield "version", str(cls.version)
    yield "source", cls.source
    yield "licence", cls.license


def _suite_facts(cls: type[MaskSuite]) -> Iterator[tuple[str, str]]:
    yield "version", str(cls.version)
    yield "kinds", ", ".join(cls.kinds)
    yield "source", cls.source


def _metric_facts(cls: type[Metric]) -> Iterator[tuple[str, str]]:
    metric = cls()
    yield "id", metric.id
    yield "better", "higher" if metric.higher_is_better else "lower"
    yield "unit", metric.unit
