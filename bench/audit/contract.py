"""The contract suite: what every method must do before its numbers mean anything.

Each check runs in a worker process of its own kind: one that hangs is killed at the time limit,
and one that crashes ends alone; the checks after it go on in a fresh process.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

import numpy as np

from inpaintbench.audit.scenes import holes, noise, picture
from inpaintbench.environments.host import seed_generators
from inpaintbench.errors import BenchError
from inpaintbench.execution.cell import checked_output
from inpaintbench.execution.failure import Failed, failure_of
from inpaintbench.execution.pool import Pool
from inpaintbench.images.types import Image, Mask
from inpaintbench.methods.base import Method
from inpaintbench.planning.plan import refuse_misdeclared
from inpaintbench.plugins import registry, specification
from inpaintbench.storage.outcome import Failure

Verdict = Literal["passed", "failed", "not applicable"]

_CHANNELS, _DTYPES = (3, 1), ("uint8", "uint16")

SIDES = (32, 48, 64, 128, 256, 512)
"""Square sizes tried, smallest first, to find one that a method takes."""


@dataclass(frozen=True)
class Outcome:
    """What a check found, and why, in a line; empty where there is nothing to say."""

    check: str
    verdict: Verdict
    reason: str = ""
    location: str = ""  # file and line that raised


@dataclass(frozen=True)
class Subject:
    """The method that a worker checks, and the device."""

    method: str
    device: str

    def made(self) -> Method:
        """Make the method anew."""
        return registry.make_method(self.method, keep_importable=True)

    def fresh(self) -> Method:
        """Make the method anew and set it up."""
        method = self.made()
        if not method.unavailable():
            method.setup(self.device, 0)
        return method


Check: TypeAlias = Callable[[Subject], str]
"""Returns what is worth saying; raises `Violation` or `NotApplicable`."""


class Violation(Exception):
    """The method breaks the contract; says how, in a line."""


class NotApplicable(Exception):
    """The check has nothing to test on this method; says why, in a line."""


def run_contract(method: str, device: str = "cpu", limit: float = 120.0) -> Iterator[Outcome]:
    """Check a method, one outcome at a time.

    Parameters
    ----------
    method : str
        Specification (``telea[radius=5]``) or file (``./mine.py``).
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    limit : float
        Seconds for each check, after which it fails.

    Raises
    ------
    BenchError
        When there is no such method, or a parameter is refused.
    """
    registry.make_method(method)
    subject = Subject(method, device)
    with Pool(1, start="spawn") as pool:
        for name in CHECKS:
            result = pool.run(_perform, (name, subject), timeout=limit)
            if isinstance(result, Failure):
                words = result.printed.splitlines()[:1]
                yield Outcome(name, "failed", ": ".join([result.message, *words]))
            else:
                yield result


def _perform(task: tuple[str, Subject]) -> Outcome:
    name, subject = task
    try:
        return Outcome(name, "passed", CHECKS[name](subject))
    except NotApplicable as reason:
        return Outcome(name, "not applicable", str(reason))
    except (Violation, Failed) as reason:
        return Outcome(name, "failed", str(reason))
    except BaseException as error:
        failure = failure_of(error)
        return Outcome(name, "failed", f"raised {failure.message}", failure.location)


def _formats(method: Method, side: int) -> list[tuple[int, str]]:
    """List the channels and dtypes that a method takes of a square."""
    return [
        (channels, dtype)
        for dtype in _DTYPES
        for channels in _CHANNELS
        if method.refusal((side, side, channels), np.dtype(dtype)) is None
    ]


def accepted(method: Method) -> tuple[int, int, str]:
    """Find the smallest square side, the channels and the dtype that a method takes.

    Raises
    ------
    Violation
        When it skips them all.
    """
    for side in SIDES:
        for channels, dtype in _formats(method, side):
            return side, channels, dtype
    raise Violation(f"skips every image: {method.refusal((64, 64, 3), np.dtype('uint8'))}")


def fill(method: Method, image: Image, mask: Mask, content: Image | None = None) -> Image:
    """Call a method that is set up as the harness does and check what it returns.

    `image` is the whole picture ``H×W×C``, `mask` ``H×W``, True = hole; `content` lies in the hole,
    zeros by default, as in the harness.

    Raises
    ------
    Failed
        When shape or dtype is wrong or a value isn't finite.
    """
    within = np.zeros_like(image) if content is None else content
    return checked_output(
        _call(method, np.where(mask[..., None], within, image), mask.copy()), image
    )


def _call(method: Method, image: Image, mask: Mask, prompt: str = "a brick wall") -> object:
    """Call a method that is set up, with a prompt if it takes one."""
    inpaint: Callable[..., object] = method.inpaint
    seed_generators(0)
    return inpaint(image, mask, *(() if method.prompts == "ignored" else (prompt,)))


def _scene(method: Method, hole: str) -> tuple[Image, Mask]:
    """Draw a picture that a method takes, and a hole."""
    side, channels, dtype = accepted(method)
    return picture(side, side, channels, dtype), holes(side, side)[hole]


# Checks


def _check_declarations(subject: Subject) -> str:
    method = subject.made()
    try:
        refuse_misdeclared(method)
    except BenchError as error:
        raise Violation(str(error)) from error
    return f"sees: {method.sees}, prompts: {method.prompts}"


def _check_parameters(subject: Subject) -> str:
    method = subject.made()
    for name, kind in specification.parameter_types(type(method)).items():
        if not _is_plain(kind):
            raise Violation(f"parameter {name!r} is a {kind}, not bool, int, float or str")
    text = specification.label(method)
    try:
        again = specification.build(type(method), specification.parse(text).parameters)
    except BenchError as error:
        raise Violation(f"{text!r} does not read back: {error}") from error
    if specification.settings(again) != specification.settings(method):
        raise Violation(f"{text!r} reads back with other parameters")
    return text


def _is_plain(kind: object) -> bool:
    if typing.get_origin(kind) is typing.Literal:
        return True
    members = typing.get_args(kind) or (kind,)
    return all(member in (bool, int, float, str, type(None)) for member in members)


def _check_accepts(subject: Subject) -> str:
    method = subject.made()
    side, _, _ = accepted(method)
    words = {3: "colour", 1: "grey"}
    formats = ", ".join(f"{words[channels]} {dtype}" for channels, dtype in _formats(method, side))
    return f"{formats}; from {side}²"


def _check_fills(subject: Subject) -> str:
    method = subject.fresh()
    image, mask = _scene(method, "box")
    black = float((fill(method, image, mask)[mask] == 0).all(axis=-1).mean())
    if black > 0.5:
        raise Violation(
            f"leaves {black:.0%} of the hole black in a picture without black; in masks, True is "
            "the hole"
        )
    return ""


def _check_format(subject: Subject, channels: tuple[int, ...], dtypes: tuple[str, ...]) -> str:
    """Images of these channels and dtypes come back as they should."""
    method = subject.fresh()
    side, _, _ = accepted(method)
    matching = [(c, d) for c, d in _formats(method, side) if c in channels and d in dtypes]
    if not matching:
        reason = method.refusal((side, side, channels[0]), np.dtype(dtypes[0]))
        raise NotApplicable(f"skips: {reason}")
    for c, d in matching:
        fill(method, picture(side, side, c, d), holes(side, side)["box"])
    return ""


def _check_sizes(subject: Subject, *sizes: tuple[int, int], beyond: bool = False) -> str:
    """Images of these sizes, and of an odd one `beyond` the smallest square, come back so."""
    method = subject.fresh()
    side, channels, dtype = accepted(method)
    wanted = [*sizes, (side + 1, side + 13)] if beyond else sizes
    taken = [size for size in wanted if method.refusal((*size, channels), np.dtype(dtype)) is None]
    if not taken:
        raise NotApplicable(f"skips: {method.refusal((*wanted[-1], channels), np.dtype(dtype))}")
    for height, width in taken:
        fill(method, picture(height, width, channels, dtype), holes(height, width)["several"])
    return ", ".join(f"{height}x{width}" for height, width in taken)


def _check_hole(subject: Subject, kind: str, twice: bool = False) -> str:
    """Fill a kind of hole, set up once or `twice`."""
    method = subject.fresh()
    if twice and not method.unavailable():
        method.setup(subject.device, 0)
    fill(method, *_scene(method, kind))
    return ""


def _check_determinism(subject: Subject) -> str:
    if not subject.made().deterministic:
        raise NotApplicable("declares itself not deterministic")
    first, second = subject.fresh(), subject.fresh()
    scene = _scene(first, "several")
    changed = _difference(fill(first, *scene), fill(second, *scene))
    if changed:
        raise Violation(
            f"two instances differ in {changed}; if that must be, set deterministic = False"
        )
    return ""


def _check_input(subject: Subject) -> str:
    method = subject.fresh()
    image, mask = _scene(method, "several")
    image[mask] = 0
    given, hole = image.copy(), mask.copy()
    _call(method, given, hole)
    for name, before, after in (("image", image, given), ("mask", mask, hole)):
        if not np.array_equal(before, after):
            raise Violation(f"modifies the {name} that it is given")
    return ""


def _check_object(subject: Subject) -> str:
    """Fill a hole with an object in it, whose shadow lies outside."""
    method = subject.fresh()
    if method.sees != "input":
        raise NotApplicable("sees no object: sees = 'known'")
    image, mask = _scene(method, "box")
    shadow = np.roll(mask, mask.shape[0] // 8, axis=(0, 1)) & ~mask
    image[shadow] //= 2
    fill(method, image, mask, np.full_like(image, np.iinfo(image.dtype).max * 3 // 4))
    return ""


def _check_prompt(subject: Subject) -> str:
    """Fill a hole with a prompt in several scripts, and without where none is needed."""
    method = subject.fresh()
    if method.prompts == "ignored":
        raise NotApplicable("takes no prompt: prompts = 'ignored'")
    image, mask = _scene(method, "box")
    for prompt in ("砖墙, “façade”", *([""] if method.prompts == "optional" else [])):
        damaged = np.where(mask[..., None], np.zeros_like(image), image)
        checked_output(_call(method, damaged, mask.copy(), prompt), image)
    return ""


def _check_leak(subject: Subject) -> str:
    method = subject.fresh()
    if method.sees == "input":
        raise NotApplicable("sees what is in the hole, where the truth isn't in it")
    compared = 0
    for kind in ("box", "border", "full"):
        image, mask = _scene(method, kind)
        output = fill(method, image, mask)
        if not method.deterministic and _difference(output, fill(method, image, mask)):
            continue
        compared += 1
        garbage = image.copy()
        garbage[...] = np.rint(noise("garbage", image.shape) * np.iinfo(image.dtype).max)
        changed = _difference(output, fill(method, image, mask, garbage))
        if changed:
            raise Violation(f"{changed} change with what lies in the {kind} hole")
    if not compared:
        raise NotApplicable("no two runs are alike, so nothing can be compared")
    return ""


def _difference(one: Image, other: Image) -> str:
    """Say how many pixels differ, or nothing."""
    count = int((one != other).any(axis=-1).sum())
    return f"{count} pixels" if count else ""


CHECKS: dict[str, Check] = {
    "parameters": _check_parameters,
    "declarations": _check_declarations,
    "accepts": _check_accepts,
    "setup twice": partial(_check_hole, kind="box", twice=True),
    "fills the hole": _check_fills,
    "colour": partial(_check_format, channels=(3,), dtypes=_DTYPES),
    "grey": partial(_check_format, channels=(1,), dtypes=_DTYPES),
    "8 bits": partial(_check_format, channels=_CHANNELS, dtypes=("uint8",)),
    "16 bits": partial(_check_format, channels=_CHANNELS, dtypes=("uint16",)),
    "odd sizes": lambda subject: _check_sizes(subject, (61, 43), beyond=True),
    "small images": lambda subject: _check_sizes(subject, (32, 32), (16, 16)),
    "hole at the border": partial(_check_hole, kind="border"),
    "several holes": partial(_check_hole, kind="several"),
    "full-image hole": partial(_check_hole, kind="full"),
    "empty hole": partial(_check_hole, kind="empty"),
    "input unmodified": _check_input,
    "deterministic": _check_determinism,
    "object": _check_object,
    "prompt": _check_prompt,
    "no leak": _check_leak,
}
"""The checks by name, in the order in which they are run."""
