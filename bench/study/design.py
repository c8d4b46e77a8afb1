"""Which pairs a study shows: balanced over methods, cases and sides, with checks among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, cycle, islice

import numpy as np

from inpaintbench.study.key import FLOOR, TRUTH, Pair, PairKind, StudyCase


def rounds(methods: Sequence[str], random: np.random.Generator) -> Iterator[tuple[str, str]]:
    """Yield pairs of methods without end: all of them in each round, in random order."""
    every = list(combinations(methods, 2))
    while every:
        yield from (every[i] for i in random.permutation(len(every)))


def balanced(
    wanted: Iterable[tuple[str, str]],
    cases: Sequence[StudyCase],
    number: int,
    random: np.random.Generator,
    shown: Iterable[Pair] = (),
) -> list[Pair]:
    """Give pairs of methods a case and sides, so that each is used about equally often.

    A pair of methods gets the case that it was shown on least, of those the one, and the image,
    shown least altogether. Its first method takes the side that it had less often against the
    other, then altogether.

    Parameters
    ----------
    wanted : iterable of (str, str)
        Pairs of methods in the order in which they are taken.
    number : int
        How many are taken, at most.
    shown : iterable of Pair
        What raters saw earlier: these come on top of it.

    Returns
    -------
    list of Pair
        No two alike, as long as there are cases that their methods weren't shown on.
    """
    images = {case.case: case.image for case in cases}
    seen: Counter[tuple[str, ...]] = Counter()
    sides: Counter[tuple[str, ...]] = Counter()
    pairs: list[Pair] = []

    def note(pair: Pair) -> None:
        low, high = sorted((pair.left, pair.right))
        seen.update([(pair.case, low, high), (pair.case,), ("image", images.get(pair.case, ""))])
        sides.update([(pair.left, pair.right), (pair.left,)])
        sides.subtract([(pair.right, pair.left), (pair.right,)])

    for pair in shown:
        note(pair)
    for one, other in islice(wanted, number):
        low, high = sorted((one, other))
        luck = random.permutation(len(cases))
        best = min(
            range(len(cases)),
            key=lambda i: (
                seen[cases[i].case, low, high],
                seen[cases[i].case,],
                seen["image", cases[i].image],
                luck[i],
            ),
        )
        lead = (sides[one, other], sides[one,] - sides[other,], random.integers(2) - 0.5)
        left, right = (other, one) if lead > (0, 0, 0) else (one, other)
        pair = Pair(PairKind.counted, cases[best].case, left, right)
        note(pair)
        pairs.append(pair)
    return pairs


def parts(
    pairs: Sequence[Pair],
    size: int,
    checks: int,
    trivial: Sequence[str],
    random: np.random.Generator,
) -> list[list[Pair]]:
    """Cut pairs into parts, one for a rater, and put checks among them.

    Parameters
    ----------
    pairs : sequence of Pair
        Any stretch of them is balanced.
    size : int
        Pairs of a part without its checks, at most.
    checks : int
        How many pairs of each part are repeated with their sides changed, and how many trivial
        pairs it has.
    trivial : sequence of str
        Cases whose truth is easily told from the floor; where they are few, they come again.
    """
    cut = np.array_split(np.arange(len(pairs)), -(-len(pairs) // size))
    easy, side = cycle(random.permutation(np.array(trivial, object))), cycle((True, False))
    made = []
    for places in cut:
        part = [pairs[i] for i in places]
        again = random.permutation(len(part))[:checks]
        part += [replace(part[i].turned, kind=PairKind.repeated) for i in again]
        for case in islice(easy, checks):
            pair = Pair(PairKind.trivial, str(case), TRUTH, FLOOR)
            part.append(pair if next(side) else pair.turned)
        made.append([part[i] for i in random.permutation(len(part))])
    return made
