"""Run a plan: the quality pass, the scoring pass, the exclusive timing pass.

Each pass asks the store what is missing and commits as results come, so the same command after
any end, planned or not, carries on where the last one was.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from inpaintbench.execution.cell import CellTask, environment_here, measure_case, run_cell
from inpaintbench.execution.cluster import ClusterPool, ClusterSettings, open_cluster
from inpaintbench.execution.method_process import MethodTask
from inpaintbench.execution.pool import Ended, Pool, default_memory, open_pool
from inpaintbench.execution.scoring import ScoreQueue, ScoreTask, check_metrics, score_case
from inpaintbench.execution.timing import time_cells
from inpaintbench.planning.case import Case, load_sample
from inpaintbench.planning.plan import Plan, Variant
from inpaintbench.storage.environment import Environment
from inpaintbench.storage.outcome import CellOutcome, Failure
from inpaintbench.storage.store import Store

# Cases worked on at once, method by method: enough to make set-up rare, few enough that their
# arrays are still at hand for the next method.
_PAGE = 1000

# Seconds beyond what a cell may take after which the process that watches it is stuck.
_MARGIN = 120.0


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
    """What a run did.

    Parameters
    ----------
    ran, planned : int
        Cells run now, cells in the plan.
    unanswered : tuple of str
        What of the plan has no answer, and why; a method's own failure is an answer.
    """

    ran: int
    planned: int
    unanswered: tuple[str, ...]


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
        lost = store.forget_lost_outputs()
        if lost:
            progress.note(f"{lost} outputs are lost or damaged; their cells run again")
        ran = store.pending_cell_count()
        libraries = tuple(sorted({name for v in plan.variants for name in v.requires}))
        job = _Run(plan, store, options, progress, libraries)
        if ran:
            job.fill_cells(ran)
        job.score()
        if options.timing:
            job.time()
        return Summary(ran, plan.cell_count, tuple(store.unanswered()))


class _Blocks:
    """Cells by variant: a worker stays with one, and then helps where most is left."""

    def __init__(self, cells: Iterable[tuple[int, int]]) -> None:
        self._waiting: dict[int, deque[int]] = {}
        for case, variant in cells:
            self._waiting.setdefault(variant, deque()).append(case)
        self._at: dict[object, int] = {}

    def take(self, worker: object) -> tuple[int, int] | None:
        """Return the position of a case and of a variant."""
        variant = self._at.get(worker)
        if variant not in self._waiting:
            if not self._waiting:
                return None
            taken = self._at.values()
            untouched = [v for v in self._waiting if v not in taken]
            variant = next(
                iter(untouched or sorted(self._waiting, key=lambda v: -len(self._waiting[v])))
            )
            self._at[worker] = variant
        assert variant is not None
        case = self._waiting[variant].popleft()
        if not self._waiting[variant]:
            del self._waiting[variant]
        return case, variant


@dataclass(frozen=True)
class _CellSource:
    """The cells of a few cases, as what a worker needs to run them."""

    job: _Run
    blocks: _Blocks
    digests: dict[str, tuple[str, str]]

    def take(self, worker: object) -> CellTask | None:
        """Return the next cell for a worker."""
        found = self.blocks.take(worker)
        if found is None:
            return None
        case = self.job.plan.cases[found[0]]
        return self.job.task(case, self.job.plan.variants[found[1]], self.digests[case.id])


@dataclass(frozen=True, eq=False)
class _Run:
    """A plan being run."""

    plan: Plan
    store: Store
    options: Options
    progress: Progress
    libraries: tuple[str, ...]

    @property
    def environment(self) -> Environment:
        return environment_here(self.options.device, self.libraries)

    @property
    def jobs(self) -> int:
        return max(1, min(self.options.jobs, self.plan.cell_count))

    def task(
        self, case: Case, variant: Variant, digests: tuple[str, str] = ("", ""), jobs: int = 0
    ) -> CellTask:
        """Say how a cell is run."""
        benchmark = self.plan.benchmark
        memory = self.options.memory
        if memory is None and self.options.cluster is None:
            memory = default_memory(jobs or self.jobs)
        method = MethodTask(
            variant.specification,
            variant.key,
            self.options.device,
            case.seed,
            benchmark.timeout,
            benchmark.setup_timeout,
        )
        return CellTask(case, method, digests, self.libraries, memory)

    def fill_cells(self, total: int) -> None:
        """Run the cells that have no result, a page of cases at a time."""
        unmade = self.store.pending_cases()
        if unmade:
            self.progress.stage("preparing", len(unmade))
        with self._pool() as pool:
            for start in range(0, len(self.plan.cases), _PAGE):
                stop = start + _PAGE
                self._prepare(pool, [p for p in unmade if start <= p < stop])
                cells = self.store.pending_cells(start, stop)
                if cells:
                    self.progress.stage("inpainting", total)
                    self._run_cells(pool, cells, self.store.case_digests(start, stop))

    @contextmanager
    def _pool(self) -> Iterator[Pool | ClusterPool]:
        if self.options.cluster is not None:
            with open_cluster(self.options.cluster) as cluster:
                yield cluster
        else:
            with open_pool(self.jobs) as pool:
                yield pool

    def _prepare(self, pool: Pool | ClusterPool, positions: list[int]) -> None:
        """Draw the holes and measure the cases before anything runs on them."""
        timeout = self.plan.benchmark.setup_timeout
        ended: list[tuple[Case, Ended]] = []
        for finished in pool.map(measure_case, [self.plan.cases[p] for p in positions], timeout):
            if isinstance(finished.result, Ended):
                ended.append((finished.task, finished.result))
            else:
                self.store.add_case(finished.task, finished.result)
            self.progress.current(f"{finished.task.dataset}/{finished.task.sample}")
            self.progress.advance()
        for case, end in ended:
            # whose fault it is shows when the image alone is made
            again = pool.run(load_sample, case, timeout)
            kind = "dataset" if isinstance(again, Ended) else "mask suite"
            self.store.add_case(case, Failure(kind, end.message, printed=end.printed))

    def _run_cells(
        self,
        pool: Pool | ClusterPool,
        cells: list[tuple[int, int]],
        digests: dict[str, tuple[str, str]],
    ) -> None:
        variants = {variant.key: variant for variant in self.plan.variants}
        benchmark = self.plan.benchmark
        limit = 2 * benchmark.setup_timeout + 2 * benchmark.timeout + _MARGIN
        source = _CellSource(self, _Blocks(cells), digests)
        for finished in pool.map(run_cell, source, limit):
            task, result = finished.task, finished.result
            if isinstance(result, Ended):
                message = f"its worker ended with it: {result.message}"
                failure = Failure(result.failure, message, printed=result.printed)
                result = CellOutcome("failed", failure), self.environment
            variant = variants[task.method.key]
            self.store.add_cell(task.case, variant, *result)
            self.progress.current(f"{variant.label} on {task.case.dataset}/{task.case.sample}")
            self.progress.advance()

    def score(self) -> None:
        """Score what lacks a score."""
        texts = self.plan.benchmark.metrics
        ids = {metric.id: text for metric, text in zip(self.plan.metrics, texts, strict=True)}
        groups = list(self.store.pending_scores(ids))
        if not groups:
            return
        self.progress.stage("scoring", len(groups))
        self.progress.current("getting metrics ready")
        with open_pool(min(self.jobs, len(groups))) as pool:
            available = self._available_metrics(pool, ids)
            # masks on one image one after the other: what belongs to the image is kept for the
            # next
            groups = sorted(
                self.store.pending_scores(available),
                key=lambda group: (
                    self.plan.cases[group[0]].dataset,
                    self.plan.cases[group[0]].sample,
                ),
            )
            self.progress.stage("scoring", len(groups))
            wanted = tuple(ids[metric] for metric in available)
            directory = str(self.store.directory)
            digests = self.store.case_digests(0, len(self.plan.cases))
            tasks = (
                ScoreTask(case, tuple(outputs), wanted, directory, digests[case.id])
                for case, outputs in ((self.plan.cases[place], found) for place, found in groups)
            )
            queue = ScoreQueue(tasks, {text: id for id, text in ids.items()})
            for finished in pool.map(score_case, queue, self.plan.benchmark.score_timeout):
                case = finished.task.case
                found = queue.scores(finished.task, finished.result)
                self.store.add_scores(found, self.environment)
                if not isinstance(finished.result, Ended):
                    whole = {score.output_sha256 for score in found}
                    self.store.forget_outputs(set(finished.task.outputs) - whole)
                self.progress.current(f"{case.dataset}/{case.sample}, {case.suite}")
                if finished.task.metrics == wanted:
                    self.progress.advance()

    def _available_metrics(self, pool: Pool, ids: dict[str, str]) -> list[str]:
        """Set the metrics up once, record those that aren't available, and return the others."""
        timeout = self.plan.benchmark.setup_timeout
        missing: dict[str, str] = {}
        together = pool.run(check_metrics, tuple(ids.values()), timeout)
        if isinstance(together, Ended):
            for text in ids.values():
                alone = pool.run(check_metrics, (text,), timeout)
                missing |= {text: alone.message} if isinstance(alone, Ended) else alone
        else:
            missing = together
        for metric, text in ids.items():
            reason = missing.get(text, "")
            self.store.set_missing(metric, reason)
            if reason:
                self.progress.note(f"{metric} is missing: {reason}")
        return [metric for metric, text in ids.items() if text not in missing]

    def time(self) -> None:
        """Time what lacks a runtime."""
        settings = self.plan.benchmark.timing
        cells = self.store.pending_timings(self.plan, self.environment, settings.threads)
        if not cells:
            return
        self.progress.stage("timing", sum(len(variants) for _, variants in cells))
        digests = self.store.case_digests(0, len(self.plan.cases))
        contended = 0
        for timed in time_cells(
            cells,
            settings,
            lambda case, variant: self.task(case, variant, digests[case.id], jobs=1),
            lambda case, variant: self.progress.current(
                f"{variant.label} on {case.dataset}/{case.sample}"
            ),
        ):
            if timed.failure is not None:
                self.store.add_timing_failure(
                    timed.case, timed.variant, timed.failure, self.environment
                )
                failed = f"{timed.failure.kind}: {timed.failure.message}"
                self.progress.note(f"timing {timed.variant.label}: {failed}")
            else:
                self.store.add_timings(timed.timings, self.environment)
                contended += all(t.contended for t in timed.timings)
            self.progress.advance()
        if contended:
            self.progress.note(
                f"{contended} runtimes were taken while other programs kept the machine busy and "
                "are left out of the tables; run the same command on a quiet machine to fill them "
                "in"
            )
