"""Worker processes: whatever a task does, the others finish and its end is told."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from inpaintbench.execution.pool import Pool
from inpaintbench.execution.process import Limits
from inpaintbench.storage.outcome import Failure


def square(number: int) -> int:
    return number * number


def misbehave(how: str) -> str:
    """Be one of the tasks that a benchmark meets."""
    if how == "segfault":
        sys.stderr.write("about to read address zero\n")
        sys.stderr.flush()
        ctypes.string_at(0)
    if how == "hang":
        time.sleep(600)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "exit":
        os._exit(3)
    if how == "threads":
        return f"{os.environ['OMP_NUM_THREADS']} {os.environ['NUMBA_NUM_THREADS']}"
    return how


def allocate(size: int) -> str:
    try:
        bytearray(size)
    except MemoryError:
        return "refused"
    return "given"


def test_results_come_back_with_their_tasks() -> None:
    with Pool(2) as pool:
        finished = {f.task: f.result for f in pool.map(square, range(20))}
    assert finished == {n: n * n for n in range(20)}


def test_bad_tasks_end_alone_and_say_how() -> None:
    tasks = ["fine", "segfault", "hang", "kill", "exit", "also fine"]
    with Pool(2) as pool:
        results = {f.task: f.result for f in pool.map(misbehave, tasks, timeout=3)}
    assert results["fine"] == "fine"
    assert results["also fine"] == "also fine"
    ends = {task: result for task, result in results.items() if isinstance(result, Failure)}
    assert {task: end.kind for task, end in ends.items()} == {
        "segfault": "crash",
        "hang": "timeout",
        "kill": "crash",
        "exit": "crash",
    }
    assert "SIGSEGV" in ends["segfault"].message
    assert "about to read address zero" in ends["segfault"].printed
    assert "SIGKILL" in ends["kill"].message
    assert "status 3" in ends["exit"].message
    assert "3 s" in ends["hang"].message


def test_an_answer_that_comes_too_late_is_a_timeout_and_harms_no_other_task() -> None:
    with Pool(1) as pool:
        list(pool.map(time.sleep, [0]))  # it starts untimed
        late = [finished.result for finished in pool.map(time.sleep, [1.1, 0], timeout=1)]
    assert [getattr(result, "kind", "done") for result in late] == ["timeout", "done"]


def test_what_still_runs_ends_with_the_block() -> None:
    begun = time.monotonic()
    with pytest.raises(RuntimeError, match="enough"), Pool(2) as pool:
        for _ in pool.map(misbehave, ["fine", "hang", "hang"]):
            raise RuntimeError("enough")
    assert time.monotonic() - begun < 60


def test_a_worker_allocates_no_more_than_it_may() -> None:
    with Pool(1, Limits(memory=1 << 30)) as pool:
        assert pool.run(allocate, 100 << 20) == "given"
        assert pool.run(allocate, 4 << 30) == "refused"


def test_workers_inherit_the_thread_counts_and_the_parent_keeps_its_own() -> None:
    before = os.environ.get("OMP_NUM_THREADS")
    with Pool(1, Limits(threads=1)) as pool:
        assert pool.run(misbehave, "threads") == "1 1"
    assert os.environ.get("OMP_NUM_THREADS") == before


ORPHANS = """
import os, sys, time
from inpaintbench.execution.pool import Pool

def nap(_):
    time.sleep(600)

if __name__ == "__main__":
    with Pool(2) as pool:
        for _ in pool.map(nap, range(4)):
            pass
"""


@pytest.mark.slow
def test_no_worker_outlives_a_killed_main_process(tmp_path: Path) -> None:
    script = tmp_path / "orphans.py"
    script.write_text(ORPHANS)
    main = subprocess.Popen([sys.executable, script])
    deadline = time.monotonic() + 60
    while len(children := psutil.Process(main.pid).children(recursive=True)) < 4:
        assert time.monotonic() < deadline, "the workers did not start"
        time.sleep(0.1)
    main.kill()
    main.wait()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
