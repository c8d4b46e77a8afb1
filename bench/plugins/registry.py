"""Find plugins: ours, those of installed packages, and files given on the command line.

A plugin that fails to import, whatever it raises, is listed with its reason and never stops the
others.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from inpaintbench.datasets.base import Dataset
from inpaintbench.environments.environment import require_lock
from inpaintbench.environments.header import Header, read_header
from inpaintbench.errors import BenchError, one_line
from inpaintbench.masks.base import MaskSuite
from inpaintbench.methods.base import Method
from inpaintbench.metrics.base import Metric
from inpaintbench.plugins import specification
from inpaintbench.plugins.draws import PARAMETER, numbered, numbers_no_draws
from inpaintbench.plugins.foreign import Announced, announced, foreign_class
from inpaintbench.plugins.source import module_file
from inpaintbench.suggestion import did_you_mean

P = TypeVar("P")


@dataclass(frozen=True)
class Broken:
    """A plugin that could not be imported."""

    origin: str
    reason: str


@dataclass
class _Found(Generic[P]):
    plugins: dict[str, type[P]] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)

    def add(self, origin: str, load: Callable[[], Iterable[type[P]]]) -> None:
        """Take in what a module defines, or note why it can't be imported."""
        try:
            for cls in load():
                name = cls.name  # type: ignore[attr-defined]
                if name in self.plugins:
                    owner = self.plugins[name].__module__
                    raise ValueError(f"the name {name!r} is already taken by {owner}")
                self.plugins[name] = cls
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit() too
            self.broken.append(Broken(origin, _reason(error)))


@dataclass(frozen=True)
class Catalogue(Generic[P]):
    """The plugins of one kind, by name, and those that could not be imported.

    Installed packages are imported when their plugins are asked for.
    """

    kind: str
    base: type[Any]
    package: str

    @property
    def plugins(self) -> dict[str, type[P]]:
        """Every plugin, by name."""
        return dict(sorted(self._all.plugins.items()))

    @property
    def broken(self) -> tuple[Broken, ...]:
        """Those that could not be imported."""
        return tuple(self._all.broken)

    @cached_property
    def ours(self) -> _Found[P]:
        """Those of the project alone."""
        found = _Found[P]()
        for name in _module_names(self.package):
            found.add(name, lambda name=name: _defined(importlib.import_module(name), self.base))  # type: ignore[misc]
        return found

    @cached_property
    def _all(self) -> _Found[P]:
        found = _Found(dict(self.ours.plugins), list(self.ours.broken))
        for point in entry_points(group=self.package):
            origin = f"{point.group}: {point.name} = {point.value}"
            found.add(origin, lambda point=point: _pointed(point, self.base))  # type: ignore[misc]
        return found

    def make(self, text: str, keep_importable: bool = False) -> P:
        """Make the plugin that a specification names: ``telea[radius=5]``, ``./mine.py[radius=5]``.

        Parameters
        ----------
        text : str
            Specification.
        keep_importable : bool
            Whether a file may import its neighbours later on too; see `load_file`.

        Raises
        ------
        BenchError
            When the name or a parameter is unknown, with the nearest known one; when a file is
            missing, fails to import, or holds no plugin of this kind or several.
        """
        plugin: P = specification.build(*self.find(text, keep_importable))
        return plugin

    def find(self, text: str, keep_importable: bool = False) -> tuple[type[P], Mapping[str, str]]:
        """Find the class that a specification names, as `make` does, and its parameters."""
        admit(text)
        wanted = specification.parse(text)
        if specification.is_file(wanted.name):
            return self._only_one(Path(wanted.name), keep_importable), wanted.parameters
        found: type[Any] = self._named(wanted)
        if issubclass(found, Announced):
            found = foreign_class(found.file, found.name) or found
        return found, wanted.parameters

    def _only_one(self, path: Path, keep_importable: bool) -> type[P]:
        if self.base is Method and (elsewhere := foreign_class(path.expanduser().resolve())):
            return elsewhere  # type: ignore[return-value]
        found = list(_defined(load_file(path, keep_importable), self.base))
        if len(found) != 1:
            names = ", ".join(str(cls.name) for cls in found) or "none"
            alone = "; a function inpaint needs a header '# /// script' (docs/environments.md)"
            raise BenchError(
                f"{path}: must define exactly one {self.base.__name__}, found {names}"
                f"{alone if self.base is Method and not found else ''}"
            )
        return found[0]

    def _named(self, wanted: specification.Specification) -> type[P]:
        if found := self._of_that_module(wanted.name):
            return found
        if wanted.name in self.ours.plugins:
            return self.ours.plugins[wanted.name]
        if wanted.name in self._all.plugins:
            return self._all.plugins[wanted.name]
        reason = next((b.reason for b in self.broken if _stands_for(b.origin, wanted.name)), None)
        if reason:
            raise BenchError(f"{self.kind} {wanted.name!r} can't be imported: {reason}")
        raise BenchError(
            f"no {self.kind} is called {wanted.name!r}"
            f"{did_you_mean(wanted.name, self.plugins)} "
            f"(inpaintbench list {self.kind.split()[0]}s shows them all)"
        )

    def _of_that_module(self, name: str) -> type[P] | None:
        """Find ours without importing the others, where its module bears its name."""
        module = f"{self.package}.{name.replace('-', '_')}"
        if module in _module_names(self.package):
            with suppress(Exception):  # which the search through all will tell
                defined = _defined(importlib.import_module(module), self.base)
                return next((cls for cls in defined if cls.name == name), None)
        return None


