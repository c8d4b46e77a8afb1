"""The source that a plugin runs: its file and whatever that imports, found without importing it.

Followed are the project, files beside the plugin, the plugin's own distribution and whatever else
lies on the module path outside installed distributions. Of an installed distribution its version
stands for its files. Modules are known by the names that they are imported by, never by their
place, so the same files give the same digest in any folder and on any machine.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
import pkgutil
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import resolve_name
from pathlib import Path

PROJECT = "inpaintbench"


@dataclass(frozen=True)
class Source:
    """What a plugin is made of.

    Parameters
    ----------
    modules : mapping of str to str
        SHA-256 of each followed file by the name of its module.
    versions : mapping of str to str
        Versions of the installed distributions that these import; of what isn't installed,
        ``not installed``.
    """

    modules: Mapping[str, str]
    versions: Mapping[str, str]

    def digest(self, *, project: bool = True) -> str:
        """Digest the files, or those of them that aren't the project's."""
        kept = {n: s for n, s in self.modules.items() if project or n.split(".")[0] != PROJECT}
        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class _Module:
    name: str
    file: Path
    package: str
    """What its relative imports are relative to."""


def follow(file: Path, name: str, folders: Sequence[str] = (), *, alone: bool = False) -> Source:
    """Collect a file and, transitively, what it imports.

    Parameters
    ----------
    file : Path
        Where to begin.
    name : str
        The name that it is imported by, such as ``package.module``.
    folders : sequence of str
        Where its imports are looked for before the module path.
    alone : bool
        Whether they are looked for there alone: it runs in another environment than this.
    """
    importlib.invalidate_caches()
    walk = _Walk(name.split(".")[0], folders, alone)
    package = name if file.name == "__init__.py" else _parent(name)
    waiting = [_Module(name, file.resolve(), package), *walk.located(package)]
    found: set[Path] = set()
    digests: dict[str, str] = {}
    while waiting:
        module = waiting.pop()
        if module.file not in found:
            found.add(module.file)
            content = module.file.read_bytes()
            digests[module.name] = hashlib.sha256(content).hexdigest()
            for imported in _imports_of(content) if module.file.suffix == ".py" else ():
                waiting += walk.imported(imported, module)
    return Source(digests, walk.versions)


@dataclass
class _Walk:
    """Where the imports of one plugin lead."""

    top: str
    folders: Sequence[str]
    alone: bool
    versions: dict[str, str] = field(default_factory=dict)

    def imported(self, name: str, by: _Module) -> Iterator[_Module]:
        """Yield the modules to follow of one import, ``a.b`` or ``.b``, in a file."""
        try:
            absolute = resolve_name(name, by.package)
        except ImportError:
            return  # what Python can't import either
        yield from self.located(absolute, by)

    def located(self, name: str, by: _Module | None = None) -> Iterator[_Module]:
        """Yield a module and the packages that hold it, as far as they are to be followed."""
        top, *rest = name.split(".")
        prefix = top
        known = top in sys.stdlib_module_names or not top
        if top == PROJECT:
            yield from () if self.alone else _project_modules(name)
            return
        found = self._find_top(top, known)
        if found is None and by and not known:
            # the file may put its folder on the module path when it runs
            found, prefix = PathFinder.find_spec(top, [str(by.file.parent)]), f"{by.name}/{top}"
        if found is None and not known:
            self.versions[top] = "not installed"
        elif found and self._is_followed(top, found):
            yield from _descend(found, prefix, rest)

    def _find_top(self, top: str, known: bool) -> ModuleSpec | None:
        """Find a top-level module as Python would, the plugin's own folders first."""
        near = PathFinder.find_spec(top, list(self.folders)) if top else None
        if self.alone and not known:
            return near
        if known or (near and near.origin):
            return near if near and near.origin else None
        elsewhere = _find(top, None)
        return elsewhere if elsewhere and (elsewhere.origin or not near) else near

    def _is_followed(self, top: str, found: ModuleSpec) -> bool:
        """Tell a person's own source from a library, whose version is noted."""
        places = _places(found)
        first = Path(places[0] if places else found.origin or "")
        owners = _owners(str(first.parent), top)
        own = top == self.top or owners.keys() & _owners(str(first.parent), self.top).keys()
        if owners and not own:
            self.versions.update(owners)
        return found.origin not in ("built-in", "frozen") and bool(own or not owners)


