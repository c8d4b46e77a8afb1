"""The contract of a mask suite, and the arithmetic that makes its draws reproducible."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from inpaintbench.datasets.base import Sample
from inpaintbench.images.types import Mask
from inpaintbench.masks.random import RandomStream
from inpaintbench.named import Named

__all__ = ["Mask", "MaskSuite", "RandomStream", "Sample"]


class MaskSuite(Named, ABC):
    """A frozen, versioned way to draw holes.

    Subclass it as a dataclass; fields are parameters (``pixel-dropout[percent=80]``). A mask
    depends only on the suite (name, version, parameters), the dataset's identity, the sample id,
    the index and the seed. One suite may hold several kinds of hole: the kind of mask `index` of
    a sample is ``kinds[(index + offset) % len(kinds)]`` with an offset drawn from the sample's
    identity, so that few masks a sample still cover every kind over a dataset.
    """

    version: ClassVar[int] = 1
    """Raised whenever one pixel of one mask changes."""

    kinds: ClassVar[tuple[str, ...]] = ("default",)
    """The kinds of hole the suite holds, in order."""

    source: ClassVar[str] = ""
    """The protocol followed, with its publication or repository."""

    from_files: ClassVar[bool] = False
    """Whether holes are read from files that come with the images, which may be real ones."""

    locations: ClassVar[tuple[str, ...]] = ("path",)
    """Parameters that only say where files lie: no part of the suite's identity."""

    @property
    def by_chance(self) -> bool:
        """Whether masks of a kind differ from index to index; False where each is the same."""
        return True

    def count(self, wanted: int) -> int:
        """Return how many masks of those wanted for a sample differ from one another.

        Without chance there is one of each kind: more would be the same cases once more.
        """
        return wanted if self.by_chance else min(wanted, len(self.kinds))

    def check(self, samples: Sequence[str]) -> None:
        """Refuse samples that the suite can't tell apart, before a run begins; none by default.

        Raises
        ------
        DataError
            Naming two of them.
        """

    @abstractmethod
    def draw(self, sample: Sample, kind: str, random: RandomStream) -> Mask:
        """Draw one mask of the given kind for a sample.

        Parameters
        ----------
        sample : Sample
            Its shape gives the mask's; suites that place holes by content read its image.
        kind : str
            One of `kinds`.
        random : RandomStream
            The only source of randomness, the same on every machine and library version.

        Returns
        -------
        (H, W) array of bool
            True = hole. At least one hole pixel and at least one known pixel.

        Raises
        ------
        BenchError
            When the suite finds no such mask on an image of this size, or can't read the file
            that it takes it from; `fingerprint` says so of a file too.
        """

    def fingerprint(self, sample_id: str, kind: str, random: RandomStream) -> str:
        """Stand for the file that `draw` takes a mask from in result keys, without drawing it.

        The default suits masks that are fixed by the suite's name, version and parameters. A suite
        over a person's own files returns a digest of the file, found as in `draw`, so that a
        result is made again when the file changes.

        Parameters
        ----------
        sample_id : str
            Id of the sample.
        kind, random
            As in `draw`; the stream stands at its beginning too.
        """
        return ""
