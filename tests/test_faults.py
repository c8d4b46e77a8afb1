"""What can befall a run: kills, bad methods, full disks, damaged files, a second process.

After each, nothing committed is lost or half-written, and the run carries on or says in one line
why not. What the tests see is the table in docs/faults.md (see fault_table.py).
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT, Command
from fault_table import FAULTS, read, record
from killed_lives import Lives, end_amid, results, small_plan
from small_runs import Quiet

from inpaintbench.execution.run import Options, run
from inpaintbench.planning import benchmark as benchmarks
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.planning.plan import make_plan
from inpaintbench.storage.outcome import FAILURES
from inpaintbench.storage.runs import read_run

pytestmark = [pytest.mark.waits, pytest.mark.usefixtures("warm")]

KILLS = 50

ARGUMENTS = (
    *("run", "-d", "photos[size=96]", "--masks", "large-regions", "-m", "telea", "-m"),
    *("mean-fill", "--metric", "psnr", "--limit", "6", "--no-timing", "--no-report", "--jobs", "1"),
)

BAD_METHODS = {
    "segfault": "import ctypes; ctypes.string_at(0)",
    # backtracks for years without ever leaving C
    "stuck": "import re; re.match(r'(a+)+$', 'a' * 64 + 'b')",
    "not_finite": "return image.astype(float) * float('nan')",
    "wrong_shape": "return image[1:]",
    "wrong_type": "return image.astype('int64')",
    "eat_memory": "import numpy; return numpy.ones((1 << 20, 1 << 14))",
    "raises": "print('last words', flush=True); raise RuntimeError('no such luck')",
}

KINDS = {
    "segfault": "crash",
    "stuck": "timeout",
    "not-finite": "not finite",
    "wrong-shape": "wrong shape",
    "wrong-type": "wrong dtype",
    "eat-memory": "out of memory",
    "raises": "exception",
}

TEMPLATE = '''
from inpaintbench.methods.base import Method


class {name}(Method):
    """Behave badly, until a file says otherwise."""

    def inpaint(self, image, mask):
        import pathlib
        if not pathlib.Path({mended!r}).exists():
            {body}
        return image
'''

Mount = Callable[[str], None]


def write_method(folder: Path, name: str, body: str) -> Path:
    """Write a method that behaves badly while there is no file ``mended`` in the folder."""
    path = folder / f"{name}.py"
    camel = "".join(word.title() for word in name.split("_"))
    path.write_text(TEMPLATE.format(name=camel, body=body, mended=str(folder / "mended")))
    return path


def run_small(directory: Path, methods: tuple[str, ...], **options: object) -> pd.DataFrame:
    """Run methods on two small textures, and return the cells by variant."""
    benchmark = Benchmark(
        name="small",
        datasets=("textures[size=32]",),
        masks=("large-regions",),
        methods=methods,
        metrics=("psnr",),
        limit=2,
    )
    run(make_plan(benchmark), directory, Options(timing=False, **options), Quiet())  # type: ignore[arg-type]
    return read_run(directory).cells.set_index("variant")


def only_line(ran: subprocess.CompletedProcess[str]) -> str:
    """Return what a command that gave up said about it: one line."""
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    said = [line for line in ran.stderr.splitlines() if line.startswith("inpaintbench:")]
    assert len(said) == 1
    return said[0]


def test_the_table_of_faults_is_complete() -> None:
    _, rows, _ = read((ROOT / "docs" / "faults.md").read_text(encoding="utf-8"))
    assert tuple(rows) == FAULTS


@pytest.mark.slow
def test_a_run_killed_at_random_moments_loses_nothing(tmp_path: Path) -> None:
    run(small_plan(), tmp_path / "whole", Options(timing=False), Quiet())
    whole = results(tmp_path / "whole")
    lives = [Lives(tmp_path / str(seed), seed) for seed in range(2)]
    with ThreadPoolExecutor(len(lives)) as threads:
        for ended in [threads.submit(one.end, KILLS // len(lives), whole) for one in lives]:
            ended.result()
    kills, runs = sum(one.kills for one in lives), sum(one.runs for one in lives)
    between = sum(one.in_cells for one in lives)
    assert kills >= KILLS
    assert runs > 0, "no run was ever finished"
    assert between > 0, "no kill fell between two cells"
    record(
        "SIGKILL of the main process, at random moments",
        kills,
        f"the same command carries on; {runs} runs, cells and scores equal to an undisturbed one's",
        "cells in flight",
    )


@pytest.mark.slow
def test_a_killed_worker_costs_its_cell_and_a_retry_mends_it(tmp_path: Path) -> None:
    body = f"open({str(tmp_path / 'pid')!r}, 'w').write(str(__import__('os').getpid())); "
    path = write_method(tmp_path, "nap", body + "__import__('time').sleep(600)")

    def kill() -> None:
        for _ in range(2):
            while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
                time.sleep(0.01)
            pid = int((tmp_path / "pid").read_text())
            (tmp_path / "pid").unlink()
            os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    cells = run_small(tmp_path / "run", ("telea", str(path), "mean-fill"))
    killer.join()
    assert (cells.loc[["telea", "mean-fill"], "status"] == "done").all()
    assert cells.loc["nap", "failure"].tolist() == ["crash", "crash"]
    assert cells.loc["nap", "message"].str.contains("SIGKILL").all()
    (tmp_path / "mended").touch()
    again = run_small(tmp_path / "run", ("telea", str(path), "mean-fill"), retry=("crash",))
    assert (again["status"] == "done").all()
    happens = "its cell is a `crash`; a new process goes on"
    record("SIGKILL of a method's process", 2, happens, "that cell")


@pytest.mark.slow
def test_every_bad_method_fails_in_its_own_way_and_all_else_finishes(
    command: Command, tmp_path: Path
) -> None:
    assert set(KINDS.values()) < set(FAILURES)
    files = [write_method(tmp_path, name, body) for name, body in BAD_METHODS.items()]
    arguments = [
        *("run", "-d", "photos[size=64]", "--masks", "large-regions", "--metric", "psnr"),
        *("--limit", "2", "--no-timing", "--no-report", "--out", "run", "-m", "telea"),
        *[word for file in files for word in ("-m", str(file))],
        *("--timeout", "4", "--memory", "2G"),
    ]
    ran = command(*arguments)
    assert ran.returncode == 3, ran.stderr
    assert "crash" in ran.stdout
    cells = read_run(tmp_path / "run").cells.set_index("variant")
    assert (cells.loc["telea", "status"] == "done").all()
    failed = cells.drop("telea")
    assert (failed["status"] == "failed").all()
    assert failed.groupby("variant")["failure"].unique().map(list).to_dict() == {
        name: [kind] for name, kind in KINDS.items()
    }
    messages = failed.groupby("variant")["message"].first()
    assert "SIGSEGV" in messages["segfault"]
    assert "no such luck" in messages["raises"]
    with sqlite3.connect(tmp_path / "run" / "run.db") as connection:
        kept = {
            name: (trace, words)
            for name, trace, words in connection.execute(
                "SELECT variant, traceback, stderr FROM cells JOIN variants USING (key) "
                "WHERE status = 'failed'"
            )
        }
    assert "raises.py" in kept["raises"][0]
    assert "last words" in kept["raises"][1]
    assert "Segmentation fault" in kept["segfault"][1], "the fault handler's report is kept"
    assert "segfault.py" in kept["segfault"][1]
    assert "stuck.py" in kept["stuck"][1], "where it was when its time was over"

    # once mended, only what is asked for runs again
    (tmp_path / "mended").touch()
    assert command(*arguments, "--retry", "timeout").returncode == 3
    after = read_run(tmp_path / "run").cells.set_index("variant")
    assert (after.loc[["telea", "stuck"], "status"] == "done").all()
    pd.testing.assert_frame_equal(after.drop("stuck"), cells.drop("stuck"))
    assert command(*arguments, "--retry", "failed").returncode == 0
    assert (read_run(tmp_path / "run").cells["status"] == "done").all()

    carries_on = "; the next cell runs"
    for fault, kind in (
        ("Segmentation fault in a method", "`crash` with the fault handler's report"),
        ("Method stuck in C code", "`timeout`; its process is killed"),
        ("Method that allocates without end", "`out of memory` at `--memory`"),
    ):
        record(fault, 2, kind + carries_on, "that cell")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[Path, Mount]]:
    """Mount a small file system of its own, and return how to mount it again otherwise."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> None:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
            check=True,
            capture_output=True,
        )

    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs Linux and root")
    try:
        mount("size=400k")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no file system can be mounted here: {error.stderr.decode().strip()}")
    try:
        yield folder, mount
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run undisturbed what `ARGUMENTS` name."""
    directory = tmp_path_factory.mktemp("whole") / "run"
    benchmark = Benchmark(
        name="whole",
        datasets=("photos[size=96]",),
        masks=("large-regions",),
        methods=("telea", "mean-fill"),
        metrics=("psnr",),
        limit=6,
    )
    run(make_plan(benchmark), directory, Options(timing=False), Quiet())
    return results(directory)


def carries_on(command: Command, directory: Path, whole: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Run to the end, and compare with what was there and with an undisturbed run."""
    kept = results(directory)[0]
    assert 0 < len(kept) < 12
    assert not list(directory.rglob("*.partial"))
    assert command(*ARGUMENTS, "--out", directory).returncode == 0
    cells, scores = results(directory)
    pd.testing.assert_frame_equal(cells, whole[0])
    pd.testing.assert_frame_equal(scores, whole[1])
    assert len(cells.merge(kept, on=list(kept.columns))) == len(kept), "what was kept has changed"