def _descend(found: ModuleSpec, name: str, rest: list[str]) -> Iterator[_Module]:
    """Yield a module and those below it that a dotted name passes through."""
    places = _places(found)
    if found.origin and Path(found.origin).is_file():
        yield _Module(name, Path(found.origin).resolve(), name if places else _parent(name))
    below = [m.name for m in pkgutil.iter_modules(places)] if rest == ["*"] else rest[:1]
    for part in below if places else ():
        deeper = _find(f"{name}.{part}", places)
        if deeper is not None:
            yield from _descend(deeper, f"{name}.{part}", rest[1:])


def module_file(name: str) -> Path | None:
    """Return the file of a module, found without importing the packages that hold it."""
    top, *rest = name.split(".")
    found = _find(top, None)
    passed = _descend(found, top, rest) if found else ()
    return next((module.file for module in passed if module.name == name), None)


@cache
def _project_modules(name: str) -> tuple[_Module, ...]:
    """Return a module of the project, alone: its packages do nothing."""
    found = _find(PROJECT, None)
    passed = _descend(found, PROJECT, name.split(".")[1:]) if found else ()
    return tuple(module for module in passed if module.name == name)


def _find(name: str, places: list[str] | None) -> ModuleSpec | None:
    """Find a module without importing the packages that hold it."""
    for finder in sys.meta_path:
        try:
            found = finder.find_spec(name, places)
        except Exception:  # a finder that some library put there
            continue
        if found is not None:
            return found
    return None


def _places(found: ModuleSpec) -> list[str]:
    return list(found.submodule_search_locations or ())


def _parent(name: str) -> str:
    return name.rpartition(".")[0]


@cache
def _owners(folder: str, top: str) -> Mapping[str, str]:
    """Name the distributions installed in a folder that bring a top-level module; with versions."""
    installed = {path: path.stem.split("-") for path in _installed(Path(folder))}
    brings: tuple[Callable[[Path], bool], ...] = (  # the cheap question first
        lambda path: installed[path][0].lower() == top.lower(),
        lambda path: top in _tops(path / "top_level.txt"),
        lambda path: top in _tops(path / "RECORD"),
    )
    for does in brings:
        if owners := [parts for path, parts in installed.items() if does(path)]:
            return {name.replace("_", "-").lower(): "".join(more[:1]) for name, *more in owners}
    return {}


@cache
def _installed(folder: Path) -> tuple[Path, ...]:
    """List the metadata of what is installed in a folder; a source tree's own is no such."""
    library = folder.name in ("site-packages", "dist-packages")
    return tuple(p for p in sorted(folder.glob("*.*-info")) if library or p.suffix == ".dist-info")


@cache
def _tops(file: Path) -> frozenset[str]:
    """Read the top-level modules off a list of modules or files."""
    lines = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
    return frozenset(line.split(",")[0].split("/")[0].split(".")[0] for line in lines)


@cache
def _imports_of(content: bytes) -> tuple[str, ...]:
    """List the imports of a source file, read as Python reads it."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(content)
        return tuple(dict.fromkeys(name for node in _nodes(tree) for name in _imports(node)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()  # the plugin tells when it is imported, if it is


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk through a module, leaving out what only type checkers read."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        checked = isinstance(node, ast.If) and "TYPE_CHECKING" in (
            getattr(node.test, "id", ""),
            getattr(node.test, "attr", ""),
        )
        waiting += node.orelse if checked else ast.iter_child_nodes(node)  # type: ignore[attr-defined]


def _imports(node: ast.AST) -> Iterator[str]:
    """Yield what a statement may import: modules, and names that may be modules."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = "." * node.level + (node.module or "")
        yield package
        yield from (f"{package}{'.' * bool(node.module)}{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and node.args:
        called, named = node.func, node.args[0]
        name = getattr(called, "attr", getattr(called, "id", ""))
        literal = named.value if isinstance(named, ast.Constant) else None
        if name in ("import_module", "__import__") and isinstance(literal, str) and literal:
            yield literal
