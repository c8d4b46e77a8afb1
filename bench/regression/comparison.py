"""Compare two runs: equal outputs pass at once, all else is tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from inpaintbench.errors import BenchError
from inpaintbench.regression.differences import (
    NOT_COMPARED,
    case_differences,
    metric_differences,
    runtime_obstacles,
    software_differences,
)
from inpaintbench.regression.matching import CommonCases, match_cases, match_variants
from inpaintbench.regression.runtimes import compare_runtimes
from inpaintbench.regression.verdicts import (
    FINISHED,
    Comparison,
    Difference,
    Figure,
    MethodComparison,
    Movement,
    SmallestEffects,
    Verdict,
    few_images,
    judge,
    read_effects,
)
from inpaintbench.statistics.bootstrap import LEVEL, Codes, Floats, mean_intervals
from inpaintbench.statistics.pairs import Flags
from inpaintbench.statistics.scores import MetricInfo, Scores, read_scores
from inpaintbench.storage.rows import RunRows

# Scores of one output may differ by as much between processors before the metric counts as
# another than it was: far below any effect that matters, far above the noise of rounding.
_SCORE_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Options:
    """What is compared, and how.

    Parameters
    ----------
    match : mapping of str to str
        Variant of BASE → variant of NEW, beside those that match by themselves.
    metrics : tuple of str
        Ids, labels or names; by default PSNR, SSIM and LPIPS.
    effects : tuple of str
        Smallest effects that matter, as ``NAME=VALUE``.
    moved : int
        Cases named for each method that changed.
    runtime : bool
        Whether runtimes are compared.
    """

    match: Mapping[str, str] | None = None
    metrics: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    moved: int = 3
    runtime: bool = True


@dataclass(frozen=True, eq=False)
class _Sides:
    """BASE and NEW, lined up: row i of either array is the same case."""

    base: Scores
    new: Scores
    cases: CommonCases

    def done(self, base: str, new: str) -> tuple[Flags, Flags]:
        """Return whether a variant finished each case, in BASE and NEW."""
        return (
            self.base.done.loc[self.cases.base, base].to_numpy(),
            self.new.done.loc[self.cases.new, new].to_numpy(),
        )

    def values(self, metric: str, base: str, new: str) -> tuple[Floats, Floats]:
        """Return the scores of a variant in BASE and NEW."""
        return (
            self.base.values[metric].loc[self.cases.base, base].to_numpy(),
            self.new.values[metric].loc[self.cases.new, new].to_numpy(),
        )


def compare(base: RunRows, new: RunRows, options: Options | None = None) -> Comparison:
    """Compare NEW with BASE.

    Raises
    ------
    BenchError
        When they have no case or no method in common, or an option names what isn't there.
    """
    wanted = options or Options()
    cases = match_cases(base.cases, new.cases)
    differences = case_differences(cases)
    if not len(cases.base):
        reasons = "; ".join(str(d).removesuffix(f": {NOT_COMPARED}") for d in differences)
        raise BenchError(
            f"{base.directory} and {new.directory} have no case in common"
            + (f": {reasons}" if reasons else "")
        )
    pairs = match_variants(base.variants, new.variants, wanted.match or {})
    if not pairs:
        raise BenchError(
            f"{base.directory} and {new.directory} have no method in common; pair some with "
            "--match BASE-LABEL=NEW-LABEL"
        )
    sides = _Sides(read_scores(base), read_scores(new), cases)
    outputs = _Outputs(base, new, cases)
    differences += metric_differences(base.metrics, new.metrics)
    shifted = _shifted_metrics(sides, outputs, pairs)
    differences += shifted.values()
    metrics = _metrics(sides, wanted.metrics, set(shifted))
    effects = read_effects(wanted.effects, metrics)
    level = 1 - (1 - LEVEL) / max(1, len(metrics) * len(_suites(sides)))

    timed: Mapping[str, Figure] = {}
    if wanted.runtime:
        obstacles = runtime_obstacles(base, new)
        if not obstacles:
            timed, obstacles = compare_runtimes(base, new, cases, pairs, effects.runtime)
        differences += obstacles
    differences += software_differences(base, new)
    differences += [
        Difference("method", f"{old} is compared with {now}")
        for old, now in pairs.items()
        if old != now
    ]
    lost = _lost_suites(sides)
    methods = []
    for old, now in pairs.items():
        equal = outputs.equal(old, now)
        done = np.logical_and(*sides.done(old, now))
        figures = [*_finished(sides, old, now)]
        figures += _score_figures(sides, metrics, old, now, equal & done, effects, level)
        figures += [timed[old]] if old in timed else []
        methods.append(
            MethodComparison(
                base=old,
                new=now,
                deterministic=_deterministic(sides, old, now),
                common=int(done.sum()),
                equal=int((equal & done).sum()),
                figures=(*figures, *lost),
                moved=_moved(sides, new, metrics, old, now, effects, wanted.moved),
            )
        )
    return Comparison(
        base=str(base.directory),
        new=str(new.directory),
        cases=len(cases.base),
        differences=tuple(differences),
        methods=tuple(methods),
        only_base=tuple(name for name in base.variants["variant"] if name not in pairs),
        only_new=tuple(n for n in new.variants["variant"] if n not in set(pairs.values())),
        level=LEVEL,
    )


class _Outputs:
    """Digests of the outputs of both runs."""

    def __init__(self, base: RunRows, new: RunRows, cases: CommonCases) -> None:
        self._base = _digests(base).reindex(cases.base)
        self._new = _digests(new).reindex(cases.new)

    def equal(self, base: str, new: str) -> Flags:
        """Return where the outputs of a variant are the same, byte for byte."""
        old, now = self._base[base].to_numpy(), self._new[new].to_numpy()
        same: Flags = (old == now) & (old != "")
        return same


def _digests(rows: RunRows) -> pd.DataFrame:
    wide = rows.cells.pivot(index="case", columns="variant", values="output_sha256")
    return wide.reindex(columns=rows.variants["variant"]).fillna("").astype(str)


def _deterministic(sides: _Sides, base: str, new: str) -> bool:
    return bool(
        sides.base.variants.loc[base, "deterministic"]
        and sides.new.variants.loc[new, "deterministic"]
    )


def _shifted_metrics(
    sides: _Sides, outputs: _Outputs, pairs: Mapping[str, str]
) -> dict[str, Difference]:
    """Find metrics that score equal outputs differently: their definition moved, their id not."""
    found = {}
    for metric in sides.base.metrics:
        if metric.id not in sides.new.values:
            continue
        largest, number = 0.0, 0
        for old, now in pairs.items():
            equal = outputs.equal(old, now)
            before, after = (v[equal] for v in sides.values(metric.id, old, now))
            shift = np.nan_to_num(np.abs(after - before) / np.maximum(1, np.abs(before)))
            number += int((shift > _SCORE_TOLERANCE).sum())
            largest = max(largest, float(shift.max(initial=0)))
        if number:
            found[metric.id] = Difference(
                "metric",
                f"metric {metric.id} scores {number} equal outputs differently "
                f"(by up to {largest:.2g})",
                NOT_COMPARED,
            )
    return found


def _metrics(sides: _Sides, names: Sequence[str], shifted: set[str]) -> tuple[MetricInfo, ...]:
    """Choose the metrics that both runs have, described by the run that describes them best."""
    described = sides.base if len(sides.base.metrics) > len(sides.new.metrics) else sides.new
    chosen = described.main_metrics(names)
    return tuple(
        metric
        for metric in chosen
        if metric.id not in shifted
        and all(
            metric.id in side.values and side.values[metric.id].notna().to_numpy().any()
            for side in (sides.base, sides.new)
        )
    )


def _suites(sides: _Sides) -> list[str]:
    """List the suites of the common cases, led by an empty one for all when there are several."""
    common = set(sides.base.cases.loc[sides.cases.base, "suite"])
    suites = [suite for suite in sides.base.suites() if suite in common]
    return ["", *suites] if len(suites) > 1 else suites


def _lost_suites(sides: _Sides) -> list[Figure]:
    """Say of suites that both runs have, without a common case, that nothing can be told."""
    common = set(sides.base.cases.loc[sides.cases.base, "suite"])
    both = [s for s in sides.base.suites() if s in set(sides.new.suites()) and s not in common]
    nan = float("nan")
    return [
        Figure(
            metric="",
            label="every metric",
            unit="",
            higher_is_better=True,
            suite=suite,
            verdict=Verdict.cant_tell,
            base=nan,
            new=nan,
            difference=nan,
            low=nan,
            high=nan,
            effect=nan,
            cases=0,
            images=0,
            reason="no case with equal image and mask",
        )
        for suite in both
    ]


def _finished(sides: _Sides, base: str, new: str) -> list[Figure]:
    """Compare the cells finished on each suite where any finished in one run and not the other."""
    before, after = sides.done(base, new)
    reached = sides.new.status.loc[sides.cases.new, new].to_numpy() != ""
    reached &= sides.base.status.loc[sides.cases.base, base].to_numpy() != ""
    suites = sides.base.cases.loc[sides.cases.base, "suite"].to_numpy()
    images = sides.cases.images
    found = []
    for suite in dict.fromkeys(suites):
        here = reached & (suites == suite)
        lost, won = (before & ~after & here).sum(), (after & ~before & here).sum()
        if not lost and not won:
            continue
        difference = float(won - lost)
        found.append(
            Figure(
                metric=FINISHED,
                label="cells finished",
                unit="",
                higher_is_better=True,
                suite=suite,
                verdict=Verdict.worse if lost else Verdict.improved,
                base=float((before & here).sum()),
                new=float((after & here).sum()),
                difference=difference,
                low=difference,
                high=difference,
                effect=0.0,
                cases=int(here.sum()),
                images=len(np.unique(images[here])),
            )
        )
    return found


def _score_figures(
    sides: _Sides,
    metrics: Sequence[MetricInfo],
    base: str,
    new: str,
    equal: Flags,
    effects: SmallestEffects,
    level: float,
) -> list[Figure]:
    """Test each metric on each suite; cases with equal outputs differ by nothing."""
    suites = sides.base.cases.loc[sides.cases.base, "suite"].to_numpy()
    found = []
    for suite in _suites(sides):
        here = suites == suite if suite else np.ones(len(suites), dtype=bool)
        # metrics scored on the same cases share the draws of the bootstrap
        groups: dict[bytes, list[tuple[MetricInfo, Floats, Floats]]] = {}
        for metric in metrics:
            before, after = sides.values(metric.id, base, new)
            after = np.where(equal, before, after)
            used = here & np.isfinite(before) & np.isfinite(after)
            if used.any():
                columns = (metric, before[used], after[used])
                groups.setdefault(used.tobytes(), []).append(columns)
        for used_bytes, group in groups.items():
            images = sides.cases.images[np.frombuffer(used_bytes, dtype=bool)]
            found += _tested(group, suite, images, effects, level)
    return found


def _tested(
    group: Sequence[tuple[MetricInfo, Floats, Floats]],
    suite: str,
    images: Codes,
    effects: SmallestEffects,
    level: float,
) -> list[Figure]:
    """Test metrics, each with its scores in BASE and NEW, on the same cases."""
    changes = np.column_stack([after - before for _, before, after in group])
    lows = highs = np.zeros(len(group))
    if changes.any():
        intervals = mean_intervals(changes, images, level=level)
        lows, highs = intervals.low, intervals.high
    count = len(np.unique(images))
    found = []
    for i, (metric, before, after) in enumerate(group):
        low, high = float(lows[i]), float(highs[i])
        if not changes[:, i].any():
            low = high = 0.0
        effect = effects.of(metric, float(before.mean()))
        up = (low, high) if metric.higher_is_better else (-high, -low)
        found.append(
            Figure(
                metric=metric.id,
                label=metric.label,
                unit=metric.unit,
                higher_is_better=metric.higher_is_better,
                suite=suite,
                verdict=judge(*up, effect),
                base=float(before.mean()),
                new=float(after.mean()),
                difference=float(changes[:, i].mean()),
                low=low,
                high=high,
                effect=effect,
                cases=len(changes),
                images=count,
                reason=few_images(count) if np.isnan(low) else "",
            )
        )
    return found


def _moved(
    sides: _Sides,
    new_rows: RunRows,
    metrics: Sequence[MetricInfo],
    base: str,
    new: str,
    effects: SmallestEffects,
    number: int,
) -> tuple[Movement, ...]:
    """Name the cases that no longer finish, then those whose scores moved most."""
    before, after = sides.done(base, new)
    status = sides.new.status.loc[sides.cases.new, new].to_numpy()
    broken = np.flatnonzero(before & ~after & (status != ""))
    size = np.zeros(len(before))
    for metric in metrics:
        old, now = sides.values(metric.id, base, new)
        change = np.nan_to_num(np.abs(now - old))
        effect = effects.of(metric, float(np.nanmean(old)) if np.isfinite(old).any() else 0.0)
        size = np.maximum(size, change / effect if effect else np.where(change > 0, np.inf, 0))
    order = [int(i) for i in np.argsort(-size, kind="stable") if size[i] > 0]
    cells = new_rows.cells[new_rows.cells["variant"] == new].set_index("case")

    def movement(row: int, message: str = "") -> Movement:
        base_case, new_case = str(sides.cases.base[row]), str(sides.cases.new[row])
        case = sides.base.cases.loc[base_case]
        scores = {}
        for metric in metrics if not message else ():
            old, now = (float(values[row]) for values in sides.values(metric.id, base, new))
            scores[metric.label] = (old, now)
        return Movement(
            base_case=base_case,
            new_case=new_case,
            place=f"{case['dataset']}/{case['sample']}",
            suite=str(case["suite"]),
            kind=str(case["kind"]),
            scores=scores,
            message=message,
        )

    failed = []
    for row in broken[:number]:
        cell = cells.loc[sides.cases.new[row]]
        kind = cell["failure"] or cell["status"]
        failed.append(movement(int(row), f"{kind}: {cell['message']}"))
    return (*failed, *(movement(row) for row in order[: max(0, number - len(failed))]))
