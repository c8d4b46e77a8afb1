"""The folder that a site is written to: whole files only, and no leftovers of an earlier site."""

from __future__ import annotations

import hashlib
from pathlib import Path

from inpaintbench.errors import BenchError

_LIST = ".inpaintbench-site"
"""File that names what an earlier site wrote, so that its leftovers can be removed."""


class Folder:
    """Writes the files of a site and remembers them.

    Parameters
    ----------
    directory : Path
        Where to write; made where it isn't there.

    Raises
    ------
    BenchError
        When the directory holds files that are no site, or can't be written.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.written: dict[str, Path] = {}
        if directory.exists() and not directory.is_dir():
            raise BenchError(f"{directory}: is a file; choose a directory")
        if directory.is_dir() and any(directory.iterdir()) and not (directory / _LIST).is_file():
            raise BenchError(
                f"{directory}: holds files that are not a site; choose an empty directory"
            )
        try:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / _LIST).touch()
        except OSError as error:
            raise BenchError(f"{directory}: can't be written: {error.strerror}") from error

    def text(self, name: str, content: str) -> None:
        """Write a text file in UTF-8."""
        self.data(name, content.encode("utf-8"))

    def data(self, name: str, content: bytes) -> None:
        """Write a file; one that holds the same already is left alone."""
        path = self.directory / name
        if name in self.written:
            return
        try:
            if not (path.is_file() and path.read_bytes() == content):
                path.parent.mkdir(parents=True, exist_ok=True)
                partial = path.with_name(f".{path.name}.partial")
                partial.write_bytes(content)
                partial.replace(path)
        except OSError as error:
            raise BenchError(f"{path}: can't be written: {error.strerror}") from error
        self.written[name] = path

    def named_by_digest(self, kind: str, suffix: str, content: bytes) -> str:
        """Write a file named by its content; return its name."""
        digest = hashlib.sha256(content).hexdigest()[:24]
        name = f"{kind}/{digest[:2]}/{digest}{suffix}"
        self.data(name, content)
        return name

    def finish(self) -> list[Path]:
        """Remove what an earlier site wrote and this one didn't; return every file written."""
        record = self.directory / _LIST
        for name in record.read_text(encoding="utf-8").splitlines():
            path = self.directory / name
            inside = path.resolve().is_relative_to(self.directory.resolve())
            if name not in self.written and inside:
                path.unlink(missing_ok=True)
        record.write_text("\n".join(sorted(self.written)) + "\n", encoding="utf-8")
        return list(self.written.values())