def record_full_disk(stage: str) -> None:
    happens = "stops in one line; with space, the same command carries on"
    record(f"Full disk in {stage}", 1, happens, "nothing")


@pytest.mark.slow
def test_a_full_disk_stops_the_run_in_one_line_and_loses_nothing(
    command: Command, disk: tuple[Path, Mount], whole: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    folder, mount = disk
    said = only_line(command(*ARGUMENTS, "--out", folder / "run"))
    assert "No space left" in said or "disk is full" in said
    mount("remount,size=100m")
    carries_on(command, folder / "run", whole)
    record_full_disk("the quality pass")


@pytest.mark.slow
def test_a_limit_of_file_sizes_stops_the_run_in_one_line(
    command: Command, tmp_path: Path, whole: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (160_000, 160_000))

    said = only_line(command(*ARGUMENTS, "--out", "run", preexec_fn=limit))
    assert "run.db" in said
    carries_on(command, tmp_path / "run", whole)
    record("File size limit", 1, "stops in one line; without it, carries on", "nothing")


@pytest.mark.slow
def test_a_read_only_folder_is_one_clear_line(command: Command, disk: tuple[Path, Mount]) -> None:
    folder, mount = disk
    mount("remount,ro,size=400k")
    ran = command(*ARGUMENTS, "--out", folder / "run")
    assert "can't be written: Read-only file system" in only_line(ran)
    record("Read-only output folder", 1, "refused in one line before anything runs", "nothing")


@pytest.mark.slow
def test_outputs_lost_a_database_cut_in_half_and_files_of_ones_own(
    command: Command, tmp_path: Path, whole: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    directory = tmp_path / "run"
    assert command(*ARGUMENTS, "--out", "run").returncode == 0
    before = read_run(directory).cells.set_index("output_sha256")["seconds"]
    outputs = sorted(directory.glob("outputs/*/*.png"))
    outputs[0].unlink()
    os.truncate(outputs[1], 40)
    damaged = bytearray(outputs[2].read_bytes())
    damaged[-20] ^= 1
    outputs[2].write_bytes(damaged)
    own = [directory / name for name in ("thesis.txt", "outputs/thesis.txt", "report/thesis.txt")]
    for path in own:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")

    ran = command(*ARGUMENTS, "--out", "run")
    assert ran.returncode == 0, ran.stderr
    assert "2 outputs are lost or damaged; their cells run again" in ran.stderr
    after = read_run(directory).cells.set_index("output_sha256")["seconds"]
    assert set(before.index[before != after]) == {path.stem for path in outputs[:2]}
    for here, there in zip(results(directory), whole, strict=True):
        pd.testing.assert_frame_equal(here, there)
    ran = command("verify", "run")
    assert ran.returncode == 1
    assert "1 mismatch (" in ran.stdout
    assert outputs[2].stem in ran.stdout
    record(
        "Outputs deleted or damaged",
        3,
        "gone or of another size: the same command runs their cells; of its size: `verify` names "
        "it",
        "those cells",
    )

    database = directory / "run.db"
    os.truncate(database, database.stat().st_size // 2)
    for arguments in ((*ARGUMENTS, "--out", "run"), ("report", "run")):
        said = only_line(command(*arguments))
        assert "run.db" in said
        assert "--fresh" in said
    assert command(*ARGUMENTS, "--out", "run", "--fresh").returncode == 0
    for here, there in zip(results(directory), whole, strict=True):
        pd.testing.assert_frame_equal(here, there)
    assert [path.read_text() for path in own] == ["mine"] * 3
    record("Database truncated to half", 2, "refused in one line; `--fresh` runs anew", "the run")
    record(
        "A person's own files among the results",
        3,
        "`--fresh`, reports and the next run leave them",
        "nothing",
    )


NAP = '''
import time
from inpaintbench.methods.base import Method


class Nap(Method):
    """Return the image after a while."""

    def inpaint(self, image, mask):
        time.sleep(0.1)
        return image
'''

SLOW = '''
import time
from inpaintbench.metrics.base import Metric


class Slow(Metric):
    """Say the mean after a while."""

    name = id = "slow"
    label = "Slow"

    def bind(self, reference):
        def score(result):
            time.sleep(0.1)
            return float(result.output.mean())
        return score
'''

BENCHMARK = """
datasets = ["textures[size=32]"]
masks = ["large-regions"]
methods = ["telea", "{folder}/nap.py"]
metrics = ["psnr", "{folder}/slow.py", "mae"]
limit = 6
masks_per_sample = 2
[timing]
cases = 6
repeats = 3
"""


class Stage:
    """A pass of the run: how the command gets there, and what it then writes."""

    def __init__(self, name: str, folder: Path) -> None:
        for file, content in {"nap.py": NAP, "slow.py": SLOW, "b.toml": BENCHMARK}.items():
            text = content.format(folder=folder) if file == "b.toml" else content
            (folder / file).write_text(text)
        self.file = str(folder / "b.toml")
        self.table = {"the quality pass": "cells", "scoring": "scores", "timing": "timings"}[name]
        self.metrics = () if name == "scoring" else ("psnr",)
        options = [word for metric in self.metrics for word in ("--metric", metric)]
        options += ["--no-report"] if name == "timing" else ["--no-report", "--no-timing"]
        self.words = ["run", self.file, "--jobs", "1", *options, "--out"]

    def prepare(self, directory: Path) -> None:
        """Run all that comes before."""
        if self.table != "cells":
            self._run(directory, ("psnr",))

    def finish(self, directory: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Run all of it undisturbed, but for the timing."""
        self._run(directory, self.metrics)
        return results(directory)

    def _run(self, directory: Path, metrics: tuple[str, ...]) -> None:
        benchmark = benchmarks.read(self.file)
        benchmark = replace(benchmark, metrics=metrics or benchmark.metrics)
        run(make_plan(benchmark), directory, Options(jobs=2, timing=False), Quiet())

    def count(self, directory: Path) -> int:
        """Return how many rows there are of what it writes."""
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(
                sqlite3.connect(f"file:{directory / 'run.db'}?mode=ro", uri=True, timeout=5)
            ) as connection,
        ):
            (count,) = connection.execute(f"SELECT count(*) FROM {self.table}").fetchone()
            return int(count)
        return 0

    def check(
        self, command: Command, directory: Path, whole: tuple[pd.DataFrame, pd.DataFrame]
    ) -> None:
        """Carry on, and compare with an undisturbed run."""
        kept = read_run(directory).cells
        ran = command(*self.words, directory)
        assert ran.returncode == 0, ran.stderr
        for here, there in zip(results(directory), whole, strict=True):
            pd.testing.assert_frame_equal(here, there)
        rows = read_run(directory)
        kept = kept[kept["status"] == "done"]
        assert len(rows.cells.merge(kept)) == len(kept), "what was committed ran again"
        if self.table == "timings":
            assert rows.timings.groupby(["case", "variant"]).size().ge(3).sum() == 6 * 2
        assert not list(directory.rglob("*.partial"))


STAGES = ("the quality pass", "scoring", "timing")


@pytest.mark.slow
@pytest.mark.parametrize("name", STAGES)
def test_each_pass_ended_at_random_moments_is_carried_on(
    command: Command, tmp_path: Path, name: str
) -> None:
    stage, directory, moments = Stage(name, tmp_path), tmp_path / "run", random.Random(name)
    whole = stage.finish(tmp_path / "whole")
    stage.prepare(directory)
    ended = {signal.SIGKILL: 0, signal.SIGTERM: 0}
    for ending in (*ended, *ended):
        before = stage.count(directory)
        ended[ending] += end_amid(
            [*stage.words, str(directory)],
            tmp_path,
            lambda before=before: stage.count(directory) > before,  # type: ignore[misc]
            moments.uniform(0, 0.2),
            ending,
        )
        assert stage.count(directory) > before
    assert all(ended.values()), "no life was ended before its own end"
    stage.check(command, directory, whole)
    for ending, times in ended.items():
        record(
            f"{ending.name} in {name}",
            times,
            "no process is left; the same command carries on to an undisturbed run's rows",
            {"cells": "cells in flight", "scores": "scores of a case"}.get(
                stage.table, "runtimes of a case"
            ),
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", STAGES[1:])
def test_a_full_disk_in_a_later_pass_is_one_line_and_the_same_command_carries_on(
    command: Command, tmp_path: Path, disk: tuple[Path, Mount], name: str
) -> None:
    folder, mount = disk
    mount("remount,size=100m")
    stage, directory = Stage(name, tmp_path), folder / "run"
    whole = stage.finish(tmp_path / "whole")
    stage.prepare(directory)
    before = stage.count(directory)
    room = {"scoring": 150_000, "timing": 80_000}[name]
    mount(f"remount,size={shutil.disk_usage(folder).used + room}")
    said = only_line(command(*stage.words, directory))
    assert "No space left" in said or "disk is full" in said
    count = stage.count(directory)
    mount("remount,size=100m")
    stage.check(command, directory, whole)
    assert before < count < stage.count(directory)
    record_full_disk(name)


@pytest.mark.slow
def test_a_power_cut_costs_what_never_reached_the_disk(command: Command, tmp_path: Path) -> None:
    stage, directory = Stage("the quality pass", tmp_path), tmp_path / "run"
    whole = stage.finish(tmp_path / "whole")
    words = [*stage.words, str(directory)]
    assert end_amid(words, tmp_path, lambda: stage.count(directory) > 12, 0, signal.SIGKILL)
    committed = stage.count(directory)
    log = directory / "run.db-wal"
    os.truncate(log, log.stat().st_size * 3 // 4)
    kept = stage.count(directory)
    assert 0 < kept < committed, "the last rows never reached the disk"
    outputs = sorted(directory.glob("outputs/*/*.png"))
    outputs[0].unlink()
    for number, length in enumerate((0, 50, outputs[3].stat().st_size - 1), 1):
        os.truncate(outputs[number], length)
    lost = {path.stem for path in outputs[:4]}
    before = read_run(directory).cells.query("status == 'done'")
    ran = command(*words)
    assert ran.returncode == 0, ran.stderr
    for here, there in zip(results(directory), whole, strict=True):
        pd.testing.assert_frame_equal(here, there)
    after = read_run(directory).cells
    whole_before = before[~before["output_sha256"].isin(lost)]
    assert len(after.merge(before)) == len(whole_before), "only what was lost runs again"
    assert not list(directory.rglob("*.partial"))
    record(
        "Power cut: outputs that never reached the disk",
        len(lost),
        "the same command runs their cells, and those whose rows are gone, to an undisturbed "
        "run's rows",
        "those cells",
    )


@pytest.mark.slow
def test_a_second_process_is_refused_and_the_first_is_not_disturbed(
    command: Command, tmp_path: Path
) -> None:
    here, directory = tmp_path, tmp_path / "run"
    body = f"import time; p = pathlib.Path({str(here)!r}); (p / 'started').touch()\n"
    body += " " * 12 + "while not (p / 'mended').exists(): time.sleep(0.01)"
    path = write_method(tmp_path, "wait", body)
    found: list[pd.DataFrame] = []
    first = threading.Thread(target=lambda: found.append(run_small(directory, (str(path),))))
    first.start()
    while not (tmp_path / "started").exists():
        time.sleep(0.01)
    said = only_line(command(*ARGUMENTS, "--out", "run"))
    assert "another inpaintbench is running there" in said
    (tmp_path / "mended").touch()
    first.join()
    assert (found[0]["status"] == "done").all()
    record("Two processes on one run directory", 1, "the second is refused in one line", "nothing")
