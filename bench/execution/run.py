"""Run a plan: the quality pass, the scoring pass, the exclusive timing pass.

Each pass asks the store what is missing and commits as results come, so the same command after
any end, planned or not, carries on where the last one was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from inpaintbench.execution.cell import CellTask, run_cell
from inpaintbench.execution.cluster import ClusterPool, ClusterSettings, open_cluster
from inpaintbench.execution.pool import Ended, Pool, default_memory, open_pool
from inpaintbench.execution.scoring import ScoreTask, check_metrics, score_case
from inpaintbench.execution.timing import time_cells
from inpaintbench.planning.case import Case
from inpaintbench.planning.plan import Plan, Variant
from inpaintbench.storage import provenance
from inpaintbench.storage.outcome import CaseFacts, CellOutcome
from inpaintbench.storage.store import Store


class Progress(Protocol):
    """Where a run tells how far it is."""

    def stage(self, name: str, total: int) -> None:
        """Begin a pass of `total` steps."""

    def current(self, what: str) -> None:
        """Say what is being worked on."""

    def advance(self) -> None:
        """Count one step as finished."""

    def note(self, text: str) -> None:
        """Tell the person something that matters for the results."""


@dataclass(frozen=True)
class Options:
    """How to run, none of which changes an output.

    Parameters
    ----------
    jobs : int
        Worker processes of the quality and scoring passes.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    memory : int or None
        Bytes that each worker may allocate; None shares most of the machine's.
    fresh : bool
        Remove earlier results first.
    retry : tuple of str
        Kinds of failure to run again; ``failed`` stands for all.
    timing : bool
        Whether the timing pass follows; it always runs on this machine.
    cluster : ClusterSettings or None
        Where the quality pass runs instead of this machine.
    """

    jobs: int = 1
    device: str = "cpu"
    memory: int | None = None
    fresh: bool = False
    retry: tuple[str, ...] = ()
    timing: bool = True
    cluster: ClusterSettings | None = None


@dataclass(frozen=True)
class Summary:
    """What a run did: cells run now, cells in the plan, and those failed or skipped in it."""

    ran: int
    planned: int
    failed: int
    skipped: int


def run(plan: Plan, directory: Path, options: Options, progress: Progress) -> Summary:
    """Run what is missing of a plan in a run directory.

    Raises
    ------
    BenchError
        When the directory can't be used, or the disk is full; all that finished is kept.
    """
    with Store.write(directory, fresh=options.fresh) as store:
        store.set_plan(plan)
        if options.retry:
            store.forget(None if "failed" in options.retry else options.retry)
        ran = store.pending_cell_count()
        if ran:
            # says where the outputs came from, so it changes only when some are made
            for key, value in provenance.collect(plan, options.device).items():
                store.set_meta(key, value)
            _fill_cells(plan, store, options, progress, ran)
        _score(plan, store, options, progress)
        if options.timing:
            _time(plan, store, options, progress)
        in_plan = (
            'FROM cells JOIN plan_cases USING ("case") JOIN plan_variants USING (key) '
            "WHERE status = ?"
        )
        return Summary(
            ran=ran,
            planned=plan.cell_count,
            failed=store.count(f"SELECT count(*) {in_plan}", "failed"),
            skipped=store.count(f"SELECT count(*) {in_plan}", "skipped"),
        )


def _fill_cells(plan: Plan, store: Store, options: Options, progress: Progress, total: int) -> None:
    progress.stage("inpainting", total)
    specifications = [_from_anywhere(variant.specification) for variant in plan.variants]
    by_specification = dict(zip(specifications, plan.variants, strict=True))
    jobs = max(1, min(options.jobs, total))
    memory = options.memory or default_memory(jobs)

    def tasks() -> Iterator[CellTask]:
        for case, variant in store.pending_cells():
            yield CellTask(plan.cases[case], specifications[variant], options.device)

    with _cells_pool(options, jobs, memory) as pool:
        for finished in pool.map(run_cell, tasks(), plan.benchmark.timeout):
            task = finished.task
            variant = by_specification[task.method]
            outcome, facts = _outcome(finished.result)
            store.add_cell(task.case, variant, outcome, facts)
            progress.current(f"{variant.label} on {task.case.dataset}/{task.case.sample}")
            progress.advance()


def _from_anywhere(specification: str) -> str:
    """Name a method's file by its whole path: workers of a cluster run in folders of their own."""
    name, bracket, parameters = specification.partition("[")
    path = str(Path(name).resolve()) if name.endswith(".py") else name
    return path + bracket + parameters


