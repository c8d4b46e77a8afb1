"""The words of a comparison: figures, their verdicts, and the rule that gives them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from inpaintbench.errors import BenchError
from inpaintbench.regression.kinds import Gate, Verdict
from inpaintbench.statistics.bootstrap import (
    FEWEST_IMAGES,
    LEVEL,
    Codes,
    Floats,
    image_means,
    mean_intervals,
)
from inpaintbench.statistics.power import POWER, effect_by_interval
from inpaintbench.statistics.scores import MetricInfo

RUNTIME = "runtime"
FINISHED = "finished"
"""What stands for a metric's id in figures that aren't scores."""

FINISHED_CELLS = MetricInfo(FINISHED, FINISHED, "cells finished", "", True, "")
RUNTIMES = MetricInfo(RUNTIME, RUNTIME, "runtime", "s", False, "")


def judge(low: float, high: float, effect: float) -> Verdict:
    """Place an interval against ± the smallest effect that matters.

    Parameters
    ----------
    low, high : float
        Interval of the difference, NEW - BASE, its sign turned so that more is better; NaN where
        there is none.
    effect : float
        Smallest effect that matters, at least 0.
    """
    if math.isnan(low) or math.isnan(high):
        return Verdict.cant_tell
    if -effect <= low and high <= effect:
        return Verdict.same
    if high < -effect:
        return Verdict.worse
    if low > effect:
        return Verdict.improved
    return Verdict.cant_tell


@dataclass(frozen=True)
class SmallestEffects:
    """The smallest differences that matter.

    Parameters
    ----------
    named : mapping of str to float
        What a person set: metric id, label or name → effect in the metric's own unit.
    runtime : float
        As a share: 0.05 is 5 % slower, or its inverse.
    """

    named: Mapping[str, float] = field(default_factory=dict)
    runtime: float = 0.05

    def of(self, metric: MetricInfo, mean: float) -> float:
        """Return the effect of a metric in its own unit; `mean` is its mean in BASE."""
        for name in (metric.id, metric.label, metric.name):
            if name in self.named:
                return self.named[name]
        if metric.unit == "dB":
            return 0.05
        return 0.002 if metric.name in ("ssim", "lpips") else 0.01 * abs(mean)


def read_effects(texts: Sequence[str], metrics: Sequence[MetricInfo]) -> SmallestEffects:
    """Read what a person wrote: ``psnr=0.1``, ``runtime=10%``.

    Raises
    ------
    BenchError
        When there is no such metric, or the value isn't a number of 0 or more.
    """
    known = {name for m in metrics for name in (m.id, m.label, m.name)} | {RUNTIME}
    named: dict[str, float] = {}
    for text in texts:
        # ids hold an =, so the value is what follows the last one
        name, equals, value = text.rpartition("=")
        if not equals or name not in known:
            names = ", ".join(sorted({m.name for m in metrics} | {RUNTIME}))
            raise BenchError(
                f"--effect {text}: write NAME=VALUE, NAME one of the metrics compared ({names})"
            )
        percent = value.endswith("%")
        try:
            number = float(value.removesuffix("%")) / (100 if percent else 1)
        except ValueError:
            number = math.nan
        if not 0 <= number < math.inf or (percent and name != RUNTIME):
            wanted = "a share such as 5%" if name == RUNTIME else "a number in the metric's unit"
            raise BenchError(f"--effect {text}: {value!r} is not {wanted}")
        named[name] = number
    runtime = named.pop(RUNTIME, SmallestEffects().runtime)
    return SmallestEffects(named=named, runtime=runtime)


@dataclass(frozen=True)
class Figure:
    """One comparison: a metric, the runtime or the finished cells of a method on a mask suite.

    Parameters
    ----------
    metric : str
        Metric id, `RUNTIME` or `FINISHED`; empty stands for every metric.
    label, unit : str
        Name and unit for people.
    higher_is_better : bool
        Direction.
    suite : str
        Mask suite; empty stands for all.
    verdict : Verdict
        What may be said.
    base, new : float
        Means over the common cases: the metric's, seconds, or the number of cells finished.
    difference, low, high : float
        NEW - BASE with its interval, in the metric's unit; for runtime a share, 0.2 for 20 %
        slower. The bounds are NaN where no interval is possible.
    effect : float
        Smallest effect that matters, in the same unit.
    cases, images : int
        What it is over.
    reason : str
        Why nothing can be said, or empty.
    detectable : float
        Smallest true change, to either side, that would be called worse or improved with a
        probability of `POWER` at these images and this spread; NaN where that isn't known.
    """

    metric: str
    label: str
    unit: str
    higher_is_better: bool
    suite: str
    verdict: Verdict
    base: float = math.nan
    new: float = math.nan
    difference: float = math.nan
    low: float = math.nan
    high: float = math.nan
    effect: float = math.nan
    cases: int = 0
    images: int = 0
    reason: str = ""
    detectable: float = math.nan


def described(metric: MetricInfo) -> tuple[str, str, str, bool]:
    """Return what a figure says of its metric: its first fields."""
    return metric.id, metric.label, metric.unit, metric.higher_is_better


def tested(
    metric: MetricInfo,
    suite: str,
    means: tuple[float, float],
    changes: Floats,
    images: Codes,
    effect: float,
    level: float = LEVEL,
) -> Figure:
    """Judge the mean of changes from BASE to NEW, a case each, clustered by image.

    Where nothing changed, both bounds of the interval are 0, however few the images.
    """
    count, low, high = len(np.unique(images)), 0.0, 0.0
    detectable = effect
    if changes.any():
        spread = float(image_means(changes[:, None], images).std(ddof=1)) if count > 1 else 0.0
        detectable += spread * effect_by_interval(count, level)
        found = mean_intervals(changes[:, None], images, level=level)
        low, high = float(found.low[0]), float(found.high[0])
    few = f"{count} image{'' if count == 1 else 's'}, an interval needs {FEWEST_IMAGES}"
    return Figure(
        *described(metric),
        suite,
        judge(*((low, high) if metric.higher_is_better else (-high, -low)), effect),
        *means,
        difference=float(changes.mean()),
        low=low,
        high=high,
        effect=effect,
        cases=len(changes),
        images=count,
        reason=few if math.isnan(low) else "",
        detectable=detectable,
    )


@dataclass(frozen=True)
class Movement:
    """A case that moved: its ids in BASE and NEW, where it is, and its scores in both.

    `place` is its dataset and sample; scores are by the label of the metric; `message` says why it
    no longer finishes, or is empty.
    """

    base_case: str
    new_case: str
    place: str
    suite: str
    kind: str
    scores: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    message: str = ""


@dataclass(frozen=True)
class MethodComparison:
    """A method in BASE and NEW.

    Parameters
    ----------
    base, new : str
        Variants compared.
    deterministic : bool
        Whether equal inputs should give equal outputs.
    common, equal : int
        Cells finished in both, and those among them whose outputs are equal, byte for byte.
    figures : tuple of Figure
        What was compared.
    moved : tuple of Movement
        Cases that moved most, most first; those that no longer finish before all others.
    """

    base: str
    new: str
    deterministic: bool
    common: int
    equal: int
    figures: tuple[Figure, ...]
    moved: tuple[Movement, ...]

    @property
    def name(self) -> str:
        """Both variants, or one where they are the same."""
        return self.base if self.base == self.new else f"{self.base} → {self.new}"

    @property
    def outputs_equal(self) -> bool:
        """Whether every output that both runs have is the same."""
        return self.common > 0 and self.equal == self.common

    @property
    def changed(self) -> bool:
        """Whether a deterministic method gave another output."""
        return self.deterministic and self.equal < self.common

    @property
    def runtime(self) -> Figure | None:
        """The runtime, where it was compared."""
        return next((figure for figure in self.figures if figure.metric == RUNTIME), None)

    @property
    def verdict(self) -> Verdict:
        """Worse when any figure is, else improved when any is, else can't tell, else same.

        A runtime of which nothing can be told leaves the verdict to the others.
        """
        found = {figure.verdict for figure in self.figures}
        if Verdict.worse in found or Verdict.improved in found:
            return Verdict.worse if Verdict.worse in found else Verdict.improved
        quality = [figure.verdict for figure in self.figures if figure.metric != RUNTIME]
        return Verdict.cant_tell if Verdict.cant_tell in quality else Verdict.same

    def count(self, verdict: Verdict) -> int:
        """Count the figures with a verdict, beside the runtime."""
        return sum(f.verdict is verdict for f in self.figures if f.metric != RUNTIME)


@dataclass(frozen=True)
class Difference:
    """How the two runs differ, beside what is measured.

    Parameters
    ----------
    subject : str
        ``masks``, ``images``, ``metric``, ``processor``, ….
    text : str
        What differs.
    consequence : str
        What isn't compared for it, or empty.
    """

    subject: str
    text: str
    consequence: str = ""

    def __str__(self) -> str:
        return f"{self.text}: {self.consequence}" if self.consequence else self.text


@dataclass(frozen=True)
class Comparison:
    """Two runs compared.

    Parameters
    ----------
    base, new : str
        What was read.
    cases : int
        Cases that both have: equal images, equal masks.
    differences : tuple of Difference
        What must be known first.
    methods : tuple of MethodComparison
        In the order of BASE.
    only_base, only_new : tuple of str
        Variants without a partner.
    level : float
        Confidence at which all score intervals of a method hold together.
    """

    base: str
    new: str
    cases: int
    differences: tuple[Difference, ...]
    methods: tuple[MethodComparison, ...]
    only_base: tuple[str, ...]
    only_new: tuple[str, ...]
    level: float

    @property
    def rule(self) -> str:
        """Say in words how verdicts are given; printed under every comparison."""
        share, power = (f"{part:.0%}".replace("%", " %") for part in (self.level, POWER))
        return (
            f"Over the {self.cases} cases with equal image and mask. Intervals: {share} for all "
            "scores of a method together, clustered by image. Worse or improved: the whole "
            "interval lies beyond the smallest effect (±); same: all of it within; otherwise can't "
            "tell. A cell that used to finish and fails is worse. Finds: the smallest true change "
            f"called worse or improved with {power} power at these images and this spread."
        )


def fails(figure: Figure, gates: Sequence[Gate]) -> bool:
    """Tell whether a gate stops a figure."""
    gate = {Verdict.worse: Gate.worse, Verdict.cant_tell: Gate.cant_tell}
    return gate.get(figure.verdict) in gates


def failures(comparison: Comparison, gates: Sequence[Gate]) -> list[str]:
    """List why a comparison fails, a line each; empty when it passes."""
    lines = []
    for method in comparison.methods:
        for figure in method.figures:
            if fails(figure, gates):
                where = figure.suite or "all suites"
                lines.append(f"{method.name}: {figure.label} on {where}: {figure.verdict}")
        if Gate.changed in gates and method.changed:
            lines.append(
                f"{method.name}: {method.common - method.equal} of {method.common} outputs changed"
            )
    if Gate.missing in gates:
        lines += [f"{name}: isn't in {comparison.new}" for name in comparison.only_base]
    return lines
