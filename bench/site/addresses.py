"""Names of pages: safe in any file system and address, whatever a method is called."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

_LONGEST = 48


def page_names(folder: str, names: Iterable[str]) -> dict[str, str]:
    """Give each name a page in a folder: ``telea[radius=5]`` → ``methods/telea-radius-5-….html``.

    A name that had to be changed gets a digest of itself behind it, so that pages stay apart and
    an address always means the same.
    """
    return {name: f"{folder}/{plain(name)}.html" for name in names}


def plain(name: str) -> str:
    """Write a name in small letters, digits and hyphens, apart from every other."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:_LONGEST]
    if plain == name:
        return plain
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{plain}-{digest}" if plain else digest