@contextmanager
def _cells_pool(options: Options, jobs: int, memory: int) -> Iterator[Pool | ClusterPool]:
    if options.cluster is not None:
        with open_cluster(options.cluster) as cluster:
            yield cluster
    else:
        with open_pool(jobs, memory=memory) as pool:
            yield pool


def _outcome(
    result: tuple[CellOutcome, CaseFacts] | Ended,
) -> tuple[CellOutcome, CaseFacts | None]:
    if isinstance(result, Ended):
        return CellOutcome("failed", result.failure, result.message, stderr=result.stderr), None
    return result


def _score(plan: Plan, store: Store, options: Options, progress: Progress) -> None:
    ids = {
        metric.id: text for metric, text in zip(plan.metrics, plan.benchmark.metrics, strict=True)
    }
    groups = list(store.pending_scores(ids))
    if not groups:
        return
    progress.stage("scoring", len(groups))
    progress.current("getting metrics ready")
    with open_pool(max(1, min(options.jobs, len(groups)))) as pool:
        available = _available_metrics(pool, store, ids, progress)
        # masks on one image one after the other: what belongs to the image is kept for the next
        groups = sorted(
            store.pending_scores(available),
            key=lambda group: (plan.cases[group[0]].dataset, plan.cases[group[0]].sample),
        )
        progress.stage("scoring", len(groups))
        tasks = (
            ScoreTask(
                plan.cases[position],
                tuple(outputs),
                tuple(ids[metric] for metric in available),
                str(store.directory),
            )
            for position, outputs in groups
        )
        for finished in pool.map(score_case, tasks):
            case = finished.task.case
            if isinstance(finished.result, Ended):
                progress.note(f"scoring {case.dataset}/{case.sample}: {finished.result.message}")
            else:
                store.add_scores(finished.result)
            progress.current(f"{case.dataset}/{case.sample}, {case.suite}")
            progress.advance()


def _available_metrics(
    pool: Pool, store: Store, ids: dict[str, str], progress: Progress
) -> list[str]:
    """Set the metrics up once, record those that can't be had, and return the others."""
    missing = pool.run(check_metrics, tuple(ids.values()))
    if isinstance(missing, Ended):
        missing = dict.fromkeys(ids.values(), missing.message)
    for metric, text in ids.items():
        reason = missing.get(text, "")
        store.set_missing(metric, reason)
        if reason:
            progress.note(f"{metric} is missing: {reason}")
    return [metric for metric, text in ids.items() if text not in missing]


def _time(plan: Plan, store: Store, options: Options, progress: Progress) -> None:
    settings = plan.benchmark.timing
    cells: list[tuple[Case, list[Variant]]] = []
    for case in plan.timed_cases():
        finished = store.done_keys(case)
        variants = [
            v
            for v in plan.variants
            if v.key in finished and not store.has_timing(case, v, settings.threads)
        ]
        if variants:
            cells.append((case, variants))
    if not cells:
        return
    progress.stage("timing", sum(len(variants) for _, variants in cells))
    contended = 0
    for timed in time_cells(
        cells,
        settings,
        options.device,
        plan.benchmark.timeout,
        options.memory or default_memory(1),
        lambda case, variant: progress.current(f"{variant.label} on {case.dataset}/{case.sample}"),
    ):
        if timed.timings:
            store.add_timings(timed.timings)
        if timed.failure:
            progress.note(f"timing {timed.variant.label}: {timed.failure}")
        contended += bool(timed.timings) and all(t.contended for t in timed.timings)
        progress.advance()
    if contended:
        progress.note(
            f"{contended} runtimes were taken while other programs kept the machine busy and are "
            "left out of the tables; run the same command on a quiet machine to fill them in"
        )
