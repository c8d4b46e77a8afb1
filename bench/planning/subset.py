"""Choose a part of a dataset: the same part on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from inpaintbench.errors import BenchError


def choose(ids: Sequence[str], limit: int | None, seed: int | None = None) -> list[str]:
    """Choose `limit` sample ids, all where it is None, and keep them in the dataset's order.

    Without a seed the first are taken. With one every id gets a rank, SHA-256 of the seed and
    the id, and the lowest ranks are taken: so a smaller subset lies within a larger one of
    the same seed, and an id's rank doesn't depend on which others there are.

    Raises
    ------
    BenchError
        When `limit` is below 1.
    """
    if limit is None:
        return list(ids)
    if limit < 1:
        raise BenchError(f"a limit of {limit} leaves no samples; it must be at least 1")
    if seed is None:
        return list(ids[:limit])
    taken = set(sorted(ids, key=lambda name: _rank(seed, name))[:limit])
    return [name for name in ids if name in taken]


def _rank(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"subset\x1f{seed}\x1f{name}".encode()).digest()
