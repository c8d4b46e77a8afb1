"""Turn a benchmark into cases and method variants, each with its key."""

from __future__ import annotations

import hashlib
import inspect
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, combinations

from inpaintbench.environments.header import Header
from inpaintbench.errors import BenchError, blamed
from inpaintbench.methods.base import Method
from inpaintbench.metrics.base import Metric
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.planning.case import Case, make_cases, sample_ids
from inpaintbench.planning.keys import method_key, source_elsewhere
from inpaintbench.planning.subset import choose
from inpaintbench.plugins import registry
from inpaintbench.plugins.draws import draw_parameter, numbered_texts
from inpaintbench.plugins.foreign import announced
from inpaintbench.plugins.specification import (
    Value,
    label,
    parse,
    settings,
    shown,
    split_name,
)


@dataclass(frozen=True)
class Variant:
    """A method with fixed parameters."""

    label: str  # its shortest specification, and name in tables: ``telea[radius=5]``
    specification: str  # what makes it again in any process; a file is named with its folders
    key: str  # digest of everything that its outputs depend on beside the case
    name: str
    family: str
    paper: str
    deterministic: bool  # whether it says that equal inputs give equal outputs
    trained_on: tuple[str, ...]  # datasets that it has seen
    requires: tuple[str, ...]  # distributions that it needs
    settings: Mapping[str, Value]  # all its parameters
    draw_parameter: str  # the one that numbers its draws; empty where it doesn't draw
    sees: str = "known"  # what it is shown of the hole, as `Method.sees`
    prompts: str = "ignored"  # whether it takes prompts, as `Method.prompts`


def describe(text: str, device: str = "cpu") -> Variant:
    """Make a method once, without setting it up, to say what it is.

    Raises
    ------
    BenchError
        When it can't be made, raises where it is asked, or says that it takes what it doesn't.
    """
    method = registry.make_method(text)
    with blamed(text):
        refuse_misdeclared(method)
        return Variant(
            label=label(method),
            specification=registry.absolute(text),
            key=method_key(method, device),
            name=method.name,
            family=method.family,
            paper=method.paper,
            deterministic=bool(method.deterministic),
            trained_on=tuple(method.trained_on),
            requires=tuple(method.requires),
            settings=settings(method),
            draw_parameter=draw_parameter(method),
            sees=method.sees,
            prompts=method.prompts,
        )


def undescribed(text: str, header: Header) -> Variant:
    """Say what the file of a method says of it whose environment, by its header, isn't here."""
    wanted = parse(text)
    said = announced(header.file)
    content = [text[len(wanted.name) :], header.content, source_elsewhere(header.file).digest()]
    return Variant(
        label=f"{said.name}{content[0]}",
        specification=registry.absolute(text),
        key=hashlib.sha256("\n".join(content).encode()).hexdigest()[:16],
        name=said.name,
        family=said.family,
        paper=said.paper,
        deterministic=said.deterministic,
        trained_on=said.trained_on,
        requires=said.requires,
        settings=wanted.parameters,
        draw_parameter="",
    )


SEES, PROMPTS = ("known", "input"), ("ignored", "optional", "required")
"""What `Method.sees` and `Method.prompts` may be."""


def refuse_misdeclared(method: Method) -> None:
    """Refuse a method whose `inpaint` doesn't take what it declares.

    Raises
    ------
    BenchError
        When `sees` or `prompts` is an unknown word, or there is a prompt to take and none is
        declared, or the reverse.
    """
    for name, words in (("sees", SEES), ("prompts", PROMPTS)):
        if getattr(method, name) not in words:
            raise BenchError(
                f"{method.name}: {name} must be {' or '.join(words)}, not "
                f"{getattr(method, name)!r:.80}"
            )
    try:
        called = inspect.signature(method.inpaint)
    except (TypeError, ValueError):  # compiled code doesn't tell
        return
    taken = called.parameters.values()
    several = any(one.kind is one.VAR_POSITIONAL for one in taken)
    places = sum(one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD) for one in taken)
    if method.prompts != "ignored" and places < 3 and not several:
        raise BenchError(
            f"{method.name}: prompts is {method.prompts!r}, but inpaint takes no third argument "
            '(prompt: str = "")'
        )
    if method.prompts == "ignored" and "prompt" in called.parameters and not several:
        raise BenchError(
            f'{method.name}: inpaint takes a prompt; say prompts = "optional" or "required", or '
            "it gets none"
        )


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
        taken: Counter[tuple[str, str]] = Counter()
        for case in self.cases:
            taken[case.dataset, case.suite] += 1
            if taken[case.dataset, case.suite] <= self.benchmark.timing.cases:
                yield case


