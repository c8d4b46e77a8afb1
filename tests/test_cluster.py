"""A real Dask cluster gives the same rows as this machine, workers killed or not."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest
from conftest import Command

from inpaintbench.runs import read_run

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")

ARGUMENTS = (
    *("run", "-d", "photos[size=64]", "--masks", "large-regions", "--masks", "small-holes"),
    *("-m", "telea", "-m", "shiftmap", "-m", "mean-fill", "--metric", "psnr", "--limit", "4"),
    *("--no-timing", "--out", "run"),
)


@dataclass
class Cluster:
    """A scheduler and its workers, each a process started by the command of the README."""

    address: str
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

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


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "cluster").mkdir()
    made = Cluster(f"tcp://127.0.0.1:{port}", tmp_path / "cluster")
    made.dask("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    try:
        yield made
    finally:
        for process in made.processes:
            process.kill()
            process.wait()


def results(run: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = read_run(run)
    return rows.cells.drop(columns="seconds"), rows.scores


@pytest.fixture
def local(command: Command, tmp_path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    (tmp_path / "local").mkdir()
    assert command(*ARGUMENTS, cwd=tmp_path / "local").returncode == 0
    return results(tmp_path / "local" / "run")


@pytest.mark.slow
def test_rows_equal_those_of_a_local_run_though_a_worker_is_killed(
    command: Command,
    tmp_path: Path,
    cluster: Cluster,
    local: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    steady, doomed = cluster.worker(), cluster.worker()
    killer = subprocess.Popen(
        [sys.executable, "-c", f"import os, time; time.sleep(6); os.kill({doomed.pid}, 9)"]
    )
    ran = command(*ARGUMENTS, "--executor", "dask", "--scheduler", cluster.address)
    killer.wait()
    assert ran.returncode == 0, ran.stderr
    assert steady.poll() is None
    for here, there in zip(local, results(tmp_path / "run"), strict=True):
        pd.testing.assert_frame_equal(here, there)


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
        *("--metric", "psnr", "--no-timing", "--timeout", "3", "--out", "run"),
        *("--executor", "dask", "--scheduler", cluster.address),
    )
    assert ran.returncode == 0, ran.stderr
    cells = read_run(tmp_path / "run").cells.set_index("variant")
    assert cells["status"].to_dict() == {"hang": "failed", "crash": "failed", "telea": "done"}
    assert cells["failure"].to_dict() == {"hang": "timeout", "crash": "crash", "telea": ""}


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_one_clear_line(command: Command, tmp_path: Path) -> None:
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
