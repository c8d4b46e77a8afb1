"""Any program: image and mask files in, result file out."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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

    Parameters
    ----------
    run : str
        The command line: ``command[run="./fill {image} {mask} {output}"]``.
    mask : str
        What is white in the mask: ``hole`` or ``known``.
    shown : str
        What the image shows in the hole: ``known`` for nothing, or ``input`` for the object, to a
        program that removes objects (`Method.sees`).
    """

    run: str = ""
    mask: str = "hole"
    shown: Literal["known", "input"] = "known"

    deterministic = False
    prompts = "optional"

    def __post_init__(self) -> None:
        object.__setattr__(self, "sees", self.shown)
        if self.mask not in MASKS:
            raise ValueError(f"mask must be {' or '.join(MASKS)}, not {self.mask!r}")
        if self.run:
            missing = [name for name in ("{image}", "{mask}", "{output}") if name not in self.run]
            if missing:
                raise ValueError(f"the command line must name {', '.join(missing)}")
            shlex.split(self.run)

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

    def inpaint(self, image: Image, mask: Mask, prompt: str = "") -> NDArray[np.generic]:
        """Write the files, run the program, read its result.

        Raises
        ------
        RuntimeError
            When the program fails, with the last line it wrote, or writes no result.
        """
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
        if guard := shutil.which("setpriv"):  # the program dies with its worker, on Linux
            words = [guard, "--pdeathsig", "KILL", "--", *words]
        ended = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
        )
        if ended.returncode != 0:
            said = (ended.stderr.strip() or ended.stdout.strip() or "it said nothing").splitlines()
            raise RuntimeError(f"the program ended with status {ended.returncode}: {said[-1]}")
