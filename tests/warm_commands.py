"""Commands in processes forked from one that has the imports.

Those take longer than most of what the tests ask of a command.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import connection, forkserver
from multiprocessing.forkserver import ForkServer
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from inpaintbench.execution.process import THREAD_VARIABLES

NOWHERE = (os.devnull, os.devnull)


_server: ForkServer = forkserver._forkserver  # type: ignore[attr-defined]
_training_server = ForkServer()
"""What trains is forked from a process of its own: elsewhere, PyTorch would be there too soon."""


def start(server: ForkServer = _server) -> None:
    """Start the process that is forked, unless one that does without the imports was first."""
    training = () if server is _server else ("torch._dynamo", "inpaintbench.methods.training.run")
    server.set_forkserver_preload(["warm_imports", *training])
    paths = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    variables = dict.fromkeys(THREAD_VARIABLES, "1") | {"PYTHONPATH": os.pathsep.join(paths)}
    with patch.dict(os.environ, variables):
        server.ensure_running()


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
    ours: Any = _server
    ours._forkserver_address, ours._forkserver_alive_fd = address, writing
    ours._forkserver_pid = child


def begin(
    words: list[str], cwd: Path, environment: dict[str, str], streams: Sequence[str] = NOWHERE
) -> BaseProcess:
    """Begin a command that writes its two streams to files, and return its process."""
    server = _training_server if words[:1] == ["train"] else _server
    start(server)
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=_main, args=(words, str(cwd), environment, streams))
    with patch.object(forkserver, "connect_to_new_process", server.connect_to_new_process):
        process.start()
    return process


def run_warm(words: list[str], cwd: Path, environment: dict[str, str]) -> tuple[int, str, str]:
    """Run a command, and return its exit status and what it wrote to its two streams."""
    with TemporaryDirectory() as folder:
        streams = [Path(folder) / "stdout", Path(folder) / "stderr"]
        process = begin(words, cwd, environment, [str(stream) for stream in streams])
        process.join(300)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(words, 300)
        written = [stream.read_text("utf-8") for stream in streams]
    return process.exitcode, written[0], written[1]


def _main(words: list[str], cwd: str, environment: dict[str, str], streams: Sequence[str]) -> None:
    """Be ``python -m inpaintbench``, or ``pytest``, in a directory with an environment."""
    from inpaintbench.cli import main

    for number, stream in enumerate(streams, 1):
        opened = os.open(stream, os.O_WRONLY | os.O_CREAT)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.path = [cwd, *(path for path in sys.path if path != str(Path(__file__).parent))]
    fork_server()
    if words[:1] == ["pytest"]:
        import pytest

        sys.exit(pytest.main(words[1:]))
    sys.argv = ["inpaintbench", *words]
    main()
