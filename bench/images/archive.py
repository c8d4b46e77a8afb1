"""Unpack archives that others made, without letting them write anywhere else.

Nothing of an archive is trusted: a member with an absolute path or one that climbs out
(``../``), a link that points out, and a device refuse the whole archive. Links that stay inside
are not created, files get no special permissions, and everything is written to a new folder that
only takes its place once complete.
"""

from __future__ import annotations

import gzip
import lzma
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from inpaintbench.errors import reason
from inpaintbench.images.errors import DataError

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".zip")

_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,  # a compression method of zip that Python doesn't know
    RuntimeError,  # an encrypted zip
    FileExistsError,  # one name for a file and a folder
    NotADirectoryError,
    IsADirectoryError,
)


@dataclass(frozen=True)
class Member:
    """One entry of an archive: a file to read, or a link to refuse or leave out.

    Parameters
    ----------
    name : str
        Path inside the archive.
    size : int
        Unpacked size in bytes.
    kind : str
        ``file``, ``folder``, ``symbolic link``, ``hard link`` or ``device``.
    target : str
        What a link points to: relative to its folder (symbolic), or to the archive (hard).
    """

    name: str
    size: int
    kind: str
    target: str = ""


def is_archive(path: Path) -> bool:
    """Whether a file's name says that it is an archive."""
    return path.name.lower().endswith(SUFFIXES)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar (plain or compressed) or zip archive, merging it into what `folder` holds.

    One process at a time may unpack into a folder.

    Raises
    ------
    DataError
        When the archive is damaged, doesn't fit on the disk, or holds a member that could reach
        outside `folder`; nothing of it is left behind then.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(".unpacking-*"):  # by a process that was killed
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder) as temporary:
            with _damage_in_a_line(archive):
                _write_members(archive, Path(temporary), shutil.disk_usage(folder).free)
            for source in sorted(Path(temporary).rglob("*")):
                if source.is_file():
                    target = folder / source.relative_to(temporary)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    source.replace(target)
    except OSError as error:
        raise DataError(f"{archive}: can't be unpacked into {folder} ({reason(error)})") from error


def _write_members(archive: Path, folder: Path, room: int) -> None:
    for member, file in members(archive):
        room -= member.size
        if room < 0:
            raise DataError(f"{archive}: unpacked, it doesn't fit on the disk of {folder.parent}")
        if file is not None:
            target = folder / PurePosixPath(member.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as out:
                shutil.copyfileobj(file, out, 1 << 20)


def members(archive: Path) -> Iterator[tuple[Member, IO[bytes] | None]]:
    """Go through the members of an archive in order, each with its content if it is a file.

    Raises
    ------
    DataError
        When the archive is missing or damaged, or at the first member that is refused.
    """
    with _damage_in_a_line(archive):
        try:
            if archive.name.lower().endswith(".zip"):
                yield from _zip_members(archive)
            else:
                yield from _tar_members(archive)
        except FileNotFoundError:
            raise DataError(f"{archive}: no such file") from None


@contextmanager
def _damage_in_a_line(archive: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise DataError(f"{archive}: can't be unpacked, it is damaged ({reason(error)})") from error


def _refuse_dangerous(archive: Path, member: Member) -> None:
    danger = _danger(member)
    if danger:
        raise DataError(f"{archive}: refused, because its member {member.name!r} {danger}")


def _danger(member: Member) -> str | None:
    """Say how a member could reach outside the folder that it is unpacked into."""
    if _leaves(PurePosixPath(member.name)) or _leaves(PureWindowsPath(member.name)):
        return "has a path that leads out of the archive"
    if member.kind == "device":
        return "is a device"
    if member.kind == "symbolic link":
        inside = PurePosixPath(member.name).parent
        if _leaves(inside / member.target) or _leaves(PureWindowsPath(inside / member.target)):
            return f"is a symbolic link that leads out of the archive, to {member.target!r}"
    if member.kind == "hard link" and _leaves(PurePosixPath(member.target)):
        return f"is a hard link that leads out of the archive, to {member.target!r}"
    return None


def _leaves(path: PurePosixPath | PureWindowsPath) -> bool:
    """Whether a path starts elsewhere or climbs, at any step, above where it starts."""
    if path.anchor:
        return True
    depth = 0
    for part in path.parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return True
    return False


def _tar_members(archive: Path) -> Iterator[tuple[Member, IO[bytes] | None]]:
    with tarfile.open(archive, "r:*") as opened:
        for entry in opened:
            member = Member(entry.name, entry.size, _tar_kind(entry), entry.linkname)
            _refuse_dangerous(archive, member)
            yield member, opened.extractfile(entry) if member.kind == "file" else None


def _tar_kind(entry: tarfile.TarInfo) -> str:
    if entry.isreg():
        return "file"
    if entry.isdir():
        return "folder"
    if entry.issym():
        return "symbolic link"
    return "hard link" if entry.islnk() else "device"


def _zip_members(archive: Path) -> Iterator[tuple[Member, IO[bytes] | None]]:
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            kind = _zip_kind(entry)
            target = opened.read(entry).decode("utf-8", "replace") if "link" in kind else ""
            member = Member(entry.filename, entry.file_size, kind, target)
            _refuse_dangerous(archive, member)
            if kind == "file":
                with opened.open(entry) as file:
                    yield member, file
            else:
                yield member, None


def _zip_kind(entry: zipfile.ZipInfo) -> str:
    form = stat.S_IFMT(entry.external_attr >> 16)  # 0 where the zip wasn't made on Unix
    if entry.is_dir():
        return "folder"
    if form == stat.S_IFLNK:
        return "symbolic link"
    return "file" if form in (0, stat.S_IFREG) else "device"
