"""Check that a run is what it claims: draw its cases, read its outputs, score them again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from inpaintbench.errors import BenchError
from inpaintbench.execution.cell import measure_case
from inpaintbench.execution.method_process import describe_apart
from inpaintbench.execution.pool import Pool
from inpaintbench.execution.progress import Progress
from inpaintbench.execution.scoring import ScoreTask, missing_metrics, score_case
from inpaintbench.images.png import read_file, read_png
from inpaintbench.images.types import Image
from inpaintbench.planning import benchmark as benchmarks
from inpaintbench.planning.benchmark import SAME_CASES, Benchmark
from inpaintbench.planning.case import Case, array_sha256, load
from inpaintbench.planning.plan import make_plan
from inpaintbench.plugins import registry
from inpaintbench.plugins.specification import split_name
from inpaintbench.storage.outcome import Failure
from inpaintbench.storage.outputs import output_path
from inpaintbench.storage.rows import RunRows, is_close, long_rows, main_environment
from inpaintbench.storage.runs import read_rows
from inpaintbench.storage.store import Store


@dataclass(frozen=True)
class Verification:
    """What was checked: cases drawn again, outputs read, scores computed again; what came of it.

    `mismatches` say what isn't as the run claims, `notes` what could not be checked.
    """

    cases: int
    outputs: int
    scores: int
    mismatches: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Claim:
    """A case as the run has it: its facts, and a row for each score of each output."""

    case: Case
    facts: dict[str, Any]
    results: pd.DataFrame
    metrics: tuple[str, ...]
    directory: str


def verify(directory: Path, jobs: int, progress: Progress) -> Verification:
    """Check a run, which is left as it is: plan, cases, outputs, scores and exported rows.

    Raises
    ------
    BenchError
        When there is no run, or it doesn't say which benchmark it is.
    """
    with Store.read(directory) as store:
        rows, cases = read_rows(store), store.cases()
        specifications = store.specifications()
    benchmark = rows.benchmark
    mismatches = [
        *_plan_mismatches(benchmark, cases),
        *_method_mismatches(rows, specifications),
        *_row_mismatches(rows),
    ]
    notes = [*_benchmark_notes(benchmark), *_count_notes(rows), *_key_notes(rows, specifications)]
    with Pool(max(1, min(jobs, len(cases)))) as pool:
        progress.stage("verifying", len(cases))
        metrics, missing = usable_metrics(pool, benchmark, list(rows.metrics["metric"]))
        checked = []
        for finished in pool.map(_check_case, _claims(rows, cases, metrics)):
            place = _place(finished.task.case)
            if isinstance(finished.result, Failure):
                mismatches.append(f"{place}: can't be checked: {finished.result.message}")
            else:
                checked.append(finished.result)
                mismatches += finished.result.mismatches
            progress.current(place)
            progress.advance()
    return Verification(
        cases=len(checked),
        outputs=sum(result.outputs for result in checked),
        scores=sum(result.scores for result in checked),
        mismatches=tuple(sorted(set(mismatches))),
        notes=(*notes, *missing),
    )


def _plan_mismatches(benchmark: Benchmark, cases: list[Case]) -> Iterator[str]:
    """Compare the cases of the plan with those that the benchmark has."""
    # methods and metrics don't matter here, and those from a person's file may not be at hand
    # and one that claims more than it can have isn't drawn to its end
    count = min(benchmark.masks_per_sample, len(cases) + 1)
    plain = dataclasses.replace(
        benchmark,
        methods=("mean-fill",),
        metrics=("psnr",),
        main_metrics=(),
        masks_per_sample=count,
    )
    expected = {case.id: case for case in make_plan(plain).cases}
    found = {case.id: case for case in cases}
    for id in found.keys() - expected.keys():
        yield f"{_place(found[id])}: isn't a case of the benchmark that the run names"
    left_out = [expected[id] for id in expected if id not in found]
    if left_out:
        yield (
            f"plan: {len(left_out)} of the {len(expected)} cases of the benchmark were left out "
            f"({_place(left_out[0])}{', …' if len(left_out) > 1 else ''})"
        )
    for id in found.keys() & expected.keys():
        if found[id] != expected[id]:
            yield f"{_place(found[id])}: its id belongs to another case"


def _method_mismatches(rows: RunRows, specifications: dict[str, str]) -> Iterator[str]:
    """Compare the methods of the plan with those that the benchmark has."""
    planned = {specifications[key] for key in rows.variants["key"]}
    wanted = {split_name(text)[1] for text in rows.benchmark.methods}
    if planned != wanted and rows.benchmark.draws == 1:
        others = ", ".join(sorted(planned ^ wanted))
        yield f"plan: its methods aren't those of the benchmark that the run names ({others})"


def _row_mismatches(rows: RunRows) -> Iterator[str]:
    """Compare the exported rows, where there are some, with the database."""
    path = rows.directory / "rows.csv"
    if not path.is_file():
        return
    from inpaintbench.regression.reading import read_results

    try:
        exported = long_rows(read_results(path))
    except BenchError as error:
        yield f"rows.csv: {error}"
        return
    names = ["case", "variant", "metric", "status", "output_sha256", "value"]
    ours, theirs = (table[names].set_index(names[:3]) for table in (long_rows(rows), exported))
    if not ours.index.equals(theirs.index):
        yield f"rows.csv: has {len(theirs)} rows that aren't the {len(ours)} of run.db"
        return
    same = ((ours == theirs) | (ours.isna() & theirs.isna())).all(axis=1)
    for case, variant, metric in ours.index[~same]:
        yield f"rows.csv: {variant} on {case}, {metric or 'no metric'}: not as in run.db"


def _benchmark_notes(benchmark: Benchmark) -> Iterator[str]:
    """Say how the benchmark differs from the preset whose name it bears."""
    if benchmark.name not in benchmarks.preset_names():
        return
    preset = benchmarks.read(benchmark.name)
    for name in SAME_CASES:
        has, should = (
            ", ".join(value) if isinstance(value, tuple) else str(value)
            for value in (getattr(benchmark, name), getattr(preset, name))
        )
        if has != should:
            yield f"not the preset {benchmark.name}: {name} is {has}, not {should}"


def _count_notes(rows: RunRows) -> Iterator[str]:
    """Say what wasn't reached, and what can't be checked."""
    missing = rows.planned_cells - len(rows.cells)
    if missing:
        yield f"{missing} of {rows.planned_cells} cells weren't reached"
    failed = int((rows.cells["status"] == "failed").sum())
    if failed:
        yield f"{failed} cells failed, which only a replay can check"
    if len(rows.timings):
        yield "runtimes can't be verified"


def _key_notes(rows: RunRows, specifications: dict[str, str]) -> Iterator[str]:
    """Say which methods aren't here as they were when the run was made."""
    device = "cpu" if main_environment(rows).device == "cpu" else "cuda"
    for variant, key in zip(rows.variants["variant"], rows.variants["key"], strict=True):
        try:
            registry.admit(specifications[key])
            if describe_apart(specifications[key], device).key != key:
                yield f"{variant}: its code, weights or libraries here aren't those of the run"
        except BenchError as error:
            yield f"{variant}: its code isn't compared with the run's ({error})"


