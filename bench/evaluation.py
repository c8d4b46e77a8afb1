"""Benchmark a Python function or a network from a notebook or a script."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from inpaintbench.content import content_of
from inpaintbench.errors import BenchError
from inpaintbench.images.files import write_whole
from inpaintbench.planning import benchmark
from inpaintbench.planning.naming import with_options
from inpaintbench.planning.plan import SEES
from inpaintbench.plugins import registry
from inpaintbench.statistics.axes import RankBy

if TYPE_CHECKING:
    import pandas as pd

    from inpaintbench.methods.networks.convention import Convention
    from inpaintbench.report.table import Table
    from inpaintbench.storage.rows import RunRows

METHODS = Path("results/methods")
"""Where evaluated functions are kept, to be run again from the command line."""

_FILE = '''"""{name}, as it was given to inpaintbench.evaluate."""

from pathlib import Path

from inpaintbench.methods.pickled import Pickled


class Evaluated(Pickled):
    """{summary}"""

    name = "{name}"
    sees = "{sees}"
    prompts = "{prompts}"

    @property
    def file(self) -> Path:
        """Where the function is: beside this file."""
        return Path(__file__).with_name("{name}.pickle")

    def imported(self) -> None:
        """Name the modules that its code is in, so that its key follows them: never called."""
{imports}
'''


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The results of `evaluate`; a notebook shows them as the leaderboard.

    Parameters
    ----------
    name : str
        The method's name in the tables.
    method : Path
        File that runs it again: ``inpaintbench run --add METHOD``.
    directory : Path
        The run: results of all its methods, for ``inpaintbench report`` and all else.
    rank_by : RankBy
        Which rank orders the leaderboard.
    """

    name: str
    method: Path
    directory: Path
    rank_by: RankBy = RankBy.perception

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Scores and runtimes, one row for each case and method."""
        from inpaintbench.storage.rows import long_rows

        return long_rows(self._run)

    @cached_property
    def leaderboard(self) -> Table:
        """Where the methods stand."""
        from inpaintbench.report import tables
        from inpaintbench.report.kinds import TableKind
        from inpaintbench.report.summary import Summary

        return tables.make(TableKind.leaderboard, Summary(self._run, rank_by=self.rank_by))

    def warn_of_failures(self) -> None:
        """Warn where the method failed, with the first reason."""
        from inpaintbench.report.failures import unfinished

        failed = [one for one in unfinished(self._run) if one.variant == self.name]
        if failed:
            cases = sum(len(one.cases) for one in failed)
            warnings.warn(
                f"{self.name} has no result on {cases} of {len(self._run.cases)} cases: "
                f"{failed[0].kind}: {failed[0].reason} (inpaintbench failures {self.directory} "
                "--traceback shows more)",
                stacklevel=3,
            )

    @cached_property
    def _run(self) -> RunRows:
        from inpaintbench.storage.runs import read_run

        return read_run(self.directory)

    def __str__(self) -> str:
        """Write the leaderboard as plain text."""
        return str(self.leaderboard)

    def _repr_html_(self) -> str:
        from inpaintbench.report import html

        return html.write(self.leaderboard)


def evaluate(
    method: Callable[..., Any],
    name: str | None = None,
    preset: str = "quick",
    *,
    beside: Sequence[str] | None = None,
    datasets: Sequence[str] = (),
    masks: Sequence[str] = (),
    metrics: Sequence[str] = (),
    limit: int | None = None,
    jobs: int = 0,
    device: str = "cpu",
    timing: bool = True,
    out: Path | str | None = None,
    convention: Convention | None = None,
    call: str = "image,mask",
    sees: Literal["known", "input"] = "known",
    rank_by: Literal["perception", "fidelity", "both"] = "perception",
) -> Evaluation:
    """Benchmark a function or a network beside the methods of a preset.

    It runs as ``inpaintbench run`` runs it: in worker processes of its own, on images whose hole
    is empty, carrying on where an earlier call with the same arguments ended.

    Parameters
    ----------
    method : callable or torch.nn.Module
        A function of an image (H, W, C; uint8 or uint16) and a mask (H, W; True = hole) that
        returns the filled image; or a network, called by `convention`. A function with a
        parameter ``prompt`` gets the sample's, and where the parameter has no default, is skipped
        on samples without one.
    name : str, optional
        Its name in the tables; by default that of the function or class.
    preset : str
        A preset or a TOML file.
    beside : sequence of str, optional
        Methods to run beside it, instead of the preset's.
    datasets, masks, metrics : sequence of str
        Instead of the preset's.
    limit : int, optional
        Images taken from each dataset.
    jobs : int
        Worker processes; 0 takes every core.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    timing : bool
        Whether the exclusive timing pass follows.
    out : Path, optional
        Run directory; by default ``results/runs/`` and the name of the preset, or where this isn't
        one, of what it holds.
    convention : Convention, optional
        For a network: ranges of the pixels, meaning of the mask, multiple of the size; by default
        pixels in 0..1, and 1 in the mask for the hole.
    call : str
        For a network: ``image,mask``, ``mask,image`` or ``joined``, one tensor of four channels.
    sees : str
        ``input`` for what removes objects: it is shown the object, as `Method.sees` says.
    rank_by : str
        Which rank orders the leaderboard; ``both`` averages the metrics of both axes.

    Raises
    ------
    BenchError
        When the method can't be saved, its name is taken, or the run fails.

    Examples
    --------
    >>> import inpaintbench
    >>> def grey(image, mask):
    ...     return image + 128 * mask[..., None].astype(image.dtype)
    >>> inpaintbench.evaluate(grey, preset="quick", limit=2)  # doctest: +SKIP
    """
    chosen = name or _default_name(method)
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", chosen):
        raise BenchError(
            f"{chosen!r} can't be the name of a method; give one of small letters, digits and "
            "hyphens: evaluate(…, name='my-method')"
        )
    if chosen in registry.methods().plugins:
        raise BenchError(f"a method is already called {chosen!r}; give another name")
    if sees not in SEES:
        raise BenchError(f"sees must be {' or '.join(SEES)}, not {sees!r}")
    if rank_by not in set(RankBy):
        raise BenchError(f"rank_by must be {', '.join(RankBy)}, not {rank_by!r}")
    path = _save(_as_function(method, convention, call), chosen, sees)
    named = with_options(
        benchmark.read(preset),
        methods=None if beside is None else (*beside, str(path)),
        datasets=datasets,
        masks=masks,
        metrics=metrics,
        limit=limit,
    )
    directory = Path(out) if out else Path("results/runs") / named.name
    options: dict[str, Sequence[str]] = {
        "--method" if beside is not None else "--add": (*(beside or ()), str(path)),
        "--dataset": datasets,
        "--masks": masks,
        "--metric": metrics,
        "--limit": () if limit is None else (str(limit),),
        "--jobs": (str(jobs),),
        "--device": (device,),
        "--out": (str(directory),),
    }
    words = [word for option, values in options.items() for v in values for word in (option, v)]
    _run([preset, *words, "--no-report", "--timing" if timing else "--no-timing"])
    evaluation = Evaluation(chosen, path, directory, RankBy(rank_by))
    evaluation.warn_of_failures()
    return evaluation


def _default_name(method: Callable[..., Any]) -> str:
    """Name a function after itself, and an object after its class, in kebab-case."""
    given = getattr(method, "__name__", type(method).__name__)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", "-", given).strip("-").lower()


def _as_function(
    method: Callable[..., Any], convention: Convention | None, call: str
) -> Callable[..., NDArray[np.generic]]:
    """Return what takes an image and a mask: the function itself, or the network with its calls."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(method, torch.nn.Module):
        return method
    from inpaintbench.methods.networks.called import CalledNetwork
    from inpaintbench.methods.networks.convention import Convention

    try:
        return CalledNetwork(method.eval(), convention or Convention(), call)
    except ValueError as error:
        raise BenchError(str(error)) from error


