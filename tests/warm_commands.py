"""Commands in processes forked from one that has the imports.

Those take longer than most of what the tests ask of a command.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from multiprocessing import forkserver
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from inpaintbench.execution.process import THREAD_VARIABLES

LIBRARIES = (
    *("cv2", "jinja2", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_pdf"),
    *("matplotlib.figure", "pandas", "pyarrow.parquet", "rich.progress", "rich.table"),
    *("scipy.linalg", "scipy.ndimage", "scipy.stats"),
)
OURS = (
    *("cli.application", "cli.progress", "cli.terminal", "execution.run"),
    *("metrics.kernels.difference", "metrics.scoring", "report.leaderboard", "report.opening"),
    *("report.writing", "site.building", "storage.store"),
)


def start() -> None:
    """Start the process that is forked, unless one that does without the imports was first."""
    forkserver.set_forkserver_preload([*LIBRARIES, *(f"inpaintbench.{name}" for name in OURS)])
    with patch.dict(os.environ, dict.fromkeys(THREAD_VARIABLES, "1")):
        forkserver.ensure_running()


def run_warm(words: list[str], cwd: Path, environment: dict[str, str]) -> tuple[int, str, str]:
    """Run a command, and return its exit status and what it wrote to its two streams."""
    start()
    context = multiprocessing.get_context("forkserver")
    with TemporaryDirectory() as folder:
        streams = [Path(folder) / "stdout", Path(folder) / "stderr"]
        arguments = (words, str(cwd), environment, [str(stream) for stream in streams])
        process = context.Process(target=_main, args=arguments)
        process.start()
        process.join(300)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(words, 300)
        written = [stream.read_text("utf-8") for stream in streams]
    return process.exitcode, written[0], written[1]


def _main(words: list[str], cwd: str, environment: dict[str, str], streams: list[str]) -> None:
    """Be ``python -m inpaintbench``, started in a directory with an environment."""
    from inpaintbench.cli import main

    for number, stream in enumerate(streams, 1):
        opened = os.open(stream, os.O_WRONLY | os.O_CREAT)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.path = [cwd, *(path for path in sys.path if path != str(Path(__file__).parent))]
    sys.argv = ["inpaintbench", *words]
    main()
