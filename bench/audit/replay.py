"""Compute one cell of a run again and say whether the same comes out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inpaintbench.audit.verification import close, recorded_benchmark
from inpaintbench.errors import BenchError
from inpaintbench.execution.cell import CellTask, measure_case, run_cell
from inpaintbench.execution.method_process import MethodTask, describe_apart
from inpaintbench.execution.pool import Ended, open_pool
from inpaintbench.metrics.base import Metric, MetricUnavailable
from inpaintbench.metrics.scoring import score_group
from inpaintbench.planning.case import Case, load
from inpaintbench.plugins import registry
from inpaintbench.storage.imagefile import read_png
from inpaintbench.storage.outcome import CaseFacts, CellOutcome, Failure
from inpaintbench.storage.rows import RunRows
from inpaintbench.storage.runs import read_rows
from inpaintbench.storage.store import Store
from inpaintbench.suggestion import did_you_mean


@dataclass(frozen=True)
class Replayed:
    """A cell computed again.

    Parameters
    ----------
    place : str
        Dataset, sample, suite and id of the case.
    variant : str
        Variant.
    found : CellOutcome
        What came out now.
    scores : tuple of (str, float, float)
        Metric id, the run's score, the score now.
    mismatches : tuple of str
        What isn't as the run says; empty when all is.
    notes : tuple of str
        What may explain a mismatch.
    """

    place: str
    variant: str
    found: CellOutcome
    scores: tuple[tuple[str, float, float], ...]
    mismatches: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Record:
    """What the run says of a cell, and what makes it again."""

    case: Case
    variant: str
    specification: str
    key: str
    deterministic: bool
    facts: tuple[str, str]
    status: str
    failure: str
    output: str
    scores: dict[str, float]


def replay(
    directory: Path, case: str, variant: str, *, method: str = "", device: str = "cpu"
) -> Replayed:
    """Run one cell again in a process of its own, score it, and compare.

    Parameters
    ----------
    directory : Path
        Run directory; it is left as it is.
    case : str
        Id of the case, or its beginning.
    variant : str
        Variant.
    method : str
        Specification of the method where the run's own no longer leads to it: a file elsewhere.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.

    Raises
    ------
    BenchError
        When the run has no such case, variant or cell.
    """
    with Store.read(directory) as store:
        rows = read_rows(store)
        record = _record(store, rows, case, variant)
    benchmark = recorded_benchmark(rows)
    for text in (
        record.case.dataset,
        record.case.suite,
        *([] if method else [record.specification]),
    ):
        registry.admit(text)
    if not method:
        registry.admit(record.specification)
    found = describe_apart(method or record.specification, device)
    notes = []
    if found.key != record.key:
        notes.append("the method's code, weights or libraries aren't those of the run")
    if not record.deterministic:
        notes.append("the method isn't deterministic: its output may differ each time")
    task = MethodTask(
        found.specification,
        found.key,
        device,
        record.case.seed,
        benchmark.timeout,
        benchmark.setup_timeout,
    )
    with open_pool(1) as pool:
        facts = pool.run(measure_case, record.case, benchmark.timeout)
        result = pool.run(run_cell, CellTask(record.case, task, libraries=found.requires))
    if isinstance(result, Ended):
        outcome = CellOutcome("failed", Failure(result.failure, result.message))
    else:
        outcome = result[0]
    known = facts if isinstance(facts, CaseFacts) else None
    mismatches = [*_case_mismatches(record, known), *_outcome_mismatches(record, outcome)]
    scores = []
    if outcome.png is not None:
        metrics, missing = _metrics(benchmark.metrics, record)
        notes += missing
        loaded = load(record.case)
        values = score_group(metrics, loaded.image, loaded.mask, [read_png(outcome.png)])[0]
        for metric, value in zip(metrics, values, strict=True):
            claimed = record.scores[metric.id]
            scores.append((metric.id, claimed, value))
            if not close(claimed, value):
                mismatches.append(f"{metric.id} is {value:.6g}, the run says {claimed:.6g}")
    place = f"{record.case.dataset}/{record.case.sample}, {record.case.suite}, {record.case.id}"
    return Replayed(place, variant, outcome, tuple(scores), tuple(mismatches), tuple(notes))


def _record(store: Store, rows: RunRows, case: str, variant: str) -> _Record:
    """Look a cell up."""
    variants = rows.variants.set_index("variant")
    if variant not in variants.index:
        known = list(variants.index)
        raise BenchError(
            f"{store.directory}: no method {variant!r}{did_you_mean(variant, known)} "
            f"(it has: {', '.join(known)})"
        )
    matching = [known for known in store.cases() if case and known.id.startswith(case)]
    if len(matching) != 1:
        count = "no case" if not matching else f"{len(matching)} cases"
        raise BenchError(
            f"{store.directory}: {count} whose id begins with {case!r} (rows.csv lists them)"
        )
    found = matching[0]
    cell = rows.cells[(rows.cells["case"] == found.id) & (rows.cells["variant"] == variant)]
    if cell.empty:
        raise BenchError(f"{store.directory}: {variant} wasn't run on case {found.id}")
    row = cell.iloc[0]
    own = rows.scores[(rows.scores["case"] == found.id) & (rows.scores["variant"] == variant)]
    facts = rows.cases.set_index("case")
    reached = facts.loc[found.id] if found.id in facts.index else None
    key = str(variants.loc[variant, "key"])
    return _Record(
        case=found,
        variant=variant,
        specification=store.specification(key),
        key=key,
        deterministic=bool(variants.loc[variant, "deterministic"]),
        facts=("", "")
        if reached is None
        else (str(reached["image_sha256"]), str(reached["mask_sha256"])),
        status=str(row["status"]),
        failure=str(row["failure"]),
        output=str(row["output_sha256"]),
        scores=dict(zip(own["metric"], own["value"].astype(float), strict=True)),
    )


def _case_mismatches(record: _Record, facts: CaseFacts | None) -> list[str]:
    """Compare the arrays of the case with those of the run."""
    if facts is None or record.facts == ("", ""):
        return []
    found = (facts.image_sha256, facts.mask_sha256)
    return [
        f"the {what} isn't the one of the run"
        for what, now, then in zip(("image", "mask"), found, record.facts, strict=True)
        if now != then
    ]


def _outcome_mismatches(record: _Record, outcome: CellOutcome) -> list[str]:
    """Compare how the cell ended, and its output."""

    def ended(status: str, failure: str) -> str:
        return f"{status}: {failure}" if failure else status

    why = outcome.failure or Failure("", outcome.message)
    now = ended(outcome.status, why.kind)
    then = ended(record.status, record.failure)
    if now != then:
        reason = f" ({why.message})" if why.message else ""
        return [f"the cell ended as {now}{reason}, the run says {then}"]
    if outcome.output_sha256 != record.output:
        return [f"the output is {outcome.output_sha256[:12]}…, the run's {record.output[:12]}…"]
    return []


def _metrics(specifications: tuple[str, ...], record: _Record) -> tuple[list[Metric], list[str]]:
    """Set up the metrics that the run scored the cell with; name those that can't be had."""
    metrics, notes = [], []
    for text in specifications:
        metric = registry.metrics().make(text)
        if metric.id not in record.scores:
            continue
        try:
            metric.setup()
        except MetricUnavailable as error:
            notes.append(f"{metric.id}: not compared ({error})")
        else:
            metrics.append(metric)
    return metrics, notes
