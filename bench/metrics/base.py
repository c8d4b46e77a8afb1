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
    Protocol,
    TypeAlias,
    TypeVar,
    cast,
    runtime_checkable,
)

import numpy as np
from numpy.typing import NDArray

from inpaintbench.errors import BenchError
from inpaintbench.images.types import Image, Mask
from inpaintbench.metrics.difference import Difference, Region, Sums, boundary, measure
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
    """

    output: Image
    mask: Mask
    reference: Image
    _shared: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse arrays that don't belong together: compiled loops would read beyond them.

        Raises
        ------
        ValueError
            When a shape or dtype differs.
        """
        shape, dtype = self.reference.shape, self.reference.dtype
        if self.output.shape != shape or self.output.dtype != dtype:
            raise ValueError(
                f"the output is {self.output.dtype} {self.output.shape}, "
                f"its reference {dtype} {shape}"
            )
        if self.mask.shape != shape[:2] or self.mask.dtype != np.bool_:
            raise ValueError(
                f"the mask is {self.mask.dtype} {self.mask.shape}, wanted bool {shape[:2]}"
            )
        for name in ("output", "mask", "reference"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @cached_property
    def composite(self) -> Image:
        """The output with the known pixels pasted back: what is scored."""
        return np.where(self.mask[..., None], self.output, self.reference)

    @cached_property
    def difference(self) -> Difference:
        """Where and by how much the output and the composite differ from the reference."""
        return measure(self.output, self.reference, self.mask)

    @cached_property
    def boundary(self) -> Mask:
        """The boundary region of the hole."""
        return boundary(self.mask)

    @cached_property
    def _boundary_sums(self) -> Sums:
        return measure(self.output, self.reference, read_only(self.boundary)).hole

    def sums(self, region: Region) -> Sums:
        """Return the sums over a region of the composite."""
        hole = self.difference.hole
        if region == "image":
            return Sums(hole.squares, hole.absolutes, self.reference.size)
        return hole if region == "hole" else self._boundary_sums

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
            When something it needs can't be had; the run goes on without this metric.
        """


class MetricUnavailable(BenchError):
    """Why a metric can't be computed here, and the command that makes it available."""
