"""``inpaintbench run``: run a benchmark, or what is left of it."""

from __future__ import annotations

import dataclasses
import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inpaintbench.cli.options import Device, Jobs
from inpaintbench.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inpaintbench.planning.benchmark import Benchmark
    from inpaintbench.planning.plan import Plan


_UNANSWERED = 3
"""Exit status of a run that ended, but not all that was planned has an answer."""


class Executor(enum.StrEnum):
    """Where cells run."""

    local = "local"
    dask = "dask"
    slurm = "slurm"


def run(
    benchmark: Annotated[
        str, typer.Argument(metavar="[PRESET|FILE.toml]", help="A ready benchmark, or your own.")
    ] = "quick",
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            "-m",
            help="Methods: telea, 'telea[radius=5]', ./file.py, or 'Ours=./file.py' to name one "
            "[list methods].",
        ),
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            "--dataset", "-d", help="Datasets: photos, 'folder[path=pictures]' [list datasets]."
        ),
    ] = None,
    masks: Annotated[
        list[str] | None,
        typer.Option("--masks", help="Mask suites: small-holes, ./file.py [list masks]."),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric", help="Metrics, which tables show: psnr, ./file.py [list metrics]."
        ),
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option(
            "--add",
            "-a",
            metavar="METHOD",
            help="Methods beside those of the preset, and beside those added to its folder before.",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Images taken from each dataset.")
    ] = None,
    subset_seed: Annotated[
        int | None,
        typer.Option(help="Draw the --limit images with this seed instead of taking the first."),
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="Masks of each suite for each image.")
    ] = None,
    draws: Annotated[
        int | None, typer.Option(min=1, help="Draws of each stochastic method for each case.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of masks and methods.")] = None,
    jobs: Jobs = 0,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds after which a call is ended.")
    ] = None,
    setup_timeout: Annotated[
        float | None, typer.Option(help="Seconds that setting a method up may take.")
    ] = None,
    memory: Annotated[
        str | None, typer.Option(help="Memory limit of each worker, such as 4G.")
    ] = None,
    device: Device = "cpu",
    threads: Annotated[int | None, typer.Option(min=1, help="Threads in the timing pass.")] = None,
    timing: Annotated[bool, typer.Option(help="Follow with the exclusive timing pass.")] = True,
    report: Annotated[bool, typer.Option(help="End with tables and figures.")] = True,
    retry: Annotated[
        list[str] | None, typer.Option(help="Run failures again: failed (all), timeout, crash, …")
    ] = None,
    allow_failures: Annotated[
        bool,
        typer.Option("--allow-failures", help="Exit with 0 though a method failed on every case."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be run, and how long; run nothing.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Remove earlier results first.")] = False,
    executor: Annotated[
        Executor, typer.Option(help="Where the quality pass runs.")
    ] = Executor.local,
    scheduler: Annotated[
        str, typer.Option(help="Address of the Dask scheduler: tcp://host:8786.")
    ] = "",
    locked: Annotated[
        bool,
        typer.Option("--locked", help="Refuse headers of methods without a lock file that fits."),
    ] = False,
    print_job_script: Annotated[
        bool,
        typer.Option("--print-job-script", help="Show the batch script of slurm, and run nothing."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Run directory [results/runs/ and the name]."),
    ] = None,
) -> None:
    """Run a benchmark: every method on exactly the same holes, scored and timed.

    The same command carries on where an earlier one ended, however it ended. Options marked …
    may be repeated, and take commas and every word up to the next option: the preset goes first.
    With other content than a preset's, the run and its folder are called after what they hold.

    The exit status is 0 when everything planned has an answer, a method's own failure being one;
    3 when a picture, a mask, a metric or a machine kept something from having one, or a method
    failed on every case (see --allow-failures).
    """
    from inpaintbench.cli.progress import progress as shown_progress
    from inpaintbench.cli.report import present
    from inpaintbench.cores import cores
    from inpaintbench.errors import BenchError
    from inpaintbench.execution.cluster import ClusterSettings, slurm_job_script
    from inpaintbench.execution.method_process import describe_apart
    from inpaintbench.execution.run import Options
    from inpaintbench.execution.run import run as run_plan
    from inpaintbench.planning import benchmark as benchmarks
    from inpaintbench.planning.naming import with_options
    from inpaintbench.planning.plan import make_plan
    from inpaintbench.plugins.registry import require_locks

    wanted = with_options(
        benchmarks.read(benchmark),
        methods=method,
        datasets=dataset,
        masks=masks,
        metrics=metric,
        main_metrics=metric,
        limit=limit,
        subset_seed=subset_seed,
        masks_per_sample=count,
        draws=draws,
        seed=seed,
        timeout=timeout,
        setup_timeout=setup_timeout,
    )
    directory = out or Path("results/runs") / wanted.name
    if add:
        wanted = _with_added(wanted, add, directory, fresh)
    if threads is not None:
        wanted = dataclasses.replace(
            wanted, timing=dataclasses.replace(wanted.timing, threads=threads)
        )
    cluster, most_memory = None, _bytes(memory)
    if executor is not Executor.local:
        cluster = ClusterSettings(executor.value, scheduler, max(1, jobs), most_memory)
    if print_job_script:
        if cluster is None or executor is not Executor.slurm:
            raise BenchError("--print-job-script goes with --executor slurm")
        say(slurm_job_script(cluster))
        return
    options = Options(
        jobs=jobs or cores(),
        device=device,
        memory=most_memory,
        fresh=fresh,
        retry=_failures(retry),
        timing=timing and wanted.timing.cases > 0,
        cluster=cluster,
    )
    directory = out or Path("results/runs") / wanted.name
    if locked:
        require_locks(wanted.methods)
    plan = make_plan(wanted, device, describe_apart)
    for line in _too_few_images(plan):
        say(line, err=True)
    if dry_run:
        from inpaintbench.cli.dry_run import show

        show(plan, directory, options)
        return
    for line in _left_out(plan, directory, fresh):
        say(line, err=True)
    with shown_progress() as progress:
        summary = run_plan(plan, directory, options, progress)
    present(directory, refresh=summary.ran > 0, report=report)
    for line in summary.unanswered:
        say(f"inpaintbench: no answer: {line}", err=True)
    for line in summary.failed:
        say(f"inpaintbench: failed: {line}", err=True)
    if summary.unanswered or (summary.failed and not allow_failures):
        raise typer.Exit(_UNANSWERED)


def _with_added(benchmark: Benchmark, add: list[str], directory: Path, fresh: bool) -> Benchmark:
    """Put methods beside those of a benchmark, and those that were added to its folder before."""
    from inpaintbench.planning.plan import absolute_method
    from inpaintbench.plugins.specification import is_file, parse, split_name

    here = [absolute_method(text) for text in (*benchmark.methods, *add)]
    specifications = {split_name(text)[1] for text in here}
    for text in [] if fresh else _planned(directory).values():
        specification = split_name(text)[1]
        name = parse(specification).name
        if specification in specifications:
            continue  # under another name, it may be
        if is_file(name) and not Path(name).is_file():
            say(f"note: {text} left the plan: there is no such file any more", err=True)
        else:
            here.append(text)
    return dataclasses.replace(benchmark, methods=tuple(dict.fromkeys(here)))


def _left_out(plan: Plan, directory: Path, fresh: bool) -> Iterator[str]:
    """Say which methods of the folder's last plan aren't in this one."""
    planned = {variant.label for variant in plan.variants}
    left = [] if fresh else [label for label in _planned(directory) if label not in planned]
    if left:
        yield (
            f"note: {', '.join(left)} left the plan of {directory}; results are kept there, and "
            "--add puts a method back"
        )


def _planned(directory: Path) -> dict[str, str]:
    """Return the methods of the last plan of a run directory as they are called and were given."""
    from inpaintbench.storage.store import Store

    if not (directory / "run.db").is_file():
        return {}
    with Store.read(directory) as store:
        benchmark = store.provenance().benchmark
        labels = store.planned_variants()
    texts = benchmark.methods if benchmark else ()
    return dict(zip(labels, texts, strict=True)) if len(texts) == len(labels) else {}


def _too_few_images(plan: Plan) -> Iterator[str]:
    """Say before the run where its images won't tell any two methods apart, whatever happens."""
    from inpaintbench.statistics.power import cannot_tell_any, fewest_images

    methods = len({v.label for v in plan.variants if not v.settings.get(v.draw_parameter)})
    together = "all datasets and suites together"
    groups: dict[str, set[tuple[str, str]]] = {}
    for case in plan.cases:
        for group in (together, f"{case.suite} in {case.dataset}"):
            groups.setdefault(group, set()).add((case.dataset, case.sample))
    few = [name for name, images in groups.items() if cannot_tell_any(len(images), methods)]
    if methods > 1 and few:
        few = few[:1] if few[0] == together else few
        more = f" and {len(few) - 3} more groups" if len(few) > 3 else ""
        yield (
            f"note: too few images to tell any two of {methods} methods apart, whatever their "
            f"scores, in {', '.join(few[:3])}{more}: {fewest_images(methods)} are needed (--limit)"
        )


_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def _bytes(text: str | None) -> int | None:
    """Read a size such as ``4G`` or ``500M``."""
    from inpaintbench.errors import BenchError

    if text is None:
        return None
    number, unit = text.rstrip("Bbi"), 1
    if number[-1:].upper() in _UNITS:
        number, unit = number[:-1], _UNITS[number[-1].upper()]
    try:
        size = int(float(number) * unit)
    except ValueError:
        size = 0
    if size <= 0:
        raise BenchError(f"--memory {text}: not a size; write it like 4G or 500M")
    return size


def _failures(retry: list[str] | None) -> tuple[str, ...]:
    """Check the kinds of failure to run again."""
    from inpaintbench.errors import BenchError
    from inpaintbench.storage.outcome import FAILURES
    from inpaintbench.suggestion import did_you_mean

    known = ("failed", *FAILURES)
    for kind in retry or ():
        if kind not in known:
            raise BenchError(
                f"--retry {kind}: no failure is called that{did_you_mean(kind, known)} "
                f"({', '.join(known)})"
            )
    return tuple(retry or ())
