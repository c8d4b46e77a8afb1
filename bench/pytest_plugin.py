"""The pytest fixture ``inpaint_regression``: a method's own repository tests it in three lines.

::

    def test_my_method(inpaint_regression):
        inpaint_regression("./my_method.py", preset="quick", baseline="baseline.csv")

pytest imports this module whenever it starts, so it imports nothing heavy itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from inpaintbench.planning.benchmark import Benchmark
    from inpaintbench.storage.rows import RunRows

Check = Callable[..., None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes baselines."""
    parser.getgroup("inpaintbench").addoption(
        "--inpaint-update",
        action="store_true",
        help="write the baselines of inpaint_regression anew instead of comparing with them",
    )


@pytest.fixture
def inpaint_regression(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Check:
    """Return a function that runs a method and fails the test where it got worse.

    Parameters of the function:

    method : str
        Specification or file of the method; files are relative to the test's folder.
    baseline : str
        CSV to compare with, relative to the test's folder. ``pytest --inpaint-update`` writes it.
    preset : str
        A preset, or a benchmark file relative to the test's folder, whose methods are replaced.
    fail_on : sequence of str
        What fails, as ``inpaintbench compare --fail-on`` has it.
    effects : sequence of str
        Smallest effects that matter, as ``NAME=VALUE``.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    jobs : int
        Worker processes.
    options
        Any other key of a benchmark: ``limit=5``, ``masks=("small-holes",)``.
    """
    folder = request.path.parent
    update = bool(request.config.getoption("--inpaint-update"))

    def check(
        method: str,
        *,
        baseline: str,
        preset: str = "quick",
        fail_on: Sequence[str] = ("worse",),
        effects: Sequence[str] = (),
        device: str = "cpu",
        jobs: int = 1,
        **options: Any,
    ) -> None:
        from inpaintbench.errors import BenchError
        from inpaintbench.images.errors import DataError

        path = folder / baseline
        if not update and not path.is_file():
            pytest.fail(
                f"{path}: no baseline yet; write it with pytest --inpaint-update and commit it",
                pytrace=False,
            )
        try:
            benchmark = _benchmark(preset, method, folder, options)
            rows = _run(benchmark, tmp_path_factory.mktemp("inpaintbench"), device, jobs)
            problem = _write(rows, path) if update else _compare(rows, path, fail_on, effects)
        except (BenchError, DataError) as error:
            pytest.fail(str(error), pytrace=False)
        if problem:
            pytest.fail(problem, pytrace=False)

    return check


def _benchmark(preset: str, method: str, folder: Path, options: dict[str, Any]) -> Benchmark:
    """Read the benchmark and replace its methods by the one under test."""
    import dataclasses

    from inpaintbench.errors import BenchError
    from inpaintbench.planning import benchmark as benchmarks

    content = benchmarks.read(str(folder / preset) if preset.endswith(".toml") else preset)
    known = {field.name for field in dataclasses.fields(content)}
    unknown = sorted(options.keys() - known)
    if unknown:
        raise BenchError(
            f"inpaint_regression: unknown option {unknown[0]!r} (a benchmark has: "
            f"{', '.join(sorted(known))})"
        )
    given: dict[str, Any] = {
        key: tuple(v) if isinstance(v, list) else v for key, v in options.items()
    }
    file, bracket, parameters = method.partition("[")
    if file.endswith(".py"):
        method = f"{folder / file}{bracket}{parameters}"
    return dataclasses.replace(content, methods=(method,), **given)


def _run(benchmark: Benchmark, directory: Path, device: str, jobs: int) -> RunRows:
    """Run the method, without the timing pass: a test runs beside others."""
    from inpaintbench.execution.method_process import describe_apart
    from inpaintbench.execution.progress import Progress
    from inpaintbench.execution.run import Options, run
    from inpaintbench.planning.plan import make_plan
    from inpaintbench.storage.runs import read_run

    plan = make_plan(benchmark, device, describe_apart)
    run(plan, directory, Options(jobs, device, timing=False), Progress())
    return read_run(directory)


def _write(rows: RunRows, path: Path) -> str:
    """Write the baseline; say what keeps it from being one."""
    from inpaintbench.images.files import write_whole
    from inpaintbench.storage.rows import long_rows

    failed = rows.cells[rows.cells["status"] == "failed"]
    if len(failed) == len(rows.cells):
        return f"{path}: not written, every cell failed ({failed['message'].iloc[0]})"
    write_whole(path, long_rows(rows).to_csv(index=False))
    return ""


def _compare(rows: RunRows, path: Path, fail_on: Sequence[str], effects: Sequence[str]) -> str:
    """Compare with the baseline; return the report when it fails."""
    from inpaintbench.errors import BenchError
    from inpaintbench.regression.comparison import compare
    from inpaintbench.regression.kinds import Gate
    from inpaintbench.regression.reading import read_results
    from inpaintbench.regression.terminal import text
    from inpaintbench.regression.verdicts import failures

    try:
        gates = [Gate(kind) for kind in fail_on]
    except ValueError as error:
        raise BenchError(f"inpaint_regression: fail_on: {error} ({', '.join(Gate)})") from error
    comparison = compare(read_results(path), rows, effects=effects, runtime=False)
    return text(comparison, gates) if failures(comparison, gates) else ""
