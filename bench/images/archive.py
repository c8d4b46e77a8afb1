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


def members(archive: Path) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Go through the members of an archive in order, each with its content if it is a file.

    Those of a zip are described as those of a tar.

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


def _refuse_dangerous(archive: Path, member: tarfile.TarInfo) -> None:
    danger = _danger(member)
    if danger:
        raise DataError(f"{archive}: refused, because its member {member.name!r} {danger}")


def _danger(member: tarfile.TarInfo) -> str | None:
    """Say how a member could reach outside the folder that it is unpacked into."""
    if _leaves(PurePosixPath(member.name)) or _leaves(PureWindowsPath(member.name)):
        return "has a path that leads out of the archive"
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        return "is a device"
    if member.issym():
        target = PurePosixPath(member.name).parent / member.linkname
        if _leaves(target) or _leaves(PureWindowsPath(target)):
            return f"is a symbolic link that leads out of the archive, to {member.linkname!r}"
    if member.islnk() and _leaves(PurePosixPath(member.linkname)):
        return f"is a hard link that leads out of the archive, to {member.linkname!r}"
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


def _tar_members(archive: Path) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    with tarfile.open(archive, "r:*") as opened:
        for member in opened:
            _refuse_dangerous(archive, member)
            yield member, opened.extractfile(member) if member.isreg() else None


def _zip_members(archive: Path) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            member = tarfile.TarInfo(entry.filename)
            member.size, member.type = entry.file_size, _zip_type(entry)
            if member.issym():
                member.linkname = opened.read(entry).decode("utf-8", "replace")
            _refuse_dangerous(archive, member)
            if member.isreg():
                with opened.open(entry) as file:
                    yield member, file
            else:
                yield member, None


def _zip_type(entry: zipfile.ZipInfo) -> bytes:
    form = stat.S_IFMT(entry.external_attr >> 16)  # 0 where the zip wasn't made on Unix
    if entry.is_dir():
        return tarfile.DIRTYPE
    if form == stat.S_IFLNK:
        return tarfile.SYMTYPE
    return tarfile.REGTYPE if form in (0, stat.S_IFREG) else tarfile.CHRTYPE
