"""Run one cell: make the method ready, call it on the damaged image, check what comes back."""

from __future__ import annotations

import random
import sys
import time
import traceback
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from inpaintbench.datasets.base import Image
from inpaintbench.execution.worker import own_words
from inpaintbench.masks.random import RandomStream
from inpaintbench.masks.statistics import mask_statistics
from inpaintbench.methods.base import Method
from inpaintbench.planning.case import Case, LoadedCase, array_sha256, load
from inpaintbench.plugins import registry
from inpaintbench.storage.imagefile import encode_png
from inpaintbench.storage.outcome import CaseFacts, CellOutcome

# How libraries say that an allocation failed, when not by MemoryError.
_MEMORY_WORDS = ("bad_alloc", "insufficient memory", "out of memory", "can't allocate memory")


@dataclass(frozen=True)
class CellTask:
    """What a worker needs to run a cell: nothing heavier than names.

    Parameters
    ----------
    case : Case
        Image and mask are made again in the worker.
    method : str
        Specification of the method.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    """

    case: Case
    method: str
    device: str


class BadOutput(Exception):
    """What a method returned can't be an output."""

    def __init__(self, failure: str, message: str) -> None:
        super().__init__(message)
        self.failure = failure


def run_cell(task: CellTask) -> tuple[CellOutcome, CaseFacts]:
    """Run a cell in this process; whatever the method raises becomes a failed outcome."""
    loaded = load(task.case)
    facts = case_facts(task.case)
    try:
        method = ready_method(task.method, task.device, task.case.seed)
        reason = method.skip(loaded.image.shape, loaded.image.dtype)
        if reason:
            return CellOutcome("skipped", message=reason), facts
        output, seconds = call(method, loaded)
    except BadOutput as error:
        return CellOutcome("failed", error.failure, str(error), stderr=own_words()), facts
    except Exception as error:
        return _failed(error), facts
    return (
        CellOutcome(
            "done",
            output_sha256=array_sha256(output),
            seconds=seconds,
            png=encode_png(output),
        ),
        facts,
    )


def call(method: Method, loaded: LoadedCase) -> tuple[Image, float]:
    """Call a method once on a case and return its checked output and the seconds it took.

    Raises
    ------
    BadOutput
        When the shape or dtype is wrong or a value isn't finite.
    """
    torch_before = "torch" in sys.modules
    result, seconds = _call_seeded(method, loaded)
    if not torch_before and "torch" in sys.modules and not method.deterministic:
        # torch came in during the call, too late to be seeded
        result, seconds = _call_seeded(method, loaded)
    return checked_output(result, loaded.image), seconds


def _call_seeded(method: Method, loaded: LoadedCase) -> tuple[object, float]:
    seed_generators(loaded.case)
    image, mask = loaded.damaged, loaded.mask.copy()
    start = time.perf_counter()
    result = method.inpaint(image, mask)
    return result, time.perf_counter() - start


def seed_generators(case: Case) -> None:
    """Seed every global generator from the case, so that order and worker don't matter."""
    import cv2

    seed = RandomStream("method", case.id).integer(0, 1 << 31)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the generator that methods may draw from
    cv2.setRNGSeed(seed)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)


def checked_output(result: object, reference: Image) -> Image:
    """Round a method's result to the reference's dtype, or refuse it.

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


@lru_cache(maxsize=8)
def _set_up(method: str, device: str, seed: int) -> Method | Exception:
    """Make a method and set it up, once; an error is kept and told for every cell."""
    try:
        made = registry.make_method(method)
        made.setup(device, seed)
    except Exception as error:
        return error
    return made


def ready_method(method: str, device: str, seed: int) -> Method:
    """Return a method that is set up, from this process's cache where it is there.

    Raises
    ------
    Exception
        Whatever the method's constructor or setup raised.
    """
    made = _set_up(method, device, seed)
    if isinstance(made, Exception):
        raise made
    return made


@lru_cache(maxsize=8)
def case_facts(case: Case) -> CaseFacts:
    """Measure a case's arrays: digests and the statistics of its mask."""
    loaded = load(case)
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


def _failed(error: Exception) -> CellOutcome:
    text = str(error).strip()
    line = text.splitlines()[0] if text else ""
    memory = isinstance(error, MemoryError) or any(w in text.lower() for w in _MEMORY_WORDS)
    return CellOutcome(
        "failed",
        "out of memory" if memory else "exception",
        f"{type(error).__name__}: {line}" if line else type(error).__name__,
        traceback="".join(traceback.format_exception(error)),
        stderr=own_words(),
    )
