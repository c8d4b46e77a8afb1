"""Files: written whole or not at all, and known by their content."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from inpaintbench.errors import BenchError, one_line

NO_LINK = getattr(os, "O_NOFOLLOW", 0)
"""Flag of `os.open` that refuses a link; 0 where the system has none."""


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file whole or not at all, and through no link: a folder may be somebody else's.

    Raises
    ------
    BenchError
        When it can't be written; nothing is left of it.
    """
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    with written_whole(path) as partial:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINK
        with os.fdopen(os.open(partial, flags, 0o666), "wb") as file:
            file.write(data)


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield the place to write a file to, which takes the file's own place at the end.

    Raises
    ------
    BenchError
        When it can't be written; nothing is left of it, whatever ended the writing.
    """
    scratch = partial(path)
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            scratch.unlink(missing_ok=True)
            yield scratch
            scratch.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                scratch.unlink(missing_ok=True)
            raise


def partial(path: Path) -> Path:
    """Return where a file lies while it is written."""
    return path.with_name(f".{path.name}.partial")


def refuse_links(*paths: Path) -> None:
    """Refuse places of ours that are links: what is written there would go elsewhere.

    Raises
    ------
    BenchError
        When one is a link.
    """
    for path in paths:
        if path.is_symlink():
            raise BenchError(f"{path}: is a link, and nothing is written through one; remove it")


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say in a line why a file can't be written."""
    try:
        yield
    except OSError as error:
        raise BenchError(
            f"{path}: can't be written: {error.strerror or one_line(error)}"
        ) from error


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_digest(paths: Iterable[Path], folder: Path | None = None) -> str:
    """Return a SHA-256 of several files: of their content, and of their places in a folder."""
    parts = [(path.relative_to(folder).as_posix() if folder else "", path) for path in paths]
    parts = sorted(parts) if folder else parts
    text = "".join(f"{name} {file_digest(path)}\n" for name, path in parts)
    return hashlib.sha256(text.encode()).hexdigest()


def known_digest(path: Path) -> str:
    """Return the SHA-256 of a file, read once for each size and time of change."""
    status = path.stat()
    return _known_digest(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1 << 17)
def _known_digest(path: Path, size: int, changed: int) -> str:
    return file_digest(path)
