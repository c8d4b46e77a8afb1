"""The header of a method's file that asks for an environment: a block ``script`` of PEP 723."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from inpaintbench.errors import BenchError, one_line
from inpaintbench.outside import plain_file, read_text

_BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
"""As PEP 723 gives it."""


@dataclass(frozen=True)
class Header:
    """What a file asks for, and the lock file beside it, if there is one.

    `content` is the block without its comment signs: what tells two headers apart. Where it
    `has_tools`, tables of settings, these may name files beside it.
    """

    file: Path
    dependencies: tuple[str, ...]
    requires_python: str
    content: str
    has_tools: bool
    lock: bytes | None = None

    @property
    def lock_file(self) -> Path:
        """Where ``uv lock --script`` puts the lock."""
        return lock_file(self.file)


def lock_file(file: Path) -> Path:
    """Name the lock file of a script."""
    return file.with_name(f"{file.name}.lock")


def read_header(file: Path) -> Header | None:
    """Read a file's header without importing it; None where it has none, or isn't there.

    Raises
    ------
    BenchError
        When it has two, or its header isn't right.
    """
    if not file.is_file():
        return None
    plain_file(file)
    if b"# /// script" not in file.read_bytes():
        return None
    text = read_text(file).replace("\r\n", "\n")
    blocks = [found for found in _BLOCK.finditer(text) if found["type"] == "script"]
    if not blocks:
        if re.search(r"(?m)^# /// script\s*$", text):
            raise BenchError(
                f"{file}: its header '# /// script' isn't one: each line to the closing '# ///' "
                "begins with '# ', and the first and last end there"
            )
        return None
    if len(blocks) > 1:
        raise BenchError(f"{file}: has two headers '# /// script'; leave one of them out")
    content = "".join(
        line[2:] if line.startswith("# ") else line[1:]
        for line in blocks[0]["content"].splitlines(keepends=True)
    )
    lock = lock_file(file)
    return _read(file, content, lock.read_bytes() if lock.is_file() else None)


def _read(file: Path, content: str, lock: bytes | None) -> Header:
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    where = f"{file}: header '# /// script'"
    try:
        found = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise BenchError(f"{where}: isn't TOML: {one_line(error)}") from error
    unknown = found.keys() - {"dependencies", "requires-python", "tool"}
    if unknown:
        raise BenchError(
            f"{where}: unknown key {min(unknown)!r} (keys: dependencies, requires-python, tool)"
        )
    wanted, python = found.get("dependencies", []), found.get("requires-python", "")
    if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted):
        raise BenchError(f'{where}: dependencies must be a list of texts, such as ["numpy<2"]')
    if not isinstance(python, str):
        raise BenchError(f'{where}: requires-python must be a text, such as ">=3.10"')
    for one in wanted:
        try:
            Requirement(one)
        except InvalidRequirement as error:
            raise BenchError(f"{where}: {one!r} isn't a requirement: {one_line(error)}") from error
    try:
        SpecifierSet(python)
    except InvalidSpecifier as error:
        raise BenchError(f"{where}: requires-python: {one_line(error)}") from error
    return Header(file, tuple(wanted), python, content, "tool" in found, lock)
