"""What can befall a run: kills, bad methods, full disks, damaged files, a second process.

After each, nothing committed is lost or half-written, and the run carries on or says in one line
why not. What the tests see is the table in docs/faults.md (see fault_table.py).
"""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT, Command
from fault_table import FAULTS, read, record
from killed_lives import Lives, results, small_plan
from small_runs import Quiet

from inpaintbench.execution.run import Options, run
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.planning.plan import make_plan
from inpaintbench.storage.outcome import FAILURES
from inpaintbench.storage.runs import read_run

KILLS = 50

ARGUMENTS = (
    *("run", "-d", "photos[size=96]", "--masks", "large-regions", "-m", "telea", "-m"),
    *("mean-fill", "--metric", "psnr", "--limit", "6", "--no-timing", "--jobs", "1"),
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
    record("SIGKILL of a worker", 2, "its cell is a `crash`; a new worker goes on", "that cell")


@pytest.mark.slow
def test_every_bad_method_fails_in_its_own_way_and_all_else_finishes(
    command: Command, tmp_path: Path
) -> None:
    assert set(KINDS.values()) == set(FAILURES)
    files = [write_method(tmp_path, name, body) for name, body in BAD_METHODS.items()]
    arguments = [
        *("run", "-d", "photos[size=64]", "--masks", "large-regions", "--metric", "psnr"),
        *("--limit", "2", "--no-timing", "--out", "run", "-m", "telea"),
        *[word for file in files for word in ("-m", str(file))],
        *("--timeout", "4", "--memory", "2G"),
    ]
    ran = command(*arguments)
    assert ran.returncode == 0, ran.stderr
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
    assert command(*arguments, "--retry", "timeout").returncode == 0
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


@pytest.mark.slow
def test_a_full_disk_stops_the_run_in_one_line_and_loses_nothing(
    command: Command, disk: tuple[Path, Mount], whole: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    folder, mount = disk
    said = only_line(command(*ARGUMENTS, "--out", folder / "run"))
    assert "No space left" in said or "disk is full" in said
    mount("remount,size=100m")
    carries_on(command, folder / "run", whole)
    record("Full disk", 1, "stops in one line; with space, the same command carries on", "nothing")


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
def test_a_database_cut_in_half_and_lost_outputs_are_named(
    command: Command, tmp_path: Path
) -> None:
    directory = tmp_path / "run"
    assert command(*ARGUMENTS, "--out", "run").returncode == 0
    for output in directory.glob("outputs/*/*.png"):
        output.unlink()
    said = only_line(command(*ARGUMENTS[:-2], "--metric", "mae", "--out", "run"))
    assert "run again with --fresh" in said
    database = directory / "run.db"
    os.truncate(database, database.stat().st_size // 2)
    for arguments in ((*ARGUMENTS, "--out", "run"), ("report", "run")):
        said = only_line(command(*arguments))
        assert "run.db" in said
        assert "--fresh" in said
    assert command(*ARGUMENTS, "--out", "run", "--fresh").returncode == 0
    record("Outputs deleted", 1, "named in one line as soon as one is read", "the run")
    record("Database truncated to half", 2, "refused in one line; `--fresh` runs anew", "the run")


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
