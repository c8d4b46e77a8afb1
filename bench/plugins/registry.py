"""Find plugins: ours, those of installed packages, and a file given on the command line.

A plugin that fails to import is listed with its reason and never stops the others.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from inpaintbench.datasets.base import Dataset
from inpaintbench.errors import BenchError
from inpaintbench.masks.base import MaskSuite
from inpaintbench.methods.base import Method
from inpaintbench.metrics.base import Metric
from inpaintbench.plugins import specification
from inpaintbench.suggestion import did_you_mean

P = TypeVar("P")


@dataclass(frozen=True)
class Broken:
    """A plugin that could not be imported."""

    origin: str
    reason: str


@dataclass(frozen=True)
class Catalogue(Generic[P]):
    """The plugins of one kind, by name, and those that could not be imported."""

    kind: str
    plugins: dict[str, type[P]] = field(default_factory=dict)
    broken: tuple[Broken, ...] = ()

    def make(self, text: str) -> P:
        """Make the plugin that a specification (``telea[radius=5]``) names.

        Raises
        ------
        BenchError
            When the name or a parameter is unknown, with the nearest known one.
        """
        wanted = specification.parse(text)
        if wanted.name not in self.plugins:
            reason = next(
                (b.reason for b in self.broken if b.origin.rsplit(".", 1)[-1] == _module(wanted)),
                None,
            )
            if reason:
                raise BenchError(f"{self.kind} {wanted.name!r} can't be imported: {reason}")
            raise BenchError(
                f"no {self.kind} is called {wanted.name!r}"
                f"{did_you_mean(wanted.name, self.plugins)} "
                f"(inpaintbench list {self.kind.split()[0]}s shows them all)"
            )
        plugin: P = specification.build(self.plugins[wanted.name], wanted.parameters)
        return plugin


def _module(wanted: specification.Specification) -> str:
    return wanted.name.replace("-", "_")


@cache
def methods() -> Catalogue[Method]:
    """Discover the inpainting methods."""
    return _discover("method", Method, "inpaintbench.methods")


@cache
def datasets() -> Catalogue[Dataset]:
    """Discover the datasets."""
    return _discover("dataset", Dataset, "inpaintbench.datasets")


@cache
def masks() -> Catalogue[MaskSuite]:
    """Discover the mask suites."""
    return _discover("mask suite", MaskSuite, "inpaintbench.masks")


@cache
def metrics() -> Catalogue[Metric]:
    """Discover the metrics."""
    return _discover("metric", Metric, "inpaintbench.metrics")


def make_method(text: str) -> Method:
    """Make a method from a specification, or from a file: ``./mine.py[radius=5]``.

    Raises
    ------
    BenchError
        When the name is unknown, or the file is missing, fails to import, or holds no method
        or several.
    """
    wanted = specification.parse(text)
    if not wanted.name.endswith(".py"):
        return methods().make(text)
    method: Method = specification.build(only_method(Path(wanted.name)), wanted.parameters)
    return method


def only_method(path: Path) -> type[Method]:
    """Import a file and return the one method that it defines."""
    found = list(_defined(load_file(path), Method))
    if len(found) != 1:
        names = ", ".join(cls.name for cls in found) or "none"
        raise BenchError(f"{path}: must define exactly one Method, found {names}")
    return found[0]


def load_file(path: Path) -> ModuleType:
    """Import a Python file under a name derived from its path, once for each process.

    Raises
    ------
    BenchError
        When the file is missing or fails to import.
    """
    path = path.resolve()
    if not path.is_file():
        raise BenchError(f"{path}: no such file")
    name = f"inpaintbench_file_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise BenchError(f"{path}: can't be imported: {_reason(error)}") from error
    return module


def _discover(kind: str, base: type[Any], package: str) -> Catalogue[Any]:
    plugins: dict[str, type[Any]] = {}
    broken: list[Broken] = []
    for name in _module_names(package):
        try:
            _add(plugins, _defined(importlib.import_module(name), base))
        except Exception as error:
            broken.append(Broken(name, _reason(error)))
    for point in entry_points(group=package):
        try:
            loaded = point.load()
            found = [loaded] if inspect.isclass(loaded) else list(_defined(loaded, base))
            if not all(issubclass(cls, base) for cls in found):
                raise TypeError(f"{point.value} is not a {base.__name__}")
            _add(plugins, found)
        except Exception as error:
            broken.append(Broken(f"{point.group}: {point.name} = {point.value}", _reason(error)))
    return Catalogue(kind, dict(sorted(plugins.items())), tuple(broken))


def _module_names(package: str) -> list[str]:
    paths = importlib.import_module(package).__path__
    return [f"{package}.{m.name}" for m in pkgutil.iter_modules(paths) if not m.ispkg]


def _defined(module: ModuleType, base: type[Any]) -> Iterator[type[Any]]:
    """Yield the concrete plugin classes that a module itself defines."""
    for value in vars(module).values():
        if (
            inspect.isclass(value)
            and issubclass(value, base)
            and value.__module__ == module.__name__
            and not inspect.isabstract(value)
            and not value.__name__.startswith("_")
        ):
            yield value


def _add(plugins: dict[str, type[Any]], found: Iterable[type[Any]]) -> None:
    for cls in found:
        name = cls.name
        if name in plugins:
            raise ValueError(f"the name {name!r} is already taken by {plugins[name].__module__}")
        plugins[name] = cls


def _reason(error: BaseException) -> str:
    first = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {first[0]}"


def summary(cls: type[Any]) -> str:
    """Return the first line of a plugin's docstring, as plain text."""
    return (inspect.getdoc(cls) or "").split("\n", 1)[0].replace("``", "")
