"""A benchmark as a person writes it: a preset or a TOML file, with options of the command line."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from inpaintbench.errors import BenchError, one_line
from inpaintbench.outside import read_as, read_text
from inpaintbench.suggestion import did_you_mean

_MOST = 2**31
_MOST_SECONDS = 1e7
"""Four months; what waits can't wait for much longer numbers."""

_RANGES = {
    "limit": (1, _MOST),
    "subset_seed": (-_MOST, _MOST),
    "masks_per_sample": (1, _MOST),
    "draws": (1, 1000),
    "seed": (1 - 2**63, 2**63 - 1),
    "timeout": (1e-3, _MOST_SECONDS),
    "setup_timeout": (1e-3, _MOST_SECONDS),
    "score_timeout": (1e-3, _MOST_SECONDS),
}
_TIMING_RANGES = {
    "cases": (0, _MOST),
    "repeats": (1, _MOST),
    "seconds": (0, _MOST_SECONDS),
    "warmup": (0, _MOST),
    "threads": (1, 4096),
}


SAME_CASES = ("datasets", "masks", "limit", "subset_seed", "masks_per_sample", "seed")
"""What two benchmarks must have in common for their cases to be the same."""


@dataclass(frozen=True)
class TimingSettings:
    """The exclusive timing pass.

    Parameters
    ----------
    cases : int
        Cases timed for each dataset × suite; 0 leaves the pass out.
    repeats : int
        Calls measured for each timed cell after the warm-up, at most.
    seconds : float
        Time spent on the repeats of one cell after which no further one starts, once three are
        measured: slow methods need fewer.
    warmup : int
        Calls before the first that counts.
    threads : int
        Threads that libraries are held to.
    """

    cases: int = 1
    repeats: int = 5
    seconds: float = 10.0
    warmup: int = 1
    threads: int = 1


@dataclass(frozen=True)
class Benchmark:
    """What to run: the content of a preset.

    Parameters
    ----------
    name : str
        Name of the preset or file; names the run directory.
    description : str
        One line for people.
    datasets, masks, methods, metrics : tuple of str
        Plugin specifications.
    limit : int or None
        Samples taken from each dataset; None takes all.
    subset_seed : int or None
        None takes the first `limit` samples; a number draws the same ones everywhere.
    masks_per_sample : int
        Masks of each suite drawn for each sample.
    draws : int
        Times that a method that declares itself stochastic is run on each case, each draw being a
        variant with a number; one whose specification gives the number is run for that alone.
    seed : int
        Seed of the masks and of the methods that draw random numbers.
    timeout : float
        Seconds after which a call is ended and recorded as a failure.
    setup_timeout : float
        Seconds that setting a method up may take, once for each process, and making a case.
    score_timeout : float
        Seconds that scoring the outputs of a case may take.
    timing : TimingSettings
        The exclusive timing pass.
    main_metrics : tuple of str
        Those of `metrics` that main tables and figures show; none takes PSNR, SSIM and LPIPS. In a
        plan their ids.
    """

    name: str
    datasets: tuple[str, ...]
    masks: tuple[str, ...]
    methods: tuple[str, ...]
    metrics: tuple[str, ...]
    description: str = ""
    limit: int | None = None
    subset_seed: int | None = None
    masks_per_sample: int = 1
    draws: int = 1
    seed: int = 0
    timeout: float = 300.0
    setup_timeout: float = 600.0
    score_timeout: float = 600.0
    timing: TimingSettings = field(default_factory=TimingSettings)
    main_metrics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what can't be run."""
        for key in ("datasets", "masks", "methods", "metrics"):
            names = getattr(self, key)
            if not names:
                raise BenchError(f"benchmark {self.name}: {key} is empty")
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice:
                raise BenchError(f"benchmark {self.name}: {key} names {twice!r} twice")
        if not self.name.isprintable() or self.name in ("", ".", "..") or {*self.name} & {*"/\\"}:
            raise BenchError(f"benchmark {self.name!r}: its name names a folder, so no / or \\")
        for part, ranges in ((self, _RANGES), (self.timing, _TIMING_RANGES)):
            for key, (least, most) in ranges.items():
                value = getattr(part, key)
                # written so that NaN isn't within
                if value is not None and not least <= value <= most:
                    raise BenchError(
                        f"benchmark {self.name}: {key} must be at least {least:g}"
                        if value < least
                        else f"benchmark {self.name}: {key} must be at most {most:g}"
                    )


def preset_names() -> list[str]:
    """List the presets that come with the package."""
    entries = files("inpaintbench.presets").iterdir()
    return sorted(Path(e.name).stem for e in entries if e.name.endswith(".toml"))


def read(name_or_file: str) -> Benchmark:
    """Read a preset by name, or a TOML file by path.

    Raises
    ------
    BenchError
        When there is no such preset or file, or it holds a wrong key or a wrong type.
    """
    if name_or_file.endswith(".toml"):
        path = Path(name_or_file)
        if not path.exists():
            raise BenchError(f"{path}: no such file")
        text, name = read_text(path), path.stem
    elif name_or_file in preset_names():
        source = files("inpaintbench.presets") / f"{name_or_file}.toml"
        text, name = source.read_text(encoding="utf-8"), name_or_file
    else:
        known = preset_names()
        raise BenchError(
            f"no preset is called {name_or_file!r}{did_you_mean(name_or_file, known)} "
            f"(presets: {', '.join(known)}; or give a file ending in .toml)"
        )
    try:
        content = tomllib.loads(text)
    except RecursionError as error:
        raise BenchError(f"{name_or_file}: not valid TOML: nested too deeply") from error
    except ValueError as error:  # a number that is too long, too
        raise BenchError(f"{name_or_file}: not valid TOML: {one_line(error)}") from error
    _name_methods(content, name_or_file)
    # TOML's dates, which JSON lacks, as text
    return read_as(Benchmark, json.dumps({"name": name} | content, default=str), name_or_file)


def _name_methods(content: dict[str, Any], where: str) -> None:
    """Put the names of the table `names` before the methods that they are for."""
    names, methods = content.pop("names", {}), content.get("methods")
    if not isinstance(names, dict):
        raise BenchError(f'{where}: names must be a table: Ours = "./mine.py"')
    if not isinstance(methods, list):
        return  # which is said when the content is read
    for name, specification in names.items():
        if specification not in methods:
            raise BenchError(
                f"{where}: names: {specification!r} isn't among the methods"
                f"{did_you_mean(str(specification), map(str, methods))}"
            )
        methods[methods.index(specification)] = f"{name}={specification}"
