"""Turn a benchmark into cases and method variants, each with its key."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from inpaintbench.errors import BenchError
from inpaintbench.methods.base import Method
from inpaintbench.metrics.base import Metric
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.planning.case import Case, make_cases
from inpaintbench.planning.keys import method_key
from inpaintbench.planning.subset import choose
from inpaintbench.plugins import registry
from inpaintbench.plugins.specification import label

_OWN_MASKS = ("paired", "folder")
"""The suites that take the masks that come with pictures."""


@dataclass(frozen=True)
class Variant:
    """A method with fixed parameters.

    Parameters
    ----------
    label : str
        Shortest specification of a built-in or installed method, and name of every variant in
        tables: ``telea[radius=5]``.
    specification : str
        What makes the method again in another process; names the file for a person's own.
    method : Method
        An instance that was not set up.
    key : str
        Digest of everything that its outputs depend on beside the case.
    """

    label: str
    specification: str
    method: Method
    key: str


@dataclass(frozen=True)
class Plan:
    """Cases × variants, and the metrics that score them."""

    benchmark: Benchmark
    cases: tuple[Case, ...]
    variants: tuple[Variant, ...]
    metrics: tuple[Metric, ...]

    @property
    def cell_count(self) -> int:
        """Number of cells: cases × variants."""
        return len(self.cases) * len(self.variants)

    def timed_cases(self) -> Iterator[Case]:
        """Yield the cases of the timing pass: the first few of each dataset × suite."""
        taken: dict[tuple[str, str], int] = {}
        for case in self.cases:
            group = (case.dataset, case.suite)
            if taken.get(group, 0) < self.benchmark.timing.cases:
                taken[group] = taken.get(group, 0) + 1
                yield case


def make_plan(benchmark: Benchmark, device: str = "cpu") -> Plan:
    """Resolve every specification and enumerate the cases, without reading an image.

    Datasets that aren't here are downloaded, where that can be.

    Raises
    ------
    BenchError, DataError
        When a name or parameter is unknown, or a dataset isn't there.
    """
    variants = tuple(_variant(text, device) for text in benchmark.methods)
    _refuse_doubles([variant.label for variant in variants], "method")
    metrics = tuple(registry.metrics().make(text) for text in benchmark.metrics)
    _refuse_doubles([metric.id for metric in metrics], "metric")
    suites = [(text, registry.masks().make(text)) for text in benchmark.masks]
    cases: list[Case] = []
    for text in benchmark.datasets:
        dataset = registry.datasets().make(text)
        dataset.fetch()
        samples = choose(dataset.ids(), benchmark.limit, benchmark.subset_seed)
        if not samples:
            raise BenchError(f"dataset {text} holds no image")
        for suite in suites:
            if not dataset.has_reference and suite[1].name not in _OWN_MASKS:
                warnings.warn(
                    f"{text} has holes of its own, which --masks paired takes; {suite[0]} draws "
                    "others, and nothing is scored in them",
                    stacklevel=2,
                )
            cases += make_cases(
                (text, dataset), samples, suite, benchmark.masks_per_sample, benchmark.seed
            )
    if len({case.id for case in cases}) < len(cases):
        raise BenchError("two of the datasets hold the same images; leave one of them out")
    return Plan(benchmark, tuple(cases), variants, metrics)


def _variant(text: str, device: str) -> Variant:
    method = registry.make_method(text)
    return Variant(label(method), text, method, method_key(method, device))


def _refuse_doubles(labels: list[str], kind: str) -> None:
    for name in labels:
        if labels.count(name) > 1:
            raise BenchError(f"two {kind}s are called {name!r}; give one of them another name")