def _prompts(fill: Callable[..., Any]) -> str:
    """Say whether a function takes a prompt, and whether it can do without."""
    try:
        prompt = inspect.signature(fill).parameters.get("prompt")
    except (TypeError, ValueError):  # compiled code doesn't tell
        prompt = None
    if prompt is None:
        return "ignored"
    return "required" if prompt.default is prompt.empty else "optional"


def _save(fill: Callable[..., NDArray[np.generic]], name: str, sees: str) -> Path:
    """Write the function and the method file that calls it; a function that is there stays."""
    import cloudpickle

    from inpaintbench.methods.pickled import Pickled

    path = (METHODS / f"{name}.method.py").absolute()  # no module of a person's has such a name
    pickle, note = path.with_name(f"{name}.pickle"), path.with_name(f"{name}.json")
    lines = (getattr(fill, "__doc__", None) or "").strip().splitlines()
    summary = lines[0] if lines else "Function given to inpaintbench.evaluate."
    try:
        saved = cloudpickle.dumps(fill)
        content = content_of(fill)
    except Exception as error:
        raise BenchError(f"{name} can't be saved for worker processes: {error}") from error
    text = _FILE.format(
        name=name,
        summary=summary.replace("\\", "").replace('"', "'"),
        sees=sees,
        prompts=_prompts(fill),
        imports="\n".join(f"        import {module}" for module in content.modules),
    )
    about = {"content": content.digest, "pickle": hashlib.sha256(saved).hexdigest()}
    written = [(path, text.encode())]
    if Pickled(path=str(pickle)).fingerprint() != content.digest:
        written = [(pickle, saved), (note, json.dumps(about).encode()), *written]
    for target, data in written:
        write_whole(target, data)
    return path


def _run(arguments: list[str]) -> None:
    """Run the command in a process of its own, whose workers needn't import a notebook.

    What it says of its progress is shown; what has no answer is a warning.
    """
    shown = sys.stderr.isatty()
    said: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-m", "inpaintbench", "run", "--allow-failures", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=None if shown else subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        text=True,
    ) as running:
        for line in running.stderr or ():
            said.append(line.strip().removeprefix("inpaintbench: "))
            if not line.startswith("inpaintbench: "):
                sys.stderr.write(line)
    if running.returncode == 3:
        answers = [line for line in said if line.startswith("no answer: ")]
        warnings.warn("; ".join(answers) or "some of the run has no answer", stacklevel=3)
    elif running.returncode:
        raise BenchError(f"the run failed: {said[-1] if said else 'see the message above'}")