def _stands_for(origin: str, name: str) -> bool:
    """Tell whether a broken plugin is the one that a name asks for: ours, or an entry point."""
    return origin.endswith(f".{name.replace('-', '_')}") or f": {name} = " in origin


@cache
def methods() -> Catalogue[Method]:
    """Discover the inpainting methods."""
    return Catalogue("method", Method, "inpaintbench.methods")


@cache
def datasets() -> Catalogue[Dataset]:
    """Discover the datasets."""
    return Catalogue("dataset", Dataset, "inpaintbench.datasets")


@cache
def masks() -> Catalogue[MaskSuite]:
    """Discover the mask suites."""
    return Catalogue("mask suite", MaskSuite, "inpaintbench.masks")


@cache
def metrics() -> Catalogue[Metric]:
    """Discover the metrics."""
    return Catalogue("metric", Metric, "inpaintbench.metrics")


# Plugins of ours whose parameters name code of somebody's.
_RUN_CODE = (
    *("command", "pickled", "torchscript", "diffusers", "iopaint"),
    *("network-distance", "network-score"),
)

_refused = False


@contextmanager
def code_refused(refused: bool) -> Iterator[None]:
    """Load no file as a plugin inside: what is read there was written by somebody else."""
    global _refused
    before, _refused = _refused, refused
    try:
        yield
    finally:
        _refused = before


def admit(text: str) -> None:
    """Refuse a specification that names code where that is refused.

    Raises
    ------
    BenchError
        When it is one.
    """
    name = specification.parse(text).name
    if _refused and (specification.is_file(name) or name in _RUN_CODE):
        raise BenchError(
            f"{name}: code that the run names, which only runs with --run-code; add it if you "
            "trust who made the run"
        )


def make_method(text: str, keep_importable: bool = False) -> Method:
    """Make a method, as `Catalogue.make` does.

    One that draws, and has no parameter for it, may be given the number of the `draw`; number 0 is
    the method as it is.
    """
    cls, parameters = methods().find(text, keep_importable)
    if PARAMETER in parameters and numbers_no_draws(cls):
        if parameters[PARAMETER] == "0":
            parameters = {key: value for key, value in parameters.items() if key != PARAMETER}
        else:
            cls = numbered(cls)
    method: Method = specification.build(cls, parameters)
    return method


def absolute(text: str) -> str:
    """Return a specification that means the same in any working directory."""
    name = specification.parse(text).name
    if not specification.is_file(name):
        return text
    return f"{Path(name).expanduser().resolve()}{text.strip()[len(name) :]}"


def header_of(text: str) -> Header | None:
    """Read the header by which the method of a specification asks for an environment, if it does.

    Raises
    ------
    BenchError
        When the header isn't right.
    """
    name = specification.parse(text).name
    if specification.is_file(name):
        return read_header(Path(name).expanduser().resolve())
    found = None if is_ours(text) else methods().plugins.get(name)
    return read_header(found.file) if found and issubclass(found, Announced) else None


def require_locks(texts: Iterable[str]) -> None:
    """Refuse methods that ask for an environment without a lock file that fits.

    Raises
    ------
    BenchError
        When one of these has none, or a stale one.
    """
    for header in filter(None, map(header_of, texts)):
        require_lock(header)


def is_ours(text: str) -> bool:
    """Tell whether a specification names a method of the project, whose code can be trusted."""
    return specification.parse(text).name in methods().ours.plugins


@dataclass(frozen=True)
class _Loaded:
    """A file's module, the folders that it imports from, and the modules that it found there."""

    module: ModuleType
    folders: tuple[str, ...]
    neighbours: dict[str, ModuleType]


