"""Build an environment: by uv, or by venv and pip where uv isn't there."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inpaintbench.environments.header import Header
from inpaintbench.environments.indexes import pip_settings, uv_variables
from inpaintbench.errors import BenchError

_LINES, _MESSAGE = 20, 400
"""Lines of what a resolver printed, and characters of a message, that are kept."""

_STALE = "needs to be updated"
"""What uv says of a lock that doesn't fit its header."""

_UV = "pip install 'inpaintbench[environments]'"

_LOOK = """
import importlib.metadata, json, platform
import numpy
found = {}
for one in importlib.metadata.distributions():
    where = json.loads(one.read_text("direct_url.json") or "{}")
    commit = where.get("vcs_info", {}).get("commit_id") or where.get("archive_info", {}).get("hash")
    name = one.metadata["Name"].lower().replace("_", "-")
    found[name] = one.version + ("@" + commit if commit else "")
print(json.dumps([platform.python_version(), found]))
"""
"""What a new environment is asked for: its Python and what is installed there."""


class EnvironmentUnavailable(BenchError):
    """Why an environment couldn't be built, in a line; `printed`: the resolver's last lines."""

    def __init__(self, message: str, printed: str = "") -> None:
        super().__init__(message)
        self.printed = printed


@dataclass(frozen=True)
class Built:
    """A Python and the versions of what is installed there; whether the lock was stale."""

    python: str
    versions: Mapping[str, str]
    stale: bool = False


def find_uv() -> str | None:
    """Return uv: the one installed beside us, or the one on the path."""
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        return shutil.which("uv")


def python_of(folder: Path) -> Path:
    """Return the Python of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def build(header: Header, folder: Path) -> Built:
    """Build what a header asks for in a folder that can be moved to another place.

    Raises
    ------
    EnvironmentUnavailable
        When it can't be built.
    """
    uv = find_uv()
    stale = _by_uv(uv, header, folder) if uv else _by_pip(header, folder)
    words = [str(python_of(folder)), "-I", "-c", _LOOK]
    python, versions = json.loads(_run(words, header, "numpy, which is always needed, isn't there"))
    return Built(python, versions, stale)


def _by_uv(uv: str, header: Header, folder: Path) -> bool:
    """Build by uv; return whether there is a lock that doesn't fit."""
    variables = {
        "UV_COMPILE_BYTECODE": "1",  # what isn't compiled makes every start slow
        **os.environ,
        **uv_variables(pip_settings(), os.environ),
        "UV_NO_PROGRESS": "1",
        "NO_COLOR": "1",
        "VIRTUAL_ENV": str(folder),
    }
    python = sys._base_executable if _ours_will_do(header) else header.requires_python  # type: ignore[attr-defined]
    _run(
        [uv, "venv", "--quiet", "--relocatable", "--python", python, str(folder)],
        header,
        "",
        variables,
    )
    if header.lock is not None:
        try:
            words = [uv, "sync", "--quiet", "--locked", "--active", "--script", str(header.file)]
            _run(words, header, "", variables)
            return False
        except EnvironmentUnavailable as error:
            if _STALE not in error.printed:
                raise
    _run(
        [
            *(uv, "pip", "install", "--quiet", "--python", str(python_of(folder))),
            *("--requirements", str(header.file), "numpy"),
        ],
        header,
        "",
        variables,
    )
    return header.lock is not None


def _by_pip(header: Header, folder: Path) -> bool:
    if header.lock is not None or header.has_tools or not _ours_will_do(header):
        reason = "its Python" if not _ours_will_do(header) else "its lock file or [tool] table"
        raise EnvironmentUnavailable(f"{header.file}: {reason} needs uv: {_UV}")
    _run([sys.executable, "-m", "venv", "--without-pip", str(folder)], header, "")
    pip = [sys.executable, "-m", "pip", "--python", str(python_of(folder)), "install", "--quiet"]
    _run([*pip, *header.dependencies, "numpy"], header, f"({_UV} may help)")
    return False


def _ours_will_do(header: Header) -> bool:
    from packaging.specifiers import SpecifierSet

    wanted = SpecifierSet(header.requires_python)
    return wanted.contains(platform.python_version(), prereleases=True)


def _run(
    words: Sequence[str], header: Header, note: str, variables: Mapping[str, str] | None = None
) -> str:
    try:
        ended = subprocess.run(
            words,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise EnvironmentUnavailable(
            f"{header.file}: its environment can't be built: {words[0]}: {error.strerror}"
        ) from error
    if ended.returncode:
        lines = (ended.stderr.strip() or ended.stdout.strip()).splitlines()[-_LINES:]
        said = " ".join(" ".join(lines[-4:]).split())[-_MESSAGE:]
        note = f" {note}:" if note else ""
        raise EnvironmentUnavailable(
            f"{header.file}: its environment can't be built:{note} {said}", "\n".join(lines)
        )
    return ended.stdout
