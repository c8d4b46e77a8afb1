"""The environment that results are made in: machine, system, Python, libraries and code."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from inpaintbench import __version__
from inpaintbench.cores import cores
from inpaintbench.environments.environment import find
from inpaintbench.planning.keys import distribution_version
from inpaintbench.plugins import registry

_LIBRARIES = ("numpy", "opencv-contrib-python-headless", "scikit-image", "scipy", "numba", "torch")


@dataclass(frozen=True)
class Environment:
    """What made a cell, a score or a timing; meanings as in the table `environments`.

    `libraries` maps distributions to their versions.
    """

    processor: str = ""
    cores: int = 0
    memory_bytes: int = 0
    device: str = ""
    system: str = ""
    python: str = ""
    inpaintbench: str = ""
    code: str = ""
    libraries: Mapping[str, str] = field(default_factory=dict, hash=False)
    lock: str = ""

    @property
    def id(self) -> str:
        """Digest of all of it."""
        content = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def machine(self) -> str:
        """What runtimes depend on: they are compared where this is the same, and only there."""
        cores = f"{self.cores} core{'' if self.cores == 1 else 's'}"
        memory = f"{round(self.memory_bytes / 2**30)} GiB"
        known = (self.processor, cores, memory, self.device, self.system)
        return ", ".join(part or "unknown" for part in known)

    @property
    def row(self) -> dict[str, str | int]:
        """A row of the table of environments."""
        return asdict(self) | {"id": self.id, "libraries": json.dumps(self.libraries)}

    @classmethod
    def from_facts(cls, facts: Mapping[Any, Any]) -> Environment:
        """Make it from such a row, or from what version 1 told of a run; what is amiss is left out.

        Version 1 called the code ``commit``, and had every number as text.
        """
        named = {"code": facts.get("commit"), **facts}
        made: dict[str, Any] = {f: str(named.get(f) or "") for f in cls.__dataclass_fields__}
        for name in ("cores", "memory_bytes"):
            made[name] = int(made[name]) if re.fullmatch("[0-9]{1,15}", made[name]) else 0
        libraries = facts.get("libraries")
        with suppress(TypeError, ValueError, RecursionError):
            libraries = libraries if isinstance(libraries, dict) else json.loads(str(libraries))
        known = libraries.items() if isinstance(libraries, dict) else ()
        made["libraries"] = {str(name): str(version) for name, version in known}
        return cls(**made)


@cache
def current_environment(device: str, libraries: tuple[str, ...] = ()) -> Environment:
    """Describe this process: its machine, a device, the usual libraries and those named."""
    return Environment(
        processor=_processor(),
        cores=cores(),
        memory_bytes=psutil.virtual_memory().total,
        device=device if device == "cpu" else _accelerator(device),
        system=platform.platform(terse=True),
        python=platform.python_version(),
        inpaintbench=__version__,
        code=_commit(),
        libraries={n: distribution_version(n) for n in sorted({*_LIBRARIES, *libraries})},
    )


def environment_of(specification: str, device: str, libraries: tuple[str, ...] = ()) -> Environment:
    """Describe what a method runs in: this process, or the environment that its file asks for."""
    here = current_environment(device, libraries)
    header = registry.header_of(specification)
    own = find(header) if header else None
    if own is None:
        return here
    record = own.record
    return replace(here, python=record.python, libraries=record.versions, lock=record.lock)


def _processor() -> str:
    """Name the processor's model, where the system tells."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _accelerator(device: str) -> str:
    """Name an accelerator by its model."""
    import torch

    return torch.cuda.get_device_name(device) if torch.cuda.is_available() else device


def _commit() -> str:
    """Return the commit of the checkout this runs from, or empty for an installed package."""
    try:
        _git("ls-files", "--error-unmatch", "__init__.py")
        return _git("describe", "--always", "--dirty", "--abbrev=12")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(*words: str) -> str:
    folder = Path(__file__).resolve().parent
    return subprocess.check_output(
        ["git", *words], cwd=folder, text=True, stderr=subprocess.DEVNULL
    ).strip()
