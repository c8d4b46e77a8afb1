"""Keys: digests that change exactly when an output could."""

from __future__ import annotations

import hashlib
import inspect
import json
from importlib import metadata
from pathlib import Path
from typing import Any

from inpaintbench.datasets.base import Dataset
from inpaintbench.masks.base import MaskSuite
from inpaintbench.methods.base import Method
from inpaintbench.metrics.base import Metric
from inpaintbench.plugins import registry
from inpaintbench.plugins.foreign import Foreign
from inpaintbench.plugins.source import PROJECT, Source, follow
from inpaintbench.plugins.specification import settings


def method_key(method: Method, device: str) -> str:
    """Digest a variant: settings, source with all that it imports, files, library versions.

    The method wasn't set up. Of the device only its kind counts: ``cuda:1`` and ``cuda:0`` give
    the same key.
    """
    files = method.fingerprint()
    source = source_of(type(method))
    programs = [follow(path, path.stem, [str(path.parent)]) for path in method.programs()]
    here = () if isinstance(method, Foreign) else ("numpy", *method.requires)
    required = {name: distribution_version(name) for name in here}
    content = {
        "name": method.name,
        # where a file lies doesn't count when its content does
        "settings": {
            key: value
            for key, value in settings(method).items()
            if not (files and key in method.locations)
        },
        "source": source.digest(),
        "programs": [program.digest() for program in programs],
        "files": files,
        "device": device.split(":")[0],
        "versions": {**source.versions, **required},
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def metric_key(metric: Metric) -> str:
    """Digest the source of a person's own metric; the project's are named in full by their ids."""
    return own_source(metric)[:16]


def own_source(plugin: Dataset | MaskSuite | Metric) -> str:
    """Digest a plugin's source with all that it imports but the project; empty for the project's.

    Library versions don't count: a case is the same on any machine.
    """
    cls = type(plugin)
    return "" if _is_ours(cls) else source_of(cls).digest(project=False)


def source_of(cls: type[Any]) -> Source:
    """Collect the source of a plugin's class with all that it imports.

    Of a class that has no file, typed into an interpreter, nothing is known.
    """
    if issubclass(cls, Foreign):
        return Source(source_elsewhere(cls.file).modules, cls.environment.identity)
    try:
        file = Path(inspect.getfile(cls))
    except (TypeError, OSError):
        return Source({}, {})
    folders = registry.search_folders(cls)
    if folders or cls.__module__ == "__main__":
        return follow(file, file.stem.replace(".", "_"), folders or [str(file.parent)])
    return follow(file, cls.__module__)


def source_elsewhere(file: Path) -> Source:
    """Collect the source of a file that runs in an environment of its own, without libraries."""
    return follow(file, file.stem.replace(".", "_"), [str(file.parent)], alone=True)


def _is_ours(cls: type[Any]) -> bool:
    return cls.__module__.split(".")[0] == PROJECT


def distribution_version(name: str) -> str:
    """Return an installed distribution's version, or ``not installed``."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
