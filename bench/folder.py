"""A folder that we write to: whole files only, and nothing removed that we didn't write."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path, PurePosixPath

from inpaintbench.errors import BenchError
from inpaintbench.images.files import NO_LINK, explained, partial, write_whole

REPORT_FILES, SITE_FILES = ".inpaintbench-files", ".inpaintbench-site"
"""Files that name, a line each, what we wrote beside them: in a report, and in a site."""

_STATE = "# made from "


class Folder:
    """Writes files and remembers them in a list, so that an earlier one's leftovers can go.

    A file is listed before it is written: whatever ends the process, nothing of ours is taken for
    somebody's own. The list is called `record`: `REPORT_FILES` or `SITE_FILES`. `alone` says what
    the folder is, if it may hold nothing else.

    Raises
    ------
    BenchError
        When the directory holds files and no list, and has to be ours alone, or can't be written.
    """

    def __init__(self, directory: Path, record: str, alone: str = "") -> None:
        self.directory = directory
        self.written: dict[str, Path] = {}
        self._record = directory / record
        if directory.exists() and not directory.is_dir():
            raise BenchError(f"{directory}: is a file; choose a directory")
        if alone and directory.is_dir() and any(directory.iterdir()) and not self._record.is_file():
            raise BenchError(
                f"{directory}: holds files that are not {alone}; choose an empty directory"
            )
        with explained(directory):
            directory.mkdir(parents=True, exist_ok=True)
            self._earlier = listed(self._record)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | NO_LINK
            self._list = os.fdopen(os.open(self._record, flags, 0o666), "a", encoding="utf-8")

    def place(self, name: str) -> Path:
        """List a file that is about to be written, and return where it goes."""
        path = self.directory / name
        with explained(path):
            if name not in self._earlier:
                self._list.write(f"{name}\n")
                self._list.flush()
            path.parent.mkdir(parents=True, exist_ok=True)
        if not path.parent.resolve().is_relative_to(self.directory.resolve()):
            raise BenchError(f"{path.parent}: is a link that leads out; remove it")
        self.written[name] = path
        return path

    def text(self, name: str, content: str) -> None:
        """Write a text file in UTF-8."""
        self.data(name, content.encode("utf-8", "backslashreplace"))

    def data(self, name: str, content: bytes) -> None:
        """Write a file; one that holds the same already is left alone."""
        if name in self.written:
            return
        path = self.place(name)
        if not (path.is_file() and path.read_bytes() == content):
            write_whole(path, content)

    def named_by_digest(self, kind: str, suffix: str, content: bytes) -> str:
        """Write a file named by its content; return its name."""
        digest = hashlib.sha256(content).hexdigest()[:24]
        name = f"{kind}/{digest[:2]}/{digest}{suffix}"
        self.data(name, content)
        return name

    def finish(self, state: str = "") -> list[Path]:
        """Remove what was written earlier and not now; return every file written.

        The state is what it was all made from, for `made_from`.
        """
        self._list.close()
        _remove(self.directory, [name for name in self._earlier if name not in self.written])
        lines = [f"{_STATE}{state}"] if state else []
        write_whole(self._record, "\n".join([*lines, *sorted(self.written)]) + "\n")
        return list(self.written.values())


def made_from(directory: Path) -> str:
    """Return the state that a finished report says it was made from; empty where it isn't one."""
    lines = _lines(directory / REPORT_FILES)
    return lines[0].removeprefix(_STATE) if lines and lines[0].startswith(_STATE) else ""


def listed(record: Path) -> list[str]:
    """Return the names that a list holds; none where there is no list."""
    return [line for line in _lines(record) if line and not line.startswith(_STATE)]


def remove_listed(directory: Path) -> None:
    """Remove a report with the site in it: what their lists name, the lists, empty folders."""
    for folder, record in ((directory / "site", SITE_FILES), (directory, REPORT_FILES)):
        _remove(folder, listed(folder / record))
        (folder / record).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            folder.rmdir()


def _lines(record: Path) -> list[str]:
    if not record.is_file():
        return []
    return record.read_text(encoding="utf-8", errors="replace").splitlines()


def _remove(directory: Path, names: list[str]) -> None:
    """Remove files below a folder, their unfinished ones, and the folders that are empty then."""
    root, folders = directory.resolve(), set()
    for name in names:
        # the list may be somebody else's: a name that leads out is nothing of ours
        pure = PurePosixPath(name)
        path = directory / name
        if pure.is_absolute() or ".." in pure.parts or "\0" in name:
            continue
        if not path.parent.resolve().is_relative_to(root) or path.is_dir():
            continue
        path.unlink(missing_ok=True)
        partial(path).unlink(missing_ok=True)
        folders |= {directory / parent for parent in pure.parents if parent.parts}
    for folder in sorted(folders, key=lambda path: -len(path.parts)):
        with contextlib.suppress(OSError):  # it isn't empty
            folder.rmdir()
