"""Order names the way people do: image 2 before image 10."""

from __future__ import annotations

import re


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key: runs of digits by their value, the rest by its characters, ties by the name."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(0, int(p), "") if p[0] in "0123456789" else (1, 0, p) for p in parts], name
