"""Compute one cell of a run again and say whether the same comes out."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from inpaintbench.audit.verification import usable_metrics
from inpaintbench.errors import BenchError
from inpaintbench.execution.cell import CellTask, measure_case, run_cell
from inpaintbench.execution.method_process import MethodTask, describe_apart
from inpaintbench.execution.pool import Pool
from inpaintbench.execution.scoring import ScoreTask, score_case
from inpaintbench.images.files import write_whole
from inpaintbench.planning.case import Case, Content
from inpaintbench.plugins import registry
from inpaintbench.plugins.specification import is_file, parse
from inpaintbench.storage.outcome import CaseFacts, CellOutcome, Failure, Score
from inpaintbench.storage.outputs import output_path
from inpaintbench.storage.rows import RunRows, is_close
from inpaintbench.storage.runs import read_rows
from inpaintbench.storage.store import Store
from inpaintbench.suggestion import did_you_mean


@dataclass(frozen=True)
class Replayed:
    """A cell computed again: the case it is of, what came out, and how that compares.

    `scores` are metric id, the run's score and the score now; `mismatches` say what isn't as the
    run claims, `notes` what may explain it.
    """

    place: str
    variant: str
    found: CellOutcome
    scores: tuple[tuple[str, float, float], ...]
    mismatches: tuple[str, ...]
    notes: tuple[str, ...]


def replay(
    directory: Path, case_id: str, variant: str, *, method: str = "", device: str = "cpu"
) -> Replayed:
    """Run one cell again in a process of its own, score it, and compare; the run stays as it is.

    `case_id` may be the beginning of an id. `method` is the method's specification where the run's
    own no longer leads to it: a file elsewhere; without parameters, it gets those of the run.

    Raises
    ------
    BenchError
        When the run has no such case, variant or cell.
    """
    with Store.read(directory) as store:
        rows = read_rows(store)
        case, claim = _find(store, rows, case_id, variant)
        specifications = store.specifications()
    benchmark = rows.benchmark
    specification = _moved(specifications[claim["key"]], method)
    file = parse(specification).name
    if is_file(file) and not Path(file).is_file():
        raise BenchError(
            f"{file}: no such file; where {variant} has moved, give its file: "
            f"--method ./{Path(file).name}"
        )
    for text in (case.dataset, case.suite, *([] if method else [specification])):
        registry.admit(text)
    found = describe_apart(specification, device)
    notes = []
    if found.settings != json.loads(claim["settings"]):
        notes.append(f"the parameters aren't those of the run: this is {found.label}")
    if found.key != claim["key"]:
        notes.append("the method's code, weights or libraries aren't those of the run")
    if not claim["deterministic"]:
        notes.append("the method isn't deterministic: its output may differ each time")
    task = MethodTask(
        found.specification,
        found.key,
        device,
        case.seed,
        benchmark.timeout,
        benchmark.setup_timeout,
        sees=found.sees,
        prompts=found.prompts,
    )
    with Pool(1) as pool:
        facts = pool.run(measure_case, case, benchmark.timeout)
        result = pool.run(run_cell, CellTask(case, task, libraries=found.requires))
        outcome = CellOutcome("failed", result) if isinstance(result, Failure) else result[0]
        own = rows.scores[(rows.scores["case"] == case.id) & (rows.scores["variant"] == variant)]
        claimed = dict(zip(own["metric"], own["value"].astype(float), strict=True))
        scores = []
        if outcome.png is not None and claimed:
            metrics, missing = usable_metrics(pool, benchmark, list(claimed))
            notes += missing
            scores = _scored(pool, case, outcome, tuple(metrics.values()))
    mismatches = _outcome_mismatches(claim, outcome)
    if isinstance(facts, CaseFacts) and claim["image_sha256"]:
        then = Content(*(claim[field.name] for field in fields(Content)))
        if other := then.differs(facts.content):
            mismatches.insert(0, f"the {other} isn't the one of the run")
    mismatches += [
        f"{score.metric} is {score.value:.6g}, the run says {claimed[score.metric]:.6g}"
        for score in scores
        if not is_close(claimed[score.metric], score.value)
    ]
    compared = tuple((score.metric, claimed[score.metric], score.value) for score in scores)
    place = f"{case.dataset}/{case.sample}, {case.suite}, {case.id}"
    return Replayed(place, variant, outcome, compared, tuple(mismatches), tuple(notes))


def _moved(specification: str, method: str) -> str:
    """Put a method in the place of another, with its parameters and number of the draw."""
    if not method:
        return specification
    parameters = "" if parse(method).parameters else specification[len(parse(specification).name) :]
    return f"{method}{parameters}"


def _scored(pool: Pool, case: Case, outcome: CellOutcome, metrics: tuple[str, ...]) -> list[Score]:
    """Score the new output."""
    with TemporaryDirectory() as folder:
        write_whole(Path(folder) / output_path(outcome.output_sha256), outcome.png or b"")
        task = ScoreTask(case, (outcome.output_sha256,), metrics, folder)
        found = pool.run(score_case, task)
    if isinstance(found, Failure):
        raise BenchError(f"scoring the new output failed: {found.message}")
    return found


def _find(store: Store, rows: RunRows, beginning: str, variant: str) -> tuple[Case, dict[str, Any]]:
    """Look a cell up: its case, and what the run says of cell, variant and case."""
    known = list(rows.variants["variant"])
    if variant not in known:
        raise BenchError(
            f"{store.directory}: no method {variant!r}{did_you_mean(variant, known)} "
            f"(it has: {', '.join(known)})"
        )
    matching = [case for case in store.cases() if beginning and case.id.startswith(beginning)]
    if len(matching) != 1:
        count = "no case" if not matching else f"{len(matching)} cases"
        raise BenchError(
            f"{store.directory}: {count} whose id begins with {beginning!r} (rows.csv lists them)"
        )
    (case,) = matching
    cells = rows.cells[(rows.cells["case"] == case.id) & (rows.cells["variant"] == variant)]
    if cells.empty:
        raise BenchError(f"{store.directory}: {variant} wasn't run on case {case.id}")
    told = cells.merge(rows.variants, on="variant").merge(rows.cases, on="case")
    claim: dict[str, Any] = told.to_dict("records")[0]
    return case, claim


def _outcome_mismatches(claim: dict[str, Any], outcome: CellOutcome) -> list[str]:
    """Compare how the cell ended, and its output."""
    why = outcome.failure or Failure("", outcome.message)
    now, then = (
        f"{status}: {failure}" if failure else status
        for status, failure in (
            (outcome.status, why.kind),
            (claim["status"], claim["failure"]),
        )
    )
    if now != then:
        reason = f" ({why.message})" if why.message else ""
        return [f"the cell ended as {now}{reason}, the run says {then}"]
    output, claimed = outcome.output_sha256, claim["output_sha256"]
    return [] if output == claimed else [f"the output is {output[:12]}…, the run's {claimed[:12]}…"]
