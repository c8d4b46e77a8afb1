"""How many cores this process may use."""

from __future__ import annotations

import os


def cores() -> int:
    """Count the cores that this process may run on, which may be fewer than the machine's."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
