"""Run a plan: the quality pass, the scoring pass, the exclusive timing pass.

Each pass asks the store what is missing and commits as results come, so the same command after
any end, planned or not, carries on where the last one was.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from inpaintbench.execution.cell import CellTask, image_failure, measure_case, run_cell
from inpaintbench.execution.cluster import ClusterSettings, open_cluster
from inpaintbench.execution.method_process import MethodTask
from inpaintbench.execution.pool import Places, Pool, default_memory
from inpaintbench.execution.process import ENDS, Limits
from inpaintbench.execution.progress import Progress
from inpaintbench.execution.scoring import ScoreQueue, ScoreTask, missing_metrics, score_case
from inpaintbench.execution.timing import TimedCell, time_cells
from inpaintbench.planning.case import Case, Content
from inpaintbench.planning.plan import Plan, Variant
from inpaintbench.storage.environment import Environment, current_environment
from inpaintbench.storage.outcome import CellOutcome, Failure
from inpaintbench.storage.store import Store

# Cases worked on at once, method by method: enough to make set-up rare, few enough that their
# arrays are still at hand for the next method.
_PAGE = 1000


@dataclass(frozen=True)
class Options:
    """How to run, none of which changes an output."""

    jobs: int = 1  # worker processes of the quality and scoring passes
    device: str = "cpu"  # or ``cuda``, ``cuda:N``
    memory: int | None = None  # bytes that each worker may allocate; None shares most there are
    fresh: bool = False  # remove earlier results first
    retry: tuple[str, ...] = ()  # kinds of failure to run again; ``failed`` stands for all
    timing: bool = True  # whether the timing pass follows; it always runs on this machine
    cluster: ClusterSettings | None = None  # where the quality pass runs instead of this machine


@dataclass(frozen=True)
class Summary:
    """What a run did: cells run now, cells in the plan, and what of it has no answer, and why.

    A method's own failure is an answer; `failed` says which methods have no other.
    """

    ran: int
    planned: int
    unanswered: tuple[str, ...]
    failed: tuple[str, ...] = ()


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
        return Summary(
            ran, plan.cell_count, tuple(store.unanswered()), tuple(store.failed_everywhere())
        )


class _Blocks:
    """Cells by variant, a source of tasks: a place stays with one, then helps where most is left.

    A cell is the positions of its case and its variant, of which `task` says how they are run.
    """

    def __init__(
        self, cells: Iterable[tuple[int, int]], task: Callable[[int, int], CellTask]
    ) -> None:
        self._task = task
        self._waiting: dict[int, deque[int]] = {}
        for case, variant in cells:
            self._waiting.setdefault(variant, deque()).append(case)
        self._at: dict[Hashable, int] = {}

    def __call__(self, place: Hashable) -> CellTask | None:
        """Return the next cell for a place."""
        variant = self._at.get(place, -1)
        if not self._waiting.get(variant):
            left = [v for v, cases in self._waiting.items() if cases]
            if not left:
                return None
            taken = self._at.values()
            untouched = next((v for v in left if v not in taken), None)
            most = max(left, key=lambda v: len(self._waiting[v]))
            variant = self._at[place] = most if untouched is None else untouched
        return self._task(self._waiting[variant].popleft(), variant)


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
        return current_environment(self.options.device, self.libraries)

    @property
    def jobs(self) -> int:
        return max(1, min(self.options.jobs, self.plan.cell_count))

    def task(self, case: Case, variant: Variant, content: Content, threads: int = 0) -> CellTask:
        """Say how a cell is run, or timed on so many threads."""
        benchmark = self.plan.benchmark
        memory = self.options.memory
        if memory is None and self.options.cluster is None:
            memory = default_memory(1 if threads else self.jobs)
        method = MethodTask(
            variant.specification,
            variant.key,
            self.options.device,
            case.seed,
            benchmark.timeout,
            benchmark.setup_timeout,
            Limits(threads or 1, memory),
            timed=bool(threads),
            sees=variant.sees,
            prompts=variant.prompts,
        )
        return CellTask(case, method, content, self.libraries)

    def fill_cells(self, total: int) -> None:
        """Run the cells that have no result, a page of cases at a time."""
        unmade = self.store.pending_cases()
        cluster = self.options.cluster
        with open_cluster(cluster) if cluster else Pool(self.jobs) as places:
            for start in range(0, len(self.plan.cases), _PAGE):
                stop = start + _PAGE
                waiting = [p for p in unmade if start <= p < stop]
                if waiting:
                    self.progress.stage("preparing", len(unmade))
                    self._prepare(places, waiting)
                cells = self.store.pending_cells(start, stop)
                if cells:
                    self.progress.stage("inpainting", total)
                    self._run_cells(places, cells, self.store.contents(start, stop))

    def _prepare(self, places: Places, positions: list[int]) -> None:
        """Draw the holes and measure the cases before anything runs on them."""
        timeout = self.plan.benchmark.setup_timeout
        ended: list[tuple[Case, Failure]] = []
        for finished in places.map(measure_case, [self.plan.cases[p] for p in positions], timeout):
            case, facts = finished.task, finished.result
            if isinstance(facts, Failure) and facts.kind in ENDS:
                ended.append((case, facts))
            else:
                self.store.add_case(case, facts)
            self.progress.current(f"{case.dataset}/{case.sample}")
            self.progress.advance()
        for case, end in ended:
            # whose fault it is shows when the image alone is made
            kind = "dataset" if places.run(image_failure, case, timeout) else "mask suite"
            self.store.add_case(case, replace(end, kind=kind))

    def _run_cells(
        self, places: Places, cells: list[tuple[int, int]], contents: dict[str, Content]
    ) -> None:
        def task(case: int, variant: int) -> CellTask:
            planned = self.plan.cases[case]
            return self.task(planned, self.plan.variants[variant], contents[planned.id])

        variants = {variant.key: variant for variant in self.plan.variants}
        limit = task(*cells[0]).method.longest
        for finished in places.map(run_cell, _Blocks(cells, task), limit):
            case, result = finished.task.case, finished.result
            variant = variants[finished.task.method.key]
            if isinstance(result, Failure):
                message = f"its worker ended with it: {result.message}"
                result = CellOutcome("failed", replace(result, message=message)), self.environment
            self.store.add_cell(case, variant, *result)
            self.progress.current(_place(variant, case))
            self.progress.advance()

    def score(self) -> None:
        """Score what lacks a score."""
        texts = self.plan.benchmark.metrics
        ids = {metric.id: text for metric, text in zip(self.plan.metrics, texts, strict=True)}
        count = len(list(self.store.pending_scores(ids)))
        if not count:
            return
        self.progress.stage("scoring", count)
        self.progress.current("getting metrics ready")
        with Pool(min(self.jobs, count)) as pool:
            available = self._available_metrics(pool, ids)
            groups = [(self.plan.cases[p], f) for p, f in self.store.pending_scores(available)]
            # masks on one image one after the other: what belongs to the image is kept for the
            # next
            groups.sort(key=lambda group: (group[0].dataset, group[0].sample))
            self.progress.stage("scoring", len(groups))
            wanted = tuple(ids[metric] for metric in available)
            directory = str(self.store.directory)
            contents = self.store.contents(0, len(self.plan.cases))
            tasks = (
                ScoreTask(case, tuple(outputs), wanted, directory, contents[case.id])
                for case, outputs in groups
            )
            queue = ScoreQueue(tasks, {text: id for id, text in ids.items()})
            for finished in pool.map(score_case, queue, self.plan.benchmark.score_timeout):
                case = finished.task.case
                found = queue.scores(finished.task, finished.result)
                self.store.add_scores(found, self.environment)
                if not isinstance(finished.result, Failure):
                    whole = {score.output_sha256 for score in found}
                    self.store.forget_outputs(set(finished.task.outputs) - whole)
                self.progress.current(f"{case.dataset}/{case.sample}, {case.suite}")
                if finished.task.metrics == wanted:
                    self.progress.advance()

    def _available_metrics(self, pool: Pool, ids: dict[str, str]) -> list[str]:
        """Set the metrics up once, record those that aren't available, and return the others."""
        missing = missing_metrics(pool, ids.values(), self.plan.benchmark.setup_timeout)
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
        contents = self.store.contents(0, len(self.plan.cases))
        contended = 0

        def cell(case: Case, variant: Variant) -> TimedCell:
            return TimedCell(variant, self.task(case, variant, contents[case.id], settings.threads))

        for timed in time_cells(
            [[cell(case, variant) for variant in variants] for case, variants in cells],
            settings,
            lambda timed: self.progress.current(_place(timed.variant, timed.task.case)),
        ):
            found = timed.failure or timed.timings
            self.store.add_timings(timed.task.case, timed.variant, found, self.environment)
            if timed.failure is not None:
                failed = f"{timed.failure.kind}: {timed.failure.message}"
                self.progress.note(f"timing {timed.variant.label}: {failed}")
            else:
                contended += all(t.contended for t in timed.timings)
            self.progress.advance()
        if contended:
            self.progress.note(
                f"{contended} runtimes were taken while other programs kept the machine busy and "
                "are left out of the tables; run the same command on a quiet machine to fill them "
                "in"
            )


def _place(variant: Variant, case: Case) -> str:
    return f"{variant.label} on {case.dataset}/{case.sample}"