_files: dict[str, _Loaded] = {}


def load_file(path: Path, keep_importable: bool = False) -> ModuleType:
    """Import a Python file under a name derived from its path, once for each process.

    While it is loaded, its folder is on the module path, as for a script. Afterwards the path is
    as before, and what was imported from the folder is known to the file alone: files of two
    folders may each have a neighbour ``model.py``.

    Parameters
    ----------
    path : Path
        The file.
    keep_importable : bool
        Whether its folder stays on the module path, for imports inside functions: in a process
        that serves this file alone.

    Raises
    ------
    BenchError
        When the file is missing or fails to import.
    """
    path = path.expanduser().resolve()
    if not path.is_file():
        raise BenchError(f"{path}: no such file")
    name = f"inpaintbench_file_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    if name not in _files:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        neighbours: dict[str, ModuleType] = {}
        try:
            with _importable(path.parent, neighbours) as folders:
                spec.loader.exec_module(module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit() too
            del sys.modules[name]
            raise BenchError(f"{path}: can't be imported: {_reason(error)}") from error
        _files[name] = _Loaded(module, tuple(folders), neighbours)
    loaded = _files[name]
    if keep_importable:
        sys.path[:0] = [folder for folder in loaded.folders if folder not in sys.path]
        sys.modules.update(loaded.neighbours)
    return loaded.module


def search_folders(cls: type[Any]) -> tuple[str, ...]:
    """Return the folders that a plugin from a file imports from; none for any other plugin."""
    loaded = _files.get(cls.__module__)
    return loaded.folders if loaded else ()


@contextmanager
def _importable(folder: Path, neighbours: dict[str, ModuleType]) -> Iterator[list[str]]:
    """Put a folder first on the module path; yield a list that gets the folders put there.

    Modules that its files would hide are put aside meanwhile, as if they were not imported yet.
    """
    path, bytecode = list(sys.path), sys.dont_write_bytecode
    beside = {found.name for found in pkgutil.iter_modules([str(folder)])}
    beside -= {*sys.stdlib_module_names, "inpaintbench"}
    aside = {name: m for name, m in sys.modules.items() if name.split(".")[0] in beside}
    for name in aside:
        del sys.modules[name]
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    # stale bytecode of a file edited twice within a second would pass for the new code
    sys.dont_write_bytecode = True
    folders: list[str] = []
    importlib.invalidate_caches()
    try:
        yield folders
        folders += dict.fromkeys([str(folder), *(p for p in sys.path if p not in path)])
    finally:
        for name in set(sys.modules) - before:
            if any(_lies_in(sys.modules[name], place) for place in (folders or [str(folder)])):
                neighbours[name] = sys.modules.pop(name)
        sys.modules.update(aside)
        sys.path[:] = path
        sys.dont_write_bytecode = bytecode


def _lies_in(module: ModuleType, folder: str) -> bool:
    places = [getattr(module, "__file__", None) or "", *(getattr(module, "__path__", None) or ())]
    return any(Path(place).is_relative_to(folder) for place in places if place)


@cache
def _module_names(package: str) -> tuple[str, ...]:
    paths = importlib.import_module(package).__path__
    return tuple(f"{package}.{m.name}" for m in pkgutil.iter_modules(paths) if not m.ispkg)


def _defined(module: ModuleType, base: type[Any]) -> Iterator[type[Any]]:
    """Yield the concrete plugin classes that a module itself defines."""
    for value in vars(module).values():
        if (
            inspect.isclass(value)
            and issubclass(value, base)
            and value is not base
            and value.__module__ == module.__name__
            and not inspect.isabstract(value)
            and not value.__name__.startswith("_")
        ):
            yield value


def _pointed(point: EntryPoint, base: type[P]) -> list[type[P]]:
    """Load what an installed package offers: a class, or a module that defines some.

    A method's module that asks for an environment of its own isn't imported here.
    """
    file = module_file(point.module) if issubclass(Method, base) else None
    if file and read_header(file):
        return [announced(file, point.name)]  # type: ignore[list-item]
    loaded = point.load()
    found: list[type[Any]] = [loaded] if inspect.isclass(loaded) else list(_defined(loaded, base))
    if not all(issubclass(cls, base) for cls in found):
        raise TypeError(f"{point.value} is not a {base.__name__}")
    return found


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {one_line(error)}"


def summary(cls: type[Any]) -> str:
    """Return the first line of a plugin's docstring, as plain text."""
    return (inspect.getdoc(cls) or "").split("\n", 1)[0].replace("``", "")
