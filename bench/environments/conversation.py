"""Start `host` under the Python of an environment: beside this process, or in its place."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.heap import Arena
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from inpaintbench.environments.environment import Environment
from inpaintbench.errors import BenchError
from inpaintbench.images.types import Image, Mask

_HOST = Path(__file__).with_name("host.py")


def become(
    environment: Environment,
    connection: Connection,
    shared: Arena | None,
    request: dict[str, Any],
) -> NoReturn:
    """Go on as a host in an environment, with the same connection, which begins by a request.

    Process id, session, limits and streams stay, and so does the signal that ends this process
    with its parent.
    """
    parent = multiprocessing.parent_process()
    kept = [connection.fileno(), *([] if parent is None else [parent.sentinel])]
    memory = (-1, 0) if shared is None else (shared.fd, shared.size)
    for descriptor in {*kept, memory[0]} - {-1}:
        os.set_inheritable(descriptor, True)
    words = [*_words(environment), *map(str, (kept[0], *memory)), json.dumps(request)]
    os.execve(environment.python, words, environment.variables())


def _words(environment: Environment) -> list[str]:
    # isolated: nothing of ours is on the module path there
    return [str(environment.python), "-I", str(_HOST)]


class Conversation:
    """A host in a process beside this one, which ends with it."""

    def __init__(self, environment: Environment) -> None:
        self._connection, theirs = Pipe()
        with theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(
                [*_words(environment), str(number), "-1", "0"],
                pass_fds=[number],
                env=environment.variables(),
                stdin=subprocess.DEVNULL,
            )
        self.close = Finalize(self, _close, (self._connection, self._process), exitpriority=1)

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and return its answer.

        Raises
        ------
        BenchError
            When what was asked for raised, or the process is gone.
        """
        return self._answer(request)

    def call(
        self, image: Image, mask: Mask, seed: int, prompts: tuple[str, ...]
    ) -> NDArray[np.generic]:
        """Call the method; what it does to its arguments shows in these.

        Raises
        ------
        BenchError
            When it raises, skips, returns no array, or the process is gone.
        """
        call = {"shape": image.shape, "dtype": image.dtype.str, "seed": seed, "alone": False}
        call |= {"prompt": prompts[0] if prompts else None, "shared": False, "back": True}
        answer = self._answer({"call": call}, image.tobytes() + mask.tobytes())
        if "again" in answer:
            return self.call(image, mask, seed, prompts)
        if "skip" in answer or "returned" in answer:
            raise BenchError(answer.get("skip") or f"returned {answer['returned']}, not an array")
        shape, kind = answer["shape"], np.dtype(answer["dtype"])
        if not answer["bytes"]:
            return np.broadcast_to(np.zeros((), kind), shape)
        result = np.frombuffer(self._connection.recv_bytes(), kind).reshape(shape)
        given = self._connection.recv_bytes()
        for array, start in ((image, 0), (mask, image.nbytes)):
            after = np.frombuffer(given, array.dtype, array.size, start).reshape(array.shape)
            if not np.array_equal(array, after):
                np.copyto(array, after)
        return result

    def _answer(self, request: dict[str, Any], data: bytes = b"") -> dict[str, Any]:
        try:
            self._connection.send_bytes(json.dumps(request).encode())
            if data:
                self._connection.send_bytes(data)
            while True:
                answer: dict[str, Any] = json.loads(self._connection.recv_bytes())
                if not answer.keys() <= {"begins", "ends"}:
                    break
        except (EOFError, OSError):
            raise BenchError(f"its process ended with status {self._process.wait()}") from None
        if "failed" in answer:
            told = answer["failed"]
            place = f" ({told['location']})" if told.get("location") else ""
            raise BenchError(f"{told['message']}{place}")
        return answer


def _close(connection: Connection, process: subprocess.Popen[bytes]) -> None:
    connection.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(2)
        return
    process.kill()
    process.wait()
