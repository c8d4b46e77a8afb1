"""Files on the web: downloaded by pooch's client, resumed where they broke off, and checked."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inpaintbench.images.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

ATTEMPTS = 5
"""Connections that may break during one download before it gives up, as long as data came."""


@dataclass(frozen=True)
class Remote:
    """A file at a fixed address with a known content.

    Parameters
    ----------
    url : str
    digest : str
        ``sha256:…`` or ``md5:…`` of the whole file.
    size : int
        Bytes.
    """

    url: str
    digest: str
    size: int

    @property
    def name(self) -> str:
        """The file's name: the last part of the address."""
        return self.url.rsplit("/", 1)[-1]

    def fetch(self, folder: Path) -> Path:
        """Return the file in `folder`, downloading what is missing of it.

        A download that breaks off stays there as ``<name>.part`` and is carried on by the next
        call. A file that is there under its name is used if its digest is right.

        Raises
        ------
        DataError
            When the address can't be reached, the connection breaks, the content isn't the
            known one, or the folder can't be written.
        """
        path, part = folder / self.name, folder / f"{self.name}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not self._is(path):
                self._download(part)
                if not self._is(part):
                    part.unlink()
                    raise DataError(
                        f"{self.url}: what came is not the published file (its "
                        f"{self.digest[:16]}… is wrong), so it was deleted; the server may have "
                        "answered with an error page"
                    )
                part.replace(path)
            return path
        except OSError as error:
            raise DataError(
                f"{self.url} ({megabytes(self.size)}) can't be downloaded: {_reason(error)}; run "
                f"again to carry on, or download it yourself to {folder / self.name}"
            ) from error

    def _is(self, path: Path) -> bool:
        """Whether a file is there and has the known content."""
        import pooch

        kind, _, digest = self.digest.partition(":")
        return path.is_file() and pooch.file_hash(str(path), alg=kind) == digest.lower()

    def _download(self, part: Path) -> None:
        """Complete the partial file, over as many connections as bring something.

        Not by `pooch.retrieve`, which a kill makes leave a file of another name each time.
        """
        with _progress(self, part) as progress:
            for attempt in range(1, ATTEMPTS + 1):
                before = _length(part)
                try:
                    self._carry_on(part, progress)
                    break
                except OSError:
                    if attempt == ATTEMPTS or _length(part) <= before:
                        raise

    def _carry_on(self, part: Path, progress: Any) -> None:
        """Append what is missing; a server that can't do that sends everything again."""
        import pooch

        if _length(part) > self.size:
            part.unlink()
        with part.open("ab") as file:
            start = file.tell()
            if start == self.size:
                return

            def start_again(response: Any, *args: Any, **kwargs: Any) -> None:
                if response.status_code == 200:
                    file.truncate(0)

            downloader = pooch.HTTPDownloader(
                progressbar=progress,
                chunk_size=1 << 16,
                timeout=30,
                headers={"Range": f"bytes={start}-"} if start else {},
                hooks={"response": start_again},
            )
            downloader(self.url, file, None)
        if _length(part) < self.size:
            raise ConnectionError(f"the connection broke after {megabytes(_length(part))}")


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process at a time download into a folder, which is made if it isn't there.

    Raises
    ------
    DataError
        When the folder can't be made or written.
    """
    from filelock import FileLock

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".downloading")
        lock.acquire()
    except OSError as error:
        raise DataError(f"{folder}: can't be written ({error.strerror})") from error
    try:
        yield
    finally:
        lock.release()


@dataclass
class _Bar:
    """What pooch calls during a download, drawn from the length of the partial file."""

    display: Any
    task: Any
    part: Path
    total: int = 0

    def update(self, _: int) -> None:
        self.display.update(self.task, completed=self.part.stat().st_size)

    def reset(self) -> None:
        """Do nothing: the partial file's length is always right."""

    def close(self) -> None:
        """Do nothing: the display is closed once for all attempts."""


@contextmanager
def _progress(remote: Remote, part: Path) -> Iterator[_Bar | bool]:
    """Show a progress bar on the terminal; nothing where there is none."""
    if not sys.stderr.isatty():
        yield False
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    what = TextColumn("{task.description}", markup=False)
    columns = what, BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as display:
        task = display.add_task(f"Downloading {remote.name}", total=remote.size)
        yield _Bar(display, task, part)


def megabytes(size: int) -> str:
    """Write a number of bytes for people."""
    if size < 1_000_000:
        return f"{size / 1000:.0f} kB"
    return f"{size / 1e6:.0f} MB" if size < 1_000_000_000 else f"{size / 1e9:.1f} GB"


def _reason(error: OSError) -> str:
    """Say in a few words why a connection failed."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server answered {response.status_code} {response.reason}"
    if error.strerror:
        return error.strerror
    text = str(error)
    if "IncompleteRead" in text:
        return "the connection broke"
    # requests nests its reasons: "…(Caused by NewConnectionError('…: [Errno 111] refused'))".
    last = text.rpartition(": ")[2].rstrip("'\")>")
    return re.sub(r"^\[Errno -?[0-9]+\] ", "", last) or "no connection"
