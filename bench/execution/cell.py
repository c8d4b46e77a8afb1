"""Run one cell: call the method in its own process on the damaged image, check what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from multiprocessing.util import Finalize

import numpy as np
from numpy.typing import NDArray

from inpaintbench.errors import BenchError
from inpaintbench.execution.failure import failure_of
from inpaintbench.execution.method_process import (
    MethodFailed,
    MethodProcess,
    MethodTask,
    Returned,
)
from inpaintbench.execution.process import Limits
from inpaintbench.images.png import encode_png
from inpaintbench.images.types import Image
from inpaintbench.masks.random import RandomStream
from inpaintbench.masks.statistics import mask_statistics
from inpaintbench.planning.case import Case, CaseUnavailable, LoadedCase, array_sha256, load
from inpaintbench.plugins import registry
from inpaintbench.storage.environment import Environment, current_environment
from inpaintbench.storage.outcome import CaseFacts, CellOutcome, Failure

# Times that set-up is tried: one that failed by chance shall not cost a block of cells.
_SETUP_TRIES = 2


@dataclass(frozen=True)
class CellTask:
    """What a worker needs to run a cell: nothing heavier than names.

    Parameters
    ----------
    case : Case
        Image and mask are made again in the worker.
    method : MethodTask
        What makes the method ready.
    digests : tuple of (str, str)
        Of the image and the mask that the run holds; empty where they needn't be compared.
    libraries : tuple of str
        Distributions that the environment names.
    memory : int or None
        Bytes that the method's process may allocate.
    """

    case: Case
    method: MethodTask
    digests: tuple[str, str] = ("", "")
    libraries: tuple[str, ...] = ()
    memory: int | None = None


class BadOutput(Exception):
    """What a method returned can't be an output."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def measure_case(case: Case) -> CaseFacts | Failure:
    """Make a case's arrays and measure them; what can't be made is blamed on who makes it."""
    try:
        loaded = load(case)
    except CaseUnavailable as error:
        return failure_of(error.cause, error.kind)
    statistics = mask_statistics(loaded.mask)
    return CaseFacts(
        suite_version=registry.masks().make(case.suite).version,
        kind=loaded.kind,
        shape=loaded.image.shape,
        dtype=loaded.image.dtype.name,
        coverage=statistics.coverage,
        thickness=statistics.thickness,
        border_contact=statistics.border_contact,
        image_sha256=array_sha256(loaded.image),
        mask_sha256=array_sha256(loaded.mask),
    )


def run_cell(task: CellTask) -> tuple[CellOutcome, Environment]:
    """Run a cell; whatever goes wrong becomes a failed outcome."""
    environment = environment_here(task.method.device, task.libraries)
    try:
        loaded = load_as_planned(task.case, task.digests)
        process = _block.process_for(task)
        returned = process.call(
            loaded.damaged, loaded.mask, seed_of(task.case), task.method.timeout
        )
        if returned.skip:
            return CellOutcome("skipped", message=returned.skip), environment
        output = output_of(returned, loaded.image)
    except MethodFailed as error:
        return CellOutcome("failed", error.failure), environment
    except BadOutput as error:
        return CellOutcome("failed", Failure(kind=error.kind, message=str(error))), environment
    except CaseUnavailable as error:
        return CellOutcome("failed", failure_of(error.cause, error.kind)), environment
    outcome = CellOutcome(
        "done",
        output_sha256=array_sha256(output),
        seconds=returned.seconds,
        png=encode_png(output),
    )
    return outcome, environment


def load_as_planned(case: Case, digests: tuple[str, str]) -> LoadedCase:
    """Make a case's arrays and compare them with those of the run.

    Raises
    ------
    CaseUnavailable
        When it can't be made, or they are others.
    """
    loaded = load(case)
    if any(digests) and digests != _digests(case):
        other = BenchError(
            "the image or mask made here isn't the one of the run: other files, or other versions "
            "of the libraries that read them"
        )
        raise CaseUnavailable("environment", case, other)
    return loaded


@lru_cache(maxsize=4096)
def _digests(case: Case) -> tuple[str, str]:
    loaded = load(case)
    return array_sha256(loaded.image), array_sha256(loaded.mask)


@cache
def environment_here(device: str, libraries: tuple[str, ...]) -> Environment:
    """Describe this process, once."""
    return current_environment(device, libraries)


class _Block:
    """The process of the variant whose cells this worker runs, until it runs another's."""

    def __init__(self) -> None:
        self._task: MethodTask | None = None
        self._process: MethodProcess | None = None
        self._failure: Failure | None = None

    def process_for(self, task: CellTask) -> MethodProcess:
        """Return a process in which the method is set up.

        Raises
        ------
        MethodFailed
            When it can't be set up; it isn't tried again while the block lasts.
        """
        if self._task != task.method:
            self.end()
            self._task = task.method
            Finalize(self, self.end, exitpriority=1)
        if self._failure is not None:
            raise MethodFailed(self._failure)
        if self._process is None or not self._process.alive:
            self._process = self._ready(task)
        return self._process

    def _ready(self, task: CellTask) -> MethodProcess:
        for _ in range(_SETUP_TRIES):
            process = MethodProcess(Limits(memory=task.memory))
            try:
                process.set_up(task.method)
            except MethodFailed as error:
                process.end()
                self._failure = error.failure
                if error.failure.kind == "environment":
                    break
            else:
                self._failure = None
                return process
        assert self._failure is not None
        raise MethodFailed(self._failure)

    def end(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.end()
        self._task = self._process = self._failure = None


_block = _Block()


def seed_of(case: Case) -> int:
    """Seed a method's generators from the case, so that order and worker don't matter."""
    return RandomStream("method", case.id).integer(0, 1 << 31)


def output_of(returned: Returned, reference: Image) -> Image:
    """Take the output of a call, as `checked_output` does."""
    if returned.type_name:
        raise BadOutput("wrong dtype", f"returned {returned.type_name}, wanted an array")
    return checked_output(returned.array, reference)


def checked_output(result: object, reference: Image) -> Image:
    """Round what a method returned to the reference's dtype, or refuse it.

    Parameters
    ----------
    result : object
        What the method returned.
    reference : (H, W, C) array
        Gives the wanted shape and dtype.

    Raises
    ------
    BadOutput
        When it isn't an array of the right shape, dtype and finite values.
    """
    if not isinstance(result, np.ndarray):
        raise BadOutput("wrong dtype", f"returned {type(result).__name__}, wanted an array")
    array: NDArray[np.generic] = result
    if array.ndim == 2 and reference.shape[2] == 1:
        array = array[..., None]
    if array.shape != reference.shape:
        raise BadOutput("wrong shape", f"returned {result.shape}, wanted {reference.shape}")
    if array.dtype == reference.dtype:
        return np.ascontiguousarray(array)
    if not np.issubdtype(array.dtype, np.floating):
        raise BadOutput("wrong dtype", f"returned {array.dtype}, wanted {reference.dtype}")
    if not np.isfinite(array).all():
        count = int((~np.isfinite(array)).sum())
        raise BadOutput("not finite", f"returned {count} values that are NaN or infinite")
    highest = np.iinfo(reference.dtype).max
    return np.ascontiguousarray(np.clip(np.rint(array), 0, highest).astype(reference.dtype))
