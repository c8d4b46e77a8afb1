"""Commands in processes forked from one that has the imports.

Those take longer than most of what the tests ask of a command.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
from contextlib import suppress
from multiprocessing import connection, forkserver
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from inpaintbench.execution.process import THREAD_VARIABLES


def start() -> None:
    """Start the process that is forked, unless one that does without the imports was first."""
    forkserver.set_forkserver_preload(["warm_imports"])
    paths = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    variables = dict.fromkeys(THREAD_VARIABLES, "1") | {"PYTHONPATH": os.pathsep.join(paths)}
    with patch.dict(os.environ, variables):
        forkserver.ensure_running()


def fork_server() -> None:
    """Fork this process's own fork server from it, which has the imports.

    It is otherwise started from nothing, and each worker loads for itself what it works with.
    """
    if sys.version_info >= (3, 14):  # where its clients have a key
        return
    address = connection.arbitrary_address("AF_UNIX")
    reading, writing = os.pipe()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        child = os.fork()
        if not child:
            kept = {0, 1, 2, reading, listener.fileno()}
            for number in {int(file.name) for file in Path("/proc/self/fd").iterdir()} - kept:
                with suppress(OSError):
                    os.close(number)
            try:
                forkserver.main(listener.fileno(), reading, [])
            finally:
                os._exit(0)
    os.close(reading)
    ours = forkserver._forkserver  # type: ignore[attr-defined]
    ours._forkserver_address, ours._forkserver_alive_fd = address, writing
    ours._forkserver_pid = child


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
    fork_server()
    main()
