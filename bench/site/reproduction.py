"""The commands that compute a run's results again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from inpaintbench.plugins.specification import is_file, parse
from inpaintbench.storage.rows import RunRows, main_environment


def run_command(rows: RunRows, variant: str) -> str:
    """Write the command that runs one method as in the run; empty where the run doesn't say how.

    Every setting is spelled out, so that it doesn't matter what a preset of that name says today.
    """
    benchmark = rows.provenance.benchmark
    if benchmark is None:
        return ""
    method = _public(_specification(benchmark.methods, variant))
    words = ["inpaintbench", "run", "--method", method]
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
    return shlex.join(words)


def public_name(run: Path) -> str:
    """Name a run directory on pages: from here, or by its last part; no path of this machine."""
    full = run.resolve()
    here = Path.cwd().resolve()
    return full.relative_to(here).as_posix() if full.is_relative_to(here) else full.name


def _public(specification: str) -> str:
    """Write the file of a specification as `public_name` does: ``./mine.py[radius=5]``."""
    name = parse(specification).name
    if not is_file(name):
        return specification
    return f"./{public_name(Path(name))}{specification[len(name) :]}"


def replay_command(run: str, case: str, variant: str) -> str:
    """Write the command that computes one result again and compares it with the run's."""
    return shlex.join(("inpaintbench", "replay", run, case, variant))


def _specification(known: Sequence[str], variant: str) -> str:
    """Find what was typed for a variant: a file's path, where the method came from a file."""
    if variant in known:
        return variant
    name = variant.partition("[")[0]
    files = {text: PurePosixPath(text.partition("[")[0]) for text in known}
    alike = [
        text
        for text, file in files.items()
        if file.suffix == ".py" and file.stem.replace("_", "-") == name
    ]
    return alike[0] if len(alike) == 1 else variant
