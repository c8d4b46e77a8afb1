"""A real Dask cluster gives the same rows as this machine, workers killed or not."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest
from conftest import Command
from fault_table import record
from killed_lives import results
from small_runs import Quiet

from inpaintbench.execution.run import Options, run
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.planning.plan import make_plan
from inpaintbench.storage.runs import read_run

pytestmark = [
    pytest.mark.waits,
    pytest.mark.skipif(not find_spec("distributed"), reason="the extra 'cluster' is not installed"),
]

ARGUMENTS = (
    *("run", "-d", "photos[size=64]", "--masks", "large-regions", "--masks", "small-holes"),
    *("-m", "telea", "-m", "biharmonic", "-m", "mean-fill", "--metric", "psnr", "--limit", "4"),
    *("-m", "./nap.py", "--no-timing", "--no-report", "--out", "run"),
)
CELLS = 4 * 2 * 4

NAP = '''
from inpaintbench.methods.base import Method
import time


class Nap(Method):
    """Fill with grey, after a while."""

    def inpaint(self, image, mask):
        time.sleep(0.2)
        filled = image.copy()
        filled[mask] = 128
        return filled
'''


@dataclass
class Cluster:
    """A scheduler and its workers, each a process started by the command of the README."""

    port: int
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.dask("scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard")

    def dask(self, *arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    def worker(self, *extra: str) -> subprocess.Popen[bytes]:
        return self.dask("worker", self.address, "--no-nanny", "--nthreads", "1", *extra)

    def wait_for_workers(self, count: int) -> None:
        from distributed import Client

        with Client(self.address, timeout=60) as client:
            client.wait_for_workers(count, timeout=60)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "cluster").mkdir()
    (tmp_path / "nap.py").write_text(NAP)
    made = Cluster(port, tmp_path / "cluster")
    made.start()
    try:
        yield made
    finally:
        for process in made.processes:
            process.kill()
            process.wait()


def kill_amid(victim: subprocess.Popen[bytes], directory: Path) -> threading.Thread:
    """Kill a process when a run has finished a few of its cells."""

    def watch() -> None:
        done = 0
        while done < 4:
            time.sleep(0.02)
            if (directory / "run.db").exists():
                with closing(sqlite3.connect(directory / "run.db", timeout=30)) as connection:
                    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
                    if tables:
                        (done,) = connection.execute("SELECT count(*) FROM cells").fetchone()
        assert done < CELLS, "the run was over before the kill"
        victim.kill()

    killer = threading.Thread(target=watch)
    killer.start()
    return killer


@pytest.fixture
def local(tmp_path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run here what `ARGUMENTS` name."""
    (tmp_path / "nap.py").write_text(NAP)
    benchmark = Benchmark(
        name="local",
        datasets=("photos[size=64]",),
        masks=("large-regions", "small-holes"),
        methods=("telea", "biharmonic", "mean-fill", str(tmp_path / "nap.py")),
        metrics=("psnr",),
        limit=4,
    )
    run(make_plan(benchmark), tmp_path / "local", Options(jobs=2, timing=False), Quiet())
    return results(tmp_path / "local")


