"""Which methods are compared, and on which cases: those that every one of them finished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

COMPLETION_SHARE = 0.9
"""Share of the most complete method's cells that a method must finish to be ranked."""


@dataclass(frozen=True, eq=False)
class Support:
    """Methods compared, and the cases that all of them finished.

    Parameters
    ----------
    compared : tuple of str
        Variants that finished enough to be ranked, in the order of the run.
    set_aside : tuple of str
        Variants that did not; shown without a rank.
    cases : Index of str
        Cases finished by every variant compared.
    reached : int
        Cases looked at.
    finished : mapping of str to int
        Cases that each variant finished.
    """

    compared: tuple[str, ...]
    set_aside: tuple[str, ...]
    cases: pd.Index[str]
    reached: int
    finished: Mapping[str, int]

    def rule(self) -> str:
        """Say in words what was compared on what; printed under every table."""
        number = len(self.compared)
        if number == 0:
            return "No method finished a cell."
        if number == 1 and not self.set_aside:
            text = f"Over the {len(self.cases)} of {self.reached} cases that the method finished."
        else:
            every = "both" if number == 2 else f"all {number}"
            who = "the one ranked method" if number == 1 else f"{every} ranked methods"
            text = (
                f"Means, differences and ranks are over the {len(self.cases)} of {self.reached} "
                f"cases that {who} finished."
            )
        if self.set_aside:
            text += (
                f" † finished fewer than {COMPLETION_SHARE:.0%} of the cells of the most complete "
                "method: not ranked, and its means are over its own cases, so not comparable."
            ).replace("%", " %")
        return text


def common_support(done: pd.DataFrame) -> Support:
    """Choose the methods that can be compared, and the cases to compare them on.

    A method that fails on the hard cases would gain by having them left out for itself alone;
    so everybody is judged on the same cases. A method that finished few would take those cases
    from all others; so it is set aside.

    Parameters
    ----------
    done : DataFrame of bool
        Whether a cell was finished; a row a case, a column a variant.
    """
    finished = done.sum(axis=0)
    most = int(finished.max()) if len(finished) else 0
    compared = [name for name in done.columns if most and finished[name] >= COMPLETION_SHARE * most]
    return Support(
        compared=tuple(compared),
        set_aside=tuple(name for name in done.columns if name not in compared),
        cases=done.index[done[compared].all(axis=1)] if compared else done.index[:0],
        reached=len(done),
        finished={str(name): int(count) for name, count in finished.items()},
    )
