"""Find the cases and methods that two runs have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from inpaintbench.errors import BenchError
from inpaintbench.plugins import registry
from inpaintbench.plugins.specification import parse
from inpaintbench.statistics.bootstrap import Codes
from inpaintbench.statistics.scores import plain_name
from inpaintbench.suggestion import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

_PLACE = ["collection", "sample", "suite", "mask_index", "turn"]
_IMAGE = ["image_sha256", "input_sha256", "effect_sha256", "prompt"]
_DIGESTS = [*_IMAGE, "mask_sha256"]


@dataclass(frozen=True, eq=False)
class CommonCases:
    """The cases that two runs have in common, and those that only look like it.

    Parameters
    ----------
    base, new : Index of str
        Ids of the same cases in either run: equal image, equal mask. Sorted by what they are, so
        that the order of a run changes no interval.
    images : array of int
        Number of the image of each common case: what statistics are clustered by.
    images_differ, masks_differ : DataFrame
        Cases at the same place whose image, or else only whose mask, differs; columns of
        ``rows.CASES`` with the suffixes ``_base`` and ``_new`` where they can differ.
    only_base, only_new : int
        Cases whose place the other run doesn't have.
    """

    base: pd.Index[str]
    new: pd.Index[str]
    images: Codes
    images_differ: pd.DataFrame
    masks_differ: pd.DataFrame
    only_base: int
    only_new: int


def match_cases(base: pd.DataFrame, new: pd.DataFrame) -> CommonCases:
    """Match the cases of two runs by dataset, sample, suite, index, and both digests.

    A dataset counts without its parameters, which say where files lie and how they are prepared,
    and a suite without those that say where files lie: whether images and masks are the same is
    what their digests say.

    Parameters
    ----------
    base, new : DataFrame
        As ``rows.CASES``.
    """
    pairs = _placed(base).merge(_placed(new), on=_PLACE, suffixes=("_base", "_new"))
    # where one run could not make the case, its methods failed on it, and it isn't another one
    unmade = (pairs[["image_sha256_base", "image_sha256_new"]] == "").any(axis=1)
    one, other = (pairs[[f"{name}_{run}" for name in _IMAGE]] for run in ("base", "new"))
    same_image = unmade | (one.to_numpy() == other.to_numpy()).all(axis=1)
    same_mask = unmade | (pairs["mask_sha256_base"] == pairs["mask_sha256_new"])
    same = pairs[same_image & same_mask].sort_values(_PLACE, ignore_index=True)
    return CommonCases(
        base=same.set_index("case_base").index,
        new=same.set_index("case_new").index,
        images=same.groupby(["collection", "sample"]).ngroup().to_numpy(),
        images_differ=pairs[~same_image],
        masks_differ=pairs[same_image & ~same_mask],
        only_base=len(base) - len(pairs),
        only_new=len(new) - len(pairs),
    )


def _placed(cases: pd.DataFrame) -> pd.DataFrame:
    """Add what places a case: its dataset's plain name, and a number among equals."""
    placed = cases.assign(
        collection=[plain_name(dataset) for dataset in cases["dataset"]],
        suite=[_without_place(suite) for suite in cases["suite"]],
    )
    return placed.assign(turn=placed.groupby(_PLACE[:-1]).cumcount())


@cache
def _without_place(suite: str) -> str:
    """Take from a suite's specification where its files lie."""
    try:
        wanted = parse(suite)
    except BenchError:  # a name that others gave
        return suite
    plugin = registry.masks().plugins.get(wanted.name)
    locations = plugin.locations if plugin else ()
    kept = [f"{key}={value}" for key, value in wanted.parameters.items() if key not in locations]
    return f"{wanted.name}[{','.join(kept)}]" if kept else wanted.name


def read_matches(texts: list[str]) -> dict[str, str]:
    """Read ``base-label=new-label``, where labels may hold ``=`` between brackets.

    Raises
    ------
    BenchError
        When there isn't exactly one ``=`` outside brackets.
    """
    label = r'((?:\[(?:"[^"]*"|[^]"])*\]|[^]=[])+)'
    found = {text: re.fullmatch(f"{label}={label}", text) for text in texts}
    for text, match in found.items():
        if not match:
            raise BenchError(f"--match {text}: write BASE-LABEL=NEW-LABEL")
    return {match[1]: match[2] for match in found.values() if match}


def match_variants(
    base: pd.DataFrame, new: pd.DataFrame, matches: Mapping[str, str]
) -> dict[str, str]:
    """Pair the variants of two runs: as told, by label, by a method's name that is unique in both.

    Parameters
    ----------
    base, new : DataFrame
        As ``rows.VARIANTS``.
    matches : mapping of str to str
        Label in BASE → label in NEW.

    Raises
    ------
    BenchError
        When a label that was told isn't there.
    """
    for labels, known, run in (
        (matches, base["variant"], "BASE"),
        (matches.values(), new["variant"], "NEW"),
    ):
        for label in labels:
            if label not in set(known):
                raise BenchError(
                    f"--match: {run} has no method {label!r}{did_you_mean(label, known)} "
                    f"(it has: {', '.join(known)})"
                )
    pairs = dict(matches)
    taken = set(pairs.values())
    for label in base["variant"]:
        if label not in pairs and label in set(new["variant"]) - taken:
            pairs[label] = label
            taken.add(label)
    for label, method in zip(base["variant"], base["method"], strict=True):
        partners = new.loc[new["method"] == method, "variant"]
        unique = len(partners) == 1 and (base["method"] == method).sum() == 1
        if label not in pairs and unique and partners.iloc[0] not in taken:
            pairs[label] = partners.iloc[0]
            taken.add(partners.iloc[0])
    return {label: pairs[label] for label in base["variant"] if label in pairs}
