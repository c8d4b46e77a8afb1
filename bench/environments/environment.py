"""Environments in the user's cache: found, built once for all that ask, listed and removed."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inpaintbench.environments.building import (
    Built,
    EnvironmentUnavailable,
    build,
    python_of,
)
from inpaintbench.environments.header import Header
from inpaintbench.errors import BenchError
from inpaintbench.images.files import write_whole

_RECORD = "environment.json"
_UNFINISHED = ".building-"


@dataclass(frozen=True)
class Record:
    """What an environment was built of, and what came out."""

    dependencies: list[str]
    requires_python: str
    lock: str  # SHA-256 of the lock file; empty where there was none that fits
    stale: bool  # whether there was one that doesn't
    python: str  # version
    versions: dict[str, str]  # of every distribution installed
    built: str  # date


@dataclass(frozen=True)
class Environment:
    """An environment that is ready, in a folder named by what it was built of."""

    folder: Path
    record: Record

    @property
    def python(self) -> Path:
        """Its Python."""
        return python_of(self.folder / "venv")

    @property
    def identity(self) -> dict[str, str]:
        """What stands for its libraries in keys: the lock file, or every version."""
        minor = ".".join(self.record.python.split(".")[:2])
        found = {"lock": self.record.lock} if self.record.lock else self.record.versions
        return {"python": minor, **found}

    @property
    def files(self) -> list[str]:
        """The methods' files that it was asked for."""
        return sorted(os.fsdecode(path.read_bytes()) for path in self.folder.glob("used by/*"))

    @property
    def size(self) -> int:
        """Bytes on the disk; files that uv's cache holds too count."""
        return sum(path.lstat().st_size for path in self.folder.rglob("*"))

    def variables(self) -> dict[str, str]:
        """Return the environment variables of a process in it: ours, without our Python's."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
        paths = [str(self.python.parent), kept.get("PATH", os.defpath)]
        return kept | {"VIRTUAL_ENV": str(self.folder / "venv"), "PATH": os.pathsep.join(paths)}


VARIABLE = "INPAINTBENCH_ENVIRONMENTS"
"""Environment variable: the folder of environments, where it isn't in the user's cache."""


def cache_folder() -> Path:
    """Return the folder of environments, which need not exist."""
    from platformdirs import user_cache_path

    if named := os.getenv(VARIABLE):
        return Path(named).expanduser().absolute()
    return user_cache_path("inpaintbench") / "environments"


def find(header: Header) -> Environment | None:
    """Return the environment of a header, if it is there."""
    return _read(cache_folder() / _digest(header))


def provide(header: Header) -> Environment:
    """Return the environment of a header, building it where it isn't there yet.

    Processes that ask at once wait for the one that builds. It appears whole or not at all.

    Raises
    ------
    EnvironmentUnavailable
        When it can't be built.
    """
    from filelock import FileLock

    folder = cache_folder() / _digest(header)
    found = _read(folder)
    try:
        if found is None:
            if os.name == "nt":
                raise EnvironmentUnavailable(
                    f"{header.file}: environments of their own need Linux or macOS"
                )
            folder.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(folder.with_name(f".{folder.name}.lock")):
                found = _read(folder) or _build(header, folder)
        _note_use(folder, header.file)
    except OSError as error:
        raise EnvironmentUnavailable(
            f"{header.file}: its environment can't be kept in {folder.parent}: "
            f"{error.strerror or error}"
        ) from error
    return found


def require_lock(header: Header) -> None:
    """Refuse a header without a lock file that fits it, building the environment to know.

    Raises
    ------
    BenchError
        When there is none, or it is stale.
    """
    again = f"run: uv lock --script {header.file}"
    if header.lock is None:
        raise BenchError(f"--locked: {header.lock_file}: no such lock file; {again}")
    if provide(header).record.stale:
        raise BenchError(f"--locked: {header.lock_file} doesn't fit the header; {again}")


def known() -> list[Environment]:
    """List the environments that are ready."""
    found = (_read(path.parent) for path in sorted(cache_folder().glob(f"*/{_RECORD}")))
    return [one for one in found if one is not None]


def unfinished() -> list[Path]:
    """List what builds that were killed have left, or are at work on."""
    return sorted(cache_folder().glob(f"{_UNFINISHED}*"))


def remove(folder: Path) -> None:
    """Remove an environment, or what is left of one.

    Raises
    ------
    BenchError
        When it can't be removed.
    """
    try:
        (folder / _RECORD).unlink(missing_ok=True)  # what is left of it is none then
        shutil.rmtree(folder)
    except OSError as error:
        raise BenchError(f"{folder}: can't be removed: {error.strerror}") from error


def _digest(header: Header) -> str:
    """Name what the environment depends on: the header, the lock, our Python, the machine."""
    content: list[Any] = [
        header.content,
        hashlib.sha256(header.lock or b"").hexdigest(),
        # paths in it are relative to the file
        str(header.file.parent) if header.has_tools else "",
        [sys.platform, platform.machine(), sys.version_info[:2]],
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _read(folder: Path) -> Environment | None:
    """Read an environment; None where it isn't whole, or its Python is gone."""
    path = folder / _RECORD
    if not path.is_file():
        return None
    with suppress(OSError, ValueError, TypeError):
        found = Environment(folder, Record(**json.loads(path.read_text("utf-8"))))
        if found.python.exists():
            return found
    return None


