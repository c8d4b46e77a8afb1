"""Images drawn from a known distribution, for which the right answers are known."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintbench.datasets.base import Dataset, Sample, wanted
from inpaintbench.images import gaussian

_COUNT = 200


@dataclass(frozen=True)
class KnownPosterior(Dataset):
    """Gaussian fields: what a hole may hold, given the rest, is known exactly.

    No photographs: the methods ``exact-mean`` and ``exact-sample`` give the smallest possible error
    and a right draw, and ``inpaintbench table posterior`` measures others against them.

    Parameters
    ----------
    field : str
        ``smooth`` and ``rough`` are Gaussian; ``bumps`` is a mixture of 32 Gaussians, a bump at one
        of 16 places, bright or dark, on a field.
    """

    field: gaussian.Kind = "smooth"

    source = "drawn here from a fixed seed"
    license = "none needed"

    @property
    def preparation(self) -> str:
        """How the images are made."""
        return f"{gaussian.SIDE}x{gaussian.SIDE} grey, rounded to 16 bits"

    def ids(self) -> list[str]:
        """Return the numbers of the images."""
        return [f"{number:03}" for number in range(_COUNT)]

    def load(self, sample_id: str) -> Sample:
        """Draw an image."""
        number = wanted(self, {name: i for i, name in enumerate(self.ids())}, sample_id)
        return Sample(sample_id, gaussian.draw(self.field, number))
