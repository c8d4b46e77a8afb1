"""Run one cell: call the method in its own process on the damaged image, check what comes back."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from inpaintbench.execution.failure import Failed, failure_of
from inpaintbench.execution.method_process import MethodProcess, MethodTask, Returned, ready
from inpaintbench.images.png import encode_png
from inpaintbench.images.types import Image
from inpaintbench.masks.random import RandomStream
from inpaintbench.masks.statistics import mask_statistics
from inpaintbench.planning.case import (
    Case,
    CaseUnavailable,
    Content,
    LoadedCase,
    array_sha256,
    load,
    load_sample,
)
from inpaintbench.plugins import registry
from inpaintbench.storage.environment import Environment, environment_of
from inpaintbench.storage.outcome import CaseFacts, CellOutcome, Failure

BAD_OUTPUT = ("wrong shape", "wrong dtype", "not finite")
"""The kinds of failure of a method whose output can't be one."""


@dataclass(frozen=True)
class CellTask:
    """What a worker needs to run a cell: nothing heavier than names.

    `content` is what the run holds of the case, whose arrays are made again in the worker; None
    where they needn't be compared. The environment names the `libraries`.
    """

    case: Case
    method: MethodTask
    content: Content | None = None
    libraries: tuple[str, ...] = ()


def measure_case(case: Case) -> CaseFacts | Failure:
    """Make a case's arrays and measure them; what can't be made is blamed on who makes it."""
    try:
        loaded = load_as_planned(case)
    except Failed as error:
        return error.failure
    statistics = mask_statistics(loaded.mask)
    height, width, channels = loaded.image.shape
    return CaseFacts(
        suite_version=registry.masks().make(case.suite).version,
        kind=loaded.kind,
        height=height,
        width=width,
        channels=channels,
        dtype=loaded.image.dtype.name,
        coverage=statistics.coverage,
        thickness=statistics.thickness,
        border_contact=statistics.border_contact,
        **asdict(loaded.content),
    )


def image_failure(case: Case) -> Failure | None:
    """Make a case's image alone, and say why where that can't be."""
    try:
        load_sample(case)
    except CaseUnavailable as error:
        return failure_of(error.cause, error.kind)
    return None


def run_cell(task: CellTask) -> tuple[CellOutcome, Environment]:
    """Run a cell; whatever goes wrong becomes a failed outcome."""
    environment = environment_of(task.method.specification, task.method.device, task.libraries)
    try:
        loaded = load_as_planned(task.case, task.content)
        if task.method.prompts == "required" and not loaded.prompt:
            message = "needs a prompt, and the sample has none"
            return CellOutcome("skipped", message=message), environment
        returned = call(ready(task.method), task, loaded)
        if returned.skip:
            return CellOutcome("skipped", message=returned.skip), environment
        output = checked_output(returned.array, loaded.image)
    except Failed as error:
        return CellOutcome("failed", error.failure), environment
    outcome = CellOutcome(
        "done",
        output_sha256=array_sha256(output),
        seconds=returned.seconds,
        png=encode_png(output),
    )
    return outcome, environment


def call(
    process: MethodProcess, task: CellTask, loaded: LoadedCase, *, alone: bool = False
) -> Returned:
    """Call a method on a case: it is shown what it may see, and told what it takes."""
    method = task.method
    return process.call(
        loaded.seen(method.sees),
        loaded.mask,
        seed_of(task.case),
        method.timeout,
        prompt=None if method.prompts == "ignored" else loaded.prompt,
        alone=alone,
    )


def load_as_planned(case: Case, content: Content | None = None) -> LoadedCase:
    """Make a case's arrays and compare them with those of the run, as in `CellTask`.

    Raises
    ------
    Failed
        When it can't be made, or they are others.
    """
    try:
        loaded = load(case)
        if content and (other := content.differs(loaded.content)):
            message = (
                f"the {other} made here isn't the one of the run: other files, or other versions "
                "of the libraries that read them"
            )
            raise Failed(Failure("environment", message))
    except CaseUnavailable as error:
        raise Failed(failure_of(error.cause, error.kind)) from error
    return loaded


def seed_of(case: Case) -> int:
    """Seed a method's generators from the case, so that order and worker don't matter."""
    return RandomStream("method", case.id).integer(0, 1 << 31)


def checked_output(result: object, reference: Image) -> Image:
    """Round what a method returned to the dtype of the reference ``H×W×C``, or refuse it.

    Raises
    ------
    Failed
        When it isn't an array of the right shape, dtype and finite values.
    """
    if not isinstance(result, np.ndarray):
        raise Failed(Failure("wrong dtype", f"returned {type(result).__name__}, wanted an array"))
    array: NDArray[np.generic] = result
    if array.ndim == 2 and reference.shape[2] == 1:
        array = array[..., None]
    if array.shape != reference.shape:
        raise Failed(Failure("wrong shape", f"returned {result.shape}, wanted {reference.shape}"))
    if array.dtype == reference.dtype:
        return np.ascontiguousarray(array)
    if not np.issubdtype(array.dtype, np.floating):
        raise Failed(Failure("wrong dtype", f"returned {array.dtype}, wanted {reference.dtype}"))
    if not np.isfinite(array).all():
        count = int((~np.isfinite(array)).sum())
        raise Failed(Failure("not finite", f"returned {count} values that are NaN or infinite"))
    highest = np.iinfo(reference.dtype).max
    return np.ascontiguousarray(np.clip(np.rint(array), 0, highest).astype(reference.dtype))
