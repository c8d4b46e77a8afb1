"""The commands that compute a run's results again."""

from __future__ import annotations

import shlex
from pathlib import Path

from inpaintbench.storage.rows import RunRows, main_environment


def run_command(rows: RunRows, variant: str) -> str:
    """Write the command that runs one method as in the run; empty where the run doesn't say how.

    Every setting is spelled out, so that it doesn't matter what a preset of that name says today.
    """
    benchmark = rows.provenance.benchmark
    if benchmark is None:
        return ""
    words = ["inpaintbench", "run", "--method", _specification(list(benchmark.methods), variant)]
    for option, texts in (
        ("--dataset", benchmark.datasets),
        ("--masks", benchmark.masks),
        ("--metric", benchmark.metrics),
    ):
        for text in texts:
            words += [option, text]
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


def replay_command(run: str, case: str, variant: str) -> str:
    """Write the command that computes one result again and compares it with the run's."""
    return shlex.join(("inpaintbench", "replay", run, case, variant))


def _specification(known: list[str], variant: str) -> str:
    """Find what was typed for a variant: a file's path, where the method came from a file."""
    if variant in known:
        return variant
    name = variant.partition("[")[0]
    files = [text for text in known if text.partition("[")[0].endswith(".py")]
    alike = [text for text in files if _stem(text) == name]
    return alike[0] if len(alike) == 1 else variant


def _stem(specification: str) -> str:
    path = specification.partition("[")[0]
    return path.rsplit("/", 1)[-1].removesuffix(".py").replace("_", "-")