def _build(header: Header, folder: Path) -> Environment:
    unfinished = f"{_UNFINISHED}{folder.name}-"
    for left in (folder, *folder.parent.glob(f"{unfinished}*")):
        shutil.rmtree(left, ignore_errors=True)
    wanted = ", ".join(header.dependencies) or "numpy"
    _say(f"building the environment of {header.file.name} ({wanted}) …")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(
        prefix=unfinished, dir=folder.parent, ignore_cleanup_errors=True
    ) as scratch:
        work = Path(scratch) / folder.name
        work.mkdir()
        try:
            built = build(header, work / "venv")
        except EnvironmentUnavailable as error:
            _say(error.printed or str(error))
            raise
        if built.stale:
            _say(f"{header.lock_file.name} doesn't fit the header, so versions were resolved anew")
        write_whole(work / _RECORD, json.dumps(asdict(_record(header, built)), indent=1))
        _correct_scripts(work, folder)
        work.replace(folder)
    _say(f"built in {time.monotonic() - began:.1f} s")
    return Environment(folder, _record(header, built))


def _record(header: Header, built: Built) -> Record:
    locked = header.lock is not None and not built.stale
    return Record(
        dependencies=list(header.dependencies),
        requires_python=header.requires_python,
        lock=hashlib.sha256(header.lock or b"").hexdigest() if locked else "",
        stale=built.stale,
        python=built.python,
        versions=dict(built.versions),
        built=datetime.now(UTC).date().isoformat(),
    )


def _correct_scripts(work: Path, folder: Path) -> None:
    """Name the final place in scripts that name where they were made, as pip's do."""
    for script in python_of(work / "venv").parent.iterdir():
        if not script.is_symlink() and (content := script.read_bytes()).startswith(b"#!"):
            script.write_bytes(content.replace(os.fsencode(work), os.fsencode(folder)))


def _note_use(folder: Path, file: Path) -> None:
    note = folder / "used by" / hashlib.sha256(os.fsencode(file)).hexdigest()[:16]
    with suppress(OSError):  # an environment that others may only read is as good
        if not note.exists():
            note.parent.mkdir(exist_ok=True)
            note.write_bytes(os.fsencode(file))


def _say(line: str) -> None:
    """Tell a person who waits, or the record of a process."""
    sys.stderr.write(f"inpaintbench: {line}\n")
    sys.stderr.flush()
