"""The commands that compute a run's results again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9_./=:-]+")


def run_command(provenance: Mapping[str, str], variant: str) -> str:
    """Write the command that runs one method as in the run; empty where the run doesn't say how.

    Every setting is spelled out, so that it doesn't matter what a preset of that name says today.
    """
    try:
        benchmark = json.loads(provenance["benchmark"])
        specifications = list(benchmark["methods"])
        words = ["inpaintbench", "run", "--method", _specification(specifications, variant)]
        for dataset in benchmark["datasets"]:
            words += ["--dataset", dataset]
        for suite in benchmark["masks"]:
            words += ["--masks", suite]
        for metric in benchmark["metrics"]:
            words += ["--metric", metric]
        for option, key in (
            ("--limit", "limit"),
            ("--subset-seed", "subset_seed"),
            ("--count", "masks_per_sample"),
            ("--seed", "seed"),
            ("--timeout", "timeout"),
        ):
            if benchmark.get(key) is not None:
                value = benchmark[key]
                words += [option, f"{value:g}" if isinstance(value, float) else str(value)]
        device = provenance.get("device", "cpu")
        words += [] if device == "cpu" else ["--device", "cuda"]
    except (KeyError, TypeError, ValueError):
        return ""
    return " ".join(quoted(word) for word in words)


def public_name(run: Path) -> str:
    """Name a run directory on pages: from here, or by its last part; no path of this machine."""
    full = run.resolve()
    here = Path.cwd().resolve()
    return full.relative_to(here).as_posix() if full.is_relative_to(here) else full.name


def replay_command(run: str, case: str, variant: str) -> str:
    """Write the command that computes one result again and compares it with the run's."""
    return " ".join(quoted(word) for word in ("inpaintbench", "replay", run, case, variant))


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


def quoted(word: str) -> str:
    """Quote a word for a shell, where it needs to be."""
    return word if _NAME.fullmatch(word) else "'" + word.replace("'", "'\\''") + "'"
