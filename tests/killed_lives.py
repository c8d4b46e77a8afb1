"""Runs that are killed again and again: a small one here, and any command, at random moments."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from small_runs import Quiet
from warm_commands import begin, fork_server

from inpaintbench.execution.run import Options, run
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.planning.case import array_sha256
from inpaintbench.planning.plan import Plan, make_plan
from inpaintbench.storage.outputs import read_output
from inpaintbench.storage.runs import read_run

STEPS = 8
"""Steps of a run, at most, that a life sees before it ends."""

STEP_SECONDS = 0.03
START_SECONDS = 1.0
"""What a step, and the start of a run, take about: the end comes at any moment within."""


def small_plan() -> Plan:
    """Plan 18 cells of a few milliseconds."""
    return make_plan(
        Benchmark(
            name="killed",
            datasets=("textures[size=32]",),
            masks=("large-regions", "small-holes"),
            methods=("telea", "mean-fill", "navier-stokes"),
            metrics=("psnr", "mae"),
            limit=3,
        )
    )


class Telling(Quiet):
    """Tell the parent of every step."""

    def __init__(self, parent: Connection) -> None:
        self._parent = parent
        self._stage = ""

    def stage(self, name: str, total: int) -> None:
        self._stage = name
        self._parent.send_bytes(b"stage")

    def advance(self) -> None:
        self._parent.send_bytes(self._stage.encode())


def live(directory: Path, scratch: Path, parent: Connection) -> None:
    """Carry the run on, as the command does."""
    tempfile.tempdir = str(scratch)
    fork_server()
    run(small_plan(), directory, Options(timing=False), Telling(parent))


@dataclass
class Lives:
    """Lives of one run after the other, each ended by SIGKILL at a random moment."""

    folder: Path
    seed: int
    kills: int = 0
    runs: int = 0
    told: int = 0
    kept: pd.DataFrame = field(default_factory=pd.DataFrame)
    in_cells: int = 0

    @property
    def directory(self) -> Path:
        """Where the present run is."""
        return self.folder / f"run-{self.runs}"

    def end(self, kills: int, whole: tuple[pd.DataFrame, pd.DataFrame]) -> None:
        """Kill `kills` lives; after each all that was finished must be there, and whole."""
        moments = random.Random(self.seed)
        while self.kills < kills:
            steps = moments.randrange(STEPS + 1)
            longest = STEP_SECONDS if steps else START_SECONDS
            finished = self._one_life(steps, moments.uniform(0, longest))
            self._check()
            if finished:
                for here, there in zip(results(self.directory), whole, strict=True):
                    pd.testing.assert_frame_equal(here, there)
                assert not list(self.directory.rglob("*.partial"))
                self.runs, self.told, self.kept = self.runs + 1, 0, pd.DataFrame()

    def _one_life(self, steps: int, seconds: float) -> bool:
        """End a life some time after some steps; whether it came to its own end before."""
        context = multiprocessing.get_context("forkserver")
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=live, args=(self.directory, self.folder, there))
        process.start()
        there.close()
        seen = []
        try:
            while len(seen) < steps:
                seen.append(here.recv_bytes())
            process.join(seconds)
            process.kill()
            while True:
                seen.append(here.recv_bytes())
        except EOFError:
            process.join()
        here.close()
        self.told += seen.count(b"inpainting")
        self.kills += process.exitcode != 0
        return process.exitcode == 0

    def _check(self) -> None:
        """Look at what the dead process left, before anything mends it."""
        if not (self.directory / "run.db").exists():
            assert self.told == 0
            return
        cells = results(self.directory)[0]
        assert len(cells) >= self.told, "a cell that was told finished is gone"
        for sha256 in cells["output_sha256"]:
            assert array_sha256(np.asarray(read_output(self.directory, sha256))) == sha256
        if len(self.kept):
            still = cells.merge(self.kept, on=list(self.kept.columns))
            assert len(still) == len(self.kept), "what an earlier life committed has changed"
        self.in_cells += 0 < len(cells) < 18
        self.kept = cells


def results(directory: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the cells and scores of a run, without what differs from machine to machine."""
    rows = read_run(directory)
    cells = rows.cells.drop(columns=["seconds", "environment"])
    return cells, rows.scores.drop(columns="environment")


def end_amid(
    arguments: list[str],
    folder: Path,
    begun: Callable[[], bool],
    seconds: float,
    ending: signal.Signals,
) -> bool:
    """Start a command, and end it some time after it has begun with something.

    No process of it may be left: none else is in the folder.

    Returns
    -------
    bool
        Whether it hadn't come to its own end before.
    """
    process = begin(arguments, folder, dict(os.environ))
    assert process.pid is not None
    while process.exitcode is None and not begun():
        time.sleep(0.01)
    time.sleep(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, ending)
    process.join()
    deadline = time.monotonic() + 5
    while (left := processes_in(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left, "a child outlives its parent"
    return process.exitcode == -ending


def processes_in(folder: Path) -> list[psutil.Process]:
    """Find all that a command has started, in whatever session; they are where it is."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cwd() == str(folder):
                found.append(process)
    return found