def make_plan(
    benchmark: Benchmark,
    device: str = "cpu",
    describe: Callable[[str, str], Variant] = describe,
) -> Plan:
    """Resolve every specification and enumerate the cases, without reading an image.

    Datasets that aren't here are downloaded, where that can be. The plan's benchmark names files
    with their folders. `describe` says what the method of a specification is on a device.

    Raises
    ------
    BenchError, DataError
        When a name or parameter is unknown, or a dataset isn't there.
    """
    benchmark = replace(
        benchmark,
        datasets=tuple(map(registry.absolute, benchmark.datasets)),
        masks=tuple(map(registry.absolute, benchmark.masks)),
        methods=tuple(map(absolute_method, benchmark.methods)),
        metrics=tuple(map(registry.absolute, benchmark.metrics)),
    )
    variants = _described(benchmark, device, describe)
    if benchmark.draws > 1:
        benchmark = _with_draws(benchmark, variants)
        variants = _described(benchmark, device, describe)
    _refuse_doubles([variant.label for variant in variants], "method")
    for one, other in combinations(variants, 2):
        if one.key == other.key:
            raise BenchError(
                f"methods {one.label} and {other.label} are the same: leave one of them out"
            )
    metrics = tuple(registry.metrics().make(text) for text in benchmark.metrics)
    _refuse_doubles([metric.id for metric in metrics], "metric")
    benchmark = replace(benchmark, main_metrics=_ids(benchmark.main_metrics, metrics))
    suites = [(text, registry.masks().make(text)) for text in benchmark.masks]
    cases: list[Case] = []
    for text in benchmark.datasets:
        dataset = registry.datasets().make(text)
        with blamed(f"dataset {dataset.name}"):
            dataset.fetch()
        samples = choose(sample_ids(dataset), benchmark.limit, benchmark.subset_seed)
        for suite in suites:
            if not dataset.has_reference and not suite[1].from_files:
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


def absolute_method(text: str) -> str:
    """Return a method as given, a name and its specification, with its file's folders."""
    name, specification = split_name(text)
    return f"{name}={registry.absolute(specification)}" if name else registry.absolute(text)


def _described(
    benchmark: Benchmark, device: str, describe: Callable[[str, str], Variant]
) -> tuple[Variant, ...]:
    """Describe the methods, each by the name that it was given or by the last part of its files."""
    named = [split_name(text) for text in benchmark.methods]
    variants = [describe(specification, device) for _, specification in named]
    short = Counter(shown(variant.label) for variant in variants)

    def label(name: str, variant: Variant) -> str:
        draw = variant.settings.get(variant.draw_parameter, 0)
        if name:
            return f"{name}[{variant.draw_parameter}={draw}]" if draw else name
        return shown(variant.label) if short[shown(variant.label)] == 1 else variant.label

    return tuple(
        replace(variant, label=label(name, variant))
        for (name, _), variant in zip(named, variants, strict=True)
    )


def _with_draws(benchmark: Benchmark, variants: Iterable[Variant]) -> Benchmark:
    """Name the draws of each method that draws; the new benchmark asks for no more of them."""
    if not any(variant.draw_parameter for variant in variants):
        warnings.warn(
            f"{benchmark.draws} draws: no method here declares itself stochastic "
            "(deterministic = False)",
            stacklevel=3,
        )
    several = (
        [f"{name}={one}" if name else one for one in numbered_texts(text, parameter, count)]
        for (name, text), parameter, count in (
            (split_name(text), variant.draw_parameter, benchmark.draws)
            for text, variant in zip(benchmark.methods, variants, strict=True)
        )
    )
    return replace(benchmark, methods=tuple(dict.fromkeys(chain(*several))), draws=1)


def _ids(chosen: Iterable[str], metrics: Iterable[Metric]) -> tuple[str, ...]:
    """Return the ids of some of the metrics of a plan, given as specifications or ids."""
    known = {metric.id for metric in metrics}
    ids = [text if text in known else registry.metrics().make(text).id for text in chosen]
    if unknown := next((id for id in ids if id not in known), None):
        raise BenchError(f"main_metrics: {unknown} isn't among the metrics")
    return tuple(dict.fromkeys(ids))


def _refuse_doubles(labels: list[str], kind: str) -> None:
    for name in labels:
        if labels.count(name) > 1:
            raise BenchError(f"two {kind}s are called {name!r}; give one of them another name")
