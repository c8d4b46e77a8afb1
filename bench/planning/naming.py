"""Name a benchmark that isn't a preset after what it holds, and so the folder of its run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.plugins.specification import shown, split_name

_MOST_NAMED = 3
_LONGEST = 80

_SCALARS = {
    "limit": "limit",
    "subset_seed": "subset-seed",
    "masks_per_sample": "count",
    "draws": "draws",
    "seed": "seed",
}


def with_options(benchmark: Benchmark, **options: Any) -> Benchmark:
    """Replace parts of a benchmark; one that has other content then is named after it.

    Options that are None or empty replace nothing, and neither name nor description change with
    limits of time.
    """
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        for key, value in options.items()
        if value is not None and value != [] and value != ()
    }
    changed = {key: value for key, value in given.items() if getattr(benchmark, key) != value}
    made = replace(benchmark, **given)
    parts, words = [], []
    if "methods" in changed:
        parts.append(_listed(made.methods, "methods"))
        words.append(_sentence(made.methods, "methods"))
        if not changed.keys() & {"datasets", "masks"}:
            parts += ["on", benchmark.name]
            words.append(f"on the cases of {benchmark.name}")
    else:
        parts.append(benchmark.name)
        words.append(f"The methods of {benchmark.name}")
    for key, word in (("datasets", "on"), ("masks", "with"), ("metrics", "by")):
        if key in changed and (key != "metrics" or len(changed.keys() - {"main_metrics"}) == 1):
            parts += [word, _listed(changed[key], key)]
            words.append(f"{word} {_sentence(changed[key], key)}")
    for key, word in _SCALARS.items():
        if key in changed:
            parts.append(f"{word}-{changed[key]}")
            words.append(f"{word.replace('-', ' ')} {changed[key]}")
    if len(parts) == 1 and parts[0] == benchmark.name:
        return made
    return replace(made, name="-".join(parts)[:_LONGEST], description=", ".join(words))


def _listed(texts: Sequence[str], what: str) -> str:
    """Write names for a folder: ``telea-radius-5-nearest``, or how many there are."""
    if len(texts) > _MOST_NAMED:
        return f"{len(texts)}-{what}"
    return "-".join(_plain(text) for text in texts)


def _plain(text: str) -> str:
    name, specification = split_name(text)
    return re.sub(r"[^\w]+", "-", name or shown(specification).replace(".py", "")).strip("-")


def _sentence(texts: Sequence[str], what: str) -> str:
    if len(texts) > _MOST_NAMED:
        return f"{len(texts)} {what}"
    return " and ".join(split_name(text)[0] or shown(split_name(text)[1]) for text in texts)
