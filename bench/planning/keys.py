"""Keys: digests that change exactly when an output could."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from inpaintbench.methods.base import Method
from inpaintbench.plugins.specification import settings

_PROJECT = "inpaintbench"


def method_key(method: Method, device: str) -> str:
    """Digest a variant: settings, source with its in-project imports, files, library versions.

    Parameters
    ----------
    method : Method
        An instance that was not set up.
    device : str
        Only its kind counts: ``cuda:1`` and ``cuda:0`` give the same key.
    """
    content = {
        "name": method.name,
        "settings": settings(method),
        "source": source_digest(Path(inspect.getfile(type(method)))),
        "files": method.fingerprint(),
        "device": device.split(":")[0],
        "versions": {name: distribution_version(name) for name in ("numpy", *method.requires)},
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def distribution_version(name: str) -> str:
    """Return an installed distribution's version, or ``not installed``."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


@cache
def source_digest(path: Path) -> str:
    """Digest a plugin's source and, transitively, the files of the project that it imports.

    For a plugin outside the project, the files beside it count too.
    """
    digest = hashlib.sha256()
    for file in sorted(_reachable(path.resolve())):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _reachable(path: Path) -> set[Path]:
    """Collect a file and the in-project or neighbouring files it imports, transitively."""
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _imported_files(file)
    return found


def _imported_files(file: Path) -> list[Path]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    located = (_locate(name, file.parent) for name in names)
    return [path for path in located if path is not None]


def _locate(name: str, folder: Path) -> Path | None:
    """Find the file of an imported name if it is ours or lies beside the importing file."""
    if name.split(".")[0] == _PROJECT:
        try:
            spec = find_spec(name)
        except ModuleNotFoundError:
            return None  # an attribute of a module, not a module
        return Path(spec.origin).resolve() if spec and spec.origin else None
    beside = folder / f"{name.replace('.', '/')}.py"
    return beside.resolve() if beside.is_file() else None