@pytest.mark.slow
def test_rows_equal_those_of_a_local_run_though_workers_and_scheduler_are_killed(
    command: Command,
    tmp_path: Path,
    cluster: Cluster,
    local: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    assert len(local[0]) == CELLS
    on_cluster = (*ARGUMENTS, "--executor", "dask", "--scheduler", cluster.address)
    steady, doomed = cluster.worker(), cluster.worker()
    cluster.wait_for_workers(2)
    killer = kill_amid(doomed, tmp_path / "run")
    ran = command(*on_cluster)
    killer.join()
    assert ran.returncode == 0, ran.stderr
    assert steady.poll() is None
    for here, there in zip(local, results(tmp_path / "run"), strict=True):
        pd.testing.assert_frame_equal(here, there)
    record(
        "SIGKILL of a Dask worker",
        1,
        "another worker runs its cell; rows equal a local run's",
        "nothing",
    )

    elsewhere = (
        *on_cluster[: ARGUMENTS.index("--out") + 1],
        "again",
        *on_cluster[len(ARGUMENTS) :],
    )
    killer = kill_amid(cluster.processes[0], tmp_path / "again")
    ran = command(*elsewhere)
    killer.join()
    assert ran.returncode == 1
    said = [line for line in ran.stderr.splitlines() if line.startswith("inpaintbench:")]
    assert len(said) == 1, ran.stderr
    assert "is gone; nothing finished is lost" in said[0], ran.stderr
    assert "Traceback" not in ran.stderr
    kept = results(tmp_path / "again")[0]
    assert 4 <= len(kept) < CELLS
    cluster.start()
    cluster.worker()
    cluster.wait_for_workers(1)
    assert command(*elsewhere).returncode == 0
    after = results(tmp_path / "again")
    for here, there in zip(local, after, strict=True):
        pd.testing.assert_frame_equal(here, there)
    assert len(after[0].merge(kept, on=list(kept.columns))) == len(kept)
    record(
        "SIGKILL of the Dask scheduler",
        1,
        "stops in one line; with a scheduler, the same command carries on to a local run's rows",
        "cells in flight",
    )


@pytest.mark.slow
def test_an_edited_method_is_never_answered_by_a_worker_that_has_the_old_one(
    command: Command, tmp_path: Path, cluster: Cluster
) -> None:
    cluster.worker()
    words = ("run", "-d", "photos[size=32]", "--masks", "large-regions", "-m", "./nap.py")
    words += ("--limit", "2", "--metric", "psnr", "--no-timing", "--no-report", "--out")
    on_cluster = ("--executor", "dask", "--scheduler", cluster.address)
    found = []
    for level in ("128", "9"):
        (tmp_path / "nap.py").write_text(NAP.replace("128", level))
        ran = command(*words, "run", *on_cluster)
        assert ran.returncode == 0, ran.stderr
        found.append(results(tmp_path / "run")[0])
        assert (found[-1]["status"] == "done").all()
    assert not set(found[0]["output_sha256"]) & set(found[1]["output_sha256"])
    assert command(*words, "here").returncode == 0
    pd.testing.assert_frame_equal(found[1], results(tmp_path / "here")[0])
    record(
        "Method edited while a Dask worker lives",
        1,
        "the next run's rows are the new code's, as on this machine",
        "nothing",
    )


@pytest.mark.slow
def test_a_hung_and_a_crashing_method_end_alone_on_the_cluster(
    command: Command, tmp_path: Path, cluster: Cluster
) -> None:
    template = (
        "from inpaintbench.methods.base import Method\n\n\nclass {}(Method):\n"
        '    """Misbehave."""\n\n    def inpaint(self, image, mask):\n        {}\n'
    )
    (tmp_path / "hang.py").write_text(template.format("Hang", "import time; time.sleep(600)"))
    (tmp_path / "crash.py").write_text(template.format("Crash", "import os; os.abort()"))
    cluster.worker()
    ran = command(
        *("run", "-d", "photos[size=32]", "--masks", "large-regions", "--limit", "1"),
        *("-m", tmp_path / "hang.py", "-m", tmp_path / "crash.py", "-m", "telea"),
        *("--metric", "psnr", "--no-timing", "--no-report", "--timeout", "3", "--out", "run"),
        *("--executor", "dask", "--scheduler", cluster.address),
    )
    assert ran.returncode == 3, ran.stderr  # two methods failed on every case
    cells = read_run(tmp_path / "run").cells.set_index("variant")
    assert cells["status"].to_dict() == {"hang": "failed", "crash": "failed", "telea": "done"}
    assert cells["failure"].to_dict() == {"hang": "timeout", "crash": "crash", "telea": ""}


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_one_clear_line(command: Command, tmp_path: Path) -> None:
    (tmp_path / "nap.py").write_text(NAP)
    start = time.monotonic()
    ran = command(*ARGUMENTS, "--executor", "dask", "--scheduler", "tcp://127.0.0.1:9")
    assert ran.returncode == 1
    assert "no Dask scheduler answers" in ran.stderr
    assert time.monotonic() - start < 120
    assert "needs --scheduler" in command(*ARGUMENTS, "--executor", "dask").stderr


def test_the_slurm_job_script_shows_without_a_cluster(command: Command) -> None:
    ran = command("run", "--executor", "slurm", "--memory", "8G", "--print-job-script")
    assert ran.returncode == 0, ran.stderr
    assert "#SBATCH -J inpaintbench" in ran.stdout
    assert "--mem=8G" in ran.stdout
    assert "--no-nanny" in ran.stdout
