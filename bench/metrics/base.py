"""The contract of a metric: a definition that its id names in full."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import (
    Any,
    ClassVar,
    Generic,
    Protocol,
    TypeAlias,
    TypeVar,
    cast,
    runtime_checkable,
)
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from inpaintbench.errors import BenchError
from inpaintbench.images.types import Image, Mask
from inpaintbench.metrics.difference import (
    OF_COMPOSITE,
    Difference,
    Region,
    Sums,
    measure,
    pixels_of,
)
from inpaintbench.named import Named

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Result:
    """What a method returned for a case, ready to be scored.

    The arrays are held contiguous and read-only. What several metrics need of a result is
    computed once, when first asked for.

    Parameters
    ----------
    output : (H, W, C) array
        What the method returned, rounded to the reference's dtype.
    mask : (H, W) array of bool
        True = hole.
    reference : (H, W, C) array
        The true image.
    input : (H, W, C) array, optional
        What the method was given, before the hole was cut out, where that isn't the reference.
    effect : (H, W) array of bool, optional
        Where input and reference differ beside the object: shadow and reflection.
    """

    output: Image
    mask: Mask
    reference: Image
    input: Image | None = None
    effect: Mask | None = None
    _shared: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse arrays that don't belong together: compiled loops would read beyond them.

        Raises
        ------
        ValueError
            When a shape or dtype differs.
        """
        shape, dtype = self.reference.shape, self.reference.dtype
        for name, image in (("output", self.output), ("input", self.input)):
            if image is not None and (image.shape != shape or image.dtype != dtype):
                raise ValueError(
                    f"the {name} is {image.dtype} {image.shape}, its reference {dtype} {shape}"
                )
        for name, part in (("mask", self.mask), ("effect mask", self.effect)):
            if part is not None and (part.shape != shape[:2] or part.dtype != np.bool_):
                raise ValueError(
                    f"the {name} is {part.dtype} {part.shape}, wanted bool {shape[:2]}"
                )
        for name in ("output", "mask", "reference", "input", "effect"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, read_only(getattr(self, name)))

    @cached_property
    def composite(self) -> Image:
        """The output with the reference's known pixels pasted back."""
        return np.where(self.mask[..., None], self.output, self.reference)

    @cached_property
    def difference(self) -> Difference:
        """Where and by how much the composite differs from the reference."""
        return measure(self.output, self.reference, self.mask)

    def where(self, region: Region) -> Mask:
        """Mark the pixels of a region."""
        return self.shared(
            ("pixels", region), lambda: read_only(pixels_of(region, self.mask, self.effect))
        )

    def sums(self, region: Region) -> Sums:
        """Return the sums over a region."""
        if region == "image":
            hole = self.difference.sums
            return Sums(hole.squares, hole.absolutes, self.reference.size)
        return self._difference(region).sums

    def raw(self, region: Region) -> bool:
        """Whether a region shows an output that isn't its composite: it changed known pixels."""
        return region not in OF_COMPOSITE and self.sums("known").absolutes > 0

    def changed(self, raw: bool) -> Mask:
        """Mark where the raw output, or else its composite, differs from the reference."""
        return (self._difference("raw") if raw else self.difference).changed

    def _difference(self, region: Region) -> Difference:
        if region == "hole":
            return self.difference
        return self.shared(
            ("difference", region),
            lambda: measure(self.output, self.reference, self.where(region)),
        )

    def has(self, key: Hashable) -> bool:
        """Tell whether a metric has left something to share."""
        return key in self._shared

    def shared(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` returns, calling it only for the first of the metrics that ask."""
        if key not in self._shared:
            self._shared[key] = make()
        value: T = self._shared[key]
        return value


A = TypeVar("A", bound=NDArray[Any])


def read_only(array: A) -> A:
    """Return a contiguous view that can't be written; compiled loops see no other arrays."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return cast(A, view)


@dataclass(frozen=True, eq=False)
class OnReference(Generic[T]):
    """What metrics share that depends on a reference alone; it keeps the reference's id taken."""

    reference: Image
    value: T


_on_references: WeakValueDictionary[tuple[int, Hashable], OnReference[Any]] = WeakValueDictionary()


def on_reference(reference: Image, key: Hashable, make: Callable[[], T]) -> OnReference[T]:
    """Return what `make` returns, or what a metric that is bound to this very array still holds."""
    place = (id(reference), key)
    found: OnReference[T] | None = _on_references.get(place)
    if found is None:
        found = _on_references[place] = OnReference(reference, make())
    return found


Score: TypeAlias = Callable[[Result], float]


class Axis(enum.StrEnum):
    """What a metric speaks for; no method can be best at both (Blau and Michaeli 2018)."""

    perception = "perception"
    """What people see."""

    fidelity = "fidelity"
    """Closeness to the truth, pixel by pixel or window by window; a blur has it."""


@runtime_checkable
class GroupScore(Protocol):
    """A scoring function that scores several results on its reference faster than one by one."""

    def __call__(self, result: Result) -> float:
        """Score one result."""

    def group(self, results: Sequence[Result]) -> list[float]:
        """Score results, each with the value that it has alone."""


class Metric(Named):
    """A definition of quality, bound to a reference and then applied to results.

    Subclass it as a dataclass; fields are parameters of the definition and belong to the id.
    Override `score`, or `bind` where work that depends on the reference alone can be shared.
    The module that defines a metric is imported to list it, so import heavy libraries inside the
    functions that use them.
    """

    unit: ClassVar[str] = ""
    """``dB``, ``levels``, or empty."""

    higher_is_better: ClassVar[bool] = True

    bounds: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    """Least and largest score that there can be; intervals of means stay between them."""

    axis: ClassVar[Axis | None] = Axis.fidelity
    """Which of the two ranks it counts for, by name or as an `Axis`; None for a statistic that
    tells something, but not which of two results is better: methods aren't ranked by it."""

    needs_reference: ClassVar[bool] = True
    """False for a metric that reads nothing of the reference inside the hole."""

    def __init_subclass__(cls) -> None:
        """Take an axis by its name too.

        Raises
        ------
        TypeError
            When there is no such axis.
        """
        super().__init_subclass__()
        if cls.axis is not None:
            if cls.axis not in set(Axis):
                raise TypeError(f"axis of {cls.name} must be {', '.join(Axis)} or None")
            cls.axis = Axis(cls.axis)

    @property
    def id(self) -> str:
        """The whole definition: implementation, window, range, network, weights.

        By default the name with every parameter.
        """
        settings = ",".join(f"{f.name}={getattr(self, f.name)}" for f in fields(self))  # type: ignore[arg-type]
        return f"{self.name}[{settings}]" if settings else self.name

    @property
    def label(self) -> str:
        """Short name for table heads and axes: ``PSNR``, ``PSNR (hole)``; by default the id."""
        return self.id

    @property
    def worst(self) -> float:
        """The worst value the metric can take; stands for a failed cell where a rule asks."""
        least, most = self.bounds
        return least if self.higher_is_better else most

    def score(self, result: Result) -> float:
        """Score one result; NaN where the metric isn't defined."""
        raise NotImplementedError(f"{self.name} defines neither score nor bind")

    def bind(self, reference: Image) -> Score:
        """Do the work that depends on the reference alone, and return the scoring function.

        Called once for a reference; the function is called once for each result on it, whatever
        the mask, and gives the same value whatever was scored before. It returns NaN where the
        metric isn't defined. It may be a `GroupScore`. By default `score`.
        """
        return self.score

    def setup(self) -> None:
        """Get ready, once for each process: load weights, import libraries.

        Raises
        ------
        MetricUnavailable
            When something it needs is unavailable; the run goes on without this metric.
        """


class MetricUnavailable(BenchError):
    """Why a metric can't be computed here, and the command that makes it available."""
