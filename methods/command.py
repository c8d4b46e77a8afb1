"""Any program: image and mask files in, result file out."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, ClassVar, Literal, NoReturn, cast

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.files import content_digest
from inpaintbench.images.png import write_png
from inpaintbench.methods.base import Image, Mask, Method
from inpaintbench.methods.networks.convention import MASKS
from inpaintbench.methods.networks.picture import read_picture


@dataclass(frozen=True)
class Command(Method):
    """Any program that reads an image and a mask and writes a result: MATLAB, C++, Docker, ….

    For each case the program is started anew, without a shell, with the paths of three PNG files
    put in for ``{image}``, ``{mask}`` and ``{output}``; it has to write the last one. The sample's
    prompt is put in for ``{prompt}``. Its start is part of the time measured. When the case's time
    is over, it is ended with its worker.

    With `keep_running` it is started once, in set-up, and asked on its standard input for one image
    after the other, so that the time measured is the call's alone (docs/adapters.md).

    Parameters
    ----------
    run : str
        The command line: ``command[run="./fill {image} {mask} {output}"]``.
    keep_running : bool
        Whether the program stays and answers requests.
    mask : str
        What is white in the mask: ``hole`` or ``known``.
    shown : str
        What the image shows in the hole: ``known`` for nothing, or ``input`` for the object, to a
        program that removes objects (`Method.sees`).
    """

    run: str = ""
    keep_running: bool = False
    mask: str = "hole"
    shown: Literal["known", "input"] = "known"

    deterministic = False
    prompts = "optional"

    _program: ClassVar[_Program | None] = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "sees", self.shown)
        if self.mask not in MASKS:
            raise ValueError(f"mask must be {' or '.join(MASKS)}, not {self.mask!r}")
        if self.run:
            places = () if self.keep_running else ("{image}", "{mask}", "{output}")
            missing = [name for name in places if name not in self.run]
            if missing:
                raise ValueError(f"the command line must name {', '.join(missing)}")
            needless = re.search(r"{(image|mask|output|prompt)}", self.run)
            if self.keep_running and needless:
                raise ValueError(
                    f"a program that keeps running is asked on its standard input: leave "
                    f"{needless[0]} out of the command line"
                )
            words = shlex.split(self.run)
            if words and Path(words[0]).name.startswith("python") and "-m" in words[:-1]:
                raise ValueError(
                    "python -m names no file whose changes could be followed: give the script's "
                    "file, python path/to/script.py"
                )

    def unavailable(self) -> str | None:
        """Say why the program can't be run, or None."""
        if not self.run:
            return 'no command line: command[run="./fill {image} {mask} {output}"]'
        program = shlex.split(self.run)[0]
        return None if shutil.which(program) else f"{program}: no such program"

    def fingerprint(self) -> str:
        """Digest of the program and of every file that the command line names.

        Files are found inside options too (``--ckpt=w.pth``, ``-cw.pth``); folders are not looked
        into.
        """
        return content_digest(self._files())

    def programs(self) -> list[Path]:
        """List the Python scripts that the command line names."""
        return [path for path in self._files() if path.suffix == ".py"]

    def _files(self) -> list[Path]:
        """Find what the words of the command line name."""
        words = shlex.split(self.run)
        named = [shutil.which(words[0])] if words else []
        for word in words:
            option = re.match("-[^-]", word)
            named += [word, *re.split("[=:,;@]", word), word.partition("=")[2]]
            named += [word[2:]] if option else []
        return [path for path in map(Path, dict.fromkeys(filter(None, named))) if path.is_file()]

    def setup(self, device: str, seed: int) -> None:
        """Start a program that stays, and wait until it says that it is ready."""
        if self.keep_running:
            object.__setattr__(self, "_program", _Program(_guarded(shlex.split(self.run))))

    def inpaint(self, image: Image, mask: Mask, prompt: str = "") -> NDArray[np.generic]:
        """Write the files, run the program, read its result; or ask the one that runs.

        Raises
        ------
        RuntimeError
            When the program fails, with the last line it wrote, or writes no result.
        """
        if self.keep_running:
            white = mask if self.mask == "hole" else ~mask
            if self._program is None or self._program.ended:
                self.setup("", 0)
            assert self._program is not None
            return self._program.fill(image, white, prompt)
        with tempfile.TemporaryDirectory(prefix="inpaintbench-") as folder:
            paths = {name: Path(folder, f"{name}.png") for name in ("image", "mask", "output")}
            white = mask if self.mask == "hole" else ~mask
            write_png(paths["image"], image)
            write_png(paths["mask"], (white * np.uint8(255))[..., None])
            self._execute({name: str(path) for name, path in paths.items()} | {"prompt": prompt})
            if not paths["output"].is_file():
                raise RuntimeError("the program ended well but wrote no result")
            return read_picture(paths["output"], image)

    def _execute(self, values: dict[str, str]) -> None:
        named = re.compile("{(" + "|".join(values) + ")}")
        # all at once: a prompt may hold what looks like a place for a path
        words = [named.sub(lambda name: values[name[1]], word) for word in shlex.split(self.run)]
        ended = subprocess.run(
            _guarded(words),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
        if ended.returncode != 0:
            said = (ended.stderr.strip() or ended.stdout.strip() or "it said nothing").splitlines()
            raise RuntimeError(f"the program ended with status {ended.returncode}: {said[-1]}")


def _guarded(words: list[str]) -> list[str]:
    """Have a program die with its worker, on Linux."""
    guard = shutil.which("setpriv")
    return [guard, "--pdeathsig", "KILL", "--", *words] if guard else words


_DTYPES = ("uint8", "uint16", "float32", "float64")


class _Program:
    """A program that answers on its standard output; what it prints to the other is kept.

    One that answers otherwise than it should is ended: what it writes next might be taken for the
    answer to another request.
    """

    def __init__(self, words: list[str]) -> None:
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input: IO[bytes] = self._process.stdin
        self._output = cast(BufferedReader, self._process.stdout)
        self._answer()

    @property
    def ended(self) -> bool:
        """Whether it ended, or was ended."""
        return self._process.poll() is not None

    def fill(self, image: Image, white: Mask, prompt: str) -> NDArray[np.generic]:
        """Ask for one image, and return what comes back.

        Raises
        ------
        RuntimeError
            When the program ended, says that it failed, or wrote something else.
        """
        height, width, channels = image.shape
        asked = {
            "height": height,
            "width": width,
            "channels": channels,
            "dtype": image.dtype.name,
            "prompt": prompt,
            # of the generator that the harness seeds for each case
            "seed": int(np.random.randint(1 << 31)),  # noqa: NPY002
        }
        if more := self._waiting():
            self._refuse(f"wrote {more[:80]!r} after its last answer")
        try:
            self._input.write(json.dumps(asked).encode() + b"\n")
            self._input.write(image.tobytes() + white.tobytes())
            self._input.flush()
        except BrokenPipeError:
            self._refuse("")
        answer = self._answer()
        if "failed" in answer:
            raise RuntimeError(str(answer["failed"]))
        name = str(answer.get("dtype", image.dtype.name))
        if name not in _DTYPES:
            self._refuse(f"answered with {name}, wanted {', '.join(_DTYPES)}")
        size = image.size * np.dtype(name).itemsize
        if len(data := self._output.read(size)) < size:
            self._refuse("")
        if more := self._waiting():
            self._refuse(f"wrote {more[:80]!r} after its answer")
        return np.frombuffer(data, name).reshape(image.shape)

    def _answer(self) -> dict[str, Any]:
        """Read the line of JSON that begins an answer."""
        line = self._output.readline(1 << 16)
        answer: Any = None
        with suppress(ValueError):
            answer = json.loads(line)
        if not isinstance(answer, dict):
            self._refuse(f"wrote {line[:80]!r} where a line of JSON was due" if line else "")
        return dict(answer)

    def _waiting(self) -> bytes:
        """Return what has been written and wasn't asked for."""
        os.set_blocking(self._output.fileno(), False)
        try:
            return self._output.peek(1) or b""
        finally:
            os.set_blocking(self._output.fileno(), True)

    def _refuse(self, why: str) -> NoReturn:
        """End the program, which did what it shouldn't, or ended by itself."""
        if why:
            self._process.kill()
        status = self._process.wait()
        self._output.close()
        with suppress(BrokenPipeError):
            self._input.close()
        if not why:
            raise RuntimeError(f"the program ended with status {status}")
        raise RuntimeError(f"the program {why}; what isn't an answer belongs on standard error")
