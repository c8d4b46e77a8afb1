"""Which pairs to ask for next: those that tell most about what is still undecided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inpaintbench.statistics.choices import strengths
from inpaintbench.study.results import choices_of
from inpaintbench.study.votes import Collected


@dataclass(frozen=True)
class Proposal:
    """Pairs of methods to ask for, in the order of what each adds.

    Parameters
    ----------
    pairs : tuple of (str, str)
        One for each vote.
    decided : bool
        Whether all methods can be told apart already, so that every pair was a candidate.
    """

    pairs: tuple[tuple[str, str], ...]
    decided: bool

    @property
    def numbers(self) -> dict[tuple[str, str], int]:
        """How often each pair of methods is asked for, most often first."""
        counts = {pair: self.pairs.count(pair) for pair in dict.fromkeys(self.pairs)}
        return dict(sorted(counts.items(), key=lambda item: -item[1]))


def propose(collected: Collected, number: int) -> Proposal:
    """Choose `number` pairs of methods, one after the other, by expected information.

    Candidates are the pairs that can't be told apart. A vote on a pair adds the information of
    Davidson's model at the strengths fitted; the one is chosen that makes its determinant grow
    most (D-optimal), as if those chosen before were answered already.

    Raises
    ------
    BenchError
        As `results.fit`.
    """
    methods = collected.methods
    model, crossed = strengths(choices_of(collected), len(methods))
    first, second = np.triu_indices(len(methods), 1)
    open_pairs = ~crossed.apart[first, second]
    candidates = np.flatnonzero(open_pairs) if open_pairs.any() else np.arange(len(first))
    information = model.information.copy()
    chosen = []
    for _ in range(number):
        added = np.linalg.slogdet(information + model.of_pair[candidates])[1]
        best = candidates[int(np.argmax(added))]
        information += model.of_pair[best]
        chosen.append((methods[first[best]], methods[second[best]]))
    return Proposal(tuple(chosen), not open_pairs.any())
