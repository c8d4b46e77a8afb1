"""Where results come from: versions, commit, processor, memory, load, dates."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import psutil

from inpaintbench import __version__
from inpaintbench.planning.keys import distribution_version
from inpaintbench.planning.plan import Plan

_LIBRARIES = ("numpy", "opencv-contrib-python-headless", "scikit-image", "scipy", "numba", "torch")


def collect(plan: Plan, device: str) -> dict[str, str]:
    """Describe this machine and installation, and the benchmark that is run."""
    required = {name for variant in plan.variants for name in variant.method.requires}
    versions = {name: distribution_version(name) for name in sorted({*_LIBRARIES, *required})}
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return {
        "inpaintbench": __version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "processor": _processor(),
        "cores": str(psutil.cpu_count(logical=True)),
        "memory_bytes": str(psutil.virtual_memory().total),
        "device": device if device == "cpu" else _accelerator(device),
        "load_at_start": f"{load:.2f}",
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "libraries": json.dumps(versions),
        "benchmark": json.dumps(asdict(plan.benchmark)),
    }


def _processor() -> str:
    """Name the processor's model, where the system tells."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _accelerator(device: str) -> str:
    """Name an accelerator by its model."""
    import torch

    return torch.cuda.get_device_name(device) if torch.cuda.is_available() else device


def _commit() -> str:
    """Return the commit of the checkout this runs from, or empty for an installed package."""
    folder = Path(__file__).resolve().parent
    try:
        inside = subprocess.run(
            ["git", "ls-files", "--error-unmatch", "__init__.py"],
            cwd=folder,
            capture_output=True,
            check=False,
        )
        if inside.returncode:
            return ""
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return described.stdout.strip()
