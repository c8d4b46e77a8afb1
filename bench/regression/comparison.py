"""Compare two runs: equal outputs pass at once, all else is tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inpaintbench.errors import BenchError
from inpaintbench.regression.differences import (
    NOT_COMPARED,
    case_differences,
    metric_differences,
    runtime_obstacles,
    software_differences,
)
from inpaintbench.regression.kinds import Verdict
from inpaintbench.regression.matching import CommonCases, match_cases, match_variants
from inpaintbench.regression.runtimes import compare_runtimes
from inpaintbench.regression.verdicts import (
    FINISHED_CELLS,
    Comparison,
    Difference,
    Figure,
    MethodComparison,
    Movement,
    SmallestEffects,
    described,
    read_effects,
    tested,
)
from inpaintbench.statistics.bootstrap import LEVEL, Floats
from inpaintbench.statistics.pairs import Flags
from inpaintbench.statistics.scores import MetricInfo, read_scores
from inpaintbench.storage.rows import RunRows

# Scores of one output may differ by as much between processors before the metric counts as
# another than it was: far below any effect that matters, far above the noise of rounding.
_SCORE_TOLERANCE = 1e-5


@dataclass(frozen=True, eq=False)
class _Pair:
    """A method in BASE and NEW: row i of every array, one for either run, is the same case.

    `done` says which cells were finished, `equal` where the outputs are the same, byte for byte;
    `scores` are by the ids of the metrics that both runs have.
    """

    base: str
    new: str
    status: tuple[NDArray[Any], NDArray[Any]]
    done: tuple[Flags, Flags]
    equal: Flags
    scores: Mapping[str, tuple[Floats, Floats]]


class _Sides:
    """BASE and NEW, lined up by the cases that they have in common."""

    def __init__(self, base: RunRows, new: RunRows, cases: CommonCases) -> None:
        self.base, self.new = read_scores(base), read_scores(new)
        self.cases = cases
        self.suite_of: NDArray[Any] = self.base.cases.loc[cases.base, "suite"].to_numpy()
        self._digests = _digests(base), _digests(new)

    def pair(self, base: str, new: str) -> _Pair:
        """Line a method up."""

        def both(old: pd.DataFrame, now: pd.DataFrame) -> tuple[NDArray[Any], NDArray[Any]]:
            return (
                old.reindex(self.cases.base)[base].to_numpy(),
                now.reindex(self.cases.new)[new].to_numpy(),
            )

        old, now = both(*self._digests)
        common = self.base.values.keys() & self.new.values.keys()
        return _Pair(
            base,
            new,
            status=both(self.base.status, self.new.status),
            done=both(self.base.done, self.new.done),
            equal=(old == now) & (old != ""),
            scores={id: both(self.base.values[id], self.new.values[id]) for id in common},
        )

    def suites(self) -> list[str]:
        """List the suites of the common cases, led by an empty one for all of several."""
        common = set(self.suite_of)
        suites = [suite for suite in self.base.suites() if suite in common]
        return ["", *suites] if len(suites) > 1 else suites


def compare(
    base: RunRows,
    new: RunRows,
    *,
    match: Mapping[str, str] | None = None,
    metrics: Sequence[str] = (),
    effects: Sequence[str] = (),
    moved: int = 3,
    runtime: bool = True,
) -> Comparison:
    """Compare NEW with BASE.

    Parameters
    ----------
    base, new : RunRows
        The runs.
    match : mapping of str to str
        Variant of BASE → variant of NEW, beside those that match by themselves.
    metrics : sequence of str
        Ids, labels or names; by default PSNR, SSIM and LPIPS.
    effects : sequence of str
        Smallest effects that matter, as ``NAME=VALUE``.
    moved : int
        Cases named for each method that changed.
    runtime : bool
        Whether runtimes are compared.

    Raises
    ------
    BenchError
        When they have no case or no method in common, or an option names what isn't there.
    """
    cases = match_cases(base.cases, new.cases)
    differences = case_differences(cases)
    if not len(cases.base):
        reasons = "; ".join(str(d).removesuffix(f": {NOT_COMPARED}") for d in differences)
        raise BenchError(
            f"{base.directory} and {new.directory} have no case in common"
            + (f": {reasons}" if reasons else "")
        )
    matched = match_variants(base.variants, new.variants, match or {})
    if not matched:
        raise BenchError(
            f"{base.directory} and {new.directory} have no method in common; pair some with "
            "--match BASE-LABEL=NEW-LABEL"
        )
    sides = _Sides(base, new, cases)
    pairs = [sides.pair(old, now) for old, now in matched.items()]
    differences += metric_differences(base.metrics, new.metrics)
    shifted = _shifted_metrics(sides, pairs)
    differences += shifted.values()
    chosen = _metrics(sides, metrics, set(shifted))
    smallest = read_effects(effects, chosen)
    level = 1 - (1 - LEVEL) / max(1, len(chosen) * len(sides.suites()))

    timed: Mapping[str, Figure] = {}
    if runtime:
        obstacles = runtime_obstacles(base, new)
        if not obstacles:
            timed, obstacles = compare_runtimes(base, new, cases, matched, smallest.runtime)
        differences += obstacles
    differences += software_differences(base, new)
    differences += [
        Difference("method", f"{pair.base} is compared with {pair.new}")
        for pair in pairs
        if pair.base != pair.new
    ]
    lost = _lost_suites(sides)
    methods = []
    for pair in pairs:
        done = np.logical_and(*pair.done)
        figures = _finished(sides, pair)
        figures += _score_figures(sides, pair, chosen, smallest, level)
        figures += [timed[pair.base]] if pair.base in timed else []
        methods.append(
            MethodComparison(
                base=pair.base,
                new=pair.new,
                deterministic=bool(
                    sides.base.variants.loc[pair.base, "deterministic"]
                    and sides.new.variants.loc[pair.new, "deterministic"]
                ),
                common=int(done.sum()),
                equal=int((pair.equal & done).sum()),
                figures=(*figures, *lost),
                moved=_moved(sides, pair, chosen, smallest, moved, new.cells),
            )
        )
    return Comparison(
        base=str(base.directory),
        new=str(new.directory),
        cases=len(cases.base),
        differences=tuple(differences),
        methods=tuple(methods),
        only_base=tuple(name for name in base.variants["variant"] if name not in matched),
        only_new=tuple(n for n in new.variants["variant"] if n not in set(matched.values())),
        level=LEVEL,
    )


def _digests(rows: RunRows) -> pd.DataFrame:
    wide = rows.cells.pivot(index="case", columns="variant", values="output_sha256")
    return wide.reindex(columns=rows.variants["variant"]).fillna("").astype(str)


def _shifted_metrics(sides: _Sides, pairs: Sequence[_Pair]) -> dict[str, Difference]:
    """Find metrics that score equal outputs differently: their definition moved, their id not."""
    found = {}
    for metric in sides.base.metrics:
        if metric.id not in sides.new.values:
            continue
        largest, number = 0.0, 0
        for pair in pairs:
            before, after = (values[pair.equal] for values in pair.scores[metric.id])
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
    run = sides.base if len(sides.base.metrics) > len(sides.new.metrics) else sides.new
    scored = sides.base.scored & sides.new.scored - shifted
    return tuple(metric for metric in run.main_metrics(names) if metric.id in scored)


def _lost_suites(sides: _Sides) -> list[Figure]:
    """Say of suites that both runs have, without a common case, that nothing can be told."""
    common, new = set(sides.suite_of), set(sides.new.suites())
    reason = "no case with equal image and mask"
    return [
        Figure("", "every metric", "", True, suite, Verdict.cant_tell, reason=reason)
        for suite in sides.base.suites()
        if suite in new and suite not in common
    ]


def _finished(sides: _Sides, pair: _Pair) -> list[Figure]:
    """Compare the cells finished on each suite where any finished in one run and not the other."""
    before, after = pair.done
    reached = (pair.status[0] != "") & (pair.status[1] != "")
    found = []
    for suite in dict.fromkeys(sides.suite_of):
        here = reached & (sides.suite_of == suite)
        lost, won = (before & ~after & here).sum(), (after & ~before & here).sum()
        if not lost and not won:
            continue
        difference = float(won - lost)
        found.append(
            Figure(
                *described(FINISHED_CELLS),
                suite,
                Verdict.worse if lost else Verdict.improved,
                base=float((before & here).sum()),
                new=float((after & here).sum()),
                difference=difference,
                low=difference,
                high=difference,
                effect=0.0,
                cases=int(here.sum()),
                images=len(np.unique(sides.cases.images[here])),
            )
        )
    return found


def _score_figures(
    sides: _Sides,
    pair: _Pair,
    metrics: Sequence[MetricInfo],
    effects: SmallestEffects,
    level: float,
) -> list[Figure]:
    """Test each metric on each suite; cases with equal outputs differ by nothing."""
    equal = pair.equal & pair.done[0] & pair.done[1]
    found = []
    for suite in sides.suites():
        here = (sides.suite_of == suite) | (suite == "")
        for metric in metrics:
            before, after = pair.scores[metric.id]
            after = np.where(equal, before, after)
            used = here & np.isfinite(before) & np.isfinite(after)
            if used.any():
                before, after, images = before[used], after[used], sides.cases.images[used]
                means = float(before.mean()), float(after.mean())
                effect = effects.of(metric, means[0])
                found.append(tested(metric, suite, means, after - before, images, effect, level))
    return found


def _moved(
    sides: _Sides,
    pair: _Pair,
    metrics: Sequence[MetricInfo],
    effects: SmallestEffects,
    number: int,
    new_cells: pd.DataFrame,
) -> tuple[Movement, ...]:
    """Name the cases that no longer finish, then those whose scores moved most."""
    before, after = pair.done
    broken = np.flatnonzero(before & ~after & (pair.status[1] != ""))[:number]
    size = np.zeros(len(before))
    for metric in metrics:
        old, now = pair.scores[metric.id]
        change = np.nan_to_num(np.abs(now - old))
        effect = effects.of(metric, float(np.nanmean(old)) if np.isfinite(old).any() else 0.0)
        size = np.maximum(size, change / effect if effect else np.where(change > 0, np.inf, 0))
    order = [row for row in np.argsort(-size, kind="stable") if size[row] > 0]
    cells = new_cells[new_cells["variant"] == pair.new].set_index("case")

    def movement(row: int, broken: bool) -> Movement:
        base_case, new_case = str(sides.cases.base[row]), str(sides.cases.new[row])
        case, cell = sides.base.cases.loc[base_case], cells.loc[new_case]
        scores: dict[str, tuple[float, float]] = {}
        for metric in metrics if not broken else ():
            old, now = pair.scores[metric.id]
            scores[metric.label] = (float(old[row]), float(now[row]))
        return Movement(
            base_case=base_case,
            new_case=new_case,
            place=f"{case['dataset']}/{case['sample']}",
            suite=str(case["suite"]),
            kind=str(case["kind"]),
            scores=scores,
            message=f"{cell['failure'] or cell['status']}: {cell['message']}" if broken else "",
        )

    failed = [movement(row, True) for row in broken]
    return (*failed, *(movement(row, False) for row in order[: number - len(failed)]))