def usable_metrics(
    pool: Pool, benchmark: Benchmark, wanted: Iterable[str]
) -> tuple[dict[str, str], list[str]]:
    """Return id → specification of the metrics that can be computed, and notes on the others."""
    by_id, notes = {}, []
    for text in benchmark.metrics:
        try:
            by_id[registry.metrics().make(text).id] = text
        except BenchError as error:
            notes.append(f"{text}: not checked ({error})")
    unavailable = missing_metrics(pool, by_id.values())
    used = {}
    for id in wanted:
        if id not in by_id:
            notes.append(f"{id}: not checked (no metric here has this id)")
        elif by_id[id] in unavailable:
            notes.append(f"{id}: not checked ({unavailable[by_id[id]]})")
        else:
            used[id] = by_id[id]
    return used, notes


def _claims(rows: RunRows, cases: list[Case], metrics: dict[str, str]) -> Iterator[_Claim]:
    """Yield what the run says of each case that it reached."""
    places = ["dataset", "sample", "suite", "mask_index"]
    facts = rows.cases[rows.cases["image_sha256"] != ""].drop(columns=places).set_index("case")
    done = rows.cells.loc[rows.cells["status"] == "done", ["case", "variant", "output_sha256"]]
    results = done.merge(rows.scores, on=["case", "variant"], how="left")
    by_case = dict(iter(results.groupby("case")))
    # a metric that the run could not compute itself has no scores to check
    missing = set(rows.metrics.loc[rows.metrics["missing"] != "", "metric"])
    wanted = tuple(text for id, text in metrics.items() if id not in missing)
    for case in cases:
        if case.id in facts.index:
            own = by_case.get(case.id, results[:0])
            yield _Claim(case, facts.loc[case.id].to_dict(), own, wanted, str(rows.directory))


def _check_case(claim: _Claim) -> Verification:
    """Check one case in a worker process."""
    place = _place(claim.case)
    made = measure_case(claim.case)
    if isinstance(made, Failure):
        return Verification(1, 0, 0, (f"{place}: can't be drawn again: {made.message}",))
    mismatches = [
        f"{place}: {name} is {getattr(made, name)}, the run says {claimed}"
        for name, claimed in claim.facts.items()
        if not is_close(claimed, getattr(made, name))
    ]
    reference = load(claim.case).image
    outputs = claim.results.groupby("output_sha256")["variant"].unique()
    who = {sha256: f"{', '.join(names)} on {place}" for sha256, names in outputs.items()}
    claims = claim.results.set_index(["output_sha256", "metric"])["value"].to_dict()
    problems = {sha256: _output_problem(Path(claim.directory), sha256, reference) for sha256 in who}
    mismatches += [f"{who[sha256]}: {problem}" for sha256, problem in problems.items() if problem]
    sound = tuple(sha256 for sha256, problem in problems.items() if not problem)
    task = ScoreTask(claim.case, sound, claim.metrics, claim.directory)
    scores = score_case(task) if sound and claim.metrics else []
    for score in scores:
        claimed = claims.get((score.output_sha256, score.metric))
        if claimed is None:
            mismatches.append(f"{who[score.output_sha256]}: {score.metric} is left out")
        elif not is_close(claimed, score.value):
            told = f"{score.metric} is {score.value:.6g}, the run says {claimed:.6g}"
            mismatches.append(f"{who[score.output_sha256]}: {told}")
    return Verification(1, len(sound), len(scores), tuple(mismatches))


def _output_problem(directory: Path, sha256: str, reference: Image) -> str:
    """Say what is wrong with an output file, if anything."""
    path = output_path(sha256)
    try:
        output = read_png(read_file(directory / path, reference.shape))
    except (OSError, ValueError) as error:
        return f"{path} can't be read ({error})"
    if array_sha256(output) != sha256:
        return f"{path} isn't the output whose digest it bears"
    right = output.dtype == reference.dtype
    return "" if right else f"{path} is {output.dtype}, the image {reference.dtype}"


def _place(case: Case) -> str:
    return f"{case.dataset}/{case.sample}, {case.suite}, case {case.id}"
