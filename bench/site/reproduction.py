"""The commands that compute a run's results again."""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from pathlib import Path

from inpaintbench.errors import BenchError
from inpaintbench.plugins.specification import is_file, parse, split_name
from inpaintbench.site.addresses import plain
from inpaintbench.storage.rows import RunRows, main_environment


def run_command(rows: RunRows, variant: str) -> str:
    """Write the command that runs one method as in the run; empty where the run doesn't say how.

    Every setting is spelled out, so that it doesn't matter what a preset of that name says today.
    """
    benchmark = rows.provenance.benchmark
    if benchmark is None:
        return ""
    named = any(split_name(text)[0] == variant for text in benchmark.methods)
    specification = _public(_specification(rows, variant))
    words = ["inpaintbench", "run"]
    words += ["--method", f"{variant}={specification}" if named else specification]
    for option, texts in (
        ("--dataset", benchmark.datasets),
        ("--masks", benchmark.masks),
        ("--metric", benchmark.metrics),
    ):
        words += [word for text in texts for word in (option, _public(text))]
    for option, value in (
        ("--limit", benchmark.limit),
        ("--subset-seed", benchmark.subset_seed),
        ("--count", benchmark.masks_per_sample),
        ("--seed", benchmark.seed),
        ("--timeout", benchmark.timeout),
    ):
        if value is not None:
            words += [option, f"{value:g}" if isinstance(value, float) else str(value)]
    words += [] if main_environment(rows).device in ("", "cpu") else ["--device", "cuda"]
    words += ["--out", f"reproduced/{plain(variant)}"]
    return shlex.join(words)


def public_name(run: Path) -> str:
    """Name a run directory on pages: from here, or by its last part; no path of this machine."""
    full = run.resolve()
    here = Path.cwd().resolve()
    return full.relative_to(here).as_posix() if full.is_relative_to(here) else full.name


def _public(specification: str) -> str:
    """Write files and folders of a specification as `public_name` does: ``./mine.py[radius=5]``."""
    file = _file(specification)
    name = file or specification.partition("[")[0]
    rest = re.sub(
        r'(="?)((?:[A-Za-z]:)?[\\/][^",\]]*)',
        lambda found: found[1] + public_name(Path(found[2])),
        specification[len(name) :],
    )
    return f"./{public_name(Path(name))}{rest}" if file else f"{name}{rest}"


def replay_command(rows: RunRows, run: str, case: str, variant: str) -> str:
    """Write the command that computes one result again and compares it with the run's.

    A method's own file is named, since it is only loaded where a person says so.
    """
    words = ["inpaintbench", "replay", run, case, variant]
    if file := _file(_specification(rows, variant)):
        words += ["--method", f"./{public_name(Path(file))}"]
    benchmark = rows.provenance.benchmark
    cases = (*benchmark.datasets, *benchmark.masks) if benchmark else ()
    if any(map(_file, cases)):
        words.append("--run-code")
    return shlex.join(words)


def _file(specification: str) -> str:
    """Return the file that a specification names; empty where it names none."""
    with suppress(BenchError):  # what a run says may be anything
        name = parse(specification).name
        return name if is_file(name) else ""
    return ""


def _specification(rows: RunRows, variant: str) -> str:
    """Return what makes a variant again; rows that don't tell have it in the name."""
    known = rows.variants.set_index("variant")["specification"]
    return str(known.get(variant, "")) or variant
